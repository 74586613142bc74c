// SPDX-License-Identifier: Apache-2.0
//
// The host bridge as target of PCI memory transactions. It moves the data by a master port on the
// system bus, "host_bridge", a line of 32 bytes at a time.
//
// Writes are posted: each line (or what of it a transaction wrote) takes an entry of the posting
// buffer when its last byte has come, and goes to memory in order. Where no entry is free the
// transaction waits, or is disconnected. Reads are fetched line by line, up to `prefetch` bytes
// ahead of what the master has taken, and never more than it asked for: a real bridge does not know
// that, and reads some lines in vain. What a transaction that ended has not taken is dropped; only
// after a retry, or a disconnect for want of data, does the bridge go on (a delayed read, PCI 2.2,
// 3.3.3.3), and it is the only one that the bridge keeps: other reads are retried meanwhile.
//
// Order: what is posted is in memory before anything that is read later is fetched, and before a
// message that was written later is sent (PCI 2.2, 3.2.5).
//
// Defaults of the sizes, 4 lines for writes and 2 for reads, are those of the 21071-DA host bridge
// (DECchip 21071 data: DMA write buffer and DMA read buffer).
//
// Messages: a write of a dword to FEE00000h to FEEFFFFFh is an interrupt message to local APICs
// (Intel SDM volume 3A, 10.11). It takes no bus of its own to them.
#pragma once

#include <array>
#include <string>

#include "bus/apic.h"
#include "bus/master_port.h"

namespace sb::pci {

using namespace sb::bus;

class LocalBus;
class MasterPort;

inline constexpr uint64_t message_base = 0xfee00000, message_size = 0x100000;
/// Sends what a write of `data` to a message address says. Gives what is wrong with it, as the text
/// of a finding; null where nothing is.
const char* send_message(ApicBus& bus, const observe::Probe& probe, Time now, uint64_t address,
                  uint32_t data);

/// A message's address and data, for a finding.
std::string message_text(uint64_t address, uint32_t data);

class HostMemory {
  public:
    static constexpr uint32_t line = 32, most_lines = 64;

    HostMemory(LocalBus& bus, unsigned posting, unsigned prefetch);

    // Writes.
    bool room() const { return count_ < lines_; }
    bool empty() const { return count_ == 0; }
    void post(int32_t owner, uint64_t address, const uint8_t* data, uint32_t bytes, bool message);

    // Reads.
    /// The transaction's data is wanted. False where the bridge keeps another one's.
    bool read(int32_t owner, uint64_t address, uint32_t bytes);
    /// Bytes that can be had at once.
    uint32_t available() const { return end_ - begin_; }
    bool failed() const { return failed_; }
    void take(uint8_t* to, uint32_t bytes);
    void stop_reading();

    /// The master will not come again.
    void forget(int32_t owner);

  private:
    struct Posted {
        uint64_t address = 0;
        uint32_t bytes = 0;
        int32_t owner = -1;
        bool message = false;
        std::array<uint8_t, line> data{};
    };
    void pump();
    void pop(bus::MasterPort::Result result);
    void moved(bus::MasterPort::Result result);

    LocalBus& bus_;
    const uint32_t lines_, prefetch_;
    ApicBus& apics_;
    bus::MasterPort port_;
    std::array<Posted, most_lines> posted_{};
    uint32_t first_ = 0, count_ = 0;
    bool draining_ = false;

    int32_t reader_ = -1;
    uint64_t next_ = 0, fetch_ = 0, limit_ = 0;  // given, asked for, and wanted up to here
    uint32_t fetching_ = 0;                      // bytes under way
    bool dropped_ = false;                       // what is under way is not wanted any more
    bool failed_ = false;
    uint32_t begin_ = 0, end_ = 0;
    std::array<uint8_t, line * most_lines> data_{};
};

}  // namespace sb::pci
