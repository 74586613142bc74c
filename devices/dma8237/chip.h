// SPDX-License-Identifier: Apache-2.0
//
// One 8237A without any notion of time: its registers, its channels, and who of them is next. The
// owner runs the transfers, and says when one is done. Source: Intel 8237A data sheet (231466-005).
//
// The processor sees sixteen ports. Addresses and counts are 16 bits wide and pass through an 8-bit
// port, low byte first, by a flip-flop that all of them share. A write goes to the base and to the
// current register, a read gives the current one. A count of N means N + 1 transfers: terminal
// count is where it rolls over from 0 to FFFFh.
//
// What the ports lead to is declared as a second bank that is not mapped: four channels, each with
// mode, base and current registers; the request and the mask bits.
#pragma once

#include <array>
#include <memory>

#include "bus/device.h"

namespace sb::devices {

class DmaChip {
  public:
    static constexpr unsigned channels = 4;
    enum class Kind : uint8_t { demand, single, block, cascade };
    enum class Type : uint8_t { verify, to_memory, from_memory, illegal };

    struct Wiring {
        const char* name;
        const char* inside;  // the name of the bank that is not mapped
        uint32_t stride;     // from one port to the next
        Time access_time;
        bool memory_to_memory;  // the board lets it
    };
    /// `changed` is called after a write that may start or end a request.
    DmaChip(bus::Device& owner, const Wiring& wiring, std::function<void()> changed);

    bus::RegisterBank& ports() { return ports_; }
    /// After the registers were reset.
    void reset();
    /// What firmware leaves on the second controller: channel 0 passes on the first one's requests.
    void set_cascade();

    void set_drq(unsigned channel, bool level);
    bool drq(unsigned channel) const { return drq_ >> channel & 1; }
    /// The channels that want service now, as bits: none while the controller is disabled.
    unsigned pending() const;
    /// The one of highest priority among `pending`, which has at least one.
    unsigned next(unsigned pending) const;
    /// Its service is over: with rotating priority it is the last in turn now.
    void served(unsigned channel);
    void drop_request(unsigned channel) { requests_ = requests_ & ~(uint64_t{1} << channel); }
    bool requested(unsigned channel) const { return requests_ >> channel & 1; }

    Kind kind(unsigned channel) const { return static_cast<Kind>(mode(channel).kind.get()); }
    Type type(unsigned channel) const { return static_cast<Type>(mode(channel).type.get()); }
    bool decrements(unsigned channel) const { return mode(channel).decrement != 0; }
    uint16_t address(unsigned channel) const {
        return static_cast<uint16_t>(current_address_[channel]);
    }
    bool last(unsigned channel) const { return current_count_[channel] == 0; }
    bool compressed() const { return compressed_ != 0 && !memory_to_memory(); }
    bool memory_to_memory() const { return wiring_.memory_to_memory && memory_to_memory_ != 0; }
    bool holds_address() const { return address_hold_ != 0; }
    uint8_t temporary() const { return static_cast<uint8_t>(temporary_); }
    void set_temporary(uint8_t v) { temporary_ = v; }

    /// One transfer is done: counts, and moves the address unless it is held. True at its last.
    bool advance(unsigned channel, bool hold = false);
    /// The end of a block: status, request and mask bits, and the base registers where it is to
    /// begin again by itself.
    void terminal_count(unsigned channel);
    void reload_if_automatic(unsigned channel);

  private:
    struct Mode {
        explicit Mode(bus::Register& r)
            : kind{r, "KIND", 7, 6, "demand, single, block, cascade"},
              decrement{r, "DECREMENT", 5, "addresses count down"},
              automatic{r, "AUTOINIT", 4, "terminal count reloads the base registers"},
              type{r, "TYPE", 3, 2, "verify, to memory (write), from memory (read), illegal"} {}
        bus::Field kind, decrement, automatic, type;
    };

    const Mode& mode(unsigned channel) const { return *modes_[channel]; }
    uint64_t read_half(bus::RegisterArray& current, unsigned channel);
    void write_half(bus::RegisterArray& base, bus::RegisterArray& current, unsigned channel,
                    uint64_t byte);
    uint64_t read_status();
    void command_written();
    void request_written(uint64_t written);
    void mode_written(uint64_t written);
    void master_clear();

    bus::Device& owner_;
    Wiring wiring_;
    std::function<void()> changed_;

    bus::RegisterBank inside_;
    bus::RegisterArray base_address_;
    bus::RegisterArray current_address_;
    bus::RegisterArray base_count_;
    bus::RegisterArray current_count_;
    bus::RegisterArray mode_registers_;
    bus::Register requests_;
    bus::Register masks_;
    std::array<std::unique_ptr<Mode>, channels> modes_;

    bus::RegisterBank ports_;
    bus::RegisterArray addresses_;
    bus::RegisterArray counts_;
    bus::Register status_;
    bus::Field reached_{status_, "TC", 3, 0, "channels that reached terminal count"};
    bus::Field asking_{status_, "REQUEST", 7, 4, "channels that request service"};
    bus::Register command_;
    bus::Field memory_to_memory_{command_, "MEM_TO_MEM", 0, "channel 0 copies to channel 1"};
    bus::Field address_hold_{command_, "HOLD", 1, "channel 0 keeps its address in such a copy"};
    bus::Field disable_{command_, "DISABLE", 2, "no requests are served"};
    bus::Field compressed_{command_, "COMPRESSED", 3, "cycles without S3"};
    bus::Field rotating_{command_, "ROTATING", 4, "the channel served last comes last"};
    bus::Field extended_write_{command_, "EXTENDED_WRITE", 5, "the write strobe begins in S3"};
    bus::Field drq_low_{command_, "DREQ_LOW", 6, "DREQ is active low"};
    bus::Field dack_high_{command_, "DACK_HIGH", 7, "DACK is active high"};
    bus::Register request_;
    bus::Field request_set_{request_, "SET", 2, "set or clear it"};
    bus::Field request_channel_{request_, "CHANNEL", 1, 0, "whose request bit"};
    bus::Register mask_;
    bus::Field mask_set_{mask_, "SET", 2, "set or clear it"};
    bus::Field mask_channel_{mask_, "CHANNEL", 1, 0, "whose mask bit"};
    bus::Register mode_;
    bus::Field mode_bits_{mode_, "MODE", 7, 2, "what goes into that channel's mode register"};
    bus::Field mode_channel_{mode_, "CHANNEL", 1, 0, "whose mode"};
    bus::Register clear_flip_flop_;
    bus::Register temporary_;
    bus::Register master_clear_;
    bus::Register clear_masks_;
    bus::Register all_masks_;
    bus::Field all_mask_bits_{all_masks_, "MASKS", 3, 0, "a bit for each channel"};

    State<bool> second_byte_;  // the flip-flop
    State<uint8_t> drq_;       // the DREQ inputs
    State<uint8_t> first_;     // the channel of highest priority
};

}  // namespace sb::devices
