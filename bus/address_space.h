// SPDX-License-Identifier: Apache-2.0
//
// An address space: ranges of addresses, each claimed by one target. The machine has two, memory
// and ports. Ranges may be mapped and unmapped while the machine runs (PCI base addresses);
// overlapping ones are allowed, and the earlier mapped one wins: what the board decodes (memory,
// interrupt controllers, legacy ports) can not be hidden by a base address that a guest programs.
//
// Routes. A host bridge that has memory on one side and a bus on the other chooses, for parts of the
// space, which of the two answers; for reads and for writes apart (shadow RAM: the PAM registers of
// the 82441FX, 290549, PAM registers). Memory is what is mapped as writable direct memory; all else is the
// bus. Within a route, the first mapped of the side that it names wins.
//
// What `find` gives is a fragment: the part of a range around the address that answers reads, with
// direct memory of its own where it is a part, or may not be written through. So whoever accesses
// direct memory knows nothing of routes.
//
// What nobody claims reads as all ones, ignores writes, and is counted: PCI Local Bus Specification
// 2.2, 3.8.2 (master abort) as a PC's host bridge reports it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/bus_account.h"
#include "bus/target.h"
#include "sim/kernel/component.h"
#include "sim/kernel/counter.h"

namespace sb::bus {

class Dram;

/// Memory that is accessed by pointer. `page_flags` has one byte a 4 KiB page.
struct DirectMemory {
    static constexpr unsigned page_shift = 12;
    static constexpr uint8_t has_code = 1;  // set by a processor: tell it before the page changes

    uint8_t* host = nullptr;
    uint64_t size = 0;
    bool writable = false;
    unsigned first_wait_clocks = 0;  // wait states of a single access or of a burst's first beat
    unsigned next_wait_clocks = 0;   // of each further beat of a burst
    Dram* dram = nullptr;            // whose timing comes in place of flat data clocks, or null
    std::vector<uint8_t> page_flags;
    Traffic* traffic = &uncounted;  // where its bytes are counted, once it is mapped

    inline static Traffic uncounted{"uncounted", 0};
};

/// Told when a page that holds decoded code is about to be written by somebody else.
class CodeWatcher {
  public:
    virtual ~CodeWatcher() = default;
    virtual void code_written(uint64_t physical_page) = 0;
};

/// Where a range's target is, as a processor's access to it has to go: on the system bus; behind the
/// host bridge on PCI, by the clock in which it claims a transaction (PCI 2.2, 3.6.1); behind the
/// PCI-ISA bridge, which claims what nobody else does; or on PCI with the bus's phases counted in
/// the target's own time.
enum class Behind : uint8_t { board = 0, fast = 2, medium = 3, slow = 4, isa = 5, enclosed = 6 };

class AddressSpace : public Component, public Target {
  public:
    struct Range {
        uint64_t start = 0;
        uint64_t size = 0;
        unsigned outlet = 0;
        std::string name;
        bool free = false;               // takes no time and no bus: for observation only
        DirectMemory* direct = nullptr;  // where the range is memory
        uint64_t offset = 0;             // of a fragment: where in its target it begins
        Target* target = nullptr;        // what the outlet leads to
        Traffic* traffic = nullptr;      // of its name; stays when it is unmapped
        Behind behind = Behind::board;
        uint64_t last() const { return start + (size - 1); }
        bool holds(uint64_t address) const { return address - start < size; }
        /// On the memory side of a host bridge.
        bool is_memory() const { return direct && direct->writable; }
    };

    /// Who answers in a route: whoever was mapped first, memory, or the bus.
    enum class Side : uint8_t { first, memory, bus };

    AddressSpace(Simulation& sim, const std::string& name, uint64_t size);
    ~AddressSpace() override;

    /// Connects a target, before the simulation starts. Returns a number for `map`.
    unsigned attach(TargetSocket& socket);
    /// Maps a connected target, and returns the range's number for `unmap`.
    unsigned map(uint64_t start, uint64_t size, unsigned outlet, const std::string& name,
                 bool free = false, DirectMemory* direct = nullptr, Behind behind = Behind::board);
    void unmap(unsigned range);

