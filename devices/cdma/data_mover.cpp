// SPDX-License-Identifier: Apache-2.0
#include "devices/cdma/data_mover.h"

#include <algorithm>
#include <cstring>

namespace sb::devices::cdma {
namespace {

constexpr uint32_t most_fixed_beats = 16;  // AXI4, A3.4.1

}  // namespace

End end_of(bus::MasterPort::Result result) {
    switch (result) {
        case bus::MasterPort::Result::done:
            return End::done;
        case bus::MasterPort::Result::master_abort:
            return End::decode_error;
        case bus::MasterPort::Result::target_abort:
            break;
    }
    return End::slave_error;
}

bool may_master(const bus::Device& owner, const pci::Function& function) {
    if (function.bus_master()) return true;
    owner.finding("a transaction is due while bus mastering is disabled in PCI COMMAND: it waits");
    return false;
}

DataMover::DataMover(bus::Device& owner, pci::Function& function, const Settings& settings,
                     std::function<void(End)> ended)
    : owner_{owner},
      function_{function},
      width_{settings.width},
      beats_{settings.burst},
      burst_bytes_{std::min(settings.width * settings.burst, most_burst_bytes)},
      forward_time_{settings.forward},
      ended_{std::move(ended)},
      port_{function,
            "data",
            [this](bus::MasterPort::Result result) { piece_ended(result); },
            {},
            settings.width > 4,
            settings.master},
      forward_{owner, "mover.forward", [this] { step(); }},
      buffer_(burst_bytes_ * settings.buffer),
      transfer_{owner, "mover.transfer"},
      read_left_{owner, "mover.read_left"},
      write_left_{owner, "mover.write_left"},
      level_{owner, "mover.level"},
      head_{owner, "mover.head"},
      burst_left_{owner, "mover.burst_left"},
      piece_{owner, "mover.piece"},
      writing_{owner, "mover.writing"},
      active_{owner, "mover.active"},
      draining_{owner, "mover.draining"} {
    owner.declare_state("mover.buffer",
                        [this](Archive& archive) { archive.sparse("mover.buffer", buffer_); });
}

void DataMover::start(const Transfer& transfer) {
    transfer_ = transfer;
    read_left_ = write_left_ = transfer.bytes;
    level_ = head_ = burst_left_ = 0;
    active_ = true;
    draining_ = false;
    step();
}

void DataMover::cancel() {
    port_.cancel();
    forward_.cancel();
    active_ = draining_ = false;
    burst_left_ = 0;
}

void DataMover::drain() {
    if (!active_) return;
    forward_.cancel();
    if (!port_.busy() || !function_.bus_master()) {
        cancel();
        return;
    }
    draining_ = true;
}

uint32_t DataMover::beat_at(uint64_t address) const {
    return width_ - static_cast<uint32_t>(address % width_);
}

/// The size of the next burst.
uint32_t DataMover::burst_at(uint64_t address, uint64_t left, bool fixed) const {
    const uint32_t most = fixed ? std::min(beats_, most_fixed_beats) * beat_at(address)
                                : burst_bytes_ - static_cast<uint32_t>(address % burst_bytes_);
    return static_cast<uint32_t>(std::min<uint64_t>(most, left));
}

/// All of the next write burst is in the buffer.
bool DataMover::writable() const {
    const Transfer& t = transfer_;
    return level_ > 0 && level_ >= burst_at(t.to, write_left_, t.fixed_to);
}

void DataMover::step() {
    if (!active_ || draining_ || port_.busy()) return;
    if (burst_left_ > 0) return ask();
    const Transfer& t = transfer_;
    if (read_left_ > 0) {
        const uint32_t bytes = burst_at(t.from, read_left_, t.fixed_from);
        if (level_ + bytes <= buffer_.size()) return begin(false, bytes);
    }
    // The buffer is too full to read, so it holds more than a burst: there is one to write.
    if (forward_.armed()) return;
    begin(true, burst_at(t.to, write_left_, t.fixed_to));
}

void DataMover::begin(bool write, uint32_t bytes) {
    writing_ = write;
    burst_left_ = bytes;
    ask();
}

/// Asks for the burst under way, or for its next beat where the address is fixed.
void DataMover::ask() {
    if (!may_master(owner_, function_)) return;
    const Transfer& t = transfer_;
    const uint64_t address = writing_ ? t.to : t.from;
    const bool fixed = writing_ ? t.fixed_to : t.fixed_from;
    piece_ = fixed ? std::min(beat_at(address), burst_left_.get()) : burst_left_.get();
    if (writing_) fetch(port_.buffer(), piece_);
    port_.request(writing_, address, piece_);
}

void DataMover::piece_ended(bus::MasterPort::Result result) {
    if (!active_) return;  // cancelled from within the burst: it wrote to our own registers
    if (draining_ || result != bus::MasterPort::Result::done)
        return finish(draining_ ? End::done : end_of(result));
    Transfer& t = transfer_.ref();
    if (writing_) {
        head_ = (head_ + piece_) % static_cast<uint32_t>(buffer_.size());
        level_ = level_ - piece_;
        write_left_ = write_left_ - piece_;
        if (!t.fixed_to) t.to += piece_;
    } else {
        store(port_.buffer(), piece_);
        read_left_ = read_left_ - piece_;
        if (!t.fixed_from) t.from += piece_;
    }
    burst_left_ = burst_left_ - piece_;
    if (burst_left_ == 0 && write_left_ == 0) return finish(End::done);
    step();
}

void DataMover::finish(End end) {
    active_ = draining_ = false;
    burst_left_ = 0;
    forward_.cancel();
    ended_(end);
}

/// Puts what was read behind the newest data.
void DataMover::store(const uint8_t* data, uint32_t bytes) {
    const bool was = writable();
    const auto size = static_cast<uint32_t>(buffer_.size());
    const uint32_t tail = (head_ + level_) % size;
    const uint32_t first = std::min(bytes, size - tail);
    std::memcpy(buffer_.data() + tail, data, first);
    std::memcpy(buffer_.data(), data + first, bytes - first);
    level_ = level_ + bytes;
    if (!was && writable()) forward_.arm_after(forward_time_);
}

/// Copies the oldest data out; it leaves the buffer when it is written.
void DataMover::fetch(uint8_t* data, uint32_t bytes) {
    const auto size = static_cast<uint32_t>(buffer_.size());
    const uint32_t first = std::min(bytes, size - head_);
    std::memcpy(data, buffer_.data() + head_, first);
    std::memcpy(data + first, buffer_.data(), bytes - first);
}

}  // namespace sb::devices::cdma
