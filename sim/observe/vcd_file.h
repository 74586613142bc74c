// SPDX-License-Identifier: Apache-2.0
//
// A value change dump (IEEE 1364-2005, clause 18), in picoseconds, of signals that are declared
// when they are first needed. The declarations stand at the file's beginning: room is kept for
// them there, and filled when the file is closed. (So the file must be a real one: a pipe is
// refused.)
//
// Texts are values of type `string`, an extension that GTKWave reads; characters that would end a
// value are written as it reads them back ("\x20").
//
// Within one time only a signal's last value is written. Before `from` nothing is written, but
// values are kept: they are the initial ones of the window. A change at `to` or later is dropped.
#pragma once

#include <map>
#include <unordered_map>

#include "sim/kernel/time.h"
#include "sim/observe/output_file.h"

namespace sb::observe {

class VcdFile {
  public:
    using Signal = uint32_t;
    using Text = uint32_t;
    static constexpr unsigned text_width = 0;
    static constexpr Signal none = ~Signal{0};

    struct Value {
        uint64_t bits = 0;  // or the number of a text
        bool floating = false;
        bool operator==(const Value&) const = default;
    };
    struct Declared {
        std::string scope;  // "system_bus.grant"
        std::string name;
        unsigned width = 1;
        Value value;    // now
        Value written;  // as the file has it
        Value initial;  // at the window's begin
        bool dirty = false;
        bool active = false;  // it changed within the window
        uint8_t id_length = 0;
        char id[6];
    };

    VcdFile(const std::string& path, Time from, Time to, size_t header_bytes = 256u << 10);

    /// `width` 0 is a text, 1 a bit. Scope and name are made into such as the format allows, and a
    /// name that is there already gets a number. Where the room for declarations is used up, gives
    /// `none`, which may be set like a signal: nothing is written.
    Signal add(const std::string& scope, const std::string& name, unsigned width, Value initial);
    Text text(const std::string& text);

    /// Changes of the present time; `advance` goes on to a later one.
    void set(Signal signal, uint64_t bits) { change(signal, {bits, false}); }
    void release(Signal signal) { change(signal, {0, true}); }
    void advance(Time to) {
        if (to <= now_) return;
        if (!dirty_.empty()) write_changes();
        now_ = to;
    }
    Time now() const { return now_; }
    Time from() const { return from_; }
    Time to() const { return to_; }

    /// Ends the dump at `end` (or at the window's end) and writes the declarations.
    void close(Time end);

    const std::vector<Declared>& signals() const { return signals_; }
    /// "southbridge.system_bus.owner"
    std::string path_of(const Declared& signal) const;
    uint64_t refused() const { return refused_; }
    OutputFile& file() { return file_; }
    const std::string& path() const { return file_.path(); }

  private:
    void change(Signal signal, Value value) {
        if (signal == none) return;
        Declared& declared = signals_[signal];
        declared.value = value;
        if (declared.dirty) return;
        declared.dirty = true;
        dirty_.push_back(signal);
    }
    void write_changes();
    void open_window();
    char* put_value(char* at, const Declared& signal, Value value) const;
    std::string header() const;

    OutputFile file_;
    Time from_;
    Time to_;
    Time now_;
    bool open_ = false;  // the window has begun
    size_t header_bytes_;
    size_t header_used_;
    uint64_t refused_ = 0;
    std::vector<Declared> signals_;
    std::vector<Signal> dirty_;
    std::vector<std::string> texts_;
    std::unordered_map<std::string, Text> text_index_;
    std::map<std::string, Signal> by_path_;
};

}  // namespace sb::observe
