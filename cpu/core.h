// SPDX-License-Identifier: Apache-2.0
//
// The execution core: the state, the local time, and the ways to memory and ports that every
// operation's handler uses. It runs decoded blocks until its local time reaches `limit`, until
// something needs attention, or until the run ends. `Cpu` (cpu.h) owns it and gives it its thread.
//
// Time. `cycle` is the local time in cycles of the processor's clock, up to what was committed:
// inside a block the clocks of operations that ran are known from the block
// (`Operation::end_clocks`) and are added when the block is left, or by `commit` where the exact
// time is needed. Bus stalls are added as they happen. An instruction's bus accesses begin when the
// instruction does, one after the other; its own clocks follow.
//
// Faults. A guest fault abandons the instruction by longjmp to the run loop, which delivers it: no
// frame between holds anything with a destructor. Handlers change registers only after the last
// access that can fault, so every instruction can be restarted.
#pragma once

#include <csetjmp>
#include <cstring>
#include <utility>

#include "bus/line.h"
#include "cpu/attribution.h"
#include "cpu/block_cache.h"
#include "cpu/bus_unit.h"
#include "cpu/caches.h"
#include "cpu/decoder.h"
#include "cpu/descriptor.h"
#include "cpu/operation.h"
#include "cpu/page_tlb.h"
#include "cpu/short_way.h"
#include "cpu/state.h"
#include "cpu/timing.h"
#include "cpu/vectors.h"
#include "sim/observe/stream.h"

namespace sb::cpu {

class Core {
  public:
    Core(Component& owner, bus::ProcessorPort& port, const Model& model, Clock clock,
         bool memory_on_bus, Caches* caches, observe::Probe& probe);

    /// Runs from an instruction boundary to the next one at which the kernel must have its turn.
    void run();
    void refresh_limit();
    /// True where an interrupt would be taken at this boundary.
    bool interrupt_pending() const {
        return (s.nmi_pending && !s.nmi_masked) || (s.intr_line && s.interrupts_enabled());
    }
    /// Drops every decoded block and cached page: the map, or all of memory, may have changed.
    void forget_all();
    /// Drops what is remembered of the page tables.
    void flush_tlb(bool keep_global);
    /// The A20 gate moved: every address may mean another place.
    void address_lines_changed() {
        flush_short_way();
        new_epoch();
        attention = true;
    }
    void invalidate_page(uint32_t linear);
    /// Follows CPL, the code segment's size and the epoch: to be called where one of them changed.
    void refresh_mode();
    /// Some physical page was written by another master.
    void code_written(uint64_t physical_page);
    void memory_types_changed() { flush_short_way(); }
    /// Drops all lines, with or without writing the modified ones back.
    void flush_caches(bool write_back);

    // ---- What handlers use.

    State s;
    Attribution counts;
    const Model model;
    uint64_t cycle = 0;
    uint64_t limit = 0, cycle_bound = ~uint64_t{0};  // how far to run; and by whoever runs it
    bool attention = false, single = false;  // look around at the next boundary; one by one
    bool free_access = false;  // the access just made was one that takes no time at all
    uint32_t next_eip = 0;     // of the operation under way, where it is not part of a run
    bus::InterruptAcknowledge* acknowledge = nullptr;
    bool nmi_possible = false;
    DataTlb data_pages;
    CodeTlb code_pages;

    template <typename T>
    T reg(uint8_t offset) const {
        T v;
        std::memcpy(&v, reinterpret_cast<const uint8_t*>(s.regs.data()) + offset, sizeof v);
        return v;
    }
    template <typename T>
    void set_reg(uint8_t offset, T v) {
        std::memcpy(reinterpret_cast<uint8_t*>(s.regs.data()) + offset, &v, sizeof v);
    }
    uint32_t address(const Operation* op) const {
        return (s.regs[op->base] + (s.regs[op->index] << op->shift) + op->disp) & op->address_mask;
    }

