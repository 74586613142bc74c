// SPDX-License-Identifier: Apache-2.0
#include "bus/system_bus.h"

#include <algorithm>
#include <cstring>

#include "bus/registers.h"

namespace sb::bus {

SystemBus::SystemBus(Simulation& sim, observe::Stream& stream, const std::string& name,
                     SystemBusTiming timing, AddressSpace& memory, AddressSpace& ports)
    : Component{sim, name},
      timing_{timing},
      memory_{memory},
      ports_{ports},
      probe_{stream, name},
      arbitration_{*this, "arbitration", [this] { arbitrate(); }} {
    declare_state("masters", [this](Archive& archive) {
        waiting_ = 0;
        for (Contender* c : contenders_) {
            Archive::Scope scope{archive, c->stats.name};
            archive.value("since", c->since);
            archive.value("asked", c->asked);
            archive.value("waiting", c->waiting);
            archive.value("transactions", c->stats.transactions);
            archive.value("bytes", c->stats.bytes);
            archive.value("held", c->stats.held);
            archive.value("waited", c->stats.waited);
            waiting_ += c->waiting;
        }
    });
}

Time SystemBus::held() const {
    Time sum;
    for (const MasterStats* master : masters_) sum += master->held;
    return sum;
}

Time SystemBus::memory_time(const DirectMemory& memory, uint64_t address, uint64_t bytes) const {
    // Beats are bus-wide and aligned: an access that straddles a boundary takes one more.
    uint64_t beats = (address % timing_.width + bytes + timing_.width - 1) / timing_.width;
    uint64_t clocks = timing_.address_clocks + beats * timing_.data_clocks +
                      memory.first_wait_clocks + (beats - 1) * memory.next_wait_clocks;
    return timing_.clock.cycles(clocks);
}

void SystemBus::join(Contender& contender) {
    contenders_.push_back(&contender);
    masters_.push_back(&contender.stats);
}

void SystemBus::ask(Contender& contender) {
    contender.waiting = true;
    contender.since = asked_.ref()++;
    contender.asked = now();
    ++waiting_;
    schedule_arbitration();
}

void SystemBus::schedule_arbitration() {
    if (waiting_ > 0 && !reserved_ && !arbitration_.armed())
        arbitration_.arm_at(std::max(busy_until_.get(), now()));
}

void SystemBus::arbitrate() {
    // A processor's access may have been counted in since this was scheduled.
    if (reserved_ || waiting_ == 0) return;
    if (busy_until_.get() > now()) {
        schedule_arbitration();
        return;
    }
    Contender* winner = nullptr;
    for (Contender* c : contenders_) {
        if (!c->waiting) continue;
        if (!winner || c->priority < winner->priority ||
            (c->priority == winner->priority && c->since < winner->since))
            winner = c;
    }
    winner->waiting = false;
    --waiting_;
    const Time waited = now() - winner->asked;
    winner->stats.waited += waited;
    if (waited > Time{}) winner->probe->emit(now(), observe::Kind::bus_wait, waited.ps());
    winner->granted();
    schedule_arbitration();
}

// ---- ProcessorPort

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
    if (sim.next_event() <= start || !bus_.free_at(start)) {
        resume_.wait_until(start);
        if (!bus_.free_at(start)) wait_for_grant();
        delay = sc_core::SC_ZERO_TIME;
        start = sim.kernel_now();
    }
    const unsigned bytes = payload.get_data_length();
    Time duration = range && range->direct
                        ? bus_.memory_time(*range->direct, payload.get_address(), bytes)
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

// ---- MasterPort

MasterPort::MasterPort(Component& owner, SystemBus& bus, observe::Stream& stream,
                       const std::string& name, unsigned priority, Completion completion)
    : owner_{owner},
      bus_{bus},
      probe_{stream, std::string{owner.basename()} + "." + name},
      completion_{std::move(completion)},
      write_{owner, name + ".write", false},
      address_{owner, name + ".address", 0},
      bytes_{owner, name + ".bytes", 0},
      moved_{owner, name + ".moved", 0},
      tenure_{owner, name + ".tenure", 0},
      tenure_end_{owner, name + ".tenure_end", [this] { tenure_ended(); }} {
    Contender::priority = priority;
    Contender::stats.name = std::string{owner.basename()} + "." + name;
    Contender::probe = &probe_;
    buffer_.resize(max_bytes);
    owner.declare_state(name + ".buffer", [this, name](Archive& archive) {
        archive.sparse(name + ".buffer", buffer_);
    });
    bus_.join(*this);
}

void MasterPort::request(bool write, uint64_t address, uint32_t bytes) {
    if (busy() || bytes == 0) return;  // a device's own sequencing keeps this from happening
    write_ = write;
    address_ = address;
    bytes_ = std::min(bytes, max_bytes);
    moved_ = 0;
    bus_.ask(*this);
}

void MasterPort::cancel() {
    if (waiting) {
        waiting = false;
        --bus_.waiting_;
    }
    tenure_end_.cancel();
    bytes_ = 0;
}

uint32_t MasterPort::tenure_bytes() const {
    const uint64_t width = bus_.timing().width;
    const uint64_t start = address_ + moved_;
    const uint64_t most = uint64_t{bus_.timing().longest_burst} * width - start % width;
    return static_cast<uint32_t>(std::min<uint64_t>(bytes_ - moved_, most));
}

void MasterPort::granted() {
    tenure_ = tenure_bytes();
    const uint64_t at = address_ + moved_;
    const AddressSpace::Range* range = bus_.memory().find(at);
    static const DirectMemory no_wait;
    const DirectMemory& memory = range && range->direct ? *range->direct : no_wait;
    const Time duration = bus_.memory_time(memory, at, tenure_);
    bus_.hold(*this, owner_.now(), duration, tenure_);
    probe_.emit(owner_.now(), observe::Kind::burst, at, tenure_, duration.ps());
    tenure_end_.arm_after(duration);
}

void MasterPort::tenure_ended() {
    if (!move(tenure_)) {
        bytes_ = 0;
        completion_(Result::aborted);
        return;
    }
    moved_ = moved_ + tenure_;
    if (moved_ < bytes_) {
        bus_.ask(*this);
        return;
    }
    bytes_ = 0;
    completion_(Result::done);
}

/// Moves the next `bytes` between the buffer and memory; false where an address is unclaimed.
bool MasterPort::move(uint32_t bytes) {
    uint8_t* data = buffer_.data() + moved_;
    uint64_t at = address_ + moved_;
    while (bytes > 0) {
        const AddressSpace::Range* range = bus_.memory().find(at);
        uint32_t part =
            range ? static_cast<uint32_t>(std::min<uint64_t>(bytes, range->last() - at + 1))
                  : bytes;
        if (range && range->direct && (range->direct->writable || !write_)) {
            uint8_t* host = range->direct->host + (at - range->start);
            if (write_) {
                std::memcpy(host, data, part);
                bus_.memory().wrote(*range->direct, *range, at, part);
            } else {
                std::memcpy(data, host, part);
            }
        } else if (!move_by_transport(at, data, part)) {
            return false;
        }
        at += part;
        data += part;
        bytes -= part;
    }
    return true;
}

bool MasterPort::move_by_transport(uint64_t address, uint8_t* data, uint32_t bytes) {
    Request request;
    while (bytes > 0) {
        // Devices take aligned accesses of their register width.
        uint32_t part = std::min<uint32_t>(bytes, 4 - address % 4);
        if (part == 3) part = address % 2 ? 1 : 2;
        sc_core::sc_time delay;
        Payload& payload = request.aim(write_, address, data, part);
        bus_.memory().transport(payload, delay);
        if (payload.get_response_status() != tlm::TLM_OK_RESPONSE) return false;
        address += part;
        data += part;
        bytes -= part;
    }
    return true;
}

}  // namespace sb::bus
