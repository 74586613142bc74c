// SPDX-License-Identifier: Apache-2.0
#include "bus/posted_writes.h"

#include <algorithm>

namespace sb::bus {

PostedWrites::PostedWrites(Component& owner, SystemBus& bus, observe::Stream& stream,
                           const std::string& name, MasterSettings settings, unsigned party,
                           Resume& resume)
    : owner_{owner},
      bus_{bus},
      resume_{resume},
      probe_{stream, name},
      entries_(bus.timing().posted_writes),
      step_{owner, "posted.step", [this] { step(); }},
      watch_{owner, "posted.watch", [this] { settle(owner_.now()); }, Timer::Rank::processor} {
    Contender::priority = settings.priority;
    Contender::weight = settings.weight;
    Contender::processor = true;
    Contender::stats.name = name;
    Contender::probe = &probe_;
    bus_.join(*this);
    Contender::party = party;
    bus_.posted_.push_back(this);
    ++bus_.obstacles_;  // no access of the processor is simple
    owner.declare_state("posted", [this](Archive& archive) { this->archive(archive); });
}

void PostedWrites::archive(Archive& archive) {
    Archive::Scope scope{archive, "posted"};
    for (size_t n = 0; n < entries_.size(); ++n)
        archive.value("entry" + std::to_string(n), entries_[n]);
    archive.value("head", head_);
    archive.value("count", count_);
    archive.value("under_way", under_way_);
    archive.value("end", end_);
}

void PostedWrites::pop() {
    head_ = static_cast<unsigned>((head_ + 1) % entries_.size());
    --count_;
    under_way_ = false;
}

void PostedWrites::settle(Time t, bool inclusive) {
    while (count_ > 0 && !waiting) {
        if (under_way_) {
            if (end_ > t) return;
            pop();
            continue;
        }
        if (!alone() || !bus_.open_at(t, *this)) break;
        const SystemBus::Start start = bus_.uncontended(*this, asked_of_head(), at(0).duration);
        if (start.begin > t || (start.begin == t && !inclusive)) break;
        bus_.note_start(*this, asked_of_head(), start);
        begin_head();
    }
    if (count_ > 0 && !waiting && alone() && probe_.wants(observe::Kind::access))
        watch_.arm_at(next_change());
}

/// The bus is ours from `begins` on.
void PostedWrites::begin_head() {
    Entry& e = entries_[head_];
    const AddressSpace::Range* range = bus_.memory().find(e.address);
    if (range && range->direct && range->direct->dram) {
        e.duration = bus_.begin_memory(*range->direct, e.address, e.bytes, begins);
        e.wait = e.duration - bus_.beats_time(e.address, e.bytes);
    }
    bus_.occupy(*this, e.duration);
    under_way_ = true;
    end_ = begins + e.duration;
    probe_.emit(begins, observe::Kind::access, e.address, e.bytes, e.duration.ps(),
                static_cast<uint64_t>(observe::Command::memory_write), e.data, e.wait.ps());
}

void PostedWrites::granted() {
    begin_head();
    if (count_ > 1) step_.arm_at(end_);
    if (blocked_) resume_.wake(owner_.now());
    blocked_ = false;
}

void PostedWrites::compete() {
    settle(owner_.now(), false);
    if (count_ == 0 || waiting) return;
    if (!under_way_)
        bus_.ask_since(*this, asked_of_head());
    else if (count_ > 1)
        step_.arm_at(end_);
}

/// A tenure ended, and others may be waiting.
void PostedWrites::step() {
    settle(owner_.now(), false);
    if (count_ > 0 && !under_way_ && !waiting && !alone()) bus_.ask_since(*this, asked_of_head());
}

Time PostedWrites::next_change() const {
    if (under_way_) return end_;
    if (waiting || !alone()) return Time::max();
    return bus_.uncontended(*this, asked_of_head(), at(0).duration).begin;
}

/// Lets time pass up to `until`, or less: whatever happens before comes first.
Time PostedWrites::wait(Time start, Time until) {
    Simulation& sim = owner_.simulation();
    if (until < sim.next_event()) return std::max(start, until);
    if (sim.kernel_now() < start) {
        resume_.wait_until(start);
    } else if (until != Time::max()) {
        resume_.wait_until(until);
    } else {
        blocked_ = true;
        resume_.wait_woken();
    }
    return sim.kernel_now();
}

Time PostedWrites::drain(Time start) {
    for (settle(start); count_ > 0; settle(start)) start = wait(start, next_change());
    return start;
}

/// Until when a master's tenure under way, or its lock, keeps a write there from being made; zero
/// where nothing does.
Time PostedWrites::kept_until(Time start, const MemoryAccess& access) const {
    const bool busy = bus_.busy_until_ > start;
    const SystemBus::Contender* ahead = bus_.locked_by_ ? bus_.locked_by_
                                        : busy          ? bus_.owner_
                                                        : nullptr;
    if (!ahead || ahead->processor || !ahead->reaches(access.address, access.bytes)) return {};
    // Between two tenures under one lock: until whatever begins the second.
    return busy ? bus_.busy_until_.get() : owner_.simulation().next_event();
}

Time PostedWrites::put(Time start, Time duration, const MemoryAccess& access) {
    Simulation& sim = owner_.simulation();
    if (sim.next_event() <= start) resume_.wait_until(start);
    for (;;) {
        bus_.give_way(start);
        settle(start);
        if (count_ == entries_.size())
            start = wait(start, next_change());
        else if (const Time until = kept_until(start, access); until > Time{})
            start = wait(start, until);
        else
            break;
    }
    const Time least = bus_.beats_time(access.address, access.bytes);
    entries_[(head_ + count_++) % entries_.size()] = {start,          duration,    duration - least,
                                                      access.address, access.data, access.bytes};
    stats.bytes += access.bytes;
    access.memory.traffic->bytes += access.bytes;
    settle(start);
    Simulation::LocalTime local{sim, start - sim.kernel_now()};
    if (count_ > under_way_)
        probe_.emit(start, observe::Kind::bus_request, access.address, access.bytes,
                    static_cast<uint64_t>(observe::Command::memory_write));
    if (!alone()) compete();
    return start + bus_.timing().clock.period();
}

}  // namespace sb::bus
