// SPDX-License-Identifier: Apache-2.0
//
// All decoded blocks, by the physical address of their first byte. A write to a page that holds
// code drops the blocks whose bytes it touches; what they had used is kept for the profile.
//
// A dropped block stays allocated until `bury`, which is called between blocks: the one that is
// running may have been dropped by its own write.
#pragma once

#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cpu/attribution.h"
#include "cpu/operation.h"

namespace sb::cpu {

class BlockCache {
  public:
    static constexpr uint64_t no_page = ~uint64_t{0};

    Block* find(uint64_t physical, bool big) const;
    /// Drops one: its bytes are other ones now.
    void drop(Block* block);
    /// Keeps a new block; it lives until dropped.
    Block* add(std::unique_ptr<Block> block);
    /// Drops the blocks with bytes in [physical, physical + bytes) of one page. True where the page
    /// holds no code any more. `dropped` tells whether any was.
    bool written(uint64_t physical, uint64_t bytes, bool& dropped);
    void clear();
    /// Frees the dropped blocks.
    void bury() {
        if (!graveyard_.empty()) empty_graveyard();
    }
    /// All pages that hold code.
    std::vector<uint64_t> pages() const;

    Profile profile() const;
    size_t size() const { return blocks_; }
    /// How many were dropped so far: a pointer to a block holds while this stays.
    uint64_t drops() const { return drops_; }

  private:
    /// What a page holds: every block with a byte in it, and which bytes are, or were, some
    /// block's.
    struct Page {
        std::vector<Block*> blocks;
        std::array<uint64_t, 64> code{};
        void mark(const Block& block, uint64_t page);
        void mark_again(uint64_t page);
        bool holds_code(uint64_t first, uint64_t last) const;
    };

    void empty_graveyard();
    void enter(uint64_t page, Block* block);
    void leave(uint64_t page, Block* block);

    std::unordered_map<uint64_t, std::unique_ptr<Block>> by_key_;
    std::unordered_map<uint64_t, Page> by_page_;
    std::vector<std::unique_ptr<Block>> graveyard_;
    Profile past_;
    size_t blocks_ = 0;
    uint64_t drops_ = 0;
};

}  // namespace sb::cpu
