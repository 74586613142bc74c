// SPDX-License-Identifier: Apache-2.0
#include "bus/processor_port.h"

#include <algorithm>
#include <cstring>

#include "bus/registers.h"

namespace sb::bus {
namespace {

/// The first bytes of an access, as a number.
uint64_t first_bytes(const uint8_t* data, unsigned bytes) {
    uint64_t v = 0;
    std::memcpy(&v, data, std::min<size_t>(bytes, sizeof v));
    return v;
}

}  // namespace

ProcessorPort::ProcessorPort(SystemBus& bus, observe::Stream& stream, const std::string& name,
                             MasterSettings settings)
    : Component{bus.simulation(), name},
      bus_{bus},
      probe_{stream, name},
      resume_{*this, "resume"},
      memory_{*this, bus.memory(), "memory"},
      ports_{*this, bus.ports(), "ports"} {
    Contender::priority = settings.priority;
    Contender::weight = settings.weight;
    Contender::processor = true;
    Contender::stats.name = name;
    Contender::probe = &probe_;
    bus_.join(*this);
    if (bus.timing().posted_writes > 0)
        posted_ = std::make_unique<PostedWrites>(*this, bus, stream, name + ".posted", settings,
                                                 Contender::index, resume_);
}

void ProcessorPort::get_bus(Time start, Time length, observe::Command command, uint64_t address,
                            unsigned bytes) {
    Simulation& sim = simulation();
    length_ = length;
    if (posted_) start = posted_->drain(start);
    const auto ask = [&] {
        probe_.emit(start, observe::Kind::bus_request, address, bytes,
                    static_cast<uint64_t>(command));
    };
    if (sim.next_event() <= start) resume_.wait_until(start);
    bus_.give_way(start);
    if (bus_.open_at(start, *this)) {
        const SystemBus::Start got = bus_.uncontended(*this, start, length);
        // Later than asked for, nobody must be able to come before.
        if (got.begin == start || got.begin < sim.next_event()) {
            if (got.begin > start) ask();
            bus_.note_start(*this, start, got);
            return;
        }
    }
    if (sim.kernel_now() < start) resume_.wait_until(start);
    ask();
    bus_.ask(*this);
    resume_.wait_woken();
    bus_.reserved_ = false;
}

/// Where an access has to cross the host bridge, and time is counted for it. What nobody claims is
/// looked for there, too.
Crossing* ProcessorPort::crossing(const AddressSpace::Range* range) const {
    return range && range->behind == Behind::board ? nullptr : bus_.crossing_;
}

Time ProcessorPort::get_crossing(Crossing& pci, Time start) {
    if (simulation().next_event() <= start || !pci.free_at(start)) {
        resume_.wait_until(start);
        if (!pci.free_at(now())) {
            pci.wait_for(*this);
            resume_.wait_woken();
        }
        start = now();
    }
    pci.reserve(true);
    return start;
}

void ProcessorPort::granted() {
    bus_.reserved_ = true;
    resume_.wake(now());
}

void ProcessorPort::unlock(Time at) {
    if (!wants_lock) return;
    --bus_.obstacles_;
    Simulation::LocalTime local{simulation(), at - simulation().kernel_now()};
    bus_.unlock(*this);
}

void ProcessorPort::note(Time start, Time duration, const MemoryAccess& a) {
    const uint64_t data = a.write ? a.data : bus_.memory_.peek_memory(a.address, a.bytes);
    probe_.emit(start, observe::Kind::access, a.address, a.bytes, duration.ps(),
                static_cast<uint64_t>(command(bus_.memory_, a.write)), data,
                (duration - bus_.beats_time(a.address, a.bytes)).ps());
}

Time ProcessorPort::take_contended(Time start, const MemoryAccess& access) {
    const Time longest = bus_.memory_time(access.memory, access.address, access.bytes);
    if (posted_ && access.write && !wants_lock) return posted_->put(start, longest, access);
    get_bus(start, longest, command(bus_.memory_, access.write), access.address, access.bytes);
    const Time duration = bus_.begin_memory(access.memory, access.address, access.bytes, begins);
    bus_.occupy(*this, duration);
    count(access);
    if (probe_.wants(observe::Kind::access)) note(begins, duration, access);
    bus_.schedule_arbitration();
    return begins + duration;
}

/// A write to memory goes to the write buffer, where there is one; false where it is nothing for
/// it.
bool ProcessorPort::post(AddressSpace& space, const AddressSpace::Range* range, Payload& payload,
                         Time start, sc_core::sc_time& delay) {
    if (!posted_ || wants_lock || !payload.is_write() || !range || !range->is_memory())
        return false;
    const uint64_t address = payload.get_address();
    const unsigned bytes = payload.get_data_length();
    const MemoryAccess access{*range->direct, address, bytes, true,
                              first_bytes(payload.get_data_ptr(), bytes)};
    const Time goes_on =
        posted_->put(start, bus_.memory_time(*range->direct, address, bytes), access);
    sc_core::sc_time ignored;
    space.transport(payload, ignored);
    space.wrote(address, bytes);
    delay = (goes_on - simulation().kernel_now()).sc();
    return true;
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
    Time asked = sim.kernel_now() + Time::from(delay);
    if (post(space, range, payload, asked, delay)) return;
    Crossing* pci = crossing(range);
    const unsigned bytes = payload.get_data_length();
    const uint64_t address = payload.get_address();
    begins = asked;
    lost = {};
    if (sim.next_event() <= asked || !bus_.free_at(asked) || (pci && !pci->free_at(asked))) {
        if (pci) asked = get_crossing(*pci, asked);
        begins = asked;
        const Time length = range && range->direct
                                ? bus_.memory_time(*range->direct, address, bytes)
                                : bus_.device_time();
        get_bus(asked, length, command(space, payload.is_write()), address, bytes);
        range = space.find(address);  // the map may have changed while the bus was awaited
        delay = (begins - sim.kernel_now()).sc();
    }
    const Time start = begins;
    Traffic& traffic = space.traffic_of(range);  // the access may unmap the range
    const bool memory = range && range->direct;
    Time duration =
        memory ? bus_.begin_memory(*range->direct, address, bytes, start) : bus_.least_time();
    // What the access sets off must find the bus taken, however long the target will want it.
    bus_.reserved_ = true;
    if (pci) pci->reserve(true);
    {
        Simulation::LocalTime local{sim, start - sim.kernel_now()};
        space.transport(payload, delay);
        if (payload.is_write()) space.wrote(address, bytes);
    }
    bus_.reserved_ = false;
    // A target may not be ours, and have notified events; it may have blocked the thread, and so
    // moved the kernel's time.
    sim.turn_of(domain());
    Time own = sim.kernel_now() + Time::from(delay) - start;
    if (pci) own = cross(*pci, space, payload, range, start, own);
    duration = std::max(duration, own);
    bus_.occupy(*this, duration);
    Contender::stats.bytes += bytes;
    traffic.bytes += bytes;
    bus_.schedule_arbitration();
    delay = (start + duration - sim.kernel_now()).sc();
    if (!probe_.wants(observe::Kind::access)) return;
    const Time least = memory ? bus_.beats_time(address, bytes) : bus_.least_time();
    probe_.emit(start, observe::Kind::access, address, bytes, duration.ps(),
                static_cast<uint64_t>(command(space, payload.is_write())),
                first_bytes(payload.get_data_ptr(), bytes), (duration - least).ps());
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
    if (!range) return other_kind;
    RegisterBank* bank = space.bank_at(*range, write, address, bytes);
    if (!bank) return other_kind;
    const auto offset = static_cast<uint32_t>(address - range->start + range->offset);
    Register* reg = bank->plain(write, offset, bytes);
    if (!reg) return other_kind;
    Simulation& sim = simulation();
    if (range->free) {
        last_free_ = true;
        Simulation::LocalTime local{sim, start - sim.kernel_now()};
        bank->access_plain(write, *reg, bytes, value);
        return Time{};
    }
    if (sim.next_event() <= start || !bus_.free_at(start)) return other_kind;
    const Behind behind = range->behind;
    Crossing* pci = behind == Behind::board ? nullptr : bus_.crossing_;
    if (pci && !pci->free_at(start)) return other_kind;
    last_free_ = false;
    bus_.reserved_ = true;
    if (pci) pci->reserve(true);
    Traffic& traffic = *range->traffic;  // the access may unmap the range
    const Time least = bus_.least_time();
    Time own;
    {
        Simulation::LocalTime local{sim, start - sim.kernel_now()};
        own = bank->access_plain(write, *reg, bytes, value);
    }
    if (pci) {
        own = pci->cross(behind, write, bytes, start, own);
        pci->finish({write, ports, address, bytes, value}, behind, start, own);
    }
    const Time duration = std::max(least, own);
    bus_.reserved_ = false;
    bus_.hold(*this, start, duration);
    Contender::stats.bytes += bytes;
    traffic.bytes += bytes;
    bus_.schedule_arbitration();
    if (probe_.wants(observe::Kind::access)) [[unlikely]]
        probe_.emit(start, observe::Kind::access, address, bytes, duration.ps(),
                    static_cast<uint64_t>(command(space, write)), value, (duration - least).ps());
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
