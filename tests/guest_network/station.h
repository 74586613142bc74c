// SPDX-License-Identifier: Apache-2.0
//
// The guest program "network" on QEMU, with a cable for each of its controllers: what is put on a
// cable arrives at the controller, and what that sends can be taken off.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/disk_images/qemu.h"
#include "tests/guest_network/frames.h"

namespace sb::test {

class Station {
  public:
    /// `controllers` are QEMU's devices ("e1000", "ne2k_isa,irq=9"), `options` the program's. Waits
    /// until it is ready.
    Station(const std::vector<std::string>& controllers, const std::string& options);
    ~Station();
    Station(const Station&) = delete;

    void send(const Bytes& frame, size_t cable = 0);
    /// The next frame. Throws std::runtime_error if none comes for ten seconds.
    Bytes receive(size_t cable = 0);

    /// Asks for the guest's hardware address on a cable, from host 1 of its network.
    Bytes find_guest(size_t cable = 0);

    /// What the program says at its end, where it has ended well: figures by their names. Throws
    /// where it has not.
    Ended wait() { return qemu_->wait(); }

  private:
    std::vector<int> ours_;
    std::vector<int> qemus_;
    std::unique_ptr<Qemu> qemu_;
};

/// The number after "name=" in what the program said; -1 where there is none.
long figure(const std::string& text, const std::string& name);

}  // namespace sb::test
