// SPDX-License-Identifier: Apache-2.0
//
// The data protocols of an ATA disk: ATA/ATAPI-6, clause 9: PIO data-in, PIO data-out, DMA.
#include <algorithm>
#include <cstring>

#include "devices/ide/ata_disk.h"

namespace sb::devices {

void AtaDisk::work_due() {
    switch (phase_.get()) {
        case Phase::starting:
            return begin_transfer();
        case Phase::gap:
            return next_block();
        case Phase::ending:
            complete();
            return set_interrupt(true);
        case Phase::resetting:
            return finish_reset();
        case Phase::idle:
        case Phase::pio_in:
        case Phase::pio_out:
        case Phase::dma:
            return;  // these wait for the host
    }
}

/// The command's overhead has passed.
void AtaDisk::begin_transfer() {
    if (refusal_ != 0) return fail();
    const Command* command = find(opcode_);
    switch (command ? command->protocol : Protocol::none) {
        case Protocol::pio_in:
        case Protocol::pio_out:
            return next_block();
        case Protocol::dma_in:
        case Protocol::dma_out:
            return begin_dma();
        case Protocol::diagnostic:  // runs in Phase::resetting
        case Protocol::none:
            complete();
            return set_interrupt(true);
    }
}

// ---- PIO

/// Commits the block that the host wrote, if any, and offers the next.
void AtaDisk::next_block() {
    const Command& command = *find(opcode_);
    const uint32_t most = command.multiple ? multiple_.get() : 1;
    if (command.protocol == Protocol::pio_in) {
        // IDENTIFY DEVICE's block was prepared by its handler: no sectors are left to load.
        if (left_ > 0) {
            const unsigned sectors = load(std::min(left_.get(), most));
            if (sectors == 0) return fail();
            block_bytes_ = sectors * sector_bytes;
        }
        return offer_block(Phase::pio_in, true);
    }
    const bool first = phase_ == Phase::starting;
    if (!first && !store(block_bytes_ / sector_bytes)) return fail();
    if (left_ == 0) {
        complete();
        return set_interrupt(true);
    }
    const uint32_t sectors = room(std::min(left_.get(), most));
    if (sectors == 0) return fail();
    block_bytes_ = sectors * sector_bytes;
    // No interrupt announces the first block of a write.
    offer_block(Phase::pio_out, !first);
}

void AtaDisk::offer_block(Phase phase, bool announce) {
    phase_ = phase;
    position_ = 0;
    task_.busy = 0;
    task_.data_request = 1;
    if (announce) set_interrupt(true);
}

uint64_t AtaDisk::read_data() {
    if (phase_ != Phase::pio_in || !named()) {
        finding("the Data register was read while the drive had no data to give");
        return 0xffff;
    }
    uint16_t word = 0;
    std::memcpy(&word, buffer_.ref().data() + position_, sizeof word);
    position_ = position_ + sizeof word;
    if (position_ >= block_bytes_) block_done();
    return word;
}

void AtaDisk::write_data(uint64_t written) {
    if (phase_ != Phase::pio_out || !named()) {
        finding("the Data register was written while the drive did not ask for data");
        return;
    }
    const auto word = static_cast<uint16_t>(written);
    std::memcpy(buffer_.ref().data() + position_, &word, sizeof word);
    position_ = position_ + sizeof word;
    if (position_ >= block_bytes_) block_done();
}

/// The host's last word of the block: its cycle ends one t0 from now.
void AtaDisk::block_done() {
    ++drq_blocks_;
    if (phase_ == Phase::pio_in && left_ == 0) return complete();
    phase_ = Phase::gap;
    task_.busy = 1;
    task_.data_request = 0;
    work_.arm_after(Time::ns(pio_modes[pio_mode_].data_ns) + times_.block);
}

// ---- The image

/// How many of `sectors` exist from `lba_` on; where none does, why the command ends.
uint32_t AtaDisk::room(uint32_t sectors) {
    const uint64_t end = store_.sectors();
    if (lba_ >= end) {
        refusal_ = static_cast<uint8_t>(task_.not_found.make());
        return 0;
    }
    return static_cast<uint32_t>(std::min<uint64_t>(sectors, end - lba_));
}

/// Reads up to `sectors` into the buffer; returns how many, 0 with the reason in `refusal_`.
unsigned AtaDisk::load(uint32_t sectors) {
    sectors = room(sectors);
    unsigned done = 0;
    while (done < sectors && store_.read_sector(lba_, buffer_.ref().data() + done * sector_bytes)) {
        ++done;
        lba_ = lba_ + 1;
        left_ = left_ - 1;
    }
    if (done == 0 && sectors > 0) refusal_ = static_cast<uint8_t>(task_.uncorrectable.make());
    sectors_read_ += done;
    return done;
}

/// Writes `sectors` from the buffer; false with the reason in `refusal_`.
bool AtaDisk::store(uint32_t sectors) {
    for (uint32_t i = 0; i < sectors; ++i) {
        if (!store_.write_sector(lba_, buffer_.ref().data() + i * sector_bytes)) {
            task_.fault = 1;
            refusal_ = static_cast<uint8_t>(task_.abort.make());
            return false;
        }
        ++sectors_written_;
        lba_ = lba_ + 1;
        left_ = left_ - 1;
    }
    return true;
}

// ---- DMA

ata::DmaRequest AtaDisk::dma_request() const {
    if (phase_ != Phase::dma) return {};
    const uint16_t ns = ultra_ ? ultra_ns[dma_mode_] : multiword_ns[dma_mode_];
    return {.bytes = block_bytes_ - position_,
            .to_host = find(opcode_)->protocol == Protocol::dma_in,
            .word = Time::ns(ns)};
}

void AtaDisk::begin_dma() {
    if (!next_dma_sector()) return fail();
    phase_ = Phase::dma;
    task_.busy = 0;
    task_.data_request = 1;
    cable_.dma_request_changed();
}

bool AtaDisk::next_dma_sector() {
    position_ = 0;
    block_bytes_ = sector_bytes;
    return (find(opcode_)->protocol == Protocol::dma_in ? load(1) : room(1)) > 0;
}

void AtaDisk::dma_read(std::span<uint8_t> bytes) {
    std::memcpy(bytes.data(), buffer_.ref().data() + position_, bytes.size());
    dma_moved(bytes.size());
}

void AtaDisk::dma_write(std::span<const uint8_t> bytes) {
    std::memcpy(buffer_.ref().data() + position_, bytes.data(), bytes.size());
    dma_moved(bytes.size());
}

void AtaDisk::dma_moved(size_t bytes) {
    dma_bytes_ += bytes;
    position_ = position_ + static_cast<uint32_t>(bytes);
    if (position_ < block_bytes_) return;
    if (find(opcode_)->protocol == Protocol::dma_out && !store(1)) return fail();
    if (left_ > 0) {
        if (!next_dma_sector()) fail();
        return;
    }
    phase_ = Phase::ending;
    task_.busy = 1;
    task_.data_request = 0;
    work_.arm_after(times_.block);
}

}  // namespace sb::devices
