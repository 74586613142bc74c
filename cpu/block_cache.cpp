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
    by_page_[b->physical >> page_shift].push_back(b);
    if (b->second_page != no_page && b->second_page != b->physical >> page_shift)
        by_page_[b->second_page].push_back(b);
    by_key_[key(b->physical, b->big)] = std::move(block);
    ++blocks_;
    return b;
}

void BlockCache::leave(uint64_t page, Block* block) {
    auto found = by_page_.find(page);
    if (found == by_page_.end()) return;
    std::erase(found->second, block);
    if (found->second.empty()) by_page_.erase(found);
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
    std::vector<Block*> hit;
    for (Block* block : found->second) {
        const uint64_t start = block->physical & 0xfff, end = start + block->bytes;  // one past
        const bool here = block->physical >> page_shift == page;
        if (here ? start <= last && end > first : end - 0x1000 > first) hit.push_back(block);
    }
    for (Block* block : hit) drop(block);
    dropped = !hit.empty();
    return !by_page_.contains(page);
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