    // Memory through a segment. All raise the architecture's faults.
    template <typename T>
    T read(const Operation* op, unsigned segment, uint32_t offset) {
        const Segment& g = s.segments[segment];
        if (uint64_t{offset} + sizeof(T) > g.read_end) [[unlikely]]
            check_segment(op, segment, offset, sizeof(T), false);
        return read_linear<T>(op, g.base + offset);
    }
    template <typename T>
    void write(const Operation* op, unsigned segment, uint32_t offset, T v) {
        const Segment& g = s.segments[segment];
        if (uint64_t{offset} + sizeof(T) > g.write_end) [[unlikely]]
            check_segment(op, segment, offset, sizeof(T), true);
        write_linear<T>(op, g.base + offset, v);
    }
    template <typename T>
    T load(const Operation* op) {
        return read<T>(op, op->segment, address(op));
    }
    template <typename T>
    void store(const Operation* op, T v) {
        write<T>(op, op->segment, address(op), v);
    }
    /// The first half of a read-modify-write: checks that the write will be allowed.
    template <typename T>
    T load_for_update(const Operation* op) {
        return read_for_update<T>(op, op->segment, address(op));
    }
    template <typename T>
    T read_for_update(const Operation* op, unsigned segment, uint32_t offset) {
        const Segment& g = s.segments[segment];
        if (uint64_t{offset} + sizeof(T) > g.write_end) [[unlikely]]
            check_segment(op, segment, offset, sizeof(T), true);
        update_linear_ = g.base + offset;
        const TlbEntry& e = tlb_now_[ShortWay::index(update_linear_)];
        if (((update_linear_ + uint32_t{sizeof(T)} - 1) & ~0xfffu) != e.write_tag) [[unlikely]]
            probe_write(op, update_linear_, sizeof(T));
        return read_linear<T>(op, update_linear_);
    }
    template <typename T>
    void store_update(const Operation* op, T v) {
        write_linear<T>(op, update_linear_, v);
    }
    // Memory by linear address, after segmentation.
    template <typename T>
    T read_linear(const Operation* op, uint32_t linear) {
        const TlbEntry& e = tlb_now_[ShortWay::index(linear)];
        if (((linear + uint32_t{sizeof(T)} - 1) & ~0xfffu) == e.read_tag) [[likely]] {
            T v;
            std::memcpy(&v, e.page + (linear & 0xfff), sizeof v);
            return v;
        }
        return static_cast<T>(read_slow(op, linear, sizeof(T)));
    }
    template <typename T>
    void write_linear(const Operation* op, uint32_t linear, T v) {
        const TlbEntry& e = tlb_now_[ShortWay::index(linear)];
        if (((linear + uint32_t{sizeof(T)} - 1) & ~0xfffu) == e.write_tag) [[likely]]
            std::memcpy(e.page + (linear & 0xfff), &v, sizeof v);
        else
            write_slow(op, linear, v, sizeof(T));
    }
    /// The processor's own accesses, to descriptor tables and task states: supervisor's at any CPL.
    template <typename T>
    T read_system(uint32_t linear) {
        be_supervisor();
        const T v = read_linear<T>(nullptr, linear);
        be_current();
        return v;
    }
    template <typename T>
    void write_system(uint32_t linear, T v) {
        be_supervisor();
        write_linear<T>(nullptr, linear, v);
        be_current();
    }
    /// The host's address of what is there, and how many bytes from there on may be accessed
    /// without any look; null where none.
    uint8_t* short_way(uint32_t linear, bool write, uint32_t& bytes) {
        const TlbEntry& e = tlb_now_[ShortWay::index(linear)];
        bytes = 0x1000 - (linear & 0xfff);
        return (write ? e.write_tag : e.read_tag) == (linear & ~0xfffu) ? e.page + (linear & 0xfff)
                                                                        : nullptr;
    }
    uint32_t stack_mask() const { return s.segments[ss].big ? 0xffffffff : 0xffff; }
    void set_sp(uint32_t sp) {
        const uint32_t mask = stack_mask();
        s.regs[esp] = (s.regs[esp] & ~mask) | (sp & mask);
    }
    template <typename T>
    void push(const Operation* op, T v) {
        const uint32_t sp = (s.regs[esp] - uint32_t{sizeof(T)}) & stack_mask();
        write<T>(op, ss, sp, v);
        set_sp(sp);
    }
    void push_sized(const Operation* op, uint32_t v, unsigned size);
    /// What `pop` would give, `skip` bytes above the top; the stack pointer stays.
    uint32_t peek(const Operation* op, uint32_t skip, unsigned size) {
        const uint32_t sp = (s.regs[esp] + skip) & stack_mask();
        return size == 4 ? read<uint32_t>(op, ss, sp) : read<uint16_t>(op, ss, sp);
    }

