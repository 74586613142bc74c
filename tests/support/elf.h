// SPDX-License-Identifier: Apache-2.0
//
// The smallest guest file: an i386 ELF executable with one segment.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace sb::test {

/// One segment of `content` at `address`, entered at its start, with `extra` bytes of memory behind
/// it.
inline std::string elf(const std::string& content, uint32_t address = 0x100000,
                       uint32_t extra = 0) {
    Elf32_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_EXEC;
    header.e_machine = EM_386;
    header.e_entry = address;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf32_Phdr);
    header.e_phnum = 1;
    Elf32_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_offset = sizeof header + sizeof segment;
    segment.p_paddr = segment.p_vaddr = address;
    segment.p_filesz = static_cast<uint32_t>(content.size());
    segment.p_memsz = segment.p_filesz + extra;
    return std::string(reinterpret_cast<char*>(&header), sizeof header) +
           std::string(reinterpret_cast<char*>(&segment), sizeof segment) + content;
}

}  // namespace sb::test
