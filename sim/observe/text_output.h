// SPDX-License-Identifier: Apache-2.0
//
// Where the characters go that a guest writes (a serial port, a debug console): to the terminal, to
// a file, or nowhere; and to whoever of the host program listens.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sb::observe {

class TextOutput {
  public:
    /// `where` is "terminal", "none", "listener" (somebody of the host program) or "file:PATH".
    /// Throws `Error` where it is something else, or the file can not be made. The file is made at
    /// once, so that a wrong path shows at the start.
    TextOutput(const std::string& owner, const std::string& where);

    void put(uint8_t c);
    void flush();
    /// Hands each character to `listener` too. There may be several.
    void listen(std::function<void(uint8_t)> listener);
    /// Nothing goes to the terminal or the file any more, only to the listeners.
    void mute() { file_.reset(); }
    uint64_t characters() const { return characters_; }

  private:
    struct Close {
        void operator()(std::FILE* file) const;
    };
    std::unique_ptr<std::FILE, Close> file_;
    std::vector<std::function<void(uint8_t)>> listeners_;
    uint64_t characters_ = 0;
};

}  // namespace sb::observe
