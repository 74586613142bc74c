// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_MODERATION_ITR_CLASSES_H
#define GUEST_NETWORK_MODERATION_ITR_CLASSES_H

// The classes of traffic by which Linux's e1000 driver chooses the interrupt rate
// (Documentation/networking/device_drivers/ethernet/intel/e1000.rst, "InterruptThrottleRate"; the
// limits between them are those of its e1000_update_itr()).

#include <cstdint>

namespace guest {

enum class ItrClass : uint8_t { kLowestLatency, kLowLatency, kBulk };

// Interrupts a second.
constexpr uint32_t rate_of(ItrClass traffic) {
    constexpr uint32_t kRates[] = {70'000, 20'000, 4'000};
    return kRates[static_cast<uint8_t>(traffic)];
}

// The class for the next interval, after one in which so much has come. Each class is left for its
// neighbour: by how much came with one interrupt, and how big the packets were.
constexpr ItrClass next_class(ItrClass now, uint32_t packets, uint32_t bytes) {
    if (packets == 0) return now;
    const uint32_t size = bytes / packets;
    constexpr uint32_t kSegmented = 8000;  // Of several frames made one: a stream, whatever else.
    switch (now) {
        case ItrClass::kLowestLatency:
            if (size > kSegmented) return ItrClass::kBulk;
            if (packets < 5 && bytes > 512) return ItrClass::kLowLatency;
            break;
        case ItrClass::kLowLatency:
            if (bytes > 10'000) {
                if (size > kSegmented || packets < 10 || size > 1200) return ItrClass::kBulk;
                if (packets > 35) return ItrClass::kLowestLatency;
            } else if (size > 2000) {
                return ItrClass::kBulk;
            } else if (packets <= 2 && bytes < 512) {
                return ItrClass::kLowestLatency;
            }
            break;
        case ItrClass::kBulk:
            if (bytes > 25'000) {
                if (packets > 35) return ItrClass::kLowLatency;
            } else if (bytes < 6000) {
                return ItrClass::kLowLatency;
            }
            break;
    }
    return now;
}

// Interrupts a second to go to from `now`: down at once, up by a quarter of the aim at a time.
constexpr uint32_t next_rate(uint32_t now, uint32_t aim) {
    const uint32_t step = now + aim / 4;
    return aim > now && step < aim ? step : aim;
}

// The register's value for a rate: units of 256 ns.
constexpr uint16_t itr_of(uint32_t rate) {
    return rate == 0 ? 0 : static_cast<uint16_t>(1'000'000'000 / (rate * 256));
}

}  // namespace guest

#endif
