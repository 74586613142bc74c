// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/perfetto.h"

#include <algorithm>
#include <charconv>

namespace sb::observe {
namespace {

using Argument = PerfettoFile::Argument;
constexpr uint64_t most_cached_names = 1u << 20;  // a number beyond is no name of the stream
constexpr uint64_t most_lines = 256;

/// The number of a line that is called "irqN".
std::optional<uint64_t> irq_number(const std::string& name) {
    constexpr std::string_view prefix = "irq";
    if (!name.starts_with(prefix)) return std::nullopt;
    uint64_t number = 0;
    const char* end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + prefix.size(), end, number);
    if (read.ec != std::errc{} || read.ptr != end || number >= most_lines) return std::nullopt;
    return number;
}

}  // namespace

PerfettoWriter::PerfettoWriter(const std::string& path, TraceSetup setup, Time from, Time to)
    : file_{path, from, to}, setup_{std::move(setup)}, irq_lines_(most_lines) {
    file_.add_process(processor, "processor");
    file_.add_process(buses, "buses");
    file_.add_process(devices, "devices");
    file_.add_process(lines, "lines");
    for (size_t c = 0; c < commands_.size(); ++c) commands_[c] = file_.text(command_names[c]);
    for (size_t s = 0; s < setup_.symbols.size(); ++s)
        symbols_.push_back(file_.text(setup_.symbols.name(s)));
    halted_ = file_.text("halted");
    stalled_ = file_.text("stalled");
    entry_ = file_.text("interrupt entry");
    exit_ = file_.text("interrupt exit");
    turnaround_ = file_.text("turnaround");
    asserted_ = file_.text("asserted");
    waits_ = file_.text("waits");
    lock_ = file_.text("LOCK#");
    unlock_ = file_.text("LOCK# ends");
    unknown_ = file_.text("?");
}

PerfettoWriter::PerSource& PerfettoWriter::of(const Stream& stream, Source source) {
    if (source >= sources_.size()) sources_.resize(std::max<size_t>(stream.sources(), source + 1));
    PerSource& known = sources_[source];
    if (!known.named) {
        known.named = true;
        known.name = file_.text(stream.source_name(source));
        known.bytes_name = file_.text("bytes " + stream.source_name(source));
    }
    return known;
}

PerfettoWriter::Track PerfettoWriter::once(Track& track, Process process, const char* name) {
    if (track == PerfettoFile::none) track = file_.add(process, name);
    return track;
}

PerfettoWriter::Track PerfettoWriter::device_track(const Stream& stream, Source source) {
    return once(of(stream, source).device, devices, stream.source_name(source).c_str());
}

PerfettoWriter::Text PerfettoWriter::name(const Stream& stream, uint64_t name) {
    if (name >= most_cached_names) return unknown_;
    if (name >= names_.size()) names_.resize(name + 1);
    if (names_[name] == 0) names_[name] = file_.text(stream.name(name)) + 1;
    return names_[name] - 1;
}

PerfettoWriter::Text PerfettoWriter::with_vector(std::vector<Text>& cache, const char* what,
                                                 uint64_t vector) {
    vector &= 0xff;
    if (cache.empty())
        for (unsigned v = 0; v < 256; ++v)
            cache.push_back(file_.text(fmt::format("{} {:#04x}", what, v)));
    return cache[vector];
}

void PerfettoWriter::event(const Stream& stream, const Event& event) {
    if (event.kind == Kind::packet) packet(stream, event);  // it may have begun in the window
    if (event.at >= file_.to()) return;
    switch (event.kind) {
        case Kind::access:
        case Kind::burst:
            tenure(stream, event);
            break;
        case Kind::bus_wait:
            wait(stream, event);
            break;
        case Kind::abandon:
            abandon(event);
            break;
        case Kind::bus_lock:
            file_.instant(once(system_bus_, buses, "system bus"), event.at,
                          event.values[0] ? lock_ : unlock_);
            break;
        case Kind::turnaround:
            end_tenure(stream);
            file_.slice(once(system_bus_, buses, "system bus"), event.at, Time::ps(event.values[0]),
                        turnaround_);
            break;
        case Kind::pci:
            pci(stream, event);
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
            interrupt_event(stream, event);
            break;
        case Kind::register_read:
        case Kind::register_write:
            register_access(stream, event);
            break;
        case Kind::line:
            line(stream, event);
            break;
        case Kind::device:
            device(stream, event);
            break;
        case Kind::cache:
        case Kind::dram:
            timed_action(stream, event);
            break;
        case Kind::packet:
        case Kind::bus_request:  // a wait shows from when to when
        case Kind::pci_phases:
        case Kind::count_:
            break;
    }
}

// ---- Buses

