// SPDX-License-Identifier: Apache-2.0
//
// A VGA as software sees it: its registers, its 256 KiB of display memory in four planes behind the
// window A0000h to BFFFFh, and the text screen that they show. Source: IBM PS/2 Hardware Interface
// Technical Reference, "Video Subsystem" (register layouts and the values of mode 3 [from memory]);
// the Bochs display interface (VBE_DISPI, vbe_display_api.txt) as far as firmware asks for it.
//
// Picture. Nothing is drawn and nothing ticks: input status 1 is computed from now() when it is
// read. The dot clock is 25.175 or 28.322 MHz (Miscellaneous Output bits 3:2); a line has
// (horizontal total + 5) characters of 8 or 9 dots, a frame (vertical total + 2) lines. In mode 3
// that is 900 dots by 449 lines at 28.322 MHz: 31.469 kHz and 70.09 Hz. Frames count from time 0; a
// change of the timing moves the beam.
//
// Time of an access: an 8-bit ISA cycle for registers and memory, as of a card on that bus.
//
// Left out: graphics modes are stored, not shown; a font's glyphs; panning, split screen; the
// vertical interrupt; the linear frame buffer of the Bochs interface, whose enabling is a finding.
#pragma once

#include <array>
#include <vector>

#include "bus/device.h"
#include "bus/text_screen.h"
#include "sim/kernel/tick_clock.h"

namespace sb::devices {

class Vga final : public bus::Device, public bus::TextScreen, private bus::Target {
  public:
    static constexpr uint32_t planes = 4, plane_bytes = 0x10000;

    explicit Vga(const bus::DeviceContext& context);
    void reset() override;

    bool text_mode() const override;
    unsigned columns() const override;
    unsigned rows() const override;
    Cell cell(unsigned column, unsigned row) const override;
    Cursor cursor() const override;
    void listen(std::function<void()> changed) override { listener_ = std::move(changed); }
    void seen() override { dirty_ = false; }

  private:
    using Planes = std::array<uint8_t, planes>;

    /// The three ports of the CRT controller at 3Bxh or 3Dxh.
    struct CrtPorts {
        CrtPorts(Vga& vga, bool colour, Time access_time);
        bus::RegisterBank bank;
        bus::Register index;
        bus::Field number{index, "INDEX", 4, 0, "which register"};
        bus::Register data;
        bus::Register status;
        bus::Field blank{status, "DD", 0, "the beam is outside of the picture", bus::ro};
        bus::Field retrace{status, "VR", 3, "vertical retrace", bus::ro};
        bus::Register feature;
    };

    // Memory.
    void transport(bus::Payload& payload, sc_core::sc_time& delay) override;
    unsigned debug(bus::Payload& payload) override;
    bool in_window(uint64_t at, uint32_t& offset) const;
    uint8_t read_memory(uint32_t offset);
    void write_memory(uint32_t offset, uint8_t value);
    uint8_t& byte(uint32_t plane, uint32_t at) {
        return memory_[plane * plane_bytes + at % plane_bytes];
    }
    uint8_t byte(uint32_t plane, uint32_t at) const {
        return memory_[plane * plane_bytes + at % plane_bytes];
    }
    uint8_t combine(uint8_t value, uint8_t latch, uint8_t mask) const;
    uint8_t rotated(uint8_t value) const;

    // Registers.
    uint64_t read_status(CrtPorts& ports);
    void write_crt(CrtPorts& ports, uint64_t value);
    uint64_t read_palette();
    void write_palette(uint64_t value);
    uint64_t read_display_interface();
    void write_display_interface(uint64_t value);
    void load_mode_3();

    // The screen.
    void changed();
    uint32_t cell_address(uint32_t number) const;
    uint64_t vertical_end() const;

    const bool firmware_was_here_;
    const Time access_time_;

    bus::RegisterBank sequencer_;
    bus::RegisterArray sequencer_plain_;  // reset
    bus::Register clocking_;
    bus::Field dots8_{clocking_, "8DOT", 0, "characters of 8 dots, else 9"};
    bus::Field half_clock_{clocking_, "DCLK", 3, "half the dot clock"};
    bus::Register map_mask_;
    bus::Field write_planes_{map_mask_, "EMAP", 3, 0, "planes that are written"};
    bus::Register font_select_;
    bus::Register memory_mode_;
    bus::Field sequential_{memory_mode_, "OE#", 2, "0: odd addresses are odd planes"};
    bus::Field chain4_{memory_mode_, "CH4", 3, "address bits 1:0 choose the plane"};

    bus::RegisterBank graphics_;
    bus::Register set_reset_;
    bus::Field set_value_{set_reset_, "SR", 3, 0, "value of each plane"};
    bus::Register enable_set_reset_;
    bus::Field set_enable_{enable_set_reset_, "ESR", 3, 0, "planes that take it"};
    bus::Register colour_compare_;
    bus::Field compare_{colour_compare_, "CC", 3, 0, "colour of read mode 1"};
    bus::Register rotate_;
    bus::Field rotate_count_{rotate_, "RC", 2, 0, "rotation to the right"};
    bus::Field function_{rotate_, "FS", 4, 3, "0 copy, 1 and, 2 or, 3 exclusive or"};
    bus::Register read_map_;
    bus::Field read_plane_{read_map_, "RMS", 1, 0, "plane of read mode 0"};
    bus::Register graphics_mode_;
    bus::Field write_mode_{graphics_mode_, "WM", 1, 0, "write mode"};
    bus::Field read_mode_{graphics_mode_, "RM", 3, "read mode"};
    bus::Field host_odd_even_{graphics_mode_, "OE", 4, "odd addresses are odd planes"};
    bus::Field shift_mode_{graphics_mode_, "SHIFT", 6, 5, "shift register (stored)"};
    bus::Register graphics_misc_;
    bus::Field graphics_on_{graphics_misc_, "GM", 0, "graphics mode"};
    bus::Field chain_odd_even_{graphics_misc_, "OE", 1, "odd/even chain (stored)"};
    bus::Field memory_map_{graphics_misc_, "MM", 3, 2, "window: A0000 128K, 64K, B0000, B8000 32K"};
    bus::Register colour_care_;
    bus::Field care_{colour_care_, "CDC", 3, 0, "planes that read mode 1 looks at"};
    bus::Register bit_mask_;

