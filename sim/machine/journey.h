// SPDX-License-Identifier: Apache-2.0
//
// The journey of one transfer: everything that happened in one stay of the guest in a phase, as
// steps of the processor. A step begins with what the processor does next to the outside (a
// register access, an interrupt, an IRET, HLT) and lasts until the next one begins, so the steps
// partition the stay: their cycles sum to its time exactly. What devices, buses and lines did
// meanwhile belongs to the step in which it began. The processor's accesses to memory are no steps:
// they are counted within the step.
//
// Everything comes from the event stream; the division of a step's cycles by cause is read from the
// processor's attribution when the event is emitted. No kind of device is known here.
//
// Each stay is recorded; of each phase the one asked for, or else the longest (of equals the
// first), is kept, folded (sim/observe/fold.h). Memory: a stay of more than `most_steps` steps that
// fold no further goes on as one last step, "and more"; the sums stay exact.
#pragma once

#include <deque>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bus/bus_account.h"
#include "sim/machine/cause_meter.h"
#include "sim/machine/loader.h"
#include "sim/observe/stream.h"

namespace sb::machine {

class Machine;

/// The processor's accesses to memory.
struct MemoryUse {
    uint64_t accesses = 0;
    uint64_t bytes = 0;
    Time held;    // on the system bus
    Time waited;  // for it

    void operator+=(const MemoryUse& more) {
        accesses += more.accesses;
        bytes += more.bytes;
        held += more.held;
        waited += more.waited;
    }
};

/// The clocks of PCI transactions: `Kind::pci_phases` says what each is.
struct PciClocks {
    uint64_t devsel = 0;  // of each of them: the clock of the claim; the address is in clock 1
    uint64_t address = 0, turnaround = 0, initial = 0, data = 0, waits = 0, idle = 0;

    uint64_t total() const { return address + turnaround + initial + data + waits + idle; }
};

/// One step of the processor, or one thing that happened meanwhile; or a group of such.
struct Step {
    enum class What : uint8_t {
        run,
        access,
        interrupt,
        interrupt_return,
        exception,
        halt,
        wake,
        more,
        event
    };

    uint64_t key = 0;
    uint64_t times = 1;
    std::vector<Step> parts;      // of a group, which has nothing else
    std::vector<Step> meanwhile;  // what others did while this step lasted

    What what = What::event;
    observe::Event event{};             // the first occurrence, with its values
    std::optional<observe::Event> reg;  // an access's register event, where a register answered
    const Symbol* function = nullptr;   // where the processor was
    CauseCycles cycles{};               // of all occurrences
    uint64_t least = 0, most = 0;       // cycles of the shortest and of the longest occurrence
    uint64_t start = 0;                 // cycle of the first, from the start of the run
    uint64_t last_value = 0;            // of the register
    bool same_value = true;
    uint64_t bytes = 0;
    Time duration;  // on a bus
    Time waited;    // for it
    uint64_t last_address = 0;
    MemoryUse memory;    // of a step of the processor
    PciClocks pci;       // of a PCI transaction
    std::string target;  // of a PCI transaction: what claims its address

    void merge(Step&& later);
    /// With its parts.
    CauseCycles all_cycles() const;
    uint64_t total() const { return sum(all_cycles()); }
    uint64_t first_cycle() const { return parts.empty() ? start : parts.front().first_cycle(); }
    Time first_at() const { return parts.empty() ? event.at : parts.front().first_at(); }
};

struct Journey {
    std::string phase;    // empty: outside of all named phases
    unsigned number = 1;  // the how manieth stay in the phase
    unsigned stays = 1;   // of how many in the run
    Time start, end;
    uint64_t start_cycle = 0;
    std::vector<Step> steps;
    std::vector<bus::BusSummary> buses;  // within the stay; the system bus first

    Time elapsed() const { return end - start; }
    CauseCycles cycles() const;
};

class JourneyRecorder final : public observe::Sink {
  public:
    static constexpr size_t most_steps = 200'000;

    /// `number`: which stay to keep of each phase; 0: the longest.
    JourneyRecorder(Machine& machine, unsigned number);
    /// What it wants of the stream.
    static observe::KindSet kinds();
    void event(const observe::Stream& stream, const observe::Event& event) override;
    /// The run has ended.
    void finish();

    /// By the order in which the guest first entered the phases.
    std::vector<const Journey*> journeys() const;
    /// How often each phase was entered, in the same order.
    const std::vector<std::pair<std::string, unsigned>>& stays() const { return stays_; }

  private:
    void enter(const std::string& phase, Time at);
    void leave(Time at);
    void begin(Step next);
    void close();
    void store(Step step);
    void access(const observe::Event& event);
    bool is_memory(const observe::Event& access) const;
    void memory_access(const observe::Event& event);
    void activity(const observe::Event& event);
    void late(Step step);
    void phases(const observe::Event& event);
    void abandon(const observe::Event& event);
    std::string target_of(const observe::Event& event) const;
    Time begin_of(const Step& step) const;
    Step processor_step(Step::What what, const observe::Event& event) const;

    Machine& machine_;
    const unsigned number_;
    CauseMeter meter_;
    uint64_t cycle_ = 0;  // that the meter has seen
    Journey now_;
    std::vector<bus::BusSummary> buses_before_;
    Step step_;                   // under way
    std::vector<Step> activity_;  // since it began, in the order of events
    std::deque<Step> closed_;     // before it: what began in them may be told late
    struct Access {
        Time at;
        MemoryUse use;
    };
    std::vector<Access> memory_;             // the last ones: of this step, or of the next
    Step* last_pci_ = nullptr;               // its phases follow at once
    std::map<observe::Source, Time> waits_;  // before the tenure that follows
    bool full_ = false;
    std::vector<std::pair<std::string, unsigned>> stays_;
    std::map<std::string, Journey> kept_;
};

/// For a person: a table of the steps, and what they add up to.
std::string journey_text(const Journey& journey, const Machine& machine);
/// The same as data. Times are picoseconds.
nlohmann::ordered_json journey_json(const Journey& journey, const Machine& machine);

}  // namespace sb::machine
