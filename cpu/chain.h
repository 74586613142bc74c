// SPDX-License-Identifier: Apache-2.0
//
// From block to block: what a handler that ends its block does. Where the block that came next the
// last time comes again, and nothing else is due before it, the handler goes straight on to its
// first operation; else it returns to the run loop.
#pragma once

#include "cpu/core.h"

namespace sb::cpu {

/// Leaves the block after `op`, having spent `more` clocks beyond its own.
[[gnu::always_inline]] inline void Core::retire(const Operation* op, unsigned more) {
    const unsigned clocks = op->end_clocks - committed_clocks_ + more;
    cycle += clocks;
    counts.add(Cause::executing, clocks);
    block_->cycles += clocks;
    const unsigned n = op->ordinal + 1u - committed_count_;
    counts.current().instructions += n;
    block_->instructions += n;
    s.eip = block_eip_ + op->end_offset;
    exit_link_ = 1;
}

/// Leaves it for `target`, a branch taken.
[[gnu::always_inline]] inline void Core::branch(const Operation* op, uint32_t target) {
    if (target > s.segments[cs].limit) [[unlikely]]
        fault_at(op, general_protection, 0);
    retire(op, op->more_clocks);
    s.eip = target;
    exit_link_ = 0;
}

/// The block can run to its end before anything else is due.
[[gnu::always_inline]] inline bool Core::whole(const Block* block) const {
    return cycle + block->last_start < limit &&
           uint64_t{s.eip} + block->bytes <= uint64_t{s.segments[cs].limit} + 1;
}

[[gnu::always_inline]] inline const Operation* Core::enter(Block* block) {
    block_ = previous_ = block;
    block_eip_ = s.eip;
    committed_clocks_ = committed_count_ = 0;
    trace[trace_next++ % trace_length] = block->as_run;
    return block->operations.data();
}

/// The first operation of the next block, entered; null where the run loop has to look. Where each
/// instruction is stepped, no links are made (Core::next_block).
template <unsigned exit>
[[gnu::always_inline]] inline const Operation* Core::chain() {
    const Block::Link& link = block_->link[exit];
    const bool same = link.linear == s.segments[cs].base + s.eip && link.context == chain_context_;
    return same && !attention && whole(link.block) ? enter(link.block) : nullptr;
}

/// The same after a branch that goes to many places.
[[gnu::always_inline]] inline const Operation* Core::chain_anywhere() {
    const uint32_t linear = s.segments[cs].base + s.eip;
    const JumpCache::Jump& jump = jumps_.at(linear);
    const bool same = jump.linear == linear && jump.context == chain_context_;
    return same && !attention && !stepping_ && whole(jump.block) ? enter(jump.block) : nullptr;
}

/// After what was spent in the middle of a block: the rest may not fit any more.
[[gnu::always_inline]] inline void Core::watch_limit() {
    if (cycle + (block_ ? block_->last_start : 0) >= limit) attention = true;
}

// A handler goes on by a tail call. Where the compiler makes none of them (without optimisation,
// and under a sanitizer) the host's stack would grow, so each block is left to the run loop.
#ifdef SOUTHBRIDGE_TAIL_CALLS
inline constexpr bool tail_calls = true;
#else
inline constexpr bool tail_calls = false;
#endif

inline void Core::push_sized(const Operation* op, uint32_t v, unsigned size) {
    size == 4 ? push<uint32_t>(op, v) : push<uint16_t>(op, static_cast<uint16_t>(v));
}

template <unsigned exit>
[[gnu::always_inline]] inline void go_on(Core& c) {
    if constexpr (tail_calls)
        if (const Operation* first = c.chain<exit>()) return first->run(c, first);
}

[[gnu::always_inline]] inline void go_anywhere(Core& c) {
    if constexpr (tail_calls)
        if (const Operation* first = c.chain_anywhere()) return first->run(c, first);
}

}  // namespace sb::cpu
