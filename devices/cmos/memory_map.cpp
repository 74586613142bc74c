// SPDX-License-Identifier: Apache-2.0
//
// What firmware finds in the battery-backed memory. Sources: IBM PC/AT Technical Reference (base
// and extended memory, equipment, checksum); the bytes from 30h on: SeaBIOS (src/hw/rtc.h,
// src/fw/paravirt.c, src/boot.c), as it is built for Bochs and QEMU.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bus/disk_image.h"
#include "devices/cmos/cmos.h"

namespace sb::devices {
namespace {

constexpr uint64_t kib = 1024, mib = 1024 * kib;

/// Codes of the boot order's nibbles, 0 where the name is none.
uint64_t boot_code(const std::string& name) {
    static constexpr std::array<const char*, 4> names{"floppy", "disk", "cdrom", "network"};
    const auto* found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? 0 : static_cast<uint64_t>(found - names.begin()) + 1;
}

std::array<uint64_t, 3> boot_order(const std::string& name, const std::string& text) {
    std::array<uint64_t, 3> codes{};
    size_t count = 0;
    for (size_t at = 0; at <= text.size();) {
        const size_t end = std::min(text.find(',', at), text.size());
        const uint64_t code = boot_code(text.substr(at, end - at));
        if (code == 0 || count == codes.size())
            throw Error(
                fmt::format("{}: boot \"{}\" is not up to three of floppy, disk, cdrom, "
                            "network with commas between",
                            name, text));
        codes[count++] = code;
        at = end + 1;
    }
    return codes;
}

/// Two bits a drive: 1, LBA-assisted; 0, none, where that would leave no whole cylinder of 16 heads
/// and 63 sectors (SeaBIOS src/block.c, get_translation). Disks stand before the clock on a board.
uint64_t translations(const bus::Board& board) {
    constexpr uint64_t cylinder = 16 * 63;
    uint64_t bits = 0;
    for (unsigned drive = 0; drive < 4; ++drive) {
        const auto* disk = board.find<bus::DiskImage>(fmt::format("disk.{}", drive));
        if (!disk || disk->sectors() >= cylinder) bits |= uint64_t{1} << (2 * drive);
    }
    return bits;
}

}  // namespace

void Cmos::set_word(unsigned at, uint64_t value) {
    set_byte(at, value % 256);
    set_byte(at + 1, value / 256 % 256);
}

void Cmos::fill_memory(const bus::DeviceContext& context) {
    uint64_t size = context.config.integer("memory");
    if (size == 0)
        for (const auto* range : context.board.memory.ranges())
            if (range->start == 0 && range->direct) size = range->size;
    set_byte(0x14, 0x06);  // equipment: mathematics coprocessor, mouse port
    set_word(0x15, std::min(size, 640 * kib) / kib);
    const uint64_t above_1m = size > mib ? (size - mib) / kib : 0;
    set_word(0x17, std::min<uint64_t>(above_1m, 0xffff));
    set_word(0x30, std::min<uint64_t>(above_1m, 0xffff));
    const uint64_t above_16m = size > 16 * mib ? (size - 16 * mib) / (64 * kib) : 0;
    set_word(0x34, std::min<uint64_t>(above_16m, 0xffff));
    // 5Bh to 5Dh, memory above 4 GiB: none.
    set_byte(0x39, translations(context.board));
    const auto order = boot_order(context.name, context.config.text("boot"));
    set_byte(0x3d, order[0] + 16 * order[1]);
    set_byte(0x38, 16 * order[2] + 1);  // bit 0: a floppy's signature is not looked for
    set_byte(0x5f, context.config.integer("cpus") - 1);
    uint64_t sum = 0;
    for (unsigned at = 0x10; at < 0x2e; ++at) sum += memory_[at - first_memory];
    set_byte(0x2e, sum / 256 % 256);
    set_byte(0x2f, sum % 256);
}

}  // namespace sb::devices
