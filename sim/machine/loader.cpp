// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/loader.h"

#include <cxxabi.h>
#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "sim/kernel/error.h"
#include "sim/machine/guest_image.h"
#include "sim/machine/linux_loader.h"
#include "sim/machine/low_memory.h"

namespace sb::machine {
namespace {

constexpr uint32_t header_magic = 0x1badb002;
constexpr uint32_t loader_magic = 0x2badb002;
constexpr uint32_t header_search = 8192;  // Multiboot 0.6.96, 3.1: within the first 8192 bytes
constexpr uint32_t info_address = 0x9000;
constexpr uint32_t module_address = 0x9300;
constexpr uint32_t command_line_address = 0x9400;
constexpr size_t longest_command_line = 4096;
constexpr uint32_t info_end = command_line_address + longest_command_line;
constexpr uint32_t known_demands = 3;  // modules on pages; memory information
constexpr uint32_t sector_bytes = 512;
constexpr uint64_t first_mebibyte = 1u << 20;

/// Multiboot 0.6.96, 3.3: the information structure, as far as it is filled in.
struct Info {
    uint32_t flags = 1u << 0 | 1u << 2 | 1u << 6 | 1u << 9;  // memory, command line, map, loader
    uint32_t mem_lower = low_memory_bytes / 1024;
    uint32_t mem_upper = 0;
    uint32_t boot_device = 0;
    uint32_t cmdline = command_line_address;
    uint32_t mods_count = 0;
    uint32_t mods_addr = 0;
    uint32_t syms[4] = {};
    uint32_t mmap_length = 0;
    uint32_t mmap_addr = 0;
    uint32_t drives_length = 0;
    uint32_t drives_addr = 0;
    uint32_t config_table = 0;
    uint32_t boot_loader_name = 0;
};

#pragma pack(push, 1)
struct MapEntry {
    uint32_t size = 20;
    uint64_t base = 0;
    uint64_t length = 0;
    uint32_t type = 1;  // available
};
#pragma pack(pop)

bool is_multiboot(const GuestImage& image) {
    for (uint64_t at = 0; at + 12 <= std::min<uint64_t>(header_search, image.size()); at += 4) {
        const auto magic = image.at<uint32_t>(at);
        const auto flags = image.at<uint32_t>(at + 4);
        const auto checksum = image.at<uint32_t>(at + 8);
        if (magic != header_magic || magic + flags + checksum != 0) continue;
        // Bits 0 to 15 are demands; a loader that does not know one must not load (3.1.2).
        if (flags & 0xffff & ~known_demands)
            image.refuse(
                fmt::format("its Multiboot header demands {:#x}, of which this loader knows "
                            "page alignment and memory sizes only",
                            flags & 0xffff));
        return true;
    }
    return false;
}

/// Returns where the highest one ends.
uint64_t load_segments(const GuestImage& image, const Elf32_Ehdr& header, bool multiboot,
                       bus::AddressSpace& memory) {
    uint64_t highest = 0;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        const auto segment =
            image.at<Elf32_Phdr>(header.e_phoff + uint64_t{i} * sizeof(Elf32_Phdr));
        if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
        if (segment.p_filesz > segment.p_memsz) image.refuse("a segment is larger than its memory");
        const uint64_t end = uint64_t{segment.p_paddr} + segment.p_memsz;
        if (multiboot && segment.p_paddr < info_end && end > info_address)
            image.refuse(
                fmt::format("it is linked to {:#x}, where the loader leaves what it has to "
                            "say ({:#x} to {:#x}); link it elsewhere",
                            segment.p_paddr, info_address, info_end - 1));
        highest = std::max(highest, end);
        uint8_t* to = image.memory(memory, segment.p_paddr, segment.p_memsz);
        std::memcpy(to, image.part(segment.p_offset, segment.p_filesz), segment.p_filesz);
        std::memset(to + segment.p_filesz, 0, segment.p_memsz - segment.p_filesz);
    }
    return highest;
}

/// Symbols are a help, not a need: a file whose symbol table is damaged simply has none.
Symbols load_symbols(const GuestImage& image, const Elf32_Ehdr& header) try {
    Symbols symbols;
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        const auto table = image.at<Elf32_Shdr>(header.e_shoff + uint64_t{i} * sizeof(Elf32_Shdr));
        if (table.sh_type != SHT_SYMTAB) continue;
        const auto names =
            image.at<Elf32_Shdr>(header.e_shoff + uint64_t{table.sh_link} * sizeof(Elf32_Shdr));
        const auto* text =
            reinterpret_cast<const char*>(image.part(names.sh_offset, names.sh_size));
        for (uint64_t at = 0; at + sizeof(Elf32_Sym) <= table.sh_size; at += sizeof(Elf32_Sym)) {
            const auto symbol = image.at<Elf32_Sym>(table.sh_offset + at);
            const bool function = ELF32_ST_TYPE(symbol.st_info) == STT_FUNC;
            if (!function || symbol.st_name >= names.sh_size) continue;
            const size_t most = names.sh_size - symbol.st_name;
            symbols.add({symbol.st_value, symbol.st_size,
                         std::string(text + symbol.st_name, strnlen(text + symbol.st_name, most))});
        }
        break;  // an executable has one (ELF, figure 1-9)
    }
    symbols.sort();
    return symbols;
} catch (const Error&) {
    return {};
}

