// SPDX-License-Identifier: Apache-2.0
#include "devices/ide/bus_master.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sb::devices {
namespace {

/// A table entry as it lies in memory (82371AB, figure 8).
struct Entry {
    uint32_t address;
    uint16_t bytes;
    uint16_t flags;
};
constexpr uint16_t end_of_table_flag = 0x8000;

std::string numbered(const char* name, unsigned channel) {
    return fmt::format("{}{}", name, channel);
}

}  // namespace

BusMaster::BusMaster(bus::Device& owner, pci::Function& function, IdeChannel& channel,
                     bus::RegisterBank& bank, uint32_t offset)
    : owner_{owner},
      function_{function},
      channel_{channel},
      command_{bank,
               {.name = numbered("BMIC", channel.number()),
                .offset = offset,
                .bits = 8,
                .doc = "bus master command"},
               {.write = [this](uint64_t) { command_written(); }}},
      status_{bank,
              {.name = numbered("BMIS", channel.number()),
               .offset = offset + 2,
               .bits = 8,
               .doc = "bus master status"}},
      table_{bank,
             {.name = numbered("BMIDTP", channel.number()),
              .offset = offset + 4,
              .bits = 32,
              .doc = "descriptor table pointer"}},
      port_{function, numbered("channel", channel.number()),
            [this](pci::MasterPort::Result result) { burst_ended(result); },
            [this] { channel_.intrq_changed(); }},
      link_{owner, numbered("link", channel.number()), [this] { link_due(); }},
      to_memory_{owner, numbered("to_memory", channel.number())},
      fetching_{owner, numbered("fetching", channel.number())},
      mapped_{owner, numbered("mapped", channel.number())},
      last_{owner, numbered("last", channel.number())},
      entry_{owner, numbered("entry", channel.number())},
      region_{owner, numbered("region", channel.number())},
      left_{owner, numbered("left", channel.number())},
      level_{owner, numbered("level", channel.number())},
      link_bytes_{owner, numbered("link_bytes", channel.number())},
      burst_bytes_asked_{owner, numbered("burst_bytes", channel.number())},
      line_{owner, numbered("line", channel.number())},
      running_{owner, numbered("running", channel.number())} {
    channel.connect(*this);
}

void BusMaster::reset() {
    stop();
    running_ = false;
}

// ---- Start and stop

void BusMaster::command_written() {
    const bool was = running_;
    running_ = start_ != 0;
    if (running_ && !was) return start();
    if (!running_ && was) {
        if (active_ && channel_.requesting())
            owner_.finding("the bus master was stopped while the drive still requested data");
        return stop();
    }
    if (active_ && (to_memory_bit_ != 0) != to_memory_)
        owner_.finding("the bus master's direction was changed while it ran: ignored");
}

void BusMaster::start() {
    active_ = 1;
    to_memory_ = to_memory_bit_ != 0;
    mapped_ = last_ = false;
    level_ = 0;
    left_ = 0;
    entry_ = static_cast<uint32_t>(table_address_.make(table_address_));
    if (!function_.bus_master())
        owner_.finding(
            "the bus master was started while bus mastering was disabled in PCI COMMAND");
    pump();
}

void BusMaster::stop() {
    active_ = 0;
    port_.cancel();
    link_.cancel();
    level_ = 0;
    mapped_ = false;
    // An interrupt may have waited for data that is lost now.
    channel_.intrq_changed();
}

void BusMaster::pump() {
    if (!active_ || !function_.bus_master()) return;
    pump_drive();
    pump_memory();
}

// ---- The drive's side

uint32_t BusMaster::link_size(const ata::DmaRequest& request) const {
    const uint32_t wanted = std::min(request.bytes, burst_bytes);
    if (to_memory_) {
        // Beyond the last region, the drive's request is masked.
        const uint32_t region = left_ > level_ ? left_ - level_ : 0;
        const uint32_t most = last_ ? std::min(wanted, region) : wanted;
        return level_ + most <= line_bytes ? most : 0;
    }
    if (level_ >= wanted) return wanted;
    return last_ && left_ == 0 ? level_.get() : 0;
}

void BusMaster::pump_drive() {
    // The channel is masked until the first entry was loaded (82371AB, 9.4, step 4).
    if (link_.armed() || !mapped_) return;
    const ata::Drive* drive = channel_.requesting();
    if (!drive) return;
    const ata::DmaRequest request = drive->dma_request();
    if (request.to_host != to_memory_) {
        owner_.finding("the bus master's direction differs from the drive's: no data moves");
        return;
    }
    link_bytes_ = link_size(request);
    if (link_bytes_ > 0) link_.arm_after(request.word * ((link_bytes_ + 1) / 2));
}

