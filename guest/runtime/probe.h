// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_PROBE_H
#define GUEST_RUNTIME_PROBE_H

// How a guest tells the simulator what it is doing, so that the report can say where the time went.
// Accesses to these ports take no simulated time; on any other machine they go nowhere.
//
//     {
//         PhaseScope phase("transfer");    // Cycles from here...
//         device.read(0, list);
//         report_work(bytes);
//     }                                    // ...to here count as "transfer".

#include <cstdint>

#include "runtime/io.h"

namespace guest {

namespace probe {

// 32-bit ports.
inline constexpr uint16_t kPhase = 0x5b0;   // The phase that the guest is in; 0 is none.
inline constexpr uint16_t kName = 0x5b4;    // Written: a name's address. Read: the phase it means.
inline constexpr uint16_t kResult = 0x5b8;  // Written: the address of one of the records below.

inline constexpr uint32_t kNoPhase = 0;
inline constexpr uint32_t kAbsent = 0xffffffff;  // What the ports read as where there are none.

// "These sectors of this disk have this CRC-32": the run fails where the disk image disagrees.
struct ChecksumRecord {
    uint32_t type = 1;
    uint32_t drive;  // 0 and 1 on the primary channel, 2 and 3 on the secondary.
    uint32_t lba_low;
    uint32_t lba_high;
    uint32_t sectors;
    uint32_t crc32;
};

// A named figure for the run's results.
struct MetricRecord {
    uint32_t type = 2;
    uint32_t name;  // The address of a NUL-terminated string.
    uint32_t value_low;
    uint32_t value_high;
};

// Bytes moved in the current phase, for throughput and cycles per byte.
struct WorkRecord {
    uint32_t type = 3;
    uint32_t bytes_low;
    uint32_t bytes_high;
};

}  // namespace probe

// The number that stands for the phase of this name; the same name gives the same number.
inline uint32_t phase_number(const char* name) {
    write_port32(probe::kName, physical_address(name));
    const uint32_t number = read_port32(probe::kName);
    return number == probe::kAbsent ? probe::kNoPhase : number;
}

inline void enter_phase(uint32_t number) { write_port32(probe::kPhase, number); }

// Enters a phase for as long as it lives, and goes back to the one before.
class PhaseScope {
  public:
    explicit PhaseScope(const char* name) : PhaseScope(phase_number(name)) {}

    // With the number known already, the scope costs a read and a write of a port and no more.
    explicit PhaseScope(uint32_t number) : before_(read_port32(probe::kPhase)) {
        if (before_ == probe::kAbsent) before_ = probe::kNoPhase;
        enter_phase(number);
    }

    ~PhaseScope() { enter_phase(before_); }

    PhaseScope(const PhaseScope&) = delete;
    PhaseScope& operator=(const PhaseScope&) = delete;

  private:
    uint32_t before_;
};

inline void report_checksum(uint32_t drive, uint64_t lba, uint32_t sectors, uint32_t crc32) {
    const probe::ChecksumRecord record = {.drive = drive,
                                          .lba_low = static_cast<uint32_t>(lba),
                                          .lba_high = static_cast<uint32_t>(lba >> 32),
                                          .sectors = sectors,
                                          .crc32 = crc32};
    write_port32(probe::kResult, physical_address(&record));
}

inline void report_metric(const char* name, uint64_t value) {
    const probe::MetricRecord record = {.name = physical_address(name),
                                        .value_low = static_cast<uint32_t>(value),
                                        .value_high = static_cast<uint32_t>(value >> 32)};
    write_port32(probe::kResult, physical_address(&record));
}

inline void report_work(uint64_t bytes) {
    const probe::WorkRecord record = {.bytes_low = static_cast<uint32_t>(bytes),
                                      .bytes_high = static_cast<uint32_t>(bytes >> 32)};
    write_port32(probe::kResult, physical_address(&record));
}

}  // namespace guest

#endif
