// SPDX-License-Identifier: Apache-2.0
#include "bus/pci_bus.h"

#include <algorithm>
#include <cstring>

#include "bus/pci.h"
#include "bus/pci_master.h"
#include "bus/pci_memory.h"

namespace sb::pci {
namespace {

// PCI 2.2: 3.6.1 and 3.3.3.1 (the last clock in which anybody claims), 3.5.1.1, 3.5.2.
constexpr unsigned subtractive = 5, abort_clocks = 5, initial_limit = 16, next_limit = 8;
constexpr unsigned first_read_clock = 3;

}  // namespace

LocalBus::LocalBus(Board& board, Bus& functions, const LocalBusTiming& timing)
    : Component{board.sim, "pci_bus"},
      Crossing{observe::Probe{board.stream, "host_bridge"}},
      board_{board},
      functions_{functions},
      timing_{timing},
      arbitration_{*this, "arbitration", [this] { arbitrate(); }},
      step_{*this, "step", [this] { step(); }} {
    memory_ = std::make_unique<HostMemory>(*this, timing.posting, timing.prefetch);
    for (const Behind at : {Behind::fast, Behind::medium, Behind::slow, Behind::isa})
        for (const bool write : {false, true}) {
            const auto claim = at == Behind::isa ? subtractive : static_cast<unsigned>(at);
            overhead_[static_cast<size_t>(at)][write] =
                clocks(write ? claim : std::max(claim, first_read_clock));
        }
    idle_ = clocks(1);
    abort_time_ = clocks(abort_clocks);
    host_.name = "host_bridge";
    account_.add(host_);
    for (const Behind at : {Behind::fast, Behind::medium, Behind::slow})
        traffic_[static_cast<size_t>(at)] = &account_.target("functions");
    traffic_[static_cast<size_t>(Behind::isa)] = &account_.target("isa_bridge");
    traffic_[static_cast<size_t>(Behind::enclosed)] = &account_.target("legacy");
    traffic_[static_cast<size_t>(Behind::board)] = traffic_[1] = &account_.target("nobody");
    to_memory_ = &account_.target("memory");
    to_messages_ = &account_.target("messages");
    const char* names[]{"completion", "preempted",    "disconnect",
                        "retry",      "master-abort", "target-abort"};
    for (size_t i = 0; i < end_names_.size(); ++i) end_names_[i] = board.stream.intern(names[i]);
    declare_state("bus", [this](Archive& archive) { archive_all(archive); });
    board.bus.cross_by(*this);
    board.buses.push_back(this);
}

LocalBus::~LocalBus() = default;

void LocalBus::archive_all(Archive& archive) {
    archive.value("busy_until", busy_until_);
    archive.value("turnaround", turnaround_);
    archive.value("engaged", engaged_);
    archive.value("last", last_);
    archive.value("transaction", t_);
    for (MasterPort* port : ports_) {
        Archive::Scope scope{archive, port->stats_.name};
        archive.value("waiting", port->contender_.waiting);
        archive.value("asked", port->contender_.asked);
        archive.value("from", port->contender_.from);
    }
    // Apart: the host bridge's port on the system bus has the same name.
    Archive::Scope scope{archive, "account"};
    account_.archive(archive);
}

// ---- Arbitration

void LocalBus::join(MasterPort& port) {
    port.index_ = static_cast<int32_t>(ports_.size());
    ports_.push_back(&port);
    account_.add(port.stats_);
}

void LocalBus::ask(MasterPort& port, Time from) {
    port.contender_ = {true, now(), from};
    engage(wanted, true);
    contend(now());
    schedule();
}

void LocalBus::wait_for(Waiter& waiter) {
    waiter_ = &waiter;
    processor_ = {true, now(), now()};
    engage(wanted, true);
    contend(now());
    schedule();
}

void LocalBus::withdraw(MasterPort& port) {
    port.contender_.waiting = false;
    count_waiting();
}

void LocalBus::count_waiting() {
    engage(wanted, processor_.waiting || std::any_of(ports_.begin(), ports_.end(), [](auto* p) {
                       return p->contender_.waiting;
                   }));
}

void LocalBus::schedule() {
    if ((engaged_ & wanted) == 0 || (engaged_ & (under_way | reserved)) != 0) return;
    Time from = processor_.waiting ? processor_.from : Time::max();
    for (const MasterPort* p : ports_)
        if (p->contender_.waiting) from = std::min(from, p->contender_.from);
    from = std::max({from, busy_until_, now()});
    if (!arbitration_.armed() || arbitration_.due() > from) arbitration_.arm_at(from);
}

/// Masters take turns; the host bridge, for processors, is one of them.
void LocalBus::arbitrate() {
    if ((engaged_ & (under_way | reserved)) != 0) return;
    if (busy_until_ > now()) return schedule();
    const auto count = static_cast<int32_t>(ports_.size());
    for (int32_t i = 1; i <= count + 1; ++i) {
        const int32_t n = (last_ + i) % (count + 1);
        Contender& c = n == count ? processor_ : ports_[static_cast<size_t>(n)]->contender_;
        if (!c.waiting || c.from > now()) continue;
        last_ = n;
        c.waiting = false;
        const Time waited = now() - c.asked;
        MasterStats& stats = n == count ? host_ : ports_[static_cast<size_t>(n)]->stats_;
        BusAccount::waited(stats, waited);
        count_waiting();
        const observe::Probe& probe = n == count ? probe_ : ports_[static_cast<size_t>(n)]->probe_;
        if (waited > Time{}) probe.emit(now(), observe::Kind::bus_wait, waited.ps());
        return n == count ? grant_processor() : begin(*ports_[static_cast<size_t>(n)]);
    }
    schedule();
}

/// What was posted before is in memory first.
void LocalBus::grant_processor() {
    reserve(true);
    waiter_drains_ = !memory_->empty();
    if (!waiter_drains_) waiter_->crossing_granted();
}

void LocalBus::memory_drained() {
    if (!waiter_drains_) return;
    waiter_drains_ = false;
    waiter_->crossing_granted();
}

void LocalBus::crossed(const Access& access, Behind behind, Time start, Time duration) {
    using observe::Command;
    using observe::Kind;
    Command command = access.ports ? (access.write ? Command::port_write : Command::port_read)
                                   : (access.write ? Command::memory_write : Command::memory_read);
    if (access.ports && (access.address & ~uint64_t{3}) == 0xcfc)
        command = access.write ? Command::configuration_write : Command::configuration_read;
    const End end = behind == Behind::board ? End::master_abort : End::completion;
    probe_.emit(start, Kind::pci, access.address, access.bytes, (duration + idle_).ps(),
                static_cast<uint64_t>(command), access.data, name_of(end));
    if (probe_.wants(Kind::pci_phases)) {
        const uint64_t total = timing_.clock.ceil(duration);
        const unsigned claim = behind == Behind::isa ? subtractive
                               : behind == Behind::enclosed || behind == Behind::board
                                   ? timing_.bridge_devsel
                                   : static_cast<unsigned>(behind);
        const bool aborted = behind == Behind::board;
        const uint64_t beats = aborted ? 0 : 1, turn = access.write || aborted ? 0 : 1;
        const uint64_t known = 1 + turn + beats;
        probe_.emit(start, Kind::pci_phases, aborted ? 0 : claim, turn,
                    total > known ? total - known : 0, beats, 0, 1);
    }
    schedule();
}

// ---- Transactions

bool LocalBus::owns(const MasterPort& port) const {
    return t_.phase != Phase::none && t_.master == port.index_;
}

/// The first clock edge of the transaction at or after `at`.
Time LocalBus::edge(Time at) const {
    return t_.start + clocks(timing_.clock.ceil(at - t_.start));
}

/// The bus is the port's, from now on.
void LocalBus::begin(MasterPort& port) {
    t_ = {};
    t_.master = port.index_;
    t_.phase = Phase::decode;
    t_.write = port.write_;
    t_.fixed = port.fixed_;
    t_.start = now();
    t_.contended = (engaged_ & wanted) != 0 ? now() : Time::max();
    t_.address = t_.first_address = port.address();
    t_.left = port.left();
    engage(under_way, true);
    account_.hold(port.stats_, now(), Time{}, turnaround_);
    turnaround_ = idle_;
    decode();
    if (t_.claim == Claim::nobody) {
        t_.phase = Phase::ending;
        t_.end = End::master_abort;
        step_.arm_after(clocks(abort_clocks));
        return;
    }
    if (t_.claim == Claim::memory && !t_.write) {
        step_.arm_after(clocks(t_.devsel));
        return;
    }
    t_.phase = Phase::first;
    step_.arm_after(clocks(t_.earliest - 1));
}

/// Who claims the address, when, and how far what he claims goes.
void LocalBus::decode() {
    const uint64_t at = t_.address;
    const AddressSpace::Range* range = board_.memory.find(at);
    if (at - message_base < message_size) {
        if (!t_.write || t_.left != 4 || at % 4 != 0) return;  // the bridge takes messages only
        t_.claim = Claim::message;
    } else if (range) {
        const bool pci = range->behind != Behind::board && !range->direct;
        t_.claim = pci ? Claim::function : Claim::memory;
        const uint64_t room = range->last() - at + 1;
        t_.clipped = room < t_.left;
        t_.left = static_cast<uint32_t>(std::min<uint64_t>(t_.left, room));
        if (pci) t_.devsel = std::min(static_cast<unsigned>(range->behind), subtractive);
    } else {
        return;
    }
    const bool wide = t_.claim == Claim::memory && timing_.width == 8 &&
                      ports_[static_cast<size_t>(t_.master)]->wide_;
    t_.width = wide ? 8 : 4;
    unsigned latency = 0;
    if (t_.claim != Claim::function) {
        t_.devsel = timing_.bridge_devsel;
        latency = t_.write ? timing_.write_latency : 0;
    }
    t_.earliest = (t_.write ? t_.devsel : std::max(t_.devsel, first_read_clock)) + latency;
}

void LocalBus::step() {
    switch (t_.phase) {
        case Phase::none:
            return;
        case Phase::decode:
            if (!memory_->read(t_.master, t_.address, t_.left)) return finish(End::retry);
            t_.phase = Phase::waiting;
            step_.arm_at(t_.start + clocks(initial_limit));
            return memory_ready();
        case Phase::first:
            return try_data();
        case Phase::waiting:
            // In time for nothing: 16 clocks for the first data phase, 8 for the next.
            return finish(t_.moved == 0 ? End::retry : End::disconnect);
        case Phase::beats:
            return segment_done();
        case Phase::ending:
            return finish(t_.end);
    }
}

/// Bytes that the target can take or give at once; 0 where the master has to wait.
uint32_t LocalBus::offered() const {
    const auto to_line =
        static_cast<uint32_t>(HostMemory::line - t_.address % HostMemory::line);
    switch (t_.claim) {
        case Claim::message:
        case Claim::memory:
            if (t_.write) return memory_->room() ? to_line : 0;
            return std::min(memory_->available(), to_line);
        default:
            return static_cast<uint32_t>(t_.width - t_.address % t_.width);
    }
}

void LocalBus::try_data() {
    if (t_.claim == Claim::memory && !t_.write && memory_->failed() && memory_->available() == 0)
        return finish(End::target_abort);
    if (offered() > 0) return begin_segment();
    t_.phase = Phase::waiting;
    step_.arm_at(t_.moved == 0 ? t_.start + clocks(initial_limit) : now() + clocks(next_limit));
}

void LocalBus::memory_ready() {
    if (t_.phase != Phase::waiting || t_.claim == Claim::function) return;
    if (offered() == 0 && !memory_->failed()) return;
    Time at = edge(now());
    if (!t_.write && t_.moved == 0)
        at = std::max(at + clocks(timing_.read_latency), t_.start + clocks(t_.earliest - 1));
    t_.phase = Phase::first;
    step_.arm_at(at);
}

/// Data phases that follow each other without a wait: at most to the end of a line.
void LocalBus::begin_segment() {
    t_.segment = now();
    t_.phase = Phase::beats;
    t_.last = false;
    if (t_.claim == Claim::function) return function_beat();
    t_.bytes = std::min(offered(), t_.left);
    if (t_.fixed) {
        t_.bytes = std::min<uint32_t>(t_.bytes, t_.width - t_.address % t_.width);
        t_.last = true;
    }
    t_.beats = static_cast<unsigned>((t_.address % t_.width + t_.bytes + t_.width - 1) / t_.width);
    const MasterPort& port = *ports_[static_cast<size_t>(t_.master)];
    if (t_.contended != Time::max())
        cut(std::max(t_.start + clocks(port.function_.latency_timer), t_.contended));
    if (t_.moved == 0) t_.first_end = t_.segment + clocks(1);
    account_.extend(t_.segment + clocks(t_.beats));
    step_.arm_at(t_.segment + clocks(t_.beats));
}

/// The latency timer has expired, and the grant is gone, at `expiry`: the data phase that ends next
/// is the last one.
void LocalBus::cut(Time expiry) {
    const uint64_t phases =
        expiry < t_.segment ? 1 : (expiry - t_.segment) / timing_.clock.period() + 1;
    if (phases > t_.beats) return;
    t_.last = true;
    if (phases == t_.beats) return;
    t_.beats = static_cast<unsigned>(phases);
    t_.bytes = static_cast<uint32_t>(t_.beats * t_.width - t_.address % t_.width);
}

/// Another master requests: from here on the one that has the bus may lose it.
void LocalBus::contend(Time at) {
    if (t_.phase == Phase::none || t_.contended != Time::max()) return;
    t_.contended = at;
    if (t_.phase != Phase::beats || t_.claim == Claim::function || t_.fixed) return;
    const MasterPort& port = *ports_[static_cast<size_t>(t_.master)];
    const unsigned before = t_.beats;
    cut(std::max(t_.start + clocks(port.function_.latency_timer), at));
    if (t_.beats == before) return;
    account_.cut(t_.segment + clocks(t_.beats));
    step_.arm_at(t_.segment + clocks(t_.beats));
}

/// An access to a function's registers: they act as the data phase begins to wait for them.
void LocalBus::function_beat() {
    MasterPort& port = *ports_[static_cast<size_t>(t_.master)];
    uint32_t bytes = std::min(offered(), t_.left);
    if (bytes == 3) bytes = t_.address % 2 ? 1 : 2;
    t_.bytes = bytes;
    t_.beats = 1;
    uint8_t* data = port.buffer() + port.moved_;
    Request request;
    sc_core::sc_time delay;
    Payload& payload = request.aim(t_.write, t_.address, data, bytes);
    const int32_t master = t_.master;
    board_.memory.transport(payload, delay);
    if (t_.phase != Phase::beats || t_.master != master) return;  // it stopped its own master
    const uint64_t waits = timing_.clock.ceil(Time::from(delay));
    if (payload.get_response_status() != tlm::TLM_OK_RESPONSE) {
        t_.phase = Phase::ending;
        t_.end = End::target_abort;
        if (Function* target = functions_.claimant(t_.address)) target->signalled_target_abort = 1;
    }
    t_.last = t_.fixed || waits + 1 > next_limit;
    if (t_.moved == 0) t_.first_end = now() + clocks(waits + 1);
    account_.extend(now() + clocks(waits + 1));
    step_.arm_after(clocks(waits + 1));
}

void LocalBus::segment_done() {
    MasterPort& port = *ports_[static_cast<size_t>(t_.master)];
    uint8_t* data = port.buffer() + port.moved_;
    const bool memory = t_.claim == Claim::memory, message = t_.claim == Claim::message;
    if (memory && !t_.write) memory_->take(data, t_.bytes);
    if (t_.moved == 0) std::memcpy(&t_.data, data, std::min<uint32_t>(t_.bytes, t_.width));
    port.stats_.bytes += t_.bytes;
    (memory ? to_memory_ : message ? to_messages_ : traffic_[size_t{2}])->bytes += t_.bytes;
    port.moved_ = port.moved_ + t_.bytes;
    const uint64_t at = t_.address;
    const uint32_t bytes = t_.bytes;
    if (!t_.fixed) t_.address += bytes;
    t_.moved += bytes;
    t_.left -= bytes;
    t_.data_phases += t_.beats;
    if (t_.write && (memory || message)) {
        port.pending_ = port.pending_ + bytes;
        memory_->post(t_.master, at, data, bytes, message);
    }
    if (t_.left == 0) return finish(t_.clipped ? End::disconnect : End::completion);
    if (t_.claim == Claim::function && t_.contended != Time::max() &&
        now() > std::max(t_.start + clocks(port.function_.latency_timer), t_.contended))
        return finish(End::preempted);
    if (t_.last)
        return finish(t_.fixed                      ? End::completion
                      : t_.claim == Claim::function ? End::disconnect
                                                    : End::preempted);
    try_data();
}

void LocalBus::finish(End end) {
    MasterPort& port = *ports_[static_cast<size_t>(t_.master)];
    account_.extend(now());
    report(port, end);
    busy_until_ = now() + idle_;
    t_.phase = Phase::none;
    step_.cancel();
    engage(under_way, false);
    const bool delayed = end == End::retry || (end == End::disconnect && !t_.clipped);
    if (t_.claim == Claim::memory && !t_.write && !delayed) memory_->stop_reading();
    port.ended(end);
    schedule();
}

void LocalBus::report(const MasterPort& port, End end) {
    using observe::Kind;
    const Time length = now() - t_.start;
    port.probe_.emit(t_.start, Kind::pci, t_.first_address, t_.moved, (length + idle_).ps(),
                     static_cast<uint64_t>(port.command()), t_.data, name_of(end));
    if (!port.probe_.wants(Kind::pci_phases)) return;
    const uint64_t total = timing_.clock.whole(length);
    const bool claimed = t_.claim != Claim::nobody;
    const uint64_t turn = t_.data_phases > 0 && !t_.write ? 1 : 0;
    const uint64_t initial =
        t_.data_phases > 0 ? timing_.clock.whole(t_.first_end - t_.start) - 2 - turn : 0;
    const uint64_t known = 1 + turn + initial + t_.data_phases;
    port.probe_.emit(t_.start, Kind::pci_phases, claimed ? t_.devsel : 0, turn, initial,
                     t_.data_phases, total > known ? total - known : 0, 1);
}

/// The master stops in the middle: the data phase under way is its last, and moves nothing.
void LocalBus::abandon(MasterPort& port) {
    if (!owns(port)) return;
    const Time end = edge(now()) + idle_;
    account_.cut(end);
    account_.extend(end);
    busy_until_ = end + idle_;
    t_.phase = Phase::none;
    step_.cancel();
    engage(under_way, false);
    schedule();
}

}  // namespace sb::pci
