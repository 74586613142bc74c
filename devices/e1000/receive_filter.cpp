// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/receive_filter.h"

namespace sb::devices::e1000 {
namespace {

constexpr unsigned addresses = 16;
constexpr unsigned table_words = 128;
constexpr uint64_t valid = 1u << 31;  // RAH.AV
constexpr uint64_t broadcast = 0xffffffffffff;

/// The first byte on the wire is the lowest, as in RAL.
uint64_t address_at(const uint8_t* bytes) {
    uint64_t address = 0;
    for (unsigned i = 0; i < 6; ++i) address |= uint64_t{bytes[i]} << (8 * i);
    return address;
}

bool bit(const bus::RegisterArray& table, uint32_t index) {
    return table[index >> 5] >> (index & 31) & 1;
}

}  // namespace

ReceiveFilter::ReceiveFilter(const Chip& chip)
    : vet_{chip.bank,
           {.name = "VET", .offset = 0x0038, .reset = 0x8100, .doc = "VLAN Ethernet type"}},
      multicast_{chip.bank,
                 {.name = "MTA", .offset = 0x5200, .doc = "multicast table: 32 hashes"},
                 table_words,
                 4},
      low_{chip.bank,
           {.name = "RAL", .offset = 0x5400, .doc = "receive address, first four bytes"},
           addresses,
           8},
      high_{chip.bank,
            {.name = "RAH", .offset = 0x5404, .doc = "receive address, last two; AV 31, AS 17:16"},
            addresses,
            8},
      vlan_{chip.bank,
            {.name = "VFTA", .offset = 0x5600, .doc = "VLAN filter table: 32 identifiers"},
            table_words,
            4} {}

void ReceiveFilter::set_own(uint64_t mac) {
    low_[0] = mac & 0xffffffff;
    high_[0] = valid | mac >> 32;
}

bool ReceiveFilter::exact(uint64_t destination, uint64_t source) const {
    for (unsigned i = 0; i < addresses; ++i) {
        const uint64_t high = high_[i];
        if (!(high & valid)) continue;
        const uint64_t address = low_[i] | (high & 0xffff) << 32;
        const uint64_t select = bits(high, 17, 16);
        if (select == 0 && address == destination) return true;
        if (select == 1 && address == source) return true;
    }
    return false;
}

ReceiveFilter::Verdict ReceiveFilter::judge(const std::vector<uint8_t>& frame,
                                            const FilterMode& mode) const {
    const uint64_t destination = address_at(frame.data());
    if (exact(destination, address_at(frame.data() + 6))) return Verdict::exact;
    if (!(destination & 1)) return mode.unicast_all ? Verdict::inexact : Verdict::refused;
    if (destination == broadcast && mode.broadcast) return Verdict::exact;
    if (mode.multicast_all) return Verdict::inexact;
    // 13.5.1: MO chooses which twelve of the last sixteen bits are the hash.
    constexpr unsigned shifts[]{4, 3, 2, 0};
    const auto last = static_cast<uint32_t>(destination >> 32);
    const uint32_t hash = last >> shifts[mode.multicast_offset & 3] & 0xfff;
    return bit(multicast_, hash) ? Verdict::inexact : Verdict::refused;
}

bool ReceiveFilter::tagged(const std::vector<uint8_t>& frame) const {
    return frame.size() >= 18 && (uint32_t{frame[12]} << 8 | frame[13]) == type_;
}

bool ReceiveFilter::vlan_passes(uint16_t tag, const FilterMode& mode) const {
    if (!mode.vlan) return true;
    if (!bit(vlan_, tag & 0xfff)) return false;
    return !mode.cfi_enable || ((tag >> 12 & 1) != 0) == mode.cfi;
}

}  // namespace sb::devices::e1000
