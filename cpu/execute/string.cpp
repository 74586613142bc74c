// SPDX-License-Identifier: Apache-2.0
//
// String instructions, with REP and to and from ports. Source: Intel SDM volume 2.
//
// A repeated one is done an iteration at a time, each complete in itself: registers are up to date
// after every one, and the instruction is left where it stands, to be begun again, when the time of
// an event is reached, when an interrupt comes, or when an iteration faults. The clocks before the
// first iteration are charged once, and again only where an interrupt was taken in between (as the
// real part has to begin again then).
//
// Where that can not make a difference, many iterations of MOVS and STOS are done at once: within
// pages that may be accessed by host pointer, forward, and no more than begin before the time of an
// event.
#include "cpu/execute/string_run.h"

#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

struct Rows {
    Row once, rep, each;
};

/// One iteration of what Body does, or all that fit; Body is false where a compare ends the loop.
/// `run(n)` may do up to n iterations at once; it gives how many it did.
template <typename Body, typename Run>
void repeat(Core& c, const Operation* op, const Rows& rows, bool on_ports, Body&& body, Run&& run) {
    auto clocks = [&](Row row) { return c.model[on_ports ? c.port_row(row) : row]; };
    if (!op->rep && !op->repne) {
        body();
        if (!c.free_access) c.spend(clocks(rows.once));
        return;
    }
    const uint32_t mask = op->address_mask;
    uint32_t& count = c.s.regs[ecx];
    if ((count & mask) == 0 && !c.s.rep_paid) {
        c.spend(c.model[Row::string_rep_none]);
        return;
    }
    if (!c.s.rep_paid) {
        c.spend(clocks(rows.rep));
        c.s.rep_paid = true;
    }
    while ((count & mask) != 0) {
        if (const uint32_t n = run(string_run_limit(c, op, c.model[rows.each])); n > 0) {
            c.spend(uint64_t{c.model[rows.each]} * n);
            count -= n;
            if (count != 0 && (c.attention || c.cycle >= c.limit)) {
                c.pause();
                return;
            }
            continue;
        }
        const bool on = body();
        if (!c.free_access) c.spend(c.model[rows.each]);
        c.free_access = false;
        count = (count & ~mask) | ((count - 1) & mask);
        if (!on) break;
        if ((count & mask) != 0 && (c.attention || c.cycle >= c.limit || c.lockstep())) {
            c.pause();
            return;
        }
    }
    c.s.rep_paid = false;
}

template <typename Body>
void repeat(Core& c, const Operation* op, const Rows& rows, bool on_ports, Body&& body) {
    repeat(c, op, rows, on_ports, body, [](uint32_t) { return uint32_t{0}; });
}

template <typename T>
uint32_t step_of(const Core& c) {
    return c.s.other_flags & flag::df ? 0u - uint32_t{sizeof(T)} : uint32_t{sizeof(T)};
}

void advance(Core& c, const Operation* op, unsigned r, uint32_t by) {
    uint32_t& v = c.s.regs[r];
    v = (v & ~op->address_mask) | ((v + by) & op->address_mask);
}

uint32_t pointer(const Core& c, const Operation* op, unsigned r) {
    return c.s.regs[r] & op->address_mask;
}

template <typename T>
void movs(Core& c, const Operation* op) {
    const uint32_t by = step_of<T>(c);
    repeat(
        c, op, {Row::string_movs, Row::string_rep_movs, Row::string_rep_movs_each}, false,
        [&] {
            const T v = c.read<T>(nullptr, op->segment, pointer(c, op, esi));
            c.write<T>(nullptr, es, pointer(c, op, edi), v);
            advance(c, op, esi, by);
            advance(c, op, edi, by);
            return true;
        },
        [&](uint32_t n) { return run_movs<T>(c, op, n); });
}

template <typename T>
void stos(Core& c, const Operation* op) {
    const uint32_t by = step_of<T>(c);
    repeat(
        c, op, {Row::string_stos, Row::string_rep_stos, Row::string_rep_stos_each}, false,
        [&] {
            c.write<T>(nullptr, es, pointer(c, op, edi), c.reg<T>(0));
            advance(c, op, edi, by);
            return true;
        },
        [&](uint32_t n) { return run_stos<T>(c, n); });
}

template <typename T>
void lods(Core& c, const Operation* op) {
    const uint32_t by = step_of<T>(c);
    repeat(c, op, {Row::string_lods, Row::string_rep_lods, Row::string_rep_lods_each}, false, [&] {
        c.set_reg<T>(0, c.read<T>(nullptr, op->segment, pointer(c, op, esi)));
        advance(c, op, esi, by);
        return true;
    });
}

/// REPE goes on while equal, REPNE while not.
bool goes_on(const Core& c, const Operation* op) { return c.s.flags.zf() != op->repne; }

