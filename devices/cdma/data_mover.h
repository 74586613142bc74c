// SPDX-License-Identifier: Apache-2.0
//
// The data mover of an AXI CDMA: one transfer at a time, from one address to another, in bursts,
// through a store-and-forward buffer. Sources: Xilinx PG034 v4.1 (AXI CDMA), "DataMover"; PG022
// (AXI DataMover), "Unaligned Transfers" and its address boundary rules.
//
// Bursts. A burst ends at the next address that is a multiple of the burst's size (data width times
// burst length, at most 4 KiB: no AXI burst crosses that), so the first and the last of a transfer
// may be short, and reads and writes are cut apart by themselves. The realignment engine is there:
// source and destination may have any byte offset.
//
// Order. Bursts are read as long as the buffer has room for the next one whole; only then the
// oldest data is written. So reads run ahead of writes by the buffer's size, whatever the bus does,
// and a transfer onto itself has one outcome: what a read burst fetches is what was there after all
// writes that had to come before it. A burst is written when all of it is in the buffer, and its
// data takes `forward_clocks` from there to the write address (not where it waited behind another).
//
// Key holes. With a fixed address, a burst has at most 16 beats (AXI4, A3.4.1: FIXED), each of the
// data width at the same address. PCI has no such burst: each beat is a transaction of its own. An
// address that is not a multiple of the data width moves less a beat: the lanes above it.
//
// Ends. A burst that fails ends the transfer when it ends; what is in the buffer is lost. While bus
// mastering is disabled nothing is asked for, and the mover waits for `step`.
#pragma once

#include <array>
#include <functional>

#include "bus/pci_master.h"

namespace sb::devices::cdma {

/// How a bus transaction, or a transfer, ended: the errors of CDMASR and of a descriptor's status.
enum class End : uint8_t { done, internal_error, slave_error, decode_error };
End end_of(bus::MasterPort::Result result);

struct Transfer {
    uint64_t from = 0;
    uint64_t to = 0;
    uint64_t bytes = 0;
    uint32_t fixed_from = 0;  // as wide as to leave no gap: it is archived as bytes
    uint32_t fixed_to = 0;
};

/// May a transaction be begun now? Reports where it may not.
bool may_master(const bus::Device& owner, const pci::Function& function);

class DataMover {
  public:
    struct Settings {
        uint32_t width = 4;   // bytes a beat
        uint32_t burst = 16;  // beats
        uint32_t buffer = 2;  // bursts
        bus::MasterSettings master{8};
        Time forward;
    };
    static constexpr uint32_t most_burst_bytes = 4096;

    DataMover(bus::Device& owner, pci::Function& function, const Settings& settings,
              std::function<void(End)> ended);

    /// Begins a transfer; `ended` is called when it is over.
    void start(const Transfer& transfer);
    /// Lets a burst under way end, and begins no other; `ended` is not called any more, but
    /// `quiet` holds once it is over (and `ended` is called with `done` at that time, if it was
    /// not quiet).
    void drain();
    /// The function may master the bus again.
    void resume() { step(); }
    /// Forgets everything, at once.
    void cancel();
    /// Goes on, where it can.
    void step();
    bool active() const { return active_; }
    bool quiet() const { return !active_; }

  private:
    uint32_t burst_at(uint64_t address, uint64_t left, bool fixed) const;
    uint32_t beat_at(uint64_t address) const;
    bool writable() const;
    void begin(bool write, uint32_t bytes);
    void ask();
    void piece_ended(bus::MasterPort::Result result);
    void finish(End end);
    void store(const uint8_t* data, uint32_t bytes);
    void fetch(uint8_t* data, uint32_t bytes);

    bus::Device& owner_;
    pci::Function& function_;
    const uint32_t width_;
    const uint32_t beats_;
    const uint32_t burst_bytes_;
    const Time forward_time_;
    const std::function<void(End)> ended_;

    pci::MasterPort port_;
    Timer forward_;  // until the oldest data has come through
    std::vector<uint8_t> buffer_;
    State<Transfer> transfer_;  // the addresses are the next ones
    State<uint64_t> read_left_;
    State<uint64_t> write_left_;
    State<uint32_t> level_;  // bytes in the buffer
    State<uint32_t> head_;   // where the oldest is
    State<uint32_t> burst_left_;
    State<uint32_t> piece_;  // bytes that were asked for
    State<bool> writing_;    // the burst under way is a write
    State<bool> active_;
    State<bool> draining_;
};

}  // namespace sb::devices::cdma
