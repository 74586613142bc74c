// SPDX-License-Identifier: Apache-2.0
//
// The PCI bus itself: arbitration, transactions, and who has it when. Source: PCI Local Bus
// Specification 2.2, chapter 3. Functions master it by `pci::MasterPort`; a processor's accesses
// cross it (bus/crossing.h); the host bridge answers for memory (bus/pci_memory.h).
//
// A transaction, in clocks from its address phase on. The target claims in clock d (fast, medium,
// slow: 2, 3, 4; subtractive: 5; 3.6.1). A write's first data phase ends in clock d, a read's in d
// but not before 3 (turnaround, 3.3.1), plus the target's wait states; each further one takes a clock,
// and after the last one comes an idle clock (3.4.2; there are no fast back-to-back transactions):
//
//     1 address + 1 turnaround (read) + initial latency + N data + wait states + 1 idle
//
// Ends. The target disconnects where the next data phase would need more than 8 clocks (3.5.2), at
// the end of what it claims, and after each data phase of a fixed address; and retries where the
// first can not come within 16 (3.5.1.1). Nobody claims: the master ends after 5 clocks. The latency
// timer counts from the address phase. Once it has expired and another master has requested, the
// master ends with the data phase that completes next (3.5.3: "LT = total clocks - 2, so the timer
// expires in the next to last data phase", table 3-4); as a data phase takes at most 8 clocks, a
// tenure is at most LT + 8 clocks.
//
// Arbitration. A request is granted 2 clocks after it was made at the earliest (figures, section 1),
// hidden behind the transaction under way. The bus is parked at the host bridge: a processor's access
// that finds it idle waits for nothing. After a retry or disconnect the master takes its request
// away for 2 clocks, one of them the idle one (3.4.1, 3.3.3.2.2). Masters take turns: who follows
// the last one in the order of construction is first.
//
// Like the system bus, this one is not phase-locked: a transaction begins when it may, not on the
// next edge; within it all is whole clocks. Left out: parity, fast back-to-back, dual address
// cycles, cache support, Memory Write and Invalidate as an uncut line.
//
// Events, by the initiator: `request`, `bus-wait`, and at a transaction's end `pci` and `pci-phases`
// with the stamp of its address phase. devsel is the clock of the claim; the other five phases and
// the address clock sum up to the transaction, the idle clock included.
#pragma once

#include <memory>
#include <vector>

#include "bus/board.h"
#include "bus/crossing.h"
#include "sim/kernel/clock.h"

namespace sb::pci {

using namespace sb::bus;

class Bus;
class Function;
class HostMemory;
class MasterPort;

struct LocalBusTiming {
    Clock clock{33'333'333};
    unsigned width = 4;               // bytes
    unsigned arbitration_clocks = 2;  // from a request on an idle bus to the address phase
    unsigned bridge_devsel = 3;       // the clock in which the host bridge claims memory
    unsigned write_latency = 0;       // its wait states before the first data phase
    unsigned read_latency = 0;        // from data in the bridge to the data phase
    unsigned posting = 128;           // bytes of its buffer for writes
    unsigned prefetch = 64;           // bytes that it reads ahead
    bus::MasterSettings bridge{1};    // on the system bus: before the processor
};

/// How a transaction ended.
enum class End : uint8_t { completion, preempted, disconnect, retry, master_abort, target_abort };

class LocalBus final : public Component, public Crossing, public AccountedBus {
  public:
    LocalBus(Board& board, Bus& functions, const LocalBusTiming& timing);
    ~LocalBus();

    const LocalBusTiming& timing() const { return timing_; }
    Board& board() { return board_; }
    HostMemory& memory() { return *memory_; }
    /// The PCI-ISA bridge has an LPC bus: its cycle takes the place of ISA's.
    void use_lpc(Time cycle) { isa_saving_ = isa_cycle_ - cycle; }
    BusSummary summary(Time at) override {
        return account_.summary(std::string{basename()}, timing_.clock.period(), at);
    }
    const std::vector<MasterStats*>& masters() const { return account_.masters(); }
    /// A name's number for the events of how transactions end.
    observe::Name name_of(End end) const { return end_names_[static_cast<size_t>(end)]; }

    void wait_for(Waiter& waiter) override;

  private:
    friend class HostMemory;
    friend class MasterPort;

    enum class Claim : uint8_t { nobody, memory, function, message };
    enum class Phase : uint8_t { none, decode, first, waiting, beats, ending };

    struct Contender {
        bool waiting = false;
        Time asked;
        Time from;  // may be granted from here on
    };
    /// The transaction under way.
    struct Transaction {
        int32_t master = -1;
        Phase phase = Phase::none;
        Claim claim = Claim::nobody;
        bool write = false, fixed = false, last = false, clipped = false;
        unsigned width = 4;
        Time start, contended, segment;
        Time first_end;  // of the first data phase
        uint64_t address = 0, first_address = 0;
        uint32_t left = 0, bytes = 0, moved = 0;
        unsigned devsel = 0, earliest = 0, beats = 0, data_phases = 0;
        uint64_t data = 0;
        End end = End::completion;
    };

    void join(MasterPort& port);
    void ask(MasterPort& port, Time from);
    void withdraw(MasterPort& port);
    void count_waiting();
    bool owns(const MasterPort& port) const;
    void abandon(MasterPort& port);
    void schedule();
    void arbitrate();
    void grant_processor();
    void contend(Time at);

    Time clocks(uint64_t n) const { return timing_.clock.cycles(n); }
    Time edge(Time at) const;
    void begin(MasterPort& port);
    void decode();
    void step();
    void try_data();
    void begin_segment();
    uint32_t offered() const;
    void cut(Time expiry);
    void segment_done();
    void function_beat();
    void function_done();
    void finish(End end);
    void report(const MasterPort& port, End end);
    void crossed(const Access& access, Behind behind, Time start, Time duration) override;

    /// Of the host bridge's memory side: there is data, or room.
    void memory_ready();
    void memory_drained();
    void archive_all(Archive& archive);

    Board& board_;
    Bus& functions_;
    LocalBusTiming timing_;
    std::unique_ptr<HostMemory> memory_;
    std::vector<MasterPort*> ports_;
    Contender processor_;
    Waiter* waiter_ = nullptr;
    bool waiter_drains_ = false;  // it has the bus, and waits for what is posted
    int32_t last_ = -1;           // whose turn it was
    Transaction t_;
    Traffic* to_memory_ = nullptr;
    Traffic* to_messages_ = nullptr;
    std::array<observe::Name, 6> end_names_{};
    Timer arbitration_;
    Timer step_;
};

}  // namespace sb::pci
