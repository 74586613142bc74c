// SPDX-License-Identifier: Apache-2.0
#include "bus/system_bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "bus/arbitration/tdma.h"
#include "bus/dram.h"
#include "bus/posted_writes.h"

namespace sb::bus {

MasterSettings::MasterSettings(const Config& config)
    : priority{static_cast<unsigned>(config.integer("bus_priority"))},
      weight{static_cast<unsigned>(config.integer("bus_weight"))} {}

std::vector<Key> master_keys(unsigned default_priority) {
    return {{"bus_priority",
             ValueType::integer,
             std::to_string(default_priority),
             "priority on its bus: smaller numbers win (arbitration \"fixed\")",
             {},
             0,
             255},
            {"bus_weight",
             ValueType::integer,
             "1",
             "tenures in a round (arbitration \"weighted\")",
             {},
             1,
             1000}};
}

SystemBus::SystemBus(Simulation& sim, observe::Stream& stream, const std::string& name,
                     SystemBusTiming timing, AddressSpace& memory, AddressSpace& ports)
    : Component{sim, name},
      timing_{std::move(timing)},
      memory_{memory},
      ports_{ports},
      probe_{stream, name},
      policy_{make_policy(timing_.arbitration)},
      arbitration_{*this, "arbitration", [this] { arbitrate(); }} {
    if (!policy_) policy_ = make_policy("fixed");  // time division: until the slots are assigned
    const bool special =
        timing_.turnaround_clocks > 0 || timing_.synchronous || timing_.arbitration == "tdma";
    obstacles_ += special;
    declare_state("masters", [this](Archive& archive) { archive_masters(archive); });
}

SystemBus::~SystemBus() = default;

void SystemBus::archive_masters(Archive& archive) {
    waiting_ = 0;
    auto contender = [&](const char* name, Contender*& c) {
        uint64_t index = c ? c->index : contenders_.size();
        archive.value(name, index);
        c = index < contenders_.size() ? contenders_[index] : nullptr;
    };
    obstacles_ -= locked_by_ != nullptr;
    contender("owner", owner_);
    contender("locked_by", locked_by_);
    obstacles_ += locked_by_ != nullptr;
    for (Contender* c : contenders_) {
        Archive::Scope scope{archive, c->stats.name};
        obstacles_ -= c->waiting;
        archive.value("since", c->since);
        archive.value("asked", c->asked);
        archive.value("waiting", c->waiting);
        archive.value("wants_lock", c->wants_lock);
        waiting_ += c->waiting;
        obstacles_ += c->waiting;
    }
    account_.archive(archive);
    policy_->archive(archive);
}

std::string SystemBus::ports_of(const std::string& name) const {
    std::string list;
    for (const Contender* c : contenders_)
        if (c->stats.name.starts_with(name + "."))
            list += (list.empty() ? "" : ", ") + c->stats.name;
    return list;
}

void SystemBus::assign_slots() {
    if (timing_.arbitration != "tdma") return;
    std::vector<unsigned> owners;
    for (const std::string& name : timing_.tdma_slots) {
        unsigned index = Choice::nobody;
        for (const Contender* c : contenders_) {
            const std::string& master = c->stats.name;
            if (master == name || (name == processor_slot && c->processor)) {
                index = c->party;
                break;
            }
            if (master.substr(0, master.find('.')) != name) continue;
            if (index != Choice::nobody)
                throw Error(
                    fmt::format("bus.tdma_slots: \"{}\" has several ports, each of which "
                                "needs slots of its own: {}",
                                name, ports_of(name)));
            index = c->party;
        }
        if (index == Choice::nobody && name != idle_slot) {
            std::string known;
            for (const Contender* c : contenders_) known += ", " + c->stats.name;
            throw Error(
                fmt::format("bus.tdma_slots: there is no bus master \"{}\"; there is {}, {}{}",
                            name, idle_slot, processor_slot, known));
        }
        owners.push_back(index);
    }
    if (owners.empty()) throw Error("bus.tdma_slots: say whose each slot is");
    auto policy =
        std::make_unique<Tdma>(std::move(owners), timing_.clock.cycles(timing_.tdma_slot_clocks));
    for (const Contender* c : contenders_)
        if (c->processor && !policy->has_slot(c->party))
            throw Error(
                fmt::format("bus.tdma_slots: {} has no slot: it could never go on", c->stats.name));
    policy_ = std::move(policy);
}

Time SystemBus::memory_time(const DirectMemory& memory, uint64_t address, uint64_t bytes) const {
    // Widths are powers of two: each access to uncached memory comes here, and a division is slow.
    const uint64_t width = timing_.width;
    const uint64_t n = ((address & (width - 1)) + bytes + width - 1) >> std::countr_zero(width);
    const uint64_t waits = memory.first_wait_clocks + (n - 1) * memory.next_wait_clocks;
    if (!memory.dram) [[likely]]
        return timing_.clock.cycles(timing_.address_clocks + n * timing_.data_clocks + waits);
    return timing_.clock.cycles(timing_.address_clocks + waits) +
           memory.dram->longest(n, timing_.width, timing_.clock.cycles(timing_.data_clocks),
                                timing_.clock);
}

/// The DRAM's own times take the place of the data clocks where they are longer; the wait states
/// that are configured, the chip set's own, come on top.
Time SystemBus::begin_dram(const DirectMemory& memory, uint64_t address, uint64_t bytes,
                           Time start) {
    const uint64_t n = beats(address, bytes);
    const Time head = timing_.clock.cycles(timing_.address_clocks);
    const Time waits =
        timing_.clock.cycles(memory.first_wait_clocks + (n - 1) * memory.next_wait_clocks);
    return head + waits +
           memory.dram->access(address, n, timing_.width, timing_.clock.cycles(timing_.data_clocks),
                               timing_.clock, start + head);
}

void SystemBus::snoop(Contender& contender, bool write, uint64_t address, uint64_t bytes) {
    if (snoopers_.empty()) return;
    account_.turn(contender.begins, contender.lost);
    contender.lost = {};
    for (Snooper* s : snoopers_)
        contender.begins = s->snoop(write, address, bytes, contender.begins);
}

Time SystemBus::beats_time(uint64_t address, uint64_t bytes) const {
    static const DirectMemory no_wait;
    return memory_time(no_wait, address, bytes);
}

BusSummary SystemBus::summary(Time at) {
    for (PostedWrites* posted : posted_) posted->settle(at);
    BusSummary s = account_.summary(std::string{basename()}, timing_.clock.period(), at);
    for (const AddressSpace* space : {&memory_, &ports_})
        for (const Traffic& traffic : space->traffic()) {
            auto known = std::find_if(s.targets.begin(), s.targets.end(),
                                      [&](const Traffic& t) { return t.name == traffic.name; });
            if (known != s.targets.end())
                known->bytes += traffic.bytes;
            else
                s.targets.push_back(traffic);
        }
    return s;
}

void SystemBus::join(Contender& contender) {
    contender.index = contender.party = static_cast<unsigned>(contenders_.size());
    contenders_.push_back(&contender);
    candidates_.reserve(contenders_.size());
    account_.add(contender.stats);
}

void SystemBus::ask(Contender& contender) {
    for (PostedWrites* posted : posted_) posted->compete();  // they came first
    ask_since(contender, now());
}

void SystemBus::ask_since(Contender& contender, Time asked) {
    contender.waiting = true;
    contender.since = asked_.ref()++;
    contender.asked = asked;
    ++waiting_;
    ++obstacles_;
    schedule_arbitration();
}

void SystemBus::stop_asking(Contender& contender) {
    if (!contender.waiting) return;
    contender.waiting = false;
    --waiting_;
    --obstacles_;
}

bool SystemBus::open_at(Time t, const Contender& contender) const {
    if (busy_until_ > t || reserved_) return false;
    if (locked_by_) return locked_by_ == &contender;
    if (!contender.processor || timing_.dma_mode != DmaMode::transparent) return waiting_ == 0;
    return std::none_of(contenders_.begin(), contenders_.end(),
                        [](const Contender* c) { return c->waiting && c->processor; });
}

SystemBus::Start SystemBus::start_of(const Contender& c, Time from) const {
    const Time edge = align(std::max(from, busy_until_.get()));
    const bool changes = timing_.turnaround_clocks > 0 && owner_ && owner_->party != c.party &&
                         !(c.processor && hidden(*owner_));
    if (!changes) return {edge, {}};
    const Time turned = busy_until_.get() + timing_.clock.cycles(timing_.turnaround_clocks);
    const Time begin = align(std::max(edge, turned));
    return {begin, begin - edge};
}

SystemBus::Start SystemBus::uncontended(const Contender& c, Time from, Time length) const {
    Start start = start_of(c, from);
    if (!policy_->by_time()) return start;
    const Time edge = start.begin - start.lost;
    const Time slot =
        policy_->earliest({c.party, c.priority, c.weight, 0, start.lost + length}, edge);
    return slot == edge ? start : start_of(c, slot);
}

void SystemBus::schedule_arbitration() {
    if (waiting_ == 0 || reserved_ || (locked_by_ && !locked_by_->waiting)) return;
    const Time when = align(std::max(busy_until_.get(), now()));
    if (!arbitration_.armed() || arbitration_.due() > when) arbitration_.arm_at(when);
}

/// Those who may have the bus now.
void SystemBus::gather() {
    candidates_.clear();
    try_again_ = Time::max();
    const bool by_time = policy_->by_time();
    const bool yields =
        timing_.dma_mode == DmaMode::transparent ||
        (timing_.dma_mode == DmaMode::cycle_stealing && owner_ && !owner_->processor);
    processors_first_ = yields && !by_time && !locked_by_ &&
                        std::any_of(contenders_.begin(), contenders_.end(),
                                    [](const Contender* c) { return c->waiting && c->processor; });
    for (Contender* c : contenders_) {
        if (!c->waiting || (locked_by_ && locked_by_ != c)) continue;
        if (processors_first_ && !c->processor) continue;
        // Who holds the bus by a lock does not wait for writes that the lock keeps from it.
        if (!c->processor && c != locked_by_ &&
            std::any_of(posted_.begin(), posted_.end(), [c](PostedWrites* posted) {
                return posted->any([c](uint64_t a, uint64_t n) { return c->reaches(a, n); });
            }))
            continue;
        const Start start = start_of(*c, now());
        if (hidden(*c) && start.begin > now()) {
            try_again_ = std::min(try_again_, start.begin);
            continue;
        }
        candidates_.push_back({c->party, c->priority, c->weight, c->since,
                               by_time ? start.lost + c->tenure_length() : Time{}});
        if (by_time && policy_->earliest(candidates_.back(), now()) == Time::max())
            finding("a bus master that has no slot of time division asked for the bus",
                    [c] { return c->stats.name + " waits for ever"; });
    }
}

/// Who waits of a party: one at most, as a processor waits for its posted writes first.
SystemBus::Contender& SystemBus::waiting_of(unsigned party) {
    return **std::find_if(contenders_.begin(), contenders_.end(),
                          [party](const Contender* c) { return c->waiting && c->party == party; });
}

void SystemBus::arbitrate() {
    // A processor's access may have been counted in since this was scheduled.
    if (reserved_ || waiting_ == 0) return;
    if (busy_until_ > now()) {
        schedule_arbitration();
        return;
    }
    gather();
    Choice choice;
    if (processors_first_) {
        choice.index = candidates_.front().index;  // whose turn it is otherwise stays
    } else if (!candidates_.empty()) {
        choice = policy_->choose(candidates_, turn_, now());
        if (choice.index != Choice::nobody) turn_ = choice.index;
    }
    if (choice.index == Choice::nobody) {
        const Time again = std::min(choice.again, try_again_);
        if (again != Time::max()) arbitration_.arm_at(again);
        return;
    }
    Contender& winner = waiting_of(choice.index);
    stop_asking(winner);
    note_start(winner, winner.asked, start_of(winner, now()));
    winner.granted();
    schedule_arbitration();
}

void SystemBus::note_start(Contender& contender, Time asked, Start start) {
    contender.begins = start.begin;
    contender.lost = start.lost;
    const Time waited = start.begin - asked;
    BusAccount::waited(contender.stats, waited);
    if (start.lost > Time{})
        probe_.emit(start.begin - start.lost, observe::Kind::turnaround, start.lost.ps());
    if (waited > Time{}) contender.probe->emit(start.begin, observe::Kind::bus_wait, waited.ps());
}

void SystemBus::occupy(Contender& contender, Time duration) {
    busy_until_ = contender.begins + duration;
    account_.hold(contender.stats, contender.begins, duration, contender.lost);
    owner_ = &contender;
    if (!contender.wants_lock || locked_by_) return;
    locked_by_ = &contender;
    ++obstacles_;
    contender.probe->emit(contender.begins, observe::Kind::bus_lock, 1);
}

void SystemBus::unlock(Contender& contender) {
    contender.wants_lock = false;
    if (locked_by_ != &contender) return;
    locked_by_ = nullptr;
    --obstacles_;
    contender.probe->emit(std::max(busy_until_.get(), now()), observe::Kind::bus_lock, 0);
    schedule_arbitration();
}

void SystemBus::give_way(Time at) {
    if (busy_until_ <= at || !owner_ || !hidden(*owner_) || locked_by_) return;
    if (owner_->begins > at) return;  // a snooped line is written back before it
    account_.cut(at);
    busy_until_ = at;
    Simulation::LocalTime local{simulation(), at - simulation().kernel_now()};
    owner_->abandoned();
}

}  // namespace sb::bus
