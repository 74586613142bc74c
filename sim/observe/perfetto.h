// SPDX-License-Identifier: Apache-2.0
//
// Draws the event stream as a timeline for Perfetto: the processor by phase, state, handler and
// function; each bus by owner; what devices do; lines; and an arrow for each interrupt from the
// rise of its line to its end; packets from stage to stage. docs/tracing.md has the list of tracks.
//
// It wants events in the order of their stamps (see `Ordered`), from the start on.
//
// An interrupt's way is known from vectors: an `interrupt-message` names its line by number, and
// the acknowledge, the handler and the EOI the vector. It is drawn when it has ended, or the run.
#pragma once

#include <array>
#include <optional>

#include "sim/observe/perfetto_file.h"
#include "sim/observe/perfetto_packets.h"
#include "sim/observe/stream.h"
#include "sim/observe/trace_setup.h"

namespace sb::observe {

class PerfettoWriter final : public Sink {
  public:
    enum Process : unsigned { processor = 1, buses, devices, lines, packets };

    PerfettoWriter(const std::string& path, TraceSetup setup, Time from, Time to);
    void event(const Stream& stream, const Event& event) override;
    /// The run ended at `end`. Throws `Error` where the disk did not take all.
    void close(Time end);
    OutputFile& output() { return file_.file(); }

  private:
    using Track = PerfettoFile::Track;
    using Text = PerfettoFile::Text;

    struct Step {
        Track track;
        Time at;
    };
    /// An interrupt on its way.
    struct Journey {
        std::array<Step, 5> steps;
        size_t count = 0;
        void add(Track track, Time at) {
            if (count < steps.size()) steps[count++] = {track, at};
        }
    };
    struct PerSource {
        bool named = false;
        Text name = 0;
        Text bytes_name = 0;
        uint64_t bytes = 0;
        Track device = PerfettoFile::none;
        Track line = PerfettoFile::none;
        Track waits = PerfettoFile::none;
        bool level = false;
        Time rose;
        bool fresh = false;  // its rise has no message yet
    };

    PerSource& of(const Stream& stream, Source source);
    Track device_track(const Stream& stream, Source source);
    Track once(Track& track, Process process, const char* name);
    Text name(const Stream& stream, uint64_t name);
    Text with_vector(std::vector<Text>& cache, const char* what, uint64_t vector);

    void tenure(const Stream& stream, const Event& event);
    void end_tenure(const Stream& stream);
    void draw_tenure(const Stream& stream, const Event& event);
    void abandon(const Event& event);
    void count_bytes(PerSource& source, const Event& event);
    void pci(const Stream& stream, const Event& event);
    void wait(const Stream& stream, const Event& event);
    void cpu_event(const Stream& stream, const Event& event);
    void instruction(const Event& event);
    void interrupt_event(const Stream& stream, const Event& event);
    void line(const Stream& stream, const Event& event);
    void device(const Stream& stream, const Event& event);
    void timed_action(const Stream& stream, const Event& event);
    void register_access(const Stream& stream, const Event& event);
    void packet(const Stream& stream, const Event& event);
    void draw(Journey& journey, uint64_t vector);

    PerfettoFile file_;
    TraceSetup setup_;
    std::vector<PerSource> sources_;
    std::vector<Text> names_;  // by the stream's number plus one, 0 where not known yet
    std::vector<std::array<Text, 2>> registers_;
    std::vector<Text> symbols_;
    std::vector<Text> handler_names_, acknowledge_names_, message_names_, end_names_,
        exception_names_, flow_names_;
    std::array<Text, static_cast<size_t>(Command::count_)> commands_;
    Text halted_, stalled_, entry_, exit_, turnaround_, asserted_, waits_, lock_, unlock_, unknown_;
    Track phase_ = PerfettoFile::none, state_ = PerfettoFile::none, handlers_ = PerfettoFile::none,
          function_ = PerfettoFile::none, system_bus_ = PerfettoFile::none,
          pci_ = PerfettoFile::none;
    Time entry_until_;
    std::optional<Event> under_way_;  // a burst, which may be abandoned yet
    const Stream* stream_ = nullptr;
    SymbolMap::Span here_;
    std::array<Journey, 256> pending_;  // by vector: sent, not acknowledged
    std::array<Journey, 256> serving_;  // acknowledged, not ended
    std::vector<std::optional<Source>> irq_lines_;
    uint64_t next_flow_ = 1;
    std::optional<PerfettoPackets> packets_;  // from the first one on
};

}  // namespace sb::observe