/// Multiboot 0.6.96, 3.3, modules: start, end, a name, and a reserved word.
void place_module(const GuestImage& image, const std::string& initrd, uint64_t kernel_end,
                  Info& info, bus::AddressSpace& memory) {
    if (initrd.empty()) return;
    const GuestImage module{initrd};
    const uint64_t end = end_of_memory(memory);
    const uint64_t start = module.place_below(end, std::max(first_mebibyte, kernel_end));
    std::memcpy(module.memory(memory, start, module.size()), module.part(0, module.size()),
                module.size());
    const uint32_t entry[4] = {static_cast<uint32_t>(start),
                               static_cast<uint32_t>(start + module.size()), 0, 0};
    std::memcpy(image.memory(memory, module_address, sizeof entry), entry, sizeof entry);
    info.flags |= 1u << 3;
    info.mods_count = 1;
    info.mods_addr = module_address;
}

void place_multiboot_info(const GuestImage& image, const std::string& command_line,
                          const std::string& initrd, uint64_t kernel_end,
                          bus::AddressSpace& memory) {
    static constexpr char loader_name[] = "Southbridge";
    Info info;
    MapEntry map[2];
    map[0].length = low_memory_bytes;
    map[1].base = first_mebibyte;
    map[1].length = end_of_memory(memory) - first_mebibyte;
    place_module(image, initrd, kernel_end, info, memory);
    info.mem_upper = static_cast<uint32_t>(map[1].length / 1024);
    info.mmap_addr = info_address + sizeof info;
    info.mmap_length = sizeof map;
    info.boot_loader_name = info.mmap_addr + sizeof map;
    std::memcpy(image.memory(memory, info_address, sizeof info), &info, sizeof info);
    std::memcpy(image.memory(memory, info.mmap_addr, sizeof map), map, sizeof map);
    std::memcpy(image.memory(memory, info.boot_loader_name, sizeof loader_name), loader_name,
                sizeof loader_name);
    if (command_line.size() >= longest_command_line)
        throw Error("guest.parameters: together they are longer than 4095 characters");
    std::memcpy(image.memory(memory, command_line_address, command_line.size() + 1),
                command_line.c_str(), command_line.size() + 1);
}

bool is_boot_sector(const GuestImage& image) {
    return image.size() >= sector_bytes && image.at<uint16_t>(510) == 0xaa55;
}

/// Only Linux and Multiboot have a way to hand these over.
void refuse_extras(const GuestImage& image, const std::string& command_line,
                   const std::string& initrd) {
    if (!initrd.empty()) image.refuse("it has no way to take an initial RAM disk");
    if (!command_line.empty())
        image.refuse("it has no way to take a command line: it is neither Linux nor Multiboot");
}

