// SPDX-License-Identifier: Apache-2.0
#include "bus/registers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "bus/device.h"

namespace sb::bus {
namespace {

uint64_t lanes(unsigned bytes) {
    return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * bytes)) - 1;
}

}  // namespace

const char* name(Access access) {
    switch (access) {
        case Access::rw:
            return "rw";
        case Access::ro:
            return "ro";
        case Access::wo:
            return "wo";
        case Access::w1c:
            return "w1c";
    }
    return "?";
}

// ---- Register

Register::Register(RegisterBank& bank, Spec spec, Hooks hooks)
    : spec_{std::move(spec)},
      hooks_{std::move(hooks)},
      bank_{bank},
      value_{spec_.reset},
      all_{lanes(bytes())},
      write_mask_{spec_.access == ro || spec_.access == w1c ? 0 : all_},
      clear_mask_{spec_.access == w1c ? all_ : 0},
      trace_name_{bank.probe_.stream().intern(spec_.name)} {
    bank.add(*this);
    bank.owner().declare_state(
        fmt::format("{}.{}@{:x}", bank.spec().name, spec_.name, spec_.offset),
        [this](Archive& archive) {
            archive.value(fmt::format("{}.{}@{:x}", bank_.spec().name, spec_.name, spec_.offset),
                          value_);
        });
}

void Register::add(const Field& field) {
    // The first field makes undeclared bits reserved: they keep their value.
    if (fields_.empty()) write_mask_ = clear_mask_ = 0;
    fields_.push_back(&field);
    if (field.access() == rw || field.access() == wo) write_mask_ |= field.mask();
    if (field.access() == w1c) clear_mask_ |= field.mask();
}

// ---- RegisterBank

RegisterBank::RegisterBank(Device& owner, Spec spec) : RegisterBank{owner, owner.probe(), spec} {
    owner.add_bank(*this);
}

RegisterBank::RegisterBank(Component& owner, const observe::Probe& probe, Spec spec)
    : owner_{owner}, probe_{probe}, spec_{spec} {
    at_.resize(spec_.size);
    plain_.resize(spec_.size);
}

RegisterBank::~RegisterBank() = default;

TargetSocket& RegisterBank::socket() {
    if (!socket_) socket_ = std::make_unique<TargetSocket>(owner_, spec_.name, *this);
    return *socket_;
}

void RegisterBank::add(Register& reg) {
    if (reg.spec().offset >= spec_.size)
        throw Error(
            fmt::format("{}: register {} lies outside its bank", owner_.path(), reg.spec().name));
    registers_.push_back(&reg);
    at_[reg.spec().offset].push_back(&reg);
    find_plain(reg.spec().offset);
}

/// As `find`, as far as it goes without asking the hooks.
void RegisterBank::find_plain(uint32_t offset) {
    plain_[offset] = {};
    for (const bool write : {false, true}) {
        for (Register* reg : at_[offset]) {
            if (reg->hooks_.when || (write && reg->hooks_.takes)) break;
            if (!(write ? reg->writable() : reg->readable())) continue;
            if (reg->bytes() <= 4) plain_[offset].at[write][reg->bytes() - 1] = reg;
            break;
        }
    }
}

Time RegisterBank::access_plain(bool write, Register& reg, unsigned bytes, uint32_t& value) {
    stretched_ = spec_.access_time;
    if (write)
        write_piece(reg, 0, lanes(bytes), value);
    else
        value = static_cast<uint32_t>(read_piece(reg, 0, lanes(bytes)));
    return stretched_;
}

Register* RegisterBank::find(uint32_t offset, bool write, uint64_t data) const {
    if (offset >= at_.size()) return nullptr;
    Register* other = nullptr;
    for (Register* reg : at_[offset]) {
        if (reg->hooks_.when && !reg->hooks_.when()) continue;
        if (write && reg->hooks_.takes && !reg->hooks_.takes(data & reg->all_)) continue;
        if (write ? reg->writable() : reg->readable()) return reg;
        other = reg;
    }
    return other;
}

/// The register that starts at `offset` or, failing that, one that covers it.
Register* RegisterBank::covering(uint32_t offset, bool write, uint64_t data) const {
    for (uint32_t back = 0; back < 8 && back <= offset; ++back)
        if (Register* reg = find(offset - back, write, data); reg && reg->bytes() > back)
            return reg;
    return nullptr;
}

void RegisterBank::transport(Payload& payload, sc_core::sc_time& delay) {
    const unsigned bytes = payload.get_data_length();
    uint8_t* data = payload.get_data_ptr();
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    for (unsigned done = 0; done < bytes;) {
        const unsigned part = std::min(8u, bytes - done);
        const auto offset = static_cast<uint32_t>(payload.get_address() + done);
        uint64_t value = 0;
        if (payload.is_write()) {
            std::memcpy(&value, data + done, part);
            access(true, offset, part, value, &delay);
        } else {
            value = access(false, offset, part, 0, &delay);
            std::memcpy(data + done, &value, part);
        }
        done += part;
    }
}

