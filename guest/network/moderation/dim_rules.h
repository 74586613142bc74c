// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_MODERATION_DIM_RULES_H
#define GUEST_NETWORK_MODERATION_DIM_RULES_H

// Dynamic interrupt moderation, as Linux's lib/dim describes it (Documentation/networking/
// net_dim.rst): hill climbing over a few delays. After each measurement it goes one step on in the
// direction in which it went, turns round if that has not helped, and parks where both neighbours
// were worse, or where it is tired of going to and fro.

#include <cstdint>

namespace guest {

// What one measurement has seen, each in a millisecond.
struct DimSample {
    uint32_t bytes = 0;
    uint32_t packets = 0;
    uint32_t events = 0;  // Interrupts.
};

struct DimState {
    enum class Motion : uint8_t { kParkedOnTop, kParkedTired, kRight, kLeft };
    uint8_t step = 1;  // Which delay.
    Motion motion = Motion::kRight;
    uint8_t steps_right = 0;  // Since it last turned.
    uint8_t steps_left = 0;
    uint8_t tired = 0;
    DimSample before;
};

class DimRules {
  public:
    static constexpr uint32_t kSteps = 5;
    static constexpr uint32_t kMicroseconds[kSteps] = {1, 8, 64, 128, 256};
    static constexpr uint32_t kEventsBetweenDecisions = 64;

    // Takes a measurement, and says whether the delay changes.
    static constexpr bool decide(DimState& state, const DimSample& now) {
        using Motion = DimState::Motion;
        const uint8_t step_before = state.step;
        const Motion motion_before = state.motion;
        switch (state.motion) {
            case Motion::kParkedOnTop:
                if (compare(now, state.before) != Verdict::kSame) leave_parking(state);
                break;
            case Motion::kParkedTired:
                if (--state.tired == 0) leave_parking(state);
                break;
            case Motion::kRight:
            case Motion::kLeft:
                if (compare(now, state.before) != Verdict::kBetter) turn(state);
                if (is_on_top(state)) {
                    park(state, Motion::kParkedOnTop);
                } else {
                    walk(state);
                }
                break;
        }
        // Parked, it compares with what it was like when it parked, so that slow changes add up.
        if (motion_before != Motion::kParkedOnTop || state.motion != Motion::kParkedOnTop) {
            state.before = now;
        }
        return state.step != step_before;
    }

  private:
    using Motion = DimState::Motion;
    enum class Verdict : uint8_t { kWorse, kSame, kBetter };

    // More than 10 %.
    static constexpr bool differs(uint32_t a, uint32_t b) {
        const uint32_t difference = a > b ? a - b : b - a;
        return b != 0 && uint64_t{difference} * 10 > b;
    }

    // Bytes count most, then packets; then fewer interrupts are better.
    static constexpr Verdict compare(const DimSample& now, const DimSample& before) {
        if (before.bytes == 0) return now.bytes != 0 ? Verdict::kBetter : Verdict::kSame;
        if (differs(now.bytes, before.bytes)) return more_is_better(now.bytes, before.bytes);
        if (before.packets == 0) return now.packets != 0 ? Verdict::kBetter : Verdict::kSame;
        if (differs(now.packets, before.packets))
            return more_is_better(now.packets, before.packets);
        if (differs(now.events, before.events)) return more_is_better(before.events, now.events);
        return Verdict::kSame;
    }

    static constexpr Verdict more_is_better(uint32_t now, uint32_t before) {
        return now > before ? Verdict::kBetter : Verdict::kWorse;
    }

    // It came up by more than one step on one side, and went down by one on the other.
    static constexpr bool is_on_top(const DimState& state) {
        return state.motion == Motion::kRight ? state.steps_left > 1 && state.steps_right == 1
                                              : state.steps_right > 1 && state.steps_left == 1;
    }

    static constexpr void turn(DimState& state) {
        const bool was_right = state.motion == Motion::kRight;
        state.motion = was_right ? Motion::kLeft : Motion::kRight;
        (was_right ? state.steps_left : state.steps_right) = 0;
    }

    // One step on; parks at either end, and when it has done twice as many as there are delays.
    static constexpr void walk(DimState& state) {
        if (state.tired == 2 * kSteps) return park(state, Motion::kParkedTired);
        const bool right = state.motion == Motion::kRight;
        if (state.step == (right ? kSteps - 1 : 0)) return park(state, Motion::kParkedOnTop);
        state.step = static_cast<uint8_t>(right ? state.step + 1 : state.step - 1);
        ++(right ? state.steps_right : state.steps_left);
        ++state.tired;
    }

    // A tired one rests for as many measurements as it went steps.
    static constexpr void park(DimState& state, Motion how) {
        state.steps_right = state.steps_left = 0;
        if (how == Motion::kParkedOnTop) state.tired = 0;
        state.motion = how;
    }

    static constexpr void leave_parking(DimState& state) {
        state.motion = state.step != 0 ? Motion::kLeft : Motion::kRight;
        walk(state);
    }
};

}  // namespace guest

#endif
