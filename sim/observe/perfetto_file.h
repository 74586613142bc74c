// SPDX-License-Identifier: Apache-2.0
//
// A trace in the JSON trace event format ("Trace Event Format", the Chromium project), which
// ui.perfetto.dev opens. Tracks are threads of processes. Times are microseconds with six decimals,
// so picoseconds, written from integers. (The viewer itself counts nanoseconds.)
//
// Slices of a track nest: a slice that begins or ends before the one that was written last on its
// track is moved to where that did. Slices that reach over the window's ends are cut there; what
// is outside of it is not written.
#pragma once

#include <initializer_list>
#include <unordered_map>

#include "sim/kernel/time.h"
#include "sim/observe/output_file.h"

namespace sb::observe {

class PerfettoFile {
  public:
    using Track = uint32_t;
    using Text = uint32_t;
    struct Argument {
        const char* key;
        uint64_t value;
        enum { decimal, hex, text } show;
    };
    using Arguments = std::initializer_list<Argument>;
    static constexpr Track none = ~Track{0};
    static constexpr size_t most_open = 64;  // slices within each other

    PerfettoFile(const std::string& path, Time from, Time to);

    void add_process(unsigned id, const std::string& name);
    Track add(unsigned process, const std::string& name);
    /// A name as it stands in JSON.
    Text text(const std::string& text);

    void begin(Track track, Time at, Text name);
    /// Ends the slice that began last, if any.
    void end(Track track, Time at);
    bool has_open(Track track) const { return !tracks_[track].open.empty(); }
    void slice(Track track, Time at, Time length, Text name, Arguments arguments = {});
    void instant(Track track, Time at, Text name, Arguments arguments = {});
    /// One step of a flow: 's' starts, 't' steps, 'f' ends, at the slice that is there at `at`.
    void flow(char phase, Track track, Time at, uint64_t id, Text name);
    /// Asynchronous slices: 'b' begins one, 'e' ends the innermost of that number. They may be written in any order; one
    /// that reaches over the window's ends is cut there, and the caller leaves out those that are outside of it.
    void async(char phase, unsigned process, Time at, uint64_t id, Text name, Arguments arguments = {});
    /// Something of that time is in the window.
    bool overlaps(Time begin, Time end) const { return begin < to_ && end >= from_; }
    void counter(unsigned process, Time at, Text name, uint64_t value);
    /// Ends what is open at `end`. Throws `Error` where the disk did not take all.
    void close(Time end);

    bool in_window(Time at) const { return from_ <= at && at < to_; }
    Time to() const { return to_; }
    OutputFile& file() { return file_; }

  private:
    struct TrackState {
        unsigned process;
        std::string place;  // ","pid":1,"tid":2,"ts":"
        Time last;
        std::vector<Text> open;
    };
    void open_window();
    /// Nothing was written yet that belongs into the window.
    void see(Time at) {
        if (!open_ && at >= from_) open_window();
    }
    void write_begin(const TrackState& track, Time at, Text name);
    void write_end(const TrackState& track, Time at);
    char* start(char phase, const TrackState& track, Time at, Text name, size_t more);
    char* put_arguments(char* at, Arguments arguments) const;
    size_t size_of(Arguments arguments) const;

    OutputFile file_;
    Time from_;
    Time to_;
    bool open_ = false;
    std::vector<TrackState> tracks_;
    std::vector<std::string> texts_;
    std::unordered_map<std::string, Text> text_index_;
};

}  // namespace sb::observe
