// SPDX-License-Identifier: Apache-2.0
//
// The answer to IDENTIFY DEVICE: ATA/ATAPI-6, clause 8, IDENTIFY DEVICE (words by number).
#include <algorithm>
#include <numeric>

#include "devices/ide/ata_disk.h"

namespace sb::devices {
namespace {

using Words = std::array<uint16_t, 256>;

/// Text is padded with spaces, and the first character of each pair is the word's high byte.
void put_text(Words& words, size_t first, size_t count, std::string text) {
    text.resize(2 * count, ' ');
    for (size_t i = 0; i < count; ++i) {
        const auto high = static_cast<uint8_t>(text[2 * i]);
        const auto low = static_cast<uint8_t>(text[2 * i + 1]);
        words[first + i] = static_cast<uint16_t>(high << 8 | low);
    }
}

void put_number(Words& words, size_t first, size_t count, uint64_t value) {
    for (size_t i = 0; i < count; ++i) words[first + i] = static_cast<uint16_t>(value >> (16 * i));
}

constexpr uint16_t bits(std::initializer_list<unsigned> set) {
    unsigned value = 0;
    for (unsigned bit : set) value |= 1u << bit;
    return static_cast<uint16_t>(value);
}

/// The lowest `modes` bits: which modes are supported; in the high byte, which one is selected.
uint16_t modes(size_t count, bool selected, unsigned mode) {
    return static_cast<uint16_t>(((1u << count) - 1) | (selected ? 1u << (8 + mode) : 0));
}

constexpr uint64_t chs_most = uint64_t{16383} * 16 * 63;  // what CHS can describe
constexpr uint16_t valid = bits({14});                    // bits 15:14 = 01: the word is valid

}  // namespace

Words AtaDisk::identity() const {
    Words w{};
    const uint64_t sectors = store_.sectors();
    const uint64_t described = std::min(sectors, chs_most);
    w[0] = bits({6});  // ATA device, fixed
    w[1] = static_cast<uint16_t>(std::max<uint64_t>(1, described / (16 * 63)));
    w[3] = 16;
    w[6] = 63;
    put_text(w, 10, 10, serial_);
    put_text(w, 23, 4, "1.0");
    put_text(w, 27, 20, model_);
    w[47] = static_cast<uint16_t>(0x8000 | max_multiple);
    w[49] = bits({8, 9, 10, 11});  // DMA, LBA, IORDY can be disabled, IORDY
    w[50] = valid;
    w[51] = 2 << 8;           // the highest PIO mode that predates word 64
    w[53] = bits({0, 1, 2});  // words 54-58, 64-70 and 88 are valid
    const uint64_t current = std::clamp<uint64_t>(described / (heads_ * track_), 1, 65535);
    w[54] = static_cast<uint16_t>(current);
    w[55] = heads_;
    w[56] = track_;
    put_number(w, 57, 2, current * heads_ * track_);
    w[59] = multiple_ != 0 ? static_cast<uint16_t>(bits({8}) | multiple_) : uint16_t{0};
    put_number(w, 60, 2, std::min<uint64_t>(sectors, 0x0fffffff));
    w[63] = modes(multiword_ns.size(), !ultra_, dma_mode_);
    w[64] = bits({0, 1});  // PIO modes 3 and 4
    w[65] = w[66] = multiword_ns.back();
    w[67] = w[68] = pio_modes.back().data_ns;
    w[80] = bits({4, 5, 6});               // ATA/ATAPI-4 to -6
    w[82] = bits({3, 14}) | bits({5, 6});  // power management, NOP; write cache, look-ahead
    w[83] = valid | bits({10, 12, 13});    // 48-bit addresses, FLUSH CACHE, FLUSH CACHE EXT
    w[84] = valid;
    w[85] = static_cast<uint16_t>(bits({3, 14}) | (write_cache_ ? bits({5}) : 0) |
                                  (look_ahead_ ? bits({6}) : 0));
    w[86] = bits({10, 12, 13});
    w[87] = valid;
    w[88] = modes(ultra_ns.size(), ultra_, dma_mode_);
    // The cable has 80 conductors; the device number came from a jumper; the diagnostic passed.
    // Device 0 says in bit 6 whether it answers for an absent device 1.
    const uint16_t first = cable_.drive(1) ? bits({0, 1, 3}) : bits({0, 1, 3, 6});
    const uint16_t self = unit_ == 0 ? first : bits({8, 9, 11});
    w[93] = static_cast<uint16_t>(valid | bits({13}) | self);
    put_number(w, 100, 4, sectors);
    // Signature A5h and a checksum that makes all 512 bytes sum to zero.
    w[255] = 0xa5;
    const unsigned sum = std::accumulate(w.begin(), w.end(), 0u, [](unsigned s, uint16_t word) {
        return s + (word & 0xff) + (word >> 8);
    });
    w[255] = static_cast<uint16_t>(0xa5 | ((0x100 - (sum & 0xff)) & 0xff) << 8);
    return w;
}

}  // namespace sb::devices
