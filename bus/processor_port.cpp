// SPDX-License-Identifier: Apache-2.0
#include "bus/processor_port.h"

#include <algorithm>

#include "bus/registers.h"

namespace sb::bus {

ProcessorPort::ProcessorPort(SystemBus& bus, observe::Stream& stream, const std::string& name,
                             unsigned priority)
    : Component{bus.simulation(), name},
      bus_{bus},
      probe_{stream, name},
      resume_{*this, "resume"},
      memory_{*this, bus.memory(), "memory"},
      ports_{*this, bus.ports(), "ports"} {
    Contender::priority = priority;
    Contender::stats.name = name;
    Contender::probe = &probe_;
    bus_.join(*this);
}

void ProcessorPort::wait_for_grant() {
    bus_.ask(*this);
    resume_.wait_woken();
    bus_.reserved_ = false;
}

void ProcessorPort::granted() {
    bus_.reserved_ = true;
    resume_.wake(now());
}

Time ProcessorPort::take_contended(Time start, const DirectMemory& memory, uint64_t address,
                                   unsigned bytes) {
    resume_.wait_until(start);
    if (!bus_.free_at(now())) wait_for_grant();
    const Time end = write_back(now(), memory, address, bytes);
    bus_.schedule_arbitration();
    return end;
}

Time ProcessorPort::write_back(Time start, const DirectMemory& memory, uint64_t address,
                               unsigned bytes) {
    const Time duration = bus_.memory_time(memory, address, bytes, start);
    bus_.hold(*this, start, duration, bytes);
    return start + duration;
}

void ProcessorPort::transport(AddressSpace& space, Payload& payload, sc_core::sc_time& delay) {
    Simulation& sim = simulation();
    const AddressSpace::Range* range = space.find(payload.get_address());
    last_free_ = range && range->free;
    if (last_free_) {
        sc_core::sc_time ignored = delay;
        space.transport(payload, ignored);
        return;
    }
    Time start = sim.kernel_now() + Time::from(delay);
    if (sim.next_event() <= start || !bus_.free_at(start)) {
        resume_.wait_until(start);
        if (!bus_.free_at(start)) wait_for_grant();
        delay = sc_core::SC_ZERO_TIME;
        start = sim.kernel_now();
    }
    const unsigned bytes = payload.get_data_length();
    Time duration = range && range->direct
                        ? bus_.memory_time(*range->direct, payload.get_address(), bytes, start)
                        : bus_.least_time();
    // What the access sets off must find the bus taken, however long the target will want it.
    bus_.reserved_ = true;
    {
        Simulation::LocalTime local{sim, start - sim.kernel_now()};
        space.transport(payload, delay);
        if (payload.is_write()) space.wrote(payload.get_address(), bytes);
    }
    bus_.reserved_ = false;
    // A target may not be ours, and have notified events; it may have blocked the thread, and so
    // moved the kernel's time.
    sim.forget_next_event();
    duration = std::max(duration, sim.kernel_now() + Time::from(delay) - start);
    bus_.hold(*this, start, duration, bytes);
    bus_.schedule_arbitration();
    delay = (start + duration - sim.kernel_now()).sc();
    probe_.emit(start, observe::Kind::access, payload.get_address(), bytes, duration.ps());
}

Time ProcessorPort::access_register(bool ports, bool write, uint64_t address, unsigned bytes,
                                    uint32_t& value, Time start) {
    constexpr Time other_kind = Time::max();
    AddressSpace& space = ports ? bus_.ports_ : bus_.memory_;
    const AddressSpace::Range* range = space.find(address);
    if (!range || range->free) return other_kind;
    RegisterBank* bank = space.bank_at(*range, write, address, bytes);
    if (!bank) return other_kind;
    const auto offset = static_cast<uint32_t>(address - range->start + range->offset);
    Register* reg = bank->plain(write, offset, bytes);
    Simulation& sim = simulation();
    if (!reg || sim.next_event() <= start || !bus_.free_at(start)) return other_kind;
    last_free_ = false;
    bus_.reserved_ = true;
    Time duration = bus_.least_time();
    {
        Simulation::LocalTime local{sim, start - sim.kernel_now()};
        duration = std::max(duration, bank->access_plain(write, *reg, bytes, value));
    }
    bus_.reserved_ = false;
    bus_.hold(*this, start, duration, bytes);
    bus_.schedule_arbitration();
    probe_.emit(start, observe::Kind::access, address, bytes, duration.ps());
    return duration;
}

bool ProcessorPort::Side::direct_memory(Payload& payload, tlm::tlm_dmi& dmi) {
    const AddressSpace::Range* range = space.find(payload.get_address());
    if (!range || !range->direct) return false;
    dmi.set_start_address(range->start);
    dmi.set_end_address(range->last());
    dmi.set_dmi_ptr(range->direct->host);
    dmi.set_granted_access(range->direct->writable ? tlm::tlm_dmi::DMI_ACCESS_READ_WRITE
                                                   : tlm::tlm_dmi::DMI_ACCESS_READ);
    return true;
}

}  // namespace sb::bus
