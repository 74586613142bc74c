// SPDX-License-Identifier: Apache-2.0
//
// A second reading of the manual (SDM 3.2.7, 3.4.3, 13.4.17
// to 13.4.21, 13.4.30, 13.4.31, 13.4.41, 13.4.44): what INTA# does, from what happens to the
// controller. It is told in the order of time which packets are in memory, which descriptors were
// written back, and what software wrote and read. WTHRESH is 0.
//
// Where the manual leaves a choice:
// - a countdown is loaded when it is started: a new value of its register counts from the next
// start on; but 0 in
//   RADV, or in RDTR, disables the absolute timer at once, 0 in TADV the transmitter's, and 0 in
//   ITR ends the gap under way; a packet timer that counts goes on, lest its packets are never told
//   of;
// - a gap begins whenever INTA# is asserted, and holds every further assertion, also one by
// unmasking;
// - a write of RDTR with FPD is an expiry of the packet timer whether it counts or not;
// - "pending write-backs are flushed, and an interrupt is generated": in this order, so that an
// expiry waits for
//   descriptors that are on their way to memory.
#pragma once

#include <deque>
#include <vector>

#include "sim/kernel/time.h"

namespace sb::test {

class ReferenceModeration {
  public:
    struct Edge {
        Time at;
        bool asserted;
        bool operator==(const Edge&) const = default;
    };

    /// The last byte of a packet of so many, FCS included where it is not stripped, is in memory.
    void data(Time at, uint32_t bytes);
    /// And now the descriptor of the packet that was first of those whose data was told.
    void stored(Time at);
    /// The write-back of a descriptor with RS begins, and is in memory; `delayed`: with IDE.
    void writes_back(Time at);
    void written_back(Time at, bool delayed);
    void write(Time at, uint32_t reg, uint32_t value);
    uint32_t read_causes(Time at);
    /// Lets the time pass, until `at` included.
    void pass(Time at);

    std::vector<Edge> edges;

  private:
    /// A countdown in units of 1.024 us.
    struct Countdown {
        uint32_t units = 0;  // what the register says
        Time due = Time::max();
        void start(Time at) { due = at + Time::ns(1024) * units; }
        void start_once(Time at) {
            if (due == Time::max()) start(at);
        }
        void stop() { due = Time::max(); }
    };

    Time next() const;
    void expire(Time at);
    void flush_receive(Time at);
    void flush_transmit(Time at);
    void receive_interrupt(Time at, uint32_t more = 0);
    void transmit_interrupt(Time at);
    void cause(Time at, uint32_t bits);
    void drive(Time at);

    Countdown packet_timer_, absolute_timer_, transmit_timer_, transmit_bound_;
    uint32_t small_ = 0;
    std::deque<uint32_t>
        undelayed_;  // of packets whose descriptor is to come: the causes that come with it
    size_t receive_flush_ = 0;   // packets whose descriptors an expiry waits for
    size_t writing_back_ = 0;    // transmit descriptors on their way
    size_t transmit_flush_ = 0;  // of these, what an expiry waits for
    uint32_t interval_ = 0;
    uint32_t causes_ = 0;
    uint32_t mask_ = 0;
    bool asserted_ = false;
    Time gap_end_;
};

}  // namespace sb::test