    uint32_t port_read(uint16_t port, unsigned bytes) { return port_access(false, port, 0, bytes); }
    void port_write(uint16_t port, uint32_t v, unsigned bytes) {
        port_access(true, port, v, bytes);
    }
    /// #GP where the I/O permission does not allow it.
    void check_port(uint16_t port, unsigned bytes);
    /// Which of a port row's four columns holds: real, low, high, virtual-8086.
    Row port_row(Row first) const;

    // Time and counts.
    void spend(uint64_t clocks, Cause cause = Cause::executing) {
        cycle += clocks;
        counts.add(cause, clocks);
        if (block_) block_->cycles += clocks;
    }
    void spend(Row row) { spend(model[row], cause_); }
    /// Brings the time and EIP to the start of `op`.
    void commit(const Operation* op);
    // Leaving a block, and entering the next one (chain.h).
    void retire(const Operation* op, unsigned more = 0);
    void branch(const Operation* op, uint32_t target);
    template <unsigned exit>
    const Operation* chain();
    const Operation* chain_anywhere();
    void watch_limit();
    uint32_t next_of(const Operation* op) const { return block_eip_ + op->end_offset; }
    /// Leaves a repeated instruction between two of its iterations, to be begun again.
    void pause() {
        next_eip = s.eip;
        paused_ = true;
    }
    /// Raises what a write there would raise.
    void check_write(unsigned segment, uint32_t offset, unsigned size) {
        if (uint64_t{offset} + size > s.segments[segment].write_end)
            check_segment(nullptr, segment, offset, size, true);
        probe_write(nullptr, s.segments[segment].base + offset, size);
    }
    /// Ends an operation that was committed by itself, at next_eip.
    void complete(const Operation* op);

    // Faults.
    [[noreturn]] void fault(uint8_t vector, uint32_t error = 0);
    [[noreturn]] void fault_at(const Operation* op, uint8_t vector, uint32_t error = 0) {
        commit(op);
        fault(vector, error);
    }
    /// An exception whose return address is the next instruction.
    [[noreturn]] void raise_after(uint8_t vector) {
        s.eip = next_eip;
        fault(vector);
    }
    [[noreturn]] void not_there(const char* what, uint8_t vector = invalid_opcode);

    // Segments and gates (segmentation.cpp, interrupt.cpp).
    using Descriptor = cpu::Descriptor;
    /// False where the selector points outside of its table.
    bool find_descriptor(uint16_t selector, Descriptor& found);
    Descriptor descriptor(uint16_t selector, uint8_t vector = general_protection,
                          uint32_t outside = 0);
    void load_segment(unsigned segment, uint16_t selector);
    Segment segment_from(uint16_t selector, const Descriptor& d) const;
    void far_jump(uint16_t selector, uint32_t offset, unsigned size, bool indirect);
    void far_call(uint16_t selector, uint32_t offset, unsigned size, bool indirect);
    void far_return(unsigned size, uint32_t release);
    void interrupt_return(unsigned size);
    /// INT n; INT3 and INTO; what the processor raises; an interrupt line.
    enum class Source : uint8_t { external, software, trap, exception };
    /// Goes through the IDT. The time spent is interrupt entry.
    void interrupt(uint8_t vector, Source source, bool has_error = false, uint32_t error = 0);

