// SPDX-License-Identifier: Apache-2.0
//
// When a source offers its packets. Time is cut into steps, each with a rate in packets a second;
// within a step
//   constant   packets come at its start and every 1/rate from there on, each at the picosecond at
//   or before the exact time; poisson    gaps are exponential with mean 1/rate (drawn anew at a
//   step: a Poisson process has no memory); on-off     bursts of packets 1/rate apart, and idle
//   time from the last one's slot to the next burst.
// The rate "line" follows each packet as soon as a free wire could have sent it; "off" offers none.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/component.h"
#include "sim/kernel/random.h"

namespace sb::devices {

class Schedule {
  public:
    static constexpr uint64_t line = ~uint64_t{0};  // as a rate

    enum class Pattern : uint8_t { constant, poisson, on_off };
    struct Spec {
        std::string owner;  // whose keys these are, for errors
        Pattern pattern = Pattern::constant;
        Time start, end;     // `end`: nothing is offered from then on
        std::string rate;    // "20000", "line" or "off"
        std::string steps;   // "1ms:20000,2ms:off": at that time, that rate
        uint64_t burst = 1;  // packets
        Time idle;           // between bursts
        bool random = true;  // bursts are geometric and idle times exponential with these means
    };

    /// Throws `Error` where rate or steps can not be read.
    Schedule(Component& owner, const Spec& spec, const Random& seeded);

    /// When the first packet is offered; Time::max(): never.
    Time first();
    /// When the next one is, after the one that was offered last, which takes `slot` of a wire.
    Time next(Time slot);

  private:
    struct Step {
        Time from;
        uint64_t rate;  // 0: off
    };
    void read_steps(const std::string& text);
    Time end_of(uint32_t step) const;
    Time in_step(Time slot, bool fresh);
    Time look(Time slot, bool fresh);

    Spec spec_;
    std::vector<Step> steps_;
    State<Random> random_;
    State<uint32_t> step_;
    State<Time> last_;       // the packet offered last, or the start of the step where none was
    State<uint64_t> count_;  // of a constant rate: packets in this step
    State<uint64_t> burst_;  // packets left of it
};

}  // namespace sb::devices
