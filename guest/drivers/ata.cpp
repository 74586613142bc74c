// SPDX-License-Identifier: Apache-2.0
//
// Section numbers are those of ATA/ATAPI-6.
#include "drivers/ata.h"

#include "drivers/ata_names.h"
#include "runtime/clock.h"
#include "runtime/print.h"

namespace guest {
namespace {

using ata::Command;

// The bytes of a request, or nothing if the list breaks a rule of block_device.h.
std::optional<uint64_t> length(SegmentList list) {
    uint64_t bytes = 0;
    for (const Segment& segment : list) {
        if ((segment.address | segment.bytes) & 1) return std::nullopt;
        bytes += segment.bytes;
    }
    if (bytes == 0 || bytes % ata::kSectorBytes != 0) return std::nullopt;
    return bytes;
}

uint8_t feature_value(TransferMode mode) {
    constexpr uint8_t kKinds[] = {ata::feature::kPioFlowControl, ata::feature::kMultiwordDma,
                                  ata::feature::kUltraDma};
    // A mode 0 of PIO need not know flow control: it has the value of "PIO default mode".
    if (mode.kind == TransferMode::Kind::kPio && mode.number == 0) return 0;
    return kKinds[static_cast<uint8_t>(mode.kind)] | mode.number;
}

// Section 8.15. Text comes with the first character in the high byte of each word.
AtaIdentity parse_identity(const uint16_t* words) {
    using namespace ata::identify;
    AtaIdentity identity = {};
    for (uint32_t i = 0; i < kModelWords; ++i) {
        identity.model[2 * i] = static_cast<char>(words[kModel + i] >> 8);
        identity.model[2 * i + 1] = static_cast<char>(words[kModel + i]);
    }
    for (uint32_t i = 2 * kModelWords; i != 0 && identity.model[i - 1] == ' '; --i) {
        identity.model[i - 1] = '\0';
    }

    identity.extended = words[kCommandSet2] & kHas48BitAddresses;
    identity.sectors = words[kSectors28] | static_cast<uint32_t>(words[kSectors28 + 1]) << 16;
    if (identity.extended) {
        identity.sectors = 0;
        for (uint32_t i = 4; i != 0; --i) {
            identity.sectors = identity.sectors << 16 | words[kSectors48 + i - 1];
        }
    }

    identity.most_multiple = static_cast<uint8_t>(words[kMostSectorsOfMultiple]);
    constexpr uint8_t kAlwaysPio0To2 = 0x7;
    identity.mode_masks[0] = kAlwaysPio0To2;
    if (words[kValidWords] & kWords64To70Valid)
        identity.mode_masks[0] |= (words[kPioModes] & 3) << 3;
    if (words[kCapabilities] & kHasDma) identity.mode_masks[1] = words[kMultiwordModes] & 0x7;
    if (words[kValidWords] & kWord88Valid) identity.mode_masks[2] = words[kUltraModes] & 0x3f;
    return identity;
}

}  // namespace

BlockError AtaDrive::open() {
    interrupts_ = 0;
    controller_ = IdeController::find();
    clock::start_counter(clock::kFullPeriod);
    if (const BlockError error = identify(); error != BlockError::kNone) return record(error);
    return record(open_driver());
}

BlockError AtaDrive::identify() {
    channel_.enable_interrupts(false);
    if (const BlockError error = channel_.select(device_); error != BlockError::kNone) return error;
    // For a device 1 that is not there, device 0 answers with a status of 0 (section 9.16.1); an
    // idle disk has DRDY set.
    if (channel_.alternate_status() == 0) return BlockError::kNoDevice;

    uint16_t words[ata::identify::kWords];
    const Segment segment = {reinterpret_cast<uint32_t>(words), sizeof(words)};
    SegmentCursor cursor({&segment, 1});
    channel_.issue({.command = Command::kIdentifyDevice}, device_);
    if (const BlockError error = channel_.wait_for_data(); error != BlockError::kNone) return error;
    channel_.read_data(cursor, sizeof(words));
    identity_ = parse_identity(words);
    return channel_.wait_while_busy();
}

BlockError AtaDrive::set_transfer_mode(TransferMode mode) {
    const uint8_t mask = identity_.mode_masks[static_cast<uint8_t>(mode.kind)];
    if (!(mask >> mode.number & 1)) return record(BlockError::kNotSupported);
    const BlockError error = run_polled({.command = Command::kSetFeatures,
                                         .features = ata::feature::kSetTransferMode,
                                         .sectors = feature_value(mode)});
    if (error != BlockError::kNone) return record(error);
    if (controller_) controller_->set_timing(channel_.number(), device_, mode);
    mode_ = mode;
    return record(BlockError::kNone);
}

BlockError AtaDrive::set_multiple(uint8_t sectors) {
    if (sectors > identity_.most_multiple) return record(BlockError::kNotSupported);
    if (sectors != 0) {
        const BlockError error =
            run_polled({.command = Command::kSetMultipleMode, .sectors = sectors});
        if (error != BlockError::kNone) return record(error);
    }
    multiple_ = sectors;
    return record(BlockError::kNone);
}

BlockError AtaDrive::run_polled(const AtaCommand& command) {
    channel_.enable_interrupts(false);
    if (const BlockError error = channel_.select(device_); error != BlockError::kNone) return error;
    channel_.issue(command, device_);
    return channel_.wait_while_busy();
}

BlockError AtaDrive::read(uint64_t lba, SegmentList list) {
    return request(lba, list, Direction::kFromDevice);
}

BlockError AtaDrive::write(uint64_t lba, SegmentList list) {
    return request(lba, list, Direction::kToDevice);
}

BlockError AtaDrive::request(uint64_t lba, SegmentList list, Direction direction) {
    const std::optional<uint64_t> bytes = length(list);
    if (!bytes) return record(BlockError::kBadRequest);
    uint64_t left = *bytes / ata::kSectorBytes;
    if (lba > sectors() || left > sectors() - lba) return record(BlockError::kBadRequest);

    SegmentCursor cursor(list);
    while (left != 0) {
        const AtaCommand command = plan(lba, left, direction, cursor);
        BlockError error = channel_.select(device_);
        if (error == BlockError::kNone) error = transfer(command, direction, cursor);
        if (error != BlockError::kNone) return record(error);
        lba += command.sectors;
        left -= command.sectors;
    }
    return record(BlockError::kNone);
}

// One command for as much as one command can move. 28-bit commands need fewer register writes, so
// they are used wherever they reach.
AtaCommand AtaDrive::plan(uint64_t lba, uint64_t sectors, Direction direction,
                          const SegmentCursor& cursor) const {
    const bool fits28 =
        sectors <= ata::kMostSectors28 && lba + sectors <= ata::kEndOf28BitAddresses;
    const bool extended = identity_.extended && !fits28;
    const uint32_t most = extended ? ata::kMostSectors48 : ata::kMostSectors28;
    const uint32_t wanted = sectors < most ? static_cast<uint32_t>(sectors) : most;
    return {.command = opcode(direction, extended),
            .extended = extended,
            .sectors = capacity(cursor, wanted * ata::kSectorBytes) / ata::kSectorBytes,
            .lba = lba};
}

Command AtaDrive::opcode(Direction direction, bool extended) const {
    struct Opcodes {
        Command read, read_extended, write, write_extended;
    };
    static constexpr Opcodes kSingle = {Command::kReadSectors, Command::kReadSectorsExt,
                                        Command::kWriteSectors, Command::kWriteSectorsExt};
    static constexpr Opcodes kMultiple = {Command::kReadMultiple, Command::kReadMultipleExt,
                                          Command::kWriteMultiple, Command::kWriteMultipleExt};
    static constexpr Opcodes kDma = {Command::kReadDma, Command::kReadDmaExt, Command::kWriteDma,
                                     Command::kWriteDmaExt};
    const Opcodes& opcodes = protocol_ == Protocol::kDma ? kDma
                             : multiple_ != 0            ? kMultiple
                                                         : kSingle;
    if (direction == Direction::kFromDevice) {
        return extended ? opcodes.read_extended : opcodes.read;
    }
    return extended ? opcodes.write_extended : opcodes.write;
}

uint32_t AtaDrive::block_bytes(uint32_t bytes_left) const {
    const uint32_t block = (multiple_ != 0 ? multiple_ : 1) * ata::kSectorBytes;
    return bytes_left < block ? bytes_left : block;
}

BlockError AtaDrive::flush() {
    const Command command = identity_.extended ? Command::kFlushCacheExt : Command::kFlushCache;
    BlockError error = channel_.select(device_);
    if (error == BlockError::kNone) error = run({.command = command});
    return record(error);
}

// Keeps what print_error() will need, and leaves the drive ready for the next command.
BlockError AtaDrive::record(BlockError error) {
    last_error_ = error;
    if (error == BlockError::kNone) return error;
    last_status_ = channel_.alternate_status();
    last_error_register_ = channel_.read(ata::Register::kError);
    if (last_status_ & (ata::status_bit::kBusy | ata::status_bit::kDataRequest)) recover();
    return error;
}

// A command that did not end is ended by a reset, which may also forget the settings.
void AtaDrive::recover() {
    if (AtaChannel::is_floating(last_status_)) return;
    if (channel_.reset() != BlockError::kNone) return;
    if (mode_) {
        run_polled({.command = Command::kSetFeatures,
                    .features = ata::feature::kSetTransferMode,
                    .sectors = feature_value(*mode_)});
    }
    if (multiple_ != 0) run_polled({.command = Command::kSetMultipleMode, .sectors = multiple_});
}

void AtaDrive::print_error() const {
    print("{}: {}", name_, error_name(last_error_));
    if (last_error_ == BlockError::kNoDevice) {
        print(": status {02x}, {}", last_status_,
              AtaChannel::is_floating(last_status_) ? "nothing drives the cable"
                                                    : "as for a device that is missing");
    } else if (last_error_ != BlockError::kBadRequest && last_error_ != BlockError::kNotSupported) {
        print(", ");
        ata::print_status(last_status_);
        print(", ");
        ata::print_error(last_error_register_);
    }
    print("\n");
}

}  // namespace guest
