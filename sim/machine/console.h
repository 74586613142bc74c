// SPDX-License-Identifier: Apache-2.0
//
// What a machine says: everything that devices with a text output put out, and the text on its
// screen. It is part of the results, and a run can end when a text appears.
//
// A text output is watched character by character. The screen is looked at every 10 ms of simulated
// time, and only where a text is waited for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bus/text_screen.h"
#include "sim/kernel/component.h"
#include "sim/observe/text_match.h"
#include "sim/observe/text_output.h"

namespace sb::machine {

class Console final : public Component {
  public:
    /// `until` ends the run as `text_seen`; empty: nothing does. `machine` is the name of a further
    /// machine, or empty.
    Console(Simulation& sim, const std::string& until, const std::string& machine = {});

    /// A further machine's lines come to the terminal whole, with its name before them, where
    /// `shown`. (The first machine's outputs write to the terminal by themselves.)
    void watch(const std::string& device, observe::TextOutput& output, bool shown = false);
    void watch(bus::TextScreen& screen);
    /// At the end of a run: shows what has no end of line.
    void finish();
    /// What all text outputs have put out, up to a mebibyte.
    const std::string& text() const { return text_; }

  private:
    void look();
    void show(std::string& line);
    void seen(const std::string& where);

    const std::string until_;
    const std::string machine_;
    std::vector<std::unique_ptr<std::string>> lines_;  // begun, of each output that is shown
    std::string text_;
    std::vector<std::unique_ptr<observe::TextMatch>> matches_;
    bus::TextScreen* screen_ = nullptr;
    Timer look_{*this, "look", [this] { look(); }};
};

}  // namespace sb::machine
