// SPDX-License-Identifier: Apache-2.0
//
// Transfer modes of the ATA interface and their cycle times, as data. Source: ATA/ATAPI-6
// (T13/1410D r0a), clause 10, tables of register transfers, PIO data transfers,
// Multiword DMA and Ultra DMA: the t0 columns, which are the least cycle times. The rates that
// follow from them are ceilings.
#pragma once

#include <array>

#include "sim/kernel/time.h"

namespace sb::devices {

struct PioTiming {
    uint16_t register_ns;  // t0 of an 8-bit register access
    uint16_t data_ns;      // t0 of a 16-bit data access
};
inline constexpr std::array<PioTiming, 5> pio_modes{
    {{600, 600}, {383, 383}, {330, 240}, {180, 180}, {120, 120}}};

/// ns per 16-bit word: Multiword DMA's t0; Ultra DMA's sustained t2CYC / 2.
inline constexpr std::array<uint16_t, 3> multiword_ns{480, 150, 120};
inline constexpr std::array<uint16_t, 6> ultra_ns{120, 80, 60, 45, 30, 20};

/// Subcommand 03h of SET FEATURES: the value of the Sector Count register (clause 8, SET FEATURES).
struct TransferMode {
    enum class Kind : uint8_t { pio_default, pio, multiword, ultra };
    uint8_t first;  // value of the kind's mode 0
    uint8_t count;  // of modes
    Kind kind;
};
inline constexpr std::array<TransferMode, 4> transfer_modes{
    {{0x00, 2, TransferMode::Kind::pio_default},
     {0x08, pio_modes.size(), TransferMode::Kind::pio},
     {0x20, multiword_ns.size(), TransferMode::Kind::multiword},
     {0x40, ultra_ns.size(), TransferMode::Kind::ultra}}};

}  // namespace sb::devices
