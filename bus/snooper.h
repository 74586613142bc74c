// SPDX-License-Identifier: Apache-2.0
//
// Who has copies of memory, and looks at what others do on the bus.
#pragma once

#include <cstdint>

#include "sim/kernel/time.h"

namespace sb::bus {

class Snooper {
  public:
    virtual ~Snooper() = default;
    /// Another master's tenure would begin at `start`: gives when it may. What has to be written
    /// back first holds the bus from `start` on, by the snooper's own account.
    virtual Time snoop(bool write, uint64_t address, uint64_t bytes, Time start) = 0;
};

}  // namespace sb::bus
