// SPDX-License-Identifier: Apache-2.0
//
// A wire between interrupt sources and interrupt inputs. Any number of pins drive it; the line is
// asserted while at least one pin asserts it (wired OR, as PCI's INTx and the ISA's edge inputs are
// used here). Levels are logical: "asserted", whatever the polarity on the board.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/component.h"
#include "sim/observe/stream.h"

namespace sb::bus {

class LineSink {
  public:
    virtual ~LineSink() = default;
    /// The line at the sink's input number `input` changed at now().
    virtual void line_changed(unsigned input, bool asserted) = 0;
};

class Line {
  public:
    Line(observe::Stream& stream, const std::string& name) : probe_{stream, name}, name_{name} {}
    Line(const Line&) = delete;

    void connect(LineSink& sink, unsigned input) { sinks_.push_back({&sink, input}); }
    bool asserted() const { return drivers_ > 0; }
    const std::string& name() const { return name_; }

  private:
    friend class Pin;
    struct Input {
        LineSink* sink;
        unsigned number;
    };
    void add(Time now) {
        if (drivers_++ == 0) change(now);
    }
    void remove(Time now) {
        if (--drivers_ == 0) change(now);
    }
    void change(Time now) {
        probe_.emit(now, observe::Kind::line, asserted());
        for (const Input& input : sinks_) input.sink->line_changed(input.number, asserted());
    }

    observe::Probe probe_;
    std::string name_;
    unsigned drivers_ = 0;
    std::vector<Input> sinks_;
};

/// A component's output to a line: a declared member whose level is part of the saved state.
class Pin {
  public:
    Pin(Component& owner, std::string name) : owner_{owner} {
        owner.declare_state(name, [this, name](Archive& archive) {
            bool was = level_;
            archive.value(name, level_);
            // The sinks' own state is restored by themselves: only the line's count is rebuilt
            // here.
            if (archive.loading() && line_) line_->drivers_ += unsigned{level_} - unsigned{was};
        });
    }
    Pin(const Pin&) = delete;

    void connect(Line& line) { line_ = &line; }
    bool level() const { return level_; }
    void set(bool asserted) {
        if (asserted == level_) return;
        level_ = asserted;
        if (!line_) return;
        asserted ? line_->add(owner_.now()) : line_->remove(owner_.now());
    }
    /// An edge: asserted and deasserted at once.
    void pulse() {
        set(true);
        set(false);
    }

  private:
    Component& owner_;
    Line* line_ = nullptr;
    bool level_ = false;
};

/// Who answers a processor's interrupt acknowledge cycles.
class InterruptAcknowledge {
  public:
    virtual ~InterruptAcknowledge() = default;
    /// Gives the vector to serve and adds the time that the acknowledge takes to `delay`. Where the
    /// request has gone, it gives the spurious vector.
    virtual uint8_t acknowledge(sc_core::sc_time& delay) = 0;
};

}  // namespace sb::bus
