// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_PRINT_H
#define GUEST_RUNTIME_PRINT_H

// Formatted output to the console:
//
//     print("{} sectors at {x}, crc {08x}\n", count, lba, crc);
//
//   {}     any integer in decimal, any text as it is
//   {x}    an integer in hexadecimal
//   {6}    padded on the left with spaces to at least 6 characters; {6x} likewise
//   {08x}  padded with zeros
//
// The number of fields is checked against the number of arguments by the compiler. There is no
// buffer and no allocation, so printing works anywhere, interrupt handlers included.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/exit.h"

namespace guest {

// One argument, whatever its type was.
class PrintArgument {
  public:
    template <std::integral Integer>
    constexpr PrintArgument(Integer value)
        : negative_(value < 0),
          magnitude_(value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value)) {}
    constexpr PrintArgument(bool value) : is_text_(true), text_(value ? "true" : "false") {}
    constexpr PrintArgument(std::string_view text) : is_text_(true), text_(text) {}
    constexpr PrintArgument(const char* text) : is_text_(true), text_(text) {}

    constexpr bool is_text() const { return is_text_; }
    constexpr bool negative() const { return negative_; }
    constexpr uint64_t magnitude() const { return magnitude_; }
    constexpr std::string_view text() const { return text_; }

  private:
    bool is_text_ = false;
    bool negative_ = false;
    uint64_t magnitude_ = 0;
    std::string_view text_;
};

// Called while compiling, which is an error: that is all that it is for.
void number_of_fields_and_of_arguments_differ();

// A format whose fields were counted when it was compiled.
template <size_t kArguments>
struct PrintFormat {
    consteval PrintFormat(const char* format) : text(format) {
        size_t fields = 0;
        for (const char character : text) fields += character == '{';
        if (fields != kArguments) number_of_fields_and_of_arguments_differ();
    }
    std::string_view text;
};

void print_arguments(std::string_view format, const PrintArgument* arguments);

template <typename... Arguments>
void print(PrintFormat<sizeof...(Arguments)> format, const Arguments&... arguments) {
    if constexpr (sizeof...(Arguments) == 0) {
        print_arguments(format.text, nullptr);
    } else {
        const PrintArgument list[] = {PrintArgument(arguments)...};
        print_arguments(format.text, list);
    }
}

// What follows a noun after this number.
constexpr const char* plural(uint64_t number) { return number == 1 ? "" : "s"; }

// Prints "FAIL: " and the message, and ends the guest with exit_code::kFailure.
template <typename... Arguments>
[[noreturn]] void fail(PrintFormat<sizeof...(Arguments)> format, const Arguments&... arguments) {
    print("FAIL: ");
    const PrintArgument list[] = {PrintArgument(arguments)..., PrintArgument(0)};
    print_arguments(format.text, list);
    print("\n");
    exit(exit_code::kFailure);
}

}  // namespace guest

#endif
