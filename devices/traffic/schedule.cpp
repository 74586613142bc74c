// SPDX-License-Identifier: Apache-2.0
#include "devices/traffic/schedule.h"

#include <fmt/format.h>

#include <sstream>

namespace sb::devices {
namespace {

constexpr uint64_t most_rate = 1'000'000'000;

uint64_t rate_of(const std::string& text) {
    if (text == "line") return Schedule::line;
    if (text == "off") return 0;
    return std::get<uint64_t>(
        parse_value(Key{"rate", ValueType::integer, "", "", {}, 1, most_rate}, text));
}

Time spacing(uint64_t rate, Time slot) {
    return rate == Schedule::line ? slot : Time::ps(Time::s(1).ps() / rate);
}

}  // namespace

Schedule::Schedule(Component& owner, const Spec& spec, const Random& seeded)
    : spec_{spec},
      random_{owner, "schedule.random", seeded},
      step_{owner, "schedule.step", 0},
      last_{owner, "schedule.last", spec.start},
      count_{owner, "schedule.count", 0},
      burst_{owner, "schedule.burst", 0} {
    const char* key = "rate";
    try {
        steps_.push_back({spec.start, rate_of(spec.rate)});
        key = "steps";
        read_steps(spec.steps);
    } catch (const Error& error) {
        throw Error(fmt::format("{}.{}: {}", spec.owner, key, error.what()));
    }
    if (spec.pattern == Pattern::poisson)
        for (const Step& step : steps_)
            if (step.rate == line)
                throw Error(fmt::format("{}: a Poisson process has no rate \"line\"; give a number",
                                        spec.owner));
}

void Schedule::read_steps(const std::string& text) {
    std::istringstream list{text};
    for (std::string item; std::getline(list, item, ',');) {
        const size_t colon = item.find(':');
        if (colon == std::string::npos)
            throw Error(fmt::format("\"{}\" is not a step such as \"2ms:20000\"", item));
        const size_t begin = item.find_first_not_of(' ');
        const Key time{"steps", ValueType::duration, "", ""};
        const Time from =
            Time::ps(std::get<uint64_t>(parse_value(time, item.substr(begin, colon - begin))));
        if (from < steps_.back().from)
            throw Error(
                fmt::format("the step \"{}\" begins before the start or the step before it", item));
        steps_.push_back({from, rate_of(item.substr(colon + 1))});
    }
}

Time Schedule::end_of(uint32_t step) const {
    return step + 1 < steps_.size() ? std::min(steps_[step + 1].from, spec_.end) : spec_.end;
}

Time Schedule::first() { return look({}, true); }

Time Schedule::next(Time slot) { return look(slot, false); }

/// Looks on from step to step until one has a packet. `fresh`: none was offered in this step yet.
Time Schedule::look(Time slot, bool fresh) {
    while (true) {
        const Time at = in_step(slot, fresh);
        if (at < end_of(step_)) {
            last_ = at;
            return at;
        }
        if (step_ + 1 >= steps_.size() || steps_[step_ + 1].from >= spec_.end) return Time::max();
        // A packet at the line's rate that the last step had begun keeps the line for its slot.
        const Time line_free = fresh ? Time{} : last_.get() + slot;
        ++step_.ref();
        last_ = steps_[step_].rate == line ? std::max(steps_[step_].from, line_free)
                                           : steps_[step_].from;
        count_ = 0;
        burst_ = 0;
        fresh = true;
    }
}

/// The time of the next packet by the rate of this step, were it to last for ever.
Time Schedule::in_step(Time slot, bool fresh) {
    const Step& step = steps_[step_];
    if (step.rate == 0) return Time::max();
    switch (spec_.pattern) {
        case Pattern::constant: {
            if (step.rate == line) return fresh ? last_.get() : last_.get() + slot;
            const uint64_t n = count_.ref()++;
            return step.from +
                   Time::ps(static_cast<uint64_t>(Random::Wide{n} * Time::s(1).ps() / step.rate));
        }
        case Pattern::poisson:
            return last_.get() + random_->exponential_gap(step.rate);
        case Pattern::on_off: {
            Time at = fresh ? last_.get() : last_.get() + spacing(step.rate, slot);
            if (burst_ == 0) {
                if (!fresh) at += spec_.random ? random_->exponential(spec_.idle) : spec_.idle;
                burst_ = spec_.random ? random_->geometric(spec_.burst) : spec_.burst;
            }
            --burst_.ref();
            return at;
        }
    }
    return Time::max();
}

}  // namespace sb::devices
