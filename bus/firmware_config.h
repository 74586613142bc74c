// SPDX-License-Identifier: Apache-2.0
//
// What a machine tells its firmware. The firmware configuration device offers it on the board as
// "firmware.config"; whoever builds the machine (a boot command) adds items before the run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sb::bus {

class FirmwareConfig {
  public:
    virtual ~FirmwareConfig() = default;
    /// An item with a number of its own; replaces one that is there.
    virtual void item(uint16_t number, std::vector<uint8_t> bytes) = 0;
    /// A file, found by its name (up to 55 characters) in the directory. Throws `Error` where the
    /// name is too long or there are too many.
    virtual void file(const std::string& name, std::vector<uint8_t> bytes) = 0;
};

}  // namespace sb::bus
