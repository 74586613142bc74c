// SPDX-License-Identifier: Apache-2.0
//
// The run loop: finding blocks, running them, and what happens at instruction boundaries.
#include "cpu/core.h"

#include <fmt/format.h>

#include "cpu/executor.h"

namespace sb::cpu {

Core::Core(Component& owner, bus::ProcessorPort& port, const Model& processor, Clock clock,
           bool memory_on_bus, observe::Probe& probe)
    : model{processor},
      owner_{owner},
      bus_{owner, port, clock},
      clock_{clock},
      memory_on_bus_{memory_on_bus},
      probe_{probe},
      decoder_{model} {
    scratch_[1].run = end_of_block();
}

void Core::refresh_limit() {
    const Simulation& sim = owner_.simulation();
    const Time next = sim.next_event();
    limit = cycle + longest_run;
    if (next < clock_.cycles(limit)) limit = clock_.ceil(next);
}

/// Setting a jump target here keeps no local variable alive across it: all is in members.
void Core::run() {
    lockstep_ = owner_.simulation().lockstep();
    tracing_ = probe_.wants(observe::Kind::instruction);
    stepping_ = lockstep_ || tracing_;
    if (setjmp(recovery_) != 0) {
        deliver_fault();
        if (lockstep_) return;
    }
    while (cycle < limit && !s.halted && !s.stopped) {
        if (attention) [[unlikely]] {
            if (!boundary()) return;
            if (lockstep_) return;
            continue;
        }
        execute(next_block());
        if (lockstep_) return;
    }
}

/// Something may have happened: false where the run has ended. Does one unit of work.
bool Core::boundary() {
    attention = false;
    block_ = nullptr;
    previous_ = nullptr;
    blocks_.bury();
    if (owner_.simulation().finished()) return false;
    if (s.shadow) {
        s.shadow = false;
        attention = true;
        step(next_block());
        return true;
    }
    if (interrupt_pending()) {
        take_external();
        return true;
    }
    if (s.other_flags & flag::tf) {
        // The trap comes after the next instruction (SDM volume 3, 17.3.1.4).
        attention = true;
        step(next_block());
        s.dr[6] |= 1u << 14;
        if (s.other_flags & flag::tf) fault(debug_trap);
        return true;
    }
    execute(next_block());
    return true;
}

void Core::execute(Block* block) {
    const bool whole = !stepping_ && cycle + block->last_start < limit &&
                       uint64_t{s.eip} + block->bytes <= uint64_t{s.segments[cs].limit} + 1;
    if (!whole) [[unlikely]] {
        step(block);
        return;
    }
    block_ = previous_ = block;
    block_eip_ = s.eip;
    committed_clocks_ = committed_count_ = 0;
    trace[trace_next++ % trace_length] = {block->linear, block->count, block->big};
    const Operation* first = block->operations.data();
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
        probe_.emit(local_time(), observe::Kind::instruction, s.eip, cycle);
    scratch_[0].run(*this, scratch_);
}

Block* Core::next_block() {
    const uint32_t linear = s.segments[cs].base + s.eip;
    if (previous_) {
        Block::Link& link = previous_->link[exit_link_];
        if (link.linear == linear && link.epoch == epoch_) [[likely]]
            return link.block;
        Block* from = previous_;
        Block* to = find_block(linear);
        if (to->physical != BlockCache::no_page) from->link[exit_link_] = {to, linear, epoch_};
        return to;
    }
    return find_block(linear);
}

Block* Core::find_block(uint32_t linear) {
    Jump& jump = jumps_[(linear ^ linear >> 12) % jump_cache_size];
    if (jump.linear == linear && jump.epoch == epoch_) return jump.block;
    const bool big = s.segments[cs].big;
    Block* block = blocks_.find(translate(linear), big, translate(linear + 0x1000) >> 12);
    if (!block) block = decode_block(linear);
    if (block->physical != BlockCache::no_page) jump = {linear, epoch_, block};
    return block;
}

Block* Core::decode_block(uint32_t linear) {
    auto block = std::make_unique<Block>();
    block->physical = translate(linear);
    block->second_page = BlockCache::no_page;
    block->linear = linear;
    block->big = s.segments[cs].big;
    const unsigned page_left = 0x1000 - (linear & 0xfff);
    const bool cached = entry(linear).memory != nullptr;
    const unsigned longest = cached && !stepping_ ? Block::longest : 1;
    unsigned clocks = 0;
    for (bool ends = false; !ends && block->count < longest && block->bytes < page_left;) {
        uint8_t code[Decoder::longest];
        const unsigned n = peek_code(linear + block->bytes, code, sizeof code);
        Operation op;
        ends = decoder_.decode(code, n, block->big, op);
        if (block->count > 0 && block->bytes + op.length > page_left) break;
        op.ordinal = block->count++;
        block->last_start = static_cast<uint16_t>(clocks);
        clocks += op.clocks;
        op.end_clocks = static_cast<uint16_t>(clocks);
        block->bytes = static_cast<uint16_t>(block->bytes + op.length);
        op.end_offset = block->bytes;
        block->operations.push_back(op);
    }
    block->operations.push_back(scratch_[1]);
    if (!cached) {
        block->physical = BlockCache::no_page;  // decoded anew each time
        uncached_ = std::move(block);
        return uncached_.get();
    }
    code_is_at(block->physical >> 12);
    if (block->bytes > page_left) {
        block->second_page = translate(linear + page_left) >> 12;
        code_is_at(block->second_page);
    }
    return blocks_.add(std::move(block));
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

void Core::after_access() {
    refresh_limit();
    attention = true;
    if (generation_ != bus_.memory_space().generation()) forget_all();
}

uint32_t Core::port_access(bool write, uint16_t port, uint32_t v, unsigned bytes) {
    const BusUnit::Access done = bus_.transport(true, write, port, v, bytes, cycle);
    free_access = done.free;
    stall(done.stall, Cause::io_stall);
    after_access();
    return done.value;
}

void Core::check_port(uint16_t, unsigned) {
    // The permission map of the TSS has a bit for each port (SDM volume 1, 19.5.2).
    if (s.protected_mode() && s.cpl > s.iopl())
        not_there_yet("I/O permission map", general_protection);
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

void Core::set_phase(uint8_t phase) { counts.enter(phase); }

void Core::set_cr0(uint32_t v) {
    if (v & cr0::pg) {
        if (!(v & cr0::pe)) fault(general_protection);
        not_there_yet("paging (CR0.PG)", general_protection);
    }
    if (!(v & cr0::pe) && s.protected_mode())
        not_there_yet("real mode (CR0.PE cleared)", general_protection);
    if ((v & cr0::nw) && !(v & cr0::cd)) fault(general_protection);
    s.cr0 = v | cr0::et;
    flush_tlb();
}

void Core::fault(uint8_t vector, uint32_t error) {
    raised_ = {vector, error};
    std::longjmp(recovery_, 1);
}

void Core::not_there_yet(const char* what, uint8_t vector) {
    const uint32_t at = s.eip;
    owner_.finding("instruction not there yet",
                   [&] { return fmt::format("{} at EIP {:#x}", what, at); });
    fault(vector);
}

}  // namespace sb::cpu
