// SPDX-License-Identifier: Apache-2.0
#include "tests/cpu/differential/generator.h"

#include "cpu/flags.h"

namespace sb::test {
namespace {

namespace flag = sb::cpu::flag;
using P = Row::Property;

constexpr uint32_t reserved = reserved_flags;

uint32_t mask_of(const char* letters) {
    uint32_t mask = 0;
    for (; *letters; ++letters)
        mask |= *letters == 'o'   ? flag::of
                : *letters == 's' ? flag::sf
                : *letters == 'z' ? flag::zf
                : *letters == 'a' ? flag::af
                : *letters == 'p' ? flag::pf
                : *letters == 'r' ? reserved
                                  : flag::cf;
    return mask;
}

}  // namespace

/// Values at the edges find more than values in the middle.
uint32_t Generator::any() {
    static constexpr uint32_t edges[] = {
        0,      1,       2,  0x7f,       0x80,       0xff,       0x7fff, 0x8000,
        0xffff, 0x10000, 31, 0x7fffffff, 0x80000000, 0xffffffff, 16,     0xfffffffe};
    return one_in(3) ? edges[pick(std::size(edges))] : static_cast<uint32_t>(random_());
}

/// Into the data, now and then near the edge of a page with other rights.
uint32_t Generator::pointer() {
    constexpr uint32_t borders[] = {hole_page,       read_only_page,
                                    supervisor_page, supervisor_page + 0x1000,
                                    data_at,         data_at + region_size};
    if (one_in(8)) return borders[pick(std::size(borders))] - 8 + pick(16);
    return data_at + 0x200 + pick(0xa000);
}

uint16_t Generator::selector() {
    return static_cast<uint16_t>(pick(sel::entries + 1) * 8 + (one_in(2) ? 3 : pick(8)));
}

void Generator::start(In& in) {
    uint32_t* const general[] = {&in.eax, &in.ecx, &in.edx, &in.ebx, &in.ebp, &in.esi, &in.edi};
    for (uint32_t* r : general) *r = one_in(12) ? selector() : any();
    if (!one_in(8)) in.ebx = pointer();
    if (!one_in(8)) in.esi = pointer();
    if (!one_in(8)) in.edi = pointer();
    if (!one_in(4)) in.ecx = pick(40);
    if (!setup_.big) {  // addresses are offsets
        in.ebx -= data_at, in.esi -= data_at, in.edi -= data_at;
    }
    in.esp = (setup_.big ? stack_at : 0) + 0x1000 + pick(0xe000);
    if (setup_.big && setup_.level == 3 && one_in(40)) in.esp = any();
    if (!one_in(8)) in.ebp = in.esp + pick(64);
    in.flags = (static_cast<uint32_t>(random_()) & flag::arithmetic) | flag::always |
               (one_in(4) ? flag::df : 0u) | (setup_.level ? 0 : setup_.iopl << 12) |
               (one_in(8) ? uint32_t{flag::ac} : 0u);
    const bool user = setup_.level == 3;
    in.ds = in.es = setup_.big ? sel::data3 : sel::data16;
    in.fs = sel::other;
    in.ss =
        setup_.big ? (user ? sel::data3 : sel::data0) : (user ? sel::stack16_3 : sel::stack16_0);
    in.cs = setup_.big ? (user ? sel::code3 : sel::code0) : (user ? sel::code16_3 : sel::code16_0);
}

void Generator::number(uint32_t v, unsigned n) {
    for (unsigned i = 0; i < n; ++i) code_.push_back(static_cast<uint8_t>(v >> (8 * i)));
}

Sequence Generator::sequence(uint32_t at) {
    Sequence s;
    start(s.in);
    s.in.eip = setup_.big ? at : at - code_at;
    code_.clear();
    starts_.clear();
    undefined_ = ever_ = 0;
    const unsigned length = 1 + pick(6);
    for (unsigned n = 0; n < length; ++n) {
        instruction(choose(n + 1 == length));
        ever_ |= undefined_;
    }
    if (setup_.big) {  // jmp near, or to the thunk at the segment's end
        code_.push_back(0xe9);
        number(frame_at + 0x100 - (at + static_cast<uint32_t>(code_.size()) + 4), 4);
    } else {
        code_.push_back(0xe9);
        number(code_at + thunk_offset - (at + static_cast<uint32_t>(code_.size()) + 2), 2);
    }
    s.code = code_;
    s.starts = starts_;
    s.undefined = undefined_;
    s.ever_undefined = ever_;
    return s;
}

const Row& Generator::choose(bool last) {
    const auto& list = rows();
    for (;;) {
        const Row& row = list[pick(static_cast<uint32_t>(list.size()))];
        if ((row.properties & P::last) && !last) continue;
        if ((row.properties & P::branch) && last) continue;
        if (setup_.level == 0 && (row.properties & (P::level_3 | P::moves_stack))) continue;
        if ((row.properties & P::level_3) && !one_in(4)) continue;  // most of them fault
        if ((row.properties & P::port) && setup_.level > setup_.iopl) continue;
        if (mask_of(row.reads) & undefined_) continue;
        // A condition is in the opcode; where nothing is undefined, any will do.
        if ((row.properties & P::condition) && (undefined_ & ~reserved)) continue;
        return row;
    }
}

/// A register for a ModRM or opcode field: seldom the stack pointer, at level 0 never; nor its low
/// half, which would put it at the stack's edge, where the order of PUSHA's writes shows.
uint8_t Generator::general(const Row& row) {
    for (;;) {
        const auto r = static_cast<uint8_t>(pick(8));
        if (r != 4 || row.byte || (setup_.level == 3 && !(narrow_ && setup_.big) && one_in(4)))
            return r;
    }
}

void Generator::prefixes(const Row& row, bool narrow, bool short_address) {
    if (narrow == setup_.big) code_.push_back(0x66);
    if (short_address == setup_.big) code_.push_back(0x67);
    constexpr uint8_t overrides[] = {0x26, 0x36, 0x3e, 0x64};
    if (one_in(10)) code_.push_back(overrides[pick(4)]);
    (void)row;
}

void Generator::memory_operand(unsigned reg, bool short_address) {
    const auto field = static_cast<uint8_t>(reg << 3);
    const unsigned mode = pick(3);
    const auto byte = static_cast<uint8_t>(mode << 6 | field);
    if (short_address) {
        const unsigned rm = pick(8);
        code_.push_back(static_cast<uint8_t>(byte | rm));
        const unsigned bytes = mode == 2 || (mode == 0 && rm == 6) ? 2 : mode;
        number(setup_.big ? any() : pick(0x100), bytes);
        return;
    }
    constexpr uint8_t bases[] = {3, 6, 7, 5};  // EBX, ESI, EDI, EBP
    const unsigned rm = one_in(12) ? pick(8) : bases[pick(4)];
    const bool indexed = rm == 4 || one_in(5);
    code_.push_back(static_cast<uint8_t>(byte | (indexed ? 4 : rm)));
    unsigned base = rm;
    if (indexed) {
        const unsigned index = one_in(6) ? pick(8) : 1;
        code_.push_back(static_cast<uint8_t>(pick(4) << 6 | index << 3 | base));
    }
    if (mode == 1) number(pick(0x80), 1);
    if (mode == 2) number(one_in(20) ? any() : pick(0x100), 4);
    if (mode == 0 && base == 5) number(setup_.big ? pointer() : pick(0x8000), 4);
}

void Generator::modrm(const Row& row, bool memory, bool short_address) {
    unsigned reg = row.modrm >= 0 ? static_cast<unsigned>(row.modrm) : general(row);
    // A segment register field: not CS, which is #UD, too often; never GS, which is ours.
    if (std::string_view{row.name} == "mov sreg,rm") {
        constexpr uint8_t fields[] = {0, 2, 3, 4, 1, 6};
        reg = fields[pick(6)];
    }
    if (memory)
        memory_operand(reg, short_address);
    else
        code_.push_back(static_cast<uint8_t>(0xc0 | reg << 3 | general(row)));
}

void Generator::immediate(const Row& row, bool narrow) {
    switch (row.immediate) {
        case 'b':
            number(any(), 1);
            break;
        case 'z':
            number(any(), narrow ? 2 : 4);
            break;
        case 'e':
            number(pick(0x40), 2);
            number(one_in(2) ? 0 : pick(32), 1);
            break;
        default:
            break;
    }
}

/// Goes over the instruction that comes next, or not.
void Generator::branch(const Row& row, uint8_t opcode) {
    // Where LOOPE and LOOPNE count down to zero, Unicorn loses the flags' latest rule.
    if (opcode == 0xe0 || opcode == 0xe1) undefined_ |= mask_of("oszapcr");
    const uint32_t before = undefined_;
    Bytes front = code_;
    code_.clear();
    const Row* next = &choose(false);
    while (next->properties & P::branch) next = &choose(false);
    const size_t inner = starts_.size();
    instruction(*next);
    ever_ |= undefined_;
    const Bytes over = code_;
    code_ = front;
    const bool narrow = row.immediate == 'z' && one_in(2) && !setup_.big;
    const bool wide = row.immediate == 'z' && (setup_.big || !narrow);
    if (row.immediate == 'z' && wide != setup_.big) code_.push_back(0x66);
    if (opcode >= 0xe0 && opcode <= 0xe3 && one_in(3)) code_.push_back(0x67);
    for (size_t n = 0; n + 1 < row.opcode.size(); ++n) code_.push_back(row.opcode[n]);
    code_.push_back(opcode);
    number(static_cast<uint32_t>(over.size()), row.immediate != 'z' ? 1 : wide ? 4 : 2);
    for (size_t n = inner; n < starts_.size(); ++n)
        starts_[n].first += static_cast<uint32_t>(code_.size());
    code_.insert(code_.end(), over.begin(), over.end());
    undefined_ |= before;
}

void Generator::instruction(const Row& row) {
    starts_.emplace_back(static_cast<uint32_t>(code_.size()), &row);
    const bool wide_only = row.properties & P::wide_only;
    bool narrow = row.byte ? !setup_.big : !wide_only && one_in(3);
    if (row.byte && setup_.big) narrow = false;
    if (!row.byte && !wide_only && !setup_.big) narrow = !one_in(3);
    narrow_ = narrow;
    uint8_t opcode = row.opcode.back();
    if (row.properties & P::branch) return branch(row, opcode);
    const bool has_memory = row.modrm != -2 && !(row.properties & P::register_only);
    const bool memory = has_memory && ((row.properties & P::memory_only) || one_in(2));
    const bool plain_address = !one_in(setup_.big ? 30 : 4);
    const bool addresses = memory || (row.properties & P::string) || opcode == 0xd7;
    const bool short_address = row.properties & P::parts ? false
                               : addresses               ? plain_address != setup_.big
                                                         : !setup_.big;

    // -2^63 / -1 divides Unicorn itself: OR EAX, 1 makes it another number.
    if (opcode == 0xf7 && row.modrm == 7 && narrow != true) {
        if (!setup_.big) code_.push_back(0x66);
        code_.insert(code_.end(), {0x83, 0xc8, 0x01});
    }
    // Unicorn's CMPXCHG8B takes the other flags from where they were before its lazy evaluation.
    if (row.opcode.size() == 2 && opcode == 0xc7)
        code_.insert(code_.end(), {0x9c, 0x9d});  // pushf; popf
    if (row.immediate == 'f') {                   // something to pop first: no TF, no NT
        if (!setup_.big) code_.push_back(0x66);
        code_.push_back(0x68);
        number(any() & (flag::arithmetic | flag::df | flag::ac | flag::id | 0xffc00000), 4);
        narrow = !setup_.big && false;
        if (!setup_.big) code_.push_back(0x66);
        code_.push_back(opcode);
        undefined_ = 0;
        return;
    }
    if (row.immediate == 's') {
        code_.push_back(0x68);
        number(selector(), setup_.big ? 4 : 2);
        narrow = !setup_.big;
    }
    prefixes(row, narrow, short_address);
    bool repeated = false;
    if ((row.properties & P::string) && one_in(2)) {
        repeated = true;
        code_.push_back(row.properties & P::compares && one_in(2) ? 0xf2 : 0xf3);
    }
    if ((row.properties & P::lockable) && memory && one_in(8)) code_.push_back(0xf0);
    for (size_t n = 0; n + 1 < row.opcode.size(); ++n) code_.push_back(row.opcode[n]);
    if (row.properties & P::in_opcode) opcode = static_cast<uint8_t>(opcode + general(row));
    if (row.properties & P::condition) opcode = static_cast<uint8_t>(opcode + pick(16));
    code_.push_back(opcode);
    if (row.modrm != -2) modrm(row, memory, short_address);
    immediate(row, narrow);
    flags_after(row, opcode, narrow, repeated);
}

void Generator::flags_after(const Row& row, uint8_t opcode, bool narrow, bool repeated) {
    if (row.properties & P::shift) return after_shift(row, opcode, narrow);
    // A repeated compare may not have compared at all.
    if (!repeated) undefined_ &= ~mask_of(row.sets);
    undefined_ |= mask_of(row.undefined);
}

/// SDM volume 2: a count of zero changes no flag; OF is defined for a count of one; CF of SHL and
/// SHR, not for counts of the operand's size and more; of SHLD and SHRD with more, nothing is.
void Generator::after_shift(const Row& row, uint8_t opcode, bool narrow) {
    const bool twice = row.opcode.size() == 2;
    const bool rotate = !twice && (row.modrm & 4) == 0;
    const unsigned bits = row.byte ? 8 : narrow ? 16 : 32;
    const bool by_cl = twice ? (opcode & 1) != 0 : opcode >= 0xd2;
    const uint32_t results = rotate ? 0 : flag::sf | flag::zf | flag::pf;
    if (by_cl) {
        undefined_ |= flag::of | (rotate ? 0 : flag::af | flag::cf);
        return;
    }
    unsigned count = 1;
    if (row.immediate) {
        if (twice && bits == 16) code_.back() = static_cast<uint8_t>(code_.back() & 15);
        count = code_.back() & 31;
    }
    if (count == 0) return;
    undefined_ &= ~(results | flag::cf | flag::of);
    if (count > 1) undefined_ |= flag::of;
    if (!rotate) undefined_ |= flag::af;
    if (!rotate && count >= bits) undefined_ |= flag::cf;
}

}  // namespace sb::test
