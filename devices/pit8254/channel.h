// SPDX-License-Identifier: Apache-2.0
//
// One of the three counters of an 8254, in ticks of its clock input and without any notion of time:
// the owner says how many ticks have passed. Source: Intel 82C54 datasheet (231244-006), "Mode
// Definitions" and "Operation Common to All Modes".
//
// A tick is the falling edge of CLK, at which the counting element loads or decrements. A count
// written between ticks k and k+1 is loaded at k+1; a trigger (rising GATE) likewise.
//
// Ticks that change nothing but the count are passed over in one step, so time is as cheap as the
// number of output changes, and periodic modes pass over whole periods.
#pragma once

#include <string>

#include "sim/kernel/component.h"

namespace sb::devices {

class PitChannel {
  public:
    enum class Mode : uint8_t {
        terminal_count = 0,
        one_shot = 1,
        rate = 2,
        square = 3,
        software_strobe = 4,
        hardware_strobe = 5,
    };
    static constexpr uint64_t never = ~uint64_t{0};

    PitChannel(Component& owner, const std::string& name);

    void reset();
    /// Brings the channel to tick `tick` (the last that has happened).
    void advance(uint64_t tick);

    /// A control word: the output takes its initial level at once, and counting waits for a count.
    void set_mode(Mode mode, bool bcd);
    /// The first byte of a two-byte count: mode 0 stops counting and lowers the output.
    void first_byte_written();
    /// A count as written (0 is the greatest). False where the mode forbids it (1 in modes 2 and
    /// 3).
    bool set_count(uint16_t written);
    void set_gate(bool level);

    bool out() const { return out_; }
    bool gate() const { return gate_; }
    bool null_count() const { return null_; }
    bool bcd() const { return bcd_; }
    Mode mode() const { return static_cast<Mode>(mode_.get()); }
    /// The counting element as software reads it, in BCD where so programmed.
    uint16_t count() const;
    /// The tick at which the output next changes, if nobody interferes; `never` where it does not.
    uint64_t next_change() const;

  private:
    bool periodic() const { return mode() == Mode::rate || mode() == Mode::square; }
    bool counts() const;
    bool quiet_for_ever() const;
    uint64_t quiet() const;
    uint32_t modulus() const { return bcd_ ? 10'000u : 65'536u; }
    void decrement(uint64_t n);
    void load();
    void step();
    void step_square();

    State<uint64_t> tick_;    // up to which the state below is right
    State<uint32_t> count_;   // CE: 0 to modulus, where the modulus reads as 0
    State<uint32_t> reload_;  // CR: 1 to modulus
    State<uint32_t> period_;  // the count that the present cycle was loaded with
    State<uint8_t> mode_;
    State<bool> bcd_;
    State<bool> gate_;
    State<bool> out_;
    State<bool> written_;  // a count was written since the control word
    State<bool> loading_;  // the next tick loads CR into CE
    State<bool> loaded_;   // CE holds a count: it may decrement
    State<bool> armed_;    // modes 0, 1, 4, 5: reaching zero changes the output
    State<bool> null_;     // CR was written and is not yet in CE
};

}  // namespace sb::devices
