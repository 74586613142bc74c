// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/perfetto_file.h"

#include <algorithm>

namespace sb::observe {
namespace {

constexpr size_t longest_record = 256;  // without names and arguments
constexpr size_t longest_argument = 64;
constexpr size_t longest_text = 400;

std::string json_text(const std::string& text) {
    std::string out = "\"";
    for (const char c : text.substr(0, longest_text)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte >= 0x20 && byte < 0x7f) {
            out += c;
        } else {
            // A guest's bytes may be in any encoding: each is taken for a character of its own.
            out += fmt::format("\\u{:04x}", byte);
        }
    }
    return out + '"';
}

/// Microseconds with six decimals: at most 21 characters.
char* put_time(char* at, Time time) {
    at = put_decimal(at, time.ps() / 1'000'000);
    uint64_t below = time.ps() % 1'000'000;
    *at = '.';
    for (int digit = 6; digit > 0; --digit) {
        at[digit] = static_cast<char>('0' + below % 10);
        below /= 10;
    }
    return at + 7;
}

}  // namespace

PerfettoFile::PerfettoFile(const std::string& path, Time from, Time to)
    : file_{path}, from_{from}, to_{to} {
    file_.text("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
    file_.text("{\"ph\":\"M\",\"pid\":0,\"name\":\"trace\",\"args\":{\"name\":\"southbridge\"}}");
}

void PerfettoFile::add_process(unsigned id, const std::string& name) {
    file_.text(fmt::format(
        ",\n{{\"ph\":\"M\",\"pid\":{0},\"name\":\"process_name\",\"args\":{{\"name\":{1}}}}}"
        ",\n{{\"ph\":\"M\",\"pid\":{0},\"name\":\"process_sort_index\","
        "\"args\":{{\"sort_index\":{0}}}}}",
        id, json_text(name)));
}

PerfettoFile::Track PerfettoFile::add(unsigned process, const std::string& name) {
    const size_t thread = tracks_.size() + 1;
    file_.text(
        fmt::format(",\n{{\"ph\":\"M\",\"pid\":{0},\"tid\":{1},\"name\":\"thread_name\","
                    "\"args\":{{\"name\":{2}}}}}"
                    ",\n{{\"ph\":\"M\",\"pid\":{0},\"tid\":{1},\"name\":\"thread_sort_index\","
                    "\"args\":{{\"sort_index\":{1}}}}}",
                    process, thread, json_text(name)));
    tracks_.push_back(
        {process, fmt::format("\",\"pid\":{},\"tid\":{},\"ts\":", process, thread), {}, {}});
    tracks_.back().open.reserve(most_open);
    return static_cast<Track>(tracks_.size() - 1);
}

PerfettoFile::Text PerfettoFile::text(const std::string& text) {
    auto [entry, fresh] = text_index_.try_emplace(text, static_cast<Text>(texts_.size()));
    if (fresh) texts_.push_back(json_text(text));
    return entry->second;
}

void PerfettoFile::open_window() {
    open_ = true;
    for (TrackState& track : tracks_) {
        track.last = std::max(track.last, from_);
        for (const Text name : track.open) write_begin(track, from_, name);
    }
}

/// A record up to its name; there is room for `more` characters behind it.
char* PerfettoFile::start(char phase, const TrackState& track, Time at, Text name, size_t more) {
    const std::string& text = texts_[name];
    char* out = file_.room(longest_record + text.size() + more);
    out = put(out, ",\n{\"ph\":\"");
    out = put(out, phase);
    out = put(out, track.place);
    out = put_time(out, at);
    out = put(out, ",\"name\":");
    return put(out, text);
}

size_t PerfettoFile::size_of(Arguments arguments) const {
    size_t size = longest_argument * arguments.size();
    for (const Argument& argument : arguments)
        if (argument.show == Argument::text) size += texts_[argument.value].size();
    return size;
}

char* PerfettoFile::put_arguments(char* at, Arguments arguments) const {
    if (arguments.size() == 0) return put(at, '}');
    at = put(at, ",\"args\":{");
    bool first = true;
    for (const Argument& argument : arguments) {
        at = put(at, first ? "\"" : ",\"");
        first = false;
        at = put(at, std::string_view{argument.key});
        at = put(at, "\":");
        if (argument.show == Argument::text) {
            at = put(at, texts_[argument.value]);
        } else if (argument.show == Argument::decimal) {
            at = put_decimal(at, argument.value);
        } else {
            *at++ = '"';
            at = put_hex(at, argument.value);
            *at++ = '"';
        }
    }
    return put(at, "}}");
}

void PerfettoFile::write_begin(const TrackState& track, Time at, Text name) {
    file_.filled(put(start('B', track, at, name, 1), '}'));
}

void PerfettoFile::write_end(const TrackState& track, Time at) {
    char* out = file_.room(longest_record);
    out = put(out, ",\n{\"ph\":\"E");
    out = put(out, track.place);
    out = put_time(out, at);
    file_.filled(put(out, '}'));
}

void PerfettoFile::begin(Track number, Time at, Text name) {
    see(at);
    TrackState& track = tracks_[number];
    if (track.open.size() == most_open || at >= to_) return;
    at = track.last = std::max(at, track.last);
    track.open.push_back(name);
    if (open_) write_begin(track, at, name);
}

void PerfettoFile::end(Track number, Time at) {
    see(at);
    TrackState& track = tracks_[number];
    if (track.open.empty()) return;
    at = track.last = std::min(std::max(at, track.last), to_);
    track.open.pop_back();
    if (open_) write_end(track, at);
}

void PerfettoFile::slice(Track number, Time at, Time length, Text name, Arguments arguments) {
    see(at + length);
    TrackState& track = tracks_[number];
    const Time begin = std::max({at, track.last, from_});
    const Time end = std::min(std::max(at + length, begin), to_);
    const bool outside = at >= to_ || at + length < from_ || (at < from_ && at + length == from_);
    if (outside) return;
    track.last = end;
    char* out = start('X', track, begin, name, size_of(arguments));
    out = put(out, ",\"dur\":");
    out = put_time(out, end - begin);
    file_.filled(put_arguments(out, arguments));
}

void PerfettoFile::instant(Track number, Time at, Text name, Arguments arguments) {
    see(at);
    if (!in_window(at)) return;
    char* out = start('i', tracks_[number], at, name, size_of(arguments));
    out = put(out, ",\"s\":\"t\"");
    file_.filled(put_arguments(out, arguments));
}

void PerfettoFile::flow(char phase, Track number, Time at, uint64_t id, Text name) {
    char* out = start(phase, tracks_[number], at, name, 0);
    out = put(out, ",\"cat\":\"interrupt\",\"bp\":\"e\",\"id\":");
    out = put_decimal(out, id);
    file_.filled(put(out, '}'));
}

void PerfettoFile::async(char phase, unsigned process, Time at, uint64_t id, Text name,
                         Arguments arguments) {
    const std::string& text = texts_[name];
    char* out = file_.room(longest_record + text.size() + size_of(arguments));
    out = put(out, ",\n{\"ph\":\"");
    out = put(out, phase);
    out = put(out, "\",\"cat\":\"packet\",\"pid\":");
    out = put_decimal(out, process);
    out = put(out, ",\"tid\":0,\"id\":\"");
    out = put_hex(out, id);
    out = put(out, "\",\"ts\":");
    out = put_time(out, std::clamp(at, from_, to_));
    out = put(out, ",\"name\":");
    out = put(out, text);
    file_.filled(put_arguments(out, arguments));
}

void PerfettoFile::counter(unsigned process, Time at, Text name, uint64_t value) {
    see(at);
    if (!in_window(at)) return;
    char* out = file_.room(longest_record + texts_[name].size());
    out = put(out, ",\n{\"ph\":\"C\",\"pid\":");
    out = put_decimal(out, process);
    out = put(out, ",\"ts\":");
    out = put_time(out, at);
    out = put(out, ",\"name\":");
    out = put(out, texts_[name]);
    out = put(out, ",\"args\":{\"value\":");
    out = put_decimal(out, value);
    file_.filled(put(out, "}}"));
}

void PerfettoFile::close(Time end) {
    for (TrackState& track : tracks_) {
        const Time last = std::min(std::max(end, track.last), to_);
        see(last);
        for (; !track.open.empty(); track.open.pop_back())
            if (open_) write_end(track, last);
    }
    file_.text("\n]}\n");
    file_.close();
}

}  // namespace sb::observe
