// SPDX-License-Identifier: Apache-2.0
//
// The VGA's memory as the processor reaches it, and the text screen as it shows it.
#include <algorithm>

#include "devices/vga/vga.h"

namespace sb::devices {

// ---- The window

/// Where in the display memory an address of the window A0000h to BFFFFh lies.
bool Vga::in_window(uint64_t at, uint32_t& offset) const {
    struct Map {
        uint32_t start, size;
    };
    static constexpr std::array<Map, 4> maps{
        {{0x00000, 0x20000}, {0x00000, 0x10000}, {0x10000, 0x8000}, {0x18000, 0x8000}}};
    const Map& map = maps[memory_map_];
    offset = static_cast<uint32_t>(at - map.start);
    return memory_on_ && at >= map.start && offset < map.size;
}

void Vga::transport(bus::Payload& payload, sc_core::sc_time& delay) {
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    uint8_t* data = payload.get_data_ptr();
    for (unsigned i = 0; i < payload.get_data_length(); ++i, delay += access_time_.sc()) {
        uint32_t offset = 0;
        const bool mine = in_window(payload.get_address() + i, offset);
        Simulation::LocalTime local{simulation(), Time::from(delay)};
        if (payload.is_read())
            data[i] = mine ? read_memory(offset) : 0xff;
        else if (mine)
            write_memory(offset, data[i]);
    }
}

unsigned Vga::debug(bus::Payload& payload) {
    if (payload.is_write()) return 0;
    const Planes kept = latches_;
    sc_core::sc_time ignored;
    transport(payload, ignored);
    latches_ = kept;
    return payload.get_data_length();
}

uint8_t Vga::read_memory(uint32_t offset) {
    const bool linear = chain4_ != 0, pairs = host_odd_even_ != 0;
    const uint32_t place = linear ? offset - offset % 4 : pairs ? offset - offset % 2 : offset;
    for (uint32_t plane = 0; plane < planes; ++plane) latches_.ref()[plane] = byte(plane, place);
    if (linear) return latches_.get()[offset % 4];
    if (!read_mode_) {
        const auto chosen = static_cast<uint32_t>(read_plane_);
        return latches_.get()[pairs ? chosen / 2 * 2 + offset % 2 : chosen];
    }
    // A bit is set where all planes that are looked at have the colour's bit.
    uint8_t same = 0xff;
    for (uint32_t plane = 0; plane < planes; ++plane) {
        const uint64_t bit = uint64_t{1} << plane;
        if (!(care_ & bit)) continue;
        const uint8_t value = latches_.get()[plane];
        same = static_cast<uint8_t>(same & (compare_ & bit ? value : ~value));
    }
    return same;
}

uint8_t Vga::rotated(uint8_t value) const {
    const unsigned count = static_cast<unsigned>(rotate_count_);
    return static_cast<uint8_t>(value >> count | value << (8 - count));
}

/// The logical function with the latch, in the bits of the mask; the latch in the others.
uint8_t Vga::combine(uint8_t value, uint8_t latch, uint8_t mask) const {
    const std::array<unsigned, 4> results{value, unsigned{value} & latch, unsigned{value} | latch,
                                          unsigned{value} ^ latch};
    return static_cast<uint8_t>((results[function_] & mask) | (latch & ~unsigned{mask}));
}

void Vga::write_memory(uint32_t offset, uint8_t value) {
    const bool linear = chain4_ != 0, pairs = !sequential_;
    const uint32_t place = linear ? offset - offset % 4 : pairs ? offset - offset % 2 : offset;
    const auto mask = static_cast<uint8_t>(bit_mask_);
    for (uint32_t plane = 0; plane < planes; ++plane) {
        const uint64_t bit = uint64_t{1} << plane;
        if (!(write_planes_ & bit)) continue;
        if (linear ? plane != offset % 4 : pairs && plane % 2 != offset % 2) continue;
        const uint8_t latch = latches_.get()[plane];
        const uint8_t set = set_value_ & bit ? 0xff : 0x00;
        const uint8_t expanded = value & bit ? 0xff : 0x00;
        const std::array<uint8_t, 4> by_mode{
            combine(set_enable_ & bit ? set : rotated(value), latch, mask), latch,
            combine(expanded, latch, mask),
            combine(set, latch, static_cast<uint8_t>(rotated(value) & mask))};
        byte(plane, place) = by_mode[write_mode_];
    }
    changed();
}

// ---- The screen

void Vga::changed() {
    if (dirty_ || !listener_) return;
    dirty_ = true;
    listener_();
}

bool Vga::text_mode() const { return !graphics_on_ && vertical_end() > 0 && h_end_ > 0; }
unsigned Vga::columns() const { return static_cast<unsigned>(h_end_ + 1); }

uint64_t Vga::vertical_end() const { return v_end_ + 256 * v_end_8_ + 512 * v_end_9_; }

unsigned Vga::rows() const {
    return static_cast<unsigned>((vertical_end() + 1) / (scan_lines_ + 1));
}

/// Where the `number`th character after the start address lies in its plane.
uint32_t Vga::cell_address(uint32_t number) const {
    const uint64_t start = start_high_ * 256 + start_low_;
    const uint64_t step = double_words_ ? 4 : byte_mode_ ? 1 : 2;
    return static_cast<uint32_t>((start + number) * step % plane_bytes);
}

bus::TextScreen::Cell Vga::cell(unsigned column, unsigned row) const {
    const uint32_t at = cell_address(row * static_cast<uint32_t>(2 * offset_) + column);
    return {byte(0, at), byte(1, at)};
}

bus::TextScreen::Cursor Vga::cursor() const {
    const uint64_t start = start_high_ * 256 + start_low_;
    const uint64_t at = cursor_high_ * 256 + cursor_low_;
    const uint64_t width = 2 * offset_;
    if (at < start || width == 0) return {};
    const uint64_t row = (at - start) / width, column = (at - start) % width;
    const bool visible = !cursor_off_ && row < rows() && column < columns();
    return {static_cast<unsigned>(column), static_cast<unsigned>(row), visible};
}

}  // namespace sb::devices
