// SPDX-License-Identifier: Apache-2.0
//
// Register names as in the 8237A datasheet (Intel order 231466-005), ports and page registers as in
// the 82371AB datasheet (Intel order 290562-001), section 4.2.
#include "drivers/isa_dma.h"

#include "runtime/io.h"
#include "runtime/memory.h"

namespace guest {
namespace {

// Registers of a controller, as the chip numbers them. Those of a channel are in pairs.
constexpr uint8_t kAddress = 0;  // Plus twice the channel's index.
constexpr uint8_t kCount = 1;    // Likewise.
constexpr uint8_t kStatus = 8;
constexpr uint8_t kSingleMask = 10;
constexpr uint8_t kMode = 11;
constexpr uint8_t kClearFlipFlop = 12;

constexpr uint16_t kWideBase = 0xc0;  // The second controller, on even ports only.

// The page registers do not lie in the order of their channels.
constexpr uint16_t kPagePorts[] = {0x87, 0x83, 0x81, 0x82, 0x8f, 0x8b, 0x89, 0x8a};

constexpr uint8_t kMasked = 1u << 2;  // Of the single mask register; the index is in bits 1 and 0.

// Of the mode register; the index is in bits 1 and 0.
constexpr uint8_t kTransferShift = 2;
constexpr uint8_t kAutoInitialise = 1u << 4;
constexpr uint8_t kModeShift = 6;

constexpr uint32_t kMostAddress = 1u << 24;  // ISA has 24 address lines.

}  // namespace

void* IsaDma::allocate_buffer(uint32_t bytes, uint32_t boundary) {
    // A power of two at least as large, and so aligned, crosses no larger power of two.
    uint32_t alignment = 16;
    while (alignment < bytes && alignment < boundary) alignment *= 2;
    return allocate(bytes, alignment);
}

DmaError IsaDma::program(const void* buffer, uint32_t bytes, Transfer transfer, Mode mode,
                         AtEnd at_end) {
    const uint32_t address = physical_address(buffer);
    const uint32_t unit = is_wide() ? 2 : 1;
    if (bytes == 0 || address >= kMostAddress || within_boundary(address, bytes) != bytes ||
        address % unit != 0 || bytes % unit != 0) {
        return DmaError::kBadRequest;
    }
    bytes_ = bytes;

    // Masked first, so that no request is served halfway through.
    mask();
    write_port8(port(kMode), static_cast<uint8_t>(mode) << kModeShift |
                                 (at_end == AtEnd::kRestart ? kAutoInitialise : 0) |
                                 static_cast<uint8_t>(transfer) << kTransferShift | index());

    // The 16-bit registers are written a byte at a time, the low one first; a flip-flop remembers
    // which one is next. A word channel counts words, and its page register's lowest bit is the
    // address counter's highest.
    const uint16_t offset = static_cast<uint16_t>(address / unit);
    write_port8(port(kClearFlipFlop), 0);
    write_port8(port(kAddress + 2 * index()), static_cast<uint8_t>(offset));
    write_port8(port(kAddress + 2 * index()), static_cast<uint8_t>(offset >> 8));
    write_port8(kPagePorts[number_], static_cast<uint8_t>(address >> 16));

    // One less: the end is reached when the counter goes from 0 to FFFFh.
    const uint16_t count = static_cast<uint16_t>(bytes / unit - 1);
    write_port8(port(kClearFlipFlop), 0);
    write_port8(port(kCount + 2 * index()), static_cast<uint8_t>(count));
    write_port8(port(kCount + 2 * index()), static_cast<uint8_t>(count >> 8));

    reached_end();  // Forgets the end of the transfer before.
    write_port8(port(kSingleMask), index());
    return DmaError::kNone;
}

void IsaDma::mask() { write_port8(port(kSingleMask), kMasked | index()); }

// The counter may go on between the reads of its halves. Two readings with the same high byte have
// seen no carry; where they differ there was one just now, and the next is 256 counts away.
uint32_t IsaDma::bytes_left() const {
    const uint16_t before = read_count();
    uint16_t count = read_count();
    if (before >> 8 != count >> 8) count = read_count();
    const uint32_t units = static_cast<uint16_t>(count + 1);
    return is_wide() ? 2 * units : units;
}

uint16_t IsaDma::read_count() const {
    write_port8(port(kClearFlipFlop), 0);
    const uint8_t low = read_port8(port(kCount + 2 * index()));
    return static_cast<uint16_t>(read_port8(port(kCount + 2 * index())) << 8 | low);
}

bool IsaDma::reached_end() { return read_port8(port(kStatus)) & 1u << index(); }

uint16_t IsaDma::port(uint8_t reg) const { return is_wide() ? kWideBase + 2 * reg : reg; }

}  // namespace guest