    /// POPF and IRET: the flags that the privilege level allows.
    void load_flags(uint32_t v, unsigned size, bool with_rf);
    /// After a load of SS: neither interrupts nor traps before the next instruction.
    void shadow_stack_load() { s.shadow = s.trap_shadow = attention = true; }
    unsigned debug_register(unsigned n);
    void set_debug_register(unsigned n, uint32_t v);
    void halt();
    void wait_for_error_interrupt();
    void drive_ferr();
    void set_phase(uint8_t phase);
    void set_cr0(uint32_t v);
    void set_cr3(uint32_t v);
    void set_cr4(uint32_t v);
    /// Finds what is at a guest address without time or side effects; 0 bytes where nothing is.
    unsigned peek_code(uint32_t linear, uint8_t* bytes, unsigned n);

    Component& owner() { return owner_; }
    BusUnit& bus() { return bus_; }
    BlockCache& blocks() { return blocks_; }
    observe::Probe& probe() { return probe_; }
    Time local_time() const { return clock_.cycles(cycle); }
    bool lockstep() const { return lockstep_; }

    /// The blocks that ran last, oldest first.
    static constexpr unsigned trace_length = 16;
    std::array<BlockRun, trace_length> trace{};
    unsigned trace_next = 0;

  private:
    static constexpr uint32_t no_tag = TlbEntry::no_tag;
    static constexpr uint64_t longest_run = 4'000'000;  // cycles without looking for a stop request

    // Far transfers (segmentation.cpp, transfer.cpp).
    static bool within(const Segment& g, uint32_t offset, unsigned size);
    NewStack same_stack() const;
    NewStack inner_stack(unsigned level, uint32_t outside);
    void push_on(NewStack& stack, uint32_t v, unsigned size);
    void take_stack(const NewStack& stack);
    Segment paragraph_segment(unsigned segment, uint16_t selector) const;
    Segment data_segment(uint16_t selector, uint8_t vector);
    Segment stack_segment(uint16_t selector, unsigned level, uint8_t vector, uint32_t outside);
    void load_code(uint16_t selector, const Descriptor& d, unsigned level);
    void mark_accessed(Descriptor& d);
    void drop_inner_segments();
    void enter_paragraph(uint16_t selector, uint32_t offset);
    void enter_outer(uint16_t selector, const Descriptor& d, const Segment& stack, uint32_t sp);
    Descriptor far_target(uint16_t selector);
    Descriptor gate_target(const Descriptor& gate);
    Descriptor return_target(uint16_t selector);
    void call_gate(const Descriptor& gate);

    // Tasks (task.cpp).
    enum class Switch : uint8_t { jump, call, back };
    void switch_task(uint16_t selector, const Descriptor& named, Switch how, uint32_t outside = 0);
    Descriptor task_of(uint16_t& selector, const Descriptor& d, uint32_t outside);
    void set_busy(uint32_t descriptor_address, bool busy);
    void save_task(uint32_t flags);
    TaskImage read_task(uint32_t base, bool is_32);
    void load_task(const TaskImage& t, bool nested);
    void load_task_segments(const TaskImage& t);
    void return_to_task();

    // Interrupts (interrupt.cpp, interrupt_return.cpp).
    void interrupt_real(uint8_t vector);
    Descriptor interrupt_gate(uint8_t vector, Source source, uint32_t outside);
    uint32_t pushed_flags(uint8_t vector, Source source) const;
    void push_error(uint32_t error);
    void through_gate(const Descriptor& gate, uint32_t flags, uint32_t outside, bool has_error,
                      uint32_t error);
    void return_paragraph(unsigned size);
    void return_protected(unsigned size);
    void return_to_v86(uint32_t offset, uint16_t selector, uint32_t flags);

