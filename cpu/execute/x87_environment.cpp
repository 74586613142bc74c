// SPDX-License-Identifier: Apache-2.0
//
// The x87's environment in memory: FSTENV, FLDENV, FSAVE, FRSTOR, in the four formats of Intel SDM
// volume 1, figures 8-9 to 8-12: by operand size, and by real (and virtual-8086) or protected mode;
// and FXSAVE, FXRSTOR, in the one format of volume 2.
#include "cpu/execute/handlers.h"
#include "cpu/execute/x87.h"

namespace sb::cpu {
namespace {

constexpr unsigned words = 7;  // of 16 or 32 bits

struct Layout {
    bool wide = true;  // 32-bit
    bool real = false;
    unsigned word() const { return wide ? 4 : 2; }
    unsigned size() const { return words * word(); }
};

Layout layout_of(const Core& c, const Operation* op) {
    return {op->stack_size == 4, !c.s.protected_mode() || c.s.virtual_8086()};
}

/// Control, status, tags; the two addresses and the opcode, as the mode has them.
using Image = std::array<uint32_t, words>;

uint32_t linear(uint16_t selector, uint32_t offset) { return uint32_t{selector} * 16 + offset; }

Image image_of(const fpu::State& f, const Layout& l) {
    Image m{f.control, f.status_word(), f.tag_word(), 0, 0, 0, 0};
    if (!l.real) {
        m[3] = f.code_offset;
        m[4] = f.code_selector | (l.wide ? uint32_t{f.opcode} << 16 : 0);
        m[5] = f.data_offset;
        m[6] = f.data_selector;
    } else {
        const uint32_t code = linear(f.code_selector, f.code_offset);
        const uint32_t data = linear(f.data_selector, f.data_offset);
        m[3] = code & 0xffff;
        m[4] = (code >> 16) << 12 | f.opcode;
        m[5] = data & 0xffff;
        m[6] = (data >> 16) << 12;
    }
    if (l.wide) {  // what is reserved reads as ones (figures 8-9 and 8-11), but for the addresses
        for (unsigned n = 0; n < 3; ++n) m[n] |= 0xffff0000;
        if (!l.real) m[6] |= 0xffff0000;
    }
    return m;
}

void take_image(fpu::State& f, const Image& m, const Layout& l) {
    f.set_control(static_cast<uint16_t>(m[0]));
    f.set_status_word(static_cast<uint16_t>(m[1]));
    f.set_tag_word(static_cast<uint16_t>(m[2]));
    if (!l.real) {
        f.code_offset = m[3];
        f.code_selector = static_cast<uint16_t>(m[4]);
        f.data_offset = m[5];
        f.data_selector = static_cast<uint16_t>(m[6]);
        f.opcode = l.wide ? m[4] >> 16 & 0x7ff : 0;  // the 16-bit format has none
        return;
    }
    f.code_selector = f.data_selector = 0;
    f.code_offset = (m[3] & 0xffff) | (m[4] >> 12) << 16;
    f.data_offset = (m[5] & 0xffff) | (m[6] >> 12) << 16;
    f.opcode = m[4] & 0x7ff;
}

void write_image(Core& c, const Operation* op, const Layout& l) {
    const Image m = image_of(c.s.fpu, l);
    const uint32_t at = c.address(op);
    for (unsigned n = 0; n < words; ++n) {
        if (l.wide)
            c.write<uint32_t>(op, op->segment, at + 4 * n, m[n]);
        else
            c.write<uint16_t>(op, op->segment, at + 2 * n, static_cast<uint16_t>(m[n]));
    }
}

Image read_image(Core& c, const Operation* op, const Layout& l) {
    Image m;
    const uint32_t at = c.address(op);
    for (unsigned n = 0; n < words; ++n)
        m[n] = l.wide ? c.read<uint32_t>(op, op->segment, at + 4 * n)
                      : c.read<uint16_t>(op, op->segment, at + 2 * n);
    return m;
}

void write_extended(Core& c, const Operation* op, uint32_t at, const fpu::Extended& v) {
    c.write<uint32_t>(op, op->segment, at, static_cast<uint32_t>(v.significand));
    c.write<uint32_t>(op, op->segment, at + 4, static_cast<uint32_t>(v.significand >> 32));
    c.write<uint16_t>(op, op->segment, at + 8, v.sign_exponent);
}

fpu::Extended read_extended(Core& c, const Operation* op, uint32_t at) {
    const uint64_t low = c.read<uint32_t>(op, op->segment, at);
    const uint64_t high = c.read<uint32_t>(op, op->segment, at + 4);
    return {low | high << 32, c.read<uint16_t>(op, op->segment, at + 8)};
}

}  // namespace

/// All exceptions are masked afterwards (SDM volume 2, FSTENV).
void store_environment(Core& c, const Operation* op) {
    const Layout l = layout_of(c, op);
    c.check_write(op->segment, c.address(op), l.size());
    write_image(c, op, l);
    c.s.fpu.control |= fpu::bit::exceptions;
}

void load_environment(Core& c, const Operation* op) {
    const Layout l = layout_of(c, op);
    take_image(c.s.fpu, read_image(c, op, l), l);
}

void save_x87(Core& c, const Operation* op) {
    const Layout l = layout_of(c, op);
    c.check_write(op->segment, c.address(op), l.size() + 80);
    write_image(c, op, l);
    for (unsigned i = 0; i < 8; ++i)
        write_extended(c, op, c.address(op) + l.size() + 10 * i, c.s.fpu.st(i));
    c.s.fpu.initialize();
}

void restore_x87(Core& c, const Operation* op) {
    const Layout l = layout_of(c, op);
    const Image m = read_image(c, op, l);
    std::array<fpu::Extended, 8> values;
    for (unsigned i = 0; i < 8; ++i)
        values[i] = read_extended(c, op, c.address(op) + l.size() + 10 * i);
    take_image(c.s.fpu, m, l);
    for (unsigned i = 0; i < 8; ++i) c.s.fpu.st(i) = values[i];
}

namespace {

constexpr unsigned extended_size = 512, extended_alignment = 16;
constexpr unsigned extended_words = 6, first_register = 32, register_stride = 16;

/// #NM, and #GP where the image is not on a 16-byte boundary. A pending exception is not looked at.
void check_extended(Core& c, const Operation* op) {
    if (c.s.cr0 & (cr0::em | cr0::ts)) c.fault(device_not_available);
    const uint32_t at = c.s.segments[op->segment].base + c.address(op);
    if (at % extended_alignment != 0) c.fault(general_protection);
}

}  // namespace

/// The image of SDM volume 2, FXSAVE, of a processor without SSE: MXCSR and the XMM registers are
/// left alone. The tag is one bit a register, by physical number; the unit keeps its state.
void save_extended(Core& c, const Operation* op) {
    check_extended(c, op);
    const uint32_t at = c.address(op);
    c.check_write(op->segment, at, extended_size);
    const fpu::State& f = c.s.fpu;
    const uint32_t words[extended_words] = {
        f.control | uint32_t{f.status_word()} << 16, f.used | uint32_t{f.opcode} << 16,
        f.code_offset, f.code_selector, f.data_offset, f.data_selector};
    for (unsigned n = 0; n < extended_words; ++n)
        c.write<uint32_t>(op, op->segment, at + 4 * n, words[n]);
    for (unsigned i = 0; i < 8; ++i)
        write_extended(c, op, at + first_register + register_stride * i, f.st(i));
}

void restore_extended(Core& c, const Operation* op) {
    check_extended(c, op);
    const uint32_t at = c.address(op);
    uint32_t words[extended_words];
    for (unsigned n = 0; n < extended_words; ++n)
        words[n] = c.read<uint32_t>(op, op->segment, at + 4 * n);
    std::array<fpu::Extended, 8> values;
    for (unsigned i = 0; i < 8; ++i)
        values[i] = read_extended(c, op, at + first_register + register_stride * i);
    fpu::State& f = c.s.fpu;
    f.set_control(static_cast<uint16_t>(words[0]));
    f.set_status_word(static_cast<uint16_t>(words[0] >> 16));
    f.used = static_cast<uint8_t>(words[1]);
    f.opcode = words[1] >> 16 & 0x7ff;
    f.code_offset = words[2];
    f.code_selector = static_cast<uint16_t>(words[3]);
    f.data_offset = words[4];
    f.data_selector = static_cast<uint16_t>(words[5]);
    for (unsigned i = 0; i < 8; ++i) f.st(i) = values[i];
    c.drive_ferr();
}

}  // namespace sb::cpu
