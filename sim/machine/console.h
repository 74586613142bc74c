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
    /// `until` ends the run as `text_seen`; empty: nothing does.
    Console(Simulation& sim, const std::string& until);

    void watch(const std::string& device, observe::TextOutput& output);
    void watch(bus::TextScreen& screen);
    /// What all text outputs have put out, up to a mebibyte.
    const std::string& text() const { return text_; }

  private:
    void look();
    void seen(const std::string& where);

    const std::string until_;
    std::string text_;
    std::vector<std::unique_ptr<observe::TextMatch>> matches_;
    bus::TextScreen* screen_ = nullptr;
    Timer look_{*this, "look", [this] { look(); }};
};

}  // namespace sb::machine
