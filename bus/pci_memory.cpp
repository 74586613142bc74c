// SPDX-License-Identifier: Apache-2.0
#include "bus/pci_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "bus/pci_bus.h"
#include "bus/pci_master.h"

namespace sb::pci {

std::string message_text(uint64_t address, uint32_t data) {
    return fmt::format("data {:#x} at {:#x}", data, address);
}

// Intel SDM volume 3A, 10.11.1 and 10.11.2.
const char* send_message(ApicBus& bus, const observe::Probe& probe, Time now, uint64_t address,
                         uint32_t data) {
    ApicMessage message;
    message.vector = static_cast<uint8_t>(data);
    message.mode = static_cast<DeliveryMode>((data >> 8) & 7);
    if (message.mode == DeliveryMode::reserved || message.mode == DeliveryMode::startup)
        return "an interrupt message with a reserved delivery mode was lost";
    message.level_triggered = (data >> 15 & 1) != 0;
    message.asserted = (data >> 14 & 1) != 0;
    message.logical = (address >> 2 & 1) != 0;
    message.destination = static_cast<uint8_t>(address >> 12);
    // Without the redirection hint the destination mode is ignored, and physical.
    if ((address >> 3 & 1) == 0) message.logical = false;
    probe.emit(now, observe::Kind::interrupt_message, message.vector, observe::no_input);
    const bool taken = bus.send(message);
    const bool has_vector =
        message.mode == DeliveryMode::fixed || message.mode == DeliveryMode::lowest_priority;
    if (has_vector && message.vector < 16)
        return "an interrupt message has a vector below 16, which no local APIC delivers";
    return taken ? nullptr : "an interrupt message reached no local APIC";
}

HostMemory::HostMemory(LocalBus& bus, unsigned posting, unsigned prefetch)
    : bus_{bus},
      lines_{std::clamp(posting / line, 1u, most_lines)},
      prefetch_{std::clamp(prefetch / line, 1u, most_lines) * line},
      apics_{bus.board().shared<ApicBus>("apic.bus")},
      port_{bus,
            bus.board().bus,
            bus.board().stream,
            "host_bridge",
            bus.timing().bridge,
            [this](bus::MasterPort::Result result) { moved(result); }} {
    bus.declare_state("memory", [this](Archive& archive) {
        archive.value("posted", posted_);
        archive.value("first", first_);
        archive.value("count", count_);
        archive.value("draining", draining_);
        archive.value("reader", reader_);
        archive.value("next", next_);
        archive.value("fetch", fetch_);
        archive.value("limit", limit_);
        archive.value("fetching", fetching_);
        archive.value("dropped", dropped_);
        archive.value("failed", failed_);
        archive.value("begin", begin_);
        archive.value("end", end_);
        archive.value("data", data_);
    });
}

void HostMemory::post(int32_t owner, uint64_t address, const uint8_t* data, uint32_t bytes,
                      bool message) {
    Posted& entry = posted_[(first_ + count_) % most_lines];
    entry.address = address;
    entry.bytes = std::min(bytes, line);
    entry.owner = owner;
    entry.message = message;
    std::memcpy(entry.data.data(), data, entry.bytes);
    ++count_;
    bus_.engage(LocalBus::posted, true);
    pump();
}

bool HostMemory::read(int32_t owner, uint64_t address, uint32_t bytes) {
    if (reader_ >= 0 && reader_ != owner) return false;
    if (reader_ != owner || next_ != address) {
        stop_reading();
        reader_ = owner;
        next_ = fetch_ = address;
        begin_ = end_ = 0;
        failed_ = false;
    }
    limit_ = address + bytes;
    pump();
    return true;
}

void HostMemory::take(uint8_t* to, uint32_t bytes) {
    std::memcpy(to, data_.data() + begin_, bytes);
    begin_ += bytes;
    next_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
    pump();
}

void HostMemory::stop_reading() {
    reader_ = -1;
    begin_ = end_ = 0;
    dropped_ = fetching_ > 0;
}

void HostMemory::forget(int32_t owner) {
    for (uint32_t i = 0; i < count_; ++i) {
        Posted& entry = posted_[(first_ + i) % most_lines];
        if (entry.owner == owner) entry.owner = -1;
    }
    if (reader_ == owner) stop_reading();
}

/// What comes next on the system bus: everything posted, then what is to be read.
void HostMemory::pump() {
    if (port_.busy()) return;
    if (count_ > 0) {
        const Posted& entry = posted_[first_];
        if (entry.message) {
            uint32_t data = 0;
            std::memcpy(&data, entry.data.data(), sizeof data);
            const uint64_t address = entry.address;
            if (const char* wrong = send_message(apics_, bus_.probe_, bus_.now(), address, data))
                bus_.finding(wrong, [&] { return message_text(address, data); });
            return pop(bus::MasterPort::Result::done);
        }
        draining_ = true;
        std::memcpy(port_.buffer(), entry.data.data(), entry.bytes);
        port_.request(true, entry.address, entry.bytes);
        return;
    }
    if (reader_ < 0 || failed_ || fetch_ >= limit_) return;
    const auto bytes = static_cast<uint32_t>(std::min(limit_ - fetch_, line - fetch_ % line));
    if (end_ - begin_ + bytes > prefetch_) return;
    fetching_ = bytes;
    dropped_ = false;
    port_.request(false, fetch_, bytes);
}

void HostMemory::pop(bus::MasterPort::Result result) {
    const int32_t owner = posted_[first_].owner;
    const uint32_t bytes = posted_[first_].bytes;
    first_ = (first_ + 1) % most_lines;
    --count_;
    if (count_ == 0) bus_.engage(LocalBus::posted, false);
    pump();
    if (owner >= 0) bus_.ports_[static_cast<size_t>(owner)]->committed(bytes, result);
    if (count_ == 0) bus_.memory_drained();
    bus_.memory_ready();
}

void HostMemory::moved(bus::MasterPort::Result result) {
    if (draining_) {
        draining_ = false;
        return pop(result);
    }
    const uint32_t bytes = fetching_;
    fetching_ = 0;
    if (!dropped_) {
        if (end_ + bytes > data_.size()) {
            std::memmove(data_.data(), data_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        std::memcpy(data_.data() + end_, port_.buffer(), bytes);
        end_ += bytes;
        fetch_ += bytes;
        failed_ = result != bus::MasterPort::Result::done;
    }
    dropped_ = false;
    pump();
    bus_.memory_ready();
}

}  // namespace sb::pci
