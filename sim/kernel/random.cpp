// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/random.h"

namespace sb {
namespace {

uint64_t splitmix64(uint64_t& state) {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/// FNV-1a, 64 bits: turns a name into a number.
uint64_t hash(std::string_view text) {
    uint64_t h = 0xcbf29ce484222325;
    for (const char c : text) h = (h ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    return h;
}

/// wide / 2^64, to the nearest; the greatest number where it does not fit.
Time rounded(Random::Wide wide) {
    const Random::Wide half = Random::Wide{1} << 63;
    if (wide >> 64 >= ~uint64_t{0}) return Time::max();
    return Time::ps(static_cast<uint64_t>((wide + half) >> 64));
}

}  // namespace

Random::Random(uint64_t seed) {
    for (uint64_t& word : state_) word = splitmix64(seed);
}

Random::Random(uint64_t seed, std::string_view name) {
    uint64_t mixed = hash(name);
    mixed ^= splitmix64(seed);
    *this = Random{mixed};
}

uint64_t Random::below(uint64_t bound) {
    if (bound == 0) return 0;
    Wide product = Wide{next()} * bound;
    if (static_cast<uint64_t>(product) < bound) {
        const uint64_t least = (0 - bound) % bound;
        while (static_cast<uint64_t>(product) < least) product = Wide{next()} * bound;
    }
    return static_cast<uint64_t>(product >> 64);
}

/// Draws a falling run of uniform numbers. The chance that one that begins with u is of odd length
/// is e^-u, so its first number is an exponential variate's fraction; each run of even length adds
/// 1 to the whole part.
Random::Wide Random::exponential() {
    constexpr uint64_t most = 1 << 20;  // no generator comes here (e^-1048576); a loop has an end
    for (uint64_t whole = 0; whole < most; ++whole) {
        const uint64_t first = next();
        bool odd = true;
        for (uint64_t last = first, drawn = next(); drawn < last; drawn = next()) {
            last = drawn;
            odd = !odd;
        }
        if (odd) return Wide{whole} << 64 | first;
    }
    return Wide{most} << 64;
}

Time Random::exponential(Time mean) {
    // 64 bits of fraction and up to 20 of whole part: split, so that no product passes 128 bits.
    const Wide drawn = exponential();
    const Wide whole = drawn >> 64, fraction = static_cast<uint64_t>(drawn);
    const Wide whole_part = whole * mean.ps();
    if (whole_part >> 64 != 0) return Time::max();
    return Time::ps(static_cast<uint64_t>(whole_part)) + rounded(fraction * mean.ps());
}

Time Random::exponential_gap(uint64_t per_second) {
    if (per_second == 0) return Time::max();
    return rounded(exponential() * Time::s(1).ps() / per_second);
}

uint64_t Random::geometric(uint64_t mean) {
    uint64_t trials = 1;
    while (mean > 1 && below(mean) != 0) ++trials;
    return trials;
}

}  // namespace sb
