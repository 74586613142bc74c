// SPDX-License-Identifier: Apache-2.0
//
// Register names as in the IBM VGA chapter of the PS/2 Hardware Interface Technical Reference,
// "CRT Controller Registers".
#include "runtime/screen.h"

#include <cstdint>

#include "runtime/io.h"

namespace guest::screen {
namespace {

constexpr uint32_t kTextMemory = 0xb8000;
constexpr uint32_t kColumns = 80;
constexpr uint32_t kRows = 25;
constexpr uint32_t kCells = kColumns * kRows;

constexpr uint16_t kLightGreyOnBlack = 0x07 << 8;
constexpr uint16_t kBlank = kLightGreyOnBlack | ' ';

constexpr uint16_t kCrtcIndex = 0x3d4;
constexpr uint16_t kCrtcData = 0x3d5;
constexpr uint8_t kStartAddressHigh = 0x0c;
constexpr uint8_t kStartAddressLow = 0x0d;
constexpr uint8_t kCursorLocationHigh = 0x0e;
constexpr uint8_t kCursorLocationLow = 0x0f;

constinit uint32_t cursor = 0;  // The number of a cell, row by row.

// Volatile: the display reads them as well.
volatile uint16_t& cell(uint32_t number) {
    return reinterpret_cast<volatile uint16_t*>(kTextMemory)[number];
}

void write_crtc(uint8_t index, uint8_t value) {
    write_port8(kCrtcIndex, index);
    write_port8(kCrtcData, value);
}

void show_cursor() {
    write_crtc(kCursorLocationHigh, static_cast<uint8_t>(cursor >> 8));
    write_crtc(kCursorLocationLow, static_cast<uint8_t>(cursor));
}

void scroll() {
    for (uint32_t i = 0; i < kCells - kColumns; ++i) cell(i) = cell(i + kColumns);
    for (uint32_t i = kCells - kColumns; i < kCells; ++i) cell(i) = kBlank;
    cursor -= kColumns;
}

}  // namespace

void clear() {
    write_crtc(kStartAddressHigh, 0);  // The firmware may have scrolled by moving the start.
    write_crtc(kStartAddressLow, 0);
    for (uint32_t i = 0; i < kCells; ++i) cell(i) = kBlank;
    cursor = 0;
    show_cursor();
}

void write(char character) {
    switch (character) {
        case '\n':
            cursor += kColumns - cursor % kColumns;
            break;
        case '\r':
            cursor -= cursor % kColumns;
            break;
        case '\b':
            if (cursor != 0) --cursor;
            break;
        default:
            cell(cursor++) = kLightGreyOnBlack | static_cast<uint8_t>(character);
    }
    if (cursor >= kCells) scroll();
    show_cursor();
}

}  // namespace guest::screen