    // Debug registers (debug.cpp).
    unsigned breakpoints_at(uint32_t at, unsigned size, unsigned kinds) const;
    void refresh_breakpoints();
    void note_access(uint32_t linear, unsigned size, bool write);
    void note_port(uint16_t port, unsigned size);
    bool page_watched(uint32_t page) const;
    void check_breakpoints();

    bool boundary();
    bool whole(const Block* block) const;
    const Operation* enter(Block* block);
    void execute(Block* block);
    void step(Block* block);
    Block* next_block();
    Block* linked_block();
    Block* find_block(uint32_t linear);
    Block* decode_block(uint32_t linear, uint32_t physical);
    unsigned fetch_bytes(uint32_t physical, uint8_t* code, unsigned n);
    Block* keep_block(uint32_t second, bool straddles);
    bool decode_next(uint32_t linear, uint32_t& second, Operation& op, bool& ends);
    void deliver_fault();
    void shut_down(const char* why);
    void take_external();

    void check_segment(const Operation* op, unsigned segment, uint32_t offset, unsigned size,
                       bool writing);
    uint64_t read_slow(const Operation* op, uint32_t linear, unsigned size);
    void write_slow(const Operation* op, uint32_t linear, uint64_t v, unsigned size);
    uint32_t read_part(const Operation* op, uint32_t linear, unsigned size);
    void write_part(const Operation* op, uint32_t linear, uint32_t v, unsigned size);
    TlbEntry& entry(const Operation* op, uint32_t linear, bool write);
    void allow(TlbEntry& e);
    void charge(const Operation* op, const bus::DirectMemory& memory, uint32_t physical,
                unsigned size, bool write, MemoryType type, uint32_t v = 0);
    void probe_write(const Operation* op, uint32_t linear, unsigned size);
    /// LOCK# from the next access on, for as many writes as the operation makes under it.
    void lock_bus(unsigned writes);
    /// Not where a cache may have the line: then that is what is locked (SDM volume 3, 8.1.4).
    bool locks_bus(MemoryType type = MemoryType::back) const {
        return memory_on_bus_ && (!data_cache_ || type == MemoryType::uncached);
    }
    void lock_bus(const Operation* op);
    /// A write that began at `began` was made, the last under the lock or not.
    void written_locked(uint64_t began) {
        if (locked_writes_ && --locked_writes_ == 0) unlock_bus(began);
    }
    void unlock_bus(uint64_t began);
    /// Memory that holds the whole aligned doubleword at a physical address; null: there is none.
    bus::DirectMemory* direct_at(uint32_t physical);
    uint8_t* host_of(const bus::DirectMemory& memory, uint32_t physical);
    void overwritten(bus::DirectMemory& memory, uint32_t physical, unsigned size);

