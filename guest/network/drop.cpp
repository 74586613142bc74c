// SPDX-License-Identifier: Apache-2.0
#include "network/drop.h"

#include "network/packet.h"
#include "runtime/print.h"
#include "runtime/probe.h"

namespace guest {
namespace {

constexpr const char* kNames[] = {
    "dropped_no_buffer",    "dropped_damaged",    "dropped_protocol_queue", "dropped_user_queue",
    "dropped_output_queue", "dropped_malformed",  "dropped_checksum",       "dropped_fragment",
    "dropped_unknown_type", "dropped_not_for_us", "dropped_no_port",        "dropped_time_to_live",
    "dropped_no_route",     "dropped_no_mac",
};
static_assert(std::size(kNames) == static_cast<uint32_t>(DropPlace::kCount));

}  // namespace

constinit std::array<uint32_t, Drops::kPlaces> Drops::counts_{};
constinit std::array<uint32_t, Drops::kPlaces> Drops::places_{};

void Drops::open() {
    constexpr uint32_t kPrefix = sizeof("dropped_") - 1;
    for (uint32_t i = 0; i < kPlaces; ++i) places_[i] = phase_number(kNames[i] + kPrefix);
}

void Drops::drop(Packet& packet, DropPlace place, PacketPool& pool) {
    count_in_place(packet, place);
    pool.give(packet);
}

// Handlers drop as well, and the two ports of a mark belong together.
void Drops::count_in_place(const Packet& packet, DropPlace place) {
    const uint32_t index = static_cast<uint8_t>(place);
    const InterruptGuard guard;
    ++counts_[index];
    if (packet.number != packet::kNone) packet::dropped(packet.number, places_[index]);
}

uint32_t Drops::total() {
    uint32_t sum = 0;
    for (const uint32_t count : counts_) sum += count;
    return sum;
}

void Drops::report() {
    for (uint32_t i = 0; i < kPlaces; ++i) {
        if (counts_[i] == 0) continue;
        print("{}={} ", kNames[i], counts_[i]);
        report_metric(kNames[i], counts_[i]);
    }
}

}  // namespace guest
