// SPDX-License-Identifier: Apache-2.0
//
// What a guest tells about itself through the probe ports, for whoever acts on it (the machine).
// The listener is offered on the board as "probe.listener", at any time before the run.
#pragma once

#include <cstdint>
#include <string>

namespace sb::bus {

struct GuestProbeListener {
    virtual ~GuestProbeListener() = default;
    /// The guest entered a phase; id 0, named "none", is no phase.
    virtual void phase(unsigned id, const std::string& name) = 0;
    /// The guest read `sectors` sectors of a drive, whose bytes have this CRC-32.
    virtual void disk_checksum(unsigned drive, uint64_t lba, uint32_t sectors, uint32_t crc32) = 0;
    virtual void metric(const std::string& name, uint64_t value) = 0;
    /// `bytes` of work were done in the current phase.
    virtual void work(uint64_t bytes) = 0;
};

}  // namespace sb::bus
