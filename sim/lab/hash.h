// SPDX-License-Identifier: Apache-2.0
//
// splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014:
// increment 9E3779B97F4A7C15h and the mixing function of its figure 12), for seeds; and a 128-bit
// digest built from its mixing function, which tells contents apart. The digest is no protection
// against somebody who wants two contents to look equal.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sb::lab {

constexpr uint64_t golden_gamma = 0x9e37'79b9'7f4a'7c15;

constexpr uint64_t mix64(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
}

/// The first output of a generator whose state is `seed`.
constexpr uint64_t splitmix64(uint64_t seed) { return mix64(seed + golden_gamma); }

class Digest {
  public:
    Digest& add(std::string_view bytes) {
        number(bytes.size());  // so that "ab" and "c" differ from "a" and "bc"
        while (bytes.size() >= 8) {
            uint64_t word = 0;
            std::memcpy(&word, bytes.data(), 8);
            number(word);
            bytes.remove_prefix(8);
        }
        uint64_t rest = 0;
        if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
        number(rest);
        return *this;
    }
    Digest& number(uint64_t word) {
        low_ = mix64((low_ + golden_gamma) ^ word);
        high_ = mix64((high_ ^ word) * golden_gamma + low_);
        return *this;
    }
    uint64_t low() const { return low_; }
    /// 32 hexadecimal digits.
    std::string text() const {
        constexpr const char* digits = "0123456789abcdef";
        std::string out;
        for (const uint64_t part : std::array{high_, low_})
            for (int shift = 60; shift >= 0; shift -= 4) out += digits[part >> shift & 15];
        return out;
    }

  private:
    uint64_t low_ = 0, high_ = 0;
};

}  // namespace sb::lab
