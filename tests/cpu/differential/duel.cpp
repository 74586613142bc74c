// SPDX-License-Identifier: Apache-2.0
#include "tests/cpu/differential/duel.h"

#include <Zydis/Zydis.h>
#include <fmt/format.h>

#include "cpu/flags.h"

namespace sb::test {
namespace {

namespace flag = sb::cpu::flag;

constexpr uint32_t compared_flags = flag::arithmetic | flag::df | flag::if_ | flag::iopl |
                                    flag::nt | flag::ac | flag::id | flag::vm;

std::string disassembly(const Bytes& code, bool big, uint32_t at) {
    std::string text;
    for (size_t n = 0; n < code.size();) {
        ZydisDisassembledInstruction i;
        const auto mode = big ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16;
        if (!ZYAN_SUCCESS(
                ZydisDisassembleIntel(mode, at + n, code.data() + n, code.size() - n, &i))) {
            text += fmt::format("  {:x}: ({:02x})\n", at + n, code[n]);
            ++n;
            continue;
        }
        text += fmt::format("  {:x}:", at + n);
        for (unsigned b = 0; b < i.info.length; ++b) text += fmt::format(" {:02x}", code[n + b]);
        text += fmt::format("  {}\n", i.text);
        n += i.info.length;
    }
    return text;
}

}  // namespace

Duel::Duel(const Setup& setup)
    : setup_{setup}, guest_{"ideal", {{"cache", setup.cache}}}, twin_{setup} {
    std::memset(guest_.memory, 0, memory_bytes);
    prepare_memory(guest_.memory, setup);
    cpu::State& s = guest_.cpu.state();
    s.gdtr = {gdt_at, 8 * sel::entries - 1};
    s.idtr = {idt_at, 0x7ff};
    guest_.ports.on_write = [this](uint32_t v) { next(v); };
    std::mt19937_64 random{1};
    noise_.resize(2 * region_size);
    for (uint8_t& b : noise_) b = static_cast<uint8_t>(random());
}

Score Duel::run(uint64_t seed, uint64_t sequences,
                const std::function<void(const Score&)>& progress) {
    seed_ = seed;
    wanted_ = sequences;
    progress_ = progress;
    lay_out(seed_, most_sequences);
    const Outcome& outcome =
        guest_.run(init_at, Time::s(std::getenv("SOUTHBRIDGE_SECONDS") ? 0 : 100) + Time::ms(1));
    if (score_.difference.empty() && score_.sequences < wanted_)
        score_.difference = fmt::format("seed {}: our side ended: {}\n{}", seed_, outcome.text,
                                        guest_.cpu.describe_state());
    return score_;
}

void Duel::put(uint32_t at, const void* from, uint32_t bytes) {
    std::memcpy(guest_.memory + at, from, bytes);
    std::memcpy(twin_.memory() + at, from, bytes);
}

/// Makes the first sequences of the seed's batch, and both memories ready for them.
void Duel::lay_out(uint64_t seed, unsigned count) {
    Generator generator{seed, setup_};
    batch_.clear();
    uint32_t at = code_at;
    for (unsigned n = 0; n < count; ++n) {
        Sequence s = generator.sequence(at);
        if (score_.sequences == 0 && n == 0) s.code[0] = 0xcc;
        put(at, s.code.data(), static_cast<uint32_t>(s.code.size()));
        put(in_at + n * record_bytes, &s.in, record_bytes);
        at += static_cast<uint32_t>(s.code.size());
        batch_.push_back(std::move(s));
    }
    const uint32_t turn = static_cast<uint32_t>(seed * 0x9e3779b1u % region_size);
    put(data_at, noise_.data() + turn, region_size);
    put(stack_at, noise_.data() + turn, region_size);
    const uint32_t vars[] = {in_at, out_at + record_bytes, static_cast<uint32_t>(batch_.size())};
    put(vars_at, vars, sizeof vars);
    guest_.board.memory.wrote(code_at, at - code_at);
    twin_.code_changed(code_at, at - code_at);
}

/// The guest has run its batch (or something wrote to the port by chance).
void Duel::next(uint32_t) {
    const cpu::State& s = guest_.cpu.state();
    if (s.cpl != 0 || s.eip - kernel_at >= 0x1000) return;
    const std::string wrong = twin_.run();
    if (!wrong.empty())
        score_.difference = fmt::format("seed {}: {}\n{}", seed_, wrong, describe_current());
    else
        compare();
    if (progress_) progress_(score_);
    if (searching()) return search();
    if (!score_.difference.empty() || score_.sequences >= wanted_) {
        guest_.ports.value = 1;  // enough
        return;
    }
    lay_out(++seed_, most_sequences);
}

/// Which of the batch's sequences made the difference is not known, as it may be in memory: the
/// shortest beginning of the batch that gives one ends with it.
void Duel::search() {
    const bool differs = !score_.difference.empty();
    (differs ? bad_ : good_) = static_cast<unsigned>(batch_.size());
    if (differs) batch_difference_ = std::exchange(score_.difference, {});
    if (bad_ - good_ <= 1) {
        lay_out(seed_, std::min(bad_, most_sequences));
        const Sequence& s = batch_.back();
        score_.difference = batch_difference_ + "after the last of these:\n" +
                            disassembly(s.code, setup_.big, s.in.eip);
        guest_.ports.value = 1;
        return;
    }
    lay_out(seed_, (good_ + bad_) / 2);
}

void Duel::compare() {
    for (unsigned n = 0; n < batch_.size() && score_.difference.empty(); ++n) {
        compare_record(n);
        Out out;
        std::memcpy(&out, guest_.memory + out_at + n * record_bytes, record_bytes);
        if (out.vector == 14 && opcode_at(n, out) == 0x60 && pusha_differs(out)) {
            score_.sequences += searching() ? 0 : n + 1;
            score_.cut_short += !searching();
            return;
        }
    }
    compare_region(data_at, region_size);
    compare_region(stack_at, region_size);
    if (searching()) return;
    score_.sequences += batch_.size();
    if (score_.difference.empty()) return;
    bad_ = most_sequences + 1;
    good_ = 0;
}

/// The flags that can not be compared after an exception there.
uint32_t Duel::not_at(unsigned n, const Out& out) const {
    const Sequence& s = batch_[n];
    for (const auto& [offset, row] : s.starts)
        if (s.in.eip + offset == out.eip && (row->properties & Row::loses_flags))
            return compared_flags;
    return s.ever_undefined;
}

/// The first byte of the opcode of the instruction that an exception was at.
uint8_t Duel::opcode_at(unsigned n, const Out& out) const {
    const Sequence& s = batch_[n];
    for (const auto& [offset, row] : s.starts)
        if (s.in.eip + offset == out.eip) return row->opcode[0];
    return 0;
}

/// About one exception in a million Unicorn reports at an earlier instruction of the sequence than
/// the one that it came from, as the registers show, which are those after it; its flags are not.
bool Duel::is_imprecise(unsigned n, Out ours, Out theirs) const {
    if (ours.vector == ~0u || theirs.eip >= ours.eip || theirs.eip < batch_[n].in.eip) return false;
    ours.eip = theirs.eip = ours.flags = theirs.flags = 0;
    return std::memcmp(&ours, &theirs, record_bytes) == 0;
}

/// CMPS has two operands and PUSHA eight that may be missing; which one is looked at first is not
/// defined.
bool Duel::reads_twice(unsigned n, const Out& out) const {
    const uint8_t opcode = opcode_at(n, out);
    return (opcode & 0xfe) == 0xa6 || opcode == 0x60;
}

/// Unicorn knows no segment limits: what goes over a segment's 4 GiB is an access below its base
/// there, where nothing is mapped.
bool Duel::passes_limit(const Out& ours, const Out& theirs, bool twice) {
    if (theirs.vector != 14) return false;
    if (ours.vector != 12 && ours.vector != 13) return theirs.cr2 >= 0xfffff000;
    if (twice) return true;  // the other operand is not mapped
    for (uint32_t base : {0u, data_at, stack_at})
        if (base - theirs.cr2 <= 0x200) return true;
    return false;
}

void Duel::compare_record(unsigned n) {
    Out ours, theirs;
    std::memcpy(&ours, guest_.memory + out_at + n * record_bytes, record_bytes);
    std::memcpy(&theirs, twin_.memory() + out_at + n * record_bytes, record_bytes);
    Out a = ours, b = theirs;
    for (Out* out : {&a, &b}) {
        // An exception may have come while others were undefined than are at the end.
        const uint32_t lost = out->vector == ~0u ? batch_[n].undefined : not_at(n, *out);
        out->flags &= lost & reserved_flags ? 0 : compared_flags & ~lost;
        // Unicorn reports the aligned address of a doubleword that crosses a page.
        out->cr2 = out->vector == 14 ? out->cr2 & ~0xfffu : 0;
    }
    if (passes_limit(ours, theirs, reads_twice(n, ours))) return;
    // IRET to a 16-bit stack leaves the high half of ESP as the kernel had it: no IRET over there.
    if (!setup_.big && setup_.level == 3) a.esp &= 0xffff, b.esp &= 0xffff;
    // A read-modify-write over two pages: Unicorn reads both before it finds that it may not write
    // the first.
    const bool second_page = theirs.cr2 % 0x1000 == 0 && theirs.cr2 - ours.cr2 < 8;
    if (second_page || reads_twice(n, ours)) a.cr2 = b.cr2 = 0;
    if (ours.vector < 65) ++score_.faults[ours.vector];
    const uint8_t at = opcode_at(n, ours);
    if (ours.vector == 14 && at == 0x61)  // Unicorn has popped into some registers by then
        a.edi = b.edi, a.esi = b.esi, a.ebp = b.ebp, a.ebx = b.ebx, a.edx = b.edx, a.ecx = b.ecx,
        a.eax = b.eax;
    if (std::memcmp(&a, &b, record_bytes) == 0) return;
    if (is_imprecise(n, a, b)) {
        ++score_.imprecise;
        return;
    }
    score_.difference = describe(n, ours, theirs);
}

/// A PUSHA over two pages of which one is missing has written those words whose page is there and
/// that came before: from the highest address down here, from the lowest up in Unicorn. True where
/// that left different memory, so that nothing after it in the batch can be compared.
bool Duel::pusha_differs(const Out& out) const {
    constexpr uint32_t most = 32;
    const uint32_t sp = setup_.big ? out.esp : out.esp & 0xffff;
    for (const uint32_t base : {0u, data_at, stack_at})
        for (uint32_t n = 1; n <= most; ++n) {
            const uint32_t at = base + (setup_.big ? sp - n : (sp - n) & 0xffff);
            const bool ours = at - data_at < region_size || at - stack_at < region_size;
            if (ours && guest_.memory[at] != twin_.memory()[at]) return true;
        }
    return false;
}

void Duel::compare_region(uint32_t at, uint32_t bytes) {
    if (!score_.difference.empty() ||
        std::memcmp(guest_.memory + at, twin_.memory() + at, bytes) == 0)
        return;
    for (uint32_t a = at; a < at + bytes; ++a) {
        const uint8_t ours = guest_.memory[a], theirs = twin_.memory()[a];
        if (ours == theirs) continue;
        score_.difference = fmt::format("seed {}: memory at {:x} is {:02x}, Unicorn's {:02x}\n",
                                        seed_, a, ours, theirs);
        return;
    }
}

/// The sequence that Unicorn was in.
std::string Duel::describe_current() const {
    uint32_t left;
    std::memcpy(&left, twin_.memory() + var::count, 4);
    const Sequence& s = batch_[(batch_.size() - left) % batch_.size()];
    return disassembly(s.code, setup_.big, s.in.eip);
}

std::string Duel::describe(unsigned n, const Out& ours, const Out& theirs) const {
    const Sequence& s = batch_[n];
    std::string text =
        fmt::format("seed {}, sequence {} ({}-bit code, level {}, IOPL {}, cache {}):\n{}", seed_,
                    n, setup_.big ? 32 : 16, setup_.level, setup_.iopl, setup_.cache,
                    disassembly(s.code, setup_.big, s.in.eip));
    struct Line {
        const char* name;
        uint32_t before, ours, theirs;
    };
    const Line lines[] = {{"eax", s.in.eax, ours.eax, theirs.eax},
                          {"ecx", s.in.ecx, ours.ecx, theirs.ecx},
                          {"edx", s.in.edx, ours.edx, theirs.edx},
                          {"ebx", s.in.ebx, ours.ebx, theirs.ebx},
                          {"esp", s.in.esp, ours.esp, theirs.esp},
                          {"ebp", s.in.ebp, ours.ebp, theirs.ebp},
                          {"esi", s.in.esi, ours.esi, theirs.esi},
                          {"edi", s.in.edi, ours.edi, theirs.edi},
                          {"flags", s.in.flags, ours.flags, theirs.flags},
                          {"ds", s.in.ds, ours.ds, theirs.ds},
                          {"es", s.in.es, ours.es, theirs.es},
                          {"fs", s.in.fs, ours.fs, theirs.fs},
                          {"ss", s.in.ss, ours.ss, theirs.ss},
                          {"vector", ~0u, ours.vector, theirs.vector},
                          {"fault eip", 0, ours.eip, theirs.eip},
                          {"cr2", 0, ours.cr2, theirs.cr2}};
    for (const Line& l : lines)
        text += fmt::format("  {:<10} {:8x} -> {:8x}, Unicorn's {:8x}{}\n", l.name, l.before,
                            l.ours, l.theirs, l.ours == l.theirs ? "" : "  <<");
    return text + fmt::format("  undefined flags: {:x}\n", s.undefined);
}

}  // namespace sb::test
