// SPDX-License-Identifier: Apache-2.0
//
// The keys of a US keyboard with 101 keys and their scan codes, as data. Source: IBM PS/2 Hardware
// Interface Technical Reference, "Keyboards (101- and 102-Key)", scan code sets; the same codes are
// in Microsoft's "Keyboard Scan Code Specification" (2000). [From memory; the tests hold the
// published examples.]
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sb::devices {

struct KeyCap {
    const char* name;
    uint8_t code;           // make code of set 2
    bool extended = false;  // after E0h
    char plain = 0;         // the character, where it has one
    char shifted = 0;
};

std::span<const KeyCap> key_caps();
/// The index of the key of that name, or -1.
int find_key(std::string_view name);
/// How a character is typed: key -1 where it can not be.
struct Stroke {
    int key = -1;
    bool shift = false;
    bool control = false;
};
Stroke stroke_of(char c);

/// What the keyboard sends when a key goes down or up, in scan code set 1 or 2.
std::vector<uint8_t> scan_codes(const KeyCap& key, bool down, unsigned set);
/// Some keys say nothing when they go up, and do not repeat (Pause).
bool repeats(const KeyCap& key);
/// The controller's translation of a set 2 byte to set 1 (the break prefix F0h apart).
uint8_t translate(uint8_t set2);

}  // namespace sb::devices