void PerfettoWriter::tenure(const Stream& stream, const Event& event) {
    end_tenure(stream);
    if (event.kind == Kind::burst) {
        under_way_ = event;
        stream_ = &stream;
        return;
    }
    draw_tenure(stream, event);
    if (event.at < entry_until_) return;  // the entry's own accesses
    file_.slice(once(state_, processor, "state"), event.at, Time::ps(event.values[2]), stalled_);
}

/// Draws the burst before this one: its length is known now.
void PerfettoWriter::end_tenure(const Stream& stream) {
    if (!under_way_) return;
    const Event burst = *under_way_;
    under_way_.reset();
    draw_tenure(stream, burst);
    if (burst.values[1] > 0) count_bytes(of(stream, burst.source), burst);
}

/// It ends now, and moved nothing.
void PerfettoWriter::abandon(const Event& event) {
    if (!under_way_ || under_way_->source != event.source) return;
    under_way_->values[2] = (event.at - under_way_->at).ps();
    under_way_->values[1] = 0;
}

void PerfettoWriter::draw_tenure(const Stream& stream, const Event& event) {
    PerSource& source = of(stream, event.source);
    const auto& [address, bytes, duration, command, data, wait_time] = event.values;
    const Time length = Time::ps(duration);
    file_.slice(
        once(system_bus_, buses, "system bus"), event.at, length, source.name,
        {{"address", address, Argument::hex},
         {"bytes", bytes, Argument::decimal},
         {"command", command < commands_.size() ? commands_[command] : unknown_, Argument::text},
         {"data", data, Argument::hex},
         {"wait_ps", wait_time, Argument::decimal}});
}

void PerfettoWriter::count_bytes(PerSource& source, const Event& event) {
    source.bytes += event.values[1];
    file_.counter(buses, event.at + Time::ps(event.values[2]), source.bytes_name, source.bytes);
}

void PerfettoWriter::pci(const Stream& stream, const Event& event) {
    PerSource& source = of(stream, event.source);
    const auto& [address, bytes, duration, command, data, end] = event.values;
    file_.slice(
        once(pci_, buses, "PCI"), event.at, Time::ps(duration), source.name,
        {{"address", address, Argument::hex},
         {"bytes", bytes, Argument::decimal},
         {"command", command < commands_.size() ? commands_[command] : unknown_, Argument::text},
         {"data", data, Argument::hex},
         {"ended_by", name(stream, end), Argument::text}});
}

void PerfettoWriter::wait(const Stream& stream, const Event& event) {
    PerSource& source = of(stream, event.source);
    const std::string title = stream.source_name(event.source) + " waits";
    file_.slice(once(source.waits, buses, title.c_str()), event.at, Time::ps(event.values[0]),
                waits_);
}

// ---- The processor

void PerfettoWriter::cpu_event(const Stream& stream, const Event& event) {
    const Track state = once(state_, processor, "state");
    const Time at = event.at;
    switch (event.kind) {
        case Kind::phase:
            once(phase_, processor, "phase");
            file_.end(phase_, at);
            file_.begin(phase_, at, name(stream, event.values[0]));
            break;
        case Kind::interrupt: {
            const Time entry = setup_.cpu_period * event.values[2];
            const uint64_t vector = event.values[0] & 0xff;
            entry_until_ = at + entry;
            if (file_.has_open(state)) file_.end(state, at);
            file_.slice(state, at, entry, entry_);
            file_.begin(once(handlers_, processor, "handlers"), at,
                        with_vector(handler_names_, "interrupt", vector));
            if (serving_[vector].count > 0) serving_[vector].add(handlers_, at);
            break;
        }
        case Kind::exception:
            file_.instant(state, at, with_vector(exception_names_, "exception", event.values[0]),
                          {{"eip", event.values[1], Argument::hex},
                           {"error", event.values[2], Argument::hex}});
            break;
        case Kind::interrupt_return: {
            const Time exit = setup_.cpu_period * event.values[1];
            file_.slice(state, at, exit, exit_);
            if (handlers_ != PerfettoFile::none) file_.end(handlers_, at + exit);
            break;
        }
        case Kind::halt:
            if (!file_.has_open(state)) file_.begin(state, at, halted_);
            break;
        default:
            file_.end(state, at);
            break;
    }
}

void PerfettoWriter::instruction(const Event& event) {
    const auto at = static_cast<uint32_t>(event.values[0] + event.values[3]);
    if (here_.holds(at) || setup_.symbols.empty()) return;
    const size_t was = here_.symbol;
    here_ = setup_.symbols.find(at);
    once(function_, processor, "function");
    if (was != 0) file_.end(function_, event.at);
    if (here_.symbol != 0) file_.begin(function_, event.at, symbols_[here_.symbol]);
}

// ---- Interrupts, lines and devices