    // Caches (cached.cpp).
    MemoryType type_of(const bus::DirectMemory* memory, uint32_t physical, uint32_t bits) const;
    void allow_cached(TlbEntry& e);
    void after_stall();
    void on_bus(const Operation* op, const bus::MemoryAccess& access);
    void by_cache(const Operation* op, bus::MemoryAccess access, MemoryType type);
    void in_line(const Operation* op, const bus::MemoryAccess& access, MemoryType type);
    bool found(const Operation* op, Cache& cache, uint32_t physical);
    void note_stale(const Operation* op, Cache& cache, uint32_t physical, const char* what);
    void beyond(const Operation* op, const bus::MemoryAccess& access, MemoryType type);
    void fill(const Operation* op, Cache& cache, const bus::DirectMemory& memory,
              uint32_t physical, MemoryType type);
    void make_room(const Operation* op, Cache& cache, uint32_t physical);
    void put_back(const Operation* op, Cache& cache, uint32_t tag);
    /// True where the lines of the block's code were the last to be fetched, or are now.
    bool fetched(Block* block);
    bool fetch(Block* block);
    void fetch_line(uint32_t at);
    void set_code_lines(uint32_t second);
    bool leaves_line(const Operation& op) const;
    // Paging (paging.cpp).
    void be_supervisor() {
        user_ = 0;
        tlb_now_ = tlb_.half(false);
    }
    void be_current() {
        user_ = s.cpl == 3 ? page::user : 0;
        tlb_now_ = tlb_.half(s.cpl == 3);
    }
    void new_epoch();
    void flush_short_way();
    [[noreturn]] void page_fault_at(const Operation* op, uint32_t linear, uint32_t error);
    uint32_t table_access(const Operation* op, uint32_t physical, uint32_t set);
    uint32_t walk(const Operation* op, uint32_t linear, uint32_t intent);
    uint32_t data_page(const Operation* op, uint32_t linear, bool write);
    uint32_t fetch_page(uint32_t linear);
    bool peek_page(uint32_t linear, uint32_t& physical);
    uint32_t device_access(const Operation* op, bool write, uint32_t physical, uint32_t v,
                           unsigned size);
    uint32_t port_access(bool write, uint16_t port, uint32_t v, unsigned bytes);
    void after_access(bool waited);
    uint64_t cycle_at(const Operation* op) const {
        return op ? cycle + (op->end_clocks - op->clocks) - committed_clocks_ : cycle;
    }
    void stall(uint64_t cycles, Cause cause) {
        spend(cycles, cause_ == Cause::executing ? cause : cause_);
    }
    void code_is_at(uint64_t physical_page);

    Component& owner_;
    BusUnit bus_;
    Clock clock_;
    const bool memory_on_bus_;
    Caches* const caches_;     // null where they are not modelled
    Cache* const data_cache_;  // the first level's, or null
    observe::Probe& probe_;
    bool lockstep_ = false;
    bool tracing_ = false;            // an event for each instruction
    Cause cause_ = Cause::executing;  // what the clocks and stalls of now count as

    Block* block_ = nullptr;
    uint32_t block_eip_ = 0;
    unsigned committed_clocks_ = 0;
    unsigned committed_count_ = 0;
    uint8_t exit_link_ = 1;
    bool stepping_ = false;
    bool paused_ = false;
    bool code_watched_ = false, data_watched_ = false, ports_watched_ = false;
    bool interrupted_repeat_ = false;
    bool delivered_ = false;  // the instruction stepped went through a gate
    Block* previous_ = nullptr;
    uint32_t epoch_ = 1;
    Time limit_event_;  // the pending event that `limit` was set for
    static constexpr uint32_t no_context = ~0u;
    uint32_t context_ = 0;  // the epoch with what else decides which block an address means
    uint32_t chain_context_ = 0;  // the same, or none where blocks are not chained
    unsigned locked_writes_ = 0;  // still to come under LOCK#
    uint32_t update_linear_ = 0, user_ = 0;  // user_: page::user at CPL 3

    ShortWay tlb_;
    TlbEntry* tlb_now_ = tlb_.half(false);
    JumpCache jumps_;
    Operation scratch_[2];
    BlockCache blocks_;
    std::unique_ptr<Block> fresh_;  // under way: a member, as a fault may abandon it
    std::unique_ptr<Block> uncached_;
    Decoder decoder_;
    uint64_t generation_ = 0;

    std::jmp_buf recovery_;
    struct RaisedFault {
        uint8_t vector = 0;
        uint32_t error = 0;
        uint32_t eip = 0;
    };
    RaisedFault raised_;
    int delivering_ = -1;  // the vector of the exception whose delivery is under way
    std::array<RaisedFault, 3> chain_{};  // what raised the exception under way, for a shutdown's text
    unsigned chain_length_ = 0;

    friend class Cpu;
};

}  // namespace sb::cpu
