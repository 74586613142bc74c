// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/eeprom.h"

namespace sb::devices::e1000 {
namespace {

constexpr uint32_t checksum_word = 0x3f;
constexpr uint16_t checksum_of_all = 0xbaba;
constexpr uint32_t command_bits = 8;  // two of the opcode, six of the address
constexpr uint32_t word_bits = 16;

// Opcodes (93C46B, table 2-1); those of 0 are told apart by the upper address bits.
constexpr uint32_t op_extended = 0, op_write = 1, op_read = 2, op_erase = 3;
constexpr uint32_t write_disable = 0, write_all = 1, erase_all = 2, write_enable = 3;

std::array<uint16_t, Eeprom::words> contents(uint64_t mac, const pci::Function& function) {
    std::array<uint16_t, Eeprom::words> words{};
    for (unsigned i = 0; i < 3; ++i) words[i] = static_cast<uint16_t>(mac >> (16 * i));
    words[0x08] = 0xffff;  // part number: none
    words[0x09] = 0xffff;
    words[0x0a] = 0x4408;  // initialization control 1: load vendor and subsystem identity
    words[0x0b] = static_cast<uint16_t>(function.subsystem_id);
    words[0x0c] = static_cast<uint16_t>(function.subsystem_vendor_id);
    words[0x0d] = static_cast<uint16_t>(function.device_id);
    words[0x0e] = static_cast<uint16_t>(function.vendor_id);
    words[0x0f] = 0x3040;  // initialization control 2
    uint16_t sum = 0;
    for (unsigned i = 0; i < checksum_word; ++i) sum = static_cast<uint16_t>(sum + words[i]);
    words[checksum_word] = static_cast<uint16_t>(checksum_of_all - sum);
    return words;
}

}  // namespace

Eeprom::Eeprom(const Chip& chip, uint64_t mac, Time read_time)
    : chip_{chip},
      read_time_{read_time},
      contents_{chip.device, "eeprom.contents", contents(mac, chip.function)},
      eecd_{chip.bank,
            {.name = "EECD", .offset = 0x0010, .reset = 0x0110, .doc = "EEPROM wires, and flash"},
            {.write = [this](uint64_t v) { wires_written(v); }}},
      eerd_{
          chip.bank,
          {.name = "EERD", .offset = 0x0014, .doc = "EEPROM read", .effect = "START reads a word"},
          {.write = [this](uint64_t v) { read_written(v); }}},
      phase_{chip.device, "eeprom.phase", Phase::start},
      selected_{chip.device, "eeprom.selected"},
      clock_was_{chip.device, "eeprom.clock"},
      shift_{chip.device, "eeprom.shift"},
      count_{chip.device, "eeprom.count"},
      at_{chip.device, "eeprom.at"},
      all_{chip.device, "eeprom.all"},
      writable_{chip.device, "eeprom.writable"},
      read_timer_{chip.device, "eeprom.read", [this] {
                      data_ = word(static_cast<uint32_t>(address_));
                      done_ = 1;
                  }} {}

void Eeprom::reset() {
    read_timer_.cancel();
    phase_ = Phase::start;
    selected_ = clock_was_ = all_ = false;
    shift_ = count_ = 0;
}

void Eeprom::read_written(uint64_t written) {
    start_ = 0;
    if (!start_.of(written)) return;
    done_ = 0;
    if (request_) {
        chip_.device.finding(
            "EERD was used while software has the EEPROM's wires: nothing is read");
        return;
    }
    if (address_ >= words)
        chip_.device.finding(
            "an EEPROM word beyond 63 was read: its upper address bits are ignored");
    read_timer_.arm_after(read_time_);
}

// ---- The wires

void Eeprom::wires_written(uint64_t) {
    grant_ = request_.get();
    if (!request_ && (clock_ || select_ || in_))
        chip_.device.finding("the EEPROM's wires were driven without EE_REQ");
    const bool select = request_ && select_;
    const bool clock = request_ && clock_;
    if (!select) {
        if (selected_ && phase_ == Phase::done) program();
        phase_ = Phase::start;
        count_ = 0;
        out_ = 1;  // the wire floats, and is pulled up
    } else if (!selected_) {
        out_ = 1;  // ready
    } else if (clock && !clock_was_) {
        clock_rises(in_);
    }
    selected_ = select;
    clock_was_ = clock;
}

void Eeprom::clock_rises(bool in) {
    switch (phase_.get()) {
        case Phase::start:  // zeros before the start bit do not count
            if (in) phase_ = Phase::command;
            count_ = shift_ = 0;
            break;
        case Phase::command:
            shift_ = shift_ << 1 | (in ? 1u : 0u);
            count_ = count_ + 1;
            if (count_ == command_bits) command_complete();
            break;
        case Phase::read: {
            const uint32_t bit = word_bits - 1 - count_ % word_bits;
            out_ = word(at_ + count_ / word_bits) >> bit & 1;
            count_ = (count_ + 1) % (words * word_bits);
            break;
        }
        case Phase::write:
            shift_ = shift_ << 1 | (in ? 1u : 0u);
            count_ = count_ + 1;
            if (count_ == word_bits) phase_ = Phase::done;
            break;
        case Phase::done:
            break;
    }
}

void Eeprom::command_complete() {
    const uint32_t opcode = shift_ >> 6;
    const uint32_t extended = shift_ >> 4 & 3;
    at_ = shift_ & 0x3f;
    count_ = shift_ = 0;
    all_ = opcode == op_extended;
    if (opcode == op_read) {
        phase_ = Phase::read;
        out_ = 0;  // the bit before the data
    } else if (opcode == op_write || (all_ && extended == write_all)) {
        phase_ = Phase::write;
    } else if (opcode == op_erase || (all_ && extended == erase_all)) {
        shift_ = 0xffff;
        phase_ = Phase::done;
    } else {
        writable_ = extended == write_enable    ? true
                    : extended == write_disable ? false
                                                : writable_.get();
        phase_ = Phase::start;
    }
}

/// The part is deselected after a complete instruction that writes.
void Eeprom::program() {
    if (!writable_) {
        chip_.device.finding("the EEPROM was written without EWEN: it keeps its contents");
        return;
    }
    for (uint32_t i = 0; i < words; ++i)
        if (all_ || i == at_) contents_.ref()[i] = static_cast<uint16_t>(shift_);
}

}  // namespace sb::devices::e1000
