// SPDX-License-Identifier: Apache-2.0
//
// IBM PS/2 Hardware Interface Technical Reference, "101- and 102-Key Keyboards", scan code set 1.
#include "drivers/scan_codes.h"

namespace guest {
namespace {

constexpr uint8_t kExtended = 0xe0;  // Goes before the codes of keys that the PC XT did not have.
constexpr uint8_t kReleased = 0x80;
constexpr uint8_t kLeftShift = 0x2a;
constexpr uint8_t kRightShift = 0x36;
constexpr uint8_t kCapsLock = 0x3a;
constexpr uint8_t kSlash = 0x35;  // Extended: the one on the keypad.
constexpr uint8_t kEnter = 0x1c;  // Likewise.

constexpr uint8_t kCodes = 0x3a;

// The character of each code, row by row of the keyboard; '\0' for a key that has none.
constexpr char kPlain[] =
    "\0\x1b"
    "1234567890-=\b"
    "\tqwertyuiop[]\n"
    "\0asdfghjkl;'`"
    "\0\\zxcvbnm,./\0"
    "*\0 ";
constexpr char kShifted[] =
    "\0\x1b"
    "!@#$%^&*()_+\b"
    "\tQWERTYUIOP{}\n"
    "\0ASDFGHJKL:\"~"
    "\0|ZXCVBNM<>?\0"
    "*\0 ";

static_assert(sizeof(kPlain) == kCodes + 1 && sizeof(kShifted) == kCodes + 1);

constexpr bool is_lower_case(char character) { return character >= 'a' && character <= 'z'; }

}  // namespace

char ScanCodeDecoder::decode(uint8_t code) {
    if (code == kExtended) {
        extended_ = true;
        return '\0';
    }
    const bool extended = extended_;
    extended_ = false;
    const bool pressed = !(code & kReleased);
    const uint8_t key = code & ~kReleased;

    // An extended shift is not a key: the keyboard puts it around the arrows.
    if (extended && key != kSlash && key != kEnter) return '\0';
    if (key == kLeftShift || key == kRightShift) shift_ = pressed;
    if (key == kCapsLock && pressed) caps_lock_ = !caps_lock_;
    if (!pressed || key >= kCodes) return '\0';
    if (extended) return kPlain[key];
    const bool shifted = is_lower_case(kPlain[key]) ? shift_ != caps_lock_ : shift_;
    return shifted ? kShifted[key] : kPlain[key];
}

}  // namespace guest
