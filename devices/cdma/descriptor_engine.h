// SPDX-License-Identifier: Apache-2.0
//
// The scatter-gather engine of an AXI CDMA: it fetches transfer descriptors along a chain and
// writes their status back, through a port of its own. Source: Xilinx PG034 v4.1,
// "Scatter/Gather Block", "Scatter Gather Transfer Descriptor Definition".
//
// Fetching. Descriptors are fetched in one burst of their eight words, each once a visit, ahead of
// their execution by up to `prefetch` (0: only when there is nothing else to do). Fetching pauses
// behind the descriptor whose address is the tail, except in a cyclic chain. A fetch that fails, or
// finds a stale descriptor (Cmplt already set), is an entry of the queue like any other, and counts
// when it is its turn: what lies before it is still carried out.
//
// Status is written as one word; it goes before a fetch that has not begun.
#pragma once

#include "devices/cdma/data_mover.h"

namespace sb::devices::cdma {

struct Descriptor {
    uint64_t at = 0;
    uint64_t next = 0;
    uint64_t from = 0;
    uint64_t to = 0;
    uint64_t bytes = 0;
    Time ready = {};   // when the data mover can have it
    uint64_t end = 0;  // an End: how fetching it ended
};

class DescriptorEngine {
  public:
    static constexpr uint32_t most_prefetch = 8;
    /// Of a descriptor's status word (PG034, table 3-9).
    static constexpr uint32_t completed = 1u << 31, decode_error = 1u << 30, slave_error = 1u << 29,
                              internal_error = 1u << 28;
    struct Settings {
        uint32_t prefetch = 4;
        uint64_t address_mask = 0xffffffff;
        bus::MasterSettings master{8};
        Time decode;  // from the last word fetched to the data mover
    };
    struct Hooks {
        std::function<void(const Descriptor&)> fetched;
        std::function<void(uint64_t at, uint32_t status, End)> updated;
    };

    DescriptorEngine(bus::Device& owner, pci::Function& function, const Settings& settings,
                     Hooks hooks);

    /// Fetches from `at` on.
    void begin(uint64_t at, uint64_t tail, bool cyclic);
    /// Goes on behind the descriptor that was fetched last.
    void resume(uint64_t tail, bool cyclic) { begin(next_, tail, cyclic); }
    void move_tail(uint64_t tail) { tail_ = tail; }
    /// The oldest descriptor fetched; null where there is none.
    const Descriptor* first() const { return count_ ? &queue_.get()[head_] : nullptr; }
    /// Takes it out. No other is fetched before release() where nothing is prefetched.
    Descriptor take();
    void release() { in_use_ = false; }

    /// Asks for a descriptor's status to be written; one at a time.
    void update(uint64_t at, uint32_t status);
    bool updating() const { return update_wanted_ || writing_; }
    bool fetching() const { return port_.busy() && !writing_; }

    /// Does what can be done now.
    void step();
    /// Lets a transaction under way end, and begins no other.
    void drain();
    /// The function may master the bus again.
    void resume() { step(); }
    void cancel();
    /// No transaction is under way.
    bool quiet() const { return !port_.busy(); }
    /// All of the chain up to the tail was fetched and taken, and no status is to be written.
    bool finished() const { return paused() && count_ == 0 && quiet() && !update_wanted_; }

  private:
    bool paused() const { return broken_ || (moved_ && !cyclic_ && last_ == tail_); }
    bool may_fetch() const;
    void ended(bus::MasterPort::Result result);
    void fetched(End end);

    bus::Device& owner_;
    pci::Function& function_;
    const Settings settings_;
    const Hooks hooks_;
    pci::MasterPort port_;
    State<std::array<Descriptor, most_prefetch>> queue_;
    State<uint32_t> head_;
    State<uint32_t> count_;
    State<uint64_t> next_;  // to be fetched
    State<uint64_t> last_;  // fetched last
    State<uint64_t> tail_;
    State<bool> cyclic_;
    State<bool> moved_;   // a descriptor was fetched since begin()
    State<bool> broken_;  // the last fetch failed, or there is nothing to do
    State<bool> in_use_;
    State<bool> writing_;  // the transaction under way is a status
    State<bool> update_wanted_;
    State<uint64_t> update_at_;
    State<uint32_t> update_status_;
};

}  // namespace sb::devices::cdma
