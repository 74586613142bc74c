// SPDX-License-Identifier: Apache-2.0
//
// The interval timer of a PC: an 8254 at ports 40h to 43h, and the bits of port 61h that belong to
// its channel 2. Sources: Intel 82C54 datasheet (231244-006); port 61h: Intel 82371SB (PIIX3)
// datasheet (290550), NMI status and control register.
//
// Units: the clock input is 1193182 Hz (14.31818 MHz / 12); its tick k is at ceil(k * 10^12 /
// 1193182) ps, so nothing drifts. Counts are computed from now(); a timer waits for the next change
// of channel 0's output, which drives line "irq0". Channels 0 and 1 have their gates high; channel
// 2's is bit 0 of port 61h. Nothing ticks where nothing changes.
//
// Reads of a count that is not latched give the count of that instant, byte by byte, as on the
// part.
//
// Left out: the speaker (its bit is stored); parity and I/O check bits of port 61h (stored; their
// status reads 0). The refresh bit toggles every 18 ticks, as with channel 1 set up by firmware.
#pragma once

#include <array>
#include <memory>

#include "bus/device.h"
#include "devices/pit8254/channel.h"
#include "sim/kernel/tick_clock.h"

namespace sb::devices {

class Pit8254 final : public bus::Device {
  public:
    explicit Pit8254(const bus::DeviceContext& context);
    void reset() override;

    /// Channel `i` brought to now(); for tests and for a speaker.
    const PitChannel& channel(unsigned i);

  private:
    /// A channel's port: which byte is next, and what was latched.
    struct Port {
        Port(Pit8254& owner, const std::string& name);
        PitChannel channel;
        State<uint8_t> access;     // the control word's RW field
        State<bool> second_write;  // the next written byte is the second of two
        State<bool> second_read;
        State<uint8_t> low_written;  // first byte of two
        State<bool> count_latched;
        State<uint16_t> latched_count;
        State<bool> status_latched;
        State<uint8_t> latched_status;
    };

    void advance();
    void rearm();
    void write_control(uint64_t written);
    void latch_count(unsigned i);
    void latch_status(unsigned i);
    void read_back();
    void write_count(unsigned i, uint8_t byte);
    uint8_t read_count(unsigned i);
    uint64_t read_port_b();

    TickClock clock_;
    std::array<std::unique_ptr<Port>, 3> ports_;

    bus::RegisterBank bank_;
    bus::RegisterArray counters_;
    bus::Register latch_;
    bus::Field latch_select_{latch_, "SC", 7, 6, "which counter"};
    bus::Field latch_rw_{latch_, "RW", 5, 4, "0: this is a latch command"};
    bus::Register read_back_;
    bus::Field back_select_{read_back_, "SC", 7, 6, "3: this is a read-back command"};
    bus::Field back_no_count_{read_back_, "COUNT#", 5, "0: latch the counts"};
    bus::Field back_no_status_{read_back_, "STATUS#", 4, "0: latch the statuses"};
    bus::Field back_counter2_{read_back_, "CNT2", 3, "of counter 2"};
    bus::Field back_counter1_{read_back_, "CNT1", 2, "of counter 1"};
    bus::Field back_counter0_{read_back_, "CNT0", 1, "of counter 0"};
    bus::Register control_;
    bus::Field select_{control_, "SC", 7, 6, "which counter"};
    bus::Field rw_{control_, "RW", 5, 4, "1 LSB, 2 MSB, 3 LSB then MSB"};
    bus::Field mode_{control_, "M", 3, 1, "mode; 6 and 7 mean 2 and 3"};
    bus::Field bcd_{control_, "BCD", 0, "counts in four decimal digits"};

    // Not a register of the part: the layout of the status byte that read-back latches.
    bus::RegisterBank layouts_;
    bus::Register status_;
    bus::Field status_out_{status_, "OUT", 7, "level of the output"};
    bus::Field status_null_{status_, "NULL", 6, "a written count is not loaded yet"};
    bus::Field status_rw_{status_, "RW", 5, 4, "as programmed"};
    bus::Field status_mode_{status_, "M", 3, 1, "as programmed"};
    bus::Field status_bcd_{status_, "BCD", 0, "as programmed"};

    bus::RegisterBank system_bank_;
    bus::Register port_b_;
    bus::Field gate2_{port_b_, "GATE2", 0, "gate of channel 2"};
    bus::Field speaker_{port_b_, "SPEAKER", 1, "channel 2 reaches the speaker"};
    bus::Field parity_{port_b_, "PERR_DIS", 2, "system errors are not reported"};
    bus::Field iochk_{port_b_, "IOCHK_DIS", 3, "I/O errors are not reported"};
    bus::Field refresh_{port_b_, "REFRESH", 4, "toggles every 15.085 us", bus::ro};
    bus::Field out2_{port_b_, "OUT2", 5, "output of channel 2", bus::ro};

    bus::Pin irq_;
    Timer edge_;
};

}  // namespace sb::devices