void BusMaster::link_due() {
    ata::Drive* drive = channel_.requesting();
    const ata::DmaRequest request = drive ? drive->dma_request() : ata::DmaRequest{};
    const uint32_t bytes = std::min(link_bytes_.get(), request.bytes);
    if (bytes > 0 && request.to_host == to_memory_) {
        if (to_memory_) {
            // Counted first: the drive may raise its interrupt from within.
            level_ = level_ + bytes;
            drive->dma_read({line_.ref().data() + level_ - bytes, bytes});
        } else {
            drive->dma_write({line_.ref().data(), bytes});
            pop(bytes);
        }
    }
    pump();
}

void BusMaster::pop(uint32_t count) {
    uint8_t* line = line_.ref().data();
    level_ = level_ - count;
    std::memmove(line, line + count, level_);
}

// ---- The memory's side

void BusMaster::pump_memory() {
    if (port_.busy()) return;
    if (!mapped_ || (left_ == 0 && !last_)) return fetch_entry();
    if (left_ == 0) return end_of_table();
    move_region();
}

void BusMaster::fetch_entry() {
    fetching_ = true;
    port_.request(false, entry_, sizeof(Entry));
}

void BusMaster::entry_fetched() {
    Entry entry;
    std::memcpy(&entry, port_.buffer(), sizeof entry);
    if (entry.address % 2 != 0 || entry.bytes % 2 != 0)
        owner_.finding("a descriptor has an odd address or size: bit 0 is ignored", [&] {
            return fmt::format("{} bytes at {:#x}", entry.bytes, entry.address);
        });
    region_ = entry.address & ~uint32_t{1};
    const uint32_t bytes = entry.bytes & ~uint32_t{1};
    left_ = bytes == 0 ? boundary : bytes;
    last_ = (entry.flags & end_of_table_flag) != 0;
    mapped_ = true;
    if (region_ % boundary + left_ > boundary)
        owner_.finding("a memory region crosses a 64 KiB boundary: its address wraps round", [&] {
            return fmt::format("{} bytes at {:#x}", left_.get(), region_.get());
        });
    const uint32_t next = entry_ + static_cast<uint32_t>(sizeof(Entry));
    if (!last_ && next / boundary != entry_ / boundary)
        owner_.finding("the descriptor table crosses a 64 KiB boundary: its address wraps round");
    entry_ = entry_ / boundary * boundary + next % boundary;
}

/// How much the next burst moves; 0 where it is not yet worth one.
uint32_t BusMaster::burst_size() const {
    const uint32_t most = std::min({burst_bytes, left_.get(), boundary - region_ % boundary});
    if (!to_memory_) return line_bytes - level_ >= most ? most : 0;
    // A part of a line is written only when the region or the drive's data ends with it.
    const bool more_comes = link_.armed() || channel_.requesting();
    if (level_ < most && more_comes) return 0;
    return std::min(level_.get(), most);
}

void BusMaster::move_region() {
    const uint32_t bytes = burst_size();
    if (bytes == 0) return;
    fetching_ = false;
    if (to_memory_) std::memcpy(port_.buffer(), line_.ref().data(), bytes);
    port_.request(to_memory_, region_, bytes, {.early = true});
    burst_bytes_asked_ = bytes;
}

void BusMaster::end_of_table() {
    // Towards the drive, the last region is used up when the drive has its data.
    if (!to_memory_ && level_ > 0) return;
    link_.cancel();
    level_ = 0;
    active_ = 0;
    channel_.intrq_changed();
}

void BusMaster::burst_ended(pci::MasterPort::Result result) {
    if (result != pci::MasterPort::Result::done) {
        error_ = 1;
        return stop();
    }
    if (fetching_) {
        entry_fetched();
    } else {
        const uint32_t bytes = burst_bytes_asked_;
        if (to_memory_) {
            pop(bytes);
        } else {
            std::memcpy(line_.ref().data() + level_, port_.buffer(), bytes);
            level_ = level_ + bytes;
        }
        region_ = region_ / boundary * boundary + (region_ + bytes) % boundary;
        left_ = left_ - bytes;
    }
    pump();
    if (level_ == 0) channel_.intrq_changed();
}

}  // namespace sb::devices