LoadedGuest load_boot_sector(const GuestImage& image, bus::AddressSpace& memory) {
    constexpr uint32_t address = 0x7c00, first_disk = 0x80;
    std::memcpy(image.memory(memory, address, sector_bytes), image.part(0, sector_bytes),
                sector_bytes);
    LoadedGuest guest;
    guest.real_mode = true;
    guest.entry = address;
    guest.edx = first_disk;
    return guest;
}

std::vector<std::filesystem::path> guest_folders() {
    std::vector<std::filesystem::path> folders;
    if (const char* own = std::getenv("SOUTHBRIDGE_GUESTS")) folders.emplace_back(own);
    std::error_code ignored;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    const auto root = program.parent_path().parent_path();
    folders.push_back(root / "guest");                    // a build tree
    folders.push_back(root / "share/southbridge/guest");  // an installation
    return folders;
}

}  // namespace

void Symbols::sort() {
    std::sort(list_.begin(), list_.end(),
              [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
}

const Symbol* Symbols::find(uint32_t address) const {
    auto after = std::upper_bound(list_.begin(), list_.end(), address,
                                  [](uint32_t a, const Symbol& s) { return a < s.address; });
    if (after == list_.begin()) return nullptr;
    const Symbol& symbol = *std::prev(after);
    return address - symbol.address < std::max<uint32_t>(symbol.size, 1) ? &symbol : nullptr;
}

std::string Symbols::locate(uint32_t address) const {
    const Symbol* symbol = find(address);
    if (!symbol) return {};
    return address == symbol->address
               ? symbol->name
               : fmt::format("{}+{:#x}", symbol->name, address - symbol->address);
}

std::string demangled(const std::string& symbol) {
    const size_t plus = symbol.find('+');
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> name{
        abi::__cxa_demangle(symbol.substr(0, plus).c_str(), nullptr, nullptr, &status), &std::free};
    if (!name) return symbol;
    return name.get() + (plus == std::string::npos ? "" : symbol.substr(plus));
}

LoadedGuest load_guest(const std::string& path, const std::string& command_line,
                       bus::AddressSpace& memory, const std::string& initrd) {
    const GuestImage image{path};
    place_bios_data(memory);
    if (is_linux(image)) return load_linux(image, command_line, initrd, memory);
    if (is_boot_sector(image)) {
        refuse_extras(image, command_line, initrd);
        return load_boot_sector(image, memory);
    }
    const auto header = image.at<Elf32_Ehdr>(0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        image.refuse("it is not an ELF file, a Linux kernel or a boot sector");
    if (header.e_ident[EI_CLASS] != ELFCLASS32 || header.e_machine != EM_386)
        image.refuse("it is not for i386; build it with -m32");
    if (header.e_type != ET_EXEC) image.refuse("it is not linked as a static executable");
    const bool multiboot = is_multiboot(image);
    if (!multiboot) refuse_extras(image, command_line, initrd);
    const uint64_t end = load_segments(image, header, multiboot, memory);
    LoadedGuest guest;
    guest.entry = header.e_entry;
    guest.symbols = load_symbols(image, header);
    if (multiboot) {
        place_multiboot_info(image, command_line, initrd, end, memory);
        guest.eax = loader_magic;
        guest.ebx = info_address;
    }
    return guest;
}

std::string find_guest(const std::string& program) {
    if (program.find('/') != std::string::npos) return program;
    std::string looked;
    for (const auto& folder : guest_folders()) {
        const auto path = folder / (program + ".elf");
        if (std::filesystem::exists(path)) return path.string();
        looked += (looked.empty() ? "" : ", ") + folder.string();
    }
    throw Error(
        fmt::format("there is no guest \"{}\" (looked in {}); name an ELF file by its path, "
                    "or build the guests first",
                    program, looked));
}

}  // namespace sb::machine