void PerfettoWriter::interrupt_event(const Stream& stream, const Event& event) {
    const uint64_t vector = event.values[0] & 0xff;
    const Track track = device_track(stream, event.source);
    Journey& pending = pending_[vector];
    Journey& serving = serving_[vector];
    const Argument argument{"vector", vector, Argument::hex};
    switch (event.kind) {
        case Kind::interrupt_message: {
            file_.slice(track, event.at, {}, with_vector(message_names_, "message", vector),
                        {argument, {"input", event.values[1], Argument::decimal}});
            if (pending.count > 0) return;  // it was asked for already
            const uint64_t input = event.values[1];
            if (input < irq_lines_.size() && irq_lines_[input]) {
                PerSource& line = sources_[*irq_lines_[input]];
                if (line.fresh)
                    pending.add(line.line, line.rose);
                else if (line.level)
                    pending.add(line.line, event.at);
                line.fresh = false;
            }
            pending.add(track, event.at);
            break;
        }
        case Kind::acknowledge:
            file_.slice(track, event.at, Time::ps(event.values[1]),
                        with_vector(acknowledge_names_, "acknowledge", vector), {argument});
            draw(serving, vector);  // one that never ended
            serving = pending;
            pending = {};
            serving.add(track, event.at);
            break;
        default:
            file_.slice(track, event.at, {}, with_vector(end_names_, "EOI", vector), {argument});
            if (serving.count == 0) return;
            serving.add(track, event.at);
            draw(serving, vector);
            break;
    }
}

/// The arrow of a journey, where it has at least two ends in the window.
void PerfettoWriter::draw(Journey& journey, uint64_t vector) {
    Journey seen;
    for (size_t i = 0; i < journey.count; ++i)
        if (file_.in_window(journey.steps[i].at))
            seen.add(journey.steps[i].track, journey.steps[i].at);
    journey = {};
    if (seen.count < 2) return;
    const Text title = with_vector(flow_names_, "interrupt", vector);
    for (size_t i = 0; i < seen.count; ++i)
        file_.flow(i == 0                ? 's'
                   : i + 1 == seen.count ? 'f'
                                         : 't',
                   seen.steps[i].track, seen.steps[i].at, next_flow_, title);
    ++next_flow_;
}

void PerfettoWriter::line(const Stream& stream, const Event& event) {
    PerSource& source = of(stream, event.source);
    const bool level = event.values[0] != 0;
    if (source.line == PerfettoFile::none) {
        source.line = file_.add(lines, stream.source_name(event.source));
        if (const auto number = irq_number(stream.source_name(event.source)))
            irq_lines_[*number] = event.source;
    }
    if (level == source.level) return;
    source.level = level;
    if (level) {
        source.rose = event.at;
        source.fresh = true;
        file_.begin(source.line, event.at, asserted_);
        return;
    }
    // A pulse without length would be no slice that an arrow could begin at.
    file_.end(source.line, std::max(event.at, source.rose + Time::ns(1)));
}

/// What a device says that it does lasts until it says something else.
void PerfettoWriter::device(const Stream& stream, const Event& event) {
    const Track track = device_track(stream, event.source);
    file_.end(track, event.at);
    file_.begin(track, event.at, name(stream, event.values[0]));
}

void PerfettoWriter::timed_action(const Stream& stream, const Event& event) {
    const Track track = device_track(stream, event.source);
    const Text action = name(stream, event.values[0]);
    if (event.kind == Kind::cache)
        file_.slice(track, event.at, Time::ps(event.values[2]), action,
                    {{"address", event.values[1], Argument::hex}});
    else
        file_.slice(track, event.at, Time::ps(event.values[3]), action,
                    {{"bank", event.values[1], Argument::decimal},
                     {"row", event.values[2], Argument::hex}});
}

void PerfettoWriter::register_access(const Stream& stream, const Event& event) {
    const Track track = device_track(stream, event.source);
    const bool write = event.kind == Kind::register_write;
    const uint64_t number = event.values[0];
    if (number >= registers_.size())
        registers_.resize(std::min<uint64_t>(number, most_cached_names) + 1);
    Text& text = registers_[std::min<uint64_t>(number, most_cached_names)][write];
    if (text == 0 || number >= most_cached_names)
        text = file_.text((write ? "write " : "read ") + stream.name(number));
    file_.instant(track, event.at, text, {{"value", event.values[1], Argument::hex}});
}

void PerfettoWriter::packet(const Stream& stream, const Event& event) {
    if (!packets_) {
        file_.add_process(packets, "packets");
        packets_.emplace(file_, packets);
    }
    packets_->event(stream, event);
}

void PerfettoWriter::close(Time end) {
    if (packets_) packets_->finish();
    if (stream_) end_tenure(*stream_);
    for (unsigned vector = 0; vector < serving_.size(); ++vector) {
        draw(serving_[vector], vector);
        draw(pending_[vector], vector);
    }
    file_.close(end);
}

}  // namespace sb::observe
