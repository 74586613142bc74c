// SPDX-License-Identifier: Apache-2.0
#include "devices/i8042/keys.h"

#include <array>
#include <string>

namespace sb::devices {
namespace {

constexpr uint8_t prefix = 0xe0, long_prefix = 0xe1, break_prefix = 0xf0, set1_break = 0x80;
constexpr uint8_t code_pause = 0x77, code_control = 0x14, code_print = 0x7c, code_shift = 0x12;

constexpr KeyCap caps[] = {
    {"`", 0x0e, false, '`', '~'},
    {"1", 0x16, false, '1', '!'},
    {"2", 0x1e, false, '2', '@'},
    {"3", 0x26, false, '3', '#'},
    {"4", 0x25, false, '4', '$'},
    {"5", 0x2e, false, '5', '%'},
    {"6", 0x36, false, '6', '^'},
    {"7", 0x3d, false, '7', '&'},
    {"8", 0x3e, false, '8', '*'},
    {"9", 0x46, false, '9', '('},
    {"0", 0x45, false, '0', ')'},
    {"-", 0x4e, false, '-', '_'},
    {"=", 0x55, false, '=', '+'},
    {"backspace", 0x66, false, '\b'},
    {"tab", 0x0d, false, '\t'},
    {"q", 0x15, false, 'q', 'Q'},
    {"w", 0x1d, false, 'w', 'W'},
    {"e", 0x24, false, 'e', 'E'},
    {"r", 0x2d, false, 'r', 'R'},
    {"t", 0x2c, false, 't', 'T'},
    {"y", 0x35, false, 'y', 'Y'},
    {"u", 0x3c, false, 'u', 'U'},
    {"i", 0x43, false, 'i', 'I'},
    {"o", 0x44, false, 'o', 'O'},
    {"p", 0x4d, false, 'p', 'P'},
    {"[", 0x54, false, '[', '{'},
    {"]", 0x5b, false, ']', '}'},
    {"\\", 0x5d, false, '\\', '|'},
    {"caps lock", 0x58},
    {"a", 0x1c, false, 'a', 'A'},
    {"s", 0x1b, false, 's', 'S'},
    {"d", 0x23, false, 'd', 'D'},
    {"f", 0x2b, false, 'f', 'F'},
    {"g", 0x34, false, 'g', 'G'},
    {"h", 0x33, false, 'h', 'H'},
    {"j", 0x3b, false, 'j', 'J'},
    {"k", 0x42, false, 'k', 'K'},
    {"l", 0x4b, false, 'l', 'L'},
    {";", 0x4c, false, ';', ':'},
    {"'", 0x52, false, '\'', '"'},
    {"enter", 0x5a, false, '\n'},
    {"left shift", 0x12},
    {"z", 0x1a, false, 'z', 'Z'},
    {"x", 0x22, false, 'x', 'X'},
    {"c", 0x21, false, 'c', 'C'},
    {"v", 0x2a, false, 'v', 'V'},
    {"b", 0x32, false, 'b', 'B'},
    {"n", 0x31, false, 'n', 'N'},
    {"m", 0x3a, false, 'm', 'M'},
    {",", 0x41, false, ',', '<'},
    {".", 0x49, false, '.', '>'},
    {"/", 0x4a, false, '/', '?'},
    {"right shift", 0x59},
    {"left control", 0x14},
    {"left alt", 0x11},
    {"space", 0x29, false, ' '},
    {"right alt", 0x11, true},
    {"right control", 0x14, true},
    {"insert", 0x70, true},
    {"delete", 0x71, true, '\x7f'},
    {"left", 0x6b, true},
    {"home", 0x6c, true},
    {"end", 0x69, true},
    {"up", 0x75, true},
    {"down", 0x72, true},
    {"page up", 0x7d, true},
    {"page down", 0x7a, true},
    {"right", 0x74, true},
    {"num lock", 0x77},
    {"keypad 7", 0x6c},
    {"keypad 4", 0x6b},
    {"keypad 1", 0x69},
    {"keypad /", 0x4a, true},
    {"keypad 8", 0x75},
    {"keypad 5", 0x73},
    {"keypad 2", 0x72},
    {"keypad 0", 0x70},
    {"keypad *", 0x7c},
    {"keypad 9", 0x7d},
    {"keypad 6", 0x74},
    {"keypad 3", 0x7a},
    {"keypad .", 0x71},
    {"keypad -", 0x7b},
    {"keypad +", 0x79},
    {"keypad enter", 0x5a, true},
    {"escape", 0x76, false, '\x1b'},
    {"f1", 0x05},
    {"f2", 0x06},
    {"f3", 0x04},
    {"f4", 0x0c},
    {"f5", 0x03},
    {"f6", 0x0b},
    {"f7", 0x83},
    {"f8", 0x0a},
    {"f9", 0x01},
    {"f10", 0x09},
    {"f11", 0x78},
    {"f12", 0x07},
    {"print screen", code_print, true},
    {"scroll lock", 0x7e},
    {"pause", code_pause, true},
    {"left windows", 0x1f, true},
    {"right windows", 0x27, true},
    {"menu", 0x2f, true},
};

// The 8042's table for set 2 to set 1: PS/2 Hardware Interface Technical Reference, "Keyboard and
// Auxiliary Device Controller". Codes from 80h on are their own, save F7's 83h and Alt-SysRq's 84h.
constexpr std::array<uint8_t, 128> set1{
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
    0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
    0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
    0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
    0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54};

bool is(const KeyCap& key, uint8_t code) { return key.extended && key.code == code; }

/// Appends one code of set 2 as the set in use has it.
void put(std::vector<uint8_t>& out, uint8_t code, bool down, unsigned set) {
    if (set == 1) {
        out.push_back(static_cast<uint8_t>(translate(code) | (down ? 0 : set1_break)));
        return;
    }
    if (!down) out.push_back(break_prefix);
    out.push_back(code);
}

}  // namespace

std::span<const KeyCap> key_caps() { return caps; }

int find_key(std::string_view name) {
    for (size_t i = 0; i < std::size(caps); ++i)
        if (name == caps[i].name) return static_cast<int>(i);
    return -1;
}

Stroke stroke_of(char c) {
    if (c == '\r') c = '\n';
    for (size_t i = 0; i < std::size(caps); ++i) {
        if (c != 0 && caps[i].plain == c) return {static_cast<int>(i), false, false};
        if (c != 0 && caps[i].shifted == c) return {static_cast<int>(i), true, false};
    }
    // Control characters: control and a letter.
    if (c >= 1 && c <= 26) {
        const char letter[2] = {static_cast<char>('a' + c - 1), 0};
        return {find_key(letter), false, true};
    }
    return {};
}

uint8_t translate(uint8_t code) {
    constexpr uint8_t code_f7 = 0x83, code_sysrq = 0x84;
    if (code < set1.size()) return set1[code];
    return code == code_f7 ? 0x41 : code == code_sysrq ? 0x54 : code;
}

bool repeats(const KeyCap& key) { return !is(key, code_pause); }

std::vector<uint8_t> scan_codes(const KeyCap& key, bool down, unsigned set) {
    std::vector<uint8_t> out;
    if (is(key, code_pause)) {
        // Sent as a whole when the key goes down; nothing when it goes up.
        if (!down) return out;
        for (bool make : {true, false}) {
            out.push_back(long_prefix);
            put(out, code_control, make, set);
            put(out, code_pause, make, set);
        }
        return out;
    }
    if (is(key, code_print)) {
        for (uint8_t code :
             down ? std::array{code_shift, code_print} : std::array{code_print, code_shift}) {
            out.push_back(prefix);
            put(out, code, down, set);
        }
        return out;
    }
    if (key.extended) out.push_back(prefix);
    put(out, key.code, down, set);
    return out;
}

}  // namespace sb::devices