    /// Declares a part of the space that a host bridge steers, and returns the route's number. Until
    /// it is set, the first mapped range wins there.
    unsigned add_route(uint64_t start, uint64_t size);
    void set_route(unsigned route, Side read, Side write);
    /// Ranges `a` and `b` claim the same addresses, and no route keeps them apart.
    bool conflict(const Range& a, const Range& b) const;

    /// The range that claims `address`, or null. Valid until the next map or unmap.
    const Range* find(uint64_t address) const {
        if (last_ && last_->holds(address)) return last_;
        return last_ = search(address);
    }
    /// A clash between ranges mapped at start, as text; empty where there is none.
    std::string clash(uint64_t start, uint64_t size) const;
    std::vector<const Range*> ranges() const;
    uint64_t size() const { return size_; }

    void transport(Payload& payload, sc_core::sc_time& delay) override;
    unsigned debug(Payload& payload) override;

    /// The bank of declared registers that alone answers an access, or null: who asks may then
    /// leave out the transport. `range` is what find() gave for the address.
    RegisterBank* bank_at(const Range& range, bool write, uint64_t address, unsigned bytes) const {
        const uint64_t last = address + (bytes - 1);
        if (last > range.last()) return nullptr;
        if (write && !routes_.empty()) {  // a host bridge may steer writes elsewhere
            const Piece& steered = piece(address);
            if (steered.write != &range || last > steered.last) return nullptr;
        }
        return range.target->register_bank(write, address - range.start + range.offset, bytes);
    }

    /// Bytes by the names of what was mapped; the first is what nobody claimed.
    const std::deque<Traffic>& traffic() const { return traffic_; }
    /// Where the bytes of an access to what find() gave are counted.
    Traffic& traffic_of(const Range* range) { return range ? *range->traffic : traffic_.front(); }

    void add_code_watcher(CodeWatcher& watcher) { watchers_.push_back(&watcher); }
    /// What up to 8 bytes of direct memory hold; 0 where they are not all of one.
    uint64_t peek_memory(uint64_t address, size_t bytes) const;
    /// Called by whoever writes direct memory, before or after the write.
    void wrote(DirectMemory& memory, const Range& range, uint64_t address, uint64_t bytes);
    /// The same for an access to this space, whatever ranges it touches.
    void wrote(uint64_t address, uint64_t bytes);
    /// Counts changes of the map: what was looked up before one may be stale.
    uint64_t generation() const { return generation_; }

  private:
    struct Route {
        uint64_t start, size;
        Side read = Side::first, write = Side::first;
        uint64_t last() const { return start + (size - 1); }
        bool holds(uint64_t address) const { return address - start < size; }
    };
    /// A part of the space with one owner for reads and one for writes, null where there is none.
    struct Piece {
        uint64_t start, last;
        const Range* read;
        const Range* write;
    };
    /// A part of a direct memory, or one without writing.
    struct View {
        const DirectMemory* of;
        uint64_t offset;
        std::unique_ptr<DirectMemory> memory;
    };
    const Piece& piece(uint64_t address) const;
    const Range* search(uint64_t address) const;
    void rebuild();
    const Range* owner(uint64_t address, Side side) const;
    const Range* fragment(const Range* range, const Piece& piece, bool writable);
    DirectMemory* view(DirectMemory& memory, uint64_t offset, uint64_t size, bool writable);
    void forget_code(const std::vector<Piece>& before);
    bool steered(uint64_t first, uint64_t last) const;
    void unclaimed(Payload& payload);
    Traffic& traffic_named(const std::string& name);
    void archive_traffic(Archive& archive);

    uint64_t size_;
    std::deque<Traffic> traffic_{{"unclaimed", 0}};
    std::vector<std::unique_ptr<InitiatorSocket>> outlets_;
    std::vector<Target*> targets_;  // by outlet
    std::vector<std::unique_ptr<Range>> mapped_;  // by range number; null where unmapped
    std::vector<Route> routes_;
    std::vector<Piece> pieces_;  // sorted, disjoint cover of the space
    std::vector<std::unique_ptr<Range>> fragments_;
    std::vector<View> views_;  // kept: who has a pointer to one may look again later
    mutable const Range* last_ = nullptr;
    std::vector<CodeWatcher*> watchers_;
    uint64_t generation_ = 0;
    Counter unclaimed_{*this, "unclaimed", "accesses", "accesses that no target claimed"};
};

}  // namespace sb::bus
