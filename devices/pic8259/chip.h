// SPDX-License-Identifier: Apache-2.0
//
// One 8259A. Source: Intel 8259A datasheet (231468-003): "Initialization Command Words",
// "Operation Command Words", "Fully Nested Mode" to "Poll Command", "Cascade Mode"; edge and level
// control per input as in the 82371SB (PIIX3) datasheet (290550), ELCR1 and ELCR2.
//
// Requests: an input in edge mode requests from its rising edge until it is acknowledged or goes
// low again; in level mode, while it is high. A request that has gone when the acknowledge comes
// gives the chip's level 7 and sets no bit in service (datasheet, "Edge and Level Triggered
// Modes").
//
// Findings: an acknowledge or a command before initialisation, and 8080/8085 mode (ICW4 bit 0
// clear), which is taken as 8086 mode.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bus/device.h"

namespace sb::devices {

class PicChip {
  public:
    /// `output` is told of the INT output's level whenever it may have changed.
    PicChip(bus::Device& owner, const char* name, bool master, Time access_time,
            std::function<void(bool)> output);

    void reset();
    void set_input(unsigned line, bool level);
    /// Which inputs are level-triggered although ICW1 says edge (ELCR).
    void set_level_inputs(uint8_t lines);

    /// What an acknowledge finds: the line served, or nothing where the request has gone.
    std::optional<unsigned> acknowledge();
    uint8_t vector(unsigned line) const;
    /// The slave that answers for `line`, as ICW3 has it.
    bool has_slave(unsigned line) const;
    /// The identity that ICW3 gives to a slave.
    unsigned identity() const { return slave_id_; }

    bus::RegisterBank bank;

  private:
    static constexpr unsigned inputs = 8;

    uint8_t requests() const;
    /// The most urgent of `lines` by the present rotation.
    std::optional<unsigned> first_of(uint8_t lines) const;
    std::optional<unsigned> pending() const;
    unsigned urgency(unsigned line) const;
    void update();
    void end(unsigned line, bool rotate);
    void set_in_service(unsigned line);

    void begin_initialisation();
    void initialised();
    void end_of_interrupt_command();
    void mode_command();
    uint64_t read_status();
    uint64_t poll();

    enum class Expects : uint8_t { nothing, icw2, icw3, icw4 };

    bus::Device& owner_;
    bool master_;
    std::function<void(bool)> output_;

    bus::Register status_;
    bus::Register icw1_;
    bus::Field icw1_mark_{icw1_, "ICW1", 4, "1: this is ICW1"};
    bus::Field level_mode_{icw1_, "LTIM", 3, "level-triggered inputs"};
    bus::Field single_{icw1_, "SNGL", 1, "no other 8259A: no ICW3"};
    bus::Field wants_icw4_{icw1_, "IC4", 0, "ICW4 follows"};
    bus::Register ocw2_;
    bus::Field ocw2_mark_{ocw2_, "MARK", 4, 3, "0: this is OCW2"};
    bus::Field rotate_{ocw2_, "R", 7, "rotate priorities"};
    bus::Field specific_{ocw2_, "SL", 6, "of the line in L"};
    bus::Field eoi_{ocw2_, "EOI", 5, "end of interrupt"};
    bus::Field line_{ocw2_, "L", 2, 0, "line"};
    bus::Register ocw3_;
    bus::Field set_special_{ocw3_, "ESMM", 6, "SMM is meant"};
    bus::Field special_{ocw3_, "SMM", 5, "special mask mode"};
    bus::Field poll_{ocw3_, "P", 2, "the next read polls"};
    bus::Field set_read_{ocw3_, "RR", 1, "RIS is meant"};
    bus::Field read_service_{ocw3_, "RIS", 0, "reads give the ISR, not the IRR"};
    bus::Register icw2_;
    bus::Field base_{icw2_, "T7-T3", 7, 3, "top five bits of the vectors"};
    bus::Register icw3_;
    bus::Field slave_id_{icw3_, "ID", 2, 0, "of a slave: the master's input it is on"};
    bus::Register icw4_;
    bus::Field nested_{icw4_, "SFNM", 4, "special fully nested mode"};
    bus::Field buffered_{icw4_, "BUF", 3, "buffered mode"};
    bus::Field buffered_master_{icw4_, "M/S", 2, "master, in buffered mode"};
    bus::Field automatic_{icw4_, "AEOI", 1, "automatic end of interrupt"};
    bus::Field x86_{icw4_, "uPM", 0, "8086 mode"};
    bus::Register mask_;

    State<uint8_t> level_;         // inputs as they are
    State<uint8_t> edges_;         // edge latches
    State<uint8_t> in_service_;    // ISR
    State<uint8_t> level_inputs_;  // by ELCR
    State<uint8_t> lowest_;        // line of least priority
    State<Expects> expects_;
    State<bool> ready_;  // was initialised
    State<bool> special_mask_;
    State<bool> reads_service_;
    State<bool> polling_;
    State<bool> rotates_;  // on automatic end of interrupt
};

}  // namespace sb::devices
