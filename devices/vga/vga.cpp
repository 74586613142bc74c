// SPDX-License-Identifier: Apache-2.0
//
// The VGA's registers as they are wired to ports.
#include "devices/vga/vga.h"

#include <algorithm>

#include "bus/isa.h"

namespace sb::devices {
namespace {

using bus::ro;
using bus::rw;
using bus::wo;

constexpr uint64_t interface_newest = 0xb0c5;  // VBE_DISPI_ID5

bus::Register::Spec spec(const char* name, uint32_t offset, const char* doc,
                         bus::Access access = rw, const char* effect = "") {
    return {
        .name = name, .offset = offset, .bits = 8, .access = access, .doc = doc, .effect = effect};
}

bus::Register::Spec fixed(const char* name, uint32_t offset, uint64_t value, const char* doc) {
    return {.name = name, .offset = offset, .bits = 8, .access = ro, .reset = value, .doc = doc};
}

bus::Register::Spec word(const char* name, uint32_t offset, const char* doc, uint64_t reset = 0) {
    return {.name = name, .offset = offset, .bits = 16, .reset = reset, .doc = doc};
}

}  // namespace

const bus::DeviceModel vga{
    "vga",
    "VGA with its text screen",
    "IBM PS/2 Hardware Interface Technical Reference, Video Subsystem",
    {{"handoff",
      ValueType::choice,
      "none",
      "state at reset: of the hardware, or text mode 3 as firmware leaves it",
      {"none", "firmware"}},
     bus::isa_access_time()},
    [](const bus::DeviceContext& c) { return std::make_unique<Vga>(c); }};
SOUTHBRIDGE_DEVICE(vga)

Vga::CrtPorts::CrtPorts(Vga& vga, bool colour, Time access_time)
    : bank{vga,
           {.name = colour ? "ports-3d4" : "ports-3b4",
            .size = 8,
            .access_time = access_time,
            .hole = ~uint64_t{0},
            .quiet_holes = true}},
      index{bank,
            spec("CRT_INDEX", 0, "register of the CRT controller"),
            {.when = [&vga, colour] { return (vga.colour_ != 0) == colour; }}},
      data{bank,
           spec("CRT_DATA", 1, "its value"),
           {.read = [&vga, this] { return vga.crt_.read(static_cast<uint32_t>(number), 1); },
            .write = [&vga, this](uint64_t v) { vga.write_crt(*this, v); },
            .when = [&vga, colour] { return (vga.colour_ != 0) == colour; }}},
      status{bank,
             spec("INPUT_STATUS_1", 6, "the beam", ro, "the next write of 3C0h is an index"),
             {.read = [&vga, this] { return vga.read_status(*this); },
              .when = [&vga, colour] { return (vga.colour_ != 0) == colour; }}},
      feature{bank,
              spec("FEATURE", 6, "feature control (stored)", wo),
              {.write = [&vga](uint64_t v) { vga.feature_read_.set(v); },
               .when = [&vga, colour] { return (vga.colour_ != 0) == colour; }}} {}

Vga::Vga(const bus::DeviceContext& context)
    : Device{context},
      firmware_was_here_{context.config.text("handoff") == "firmware"},
      access_time_{context.config.duration("access_time")},
      sequencer_{*this, {.name = "sequencer", .size = 8, .quiet_holes = true}},
      sequencer_plain_{sequencer_, spec("SR_RESET", 0, "reset (stored)"), 1, 1},
      clocking_{sequencer_, spec("SR1", 1, "clocking mode")},
      map_mask_{sequencer_, spec("SR2", 2, "map mask")},
      font_select_{sequencer_, spec("SR3", 3, "character map select (stored)")},
      memory_mode_{sequencer_, spec("SR4", 4, "memory mode")},
      graphics_{*this, {.name = "graphics", .size = 16, .quiet_holes = true}},
      set_reset_{graphics_, spec("GR0", 0, "set/reset")},
      enable_set_reset_{graphics_, spec("GR1", 1, "enable set/reset")},
      colour_compare_{graphics_, spec("GR2", 2, "colour compare")},
      rotate_{graphics_, spec("GR3", 3, "data rotate")},
      read_map_{graphics_, spec("GR4", 4, "read map select")},
      graphics_mode_{graphics_, spec("GR5", 5, "graphics mode")},
      graphics_misc_{
          graphics_, spec("GR6", 6, "miscellaneous"), {.write = [this](uint64_t) { changed(); }}},
      colour_care_{graphics_, spec("GR7", 7, "colour don't care")},
      bit_mask_{graphics_, spec("GR8", 8, "bit mask")},
      attribute_{*this, {.name = "attribute", .size = 32, .quiet_holes = true}},
      palette_{attribute_, spec("PALETTE", 0, "palette"), 16, 1},
      attribute_plain_{attribute_, spec("ATTRIBUTE", 16, "mode, overscan, planes, panning, colour"),
                       5, 1},
      crt_{*this, {.name = "crt", .size = 32, .quiet_holes = true}},
      h_total_{crt_, spec("CR00", 0x00, "horizontal total, characters less 5")},
      h_end_{crt_, spec("CR01", 0x01, "horizontal display end, characters less 1")},
      h_plain_{crt_, spec("CR_HORIZONTAL", 0x02, "horizontal blanking and retrace (stored)"), 4, 1},
      v_total_{crt_, spec("CR06", 0x06, "vertical total, lines less 2")},
      overflow_{crt_, spec("CR07", 0x07, "bits 8 and 9 of others")},
      preset_row_{crt_, spec("CR08", 0x08, "preset row scan (stored)")},
      character_height_{crt_, spec("CR09", 0x09, "maximum scan line")},
      cursor_start_{crt_, spec("CR0A", 0x0a, "cursor start")},
      cursor_end_{crt_, spec("CR0B", 0x0b, "cursor end (stored)")},
      start_high_{crt_, spec("CR0C", 0x0c, "start address, high")},
      start_low_{crt_, spec("CR0D", 0x0d, "start address, low")},
      cursor_high_{crt_, spec("CR0E", 0x0e, "cursor location, high")},
      cursor_low_{crt_, spec("CR0F", 0x0f, "cursor location, low")},
      v_retrace_{crt_, spec("CR10", 0x10, "vertical retrace start")},
      v_retrace_end_{crt_, spec("CR11", 0x11, "vertical retrace end")},
      v_end_{crt_, spec("CR12", 0x12, "vertical display end, lines less 1")},
      offset_{crt_, spec("CR13", 0x13, "width of a row in memory, in double characters")},
      underline_{crt_, spec("CR14", 0x14, "underline location")},
      v_blank_{crt_, spec("CR_BLANK", 0x15, "vertical blanking (stored)"), 2, 1},
      crt_mode_{crt_, spec("CR17", 0x17, "mode control")},
      line_compare_{crt_, spec("CR18", 0x18, "line compare (stored)")},
      display_interface_{*this, {.name = "display-interface", .size = 32, .quiet_holes = true}},
      interface_id_{display_interface_,
                    word("DISPI_ID", 0, "version; keeps B0C0h to B0C5h", interface_newest),
                    {.write =
                         [this](uint64_t v) {
                             if (v < 0xb0c0 || v > interface_newest)
                                 interface_id_.set(interface_newest);
                         }}},
      interface_plain_{display_interface_, word("DISPI", 2, "size, depth, enable, ... (stored)"), 9,
                       2},
      interface_memory_{display_interface_,
                        {.name = "DISPI_MEMORY",
                         .offset = 20,
                         .bits = 16,
                         .access = ro,
                         .reset = planes * plane_bytes / 0x10000,
                         .doc = "memory, 64 KiB"}},
      bank_{*this,
            {.name = "ports-3c0",
             .size = 16,
             .access_time = access_time_,
             .hole = ~uint64_t{0},
             .quiet_holes = true}},
      attribute_port_{bank_,
                      spec("ATTRIBUTE", 0, "index, then value, in turn"),
                      {.write = [this](uint64_t) { attribute_is_data_ = true; },
                       .takes = [this](uint64_t) { return !attribute_is_data_; }}},
      attribute_value_{bank_,
                       spec("ATTRIBUTE_VALUE", 0, "value, in turn with the index", wo),
                       {.write =
                            [this](uint64_t v) {
                                attribute_is_data_ = false;
                                attribute_.write(static_cast<uint32_t>(attribute_number_), 1, v);
                            }}},
      attribute_data_{
          bank_,
          spec("ATTRIBUTE_DATA", 1, "value of the attribute register", ro),
          {.read =
               [this] { return attribute_.read(static_cast<uint32_t>(attribute_number_), 1); }}},
      misc_{bank_,
            spec("MISC", 2, "miscellaneous output", wo),
            {.write = [this](uint64_t) { changed(); }}},
      input_status_0_{bank_, fixed("INPUT_STATUS_0", 2, 0x10, "a colour monitor is there")},
      sequencer_index_{bank_, spec("SEQ_INDEX", 4, "register of the sequencer")},
      sequencer_data_{
          bank_,
          spec("SEQ_DATA", 5, "its value"),
          {.read = [this] { return sequencer_.read(static_cast<uint32_t>(sequencer_number_), 1); },
           .write =
               [this](uint64_t v) {
                   sequencer_.write(static_cast<uint32_t>(sequencer_number_), 1, v);
               }}},
      dac_mask_{bank_, spec("DAC_MASK", 6, "pixel mask")},
      dac_read_{bank_,
                spec("DAC_READ", 7, "colour to read", wo, "its red comes next"),
                {.write =
                     [this](uint64_t v) {
                         dac_at_ = static_cast<uint16_t>(3 * v);
                         dac_state_.set(3);
                     }}},
      dac_state_{bank_, spec("DAC_STATE", 7, "3: reading, 0: writing", ro)},
      dac_write_{bank_,
                 spec("DAC_WRITE", 8, "colour to write", rw, "its red comes next"),
                 {.write =
                      [this](uint64_t v) {
                          dac_at_ = static_cast<uint16_t>(3 * v);
                          dac_state_.set(0);
                      }}},
      dac_data_{bank_,
                spec("DAC_DATA", 9, "red, green, blue in turn, 6 bits"),
                {.read = [this] { return read_palette(); },
                 .write = [this](uint64_t v) { write_palette(v); }}},
      feature_read_{bank_, spec("FEATURE_READ", 10, "feature control", ro)},
      misc_read_{bank_,
                 spec("MISC_READ", 12, "miscellaneous output", ro),
                 {.read = [this] { return misc_.value(); }}},
      graphics_index_{bank_, spec("GFX_INDEX", 14, "register of the graphics controller")},
      graphics_data_{
          bank_,
          spec("GFX_DATA", 15, "its value"),
          {.read = [this] { return graphics_.read(static_cast<uint32_t>(graphics_number_), 1); },
           .write =
               [this](uint64_t v) {
                   graphics_.write(static_cast<uint32_t>(graphics_number_), 1, v);
               }}},
      colour_ports_{*this, true, access_time_},
      mono_ports_{*this, false, access_time_},
      interface_bank_{
          *this,
          {.name = "ports-1ce", .size = 3, .access_time = access_time_, .quiet_holes = true}},
      interface_index_{interface_bank_,
                       word("DISPI_INDEX", 0, "register of the display interface")},
      interface_data_{interface_bank_,
                      word("DISPI_DATA", 1, "its value"),
                      {.read = [this] { return read_display_interface(); },
                       .write = [this](uint64_t v) { write_display_interface(v); }}},
      window_{*this, "window", *this},
      memory_(planes * plane_bytes) {
    declare_state("memory", [this](Archive& a) { a.sparse("memory", memory_); });
    // What most likely clashes comes first: a device that is refused leaves nothing mapped.
    bus::claim(context, context.board.memory, 0xa0000, 0x20000, window_, "memory");
    bus::claim_ports(context, bank_, 0x3c0);
    bus::claim_ports(context, colour_ports_.bank, 0x3d4);
    bus::claim_ports(context, mono_ports_.bank, 0x3b4);
    bus::claim_ports(context, interface_bank_, 0x1ce);
    context.board.offer<bus::TextScreen>("screen", *this);
}

void Vga::reset() {
    Device::reset();
    attribute_is_data_ = false;
    latches_ = Planes{};
    dac_at_ = 0;
    if (firmware_was_here_) load_mode_3();
    changed();
}

/// Mode 3, 80 x 25 characters of 9 x 16 dots: the standard values of its parameter table.
void Vga::load_mode_3() {
    static constexpr std::array<uint8_t, 5> sr{0x03, 0x00, 0x03, 0x00, 0x02};
    static constexpr std::array<uint8_t, 25> cr{
        0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00,
        0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
    static constexpr std::array<uint8_t, 9> gr{0x00, 0x00, 0x00, 0x00, 0x00,
                                               0x10, 0x0e, 0x00, 0xff};
    static constexpr std::array<uint8_t, 21> ar{0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14,
                                                0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d,
                                                0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00};
    auto load = [](bus::RegisterBank& bank, auto& values) {
        for (bus::Register* reg : bank.registers())
            if (reg->spec().offset < values.size()) reg->set(values[reg->spec().offset]);
    };
    load(sequencer_, sr);
    load(crt_, cr);
    load(graphics_, gr);
    load(attribute_, ar);
    misc_.set(0x67);
    dac_mask_.set(0xff);
    palette_source_ = 1;
    const uint32_t cells = columns() * rows();
    for (uint32_t i = 0; i < cells; ++i) {
        byte(0, cell_address(i)) = ' ';
        byte(1, cell_address(i)) = 0x07;
    }
}

uint64_t Vga::read_status(CrtPorts& ports) {
    attribute_is_data_ = false;
    const TickClock dots{(clock_select_ == 1 ? 28'322'000u : 25'175'000u) / (half_clock_ ? 2 : 1)};
    const uint64_t width = dots8_ ? 8 : 9;
    const uint64_t line_dots = (h_total_ + 5) * width;
    const uint64_t lines = v_total_ + 256 * v_total_8_ + 512 * v_total_9_ + 2;
    const uint64_t dot = dots.last(now()) % (line_dots * lines);
    const uint64_t line = dot / line_dots;
    ports.blank = line > vertical_end() || dot % line_dots >= (h_end_ + 1) * width;
    const uint64_t start = v_retrace_ + 256 * v_retrace_8_ + 512 * v_retrace_9_;
    // The end is given by its low four bits: 1 to 16 lines later.
    const uint64_t length = (retrace_end_ + 16 - start % 16 + 15) % 16 + 1;
    ports.retrace = line >= start && line < start + length;
    return ports.status;
}

void Vga::write_crt(CrtPorts& ports, uint64_t value) {
    constexpr uint64_t protected_registers = 8;
    const auto at = static_cast<uint32_t>(ports.number);
    if (protect_ && at < protected_registers) {
        // Line compare bit 8 is not protected.
        if (at == overflow_.spec().offset) line_compare_8_ = line_compare_8_.of(value);
        return;
    }
    crt_.write(at, 1, value);
    changed();
}

uint64_t Vga::read_palette() {
    const uint8_t value = dac_.ref()[dac_at_ % dac_->size()];
    dac_at_ = static_cast<uint16_t>((dac_at_ + 1) % dac_->size());
    return value;
}

void Vga::write_palette(uint64_t value) {
    constexpr uint64_t levels = 64;
    dac_.ref()[dac_at_ % dac_->size()] = static_cast<uint8_t>(value % levels);
    dac_at_ = static_cast<uint16_t>((dac_at_ + 1) % dac_->size());
}

uint64_t Vga::read_display_interface() {
    constexpr uint64_t registers = 16;
    if (interface_index_ >= registers) return 0;
    return display_interface_.read(static_cast<uint32_t>(2 * interface_index_), 2);
}

void Vga::write_display_interface(uint64_t value) {
    constexpr uint64_t registers = 16, enable = 4;
    if (interface_index_ >= registers) return;
    if (interface_index_ == enable && value % 2 != 0)
        finding("a linear frame buffer mode was set, which is not modelled");
    display_interface_.write(static_cast<uint32_t>(2 * interface_index_), 2, value);
}

}  // namespace sb::devices
