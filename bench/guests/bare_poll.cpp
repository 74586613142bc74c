// SPDX-License-Identifier: Apache-2.0
//
// A driver that polls: it reads the alternate status of the first ATA channel until a bit that
// never comes, then a UART's line status, with next to nothing else.
#include "bare.h"

namespace {

constexpr uint32_t kReads = BARE_ROUNDS;
constexpr uint16_t kAlternateStatus = 0x3f6;  // ATA: bit 7 is BSY
constexpr uint16_t kLineStatus = 0x3fd;       // 16550: bit 0 is "data ready"

uint32_t count_set(uint16_t port, uint8_t bit) {
    uint32_t set = 0;
    for (uint32_t n = 0; n < kReads; ++n)
        if (guest::read_port8(port) & bit) ++set;
    return set;
}

}  // namespace

void bare_main() {
    bare::say("start\n");
    const uint32_t busy = count_set(kAlternateStatus, 0x80);
    bare::done(busy << 16 ^ count_set(kLineStatus, 0x01));
}
