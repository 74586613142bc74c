// SPDX-License-Identifier: Apache-2.0
//
// A file that gets very many short texts: they are gathered in a large buffer, and written in large
// pieces. A writer asks for room, fills it through a plain pointer, and says how far it came; it
// allocates nothing.
//
// Errors: a file that can not be made is an `Error` at once. A later failure (a full disk) must not
// be thrown through a model that happens to emit an event: the rest is dropped, `on_failure` is
// called once, and `close` throws.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sb::observe {

class OutputFile {
  public:
    explicit OutputFile(std::string path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;

    /// A place for `bytes` characters; it is gone with the next call.
    char* room(size_t bytes) {
        if (bytes > buffer_.size() - used_) [[unlikely]]
            make_room(bytes);
        return buffer_.data() + used_;
    }
    /// The characters up to `end` belong to the file.
    void filled(const char* end) { used_ = static_cast<size_t>(end - buffer_.data()); }
    void text(std::string_view text) {
        char* at = room(text.size());
        std::memcpy(at, text.data(), text.size());
        used_ += text.size();
    }
    /// Over what was written before, at `offset`. The file must be one that has a beginning to
    /// return to: for a pipe that is a failure.
    void overwrite(uint64_t offset, std::string_view text);
    void close();

    bool failed() const { return error_ != 0; }
    const std::string& path() const { return path_; }
    std::function<void()> on_failure;

  private:
    void make_room(size_t bytes);
    void flush();
    void fail();

    std::string path_;
    int file_ = -1;
    int error_ = 0;
    size_t used_ = 0;
    std::vector<char> buffer_;
};

// Each writes at `at`, and returns where the next character goes.

inline char* put(char* at, std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
}
inline char* put(char* at, char c) {
    *at = c;
    return at + 1;
}
/// At most 20 characters.
inline char* put_decimal(char* at, uint64_t value) {
    const fmt::format_int digits{value};
    return put(at, std::string_view{digits.data(), digits.size()});
}
/// "0x1f": at most 18 characters.
inline char* put_hex(char* at, uint64_t value) {
    *at++ = '0';
    *at++ = 'x';
    int shift = value ? (63 - __builtin_clzll(value)) / 4 * 4 : 0;
    for (; shift >= 0; shift -= 4) *at++ = "0123456789abcdef"[value >> shift & 15];
    return at;
}

}  // namespace sb::observe
