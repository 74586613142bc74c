// SPDX-License-Identifier: Apache-2.0
#include "devices/ide/ide_channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "devices/ide/ata_timing.h"
#include "devices/ide/bus_master.h"

namespace sb::devices {

IdeChannel::IdeChannel(bus::Device& owner, bus::Board& board, unsigned number, Ports ports,
                       const std::string& line)
    : owner_{owner},
      number_{number},
      command_block_{*this, owner, fmt::format("channel{}-command", number), false},
      control_block_{*this, owner, fmt::format("channel{}-control", number), true},
      pin_{owner, fmt::format("channel{}.intrq", number)} {
    pin_.connect(board.line(line));
    auto claim = [&](uint16_t first, uint64_t size, Block& block) {
        if (std::string clash = board.ports.clash(first, size); !clash.empty())
            throw Error(fmt::format("{}: port {}", owner.path(), clash));
        board.ports.map(first, size, board.ports.attach(block.socket), owner.basename(), false,
                        nullptr, bus::Behind::enclosed);
    };
    claim(ports.command, 8, command_block_);
    claim(ports.control, 1, control_block_);
}

void IdeChannel::plug(ata::Drive& drive, unsigned unit) {
    if (drives_.at(unit))
        throw Error(
            fmt::format("{}: the {} channel has two drives as device {}; give one of them "
                        "another unit or channel",
                        owner_.path(), number_ == 0 ? "primary" : "secondary", unit));
    drives_[unit] = &drive;
}

ata::Drive* IdeChannel::answering() const {
    for (ata::Drive* drive : drives_)
        if (drive && drive->selected()) return drive;
    return nullptr;
}

bus::RegisterBank& IdeChannel::bank_of(ata::Drive& drive, bool control, uint64_t offset) {
    if (control) return drive.control_block();
    return offset == 0 ? drive.data_register() : drive.command_block();
}

void IdeChannel::Block::transport(bus::Payload& payload, sc_core::sc_time& delay) {
    ata::Drive* drive = channel.answering();
    const uint64_t offset = payload.get_address();
    if (!control && offset == 0 && payload.get_data_length() % 2 != 0)
        channel.owner_.finding("the 16-bit data port was accessed by single bytes");
    if (payload.is_write()) {
        // Both drives latch the write as the cycle begins; the one that answers sets its length.
        for (ata::Drive* other : channel.drives_)
            if (other && other != drive && (control || offset != 0))
                tell(bank_of(*other, control, offset), payload);
    }
    if (drive)
        bank_of(*drive, control, offset).transport(payload, delay);
    else
        channel.nobody(payload, delay);
}

/// Reads are the answering drive's alone; writes are seen by both.
bus::RegisterBank* IdeChannel::Block::register_bank(bool write, uint64_t offset, unsigned bytes) {
    if (write || (!control && offset == 0 && bytes % 2 != 0)) return nullptr;
    ata::Drive* drive = channel.answering();
    return drive ? &bank_of(*drive, control, offset) : nullptr;
}

/// A write as the drive that does not answer sees it: it takes no time of its own.
void IdeChannel::Block::tell(bus::RegisterBank& bank, const bus::Payload& payload) {
    uint64_t value = 0;
    const unsigned bytes = std::min(payload.get_data_length(), 8u);
    std::memcpy(&value, payload.get_data_ptr(), bytes);
    bank.write(static_cast<uint32_t>(payload.get_address()), bytes, value);
}

void IdeChannel::nobody(bus::Payload& payload, sc_core::sc_time& delay) const {
    constexpr uint8_t pulled = 0x7f;
    const unsigned length = payload.get_data_length();
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    if (payload.is_read())
        for (unsigned i = 0; i < length; ++i)
            // DD7 is pulled down; of a word, the high byte's lines are not.
            payload.get_data_ptr()[i] = payload.get_address() == 0 && i % 2 ? 0xff : pulled;
    const uint64_t cycles = payload.get_address() == 0 ? (length + 1) / 2 : length;
    delay += (Time::ns(pio_modes[0].register_ns) * cycles).sc();
}

ata::Drive* IdeChannel::requesting() const {
    for (ata::Drive* drive : drives_)
        if (drive && drive->dma_request().bytes > 0) return drive;
    return nullptr;
}

void IdeChannel::intrq_changed() {
    const bool level = std::any_of(drives_.begin(), drives_.end(),
                                   [](const ata::Drive* d) { return d && d->intrq(); });
    if (!level) return pin_.set(false);
    if (pin_.level() || (master_ && master_->holds_data())) return;
    if (master_) master_->interrupted();
    pin_.set(true);
}

void IdeChannel::dma_request_changed() {
    if (master_) master_->pump();
}

}  // namespace sb::devices
