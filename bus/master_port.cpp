// SPDX-License-Identifier: Apache-2.0
#include "bus/master_port.h"

#include <algorithm>
#include <cstring>

namespace sb::bus {

MasterPort::MasterPort(Component& owner, SystemBus& bus, observe::Stream& stream,
                       const std::string& name, unsigned priority, Completion completion)
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
    Contender::priority = priority;
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
    bus_.ask(*this);
}

void MasterPort::aim(bool write, uint64_t address, uint32_t bytes, Time least) {
    write_ = write;
    address_ = address;
    bytes_ = std::min(bytes, max_bytes);
    least_ = least;
    fixed_ = false;
}

void MasterPort::cancel() {
    if (waiting) {
        waiting = false;
        --bus_.waiting_;
    }
    tenure_end_.cancel();
    bytes_ = 0;
}

uint32_t MasterPort::tenure_bytes() const {
    const uint64_t width = bus_.timing().width;
    const uint64_t start = target_address();
    const uint64_t beats = fixed_ ? 1 : bus_.timing().longest_burst;
    const uint64_t most = beats * width - start % width;
    return static_cast<uint32_t>(std::min<uint64_t>(bytes_ - moved_, most));
}

void MasterPort::granted() {
    if (on_grant_ && moved_ == 0) on_grant_();
    tenure_ = tenure_bytes();
    const uint64_t at = target_address();
    const AddressSpace::Range* range = bus_.memory().find(at);
    static const DirectMemory no_wait;
    const DirectMemory& memory = range && range->direct ? *range->direct : no_wait;
    const Time duration = std::max(bus_.memory_time(memory, at, tenure_), least_.get());
    bus_.hold(*this, owner_.now(), duration, tenure_);
    probe_.emit(owner_.now(), observe::Kind::burst, at, tenure_, duration.ps());
    tenure_end_.arm_after(duration);
}

void MasterPort::tenure_ended() {
    if (!move(tenure_)) {
        bytes_ = 0;
        completion_(Result::master_abort);
        return;
    }
    moved_ = moved_ + tenure_;
    if (moved_ < bytes_) {
        bus_.ask(*this);
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
        if (range && range->direct && (range->direct->writable || !write_)) {
            uint8_t* host = range->direct->host + (at - range->start);
            if (write_) {
                std::memcpy(host, data, part);
                bus_.memory().wrote(*range->direct, *range, at, part);
            } else {
                std::memcpy(data, host, part);
            }
        } else if (!move_by_transport(at, data, part)) {
            return false;
        }
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
        if (payload.get_response_status() != tlm::TLM_OK_RESPONSE) return false;
        address += part;
        data += part;
        bytes -= part;
    }
    return true;
}

}  // namespace sb::bus
