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
        case Kind::pci:
            more(event.values[1]);
            more(event.values[3]);
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
    for (const Kind kind :
         {Kind::instruction, Kind::bus_request, Kind::turnaround, Kind::pci_phases})
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
    bus_before_ = machine_.chassis().bus.summary(at);
    step_ = processor_step(What::run, {at, 0, Kind::phase, {}});
    step_.start = cycle_;
    activity_.clear();
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
    const Time start = machine_.processor().clock().cycles(cycle_);
    auto from = activity_.end();
    while (from != activity_.begin() && std::prev(from)->event.at >= start) --from;
    step_.meanwhile.insert(step_.meanwhile.end(), std::make_move_iterator(activity_.begin()),
                           std::make_move_iterator(from));
    activity_.erase(activity_.begin(), from);
    close();
    cycle_ += sum(next.cycles);
    step_ = std::move(next);
}

void JourneyRecorder::close() {
    observe::fold(step_.meanwhile);
    step_.least = step_.most = sum(step_.cycles);
    // The processor is told to go on, and the interrupt is taken at once: nothing of its own.
    const bool nothing = step_.what == What::wake || step_.what == What::run;
    if (nothing && step_.most == 0 && step_.meanwhile.empty()) return;
    std::vector<Step>& steps = now_.steps;
    if (!full_ && steps.size() >= most_steps) {
        observe::fold(steps);
        full_ = steps.size() >= most_steps / 2;
    }
    if (full_) {
        step_.what = What::more;
        step_.key = static_cast<uint64_t>(What::more);
    }
    if (!steps.empty() && steps.back().key == step_.key)
        observe::fold_details::absorb(steps.back(), std::move(step_));
    else
        steps.push_back(std::move(step_));
}

void JourneyRecorder::leave(Time at) {
    begin({});
    now_.end = at;
    const Journey* known = kept_.contains(now_.phase) ? &kept_.at(now_.phase) : nullptr;
    const bool wanted =
        number_ ? now_.number == number_ : !known || now_.elapsed() > known->elapsed();
    if (!wanted) return;
    observe::fold(now_.steps);
    const bus::BusSummary bus = machine_.chassis().bus.summary(at);
    now_.turnaround = bus.turnaround - bus_before_.turnaround;
    now_.idle = bus.idle - bus_before_.idle;
    for (size_t i = 0; i < bus.masters.size(); ++i) {
        bus::MasterStats master = bus.masters[i];
        master.transactions -= bus_before_.masters[i].transactions;
        master.bytes -= bus_before_.masters[i].bytes;
        master.held = master.held - bus_before_.masters[i].held;
        master.waited = master.waited - bus_before_.masters[i].waited;
        now_.masters.push_back(master);
    }
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
        default:
            activity(event);
    }
}

/// A register access tells itself after what it set off. Of an index and its data register, the one
/// behind is what is accessed: it is told last when written, else first.
void JourneyRecorder::access(const Event& event) {
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
    if (event.kind == Kind::burst) step.waited = std::exchange(waits_[event.source], Time{});
    step.start = cycle_;
    if (only_counted(event.kind)) return add_to(step_.meanwhile, std::move(step));
    activity_.push_back(std::move(step));
    if (activity_.size() < most_activity) return;
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

}  // namespace sb::machine
