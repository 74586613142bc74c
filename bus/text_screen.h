// SPDX-License-Identifier: Apache-2.0
//
// A text screen as whoever looks at it sees it: a terminal display, a test, a run that ends when a
// text appears. A display adapter offers it on the board as "screen". Looking takes no time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace sb::bus {

class TextScreen {
  public:
    struct Cell {
        uint8_t character = ' ';  // in code page 437
        uint8_t attribute = 0x07;
        bool operator==(const Cell&) const = default;
    };
    struct Cursor {
        unsigned column = 0, row = 0;
        bool visible = false;
        bool operator==(const Cursor&) const = default;
    };

    virtual ~TextScreen() = default;
    /// The adapter is in a text mode: else there are no cells to look at.
    virtual bool text_mode() const = 0;
    virtual unsigned columns() const = 0;
    virtual unsigned rows() const = 0;
    virtual Cell cell(unsigned column, unsigned row) const = 0;
    virtual Cursor cursor() const = 0;

    /// `changed` is called when something visible changes, at the simulated time of the change;
    /// once, until `seen()` is called.
    virtual void listen(std::function<void()> changed) = 0;
    virtual void seen() = 0;

    /// A row as UTF-8, without the blanks at its end.
    std::string text(unsigned row) const;
    /// All rows with line feeds between.
    std::string text() const;
};

/// A character of code page 437 as UTF-8; control characters have their pictures, 0 is a blank.
std::string utf8_of_cp437(uint8_t c);

}  // namespace sb::bus
