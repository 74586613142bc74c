// SPDX-License-Identifier: Apache-2.0
//
// The stream carries events from the components' probes to its sinks, at once and in order. Where
// no sink wants a kind, a probe's test of one bit is all that it costs.
#pragma once

#include <bitset>
#include <map>
#include <string>
#include <vector>

#include "sim/observe/event.h"

namespace sb::observe {

using KindSet = std::bitset<static_cast<size_t>(Kind::count_)>;

class Stream;

/// Something that consumes events. It must outlive the stream's last event.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual void event(const Stream& stream, const Event& event) = 0;
};

class Stream {
  public:
    /// Sends the given kinds to `sink`. Before the run.
    void attach(Sink& sink, KindSet wanted);
    bool wants(Kind kind) const { return wanted_[static_cast<size_t>(kind)]; }
    void emit(const Event& event);

    Source add_source(const std::string& name);
    /// The number of a name that events may carry; the same string gives the same number.
    Name intern(const std::string& name);
    const std::string& source_name(Source source) const { return sources_[source]; }
    const std::string& name(uint64_t index) const;
    size_t sources() const { return sources_.size(); }

    /// The event's numbers as a person reads them: "register=STATUS value=0x50".
    std::string describe(const Event& event) const;

  private:
    struct Consumer {
        Sink* sink;
        KindSet wanted;
    };
    KindSet wanted_;
    std::vector<Consumer> consumers_;
    std::vector<std::string> sources_;
    std::vector<std::string> names_;
    std::map<std::string, Name> index_;
};

/// One source's way into the stream.
class Probe {
  public:
    Probe(Stream& stream, const std::string& source)
        : stream_{&stream}, source_{stream.add_source(source)} {}

    bool wants(Kind kind) const { return stream_->wants(kind); }
    void emit(Time at, Kind kind, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0,
              uint64_t d = 0, uint64_t e = 0, uint64_t f = 0) const {
        if (stream_->wants(kind)) [[unlikely]]
            stream_->emit({at, source_, kind, {a, b, c, d, e, f}});
    }
    Stream& stream() const { return *stream_; }

  private:
    Stream* stream_;
    Source source_;
};

}  // namespace sb::observe
