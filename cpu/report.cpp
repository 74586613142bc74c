// SPDX-License-Identifier: Apache-2.0
//
// What the processor says of itself to a person: registers, flags, the last instructions.
#include <Zydis/Zydis.h>
#include <fmt/format.h>

#include "cpu/cpu.h"

namespace sb::cpu {
namespace {

struct Line {
    std::string text;
    unsigned length = 1;
};

Line disassemble(const uint8_t* code, unsigned n, bool big, uint32_t address) {
    Line line;
    ZydisDisassembledInstruction instruction;
    const auto mode = big ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16;
    if (ZYAN_SUCCESS(ZydisDisassembleIntel(mode, address, code, n, &instruction))) {
        line.text = instruction.text;
        line.length = instruction.info.length;
    } else {
        line.text = "(no instruction)";
    }
    return line;
}

std::string flag_names(uint32_t f) {
    struct Name {
        uint32_t mask;
        const char* name;
    };
    static constexpr Name names[] = {{flag::cf, "CF"},  {flag::pf, "PF"}, {flag::af, "AF"},
                                     {flag::zf, "ZF"},  {flag::sf, "SF"}, {flag::tf, "TF"},
                                     {flag::if_, "IF"}, {flag::df, "DF"}, {flag::of, "OF"},
                                     {flag::nt, "NT"},  {flag::vm, "VM"}, {flag::ac, "AC"}};
    std::string text;
    for (const Name& n : names)
        if (f & n.mask) text += fmt::format("{}{}", text.empty() ? "" : " ", n.name);
    return text;
}

}  // namespace

std::string Cpu::describe_state() {
    const State& s = core_.s;
    const auto& r = s.regs;
    std::string text = fmt::format(
        "EAX={:08x} EBX={:08x} ECX={:08x} EDX={:08x}\n"
        "ESI={:08x} EDI={:08x} EBP={:08x} ESP={:08x}\n"
        "EIP={:08x} EFLAGS={:08x} [{}] CPL={}{}{}\n",
        r[eax], r[ebx], r[ecx], r[edx], r[esi], r[edi], r[ebp], r[esp], s.eip, s.eflags(),
        flag_names(s.eflags()), s.cpl, s.halted ? " halted" : "", s.stopped ? " stopped" : "");
    constexpr const char* names[] = {"ES", "CS", "SS", "DS", "FS", "GS"};
    for (unsigned n = 0; n < 6; ++n)
        text += fmt::format("{}={:04x} base={:08x} limit={:08x} access={:02x}\n", names[n],
                            s.segments[n].selector, s.segments[n].base, s.segments[n].limit,
                            s.segments[n].access);
    text += fmt::format(
        "CR0={:08x} CR2={:08x} CR3={:08x} CR4={:08x} GDT={:08x}/{:04x} IDT={:08x}/{:04x}\n", s.cr0,
        s.cr2, s.cr3, s.cr4, s.gdtr.base, s.gdtr.limit, s.idtr.base, s.idtr.limit);
    text += fmt::format("{} instructions in {} cycles\n", instructions(), cycles());
    return text + last_instructions();
}

/// The blocks that ran last, each to its end or to where the processor is now.
std::string Cpu::last_instructions() {
    constexpr unsigned most = 24;
    std::vector<std::string> lines;
    const uint32_t here = core_.s.segments[cs].base + core_.s.eip;
    for (unsigned n = 0; n < Core::trace_length; ++n) {
        const auto& entry = core_.trace[(core_.trace_next + n) % Core::trace_length];
        uint32_t at = entry.linear;
        const bool last = n + 1 == Core::trace_length;
        for (unsigned i = 0; i < entry.count && !(last && i > 0 && at == here); ++i) {
            uint8_t code[Decoder::longest];
            const unsigned got = core_.peek_code(at, code, sizeof code);
            const Line line = disassemble(code, got, entry.big, at);
            lines.push_back(fmt::format("  {:08x}  {}\n", at, line.text));
            at += line.length;
        }
    }
    std::string text = "last instructions:\n";
    for (size_t i = lines.size() > most ? lines.size() - most : 0; i < lines.size(); ++i)
        text += lines[i];
    return text;
}

}  // namespace sb::cpu