template <typename T>
void cmps(Core& c, const Operation* op) {
    const uint32_t by = step_of<T>(c);
    repeat(c, op, {Row::string_cmps, Row::string_rep_cmps, Row::string_rep_cmps_each}, false, [&] {
        const T a = c.read<T>(nullptr, op->segment, pointer(c, op, esi));
        const T b = c.read<T>(nullptr, es, pointer(c, op, edi));
        c.s.flags.set_sub(a, b, static_cast<T>(a - b));
        advance(c, op, esi, by);
        advance(c, op, edi, by);
        return goes_on(c, op);
    });
}

template <typename T>
void scas(Core& c, const Operation* op) {
    const uint32_t by = step_of<T>(c);
    repeat(c, op, {Row::string_scas, Row::string_rep_scas, Row::string_rep_scas_each}, false, [&] {
        const T a = c.reg<T>(0), b = c.read<T>(nullptr, es, pointer(c, op, edi));
        c.s.flags.set_sub(a, b, static_cast<T>(a - b));
        advance(c, op, edi, by);
        return goes_on(c, op);
    });
}

template <typename T>
void ins(Core& c, const Operation* op) {
    const auto port = c.reg<uint16_t>(edx * 4);
    c.check_port(port, sizeof(T));
    const uint32_t by = step_of<T>(c);
    repeat(c, op, {Row::port_ins_real, Row::port_rep_ins_real, Row::port_rep_ins_each}, true, [&] {
        // The destination is checked first: a port read can not be taken back.
        const uint32_t to = pointer(c, op, edi);
        c.check_write(es, to, sizeof(T));
        c.write<T>(nullptr, es, to, static_cast<T>(c.port_read(port, sizeof(T))));
        advance(c, op, edi, by);
        return true;
    });
}

template <typename T>
void outs(Core& c, const Operation* op) {
    const auto port = c.reg<uint16_t>(edx * 4);
    c.check_port(port, sizeof(T));
    const uint32_t by = step_of<T>(c);
    repeat(c, op, {Row::port_outs_real, Row::port_rep_outs_real, Row::port_rep_outs_each}, true,
           [&] {
               c.port_write(port, c.read<T>(nullptr, op->segment, pointer(c, op, esi)), sizeof(T));
               advance(c, op, esi, by);
               return true;
           });
}

}  // namespace

Binding bind_string(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_MOVSB:
            return {alone<movs<uint8_t>>, true};
        case ZYDIS_MNEMONIC_MOVSW:
            return {alone<movs<uint16_t>>, true};
        case ZYDIS_MNEMONIC_MOVSD:
            return {alone<movs<uint32_t>>, true};
        case ZYDIS_MNEMONIC_STOSB:
            return {alone<stos<uint8_t>>, true};
        case ZYDIS_MNEMONIC_STOSW:
            return {alone<stos<uint16_t>>, true};
        case ZYDIS_MNEMONIC_STOSD:
            return {alone<stos<uint32_t>>, true};
        case ZYDIS_MNEMONIC_LODSB:
            return {alone<lods<uint8_t>>, true};
        case ZYDIS_MNEMONIC_LODSW:
            return {alone<lods<uint16_t>>, true};
        case ZYDIS_MNEMONIC_LODSD:
            return {alone<lods<uint32_t>>, true};
        case ZYDIS_MNEMONIC_CMPSB:
            return {alone<cmps<uint8_t>>, true};
        case ZYDIS_MNEMONIC_CMPSW:
            return {alone<cmps<uint16_t>>, true};
        case ZYDIS_MNEMONIC_CMPSD:
            return {alone<cmps<uint32_t>>, true};
        case ZYDIS_MNEMONIC_SCASB:
            return {alone<scas<uint8_t>>, true};
        case ZYDIS_MNEMONIC_SCASW:
            return {alone<scas<uint16_t>>, true};
        case ZYDIS_MNEMONIC_SCASD:
            return {alone<scas<uint32_t>>, true};
        case ZYDIS_MNEMONIC_INSB:
            return {alone<ins<uint8_t>>, true};
        case ZYDIS_MNEMONIC_INSW:
            return {alone<ins<uint16_t>>, true};
        case ZYDIS_MNEMONIC_INSD:
            return {alone<ins<uint32_t>>, true};
        case ZYDIS_MNEMONIC_OUTSB:
            return {alone<outs<uint8_t>>, true};
        case ZYDIS_MNEMONIC_OUTSW:
            return {alone<outs<uint16_t>>, true};
        case ZYDIS_MNEMONIC_OUTSD:
            return {alone<outs<uint32_t>>, true};
        default:
            return {};
    }
}

}  // namespace sb::cpu
