// SPDX-License-Identifier: Apache-2.0
//
// Where characters can be sent that the guest then receives: a serial port's input. A device offers
// it on the board as "<name>.input". What is sent is queued and arrives at the pace of the wire; a
// guest that does not read loses it, as on the real port.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sb::bus {

class CharacterInput {
  public:
    virtual ~CharacterInput() = default;
    virtual void receive(uint8_t c) = 0;
    /// Characters that have not arrived yet.
    virtual size_t pending() const = 0;
};

}  // namespace sb::bus
