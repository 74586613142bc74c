// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_COMMAND_LINE_H
#define GUEST_RUNTIME_COMMAND_LINE_H

// The options that a scenario hands to its guest, on the multiboot command line:
//
//     sectors=256 lba=0x1000 mode=dma
//
// Words are separated by spaces and have the form key=value. A word without "=" is skipped, as is
// one with a "/" before it: some loaders put the path of the image first.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace guest {

class CommandLine {
  public:
    // Copies `text` (at most kCapacity characters of it) and forgets what was there before.
    void parse(const char* text);

    // Ends the guest with exit_code::kBadOption if there is any key other than these and "console",
    // which belongs to the start-up code. A misspelt option should not quietly mean its default.
    void allow_only(std::initializer_list<std::string_view> keys) const;

    // The value of `key`, or `fallback` where it is not given. The last of several counts.
    std::string_view text(std::string_view key, std::string_view fallback) const;

    // Likewise for a number, decimal or with 0x hexadecimal. Ends the guest with
    // exit_code::kBadOption where it is not a number or not from `lowest` to `highest`.
    uint32_t number(std::string_view key, uint32_t fallback, uint32_t lowest = 0,
                    uint32_t highest = UINT32_MAX) const;
    uint64_t number64(std::string_view key, uint64_t fallback) const;

    bool has(std::string_view key) const { return find(key) != nullptr; }

    static constexpr size_t kCapacity = 512;
    static constexpr size_t kMostOptions = 32;

  private:
    struct Option {
        std::string_view key;
        std::string_view value;
    };

    const Option* find(std::string_view key) const;
    void add(std::string_view word);

    char text_[kCapacity] = {};
    Option options_[kMostOptions] = {};
    size_t count_ = 0;
};

// A number, decimal or with 0x hexadecimal. False where `text` is not one or exceeds 64 bits.
bool parse_number(std::string_view text, uint64_t& number);

}  // namespace guest

#endif
