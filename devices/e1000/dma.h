// SPDX-License-Identifier: Apache-2.0
//
// The controller's way onto PCI: one transaction at a time for all of its parts. A part says
// whether it wants one, and begins it when it is its turn.
//
// Order. Receive and transmit side take turns; a side that wants nothing leaves its turn to the
// other. Within a side, the users come in the order in which they were added: write-backs of
// descriptors before packet data before fetches, since a fetch ahead is made only when "no other
// DMA activity of greater priority is pending" (the manual, 13.4.42 and 13.4.46; it does not
// publish more of the order than this).
//
// A transaction has ended when its last byte is in memory, or was read. While bus mastering is
// disabled nothing is begun; what waits goes on when it is enabled.
#pragma once

#include <functional>

#include "devices/e1000/chip.h"

namespace sb::devices::e1000 {

class Dma {
  public:
    struct User {
        std::function<bool()> wants;
        /// Asks for one transaction by read() or write(); false where it finds that there is
        /// nothing to do.
        std::function<bool()> begin;
        std::function<void(Result)> ended;
    };
    enum Side : uint8_t { receive, transmit };

    Dma(const Chip& chip, bus::MasterSettings settings);
    void add(Side side, User user) { users_[side].push_back(std::move(user)); }

    /// By a user, in `begin`.
    void read(uint64_t address, uint32_t bytes) { port_.request(false, address, bytes); }
    void write(uint64_t address, uint32_t bytes) { port_.request(true, address, bytes); }
    uint8_t* buffer() { return port_.buffer(); }
    static constexpr uint32_t most_bytes = pci::MasterPort::max_bytes;

    /// Somebody may want a transaction now.
    void kick();
    /// Forgets the transaction under way; its user hears nothing of it.
    void cancel();

  private:
    bool begin(Side side);
    void ended(Result result);

    Chip chip_;
    std::vector<User> users_[2];
    pci::MasterPort port_;
    /// After a cancel: a transaction may have been cancelled from within, by its own data.
    Timer again_;
    State<int32_t> current_;  // user, plus 256 on the transmit side; -1: none
    State<uint8_t> turn_;     // the side that comes first
};

}  // namespace sb::devices::e1000
