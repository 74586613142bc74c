// SPDX-License-Identifier: Apache-2.0
#include "network/moderation/moderation.h"
#include "network/tick.h"
#include "runtime/arithmetic.h"
#include "runtime/clock.h"

namespace guest {
namespace {

constexpr uint32_t kCountsPerMillisecond = clock::kCounterHz / 1000;

uint32_t per_millisecond(uint64_t number, uint32_t counts) {
    return static_cast<uint32_t>(divide(number * kCountsPerMillisecond, counts).quotient);
}

}  // namespace

void DimModeration::start(NetworkDevice& device, ModerationState& state) { set(device, state); }

// DIM's delay is one after a packet has come, which others do not prolong: that is RADV. A timer
// for each packet is needed too, or RADV would be off, so both get the delay.
void DimModeration::set(NetworkDevice& device, ModerationState& state) {
    Moderation moderation = others_;
    moderation.rdtr = moderation.radv =
        static_cast<uint16_t>(DimRules::kMicroseconds[state.dim.step]);
    change(device, moderation);
    state.dim_interrupts = 0;
    state.before = device.counted();
    state.start = tick::now();
}

void DimModeration::update(NetworkDevice& device, ModerationState& state) {
    if (++state.dim_interrupts < DimRules::kEventsBetweenDecisions) return;
    const uint32_t now = tick::now();
    const uint32_t counts = now - state.start;
    if (counts == 0) return;
    const NetworkStatistics& counted = device.counted();
    const DimSample sample = {
        .bytes = per_millisecond(counted.received_bytes - state.before.received_bytes, counts),
        .packets = per_millisecond(counted.received - state.before.received, counts),
        .events = per_millisecond(state.dim_interrupts, counts)};
    if (DimRules::decide(state.dim, sample)) return set(device, state);
    state.dim_interrupts = 0;
    state.before = counted;
    state.start = now;
}

}  // namespace guest
