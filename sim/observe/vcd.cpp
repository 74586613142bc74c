// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/vcd.h"

#include <algorithm>

namespace sb::observe {
namespace {

constexpr uint64_t most_cached_names = 1u << 20;  // a number beyond is no name of the stream
constexpr VcdFile::Text blank = 0;

}  // namespace

VcdWriter::VcdWriter(const std::string& path, TraceSetup setup, Time from, Time to)
    : file_{path, from, to}, setup_{std::move(setup)} {
    for (size_t c = 0; c < commands_.size(); ++c) commands_[c] = file_.text(command_names[c]);
    executing_ = file_.text("executing");
    stalled_ = file_.text("stalled");
    entry_ = file_.text("interrupt-entry");
    exit_ = file_.text("interrupt-exit");
    halted_ = file_.text("halted");
    idle_ = file_.text("idle");
    turnaround_ = file_.text("turnaround");
    for (size_t s = 0; s < setup_.symbols.size(); ++s)
        symbols_.push_back(file_.text(setup_.symbols.name(s)));
    add_clocks(setup_.clocks);
}

void VcdWriter::add_clocks(const std::vector<TraceSetup::BusClock>& clocks) {
    for (const TraceSetup::BusClock& clock : clocks) {
        if (clock.scope == pci_bus) pci_period_ = clock.period;
        if (clock.period < Time::ps(2)) continue;
        if (file_.to() == Time::max() || (file_.to() - file_.from()) / clock.period > most_clocks) {
            notes_.push_back(fmt::format(
                "the clock of {} is not drawn: choose a window of at most {} ({} clocks) with "
                "--from and --to",
                clock.scope, to_string(clock.period * most_clocks), most_clocks));
            continue;
        }
        const Signal signal = file_.add(clock.scope, "clock", 1, {0, false});
        // Periods of odd length have their rising edges where they belong.
        const uint64_t first = file_.from() / clock.period;
        later(clock.period * first, Act::edge, static_cast<uint32_t>(clocks_.size()), 1);
        clocks_.push_back({signal, clock.period});
    }
}

void VcdWriter::later(Time at, Act act, uint32_t what, uint64_t value) {
    due_.push_back({at, order_++, act, what, value});
    std::push_heap(due_.begin(), due_.end());
}

/// Does what is due before or at `to`.
void VcdWriter::catch_up(Time to) {
    while (!due_.empty() && due_.front().at <= to) {
        std::pop_heap(due_.begin(), due_.end());
        const Due due = due_.back();
        due_.pop_back();
        file_.advance(due.at);
        act(due);
    }
}

void VcdWriter::act(const Due& due) {
    switch (due.act) {
        case Act::set:
            file_.set(due.what, due.value);
            break;
        case Act::release:
            file_.release(due.what);
            break;
        case Act::cpu_state:
            show_cpu_state();
            break;
        case Act::end_tenure:
            end_tenure(static_cast<uint32_t>(due.value), static_cast<Source>(due.what));
            break;
        case Act::edge: {
            const DrawnClock& clock = clocks_[due.what];
            file_.set(clock.signal, due.value & 1);
            const Time high = Time::ps(clock.period.ps() / 2);
            const Time next = due.value ? high : clock.period - high;
            if (due.at + next < file_.to())
                later(due.at + next, Act::edge, due.what, due.value ^ 1);
            break;
        }
    }
}

VcdWriter::PerSource& VcdWriter::of(const Stream& stream, Source source) {
    if (source >= sources_.size()) sources_.resize(std::max<size_t>(stream.sources(), source + 1));
    PerSource& known = sources_[source];
    if (!known.named) {
        known.named = true;
        const std::string& name = stream.source_name(source);
        known.name = file_.text(name);
        const auto& on_pci = setup_.pci_masters;
        known.on_pci = std::find(on_pci.begin(), on_pci.end(), name) != on_pci.end();
    }
    return known;
}

VcdWriter::Text VcdWriter::name(const Stream& stream, uint64_t name) {
    if (name >= most_cached_names) return file_.text(stream.name(name));
    if (name >= names_.size()) names_.resize(name + 1);
    if (names_[name] == 0) names_[name] = file_.text(stream.name(name));
    return names_[name];
}

VcdWriter::Signal VcdWriter::add_text(const std::string& scope, const char* name) {
    return file_.add(scope, name, VcdFile::text_width, {0, false});
}

VcdWriter::Signal VcdWriter::add_bits(const std::string& scope, const char* name, unsigned width) {
    return file_.add(scope, name, width, {0, width > 1});
}

void VcdWriter::event(const Stream& stream, const Event& event) {
    if (event.at >= file_.to()) return;
    catch_up(event.at);
    file_.advance(event.at);
    switch (event.kind) {
        case Kind::access:
        case Kind::burst:
            tenure(stream, event);
            break;
        case Kind::bus_request:
        case Kind::bus_wait:
            request(stream, event);
            break;
        case Kind::abandon:
            abandon(stream, event);
            break;
        case Kind::bus_lock:
            lock(event);
            break;
        case Kind::turnaround:
            turnaround(event);
            break;
        case Kind::pci:
            pci(stream, event);
            break;
        case Kind::pci_phases:
            pci_phases(stream, event);
            break;
        case Kind::phase:
        case Kind::interrupt:
        case Kind::exception:
        case Kind::interrupt_return:
        case Kind::halt:
        case Kind::wake:
            cpu_event(stream, event);
            break;
        case Kind::instruction:
            instruction(event);
            break;
        case Kind::acknowledge:
        case Kind::interrupt_message:
        case Kind::end_of_interrupt:
            interrupt_event(event);
            break;
        case Kind::register_read:
        case Kind::register_write:
            register_access(stream, event);
            break;
        case Kind::line:
            line(stream, event);
            break;
        case Kind::cache:
        case Kind::dram:
        case Kind::device:
            device(stream, event);
            break;
        case Kind::count_:
            break;
    }
}

void VcdWriter::close(Time end) {
    // What goes on beyond the end of the run is not drawn.
    catch_up(std::min(end, file_.to() - Time::ps(1)));
    file_.close(end);
    if (file_.refused() > 0)
        notes_.push_back(
            fmt::format("{} signals found no room among the declarations", file_.refused()));
}

// ---- The processor

void VcdWriter::cpu_there() {
    if (cpu_.there) return;
    cpu_.there = true;
    cpu_.state = file_.add("cpu", "state", VcdFile::text_width, {executing_, false});
    cpu_.phase = add_text("cpu", "phase");
    cpu_.exception = add_bits("cpu", "exception", 8);
}

void VcdWriter::show_cpu_state() {
    const Time now = file_.now();
    file_.set(cpu_.state, now < cpu_.entry_until     ? entry_
                          : now < cpu_.exit_until    ? exit_
                          : cpu_.halted              ? halted_
                          : now < cpu_.stalled_until ? stalled_
                                                     : executing_);
}

void VcdWriter::cpu_event(const Stream& stream, const Event& event) {
    cpu_there();
    switch (event.kind) {
        case Kind::phase:
            file_.set(cpu_.phase, name(stream, event.values[0]));
            return;
        case Kind::exception:
            file_.set(cpu_.exception, event.values[0]);
            later(event.at + setup_.cpu_period, Act::release, cpu_.exception);
            return;
        case Kind::interrupt:
            cpu_.entry_until = event.at + setup_.cpu_period * event.values[2];
            later(cpu_.entry_until, Act::cpu_state, 0);
            break;
        case Kind::interrupt_return:
            cpu_.exit_until = event.at + setup_.cpu_period * event.values[1];
            later(cpu_.exit_until, Act::cpu_state, 0);
            break;
        default:
            cpu_.halted = event.kind == Kind::halt;
            break;
    }
    show_cpu_state();
}

void VcdWriter::instruction(const Event& event) {
    cpu_there();
    const auto at = static_cast<uint32_t>(event.values[0] + event.values[3]);
    if (!cpu_.has_pc) {
        cpu_.has_pc = true;
        cpu_.pc = add_bits("cpu", "pc", 32);
        cpu_.symbol = add_text("cpu", "symbol");
    }
    file_.set(cpu_.pc, at);
    if (cpu_.here.holds(at) || setup_.symbols.empty()) return;
    cpu_.here = setup_.symbols.find(at);
    file_.set(cpu_.symbol, symbols_[cpu_.here.symbol]);
}

// ---- Interrupts, lines and devices

void VcdWriter::interrupts_there() {
    if (interrupts_.there) return;
    interrupts_.there = true;
    interrupts_.acknowledge = add_bits("interrupts", "inta", 1);
    interrupts_.vector = add_bits("interrupts", "vector", 8);
    interrupts_.message = add_bits("interrupts", "message", 1);
    interrupts_.message_vector = add_bits("interrupts", "message_vector", 8);
    interrupts_.end = add_bits("interrupts", "eoi", 1);
    interrupts_.end_vector = add_bits("interrupts", "eoi_vector", 8);
}

void VcdWriter::pulse(Signal signal, Signal vector, uint64_t number, Time length) {
    file_.set(signal, 1);
    file_.set(vector, number);
    later(file_.now() + std::max(length, setup_.cpu_period), Act::set, signal, 0);
}

void VcdWriter::interrupt_event(const Event& event) {
    interrupts_there();
    if (event.kind == Kind::acknowledge)
        pulse(interrupts_.acknowledge, interrupts_.vector, event.values[0],
              Time::ps(event.values[1]));
    else if (event.kind == Kind::interrupt_message)
        pulse(interrupts_.message, interrupts_.message_vector, event.values[0], {});
    else
        pulse(interrupts_.end, interrupts_.end_vector, event.values[0], {});
}

void VcdWriter::line(const Stream& stream, const Event& event) {
    Line& line = of(stream, event.source).line;
    if (line.signal == VcdFile::none) {
        line.signal = file_.add("lines", stream.source_name(event.source), 1, {0, false});
        line.changed = Time::max();
    }
    const Time shortest = Time::ps(1);
    // It came and went at one time: the level it went to is seen one picosecond later.
    if (line.changed == event.at)
        later(event.at + shortest, Act::set, line.signal, event.values[0] & 1);
    else
        file_.set(line.signal, event.values[0] & 1);
    line.changed = event.at;
}

void VcdWriter::device(const Stream& stream, const Event& event) {
    PerSource& source = of(stream, event.source);
    if (source.action == VcdFile::none) {
        const std::string scope = "devices." + stream.source_name(event.source);
        source.action = add_text(scope, "action");
        source.value = add_bits(scope, "value", 64);
    }
    file_.set(source.action, name(stream, event.values[0]));
    file_.set(source.value, event.kind == Kind::dram ? event.values[2] : event.values[1]);
    if (event.kind == Kind::device) return;
    // A cache's and a memory's actions have a length.
    const Time length = Time::ps(event.values[event.kind == Kind::dram ? 3 : 2]);
    later(event.at + std::max(length, Time::ps(1)), Act::set, source.action, blank);
}

void VcdWriter::register_access(const Stream& stream, const Event& event) {
    PerSource& source = of(stream, event.source);
    if (source.reg == VcdFile::none) {
        const std::string scope = "devices." + stream.source_name(event.source);
        source.reg = add_text(scope, "register");
        source.reg_value = add_bits(scope, "register_value", 64);
    }
    const uint64_t number = event.values[0];
    const bool write = event.kind == Kind::register_write;
    if (number >= registers_.size()) registers_.resize(std::min(number + 1, most_cached_names));
    Text text = number < registers_.size() ? registers_[number][write] : 0;
    if (text == 0) {
        text = file_.text((write ? "write " : "read ") + stream.name(number));
        if (number < registers_.size()) registers_[number][write] = text;
    }
    file_.set(source.reg, text);
    file_.set(source.reg_value, event.values[1]);
}

}  // namespace sb::observe
