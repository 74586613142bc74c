// SPDX-License-Identifier: Apache-2.0
//
// Drives lines of a board from a test.
#pragma once

#include <memory>

#include "bus/board.h"

namespace sb::test {

class LineSource : public Component {
  public:
    explicit LineSource(bus::Board& board) : Component{board.sim, "line_source"}, board_{board} {}
    void set(const std::string& line, bool level) {
        auto& pin = pins_[line];
        if (!pin) {
            pin = std::make_unique<bus::Pin>(*this, line);
            pin->connect(board_.line(line));
        }
        pin->set(level);
    }

  private:
    bus::Board& board_;
    std::map<std::string, std::unique_ptr<bus::Pin>> pins_;
};

}  // namespace sb::test
