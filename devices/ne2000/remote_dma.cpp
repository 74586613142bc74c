// SPDX-License-Identifier: Apache-2.0
//
// The card's memory, and the remote DMA between it and the data port (data sheet, 9.0).
#include "devices/ne2000/ne2000.h"

namespace sb::devices {
namespace {

constexpr uint16_t memory_start = 0x4000;
constexpr uint64_t remote_read = 1, remote_write = 2, send_packet = 3, remote_abort = 4;

}  // namespace

uint8_t Ne2000::load(uint16_t address) {
    if (address >= memory_start && address < memory_start + memory_.size())
        return memory_[address - memory_start];
    if (address < prom_.size()) return prom_[address];
    finding("an address where the card has no memory was read");
    return 0xff;
}

void Ne2000::store(uint16_t address, uint8_t byte) {
    if (address >= memory_start && address < memory_start + memory_.size())
        memory_[address - memory_start] = byte;
    else
        finding("an address where the card has no RAM was written");
}

/// RD of CR: begins, or aborts, a remote DMA operation.
void Ne2000::remote_command(uint64_t code) {
    if (code >= remote_abort) {
        remote_left_ = 0;
        return;
    }
    if (code == 0) {
        finding("remote DMA command 0, which is not allowed");
        return;
    }
    if (code == send_packet) {
        // At BNRY, for as many bytes as the packet's header says.
        const auto at = static_cast<uint16_t>(boundary_ << 8);
        remote_address_ = at;
        remote_left_ = static_cast<uint16_t>(load(static_cast<uint16_t>(at + 2)) |
                                             load(static_cast<uint16_t>(at + 3)) << 8);
    } else {
        remote_address_ = static_cast<uint16_t>(remote_start_low_ | remote_start_high_ << 8);
        remote_left_ = static_cast<uint16_t>(remote_count_low_ | remote_count_high_ << 8);
    }
    if (remote_left_ != 0) return;
    finding("remote DMA of no bytes");
    raise(remote_done_);
}

/// After a byte has gone: the address goes on, of what is read round the ring (9.0, send packet;
/// the ring's rule for reads is that of drivers which read a packet that wraps in one piece).
void Ne2000::advance_remote() {
    auto next = static_cast<uint16_t>(remote_address_ + 1);
    if (remote_ != remote_write && next == static_cast<uint16_t>(page_stop_ << 8))
        next = static_cast<uint16_t>(page_start_ << 8);
    remote_address_ = next;
}

uint64_t Ne2000::read_data() {
    if (remote_left_ == 0 || (remote_ != remote_read && remote_ != send_packet)) {
        finding("the data port was read with no remote read under way");
        return 0xffff;
    }
    ++remote_transfers_;
    uint64_t datum = 0;
    for (unsigned i = 0; i < transfer_bytes(); ++i) {
        datum |= uint64_t{load(remote_address_)} << (8 * i);
        advance_remote();
    }
    remote_left_ =
        static_cast<uint16_t>(remote_left_ - std::min<unsigned>(remote_left_, transfer_bytes()));
    if (remote_left_ == 0) {
        if (remote_ == send_packet) {
            // The pages of the packet are free (9.0): its header's second byte is the next packet.
            boundary_ = load(static_cast<uint16_t>((boundary_ << 8) + 1));
            write_boundary();
        }
        raise(remote_done_);
    }
    return datum;
}

void Ne2000::write_data(uint16_t datum) {
    if (remote_left_ == 0 || remote_ != remote_write) {
        finding("the data port was written with no remote write under way");
        return;
    }
    ++remote_transfers_;
    for (unsigned i = 0; i < transfer_bytes(); ++i) {
        store(remote_address_, static_cast<uint8_t>(datum >> (8 * i)));
        advance_remote();
    }
    remote_left_ =
        static_cast<uint16_t>(remote_left_ - std::min<unsigned>(remote_left_, transfer_bytes()));
    if (remote_left_ == 0) raise(remote_done_);
}

}  // namespace sb::devices
