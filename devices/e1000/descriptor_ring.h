// SPDX-License-Identifier: Apache-2.0
//
// A ring of descriptors in memory, and the part of it that is on the chip: what the receive and the
// transmit queue have in common. Sources: the manual, 3.2.4 to 3.2.6, 3.4, 13.4.25
// to 13.4.29, 13.4.36 to 13.4.43 and 13.4.46.
//
// On the chip there is room for 64 descriptors: those that were fetched and wait, and those that
// are used and wait to be written back. They are always one run of the ring, from RDH (TDH) on: the
// head moves on when a descriptor leaves the chip. Tail is where software adds the next one; head
// equal to tail means that there is none.
//
// Fetch. With no unused descriptor on the chip, as soon as there is one in memory; with fewer than
// PTHRESH, if there are at least HTHRESH in memory and the bus is not wanted for anything else. All
// that there are and that fit are fetched in one burst, to the end of the ring at most; a fetch
// that is cut short by the room ends at a cache line (3.2.4, "the next descriptor fetch being
// aligned on a cache line boundary").
//
// Write-back. Threshold 0: a used descriptor is written as soon as the bus is free. Threshold n:
// when n are used. A flush (a delay timer's end, RDTR.FPD) writes all that are used at that time.
// What is contiguous in the ring is written in one burst. Descriptors that want no write-back
// (transmit descriptors without RS) leave the chip silently, if they come first; behind one that
// does, with a threshold that is not 0, they are counted and written with it ("some descriptors are
// written back that did not have RS", 13.4.43).
//
// Thresholds are descriptors (GRAN 1) or cache lines (GRAN 0; a line is what the configuration
// register says, with 0 as with 16 bytes). Those above 63 descriptors count as 63.
//
// What the manual leaves undefined, and is a finding: base, length or head written while there are
// descriptors on the chip (they are forgotten), head or tail outside of the ring (no descriptor is
// fetched until they are inside), a fetch that fails on the bus (no other is made until one of the
// ring's registers is written).
#pragma once

#include <array>
#include <functional>

#include "devices/e1000/dma.h"

namespace sb::devices::e1000 {

class DescriptorRing {
  public:
    static constexpr uint32_t most_cached = 64;

    /// A descriptor on the chip. What a packet's last descriptor says of it goes into `packet`,
    /// `bytes`, `place`.
    struct Slot {
        uint64_t address = 0;
        uint64_t rest = 0;
        uint64_t place = 0;   // where the packet begins
        uint32_t packet = 0;  // its number
        uint32_t bytes = 0;   // its length
        uint32_t flags = 0;
        uint32_t after = 0;  // sent frames that it waits for
    };
    /// A slot's flags; those from `own` on are its queue's.
    static constexpr uint32_t write_back = 1, held = 2, flushed_flag = 4, own = 8;

    struct Hooks {
        std::function<bool()> enabled;
        /// A used descriptor has left the chip; it was written back, which ended so.
        std::function<void(const Slot&, Result)> written;
        /// All that a flush had to write is in memory.
        std::function<void()> flushed;
        /// A used descriptor was forgotten.
        std::function<void(const Slot&)> lost;
        /// Software has moved the tail.
        std::function<void()> tail_moved;
        /// Descriptors were fetched.
        std::function<void()> fetched;
    };

    /// `name`: "RD" or "TD"; `control`: the name of its control register.
    DescriptorRing(const Chip& chip, Dma& dma, const char* name, const char* control,
                   uint32_t offset, uint32_t cached, Hooks hooks);
    /// The two users of the bus that it is.
    Dma::User write_back_user();
    Dma::User fetch_user();

    /// Unused descriptors on the chip.
    uint32_t fresh() const { return fresh_; }
    /// The first of them.
    Slot& next() { return slot(used_); }
    const Slot& next() const { return slots_.get()[(first_ + used_) % most_cached]; }
    /// It is used: it leaves the chip when it has been written back, or at once if it wants none.
    void use();
    /// Slots that are `held` and wait for at most this many sent frames may be written.
    void release(uint32_t sent);
    /// Writes back all that is used; `flushed` is called then, at once where there is nothing to
    /// write.
    void flush();
    /// All descriptors from the first unused one to the tail, on the chip or not.
    uint32_t available() const;
    /// Descriptors of the ring in memory.
    uint32_t size() const { return static_cast<uint32_t>(length_bits_) * 8; }
    bool bursting() const { return threshold(write_threshold_) != 0; }
    void reset();

  private:
    Slot& slot(uint32_t index) { return slots_.ref()[(first_ + index) % most_cached]; }
    uint32_t threshold(const bus::Field& field) const;
    uint32_t line() const;
    uint32_t distance(uint32_t from, uint32_t to) const;
    bool sound() const { return head_bits_ < size() && tail_bits_ < size() && !broken_; }
    uint64_t base() const { return base_bits_.get() << 4 | base_high_.value() << 32; }

    void changed();
    void tail_written();
    bool wants_fetch() const;
    bool begin_fetch();
    void fetch_ended(Result result);
    uint32_t writable() const;
    bool wants_write() const;
    bool begin_write();
    void write_ended(Result result);
    void leave(Result result);
    void leave_silently();
    void check_flushed();

    Chip chip_;
    Dma& dma_;
    const uint32_t room_;
    const Hooks hooks_;

    bus::Register base_low_;
    bus::Field base_bits_{base_low_, "BA", 31, 4, "16-byte aligned"};
    bus::Register base_high_;
    bus::Register length_;
    bus::Field length_bits_{length_, "LEN", 19, 7, "bytes, in units of 128"};
    bus::Register head_;
    bus::Field head_bits_{head_, "H", 15, 0, "descriptor"};
    bus::Register tail_;
    bus::Field tail_bits_{tail_, "T", 15, 0, "descriptor"};
    bus::Register control_;
    bus::Field prefetch_threshold_{control_, "PTHRESH", 5, 0, "prefetch below this many"};
    bus::Field host_threshold_{control_, "HTHRESH", 13, 8, "prefetch from this many on"};
    bus::Field write_threshold_{control_, "WTHRESH", 21, 16, "write back from this many on"};
    bus::Field granularity_{control_, "GRAN", 24, "1: thresholds are descriptors, 0: cache lines"};

  public:
    bus::Field low_threshold{control_, "LWTHRESH", 31, 25, "TXD_LOW at 8 times this many"};

  private:
    State<std::array<Slot, most_cached>> slots_;
    State<uint32_t> first_;
    State<uint32_t> used_;
    State<uint32_t> fresh_;
    State<uint32_t> fetching_;  // in the fetch under way
    State<uint32_t> writing_;   // in the write-back under way
    State<uint32_t> flushing_;  // of the used ones, how many a flush waits for
    State<bool> flush_due_;
    State<bool> broken_;  // a fetch has failed
};

}  // namespace sb::devices::e1000
