// SPDX-License-Identifier: Apache-2.0
#include "bus/processor_port.h"

#include <algorithm>
#include <cstring>

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

/// Where an access has to cross the host bridge, and time is counted for it. What nobody claims is
/// looked for there, too.
Crossing* ProcessorPort::crossing(const AddressSpace::Range* range) const {
    return range && range->behind == Behind::board ? nullptr : bus_.crossing_;
}

void ProcessorPort::wait_for_crossing(Crossing& crossing) {
    crossing.wait_for(*this);
    resume_.wait_woken();
}

void ProcessorPort::granted() {
    bus_.reserved_ = true;
    resume_.wake(now());
}

Time ProcessorPort::take_contended(Time start, Time duration, unsigned bytes) {
    resume_.wait_until(start);
    if (!bus_.free_at(now())) wait_for_grant();
    const Time began = now();
    bus_.hold(*this, began, duration, bytes);
    bus_.schedule_arbitration();
    return began + duration;
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
    Crossing* pci = crossing(range);
    if (sim.next_event() <= start || !bus_.free_at(start) || (pci && !pci->free_at(start))) {
        resume_.wait_until(start);
        if (pci && !pci->free_at(now())) wait_for_crossing(*pci);
        if (pci) pci->reserve(true);
        if (!bus_.free_at(now())) wait_for_grant();
        delay = sc_core::SC_ZERO_TIME;
        start = sim.kernel_now();
        // What is mapped there may have changed meanwhile.
        range = space.find(payload.get_address());
    }
    const unsigned bytes = payload.get_data_length();
    Time duration = range && range->direct
                        ? bus_.memory_time(*range->direct, payload.get_address(), bytes)
                        : bus_.least_time();
    // What the access sets off must find the bus taken, however long the target will want it.
    bus_.reserved_ = true;
    if (pci) pci->reserve(true);
    {
        Simulation::LocalTime local{sim, start - sim.kernel_now()};
        space.transport(payload, delay);
        if (payload.is_write()) space.wrote(payload.get_address(), bytes);
    }
    bus_.reserved_ = false;
    // A target may not be ours, and have notified events; it may have blocked the thread, and so
    // moved the kernel's time.
    sim.forget_next_event();
    Time own = sim.kernel_now() + Time::from(delay) - start;
    if (pci) own = cross(*pci, space, payload, range, start, own);
    duration = std::max(duration, own);
    bus_.hold(*this, start, duration, bytes);
    bus_.schedule_arbitration();
    delay = (start + duration - sim.kernel_now()).sc();
    probe_.emit(start, observe::Kind::access, payload.get_address(), bytes, duration.ps());
}

Time ProcessorPort::cross(Crossing& pci, const AddressSpace& space, const Payload& payload,
                          const AddressSpace::Range* range, Time start, Time own) {
    const bool write = payload.is_write(), ports = &space == &bus_.ports_;
    const unsigned bytes = payload.get_data_length();
    const Behind behind = range ? range->behind : Behind::board;
    own = range ? pci.cross(behind, write, bytes, start, own)
                : pci.cross_unclaimed(ports, write, bytes, start);
    uint64_t data = 0;
    std::memcpy(&data, payload.get_data_ptr(), std::min<size_t>(bytes, sizeof data));
    pci.finish({write, ports, payload.get_address(), bytes, data}, behind, start, own);
    return own;
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
    const Behind behind = range->behind;
    Crossing* pci = behind == Behind::board ? nullptr : bus_.crossing_;
    if (pci && !pci->free_at(start)) return other_kind;
    last_free_ = false;
    bus_.reserved_ = true;
    if (pci) pci->reserve(true);
    Time own;
    {
        Simulation::LocalTime local{sim, start - sim.kernel_now()};
        own = bank->access_plain(write, *reg, bytes, value);
    }
    if (pci) {
        own = pci->cross(behind, write, bytes, start, own);
        pci->finish({write, ports, address, bytes, value}, behind, start, own);
    }
    const Time duration = std::max(bus_.least_time(), own);
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
