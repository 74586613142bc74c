// SPDX-License-Identifier: Apache-2.0
//
// Simulated time: a count of integer picoseconds, used both for points in time (since the start of
// the run) and for durations. There is no floating point in any timing path; `seconds()` exists for
// reports only. The range is 2^64 ps, about 213 days. Sums saturate at Time::max(), which stands
// for "never", so that a hostile timer value can not wrap round into the past.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <systemc>

namespace sb {

class Time {
  public:
    constexpr Time() = default;

    static constexpr Time ps(uint64_t n) { return Time{n}; }
    static constexpr Time ns(uint64_t n) { return Time{scaled(n, 1'000)}; }
    static constexpr Time us(uint64_t n) { return Time{scaled(n, 1'000'000)}; }
    static constexpr Time ms(uint64_t n) { return Time{scaled(n, 1'000'000'000)}; }
    static constexpr Time s(uint64_t n) { return Time{scaled(n, 1'000'000'000'000)}; }
    static constexpr Time max() { return Time{std::numeric_limits<uint64_t>::max()}; }
    static Time from(const sc_core::sc_time& t) { return Time{t.value()}; }

    constexpr uint64_t ps() const { return ps_; }
    double seconds() const { return static_cast<double>(ps_) * 1e-12; }
    sc_core::sc_time sc() const { return sc_core::sc_time::from_value(ps_); }

    constexpr auto operator<=>(const Time&) const = default;
    constexpr Time operator+(Time o) const {
        uint64_t sum = ps_ + o.ps_;
        return Time{sum < ps_ ? max().ps_ : sum};
    }
    /// The difference, or zero where `o` is later.
    constexpr Time operator-(Time o) const { return Time{ps_ > o.ps_ ? ps_ - o.ps_ : 0}; }
    constexpr Time operator*(uint64_t n) const { return Time{scaled(n, ps_)}; }
    constexpr uint64_t operator/(Time o) const { return ps_ / o.ps_; }
    constexpr Time operator%(Time o) const { return Time{ps_ % o.ps_}; }
    constexpr Time& operator+=(Time o) { return *this = *this + o; }

  private:
    explicit constexpr Time(uint64_t n) : ps_{n} {}
    static constexpr uint64_t scaled(uint64_t n, uint64_t unit) {
        uint64_t product = 0;
        return __builtin_mul_overflow(n, unit, &product) ? std::numeric_limits<uint64_t>::max()
                                                         : product;
    }

    uint64_t ps_ = 0;
};

namespace literals {
constexpr Time operator""_ps(unsigned long long n) { return Time::ps(n); }
constexpr Time operator""_ns(unsigned long long n) { return Time::ns(n); }
constexpr Time operator""_us(unsigned long long n) { return Time::us(n); }
constexpr Time operator""_ms(unsigned long long n) { return Time::ms(n); }
constexpr Time operator""_s(unsigned long long n) { return Time::s(n); }
}  // namespace literals

/// "12.345 us": three decimals in the largest unit that keeps the whole part non-zero.
std::string to_string(Time t);

}  // namespace sb
