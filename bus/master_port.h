// SPDX-License-Identifier: Apache-2.0
//
// How a bus master gets onto the system bus: bursts to and from memory.
#pragma once

#include <functional>

#include "bus/system_bus.h"

namespace sb::bus {

/// A device's way onto the bus: it asks for a burst and gives a completion. One burst at a time.
class MasterPort : private SystemBus::Contender {
  public:
    /// How a burst ended: nobody claimed the address, or the target refused it.
    enum class Result : uint8_t { done, master_abort, target_abort };
    using Completion = std::function<void(Result)>;

    /// `completion` is called at the time at which the burst's last beat ends; it may start the
    /// next.
    MasterPort(Component& owner, SystemBus& bus, observe::Stream& stream, const std::string& name,
               MasterSettings settings, Completion completion);

    static constexpr uint32_t max_bytes = 65536;

    struct Options {
        Time least = {};     // each tenure lasts at least this: a slow device's own pace
        bool fixed = false;  // every beat goes to one address: a device's FIFO
    };
    /// Moves `bytes` (1 to max_bytes) of `buffer()` to or from memory from `address` on. The buffer
    /// must hold the data before a write is asked for; it holds what was read at the completion.
    /// With a fixed address each bus-wide beat is a tenure of its own: no bus bursts to one address.
    void request(bool write, uint64_t address, uint32_t bytes, Options options);
    /// Each tenure lasts at least `least`: a slow device's own pace (a fly-by cycle of ISA).
    void request(bool write, uint64_t address, uint32_t bytes, Time least = {}) {
        request(write, address, bytes, Options{least, false});
    }
    /// `hook` is called at the time at which the bus is granted, before the transfer begins. It may
    /// put the datum into the buffer, and change what is transferred by `aim`: a controller with
    /// requesters of its own (8237A) chooses among them only when it has the bus.
    void on_grant(std::function<void()> hook) { on_grant_ = std::move(hook); }
    void aim(bool write, uint64_t address, uint32_t bytes, Time least);
    /// From its next tenure on, nobody else has the bus until lock(false): block transfers, and
    /// read-modify-write. Who locks must unlock, whatever happens: cancel() and a failed burst do
    /// it by themselves.
    void lock(bool on);
    /// Forgets a burst that is under way; its data is not committed any further.
    void cancel();
    bool busy() const { return bytes_ != 0; }
    uint8_t* buffer() { return buffer_.data(); }
    const MasterStats& stats() const { return Contender::stats; }

  private:
    void granted() override;
    void abandoned() override;
    Time tenure_length() const override;
    bool reaches(uint64_t address, uint64_t bytes) const override;
    void ask();
    void tenure_ended();
    uint32_t tenure_bytes() const;
    const DirectMemory& next_memory() const;
    Time tenure_time(uint32_t bytes) const;
    observe::Command command() const {
        return write_ ? observe::Command::memory_write : observe::Command::memory_read;
    }
    uint64_t first_beat() const;
    bool move(uint32_t bytes);
    bool move_by_transport(uint64_t address, uint8_t* data, uint32_t bytes);

    Component& owner_;
    SystemBus& bus_;
    observe::Probe probe_;
    Completion completion_;
    std::function<void()> on_grant_;
    std::vector<uint8_t> buffer_;
    bool refused_ = false;  // why move() failed: by the target, not for want of one
    State<bool> write_;
    State<uint64_t> address_;
    State<uint32_t> bytes_;
    State<uint32_t> moved_;
    State<uint32_t> tenure_;
    State<Time> least_;
    State<bool> fixed_;
    uint64_t target_address() const { return fixed_ ? address_.get() : address_ + moved_; }
    Timer tenure_end_;
};

}  // namespace sb::bus
