// SPDX-License-Identifier: Apache-2.0
//
// The x87 unit's architectural state (SDM volume 1, 8.1): plain data, part of the saved machine.
#pragma once

#include <array>
#include <cstdint>

#include "cpu/fpu/extended.h"

namespace sb::cpu::fpu {

/// The status word's bits; the six exceptions have the same places in the control word.
namespace bit {
constexpr uint16_t ie = 1 << 0, de = 1 << 1, ze = 1 << 2, oe = 1 << 3, ue = 1 << 4, pe = 1 << 5,
                   exceptions = 0x3f, sf = 1 << 6, es = 1 << 7, c0 = 1 << 8, c1 = 1 << 9,
                   c2 = 1 << 10, c3 = 1 << 14, conditions = c0 | c1 | c2 | c3, busy = 1 << 15;
}

struct State {
    // By physical number, as tags go; ST(0) is registers[top].
    std::array<Extended, 8> registers{};
    uint16_t control = 0x40;
    uint16_t status = 0;  // without TOP, ES and B, which follow from the rest
    uint16_t opcode = 0;  // of the last instruction that is not a control one: 11 bits
    uint16_t code_selector = 0;
    uint16_t data_selector = 0;
    uint32_t code_offset = 0;
    uint32_t data_offset = 0;
    uint8_t top = 0;
    uint8_t used = 0xff;  // a bit for each register that is not empty

    static constexpr uint16_t control_bits = 0x1f3f;  // those that can be written

    uint8_t number(unsigned i) const { return static_cast<uint8_t>((top + i) & 7); }
    Extended& st(unsigned i) { return registers[number(i)]; }
    const Extended& st(unsigned i) const { return registers[number(i)]; }
    bool empty(unsigned i) const { return !(used >> number(i) & 1); }
    void set(unsigned i, const Extended& v) {
        st(i) = v;
        used |= static_cast<uint8_t>(1u << number(i));
    }
    void release(unsigned i) { used &= static_cast<uint8_t>(~(1u << number(i))); }
    void push(const Extended& v) {
        top = number(7);
        set(0, v);
    }
    void pop() {
        release(0);
        top = number(1);
    }

    /// An unmasked exception waits for the next instruction that looks.
    bool error() const { return status & ~control & bit::exceptions; }
    uint16_t status_word() const {
        return static_cast<uint16_t>(status | top << 11 | (error() ? bit::es | bit::busy : 0));
    }
    void set_status_word(uint16_t v) {
        status = v & (bit::exceptions | bit::sf | bit::conditions);
        top = v >> 11 & 7;
    }
    void set_control(uint16_t v) { control = static_cast<uint16_t>((v & control_bits) | 0x40); }
    uint16_t tag_word() const {
        unsigned tags = 0;
        for (unsigned n = 0; n < 8; ++n)
            tags |= (used >> n & 1 ? tag_of(registers[n]) : 3u) << (2 * n);
        return static_cast<uint16_t>(tags);
    }
    /// Only empty or not is taken over: what kind of number is there is worked out again.
    void set_tag_word(uint16_t tags) {
        used = 0;
        for (unsigned n = 0; n < 8; ++n)
            used |= static_cast<uint8_t>((tags >> (2 * n) & 3) != 3) << n;
    }
    void set_conditions(uint16_t mask, uint16_t v) {
        status = static_cast<uint16_t>((status & ~mask) | (v & mask));
    }
    /// FINIT (SDM volume 2): the registers' contents stay.
    void initialize() {
        control = 0x37f;
        status = opcode = code_selector = data_selector = 0;
        code_offset = data_offset = 0;
        top = used = 0;
    }
};

}  // namespace sb::cpu::fpu
