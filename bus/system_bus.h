// SPDX-License-Identifier: Apache-2.0
//
// The system bus: one transaction at a time, from processors (single accesses to memory and ports)
// and from bus masters (bursts). It is the place where contention happens and is counted.
//
// Timing. A single access takes `address_clocks` plus, for each bus-wide beat, `data_clocks` plus
// the wait states of the memory; an access to a device takes at least that, and else as long as the
// device says. A burst pays the address clocks once per tenure. The bus is not phase-locked: a
// transaction begins when it is requested and the bus is free, not on the next edge, unless it is
// `synchronous`. Where the owner changes, nobody's tenure begins until `turnaround_clocks` after the
// end of the last; what of that falls into idle time costs nothing.
// Defaults: Intel486 hardware reference, 2-clock single and 2-1-1-1 burst transfers.
//
// Arbitration happens when the bus falls free, never before, by a policy (bus/arbitration): a
// request of higher priority that comes earlier than that wins. Tenures are at most `longest_burst`
// beats long; a longer request competes again for each.
//
// How bus masters take it from processors (`DmaMode`), as courses teach it:
// - burst: tenures up to the longest burst, by the policy alone;
// - cycle stealing: one beat a tenure, and after each a processor that waits is next, whatever
//   the policy;
// - transparent: one beat a tenure, begun only while no processor waits, and abandoned, to be
//   repeated, when one asks before it ends. So no processor is ever delayed: none pays a turnaround
//   after such a beat either. A processor that leaves no gap as long as a beat starves the masters.
// Slots of time division go before these rules.
//
// A locked access (LOCK#) keeps the bus from all others between its transactions.
//
// Data of a burst is committed when its tenure ends. Nobody can see the difference: the bus is
// held.
//
// Uncontended accesses by processors take a path without any of this: see `ProcessorPort`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bus/address_space.h"
#include "bus/arbitration/policy.h"
#include "bus/bus_account.h"
#include "bus/snooper.h"
#include "sim/kernel/clock.h"
#include "sim/kernel/config.h"
#include "sim/observe/stream.h"

namespace sb::bus {

enum class DmaMode : uint8_t { burst, cycle_stealing, transparent };

struct SystemBusTiming {
    Clock clock{33'333'333};
    unsigned width = 4;  // bytes a beat
    unsigned address_clocks = 1;
    unsigned data_clocks = 1;
    unsigned longest_burst = 16;  // beats; 0: a whole request
    unsigned turnaround_clocks = 0;
    bool synchronous = false;
    DmaMode dma_mode = DmaMode::burst;
    std::string arbitration = "fixed";    // one of policy_names
    std::vector<std::string> tdma_slots;  // whose each is, of masters(); or `idle_slot`
    unsigned tdma_slot_clocks = 64;
    unsigned posted_writes = 0;  // entries of each processor's write buffer
};

/// How a master competes.
struct MasterSettings {
    MasterSettings(unsigned priority, unsigned weight = 1) : priority{priority}, weight{weight} {}
    /// From the keys that `master_keys` declares.
    explicit MasterSettings(const Config& config);
    unsigned priority;  // smaller numbers win
    unsigned weight;    // tenures in a round, by the policy `weighted`
};

/// The keys of a device that masters the bus.
std::vector<Key> master_keys(unsigned default_priority);

/// A processor's access to memory that it makes by pointer.
struct MemoryAccess {
    const DirectMemory& memory;
    uint64_t address;
    unsigned bytes;
    bool write;
    uint64_t data = 0;  // of a write
};

class Crossing;
class MasterPort;
class PostedWrites;
class ProcessorPort;

class SystemBus : public Component, public AccountedBus {
  public:
    /// A slot of nobody, and the name that means the processor's port whatever it is called.
    static constexpr const char* idle_slot = "idle";
    static constexpr const char* processor_slot = "processor";

    SystemBus(Simulation& sim, observe::Stream& stream, const std::string& name,
              SystemBusTiming timing, AddressSpace& memory, AddressSpace& ports);
    ~SystemBus() override;

    /// To be called once all masters are there: finds the owners of the slots. Throws `Error` where
    /// a slot's owner is not a master's name (or what stands before the point in it), or a processor
    /// has none.
    void assign_slots();

    AddressSpace& memory() { return memory_; }
    AddressSpace& ports() { return ports_; }
    const SystemBusTiming& timing() const { return timing_; }
    const ArbitrationPolicy& policy() const { return *policy_; }
    const std::vector<MasterStats*>& masters() const { return account_.masters(); }
    /// Accesses by processors to what is behind the host bridge go through `crossing`.
    void cross_by(Crossing& crossing) { crossing_ = &crossing; }
    /// The sum of all masters' tenures.
    Time held() const { return account_.held(); }
    BusSummary summary(Time at) override;

