// SPDX-License-Identifier: Apache-2.0
//
// The statistics registers (the manual, 13.7): counts of the MAC, cleared by reading, that stick at
// their maximum. Octet counts have 64 bits in two registers: reading the low half keeps both,
// reading the high half clears both. Lengths are those on the wire, FCS included.
#pragma once

#include <array>
#include <memory>

#include "devices/e1000/chip.h"

namespace sb::devices::e1000 {

/// In the order of the table in statistics.cpp.
enum class Stat : uint8_t {
    crc_errors,
    alignment_errors,
    symbol_errors,
    receive_errors,
    missed,
    single_collisions,
    excessive_collisions,
    multiple_collisions,
    late_collisions,
    collisions,
    defers,
    no_carrier,
    sequence_errors,
    carrier_extension_errors,
    receive_length_errors,
    xon_received,
    xon_sent,
    xoff_received,
    xoff_sent,
    flow_control_unsupported,
    received_64,  // and the five classes behind it
    received_127,
    received_255,
    received_511,
    received_1023,
    received_1522,
    good_received,
    broadcast_received,
    multicast_received,
    good_sent,
    no_buffers,
    undersized,
    fragments,
    oversized,
    jabbers,
    management_received,
    management_dropped,
    management_sent,
    total_received,
    total_sent,
    sent_64,  // and the five classes behind it
    sent_127,
    sent_255,
    sent_511,
    sent_1023,
    sent_1522,
    multicast_sent,
    broadcast_sent,
    segmentation_contexts,
    segmentation_failures,
    count_
};

enum class Octets : uint8_t { good_received, good_sent, total_received, total_sent, count_ };

class Statistics {
  public:
    explicit Statistics(const Chip& chip);

    void count(Stat stat);
    void count(Octets octets, uint64_t bytes);
    /// The size class, from `first` (received_64 or sent_64) on.
    void count_size(Stat first, uint32_t wire_bytes);
    void reset();

  private:
    static constexpr size_t octet_counts = static_cast<size_t>(Octets::count_);
    std::array<std::unique_ptr<bus::Register>, static_cast<size_t>(Stat::count_)> registers_;
    std::array<std::unique_ptr<bus::Register>, octet_counts> low_;
    std::array<std::unique_ptr<bus::Register>, octet_counts> high_;
    State<std::array<uint64_t, octet_counts>> octets_;
};

}  // namespace sb::devices::e1000
