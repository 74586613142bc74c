// SPDX-License-Identifier: Apache-2.0
//
// How a PCI function masters the bus: transactions to memory and to other functions' memory. It is
// used as bus::MasterPort is; with a PCI bus that is not timed (`[pci_bus] timing = "none"`) it is
// one, straight on the system bus.
//
// A request may take several transactions (bus/pci_bus.h: latency timer, disconnect, retry). Its
// completion comes when its last byte is in memory, so an interrupt raised by it never overtakes
// the data; with `early` already when the target has taken all of it, and `settled` is called when
// what the host bridge still held is in memory too.
//
// Errors set the function's status bits (PCI 2.2, 6.2.3), and end the request.
//
// A fixed address: PCI has no burst to one address, the target's address counter goes on (3.2.2.2),
// so each data phase is a transaction of its own.
#pragma once

#include <functional>
#include <memory>

#include "bus/pci.h"
#include "bus/pci_bus.h"

namespace sb::pci {

class MasterPort {
  public:
    using Result = bus::MasterPort::Result;
    using Completion = std::function<void(Result)>;
    static constexpr uint32_t max_bytes = bus::MasterPort::max_bytes;

    struct Options {
        bool fixed = false;  // all data phases go to one address: a device's FIFO
        bool early = false;  // completion when all is accepted
    };

    /// `wide`: it has the 64-bit extension.
    /// `settings` count where the PCI bus is not timed.
    MasterPort(Function& function, const std::string& name, Completion completion,
               std::function<void()> settled = {}, bool wide = false,
               bus::MasterSettings settings = untimed_priority);
    static constexpr unsigned untimed_priority = 1;  // on the system bus: before the processor
    MasterPort(const MasterPort&) = delete;
    ~MasterPort();

    /// Moves `bytes` (1 to max_bytes) of `buffer()` to or from `address` on. The buffer must hold
    /// the data before a write is asked for; it holds what was read at the completion.
    void request(bool write, uint64_t address, uint32_t bytes, Options options);
    void request(bool write, uint64_t address, uint32_t bytes) {
        request(write, address, bytes, Options{});
    }
    /// Forgets a request that is under way; what the host bridge has taken still goes to memory.
    void cancel();
    bool busy() const { return direct_ ? direct_->busy() : bytes_ != 0; }
    /// Nothing that it wrote is on its way in the host bridge.
    bool settled() const { return pending_ == 0; }
    uint8_t* buffer() { return direct_ ? direct_->buffer() : buffer_.data(); }
    const MasterStats& stats() const { return direct_ ? direct_->stats() : stats_; }
    Function& function() { return function_; }

  private:
    friend class HostMemory;
    friend class LocalBus;

    uint64_t address() const { return fixed_ ? address_.get() : address_ + moved_; }
    uint32_t left() const { return bytes_ - moved_; }
    observe::Command command() const;
    void ended(End end);
    void committed(uint32_t bytes, Result result);
    void complete(Result result);

    Function& function_;
    LocalBus* bus_;
    observe::Probe probe_;
    Completion completion_;
    std::function<void()> settled_;
    std::unique_ptr<bus::MasterPort> direct_;  // where the PCI bus is not timed
    const bool wide_;
    std::vector<uint8_t> buffer_;
    MasterStats stats_;
    LocalBus::Contender contender_;
    int32_t index_ = -1;  // among the bus's masters
    State<bool> write_, fixed_, early_;
    State<uint64_t> address_;
    State<uint32_t> bytes_, moved_;
    State<uint32_t> pending_;  // bytes that the host bridge holds
    State<bool> failed_;       // some of them did not arrive
};

}  // namespace sb::pci