    bus::RegisterBank attribute_;
    bus::RegisterArray palette_;
    bus::RegisterArray attribute_plain_;

    bus::RegisterBank crt_;
    bus::Register h_total_;
    bus::Register h_end_;
    bus::RegisterArray h_plain_;
    bus::Register v_total_;
    bus::Register overflow_;
    bus::Field v_total_8_{overflow_, "VT8", 0, "vertical total bit 8"};
    bus::Field v_end_8_{overflow_, "VDE8", 1, "vertical display end bit 8"};
    bus::Field v_retrace_8_{overflow_, "VRS8", 2, "vertical retrace start bit 8"};
    bus::Field v_blank_8_{overflow_, "VBS8", 3, "vertical blanking start bit 8"};
    bus::Field line_compare_8_{overflow_, "LC8", 4, "line compare bit 8"};
    bus::Field v_total_9_{overflow_, "VT9", 5, "vertical total bit 9"};
    bus::Field v_end_9_{overflow_, "VDE9", 6, "vertical display end bit 9"};
    bus::Field v_retrace_9_{overflow_, "VRS9", 7, "vertical retrace start bit 9"};
    bus::Register preset_row_;
    bus::Register character_height_;
    bus::Field scan_lines_{character_height_, "MSL", 4, 0, "lines a character, less 1"};
    bus::Field height_rest_{character_height_, "REST", 7, 5, "double scan and bits 9 (stored)"};
    bus::Register cursor_start_;
    bus::Field cursor_line_{cursor_start_, "CS", 4, 0, "first line of the cursor"};
    bus::Field cursor_off_{cursor_start_, "CD", 5, "no cursor"};
    bus::Register cursor_end_;
    bus::Register start_high_;
    bus::Register start_low_;
    bus::Register cursor_high_;
    bus::Register cursor_low_;
    bus::Register v_retrace_;
    bus::Register v_retrace_end_;
    bus::Field retrace_end_{v_retrace_end_, "VRE", 3, 0, "low bits of the line after the retrace"};
    bus::Field retrace_rest_{v_retrace_end_, "REST", 6, 4, "vertical interrupt (stored)"};
    bus::Field protect_{v_retrace_end_, "PROT", 7, "registers 0 to 7 keep their values"};
    bus::Register v_end_;
    bus::Register offset_;
    bus::Register underline_;
    bus::Field double_words_{underline_, "DW", 6, "addresses count in double words"};
    bus::Field underline_rest_{underline_, "REST", 5, 0, "underline (stored)"};
    bus::RegisterArray v_blank_;
    bus::Register crt_mode_;
    bus::Field crt_mode_rest_{crt_mode_, "REST", 5, 0, "address wiring (stored)"};
    bus::Field byte_mode_{crt_mode_, "BYTE", 6, "addresses count in bytes, else in words"};
    bus::Field crt_on_{crt_mode_, "RST#", 7, "retraces are made (stored)"};
    bus::Register line_compare_;

    bus::RegisterBank display_interface_;
    bus::Register interface_id_;
    bus::RegisterArray interface_plain_;
    bus::Register interface_memory_;

    bus::RegisterBank bank_;
    bus::Register attribute_port_;
    bus::Field attribute_number_{attribute_port_, "INDEX", 4, 0, "which register"};
    bus::Field palette_source_{attribute_port_, "PAS", 5, "the picture is shown"};
    bus::Register attribute_value_;
    bus::Register attribute_data_;
    bus::Register misc_;
    bus::Field colour_{misc_, "IOA", 0, "CRT controller at 3Dxh, else 3Bxh"};
    bus::Field memory_on_{misc_, "RAM", 1, "memory answers"};
    bus::Field clock_select_{misc_, "CS", 3, 2, "0: 25.175 MHz, 1: 28.322 MHz"};
    bus::Field misc_rest_{misc_, "REST", 7, 4, "page and polarities (stored)"};
    bus::Register input_status_0_;
    bus::Register sequencer_index_;
    bus::Field sequencer_number_{sequencer_index_, "INDEX", 2, 0, "which register"};
    bus::Register sequencer_data_;
    bus::Register dac_mask_;
    bus::Register dac_read_;
    bus::Register dac_state_;
    bus::Register dac_write_;
    bus::Register dac_data_;
    bus::Register feature_read_;
    bus::Register misc_read_;
    bus::Register graphics_index_;
    bus::Field graphics_number_{graphics_index_, "INDEX", 3, 0, "which register"};
    bus::Register graphics_data_;
    CrtPorts colour_ports_;
    CrtPorts mono_ports_;
    bus::RegisterBank interface_bank_;
    bus::Register interface_index_;
    bus::Register interface_data_;

    bus::TargetSocket window_;
    std::vector<uint8_t> memory_;
    State<Planes> latches_{*this, "latches"};
    State<bool> attribute_is_data_{*this, "attribute_is_data", false};
    State<std::array<uint8_t, 768>> dac_{*this, "dac"};
    State<uint16_t> dac_at_{*this, "dac_at", 0};
    bool dirty_ = false;  // for the listener only
    std::function<void()> listener_;
};

}  // namespace sb::devices
