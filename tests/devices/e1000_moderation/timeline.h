// SPDX-License-Identifier: Apache-2.0
//
// A timeline: registers, what happens when, and when INTA# must be asserted with which causes. All
// times are nanoseconds after the timeline's zero. Expected times are worked out by hand from the
// manual's rules: a frame that arrives at t has its last byte in memory at t + M, which is what the
// delay timers count from, and its descriptor at t + R, when an interrupt without delay comes; a
// descriptor that is queued at t is written back at t + W. M, R and W are the time that the
// controller and the bus take, measured once for each size of frame. Every rule is then a number of
// units after that.
#pragma once

#include <string>
#include <vector>

#include "tests/devices/e1000_moderation/bench.h"

namespace sb::test {

struct Act {
    enum class Kind : uint8_t { frame, write, read_causes, transmit, link } kind;
    uint64_t ns;
    uint32_t what = 0;   // bytes of the frame, register, command, rate in Mb/s
    uint32_t value = 0;  // of the register; how many descriptors
};
inline Act rx(uint64_t ns, uint32_t bytes = 60) { return {Act::Kind::frame, ns, bytes}; }
inline Act wr(uint64_t ns, uint32_t reg, uint32_t value) {
    return {Act::Kind::write, ns, reg, value};
}
inline Act rd(uint64_t ns) { return {Act::Kind::read_causes, ns}; }
inline Act tx(uint64_t ns, uint8_t command, uint32_t count = 1) {
    return {Act::Kind::transmit, ns, command, count};
}
inline Act lk(uint64_t ns, uint32_t megabits) { return {Act::Kind::link, ns, megabits}; }

struct Want {
    enum class After : uint8_t { zero, data, stored, written_back } after;
    uint64_t ns;
    uint32_t causes;
    uint32_t bytes = 60;  // of the frame whose M or R counts
};
inline Want at(uint64_t ns, uint32_t causes) { return {Want::After::zero, ns, causes}; }
inline Want data(uint64_t ns, uint32_t causes = nic::rxt0, uint32_t bytes = 60) {
    return {Want::After::data, ns, causes, bytes};
}
inline Want stored(uint64_t ns, uint32_t causes = nic::rxt0, uint32_t bytes = 60) {
    return {Want::After::stored, ns, causes, bytes};
}
inline Want written(uint64_t ns, uint32_t causes = nic::txdw) {
    return {Want::After::written_back, ns, causes};
}

struct Timeline {
    const char* name;
    std::vector<std::pair<uint32_t, uint32_t>> registers;  // written before
    std::vector<Act> acts;
    std::vector<Want> wants;
    uint32_t enabled = nic::rxt0 | nic::srpd | nic::rxdmt0 | nic::lsc | nic::txdw;  // IMS
    uint32_t rctl = nic::receive_on;
    uint32_t descriptors = 256;
};

/// Runs each timeline on a board of its own, where an interrupt's causes are read when it comes,
/// and compares all interrupts to the picosecond: with a PCI bus that has cycles of its own, or
/// without.
void check_timelines(const std::vector<Timeline>& timelines, bool timed_pci);

struct Storing {
    Time data;    // M
    Time stored;  // R
};
/// Throws where frames take different times, or where an interrupt without delay is not at R.
Storing storing_time(uint32_t bytes, bool timed_pci, uint32_t rctl = nic::receive_on);
/// W, of 60 bytes. Throws likewise.
Time writing_back_time(bool timed_pci);

}  // namespace sb::test
