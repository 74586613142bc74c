// SPDX-License-Identifier: Apache-2.0
#include "devices/pic8259/chip.h"

#include <bit>

namespace sb::devices {
namespace {

constexpr unsigned spurious_line = 7;
constexpr uint64_t poll_flag = 0x80;  // "Poll Command": bit 7 of the byte read

constexpr uint8_t one(unsigned line) { return static_cast<uint8_t>(1u << line); }
constexpr bool has(unsigned lines, unsigned line) { return (lines & one(line)) != 0; }
constexpr uint8_t with(uint8_t lines, unsigned line, bool on) {
    return static_cast<uint8_t>(on ? lines | one(line) : lines & ~one(line));
}

bus::Register::Spec spec(const char* name, uint32_t offset, bus::Access access, const char* doc,
                         const char* effect = "") {
    return {
        .name = name, .offset = offset, .bits = 8, .access = access, .doc = doc, .effect = effect};
}

}  // namespace

// Which word a write means: datasheet, "Programming the 8259A": A0 and bits 4 and 3 of the data at
// offset 0; the order of initialisation at offset 1.
PicChip::PicChip(bus::Device& owner, const char* name, bool master, Time access_time,
                 std::function<void(bool)> output)
    : bank{owner, {.name = name, .size = 2, .access_time = access_time}},
      owner_{owner},
      master_{master},
      output_{std::move(output)},
      status_{bank,
              spec("STATUS", 0, bus::ro, "IRR or ISR, or the poll byte", "a poll acknowledges"),
              {.read = [this] { return read_status(); }}},
      icw1_{bank,
            spec("ICW1", 0, bus::wo, "starts initialisation", "clears mask and edges"),
            {.write = [this](uint64_t) { begin_initialisation(); },
             .takes = [this](uint64_t v) { return icw1_mark_.of(v) != 0; }}},
      ocw2_{bank,
            spec("OCW2", 0, bus::wo, "end of interrupt and rotation"),
            {.write = [this](uint64_t) { end_of_interrupt_command(); },
             .takes = [this](uint64_t v) { return ocw2_mark_.of(v) == 0; }}},
      ocw3_{bank,
            spec("OCW3", 0, bus::wo, "special mask, poll, what reads give"),
            {.write = [this](uint64_t) { mode_command(); }}},
      icw2_{bank,
            spec("ICW2", 1, bus::wo, "vectors"),
            {.write =
                 [this](uint64_t) {
                     if (!single_)
                         expects_ = Expects::icw3;
                     else if (wants_icw4_)
                         expects_ = Expects::icw4;
                     else
                         initialised();
                 },
             .when = [this] { return expects_ == Expects::icw2; }}},
      icw3_{bank,
            spec("ICW3", 1, bus::wo, "master: inputs with slaves; slave: its identity"),
            {.write =
                 [this](uint64_t) {
                     if (wants_icw4_)
                         expects_ = Expects::icw4;
                     else
                         initialised();
                 },
             .when = [this] { return expects_ == Expects::icw3; }}},
      icw4_{bank,
            spec("ICW4", 1, bus::wo, "modes"),
            {.write = [this](uint64_t) { initialised(); },
             .when = [this] { return expects_ == Expects::icw4; }}},
      mask_{bank,
            spec("OCW1", 1, bus::rw, "interrupt mask (IMR)"),
            {.read = [this] { return polling_ ? poll() : mask_.value(); },
             .write = [this](uint64_t) { update(); }}},
      level_{owner, std::string{name} + ".level", 0},
      edges_{owner, std::string{name} + ".edges", 0},
      in_service_{owner, std::string{name} + ".in_service", 0},
      level_inputs_{owner, std::string{name} + ".level_inputs", 0},
      lowest_{owner, std::string{name} + ".lowest", inputs - 1},
      expects_{owner, std::string{name} + ".expects", Expects::nothing},
      ready_{owner, std::string{name} + ".ready", false},
      special_mask_{owner, std::string{name} + ".special_mask", false},
      reads_service_{owner, std::string{name} + ".reads_service", false},
      polling_{owner, std::string{name} + ".polling", false},
      rotates_{owner, std::string{name} + ".rotates", false} {}

void PicChip::reset() {
    edges_ = in_service_ = 0;
    lowest_ = inputs - 1;
    expects_ = Expects::nothing;
    ready_ = special_mask_ = reads_service_ = polling_ = rotates_ = false;
    update();
}

void PicChip::set_input(unsigned line, bool level) {
    if (level && !has(level_, line)) edges_ = with(edges_, line, true);
    if (!level) edges_ = with(edges_, line, false);
    level_ = with(level_, line, level);
    update();
}

void PicChip::set_level_inputs(uint8_t lines) {
    level_inputs_ = lines;
    update();
}

uint8_t PicChip::requests() const {
    const unsigned by_level = level_mode_ ? 0xffu : level_inputs_.get();
    return static_cast<uint8_t>((level_ & by_level) | (edges_ & ~by_level));
}

/// 0 is the most urgent. Priorities descend from the line after the lowest, round to the lowest.
unsigned PicChip::urgency(unsigned line) const { return (line + inputs - 1 - lowest_) % inputs; }

std::optional<unsigned> PicChip::first_of(uint8_t lines) const {
    for (unsigned i = 0; i < inputs; ++i)
        if (unsigned line = (lowest_ + 1 + i) % inputs; has(lines, line)) return line;
    return std::nullopt;
}

/// The line that INT is asserted for, if any ("Fully Nested Mode", "Special Mask Mode", "Special
/// Fully Nested Mode").
std::optional<unsigned> PicChip::pending() const {
    if (!ready_ || expects_ != Expects::nothing) return std::nullopt;
    const auto request = first_of(static_cast<uint8_t>(requests() & ~mask_.value()));
    if (!request) return std::nullopt;
    unsigned blocking = in_service_;
    // In special mask mode a masked line in service blocks nobody; in special fully nested mode a
    // slave may interrupt again while it is in service.
    if (special_mask_) blocking &= ~static_cast<unsigned>(mask_);
    if (nested_ && master_) blocking &= ~static_cast<unsigned>(icw3_);
    const auto served = first_of(static_cast<uint8_t>(blocking));
    if (served && urgency(*served) <= urgency(*request)) return std::nullopt;
    return request;
}

void PicChip::update() { output_(pending().has_value()); }

void PicChip::set_in_service(unsigned line) {
    edges_ = with(edges_, line, false);
    in_service_ = with(in_service_, line, true);
}

std::optional<unsigned> PicChip::acknowledge() {
    const auto line = pending();
    // INT falls during the acknowledge: a slave's next request is an edge to its master.
    output_(false);
    if (line) {
        set_in_service(*line);
        if (automatic_) end(*line, rotates_);
    }
    update();
    return line;
}

uint8_t PicChip::vector(unsigned line) const {
    return static_cast<uint8_t>(base_.make(base_) + line);
}

bool PicChip::has_slave(unsigned line) const { return !single_ && has(icw3_.value() % 256, line); }

void PicChip::end(unsigned line, bool rotate) {
    in_service_ = with(in_service_, line, false);
    if (rotate) lowest_ = static_cast<uint8_t>(line);
}

/// Datasheet, "Initialization Command Words": what ICW1 does by itself, (a) to (f).
void PicChip::begin_initialisation() {
    edges_ = in_service_ = 0;
    mask_ = 0;
    icw3_ = 0;
    slave_id_ = spurious_line;
    lowest_ = inputs - 1;
    special_mask_ = reads_service_ = polling_ = rotates_ = false;
    if (!wants_icw4_) icw4_ = 0;
    expects_ = Expects::icw2;
    update();
}

void PicChip::initialised() {
    expects_ = Expects::nothing;
    ready_ = true;
    if (!x86_) owner_.finding("the 8259A was put into 8080/8085 mode (taken as 8086 mode)");
    update();
}

/// "OCW2": R, SL and EOI together are the command.
void PicChip::end_of_interrupt_command() {
    if (!ready_) owner_.finding("a command was given to the 8259A before its initialisation");
    const unsigned named = static_cast<unsigned>(line_);
    if (eoi_) {
        // A masked line in service is out of reach of a non-specific end in special mask mode.
        unsigned reachable = in_service_;
        if (special_mask_) reachable &= ~static_cast<unsigned>(mask_);
        const auto line =
            specific_ ? std::optional{named} : first_of(static_cast<uint8_t>(reachable));
        // The master's line of a slave has no vector of its own: the slave's end is the one.
        if (line && has(in_service_, *line) && !(master_ && has_slave(*line)))
            owner_.probe().emit(owner_.now(), observe::Kind::end_of_interrupt, vector(*line));
        if (line) end(*line, rotate_);
    } else if (specific_) {
        if (rotate_)
            lowest_ = static_cast<uint8_t>(named);  // set priority; without R: no operation
    } else {
        rotates_ = rotate_ != 0;
    }
    update();
}

void PicChip::mode_command() {
    if (set_special_) special_mask_ = special_ != 0;
    if (set_read_) reads_service_ = read_service_ != 0;
    polling_ = poll_ != 0;
    update();
}

uint64_t PicChip::read_status() {
    if (polling_) return poll();
    return reads_service_ ? in_service_.get() : requests();
}

/// The read after a poll command is an acknowledge ("Poll Command").
uint64_t PicChip::poll() {
    polling_ = false;
    const auto line = acknowledge();
    return line ? poll_flag + *line : 0;
}

}  // namespace sb::devices
