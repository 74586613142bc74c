// SPDX-License-Identifier: Apache-2.0
#include "network/moderation/moderation.h"

namespace guest {
namespace {

constexpr uint32_t kFirstRate = 20'000;

}  // namespace

void AdaptiveModeration::set_rate(NetworkDevice& device, ModerationState& state, uint32_t rate) {
    if (state.rate == rate) return;
    state.rate = rate;
    Moderation moderation = others_;
    moderation.itr = itr_of(rate);
    change(device, moderation);
}

void AdaptiveModeration::start(NetworkDevice& device, ModerationState& state) {
    set_rate(device, state, kFirstRate);
}

// What is sent counts like what is received, and the slower of the two classes is for both. The
// conservative mode (InterruptThrottleRate 3) leaves out the lowest latency.
void AdaptiveModeration::update(NetworkDevice& device, ModerationState& state) {
    const NetworkStatistics& now = device.counted();
    const NetworkStatistics& before = state.before;
    const auto step = [this](ItrClass& traffic, uint32_t packets, uint64_t bytes) {
        traffic = next_class(traffic, packets, static_cast<uint32_t>(bytes));
        if (conservative_ && traffic == ItrClass::kLowestLatency) traffic = ItrClass::kLowLatency;
    };
    step(state.transmit_class, now.transmitted - before.transmitted,
         now.transmitted_bytes - before.transmitted_bytes);
    step(state.receive_class, now.received - before.received,
         now.received_bytes - before.received_bytes);
    state.before = now;
    const ItrClass slower =
        state.receive_class > state.transmit_class ? state.receive_class : state.transmit_class;
    set_rate(device, state, next_rate(state.rate, rate_of(slower)));
}

}  // namespace guest
