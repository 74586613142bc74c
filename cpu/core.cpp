// SPDX-License-Identifier: Apache-2.0
//
// The run loop: finding blocks, running them, and what happens at instruction boundaries.
#include "cpu/chain.h"

#include <fmt/format.h>

#include "cpu/executor.h"

namespace sb::cpu {

Core::Core(Component& owner, bus::ProcessorPort& port, const Model& processor, Clock clock,
           bool memory_on_bus, Caches* caches, observe::Probe& probe)
    : model{processor},
      owner_{owner},
      bus_{owner, port, clock},
      clock_{clock},
      memory_on_bus_{memory_on_bus},
      caches_{caches},
      data_cache_{caches ? caches->data : nullptr},
      probe_{probe},
      decoder_{model} {
    scratch_[1].run = end_of_block();
    refresh_mode();
}

void Core::refresh_limit() {
    const Simulation& sim = owner_.simulation();
    const Time next = sim.next_event();
    limit_event_ = next;
    limit = std::min(cycle + longest_run, cycle_bound);
    if (next < clock_.cycles(limit)) limit = clock_.ceil(next);
}

/// Setting a jump target here keeps no local variable alive across it: all is in members.
void Core::run() {
    lockstep_ = owner_.simulation().lockstep() || single;
    tracing_ = probe_.wants(observe::Kind::instruction);
    if (std::exchange(stepping_, lockstep_ || tracing_) != stepping_) new_epoch();
    refresh_mode();
    if (setjmp(recovery_) != 0) {
        deliver_fault();
        if (lockstep_) return;
    }
    while (cycle < limit && !s.halted && !s.stopped) {
        if (attention) [[unlikely]] {
            if (!boundary()) return;
            if (lockstep_ || cycle_bound != ~uint64_t{0}) return;
            continue;
        }
        Block* block = next_block();
        if (!block) continue;  // finding it took time
        execute(block);
        if (lockstep_) return;
    }
}

/// Something may have happened: false where the run has ended. Does one unit of work.
bool Core::boundary() {
    attention = false;
    block_ = nullptr;
    previous_ = nullptr;
    blocks_.bury();
    if (owner_.simulation().finished() || s.reset_pending) return false;
    // What MOV SS ran into waits until after the instruction that follows it (17.3.1.1).
    if (s.debug_hits && !s.trap_shadow) check_breakpoints();
    if (!s.shadow && interrupt_pending()) {
        take_external();
        return true;
    }
    if (code_watched_) check_breakpoints();
    Block* block = next_block();
    if (!block) return true;
    const bool trap = s.other_flags & flag::tf;
    if (!s.shadow && !trap && !code_watched_ && !(s.other_flags & flag::rf)) {
        execute(block);
        return true;
    }
    // RF is for one instruction; one that faults has it pushed set again.
    s.other_flags &= ~flag::rf;
    s.shadow = s.trap_shadow = delivered_ = false;
    attention = true;
    step(block);
    // A trap comes after an instruction that began with TF set, but not after one that loaded SS or
    // went through a gate (SDM volume 3, 17.3.1.4).
    if (!trap || s.trap_shadow || delivered_) return true;
    s.dr[6] |= 1u << 14 | std::exchange(s.debug_hits, uint8_t{0});
    fault(debug_trap);
}

void Core::execute(Block* block) {
    if (stepping_ || !whole(block)) [[unlikely]] {
        step(block);
        return;
    }
    const Operation* first = enter(block);
    first->run(*this, first);
}

/// Runs the block's first instruction alone.
void Core::step(Block* block) {
    block_ = previous_ = block;
    block_eip_ = s.eip;
    committed_clocks_ = committed_count_ = 0;
    trace[trace_next++ % trace_length] = {s.segments[cs].base + s.eip, 1, block->big};
    scratch_[0] = block->operations[0];
    if (uint64_t{s.eip} + scratch_[0].length > uint64_t{s.segments[cs].limit} + 1)
        fault(general_protection);
    // A repeated string instruction that gave way to an event goes on: it does not begin again.
    if (tracing_ && !s.rep_paid)
        probe_.emit(local_time(), observe::Kind::instruction, s.eip, cycle, s.regs[esp],
                    s.segments[cs].base);
    scratch_[0].run(*this, scratch_);
}

inline bool Core::fetched(Block* block) {
    const uint32_t first = block->code_lines[0], rest = block->code_lines[1];
    const auto& last = caches_->fetched;
    if (rest == last[0] && (first == rest || first == last[1])) return true;
    return fetch(block);
}

/// Null where finding it, or fetching its code, took time.
Block* Core::next_block() {
    Block* block = linked_block();
    if (caches_ && block && !fetched(block)) return nullptr;
    return block;
}

Block* Core::linked_block() {
    const uint32_t linear = s.segments[cs].base + s.eip;
    if (previous_) {
        Block::Link& link = previous_->link[exit_link_];
        if (link.linear == linear && link.context == context_) [[likely]]
            return link.block;
        Block* from = previous_;
        Block* to = find_block(linear);
        if (to && !stepping_ && to->physical != BlockCache::no_page)
            from->link[exit_link_] = {to, linear, context_};
        return to;
    }
    return find_block(linear);
}

/// Null where finding it took time: the kernel may have to have its turn first.
Block* Core::find_block(uint32_t linear) {
    JumpCache::Jump& jump = jumps_.at(linear);
    if (jump.linear == linear && jump.context == context_) return jump.block;
    if (s.eip > s.segments[cs].limit) fault(general_protection);
    const uint32_t physical = fetch_page(linear) | (linear & 0xfff);
    if (attention) return nullptr;
    // The page tables, or what they are known to say, may have changed and still mean this block.
    const bool big = s.segments[cs].big;
    const bool kept = jump.linear == linear && jump.block && jump.drops == blocks_.drops() &&
                      jump.block->physical == physical && jump.block->big == big;
    Block* block = kept ? jump.block : blocks_.find(physical, big);
    if (block && block->second_page != BlockCache::no_page) {
        const uint32_t second = fetch_page((linear | 0xfff) + 1);
        if (attention) return nullptr;
        if (second >> 12 != block->second_page) {
            blocks_.drop(block);
            new_epoch();
            block = nullptr;
        }
    }
    if (!block) block = decode_block(linear, physical);
    if (block && block->physical != BlockCache::no_page)
        jump = {linear, context_, block, blocks_.drops()};
    return block;
}

/// Code bytes at a physical address, up to the end of the page; fewer where nothing is there.
unsigned Core::fetch_bytes(uint32_t physical, uint8_t* code, unsigned n) {
    if (const bus::DirectMemory* memory = direct_at(physical)) {
        std::memcpy(code, host_of(*memory, physical), n);
        return n;
    }
    return bus_.peek(physical, code, n);
}

/// The next instruction of the block under way. False where it is left to a block of its own: one
/// that goes on in the next page is alone, so that this page is only looked for when it is run.
bool Core::decode_next(uint32_t linear, uint32_t& second, Operation& op, bool& ends) {
    uint8_t code[Decoder::longest];
    const auto at = static_cast<uint32_t>(fresh_->physical) + fresh_->bytes;
    const unsigned here = std::min(Decoder::longest, 0x1000 - (at & 0xfff));
    unsigned n = fetch_bytes(at, code, here);
    ends = decoder_.decode(code, n, fresh_->big, op);
    if (op.length == 0 && n == here && here < Decoder::longest) {
        if (fresh_->count > 0) return false;
        second = fetch_page((linear | 0xfff) + 1);
        if (attention) return false;
        n += fetch_bytes(second, code + n, Decoder::longest - n);
        ends = decoder_.decode(code, n, fresh_->big, op);
    }
    if (op.length == 0) op.length = 1;
    return true;
}

Block* Core::decode_block(uint32_t linear, uint32_t physical) {
    fresh_ = std::make_unique<Block>();
    fresh_->physical = physical;
    fresh_->second_page = BlockCache::no_page;
    fresh_->linear = linear;
    fresh_->big = s.segments[cs].big;
    const unsigned page_left = 0x1000 - (linear & 0xfff);
    const unsigned longest = direct_at(physical & ~0xfffu) && !stepping_ ? Block::longest : 1;
    unsigned clocks = 0;
    uint32_t second = 0;
    for (bool ends = false; !ends && fresh_->count < longest && fresh_->bytes < page_left;) {
        Operation op;
        if (!decode_next(linear, second, op, ends)) break;
        if (caches_ && fresh_->count > 0 && leaves_line(op)) break;
        op.ordinal = fresh_->count++;
        fresh_->last_start = static_cast<uint16_t>(clocks);
        clocks += op.clocks;
        op.end_clocks = static_cast<uint16_t>(clocks);
        fresh_->bytes = static_cast<uint16_t>(fresh_->bytes + op.length);
        op.end_offset = fresh_->bytes;
        fresh_->operations.push_back(op);
        if (caches_ && fresh_->count == 1) set_code_lines(second);
    }
    if (fresh_->count == 0) return nullptr;
    fresh_->operations.push_back(scratch_[1]);
    fresh_->as_run = {linear, fresh_->count, fresh_->big};
    return keep_block(second, fresh_->bytes > page_left);
}

Block* Core::keep_block(uint32_t second, bool straddles) {
    const auto physical = static_cast<uint32_t>(fresh_->physical);
    if (!direct_at(physical & ~0xfffu) || (straddles && !direct_at(second))) {
        fresh_->physical = BlockCache::no_page;  // decoded anew each time
        fresh_->code_lines[0] = fresh_->code_lines[1] = Caches::no_line;
        uncached_ = std::move(fresh_);
        return uncached_.get();
    }
    code_is_at(physical >> 12);
    if (straddles) {
        fresh_->second_page = second >> 12;
        code_is_at(fresh_->second_page);
    }
    return blocks_.add(std::move(fresh_));
}

/// With caches, a block's first instruction may begin in the line before; all else is in one line.
void Core::set_code_lines(uint32_t second) {
    const auto first = static_cast<uint32_t>(fresh_->physical);
    uint32_t last = first + fresh_->bytes - 1;
    if ((first ^ last) & ~0xfffu) last = second | (last & 0xfff);
    const uint32_t mask = ~(caches_->fetch_bytes - 1);
    fresh_->code_lines[0] = first & mask;
    fresh_->code_lines[1] = last & mask;
}

/// The next instruction of the block under way has a byte in another line.
bool Core::leaves_line(const Operation& op) const {
    const uint32_t last = static_cast<uint32_t>(fresh_->physical) + fresh_->bytes + op.length - 1;
    return (last & ~(caches_->fetch_bytes - 1)) != fresh_->code_lines[1];
}

void Core::commit(const Operation* op) {
    const unsigned start = op->end_clocks - op->clocks;
    spend(start - committed_clocks_);
    committed_clocks_ = start;
    const unsigned n = op->ordinal - committed_count_;
    counts.current().instructions += n;
    block_->instructions += n;
    committed_count_ = op->ordinal;
    s.eip = block_eip_ + op->end_offset - op->length;
}

void Core::complete(const Operation* op) {
    if (!free_access) spend(op->clocks);
    free_access = false;
    s.eip = next_eip;
    exit_link_ = 0;
    if (paused_) {
        paused_ = false;
        return;
    }
    ++counts.current().instructions;
    ++block_->instructions;
}

/// What an access of ours may have set off. Whoever changes an input or our memory's contents
/// has set `attention` himself.
void Core::after_access(bool waited) {
    const Simulation& sim = owner_.simulation();
    if (waited || sim.finished()) attention = true;
    if (sim.next_event() != limit_event_) refresh_limit();
    if (generation_ != bus_.memory_space().generation()) {
        forget_all();
        attention = true;
    }
    watch_limit();
}

uint32_t Core::port_access(bool write, uint16_t port, uint32_t v, unsigned bytes) {
    const BusUnit::Access done = bus_.transport(true, write, port, v, bytes, cycle);
    free_access = done.free;
    if (ports_watched_) {
        note_port(port, bytes);
        attention = true;
    }
    stall(done.stall, Cause::io_stall);
    after_access(done.waited);
    return done.value;
}

Row Core::port_row(Row first) const {
    const unsigned column = !s.protected_mode() ? 0
                            : s.virtual_8086()  ? 3
                            : s.cpl <= s.iopl() ? 1
                                                : 2;
    return static_cast<Row>(static_cast<unsigned>(first) + column);
}

void Core::halt() {
    s.halted = true;
    attention = true;
    probe_.emit(local_time(), observe::Kind::halt, s.eip);
}

/// Stops before the instruction at EIP until an interrupt, or IGNNE#, comes (SDM volume 1, D.2.1).
void Core::wait_for_error_interrupt() {
    s.frozen = true;
    halt();
}

/// FERR# follows the x87's pending exceptions where CR0.NE does not make them #MF.
void Core::drive_ferr() {
    const bool level = s.fpu.error() && !(s.cr0 & cr0::ne) && model.has(Feature::fpu);
    if (level == bus_.ferr.level()) [[likely]]
        return;
    {
        Simulation& sim = owner_.simulation();
        Simulation::LocalTime local{sim, local_time() - sim.kernel_now()};
        bus_.ferr.set(level);
    }
    after_access(true);
}

void Core::set_phase(uint8_t phase) { counts.enter(phase); }

void Core::set_cr0(uint32_t v) {
    v &= model.cr0_mask();
    if (model.has(Feature::i486)) v |= cr0::et;  // fixed; on the 386 it says what was found
    if ((v & cr0::pg) && !(v & cr0::pe)) fault(general_protection);
    if ((v & cr0::nw) && !(v & cr0::cd)) fault(general_protection);
    const uint32_t changed = s.cr0 ^ v;
    s.cr0 = v;
    if (changed & cr0::pg) flush_tlb(false);
    if (changed & (cr0::wp | cr0::am)) flush_short_way();
    if (changed & cr0::ne) drive_ferr();
}

void Core::fault(uint8_t vector, uint32_t error) {
    raised_ = {vector, error, 0};
    std::longjmp(recovery_, 1);
}

void Core::not_there(const char* what, uint8_t vector) {
    const uint32_t at = s.eip;
    {
        // Closed before the fault: its longjmp runs no destructors.
        Simulation& sim = owner_.simulation();
        Simulation::LocalTime local{sim, local_time() - sim.kernel_now()};
        owner_.finding("an instruction that this processor does not have",
                       [&] { return fmt::format("{} at EIP {:#x}", what, at); });
    }
    fault(vector);
}

}  // namespace sb::cpu
