// SPDX-License-Identifier: Apache-2.0
#include "bus/master_port.h"

#include <algorithm>
#include <cstring>

namespace sb::bus {

MasterPort::MasterPort(Component& owner, SystemBus& bus, observe::Stream& stream,
                       const std::string& name, MasterSettings settings, Completion completion)
    : owner_{owner},
      bus_{bus},
      probe_{stream, std::string{owner.basename()} + "." + name},
      completion_{std::move(completion)},
      write_{owner, name + ".write", false},
      address_{owner, name + ".address", 0},
      bytes_{owner, name + ".bytes", 0},
      moved_{owner, name + ".moved", 0},
      tenure_{owner, name + ".tenure", 0},
      least_{owner, name + ".least"},
      fixed_{owner, name + ".fixed", false},
      tenure_end_{owner, name + ".tenure_end", [this] { tenure_ended(); }} {
    Contender::priority = settings.priority;
    Contender::weight = settings.weight;
    Contender::stats.name = std::string{owner.basename()} + "." + name;
    Contender::probe = &probe_;
    buffer_.resize(max_bytes);
    owner.declare_state(name + ".buffer", [this, name](Archive& archive) {
        archive.sparse(name + ".buffer", buffer_);
    });
    bus_.join(*this);
}

void MasterPort::request(bool write, uint64_t address, uint32_t bytes, Options options) {
    if (busy() || bytes == 0) return;  // a device's own sequencing keeps this from happening
    aim(write, address, bytes, options.least);
    fixed_ = options.fixed;
    moved_ = 0;
    ask();
}

void MasterPort::aim(bool write, uint64_t address, uint32_t bytes, Time least) {
    write_ = write;
    address_ = address;
    bytes_ = std::min(bytes, max_bytes);
    least_ = least;
    fixed_ = false;
}

void MasterPort::ask() {
    probe_.emit(owner_.now(), observe::Kind::bus_request, target_address(), bytes_ - moved_,
                static_cast<uint64_t>(command()));
    bus_.ask(*this);
}

void MasterPort::lock(bool on) {
    if (on)
        wants_lock = true;
    else
        bus_.unlock(*this);
}

void MasterPort::cancel() {
    bus_.stop_asking(*this);
    tenure_end_.cancel();
    bytes_ = 0;
    lock(false);
}

/// One beat, where the mode is not of bursts; what fits into a slot of time division.
uint32_t MasterPort::tenure_bytes() const {
    const SystemBusTiming& timing = bus_.timing();
    const uint64_t width = timing.width;
    const uint64_t start = target_address();
    const uint64_t left = bytes_ - moved_;
    uint64_t beats = timing.dma_mode == DmaMode::burst && !fixed_ ? timing.longest_burst : 1;
    if (beats == 0) beats = (start % width + left + width - 1) / width;
    auto bytes = [&](uint64_t n) {
        return static_cast<uint32_t>(std::min(left, n * width - start % width));
    };
    const Time longest = bus_.policy().longest_tenure();
    if (longest != Time::max() && tenure_time(bytes(beats)) > longest) {
        uint64_t fits = 1;
        while (beats - fits > 1) {
            const uint64_t middle = (fits + beats) / 2;
            (tenure_time(bytes(middle)) > longest ? beats : fits) = middle;
        }
        beats = fits;
    }
    return bytes(beats);
}

/// The memory that the next bytes are in, or one without wait states for what is none.
const DirectMemory& MasterPort::next_memory() const {
    static const DirectMemory no_wait;
    const AddressSpace::Range* range = bus_.memory().find(target_address());
    return range && range->direct ? *range->direct : no_wait;
}

/// How long a tenure for the next `bytes` takes.
Time MasterPort::tenure_time(uint32_t bytes) const {
    return std::max(bus_.memory_time(next_memory(), target_address(), bytes), least_.get());
}

Time MasterPort::tenure_length() const { return tenure_time(tenure_bytes()); }

bool MasterPort::reaches(uint64_t address, uint64_t bytes) const {
    const uint64_t first = target_address();
    const uint64_t end = fixed_ ? first + bus_.timing().width : address_ + bytes_;
    return bytes_ != 0 && address < end && first < address + bytes;
}

void MasterPort::granted() {
    if (on_grant_ && moved_ == 0) on_grant_();
    tenure_ = tenure_bytes();
    const uint64_t at = target_address();
    bus_.snoop(*this, write_, at, tenure_);
    const Time duration =
        std::max(bus_.begin_memory(next_memory(), at, tenure_, begins), least_.get());
    bus_.occupy(*this, duration);
    if (probe_.wants(observe::Kind::burst))
        probe_.emit(begins, observe::Kind::burst, at, tenure_, duration.ps(),
                    static_cast<uint64_t>(command()), first_beat(),
                    (duration - bus_.beats_time(at, tenure_)).ps());
    tenure_end_.arm_at(begins + duration);
}

/// A processor took the bus back: the beat is to be repeated.
void MasterPort::abandoned() {
    if (!tenure_end_.armed()) return;  // cancelled
    tenure_end_.cancel();
    ++Contender::stats.abandoned;
    probe_.emit(owner_.now(), observe::Kind::abandon, target_address(), tenure_,
                (owner_.now() - begins).ps());
    ask();
}

/// What is on the data lines first: of a write, or of a read of memory.
uint64_t MasterPort::first_beat() const {
    const uint64_t at = target_address();
    const uint64_t width = bus_.timing().width;
    const size_t bytes = std::min<uint64_t>({sizeof(uint64_t), tenure_, width - at % width});
    if (!write_) return bus_.memory().peek_memory(at, bytes);
    uint64_t data = 0;
    std::memcpy(&data, buffer_.data() + moved_, bytes);
    return data;
}

void MasterPort::tenure_ended() {
    Contender::stats.bytes += tenure_;
    if (!move(tenure_)) {
        bytes_ = 0;
        lock(false);
        completion_(refused_ ? Result::target_abort : Result::master_abort);
        return;
    }
    moved_ = moved_ + tenure_;
    if (moved_ < bytes_) {
        ask();
        return;
    }
    bytes_ = 0;
    completion_(Result::done);
}

/// Moves the next `bytes` between the buffer and memory; false where an address is unclaimed.
bool MasterPort::move(uint32_t bytes) {
    uint8_t* data = buffer_.data() + moved_;
    uint64_t at = target_address();
    while (bytes > 0) {
        const AddressSpace::Range* range = bus_.memory().find(at);
        uint32_t part =
            range ? static_cast<uint32_t>(std::min<uint64_t>(bytes, range->last() - at + 1))
                  : bytes;
        Traffic& traffic = bus_.memory().traffic_of(range);  // an access may unmap the range
        if (range && range->direct && (range->direct->writable || !write_)) {
            uint8_t* host = range->direct->host + (at - range->start);
            if (write_) {
                std::memcpy(host, data, part);
                bus_.memory().wrote(*range->direct, *range, at, part);
            } else {
                std::memcpy(data, host, part);
            }
        } else if (!move_by_transport(at, data, part)) {
            bus_.memory().traffic_of(nullptr).bytes += bytes;
            return false;
        }
        traffic.bytes += part;
        at += part;
        data += part;
        bytes -= part;
    }
    return true;
}

bool MasterPort::move_by_transport(uint64_t address, uint8_t* data, uint32_t bytes) {
    Request request;
    while (bytes > 0) {
        // Devices take aligned accesses of their register width.
        uint32_t part = std::min<uint32_t>(bytes, 4 - address % 4);
        if (part == 3) part = address % 2 ? 1 : 2;
        sc_core::sc_time delay;
        Payload& payload = request.aim(write_, address, data, part);
        bus_.memory().transport(payload, delay);
        if (payload.get_response_status() != tlm::TLM_OK_RESPONSE) {
            refused_ = payload.get_response_status() != tlm::TLM_ADDRESS_ERROR_RESPONSE;
            return false;
        }
        address += part;
        data += part;
        bytes -= part;
    }
    return true;
}

}  // namespace sb::bus
