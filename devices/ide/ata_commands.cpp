// SPDX-License-Identifier: Apache-2.0
//
// The commands of an ATA disk, as a table: ATA/ATAPI-6, clause 8; those with an obsolete opcode
// ("without retry", RECALIBRATE, SEEK, INITIALIZE DEVICE PARAMETERS): ATA-3 (X3T10/2008D),
// clause 7.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "devices/ide/ata_disk.h"

namespace sb::devices {

std::span<const AtaDisk::Command> AtaDisk::commands() {
    using D = AtaDisk;
    using enum Protocol;
    constexpr auto rd = Cost::read, wr = Cost::write, other = Cost::other;
    static constexpr Command table[]{
        // opcode, mask, name, protocol, overhead, 48-bit, multiple, handler
        {0x00, 0xff, "NOP", none, other, false, false, &D::refuse},
        {0x10, 0xf0, "RECALIBRATE", none, other, false, false, &D::succeed},
        {0x20, 0xfe, "READ SECTORS", pio_in, rd, false, false, &D::address_sectors},
        {0x24, 0xff, "READ SECTORS EXT", pio_in, rd, true, false, &D::address_sectors},
        {0x25, 0xff, "READ DMA EXT", dma_in, rd, true, false, &D::address_sectors},
        {0x27, 0xff, "READ NATIVE MAX ADDRESS EXT", none, other, true, false, &D::read_native_max},
        {0x29, 0xff, "READ MULTIPLE EXT", pio_in, rd, true, true, &D::address_sectors},
        {0x30, 0xfe, "WRITE SECTORS", pio_out, wr, false, false, &D::address_sectors},
        {0x34, 0xff, "WRITE SECTORS EXT", pio_out, wr, true, false, &D::address_sectors},
        {0x35, 0xff, "WRITE DMA EXT", dma_out, wr, true, false, &D::address_sectors},
        {0x39, 0xff, "WRITE MULTIPLE EXT", pio_out, wr, true, true, &D::address_sectors},
        {0x40, 0xfe, "READ VERIFY SECTORS", none, rd, false, false, &D::verify_sectors},
        {0x42, 0xff, "READ VERIFY SECTORS EXT", none, rd, true, false, &D::verify_sectors},
        {0x70, 0xf0, "SEEK", none, other, false, false, &D::seek},
        {0x90, 0xff, "EXECUTE DEVICE DIAGNOSTIC", diagnostic, other, false, false, &D::diagnose},
        {0x91, 0xff, "INITIALIZE DEVICE PARAMETERS", none, other, false, false, &D::set_geometry},
        // To a device that takes no packets it is a question, whose answer is: aborted (8.16).
        {0xa1, 0xff, "IDENTIFY PACKET DEVICE", none, other, false, false, &D::refuse},
        {0xc4, 0xff, "READ MULTIPLE", pio_in, rd, false, true, &D::address_sectors},
        {0xc5, 0xff, "WRITE MULTIPLE", pio_out, wr, false, true, &D::address_sectors},
        {0xc6, 0xff, "SET MULTIPLE MODE", none, other, false, false, &D::set_multiple},
        {0xc8, 0xfe, "READ DMA", dma_in, rd, false, false, &D::address_sectors},
        {0xca, 0xfe, "WRITE DMA", dma_out, wr, false, false, &D::address_sectors},
        {0xe0, 0xff, "STANDBY IMMEDIATE", none, other, false, false, &D::stand_by},
        {0xe1, 0xff, "IDLE IMMEDIATE", none, other, false, false, &D::go_idle},
        {0xe2, 0xff, "STANDBY", none, other, false, false, &D::stand_by},
        {0xe3, 0xff, "IDLE", none, other, false, false, &D::go_idle},
        {0xe5, 0xff, "CHECK POWER MODE", none, other, false, false, &D::check_power},
        // Every write has reached the image before its command ends: there is nothing to flush.
        {0xe7, 0xff, "FLUSH CACHE", none, other, false, false, &D::succeed},
        {0xea, 0xff, "FLUSH CACHE EXT", none, other, true, false, &D::succeed},
        {0xec, 0xff, "IDENTIFY DEVICE", pio_in, other, false, false, &D::identify},
        {0xef, 0xff, "SET FEATURES", none, other, false, false, &D::set_features},
        {0xf8, 0xff, "READ NATIVE MAX ADDRESS", none, other, false, false, &D::read_native_max},
    };
    return table;
}

const AtaDisk::Command* AtaDisk::find(uint8_t opcode) {
    static const auto by_opcode = [] {
        std::array<const Command*, 256> index{};
        for (unsigned code = 0; code < index.size(); ++code)
            for (const Command& command : commands())
                if ((code & command.mask) == command.opcode) index[code] = &command;
        return index;
    }();
    return by_opcode[opcode];
}

void AtaDisk::refuse() { refusal_ = static_cast<uint8_t>(task_.abort.make()); }

/// A command that names sectors: its end with an error shows the address of the failing one.
bool AtaDisk::media_command() {
    const Command* command = find(opcode_);
    return command &&
           (command->begin == &AtaDisk::address_sectors ||
            command->begin == &AtaDisk::verify_sectors || command->begin == &AtaDisk::seek);
}

/// Takes address and count from the registers (clause 6: CHS, LBA, 48-bit). Whether the
/// sectors exist is found when each is due, so that those before the first missing one are
/// transferred.
void AtaDisk::address_sectors() {
    const Command& command = *find(opcode_);
    if (command.multiple && multiple_ == 0) return refuse();
    const auto low = task_.lba_low.recent(), mid = task_.lba_mid.recent(),
               high = task_.lba_high.recent();
    const uint64_t low24 = low | uint64_t{mid} << 8 | uint64_t{high} << 16;
    left_ = task_.count.recent() == 0 ? 256 : task_.count.recent();
    if (command.extended) {
        if (!task_.lba) return refuse();
        addressing_ = Addressing::lba48;
        const uint64_t high24 = task_.lba_low.previous() | uint64_t{task_.lba_mid.previous()} << 8 |
                                uint64_t{task_.lba_high.previous()} << 16;
        lba_ = low24 | high24 << 24;
        const uint32_t count = task_.count.recent() | uint32_t{task_.count.previous()} << 8;
        left_ = count == 0 ? 65536 : count;
    } else if (task_.lba) {
        addressing_ = Addressing::lba28;
        lba_ = low24 | task_.head.get() << 24;
    } else {
        addressing_ = Addressing::chs;
        const uint64_t cylinder = low24 >> 8;
        lba_ = (cylinder * heads_ + task_.head.get()) * track_ + low - 1;
        if (low == 0 || low > track_ || task_.head.get() >= heads_) {
            lba_ = store_.sectors();
            refusal_ = static_cast<uint8_t>(task_.not_found.make());
        }
    }
}

void AtaDisk::verify_sectors() {
    address_sectors();
    while (refusal_ == 0 && left_ > 0) load(1);
}

void AtaDisk::seek() {
    address_sectors();
    if (refusal_ == 0) room(1);
    left_ = 0;
}

void AtaDisk::identify() {
    const auto words = identity();
    std::copy_n(reinterpret_cast<const uint8_t*>(words.data()), sector_bytes,
                buffer_.ref().begin());
    block_bytes_ = sector_bytes;
}

/// The subcommands that the drive has.
void AtaDisk::set_features() {
    struct Feature {
        uint8_t code;
        State<bool> AtaDisk::*setting;
        bool value;
    };
    static constexpr Feature features[]{{0x02, &AtaDisk::write_cache_, true},
                                        {0x82, &AtaDisk::write_cache_, false},
                                        {0xaa, &AtaDisk::look_ahead_, true},
                                        {0x55, &AtaDisk::look_ahead_, false}};
    constexpr uint8_t set_transfer_mode = 0x03;
    if (task_.features == set_transfer_mode) return select_mode();
    for (const Feature& feature : features) {
        if (feature.code != task_.features) continue;
        this->*feature.setting = feature.value;
        return;
    }
    refuse();
}

void AtaDisk::select_mode() {
    const uint8_t value = task_.count.recent();
    for (const TransferMode& group : transfer_modes) {
        if (value < group.first || value >= group.first + group.count) continue;
        const auto mode = static_cast<uint8_t>(value - group.first);
        if (group.kind == TransferMode::Kind::pio_default ||
            group.kind == TransferMode::Kind::pio) {
            pio_mode_ = group.kind == TransferMode::Kind::pio ? mode : initial_pio_mode_;
            return apply_pio_mode();
        }
        ultra_ = group.kind == TransferMode::Kind::ultra;
        dma_mode_ = mode;
        return;
    }
    refuse();
}

void AtaDisk::set_multiple() {
    const uint8_t sectors = task_.count.recent();
    if (sectors > max_multiple || (sectors != 0 && !std::has_single_bit(sectors))) return refuse();
    multiple_ = sectors;
}

void AtaDisk::set_geometry() {
    if (task_.count.recent() == 0) return refuse();
    track_ = task_.count.recent();
    heads_ = static_cast<uint16_t>(task_.head.get() + 1);
}

void AtaDisk::read_native_max() {
    const bool extended = find(opcode_)->extended;
    constexpr uint64_t most28 = 0x0fffffff;
    addressing_ = extended ? Addressing::lba48 : Addressing::lba28;
    const uint64_t last = store_.sectors() - 1;
    show_address(extended ? last : std::min(last, most28));
}

void AtaDisk::check_power() { task_.count.set(power_.get()); }
// The values that CHECK POWER MODE returns: 00h standby, 80h idle, FFh active or idle.
void AtaDisk::stand_by() { power_ = 0x00; }
void AtaDisk::go_idle() { power_ = 0x80; }

void AtaDisk::diagnose() { phase_ = Phase::resetting; }

}  // namespace sb::devices