uint64_t RegisterBank::read(uint32_t offset, unsigned bytes) {
    return access(false, offset, bytes, 0, nullptr);
}

void RegisterBank::write(uint32_t offset, unsigned bytes, uint64_t value) {
    access(true, offset, bytes, value, nullptr);
}

/// Cuts the access into registers; with `delay`, each piece begins when the one before has ended.
uint64_t RegisterBank::access(bool write, uint32_t offset, unsigned bytes, uint64_t data,
                              sc_core::sc_time* delay) {
    uint64_t result = 0;
    for (unsigned at = 0; at < bytes;) {
        unsigned done = 1;
        bool repeat = false;
        stretched_ = spec_.access_time;
        uint64_t part = 0;
        if (delay) {
            Simulation::LocalTime local{owner_.simulation(), Time::from(*delay)};
            part = piece(write, offset, bytes - at, data >> (8 * at), done, repeat);
            *delay += stretched_.sc();
        } else {
            part = piece(write, offset, bytes - at, data >> (8 * at), done, repeat);
        }
        result |= (part & lanes(done)) << (8 * at);
        at += done;
        if (!repeat) offset += done;
    }
    return result;
}

uint64_t RegisterBank::piece(bool write, uint32_t offset, unsigned bytes, uint64_t data,
                             unsigned& done, bool& repeat) {
    Register* reg = covering(offset, write, data);
    if (reg && reg->spec().whole && (bytes < reg->bytes() || offset != reg->spec().offset))
        reg = nullptr;
    if (!reg || !(write ? reg->writable() : reg->readable())) {
        done = 1;
        if (reg) done = std::min(bytes, reg->bytes() - (offset - reg->spec().offset));
        if (!reg && spec_.on_hole) spec_.on_hole(offset, write);
        if (!reg && !spec_.quiet_holes)
            owner_.finding("a register that does not exist was accessed", [&] {
                return fmt::format("{} of {} byte(s) at offset {:#x} of {}",
                                   write ? "write" : "read", bytes, offset, spec_.name);
            });
        return spec_.hole >> (8 * (offset % 8));
    }
    const unsigned shift = 8 * (offset - reg->spec().offset);
    done = std::min(bytes, reg->bytes() - shift / 8);
    const uint64_t mask = lanes(done);
    repeat = reg->spec().fifo && done == reg->bytes();
    if (!write) return read_piece(*reg, shift, mask);
    write_piece(*reg, shift, mask, data);
    return 0;
}

uint64_t RegisterBank::read_piece(Register& reg, unsigned shift, uint64_t mask) {
    const uint64_t whole = reg.hooks_.read ? reg.hooks_.read() : reg.value_;
    const uint64_t value = (whole >> shift) & mask;
    if (spec_.trace)
        probe_.emit(owner_.now(), observe::Kind::register_read, reg.trace_name_, value);
    return value;
}

void RegisterBank::write_piece(Register& reg, unsigned shift, uint64_t mask, uint64_t data) {
    // Byte lanes that are not written keep their value, and clear nothing.
    const uint64_t lanes_written = mask << shift;
    const uint64_t given = (data & mask) << shift;
    if (spec_.trace)
        probe_.emit(owner_.now(), observe::Kind::register_write, reg.trace_name_, data & mask);
    const uint64_t stored = reg.write_mask_ & lanes_written;
    const uint64_t old = reg.value_;
    reg.value_ = ((old & ~stored) | (given & stored)) & ~(given & reg.clear_mask_ & lanes_written);
    if (reg.hooks_.write) reg.hooks_.write(given | (old & ~lanes_written & ~reg.clear_mask_));
}

void RegisterBank::reset() {
    for (Register* reg : registers_) reg->value_ = reg->spec_.reset;
    if (on_reset_) on_reset_();
}

// ---- RegisterArray

RegisterArray::RegisterArray(RegisterBank& bank, Register::Spec spec, unsigned count,
                             uint32_t stride, Hooks hooks) {
    for (unsigned i = 0; i < count; ++i) {
        Register::Spec one = spec;
        one.name += std::to_string(i);
        one.offset += i * stride;
        Register::Hooks bound;
        if (hooks.read) bound.read = [read = hooks.read, i] { return read(i); };
        if (hooks.write) bound.write = [write = hooks.write, i](uint64_t v) { write(i, v); };
        registers_.push_back(std::make_unique<Register>(bank, std::move(one), std::move(bound)));
    }
}

}  // namespace sb::bus