    /// How long `bytes` at `address` of this memory take in one tenure; of a DRAM, at most.
    Time memory_time(const DirectMemory& memory, uint64_t address, uint64_t bytes) const;
    /// How long a tenure takes that does begin at `start`: a DRAM's rows are left as it leaves them.
    Time begin_memory(const DirectMemory& memory, uint64_t address, uint64_t bytes, Time start) {
        if (!memory.dram) [[likely]]
            return memory_time(memory, address, bytes);
        return begin_dram(memory, address, bytes, start);
    }
    /// Caches that other masters' tenures must agree with.
    void add_snooper(Snooper& snooper) { snoopers_.push_back(&snooper); }
    /// The same without the memory's wait states.
    Time beats_time(uint64_t address, uint64_t bytes) const;
    /// How long an access to a device may take, which is not known before: by time division it has a
    /// whole slot, so that it never runs over where it fits into one.
    Time device_time() const {
        return policy_->by_time() ? policy_->longest_tenure() : least_time();
    }
    /// The least that any transaction takes.
    Time least_time() const {
        return timing_.clock.cycles(timing_.address_clocks + timing_.data_clocks);
    }

  private:
    friend class MasterPort;
    friend class PostedWrites;
    friend class ProcessorPort;

    /// One who can wait for the bus.
    struct Contender {
        virtual ~Contender() = default;
        /// The bus is theirs from `begins` on: now, or after a turnaround of `lost`.
        virtual void granted() = 0;
        /// How long the tenure will be; asked where the policy is one by time.
        virtual Time tenure_length() const { return {}; }
        /// The request reaches any of these bytes of memory.
        virtual bool reaches(uint64_t, uint64_t) const { return false; }
        /// The tenure under way was abandoned now.
        virtual void abandoned() {}
        unsigned index = 0;
        unsigned party = 0;  // index of who drives the bus for it: no turnaround within a party
        unsigned priority = 0;
        unsigned weight = 1;
        bool processor = false;
        uint64_t since = 0;  // order of asking
        Time asked;
        bool waiting = false;
        bool wants_lock = false;
        Time begins, lost;
        MasterStats stats;
        observe::Probe* probe = nullptr;
    };
    /// When a tenure can begin, and how much of the time before was lost to a turnaround.
    struct Start {
        Time begin, lost;
    };

    void join(Contender& contender);
    void ask(Contender& contender);
    void ask_since(Contender& contender, Time asked);
    void stop_asking(Contender& contender);
    bool free_at(Time t) const { return busy_until_ <= t && obstacles_ == 0 && !reserved_; }
    /// As free_at, with all that is special looked at.
    bool open_at(Time t, const Contender& contender) const;
    Start start_of(const Contender& contender, Time from) const;
    /// When an open bus is the contender's.
    Start uncontended(const Contender& contender, Time from, Time length) const;
    /// The bus belongs to `contender` from `start` for `duration`.
    void hold(Contender& contender, Time start, Time duration) {
        busy_until_ = start + duration;
        account_.hold(contender.stats, start, duration);
        owner_ = &contender;
    }
    /// The same by the long way: after a turnaround, or with a lock.
    void occupy(Contender& contender, Time duration);
    /// A contender that asked at `asked` has the bus from `begins` on.
    void note_start(Contender& contender, Time asked, Start start);
    void unlock(Contender& contender);
    /// Ends a hidden tenure under way for a processor that asks at `at`.
    void give_way(Time at);
    bool hidden(const Contender& contender) const {
        return timing_.dma_mode == DmaMode::transparent && !contender.processor &&
               !policy_->by_time();
    }
    /// A master other than a processor has the bus from `begins` on: what the caches write back
    /// goes before its tenure, which then begins later.
    void snoop(Contender& contender, bool write, uint64_t address, uint64_t bytes);
    uint64_t beats(uint64_t address, uint64_t bytes) const {
        // Beats are bus-wide and aligned: an access that straddles a boundary takes one more.
        return (address % timing_.width + bytes + timing_.width - 1) / timing_.width;
    }
    Time begin_dram(const DirectMemory& memory, uint64_t address, uint64_t bytes, Time start);
    std::string ports_of(const std::string& name) const;
    void gather();
    Contender& waiting_of(unsigned party);
    void arbitrate();
    void schedule_arbitration();
    Time align(Time t) const {
        return timing_.synchronous ? timing_.clock.cycles(timing_.clock.ceil(t)) : t;
    }
    void archive_masters(Archive& archive);

    SystemBusTiming timing_;
    AddressSpace& memory_;
    AddressSpace& ports_;
    observe::Probe probe_;
    Crossing* crossing_ = nullptr;
    std::unique_ptr<ArbitrationPolicy> policy_;
    std::vector<Contender*> contenders_;
    std::vector<PostedWrites*> posted_;
    std::vector<Snooper*> snoopers_;
    std::vector<Candidate> candidates_;
    bool processors_first_ = false;  // only they are candidates
    Time try_again_;                 // for candidates that must not begin yet
    BusAccount account_;
    State<Time> busy_until_{*this, "busy_until"};
    State<uint64_t> asked_{*this, "asked", 0};
    State<uint32_t> turn_{*this, "turn", Choice::nobody};  // whom the policy chose last
    Contender* owner_ = nullptr;      // of the last tenure
    Contender* locked_by_ = nullptr;  // LOCK#
    unsigned waiting_ = 0;
    // Those who wait, a lock, and settings with which no access is simple: while there are any, the
    // processor takes the long way.
    unsigned obstacles_ = 0;
    bool reserved_ = false;  // granted to a processor whose thread has not run yet
    Timer arbitration_;
};

}  // namespace sb::bus
