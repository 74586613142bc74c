// SPDX-License-Identifier: Apache-2.0
//
// A person's terminal at a running machine: keys that are typed go to the machine's keyboard or to
// its serial port, and its text screen is drawn. While it is attached to a real terminal the run is
// slowed down to real time, since a person waits at the other end; a run that is not slows nobody.
//
// Keys arrive when the person types them, so a run with a terminal is not reproducible; a `typist`
// device types at times that the simulation decides.
//
// Errors: `Error` where a pseudo-terminal can not be made. The terminal's mode is restored at the
// end of a run, however it ends, and by a second Ctrl-C; while the program is stopped (Ctrl-Z) it
// stays.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "bus/character_input.h"
#include "bus/keyboard.h"
#include "bus/text_screen.h"
#include "sim/kernel/component.h"
#include "sim/machine/machine.h"

namespace sb::app {

class Terminal final : public Component {
  public:
    struct Options {
        bool draw = false;             // the text screen, on standard output
        bool to_keyboard = false;      // standard input's keys; else to the serial port
        std::string serial;            // its device name, or empty
        bool pseudo_terminal = false;  // the serial port has a terminal of its own
    };
    Terminal(machine::Machine& machine, const Options& options);
    ~Terminal() override;

    /// Gives the person their terminal back. Safe in a signal handler.
    static void restore();

  private:
    void tick();
    void read_input(int milliseconds);
    void keys(const std::string& bytes);
    void draw();
    void open_pseudo_terminal(machine::Machine& machine);

    Options options_;
    bus::Keyboard* keyboard_ = nullptr;
    bus::CharacterInput* line_ = nullptr;
    bus::TextScreen* screen_ = nullptr;
    int input_ = -1;  // what is read: standard input, or the pseudo-terminal's master
    bool real_time_ = false;
    bool drawn_ = false;
    std::string waiting_;  // bytes for the serial port that it has not taken yet
    std::vector<bus::TextScreen::Cell> shown_;
    bus::TextScreen::Cursor shown_cursor_;
    std::chrono::steady_clock::time_point start_;
    Timer tick_{*this, "tick", [this] { tick(); }};
};

}  // namespace sb::app
