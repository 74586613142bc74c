// SPDX-License-Identifier: Apache-2.0
//
// The stream carries events from the components' probes to its sinks, at once and in order. Where
// no sink wants a kind, a probe's test of one bit is all that it costs.
#pragma once

#include <bitset>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/observe/event.h"

namespace sb {
class Simulation;
}

namespace sb::observe {

using KindSet = std::bitset<static_cast<size_t>(Kind::count_)>;

class Merge;
class Stream;

/// Something that consumes events. It must outlive the stream's last event.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual void event(const Stream& stream, const Event& event) = 0;
};

class Stream {
  public:
    Stream();
    ~Stream();

    /// Sends the given kinds to `sink`, from the given sources (as a range [first, last) of their
    /// numbers) or all. Before the run. Where several machines run, a sink of one machine's sources gets its
    /// events at once, in their order; one of all sources gets them merged by time, later.
    void attach(Sink& sink, KindSet wanted, Source first = 0, Source last = any_source);
    bool wants(Kind kind) const { return wanted_[static_cast<size_t>(kind)]; }
    bool wants_any() const { return wanted_.any(); }
    void emit(const Event& event) {
        if (merge_) [[unlikely]]
            hold(event);
        else
            hand_on(event);
    }

    /// Several machines run in turns: from now on their events are put together in an order that
    /// does not depend on the turns (merge.h).
    void merge(const Simulation& sim);
    /// Hands on what is still held back, at the end of a run.
    void flush();

    /// The source gets the present prefix before its name.
    Source add_source(const std::string& name);
    /// What all sources that are added from now on have before their names.
    void set_prefix(const std::string& prefix) { prefix_ = prefix; }
    /// The number of a name that events may carry; the same string gives the same number.
    Name intern(const std::string& name);
    const std::string& source_name(Source source) const { return sources_[source]; }
    const std::string& name(uint64_t index) const;
    size_t sources() const { return sources_.size(); }

    /// The event's numbers as a person reads them: "register=STATUS value=0x50".
    std::string describe(const Event& event) const;

  private:
    friend class Merge;
    static constexpr Source any_source = static_cast<Source>(-1);
    struct Consumer {
        Sink* sink;
        KindSet wanted;
        Source first, last;
    };
    void hand_on(const Event& event);
    void hold(const Event& event);

    KindSet wanted_;
    std::vector<Consumer> consumers_;
    std::vector<std::string> sources_;
    std::vector<std::string> names_;
    std::map<std::string, Name> index_;
    std::string prefix_;
    std::unique_ptr<Merge> merge_;
};

/// One source's way into the stream.
class Probe {
  public:
    Probe(Stream& stream, const std::string& source)
        : stream_{&stream}, source_{stream.add_source(source)} {}

    bool wants(Kind kind) const { return stream_->wants(kind); }
    void emit(Time at, Kind kind, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0,
              uint64_t e = 0, uint64_t f = 0) const {
        if (stream_->wants(kind)) [[unlikely]]
            stream_->emit({at, source_, kind, {a, b, c, d, e, f}});
    }
    Stream& stream() const { return *stream_; }

  private:
    Stream* stream_;
    Source source_;
};

}  // namespace sb::observe
