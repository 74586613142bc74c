// SPDX-License-Identifier: Apache-2.0
#include "cpu/block_cache.h"

#include <algorithm>

namespace sb::cpu {
namespace {

constexpr unsigned page_shift = 12;

/// Code is decoded differently in 16- and 32-bit segments.
uint64_t key(uint64_t physical, bool big) { return physical << 1 | uint64_t{big}; }

}  // namespace

Block* BlockCache::find(uint64_t physical, bool big) const {
    auto found = by_key_.find(key(physical, big));
    return found == by_key_.end() ? nullptr : found->second.get();
}

Block* BlockCache::add(std::unique_ptr<Block> block) {
    Block* b = block.get();
    enter(b->physical >> page_shift, b);
    if (b->second_page != no_page && b->second_page != b->physical >> page_shift)
        enter(b->second_page, b);
    by_key_[key(b->physical, b->big)] = std::move(block);
    ++blocks_;
    return b;
}

void BlockCache::Page::mark(const Block& block, uint64_t page) {
    const bool first_page = block.physical >> page_shift == page;
    const uint64_t start = block.physical & 0xfff, end = start + block.bytes;
    const uint64_t from = first_page ? start : 0;
    const uint64_t to = first_page ? std::min<uint64_t>(end, 0x1000) : end - 0x1000;
    for (uint64_t at = from; at < to; ++at) code[at / 64] |= uint64_t{1} << (at % 64);
}

void BlockCache::Page::mark_again(uint64_t page) {
    code = {};
    for (const Block* block : blocks) mark(*block, page);
}

bool BlockCache::Page::holds_code(uint64_t first, uint64_t last) const {
    for (uint64_t at = first; at <= last; ++at)
        if (code[at / 64] >> (at % 64) & 1) return true;
    return false;
}

void BlockCache::enter(uint64_t page, Block* block) {
    Page& p = by_page_[page];
    p.blocks.push_back(block);
    p.mark(*block, page);
}

void BlockCache::leave(uint64_t page, Block* block) {
    auto found = by_page_.find(page);
    if (found == by_page_.end()) return;
    std::erase(found->second.blocks, block);
    if (found->second.blocks.empty()) by_page_.erase(found);
}

void BlockCache::drop(Block* block) {
    block->dead = true;
    ++drops_;
    leave(block->physical >> page_shift, block);
    if (block->second_page != no_page) leave(block->second_page, block);
    auto owned = by_key_.find(key(block->physical, block->big));
    graveyard_.push_back(std::move(owned->second));
    by_key_.erase(owned);
    --blocks_;
}

void BlockCache::empty_graveyard() {
    for (const auto& block : graveyard_) {
        ProfileEntry& entry = past_[block->linear];
        entry.cycles += block->cycles;
        entry.instructions += block->instructions;
    }
    graveyard_.clear();
}

bool BlockCache::written(uint64_t physical, uint64_t bytes, bool& dropped) {
    const uint64_t page = physical >> page_shift;
    auto found = by_page_.find(page);
    if (found == by_page_.end()) return true;
    const uint64_t first = physical & 0xfff, last = first + bytes - 1;
    if (!found->second.holds_code(first, last)) return false;
    std::vector<Block*> hit;
    for (Block* block : found->second.blocks) {
        const uint64_t start = block->physical & 0xfff, end = start + block->bytes;  // one past
        const bool here = block->physical >> page_shift == page;
        if (here ? start <= last && end > first : end - 0x1000 > first) hit.push_back(block);
    }
    for (Block* block : hit) drop(block);
    dropped = !hit.empty();
    found = by_page_.find(page);
    if (found == by_page_.end()) return true;
    // Once for all that went; those that stay may have bytes in common with them.
    if (dropped) found->second.mark_again(page);
    return false;
}

void BlockCache::clear() {
    while (!by_key_.empty()) drop(by_key_.begin()->second.get());
}

std::vector<uint64_t> BlockCache::pages() const {
    std::vector<uint64_t> list;
    for (const auto& [page, blocks] : by_page_) list.push_back(page);
    return list;
}

Profile BlockCache::profile() const {
    Profile all = past_;
    for (const auto& [key, block] : by_key_) {
        all[block->linear].cycles += block->cycles;
        all[block->linear].instructions += block->instructions;
    }
    for (const auto& block : graveyard_) {
        all[block->linear].cycles += block->cycles;
        all[block->linear].instructions += block->instructions;
    }
    return all;
}

}  // namespace sb::cpu
