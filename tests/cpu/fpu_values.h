// SPDX-License-Identifier: Apache-2.0
//
// What the x87 tests share: an image of the unit in the 32-bit protected-mode format of FSAVE (SDM
// volume 1, figure 8-9), and numbers at the edges of the formats.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <random>

#include "cpu/fpu/extended.h"
#include "tests/cpu/guest.h"

namespace sb::test {

using cpu::fpu::Extended;

struct X87Image {
    static constexpr unsigned size = 108;
    std::array<uint8_t, 112> bytes{};

    uint32_t word(unsigned at) const {
        uint32_t v;
        std::memcpy(&v, bytes.data() + at, 4);
        return v;
    }
    void set_word(unsigned at, uint32_t v) { std::memcpy(bytes.data() + at, &v, 4); }
    uint16_t control() const { return static_cast<uint16_t>(word(0)); }
    uint16_t status() const { return static_cast<uint16_t>(word(4)); }
    uint16_t tags() const { return static_cast<uint16_t>(word(8)); }
    Extended st(unsigned i) const {
        Extended v;
        std::memcpy(&v.significand, bytes.data() + 28 + 10 * i, 8);
        std::memcpy(&v.sign_exponent, bytes.data() + 36 + 10 * i, 2);
        return v;
    }
    void set_st(unsigned i, const Extended& v) {
        std::memcpy(bytes.data() + 28 + 10 * i, &v.significand, 8);
        std::memcpy(bytes.data() + 36 + 10 * i, &v.sign_exponent, 2);
    }
};

/// Numbers of which many are special, near each other, or near a format's limits.
class Numbers {
  public:
    explicit Numbers(std::mt19937_64& random) : random_{random} {}

    Extended extended() {
        static constexpr Extended edges[] = {
            {0, 0},
            {0x8000000000000000, 0x3fff},  // 0, 1
            {0x8000000000000000, 0x7fff},
            {0xc000000000000000, 0x7fff},  // infinity, QNaN
            {0xa000000000000000, 0x7fff},
            {0xffffffffffffffff, 0x7fff},  // SNaN, QNaN
            {0x8000000000000001, 0x7fff},
            {0xc000000000000001, 0x7fff},
            {1, 0},
            {0x7fffffffffffffff, 0},  // denormals
            {0x8000000000000000, 0},
            {0x8000000000000000, 1},  // pseudo-denormal, least
            {0xffffffffffffffff, 0x7ffe},
            {0xffffffffffffffff, 0x3ffe},
            {0x4000000000000000, 0x3fff},
            {0, 0x7fff},  // unnormal, pseudo-infinity
            {0x4000000000000000, 0x7fff},
            {0xc90fdaa22168c235, 0x3fff},  // pi/2
            {0xffffff0000000000, 0x407e},
            {0xffffffffffffff80, 0x43fe},  // the formats' greatest
            {0x8000000000000000, 0x3f81},
            {0x8000000000000000, 0x3c01},  // least normal ones
            {0x8000000000000000, 0x3f6a},
            {0x8000000000000000, 0x3bcd},  // least denormals
            {0xde0b6b3a763ffff0, 0x403a},
            {0x8000000000000000, 0x403e},  // 10^18, 2^63
        };
        Extended v;
        switch (random_() % 8) {
            case 0:
            case 1:
                v = edges[random_() % std::size(edges)];
                break;
            case 2:  // anything
                v = {random_(), static_cast<uint16_t>(random_() & 0x7fff)};
                break;
            case 3:  // an integer
                v = {random_() | 0x8000000000000000,
                     static_cast<uint16_t>(0x3fff + random_() % 70)};
                v.significand &= ~uint64_t{0} << random_() % 64;
                break;
            case 4:  // near the ends of the exponent
                v = {random_() | 0x8000000000000000,
                     static_cast<uint16_t>(random_() % 2 ? 1 + random_() % 80
                                                         : 0x7ffe - random_() % 80)};
                break;
            default:  // near one
                v = {random_() | 0x8000000000000000,
                     static_cast<uint16_t>(0x3fff - 20 + random_() % 40)};
                if (random_() % 2) v.significand &= ~uint64_t{0} << random_() % 64;
        }
        if (random_() % 2) v.sign_exponent |= 0x8000;
        return v;
    }

    /// A memory operand of any format.
    std::array<uint8_t, 16> memory() {
        std::array<uint8_t, 16> m;
        for (uint8_t& b : m) b = static_cast<uint8_t>(random_());
        auto put = [&](auto v) { std::memcpy(m.data(), &v, sizeof v); };
        static constexpr uint32_t singles[] = {0,          0x3f800000, 0x7f800000, 0x7fc00000,
                                               0x7fa00000, 0xffc00000, 1,          0x807fffff,
                                               0x00800000, 0x7f7fffff, 0x80000000, 0xff800001};
        static constexpr uint64_t doubles[] = {
            0, 0x3ff0000000000000, 0x7ff0000000000000, 0x7ff8000000000000, 0x7ff4000000000000,
            1, 0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0x8000000000000000};
        switch (random_() % 6) {
            case 0:
                put(singles[random_() % std::size(singles)]);
                break;
            case 1:
                put(doubles[random_() % std::size(doubles)]);
                break;
            case 2: {
                const Extended v = extended();
                std::memcpy(m.data(), &v.significand, 8);
                std::memcpy(m.data() + 8, &v.sign_exponent, 2);
                break;
            }
            case 3:  // small numbers of some format
                put(static_cast<float>(static_cast<int32_t>(random_() % 2000) - 1000) / 8);
                break;
            case 4:
                put(static_cast<double>(static_cast<int32_t>(random_() % 200000) - 100000) / 64);
                break;
            default:
                break;
        }
        return m;
    }

    /// Ten bytes of eighteen valid digits.
    std::array<uint8_t, 16> decimal() {
        std::array<uint8_t, 16> m{};
        for (unsigned n = 0; n < 9; ++n)
            m[n] = static_cast<uint8_t>(random_() % 10 << 4 | random_() % 10);
        m[9] = random_() % 2 ? 0x80 : 0;
        return m;
    }

    /// A state with no exception pending; `unmasked` says whether some may become so.
    X87Image image(bool unmasked, unsigned empty_percent = 15) {
        X87Image s;
        uint32_t masks = unmasked ? random_() & 0x3f : 0x3f;
        const uint32_t control = masks | 0x40 | (random_() % 4) << 10 |
                                 (random_() % 4 == 0 ? 0u
                                  : random_() % 2    ? 0x300u
                                                     : 0x200u);
        const uint32_t flags = random_() % 2 ? random_() & masks : 0;
        s.set_word(0, 0xffff0000 | control);
        s.set_word(4, 0xffff0000 | flags | (random_() % 8) << 11 | (random_() & 0x4700));
        uint32_t tags = 0;
        for (unsigned n = 0; n < 8; ++n)
            tags |= (random_() % 100 < empty_percent ? 3u : 0u) << (2 * n);
        if (empty_percent && random_() % 2) tags |= 3u << (2 * ((s.status() >> 11 & 7) + 7) % 16);
        s.set_word(8, 0xffff0000 | tags);
        for (unsigned i = 0; i < 8; ++i) s.set_st(i, extended());
        return s;
    }

  private:
    std::mt19937_64& random_;
};

}  // namespace sb::test
