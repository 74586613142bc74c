// SPDX-License-Identifier: Apache-2.0
#include "cpu/bus_unit.h"

namespace sb::cpu {

namespace {

/// In cycles: mostly as long as the last time.
inline uint64_t stall_of(const Clock& clock, Time duration, Time& last, uint64_t& stall) {
    if (duration != last) {
        last = duration;
        stall = clock.ceil(duration);
    }
    return stall;
}

}  // namespace

BusUnit::Access BusUnit::transport(bool ports, bool write, uint32_t address, uint32_t v,
                                   unsigned bytes, uint64_t cycle) {
    const Time start = clock_.cycles(cycle);
    uint32_t value = write ? v : 0;
    const Time duration = port_.access_register(ports, write, address, bytes, value, start);
    if (duration == Time::max()) return by_socket(ports, write, address, v, bytes, start);
    if (duration == Time{}) return {.value = value, .free = port_.last_was_free()};
    return {stall_of(clock_, duration, last_duration_, last_stall_), value};
}

BusUnit::Access BusUnit::by_socket(bool ports, bool write, uint32_t address, uint32_t v,
                                   unsigned bytes, Time start) {
    Simulation& sim = owner_.simulation();
    const Time before = sim.kernel_now();
    sc_core::sc_time delay = (start - sim.kernel_now()).sc();
    Access done;
    done.value = write ? v : 0;
    auto& socket = ports ? ports_ : memory_;
    socket->b_transport(request_.aim(write, address, &done.value, bytes), delay);
    done.free = port_.last_was_free();
    done.waited = sim.kernel_now() != before;
    if (!done.free) done.stall = clock_.ceil(sim.kernel_now() + Time::from(delay) - start);
    return done;
}

uint64_t BusUnit::take(const bus::MemoryAccess& access, uint64_t cycle, bool idle, bool& blocked) {
    const Time start = clock_.cycles(cycle);
    if (idle) {
        const Time duration = port_.take(start, access);
        if (duration != Time::max()) return stall_of(clock_, duration, last_duration_, last_stall_);
    }
    blocked = true;
    return clock_.ceil(port_.take_contended(start, access) - start);
}

unsigned BusUnit::peek(uint32_t address, uint8_t* data, unsigned bytes) {
    bus::Request request;
    return memory_->transport_dbg(request.aim(false, address, data, bytes));
}

}  // namespace sb::cpu
