// SPDX-License-Identifier: Apache-2.0
//
// The bus master of one IDE channel: it moves data between the drive and the memory regions of a
// descriptor table. Sources: Intel 82371AB (PIIX4) datasheet, 5.2 and 9.4; Intel 82801BA (ICH2)
// datasheet, "Bus Master IDE Operation", "Line Buffer", table 5-54; and the 82801AA/AB's, 5.14.2.
//
// Table. Entries of 8 bytes, dword-aligned: address of the region, then its size and, in the top
// bit, "end of table". Addresses and sizes are even; a size of 0 is 64 KiB. Neither the table nor a
// region may cross a 64 KiB boundary: the address counters are 16 bits wide (82371FB/SB, figure 5,
// note), so both wrap round within it, which is a finding.
//
// Data path. The drive fills (or empties) a line buffer of 128 bytes at its transfer mode's rate, 64
// bytes at a time; each half is moved by one request of the channel's own PCI master port (82801AA/AB,
// 5.14.2.1: reads go to a boundary of 64 bytes, a write is typically a 32-byte cache line, of a buffer of
// 64 bytes; here it is twice that, since a request is made only when its data is there, where the chip
// asks for the bus ahead: 32 bytes are 11 PCI clocks, 330 ns, of the 320 ns of mode 5). While the
// buffer is full (or empty) the interface pauses the drive. The drive's data leaves the buffer when the
// host bridge has taken it; an interrupt waits until it is in memory. The next entry is fetched when
// its predecessor's region is used up. Approximations: the chip's read-ahead to a 64-byte boundary is
// not modelled; a burst of the interface is not charged its start-up and termination; an interrupt
// waits until the buffer is in memory, where the chip retries the processor's accesses until then.
//
// Ends. ACTIVE falls when the last region is used up, at Stop, or at a master abort, which also
// sets ERROR and raises no interrupt. INT rises with the drive's interrupt. With bus
// mastering disabled in PCI COMMAND nothing moves; enabling it counts from the next start on. Read
// after that: INT=1 ACTIVE=0: all regions used, as long as the transfer; 1/1: the regions are
// longer; 0/0 with ERROR: bus error; 0/0 without: the regions are shorter, and the drive still
// waits (82801BA, table 5-54).
#pragma once

#include <array>
#include <functional>

#include "bus/pci_master.h"
#include "devices/ide/ide_channel.h"

namespace sb::devices {

class BusMaster {
  public:
    /// `bank` is the function's 16 bytes of bus master registers; `offset` where the channel's are.
    BusMaster(bus::Device& owner, pci::Function& function, IdeChannel& channel,
              bus::RegisterBank& bank, uint32_t offset);

    void reset();
    /// Does what can be done now on the drive's and on the memory's side.
    void pump();
    /// The drive's interrupt line rose.
    void interrupted() { interrupt_ = 1; }
    /// Data from the drive is not in memory yet.
    bool holds_data() const {
        return (active_ && to_memory_ && level_ > 0) || !port_.settled();
    }

  private:
    static constexpr uint32_t line_bytes = 128;
    static constexpr uint32_t burst_bytes = 64;
    static constexpr uint32_t boundary = 0x10000;

    void command_written();
    void start();
    void stop();
    void pump_drive();
    void pump_memory();
    void link_due();
    void fetch_entry();
    void entry_fetched();
    void move_region();
    void end_of_table();
    void burst_ended(pci::MasterPort::Result result);
    void pop(uint32_t count);
    uint32_t link_size(const ata::DmaRequest& request) const;
    uint32_t burst_size() const;

    bus::Device& owner_;
    pci::Function& function_;
    IdeChannel& channel_;

    bus::Register command_;
    bus::Field start_{command_, "START", 0, "1: run; 0: stop, data in the buffer is lost"};
    bus::Field to_memory_bit_{command_, "RWCON", 3, "1: from the drive to memory"};
    bus::Register status_;
    bus::Field active_{status_, "ACTIVE", 0, "the engine runs", bus::ro};
    bus::Field error_{status_, "ERROR", 1, "a master or target abort stopped it", bus::w1c};
    bus::Field interrupt_{status_, "INT", 2, "the drive raised its interrupt", bus::w1c};
    bus::Field dma0_{status_, "DMA0CAP", 5, "software's note: device 0 can do DMA", bus::rw};
    bus::Field dma1_{status_, "DMA1CAP", 6, "software's note: device 1 can do DMA", bus::rw};
    bus::Field simplex_{status_, "SIMPLEX", 7, "0: both channels work at once", bus::ro};
    bus::Register table_;
    bus::Field table_address_{table_, "TABLE", 31, 2, "where the descriptor table begins"};

    pci::MasterPort port_;
    Timer link_;  // ends the transfer of `link_bytes_` on the cable

    State<bool> to_memory_;   // as it was when the engine started
    State<bool> fetching_;    // the port's burst is a table entry
    State<bool> mapped_;      // a region is loaded
    State<bool> last_;        // it is the table's last
    State<uint32_t> entry_;   // address of the next table entry
    State<uint32_t> region_;  // address of the region's next byte
    State<uint32_t> left_;    // of the region
    State<uint32_t> level_;   // bytes in the line buffer
    State<uint32_t> link_bytes_;
    State<uint32_t> burst_bytes_asked_;
    State<std::array<uint8_t, line_bytes>> line_;
    State<bool> running_;  // START as of its last write
};

}  // namespace sb::devices
