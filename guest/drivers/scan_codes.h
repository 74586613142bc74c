// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_SCAN_CODES_H
#define GUEST_DRIVERS_SCAN_CODES_H

// From scan codes of set 1, those of the PC XT's keyboard, to the characters of a US keyboard. A
// key sends its code when it goes down, and the code with bit 7 set when it comes up.

#include <cstdint>

namespace guest {

class ScanCodeDecoder {
  public:
    // The character that this byte completes, or '\0' if it is none.
    char decode(uint8_t code);

  private:
    bool extended_ = false;  // The last byte was kExtended.
    bool shift_ = false;
    bool caps_lock_ = false;
};

}  // namespace guest

#endif
