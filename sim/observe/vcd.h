// SPDX-License-Identifier: Apache-2.0
//
// Draws the event stream as a waveform: what a logic analyser on the machine's wires would show,
// and the processor's state beside it. docs/tracing.md says what each signal means.
//
// It wants events in the order of their stamps (see `Ordered`), all of them from the start on: what
// is before the window gives the values at its begin.
//
// What the events do not say is drawn by rule, and documented: the wait states of a tenure are one
// piece at its end, those of a PCI transaction follow its first data phase. Lengths are exact.
// A level that came and went at one time is drawn 1 ps long.
#pragma once

#include <vector>

#include "sim/observe/stream.h"
#include "sim/observe/trace_setup.h"
#include "sim/observe/vcd_file.h"

namespace sb::observe {

class VcdWriter final : public Sink {
  public:
    static constexpr const char* system_bus = "system_bus";
    static constexpr const char* pci_bus = "pci";
    /// A clock is drawn where the window holds no more of its periods.
    static constexpr uint64_t most_clocks = 100'000;

    VcdWriter(const std::string& path, TraceSetup setup, Time from, Time to);
    void event(const Stream& stream, const Event& event) override;
    /// The run ended at `end`. Throws `Error` where the disk did not take all.
    void close(Time end);

    const VcdFile& file() const { return file_; }
    OutputFile& output() { return file_.file(); }
    /// What the user should know about the picture, a sentence each.
    const std::vector<std::string>& notes() const { return notes_; }

  private:
    using Signal = VcdFile::Signal;
    using Text = VcdFile::Text;

    enum class Act : uint8_t { set, release, cpu_state, end_tenure, edge };
    /// Something that happens later by itself.
    struct Due {
        Time at;
        uint64_t order;
        Act act;
        uint32_t what;  // a signal, a source, or a clock
        uint64_t value;
        bool operator<(const Due& o) const { return at > o.at || (at == o.at && order > o.order); }
    };
    struct Line {
        Signal signal = VcdFile::none;
        Time changed;
    };
    /// What one source of events has on the picture.
    struct PerSource {
        Signal request = VcdFile::none, grant = VcdFile::none;
        Signal pci_request = VcdFile::none, pci_grant = VcdFile::none;
        Signal action = VcdFile::none, value = VcdFile::none;
        Signal reg = VcdFile::none, reg_value = VcdFile::none;
        Text name = 0;
        bool named = false, asked = false, processor = false, on_pci = false;
        uint32_t tenure = 0;  // its present one of the system bus
        Line line;
        Event pci{};  // waits for its phases
    };
    /// 32 bits, and 32 more where ever a value needs them: short numbers fit into short tenures.
    struct Wide {
        Signal low = VcdFile::none, high = VcdFile::none;
    };
    struct Bus {
        bool there = false;
        Signal owner, command, wait, lock = VcdFile::none;
        Wide address, data;
        uint32_t tenure = 0;
    };
    struct PciBus {
        bool there = false;
        Signal initiator, command, frame, irdy, trdy, devsel, cbe, end;
        Wide ad;
    };
    struct Cpu {
        bool there = false;
        Signal state, phase, exception, pc, symbol;
        bool has_pc = false, halted = false;
        Time entry_until, exit_until, stalled_until;
        SymbolMap::Span here;
    };
    struct Interrupts {
        bool there = false;
        Signal acknowledge, vector, message, message_vector, end, end_vector;
    };
    struct DrawnClock {
        Signal signal;
        Time period;
    };

    void later(Time at, Act act, uint32_t what, uint64_t value = 0);
    void catch_up(Time to);
    void act(const Due& due);
    PerSource& of(const Stream& stream, Source source);
    Text name(const Stream& stream, uint64_t name);
    void add_clocks(const std::vector<TraceSetup::BusClock>& clocks);
    Signal add_text(const std::string& scope, const char* name);
    Signal add_bits(const std::string& scope, const char* name, unsigned width);

    Signal& high_part(Wide& wide, const char* scope, const char* name, uint64_t value);
    void set_wide(Wide& wide, const char* scope, const char* name, uint64_t value);
    void release_wide(const Wide& wide);
    void bus_there();
    void request(const Stream& stream, const Event& event);
    void tenure(const Stream& stream, const Event& event);
    void turnaround(const Event& event);
    void end_tenure(uint32_t tenure, Source source);
    void abandon(const Stream& stream, const Event& event);
    void lock(const Event& event);
    void pci_there();
    void pci(const Stream& stream, const Event& event);
    void pci_phases(const Stream& stream, const Event& event);

    void cpu_there();
    void cpu_event(const Stream& stream, const Event& event);
    void show_cpu_state();
    void instruction(const Event& event);
    void interrupts_there();
    void interrupt_event(const Event& event);
    void pulse(Signal signal, Signal vector, uint64_t number, Time length);
    void line(const Stream& stream, const Event& event);
    void device(const Stream& stream, const Event& event);
    void register_access(const Stream& stream, const Event& event);

    VcdFile file_;
    TraceSetup setup_;
    std::vector<Due> due_;  // a heap
    uint64_t order_ = 0;
    Time pci_period_;  // zero where it is not known
    std::vector<PerSource> sources_;
    std::vector<Text> names_;                     // by the stream's number, 0 where not known yet
    std::vector<std::array<Text, 2>> registers_;  // likewise: read and written
    std::vector<Text> symbols_;                   // by the symbol's number
    Bus bus_;
    PciBus pci_;
    Cpu cpu_;
    Interrupts interrupts_;
    std::vector<DrawnClock> clocks_;
    std::array<Text, static_cast<size_t>(Command::count_)> commands_;
    Text executing_, stalled_, entry_, exit_, halted_, idle_, turnaround_;
    std::vector<std::string> notes_;
};

}  // namespace sb::observe
