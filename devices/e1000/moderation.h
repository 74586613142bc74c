// SPDX-License-Identifier: Apache-2.0
//
// The delay timers of receive and transmit interrupts. Sources: the
// manual, 3.2.7, 3.3.3.1, 3.4.2, 3.4.3, 13.4.30, 13.4.31, 13.4.41, 13.4.44 and 13.4.47. All of them
// count 1.024 us; a timer of n ends exactly n x 1.024 us after it was started. They only delay a
// cause's bit in ICR: masks and the throttle (interrupts.h) come behind them.
//
// Receive. "A packet" is one whose last data byte has been written to memory (3.2.7.1.2), at that
// moment; the write-back of its descriptor comes after it.
// - Packet timer, RDTR (3.2.7.1.1): each packet starts it anew. Its end: RXT0.
// - RDTR 0: no delay; each packet is RXT0 at once.
// - Absolute timer, RADV (3.2.7.1.2): started by a packet if it does not run already. Its end:
// RXT0. Off with
//   RADV 0 or RDTR 0; writing one of these zeros stops it.
// - The end of the absolute timer stops the packet timer (13.4.30); the end of the packet timer,
// and a small
//   packet, stop the absolute timer (3.2.7.1.2). The next packet starts them again. Both ending at
//   one moment is one interrupt.
// - Small packet, RSRPD not 0 (3.2.7.2): a packet of at most SIZE bytes as it lies in memory (FCS
// and VLAN tag count
//   where they are not stripped) is SRPD and RXT0 at once, and stops both timers: it is "a receive
//   timer interrupt" (figure 3-3). That it does not stop them is said of the 82541 and 82547 only.
// - FPD, bit 31 of a write to RDTR: as if the packet timer ended now, whether it runs or not
// (13.4.30).
// - A write to RDTR or RADV does not change a timer that runs: it counts from the next start on.
// Where the manual
//   leaves it open, this is our choice.
// - Before RXT0 all used descriptors are written back (3.2.5.1): the cause is set when the last of
// them is in memory,
//   at once where none is left to write. So DD is always visible before the interrupt.
//
// Transmit. Descriptors with RS set only (3.3.3.1, 13.4.41).
// - RS without IDE: TXDW as soon as the descriptor is in memory; both timers stop.
// - RS and IDE: TIDV is loaded when the descriptor is in memory, "even if it is already counting
// down". With a
//   write-back threshold (3.4.2), it is loaded when the descriptor is ready to be written as well,
//   so that it forces the write-back.
// - TIDV's end: what is used is written back, then TXDW. Descriptors written because a timer has
// ended do not load it.
// - TIDV 0 is not allowed (a finding): it delays nothing.
// - TADV (13.4.44): started with TIDV if it does not run already; 0: off. Its end: as TIDV's, and
// stops TIDV (our
//   choice, as with RADV). The end of TIDV and an undelayed TXDW stop it.
#pragma once

#include <functional>

#include "devices/e1000/interrupts.h"

namespace sb::devices::e1000 {

class ReceiveModeration {
  public:
    /// `flush` makes sure that used descriptors are written back, and that flushed() is called
    /// then.
    ReceiveModeration(const Chip& chip, Interrupts& interrupts, std::function<void()> flush);

    /// A packet's last byte is in memory; `bytes` as it lies there.
    void stored(uint32_t bytes);
    void flushed();
    void reset();

  private:
    void delay_written(uint64_t written);
    void absolute_written();
    void ends(uint64_t causes);
    void stop();

    Chip chip_;
    Interrupts& interrupts_;
    const std::function<void()> flush_;

    bus::Register rdtr_;
    bus::Field delay_{rdtr_, "DELAY", 15, 0, "from the last packet to RXT0, 1.024 us; 0: none"};
    bus::Field flush_now_{rdtr_, "FPD", 31, "flush descriptors, and RXT0 now; reads 0", wo};
    bus::Register radv_;
    bus::Field absolute_{radv_, "DELAY", 15, 0, "from the first packet to RXT0, 1.024 us; 0: off"};
    bus::Register rsrpd_;
    bus::Field small_{rsrpd_, "SIZE", 11, 0, "packets up to this many bytes interrupt; 0: off"};

    Timer packet_timer_;
    Timer absolute_timer_;
    State<uint64_t> due_;  // causes that wait for the flush
};

class TransmitModeration {
  public:
    TransmitModeration(const Chip& chip, Interrupts& interrupts, std::function<void()> flush);

    /// A descriptor with RS is in memory.
    void written(bool delayed, bool flushed);
    /// A descriptor with RS and IDE is ready, and waits for the write-back threshold.
    void held_back();
    void flushed();
    void reset();

  private:
    void start();
    void ends();

    Chip chip_;
    Interrupts& interrupts_;
    const std::function<void()> flush_;

    bus::Register tidv_;
    bus::Field delay_{tidv_, "IDV", 15, 0, "from the last write-back to TXDW, 1.024 us"};
    bus::Register tadv_;
    bus::Field absolute_{tadv_, "IDV", 15, 0,
                         "from the first write-back to TXDW, 1.024 us; 0: off"};

    Timer delay_timer_;
    Timer absolute_timer_;
    State<bool> due_;
};

}  // namespace sb::devices::e1000
