// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/journey.h"

#include <algorithm>
#include <iterator>

#include "sim/machine/machine.h"
#include "sim/observe/fold.h"

namespace sb::machine {
namespace {

using cpu::Cause;
using observe::Event;
using observe::Kind;
using What = Step::What;

constexpr size_t most_activity = 20'000;  // in one step, unfolded
constexpr size_t most_closed = 16;   // steps that a transaction may have begun in before it is told
constexpr size_t most_memory = 256;  // accesses that an interrupt's entry may have made

void add(CauseCycles& to, const CauseCycles& more) {
    for (size_t i = 0; i < to.size(); ++i) to[i] += more[i];
}

/// Steps of equal key are of one kind: who did what to what. Values, addresses and times differ.
uint64_t key_of(What what, const Event& event, const std::optional<Event>& reg) {
    uint64_t key =
        observe::joined_key(static_cast<uint64_t>(what), static_cast<uint64_t>(event.kind));
    const auto more = [&key](uint64_t v) { key = observe::joined_key(key, v); };
    if (reg) {
        more(static_cast<uint64_t>(reg->kind));
        more(reg->source);
        more(reg->values[0]);
        more(event.values[1]);
        return key;
    }
    more(event.source);
    switch (event.kind) {
        case Kind::access:
            more(event.values[0]);
            more(event.values[1]);
            more(event.values[3]);
            break;
        case Kind::burst:
            more(event.values[1]);
            more(event.values[3]);
            break;
        case Kind::pci:
            more(event.values[1]);
            more(event.values[3]);
            more(event.values[5]);
            break;
        case Kind::interrupt_return:
        case Kind::halt:
        case Kind::wake:
            break;
        default:  // a name, a level, a vector
            more(event.values[0]);
    }
    return key;
}

/// Kinds whose events are not worth a line each: they are counted and added up.
bool only_counted(Kind kind) { return kind == Kind::cache || kind == Kind::dram; }

/// The event's fields by what they mean; 0 where its kind has none of that name.
uint64_t field(const Event& event, const char* name) {
    const auto& fields = observe::info(event.kind).fields;
    for (size_t i = 0; i < fields.size(); ++i)
        if (std::string_view{fields[i].name} == name) return event.values[i];
    return 0;
}

Step happening(const Event& event) {
    Step step;
    step.event = event;
    step.key = key_of(What::event, event, std::nullopt);
    step.bytes = field(event, "bytes");
    step.duration = Time::ps(field(event, "duration"));
    step.last_address = field(event, "address");
    step.last_value = field(event, "value");
    return step;
}

std::vector<bus::BusSummary> summaries(Machine& machine, Time at) {
    std::vector<bus::BusSummary> list;
    for (bus::AccountedBus* bus : machine.chassis().board.buses) list.push_back(bus->summary(at));
    return list;
}

/// What a bus did from one account to another.
bus::BusSummary difference(bus::BusSummary now, const bus::BusSummary& before) {
    now.elapsed = now.elapsed - before.elapsed;
    now.turnaround = now.turnaround - before.turnaround;
    now.idle = now.idle - before.idle;
    for (size_t i = 0; i < now.masters.size() && i < before.masters.size(); ++i) {
        bus::MasterStats& master = now.masters[i];
        master.transactions -= before.masters[i].transactions;
        master.bytes -= before.masters[i].bytes;
        master.abandoned -= before.masters[i].abandoned;
        master.held = master.held - before.masters[i].held;
        master.waited = master.waited - before.masters[i].waited;
    }
    return now;
}

void add_to(std::vector<Step>& list, Step&& step) {
    for (Step& known : list)
        if (known.key == step.key) return observe::fold_details::absorb(known, std::move(step));
    list.push_back(std::move(step));
}

}  // namespace

void Step::merge(Step&& later) {
    times += later.times;
    if (!parts.empty()) return;
    add(cycles, later.cycles);
    least = std::min(least, later.least);
    most = std::max(most, later.most);
    same_value = same_value && later.same_value && last_value == later.last_value;
    last_value = later.last_value;
    last_address = later.last_address;
    bytes += later.bytes;
    duration += later.duration;
    waited += later.waited;
    memory += later.memory;
    pci.address += later.pci.address;
    pci.turnaround += later.pci.turnaround;
    pci.initial += later.pci.initial;
    pci.data += later.pci.data;
    pci.waits += later.pci.waits;
    pci.idle += later.pci.idle;
    for (Step& other : later.meanwhile) add_to(meanwhile, std::move(other));
}

CauseCycles Step::all_cycles() const {
    CauseCycles all = cycles;
    for (const Step& part : parts) add(all, part.all_cycles());
    return all;
}

CauseCycles Journey::cycles() const {
    CauseCycles all{};
    for (const Step& step : steps) add(all, step.all_cycles());
    return all;
}

JourneyRecorder::JourneyRecorder(Machine& machine, unsigned number)
    : machine_{machine}, number_{number}, meter_{machine.processor().attribution()} {
    enter({}, Time{});
}

observe::KindSet JourneyRecorder::kinds() {
    auto wanted = observe::KindSet{}.set();
    for (const Kind kind : {Kind::instruction, Kind::bus_request, Kind::turnaround})
        wanted.reset(static_cast<size_t>(kind));
    return wanted;
}

void JourneyRecorder::enter(const std::string& phase, Time at) {
    auto known = std::find_if(stays_.begin(), stays_.end(),
                              [&](const auto& entry) { return entry.first == phase; });
    if (known == stays_.end()) known = stays_.insert(stays_.end(), {phase, 0});
    now_ = Journey{};
    now_.phase = phase;
    now_.number = ++known->second;
    now_.start = at;
    now_.start_cycle = cycle_;
    full_ = false;
    buses_before_ = summaries(machine_, at);
    step_ = processor_step(What::run, {at, 0, Kind::phase, {}});
    step_.start = cycle_;
    activity_.clear();
    memory_.clear();
}

Step JourneyRecorder::processor_step(What what, const Event& event) const {
    const cpu::State& state = machine_.processor().state();
    Step step = happening(event);
    step.what = what;
    step.key = key_of(what, event, std::nullopt);
    step.function = machine_.symbols().find(state.segments[cpu::cs].base + state.eip);
    return step;
}

/// The step under way ends where `next` begins; the cycles that `next` brings with it are its own,
/// and so is what happened at its time already (a register's hook acts before the access is told).
void JourneyRecorder::begin(Step next) {
    CauseCycles spent = meter_.take();
    for (size_t i = 0; i < spent.size(); ++i) spent[i] -= std::min(spent[i], next.cycles[i]);
    add(step_.cycles, spent);
    cycle_ += sum(spent);
    next.start = cycle_;
    const Time start = begin_of(next);
    const auto from =
        std::stable_partition(activity_.begin(), activity_.end(),
                              [start](const Step& other) { return other.event.at < start; });
    step_.meanwhile.insert(step_.meanwhile.end(), std::make_move_iterator(activity_.begin()),
                           std::make_move_iterator(from));
    activity_.erase(activity_.begin(), from);
    for (const Access& access : memory_) (access.at < start ? step_ : next).memory += access.use;
    memory_.clear();
    last_pci_ = nullptr;
    close();
    cycle_ += sum(next.cycles);
    step_ = std::move(next);
}

void JourneyRecorder::close() {
    step_.least = step_.most = sum(step_.cycles);
    // The processor is told to go on, and the interrupt is taken at once: nothing of its own.
    const bool nothing = step_.what == What::wake || step_.what == What::run;
    if (nothing && step_.most == 0 && step_.meanwhile.empty() && step_.memory.accesses == 0) return;
    closed_.push_back(std::move(step_));
    if (closed_.size() <= most_closed) return;
    store(std::move(closed_.front()));
    closed_.pop_front();
}

void JourneyRecorder::store(Step step) {
    std::stable_sort(step.meanwhile.begin(), step.meanwhile.end(),
                     [](const Step& a, const Step& b) { return a.first_at() < b.first_at(); });
    observe::fold(step.meanwhile);
    std::vector<Step>& steps = now_.steps;
    if (!full_ && steps.size() >= most_steps) {
        observe::fold(steps);
        full_ = steps.size() >= most_steps / 2;
    }
    if (full_) {
        step.what = What::more;
        step.key = static_cast<uint64_t>(What::more);
    }
    if (!steps.empty() && steps.back().key == step.key)
        observe::fold_details::absorb(steps.back(), std::move(step));
    else
        steps.push_back(std::move(step));
}

Time JourneyRecorder::begin_of(const Step& step) const {
    return machine_.processor().clock().cycles(step.start);
}

void JourneyRecorder::leave(Time at) {
    begin({});
    for (Step& step : closed_) store(std::move(step));
    closed_.clear();
    now_.end = at;
    const Journey* known = kept_.contains(now_.phase) ? &kept_.at(now_.phase) : nullptr;
    const bool wanted =
        number_ ? now_.number == number_ : !known || now_.elapsed() > known->elapsed();
    if (!wanted) return;
    observe::fold(now_.steps);
    const std::vector<bus::BusSummary> buses = summaries(machine_, at);
    for (size_t i = 0; i < buses.size(); ++i)
        now_.buses.push_back(difference(buses[i], buses_before_[i]));
    kept_[now_.phase] = std::move(now_);
}

void JourneyRecorder::finish() {
    leave(machine_.processor().local_time());
    for (const auto& [phase, stays] : stays_)
        if (const auto kept = kept_.find(phase); kept != kept_.end()) kept->second.stays = stays;
}

std::vector<const Journey*> JourneyRecorder::journeys() const {
    std::vector<const Journey*> list;
    for (const auto& [phase, stays] : stays_)
        if (const auto kept = kept_.find(phase); kept != kept_.end()) list.push_back(&kept->second);
    return list;
}

void JourneyRecorder::event(const observe::Stream& stream, const Event& event) {
    switch (event.kind) {
        case Kind::phase: {
            const std::string& name = stream.name(event.values[0]);
            leave(event.at);
            enter(name == "none" ? "" : name, event.at);
            break;
        }
        case Kind::access:
            access(event);
            break;
        case Kind::interrupt: {
            // It is told when the handler is entered, and began `cycles` before.
            Step step = processor_step(What::interrupt, event);
            step.cycles[static_cast<size_t>(Cause::interrupt_entry)] = event.values[2];
            begin(std::move(step));
            break;
        }
        case Kind::interrupt_return: {
            Step step = processor_step(What::interrupt_return, event);
            step.cycles[static_cast<size_t>(Cause::interrupt_exit)] = event.values[1];
            begin(std::move(step));
            break;
        }
        case Kind::exception:
            begin(processor_step(What::exception, event));
            break;
        case Kind::halt:
            begin(processor_step(What::halt, event));
            break;
        case Kind::wake:
            begin(processor_step(What::wake, event));
            break;
        case Kind::pci_phases:
            phases(event);
            break;
        case Kind::abandon:
            abandon(event);
            break;
        default:
            activity(event);
    }
}

bool JourneyRecorder::is_memory(const Event& access) const {
    const auto command = static_cast<observe::Command>(access.values[3]);
    if (command != observe::Command::memory_read && command != observe::Command::memory_write)
        return false;
    const auto* range = machine_.chassis().bus.memory().find(access.values[0]);
    return range && range->direct;
}

/// Which step it is of is known when the next one begins: an interrupt's entry is told at its end.
void JourneyRecorder::memory_access(const Event& event) {
    const Time waited = std::exchange(waits_[event.source], Time{});
    memory_.push_back({event.at, {1, event.values[1], Time::ps(event.values[2]), waited}});
    if (memory_.size() < most_memory) return;
    const auto half = memory_.begin() + most_memory / 2;
    for (auto old = memory_.begin(); old != half; ++old) step_.memory += old->use;
    memory_.erase(memory_.begin(), half);
}

/// A register access tells itself after what it set off. Of an index and its data register, the one
/// behind is what is accessed: it is told last when written, else first.
void JourneyRecorder::access(const Event& event) {
    if (is_memory(event)) return memory_access(event);
    Step step = processor_step(What::access, event);
    const auto is_register = [&](const Step& s) {
        return s.event.at == event.at &&
               (s.event.kind == Kind::register_read || s.event.kind == Kind::register_write);
    };
    for (const Step& s : activity_)
        if (is_register(s) && (!step.reg || s.event.kind == Kind::register_write))
            step.reg = s.event;
    if (step.reg) {
        step.key = key_of(What::access, event, step.reg);
        step.last_value = step.reg->values[1];
        std::erase_if(activity_, [&](const Step& s) {
            return is_register(s) && s.event.kind == step.reg->kind &&
                   s.event.source == step.reg->source && s.event.values[0] == step.reg->values[0];
        });
    }
    begin(std::move(step));
}

void JourneyRecorder::activity(const Event& event) {
    if (event.kind == Kind::bus_wait) {
        waits_[event.source] = Time::ps(event.values[0]);
        return;
    }
    Step step = happening(event);
    step.start = cycle_;
    if (event.kind == Kind::burst || event.kind == Kind::pci)
        step.waited = std::exchange(waits_[event.source], Time{});
    if (event.kind == Kind::pci) {
        step.target = target_of(event);
        if (event.at < begin_of(step_)) return late(std::move(step));
    }
    if (only_counted(event.kind)) return add_to(step_.meanwhile, std::move(step));
    activity_.push_back(std::move(step));
    last_pci_ = event.kind == Kind::pci ? &activity_.back() : nullptr;
    if (activity_.size() < most_activity || last_pci_) return;
    // So much without a step: what is folded belongs to the step under way.
    observe::fold(activity_);
    for (Step& old : activity_) step_.meanwhile.push_back(std::move(old));
    activity_.clear();
    observe::fold(step_.meanwhile);
    if (step_.meanwhile.size() < most_activity) return;
    std::vector<Step> counted;
    for (Step& old : step_.meanwhile) add_to(counted, std::move(old));
    step_.meanwhile = std::move(counted);
}

/// A PCI transaction is told when it has ended: it belongs to the step in which it began.
void JourneyRecorder::late(Step step) {
    auto began = closed_.rbegin();
    while (began != closed_.rend() && begin_of(*began) > step.event.at) ++began;
    Step& during = began != closed_.rend() ? *began : closed_.empty() ? step_ : closed_.front();
    during.meanwhile.push_back(std::move(step));
    last_pci_ = &during.meanwhile.back();
}

void JourneyRecorder::phases(const Event& event) {
    Step* step = std::exchange(last_pci_, nullptr);
    if (!step || step->event.source != event.source) return;
    const auto [devsel, turnaround, initial, beats, waits, idle] = event.values;
    step->pci = {devsel, 1, turnaround, initial, beats, waits, idle};
    step->key = observe::joined_key(step->key, devsel);
}

/// The burst that was told when it began ended before its time, and moved nothing.
void JourneyRecorder::abandon(const Event& event) {
    for (std::vector<Step>* list : {&activity_, &step_.meanwhile})
        for (auto step = list->rbegin(); step != list->rend(); ++step) {
            if (step->event.kind != Kind::burst || step->event.source != event.source) continue;
            if (!step->parts.empty() || step->times > 1) return;
            step->key = observe::joined_key(step->key, static_cast<uint64_t>(Kind::abandon));
            step->bytes = 0;
            step->duration = event.at - step->event.at;
            return;
        }
}

std::string JourneyRecorder::target_of(const Event& event) const {
    using observe::Command;
    const auto command = static_cast<Command>(event.values[3]);
    if (command == Command::message) return {};
    const bool ports = command == Command::port_read || command == Command::port_write ||
                       command == Command::configuration_read ||
                       command == Command::configuration_write;
    bus::SystemBus& bus = machine_.chassis().bus;
    const auto* range = (ports ? bus.ports() : bus.memory()).find(event.values[0]);
    return range ? range->name : "nobody";
}

}  // namespace sb::machine
