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

// The way of a packet: each port takes a packet's number, but for those that say otherwise.
inline constexpr uint16_t kPacket = 0x5bc;  // Written: where it was received. Read: its number.
inline constexpr uint16_t kHandler =
    0x5c0;  // Written: a controller's registers; see packet::handler_begins.
inline constexpr uint16_t kTaken = 0x5c4;
inline constexpr uint16_t kProtocol = 0x5c8;
inline constexpr uint16_t kServed = 0x5cc;
inline constexpr uint16_t kDropPlace = 0x5d0;  // Written: the number of a name.
inline constexpr uint16_t kDropped = 0x5d4;
inline constexpr uint16_t kForward = 0x5d8;
inline constexpr uint16_t kForwardFrom = 0x5dc;  // Written: where it will be sent from.

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

// What happened to a packet, told to the simulator: its number goes with it through the driver and
// the protocols.
namespace packet {

inline constexpr uint32_t kNone = 0;  // The number of no packet: its marks do nothing.

// The number of the packet whose first byte a controller has put there.
inline uint32_t received_at(uint32_t place) {
    write_port32(probe::kPacket, place);
    const uint32_t number = read_port32(probe::kPacket);
    return number == probe::kAbsent ? kNone : number;
}

// The same for a controller that is read through ports: its first port, and the page of its buffer.
inline uint32_t place_of_page(uint16_t port, uint8_t page) {
    return 0xfe000000u | uint32_t{port} << 8 | page;
}
inline uint32_t received_at_page(uint16_t port, uint8_t page) {
    return received_at(place_of_page(port, page));
}

// The top half (or a poll) of the driver for the controller with these registers begins.
inline void handler_begins(uint32_t memory_address) {
    write_port32(probe::kHandler, memory_address);
}
inline void handler_begins_port(uint16_t first_port) {
    write_port32(probe::kHandler, first_port | 1u);
}

inline void taken(uint32_t number) { write_port32(probe::kTaken, number); }
inline void protocol_done(uint32_t number) { write_port32(probe::kProtocol, number); }
inline void served(uint32_t number) { write_port32(probe::kServed, number); }

// `place` is phase_number() of the place's name, asked for beforehand.
inline void dropped(uint32_t number, uint32_t place) {
    write_port32(probe::kDropPlace, place);
    write_port32(probe::kDropped, number);
}

// It is given to a controller's transmit ring; its first byte is at `place`.
inline void forwarded(uint32_t number, uint32_t place) {
    write_port32(probe::kForward, number);
    write_port32(probe::kForwardFrom, place);
}
inline void forwarded_from_page(uint32_t number, uint16_t port, uint8_t page) {
    forwarded(number, place_of_page(port, page));
}

}  // namespace packet

}  // namespace guest

#endif
