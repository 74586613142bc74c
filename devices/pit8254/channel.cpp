// SPDX-License-Identifier: Apache-2.0
#include "devices/pit8254/channel.h"

#include <algorithm>

namespace sb::devices {
namespace {

uint32_t from_bcd(uint16_t v) {
    uint32_t value = 0;
    for (uint32_t digit = 0, scale = 1; digit < 4; ++digit, scale *= 10, v /= 16)
        value += v % 16 * scale;
    return value;
}

uint16_t to_bcd(uint32_t v) {
    uint32_t bcd = 0;
    for (uint32_t digit = 0, scale = 1; digit < 4; ++digit, scale *= 16, v /= 10)
        bcd += v % 10 * scale;
    return static_cast<uint16_t>(bcd);
}

}  // namespace

PitChannel::PitChannel(Component& owner, const std::string& name)
    : tick_{owner, name + ".tick", 0},
      count_{owner, name + ".count", 0},
      reload_{owner, name + ".reload", 0},
      period_{owner, name + ".period", 0},
      mode_{owner, name + ".mode", 0},
      bcd_{owner, name + ".bcd", false},
      gate_{owner, name + ".gate", true},
      out_{owner, name + ".out", false},
      written_{owner, name + ".written", false},
      loading_{owner, name + ".loading", false},
      loaded_{owner, name + ".loaded", false},
      armed_{owner, name + ".armed", false},
      null_{owner, name + ".null", true} {}

/// After power-up the state of a counter is undefined ("Programming the 82C54"): here it stands
/// still, with its output low.
void PitChannel::reset() {
    set_mode(Mode::terminal_count, false);
    count_ = 0;
}

void PitChannel::set_mode(Mode mode, bool bcd) {
    mode_ = static_cast<uint8_t>(mode);
    bcd_ = bcd;
    out_ = mode != Mode::terminal_count;
    written_ = loading_ = loaded_ = armed_ = false;
    null_ = true;
    if (count_ > modulus()) count_ = 0;
}

void PitChannel::first_byte_written() {
    if (mode() != Mode::terminal_count) return;
    loading_ = loaded_ = armed_ = false;
    out_ = false;
}

bool PitChannel::set_count(uint16_t written) {
    uint32_t value = bcd_ ? from_bcd(written) : written;
    // Digits above 9 give counts that the part does not define; they are kept in range.
    value = value == 0 ? modulus() : std::min(value, modulus());
    const bool legal = !(periodic() && value < 2);
    reload_ = legal ? value : 2u;
    null_ = true;
    const bool first = !written_;
    written_ = true;
    switch (mode()) {
        case Mode::terminal_count:
            out_ = false;
            loading_ = true;
            break;
        case Mode::software_strobe:
            loading_ = true;
            break;
        case Mode::rate:
        case Mode::square:
            // A count written while counting waits for the end of the cycle, or a trigger.
            if (first) loading_ = true;
            break;
        case Mode::one_shot:
        case Mode::hardware_strobe:
            break;  // waits for a trigger
    }
    return legal;
}

void PitChannel::set_gate(bool level) {
    const bool rising = level && !gate_;
    gate_ = level;
    const bool triggered =
        mode() == Mode::one_shot || mode() == Mode::hardware_strobe || periodic();
    if (rising && triggered && written_) loading_ = true;
    if (!level && periodic()) out_ = true;
}

uint16_t PitChannel::count() const {
    const uint32_t shown = count_ % modulus();
    return bcd_ ? to_bcd(shown) : static_cast<uint16_t>(shown);
}

/// GATE enables counting in modes 0, 2, 3 and 4; in modes 1 and 5 it only triggers.
bool PitChannel::counts() const {
    const bool by_level = mode() != Mode::one_shot && mode() != Mode::hardware_strobe;
    return loaded_ && (gate_ || !by_level);
}

bool PitChannel::quiet_for_ever() const {
    const bool strobe = mode() == Mode::software_strobe || mode() == Mode::hardware_strobe;
    if (loading_ || (strobe && loaded_ && !out_)) return false;
    return !counts() || (!periodic() && !armed_);
}

/// How many of the next ticks do nothing but decrement.
uint64_t PitChannel::quiet() const {
    if (quiet_for_ever()) return never;
    if (loading_) return 0;
    if (mode() == Mode::rate) return count_ > 2 ? count_ - 2 : 0;
    if (mode() == Mode::square) {
        // Odd counts: the high half lasts one tick longer ("Mode 3: Square Wave Mode").
        const bool longer = period_ % 2 == 1 && out_;
        return longer ? count_ / 2 : (count_ < 4 ? 0 : count_ / 2 - 1);
    }
    if (!armed_) return 0;  // the strobe's one low tick
    return count_ > 0 ? count_ - 1 : 0;
}

void PitChannel::decrement(uint64_t n) {
    if (!counts()) return;
    if (mode() == Mode::square) n *= 2;
    n %= modulus();
    const uint64_t from = count_;
    count_ = static_cast<uint32_t>(from >= n ? from - n : from + modulus() - n);
}

void PitChannel::load() {
    loading_ = false;
    loaded_ = armed_ = true;
    null_ = false;
    period_ = reload_;
    count_ = mode() == Mode::square ? reload_ - reload_ % 2 : reload_.get();
    if (mode() == Mode::one_shot) out_ = false;
    // Modes 2 and 3 begin their cycle, and modes 4 and 5 wait for their strobe, with OUT high.
    else if (mode() != Mode::terminal_count)
        out_ = true;
}

void PitChannel::step_square() {
    const bool longer = period_ % 2 == 1 && out_;
    if (count_ >= (longer ? 2u : 4u)) return decrement(1);
    const bool level = !out_;
    load();
    out_ = level;
}

/// One tick in which something may happen.
void PitChannel::step() {
    const bool strobe = mode() == Mode::software_strobe || mode() == Mode::hardware_strobe;
    if (loading_) return load();
    if (strobe && !out_) out_ = true;
    if (!counts()) return;
    if (mode() == Mode::square) return step_square();
    if (mode() == Mode::rate && count_ <= 1) return load();
    decrement(1);
    if (mode() == Mode::rate) {
        if (count_ == 1) out_ = false;
    } else if (armed_ && count_ == 0) {
        armed_ = false;
        out_ = !strobe;
    }
}

void PitChannel::advance(uint64_t tick) {
    while (tick_ < tick) {
        uint64_t left = tick - tick_;
        if (uint64_t n = std::min(left, quiet()); n > 0) {
            decrement(n);
            tick_ = tick_ + n;
            continue;
        }
        // At the start of a cycle that will repeat unchanged, whole periods can be left out.
        const bool at_start = periodic() && loaded_ && !loading_ && reload_ == period_ && !null_;
        if (at_start && counts() && left > period_) {
            tick_ = tick_ + left / period_ * period_;
            left = tick - tick_;
            if (left == 0) continue;
        }
        step();
        tick_ = tick_ + 1;
    }
}

uint64_t PitChannel::next_change() const {
    // Only a load in mode 1 (OUT falls), in modes 2 and 3 (no change), or the end of a count do
    // anything: the next tick that is not quiet is looked at when it comes.
    const uint64_t n = quiet();
    return n == never ? never : tick_ + n + 1;
}

}  // namespace sb::devices
