// SPDX-License-Identifier: Apache-2.0
//
// A keyboard as whoever sits at it (a terminal, a script) uses it. The keyboard controller offers
// it on the board as "keyboard". Keys have the names of a US keyboard's caps: "a", "1", "enter",
// "left shift", "f1", "up", "keypad 5".
//
// Events are queued and reach the guest at the pace of the link and of the typist: nothing that is
// typed is lost because the guest is slow.
#pragma once

#include <string>
#include <string_view>

namespace sb::bus {

class Keyboard {
  public:
    virtual ~Keyboard() = default;
    /// The key goes down, and stays down; false where there is no key of that name.
    virtual bool press(std::string_view key) = 0;
    virtual bool release(std::string_view key) = 0;
    /// Down and up.
    bool stroke(std::string_view key) { return press(key) && release(key); }
    /// Strokes for each character, with shift or control where needed ('\n' is enter). Returns how
    /// many of the characters the keyboard has.
    virtual size_t type(std::string_view text) = 0;
    /// Events that have not happened yet.
    virtual size_t pending() const = 0;
};

}  // namespace sb::bus
