// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ATA_REGISTERS_H
#define GUEST_DRIVERS_ATA_REGISTERS_H

// The names of ATA/ATAPI-6 (T13/1410D): registers, their bits, commands, and the words of the
// IDENTIFY DEVICE data. No code.

#include <cstdint>

namespace guest::ata {

// The command block registers, by their offset from the channel's command port (section 7).
enum class Register : uint8_t {
    kData = 0,      // 16 bits wide; all others have 8.
    kError = 1,     // When read.
    kFeatures = 1,  // When written.
    kSectorCount = 2,
    kLbaLow = 3,
    kLbaMid = 4,
    kLbaHigh = 5,
    kDevice = 6,
    kStatus = 7,   // When read, which also takes back the interrupt request.
    kCommand = 7,  // When written, which starts the command.
};

namespace status_bit {  // Section 7.15; the alternate status register has the same.
inline constexpr uint8_t kBusy = 1u << 7;
inline constexpr uint8_t kReady = 1u << 6;  // DRDY.
inline constexpr uint8_t kDeviceFault = 1u << 5;
inline constexpr uint8_t kDataRequest = 1u << 3;  // DRQ.
inline constexpr uint8_t kError = 1u << 0;
}  // namespace status_bit

namespace error_bit {  // Section 7.9. What a bit means depends on the command.
inline constexpr uint8_t kInterfaceCrc = 1u << 7;
inline constexpr uint8_t kUncorrectable = 1u << 6;
inline constexpr uint8_t kMediaChanged = 1u << 5;
inline constexpr uint8_t kIdNotFound = 1u << 4;
inline constexpr uint8_t kMediaChangeRequested = 1u << 3;
inline constexpr uint8_t kAborted = 1u << 2;
inline constexpr uint8_t kNoMedia = 1u << 1;
}  // namespace error_bit

namespace device_bit {  // Section 7.7.
inline constexpr uint8_t kObsoleteAlwaysOne = 0xa0;
inline constexpr uint8_t kLba = 1u << 6;
inline constexpr uint8_t kDevice1 = 1u << 4;
inline constexpr uint8_t kLba27To24 = 0x0f;
}  // namespace device_bit

namespace control_bit {  // Section 7.8: the device control register.
inline constexpr uint8_t kSoftwareReset = 1u << 2;
inline constexpr uint8_t kNoInterrupts = 1u << 1;  // nIEN.
}  // namespace control_bit

enum class Command : uint8_t {  // Section 8.
    kReadSectors = 0x20,
    kReadSectorsExt = 0x24,
    kReadDmaExt = 0x25,
    kReadMultipleExt = 0x29,
    kWriteSectors = 0x30,
    kWriteSectorsExt = 0x34,
    kWriteDmaExt = 0x35,
    kWriteMultipleExt = 0x39,
    kReadMultiple = 0xc4,
    kWriteMultiple = 0xc5,
    kSetMultipleMode = 0xc6,
    kReadDma = 0xc8,
    kWriteDma = 0xca,
    kFlushCache = 0xe7,
    kFlushCacheExt = 0xea,
    kIdentifyDevice = 0xec,
    kSetFeatures = 0xef,
};

namespace feature {  // Section 8.46: subcommands of SET FEATURES.
inline constexpr uint8_t kSetTransferMode = 0x03;
inline constexpr uint8_t kPioFlowControl = 0x08;  // Values of the transfer mode: | mode number.
inline constexpr uint8_t kMultiwordDma = 0x20;
inline constexpr uint8_t kUltraDma = 0x40;
}  // namespace feature

namespace identify {  // Section 8.15: numbers of 16-bit words.
inline constexpr uint32_t kModel = 27;
inline constexpr uint32_t kModelWords = 20;
inline constexpr uint32_t kMostSectorsOfMultiple = 47;  // Bits 7:0.
inline constexpr uint32_t kCapabilities = 49;
inline constexpr uint32_t kValidWords = 53;
inline constexpr uint32_t kSectors28 = 60;       // Two words, the low one first.
inline constexpr uint32_t kMultiwordModes = 63;  // Bits 2:0: modes 2 to 0.
inline constexpr uint32_t kPioModes = 64;        // Bits 1:0: modes 4 and 3.
inline constexpr uint32_t kCommandSet2 = 83;
inline constexpr uint32_t kUltraModes = 88;  // Bits 5:0: modes 5 to 0.
inline constexpr uint32_t kSectors48 = 100;  // Four words, the lowest first.
inline constexpr uint32_t kWords = 256;

inline constexpr uint16_t kHasDma = 1u << 8;            // Of kCapabilities.
inline constexpr uint16_t kWords64To70Valid = 1u << 1;  // Of kValidWords.
inline constexpr uint16_t kWord88Valid = 1u << 2;
inline constexpr uint16_t kHas48BitAddresses = 1u << 10;  // Of kCommandSet2.
}  // namespace identify

inline constexpr uint32_t kSectorBytes = 512;
inline constexpr uint64_t kEndOf28BitAddresses = 1ull << 28;
inline constexpr uint32_t kMostSectors28 = 256;    // In one command; 256 is written as 0.
inline constexpr uint32_t kMostSectors48 = 65536;  // Likewise.

}  // namespace guest::ata

#endif
