// SPDX-License-Identifier: Apache-2.0
//
// Registers and fields, declared once. A device's class lists its registers as members, each with
// name, offset, width, access, reset value, side effect and a line of documentation, and each field
// with its bits; from that declaration come decoding, access checks, the names in traces, the
// printed register map, the saved state and the fuzz tests.
//
//     RegisterBank bank{*this, {.name = "registers", .size = 8}};
//     Register status{bank, {.name = "STATUS", .offset = 7, .bits = 8, .access = ro, .reset = 0x50,
//                            .doc = "Device status", .effect = "reading clears INTRQ"},
//                     {.read = [this] { return read_status(); }}};
//     Field busy{status, "BSY", 7, "the device is busy"};
//     ... if (busy) ...;  busy = 1;
//
// Reading: the stored value, or what the `read` hook returns. Writing: writable bits are stored,
// write-one-to-clear bits are cleared, then the `write` hook is called with the value as written.
// Bits of fields that are read-only, and of no field where a register declares any, keep their
// value.
//
// Access: an access is cut into the registers that it covers. One that covers part of a register
// reads or writes those byte lanes. One wider than a `fifo` register repeats on it. Where no
// register is, the access reads `Spec::hole` and is a finding.
//
// Time: each register access takes `Spec::access_time`, plus what the hook adds by `stretch`. The
// hook's now() is the time at which its register's access begins.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/target.h"
#include "sim/kernel/component.h"
#include "sim/observe/stream.h"

namespace sb::bus {

enum class Access : uint8_t { rw, ro, wo, w1c };
inline constexpr Access rw = Access::rw, ro = Access::ro, wo = Access::wo, w1c = Access::w1c;
const char* name(Access access);

class Device;
class Field;
class Register;

class RegisterBank final : public Target {
  public:
    struct Spec {
        const char* name = "registers";
        uint32_t size = 0;         // bytes of address that the bank decodes
        Time access_time = {};     // of each register access
        uint64_t hole = 0;         // what is read where no register is (each byte lane of it)
        bool quiet_holes = false;  // accesses to holes are legal: no finding
        bool trace = true;         // emit read and write events
        /// Called for each access to a hole.
        std::function<void(uint32_t offset, bool write)> on_hole = {};
    };

    /// Adds itself to the owning device's banks.
    RegisterBank(Device& owner, Spec spec);
    RegisterBank(Component& owner, const observe::Probe& probe, Spec spec);
    ~RegisterBank() override;

    /// Made at the first call: a bank that is not mapped (index and data registers, configuration
    /// space) has none, since SystemC wants every socket bound.
    TargetSocket& socket();
    const Spec& spec() const { return spec_; }
    Component& owner() const { return owner_; }
    const std::vector<Register*>& registers() const { return registers_; }

    void transport(Payload& payload, sc_core::sc_time& delay) override;
    RegisterBank* register_bank(bool, uint64_t, unsigned) override { return this; }
    /// The register that takes an access whole, in whichever state the bank is; null where that is
    /// not so plain, and `transport` has to find out.
    Register* plain(bool write, uint32_t offset, unsigned bytes) const {
        if (offset >= plain_.size() || bytes - 1 > 3) return nullptr;
        return plain_[offset].at[write][bytes - 1];
    }
    /// The access to such a register, at now(); gives how long it takes.
    Time access_plain(bool write, Register& reg, unsigned bytes, uint32_t& value);
    /// An access at now() by the owner itself (index and data registers). `bytes` up to 8.
    uint64_t read(uint32_t offset, unsigned bytes);
    void write(uint32_t offset, unsigned bytes, uint64_t value);
    /// Called by a hook: the access in progress takes this much longer.
    void stretch(Time more) { stretched_ += more; }
    /// Every register gets its reset value, without calling hooks.
    void reset();
    /// Called after reset(), for what has to follow the registers' values.
    void on_reset(std::function<void()> hook) { on_reset_ = std::move(hook); }
    void set_access_time(Time t) { spec_.access_time = t; }

  private:
    friend class Register;
    void add(Register& reg);
    Register* find(uint32_t offset, bool write, uint64_t data) const;
    Register* covering(uint32_t offset, bool write, uint64_t data) const;
    uint64_t access(bool write, uint32_t offset, unsigned bytes, uint64_t data,
                    sc_core::sc_time* delay);
    uint64_t piece(bool write, uint32_t offset, unsigned bytes, uint64_t data, unsigned& done,
                   bool& repeat);
    uint64_t read_piece(Register& reg, unsigned shift, uint64_t mask);
    void write_piece(Register& reg, unsigned shift, uint64_t mask, uint64_t data);

    Component& owner_;
    const observe::Probe& probe_;
    Spec spec_;
    std::unique_ptr<TargetSocket> socket_;
    std::vector<Register*> registers_;
    std::vector<std::vector<Register*>> at_;  // by offset: the registers that start there
    struct Plain {
        Register* at[2][4] = {};  // by write and bytes - 1
    };
    std::vector<Plain> plain_;  // by offset
    void find_plain(uint32_t offset);
    Time stretched_;
    std::function<void()> on_reset_;
};

struct RegisterHooks {
    std::function<uint64_t()> read = {};
    std::function<void(uint64_t written)> write = {};
    /// The register answers at its offset only while this holds (bank-switched registers).
    std::function<bool()> when = {};
    /// Of several registers at one offset, a write goes to the first that takes the value (where
    /// bits of the value say which register is meant, as the 8259A's ICW1, OCW2 and OCW3).
    std::function<bool(uint64_t written)> takes = {};
};

class Register {
  public:
    struct Spec {
        std::string name;
        uint32_t offset = 0;
        unsigned bits = 32;  // 8, 16, 32 or 64
        Access access = rw;
        uint64_t reset = 0;
        std::string doc;
        std::string effect = {};  // side effect of reading or writing, for the printed map
        bool fifo = false;        // wider accesses repeat on it
        bool whole = false;       // answers accesses to all of it only; others find a hole
    };
    using Hooks = RegisterHooks;

    Register(RegisterBank& bank, Spec spec, Hooks hooks = {});
    Register(const Register&) = delete;
    Register& operator=(const Register&) = delete;

    const Spec& spec() const { return spec_; }
    const std::vector<const Field*>& fields() const { return fields_; }
    unsigned bytes() const { return spec_.bits / 8; }

    /// The stored value, as the device's own logic reads and writes it.
    uint64_t value() const { return value_; }
    operator uint64_t() const { return value_; }
    void set(uint64_t v) { value_ = v & all_; }
    Register& operator=(uint64_t v) {
        set(v);
        return *this;
    }
    bool readable() const { return spec_.access != wo; }
    bool writable() const { return spec_.access != ro; }

  private:
    friend class RegisterBank;
    friend class Field;
    void add(const Field& field);

    Spec spec_;
    Hooks hooks_;
    RegisterBank& bank_;
    uint64_t value_;
    uint64_t all_;
    uint64_t write_mask_;
    uint64_t clear_mask_ = 0;
    observe::Name trace_name_;
    std::vector<const Field*> fields_;
};

/// Bits of a register: `Field f{reg, "NAME", high, low, "doc"}` or `{reg, "NAME", bit, "doc"}`.
class Field {
  public:
    Field(Register& reg, const char* name, unsigned high, unsigned low, const char* doc)
        : Field{reg, name, high, low, doc, reg.spec().access} {}
    Field(Register& reg, const char* name, unsigned high, unsigned low, const char* doc,
          Access access)
        : reg_{reg},
          name_{name},
          doc_{doc},
          high_{high},
          low_{low},
          mask_{(high - low == 63 ? ~uint64_t{0} : (uint64_t{1} << (high - low + 1)) - 1) << low},
          access_{access} {
        reg.add(*this);
    }
    Field(Register& reg, const char* name, unsigned bit, const char* doc)
        : Field{reg, name, bit, bit, doc} {}
    Field(Register& reg, const char* name, unsigned bit, const char* doc, Access access)
        : Field{reg, name, bit, bit, doc, access} {}
    Field(const Field&) = delete;

    uint64_t get() const { return (reg_.value_ & mask_) >> low_; }
    operator uint64_t() const { return get(); }
    Field& operator=(uint64_t v) {
        reg_.value_ = (reg_.value_ & ~mask_) | ((v << low_) & mask_);
        return *this;
    }
    Field& operator=(const Field& o) { return *this = o.get(); }
    /// This field of some other value of the register, e.g. of what is being written.
    uint64_t of(uint64_t value) const { return (value & mask_) >> low_; }
    /// A value of the register with only this field set, to `v`.
    uint64_t make(uint64_t v = ~uint64_t{0}) const { return (v << low_) & mask_; }

    const char* name() const { return name_; }
    const char* doc() const { return doc_; }
    unsigned high() const { return high_; }
    unsigned low() const { return low_; }
    uint64_t mask() const { return mask_; }
    Access access() const { return access_; }

  private:
    Register& reg_;
    const char* name_;
    const char* doc_;
    unsigned high_;
    unsigned low_;
    uint64_t mask_;
    Access access_;
};

struct RegisterArrayHooks {
    std::function<uint64_t(unsigned index)> read = {};
    std::function<void(unsigned index, uint64_t written)> write = {};
};

/// `count` equal registers, `stride` bytes apart, named NAME0, NAME1, ...; hooks get the index.
class RegisterArray {
  public:
    using Hooks = RegisterArrayHooks;
    RegisterArray(RegisterBank& bank, Register::Spec spec, unsigned count, uint32_t stride,
                  Hooks hooks = {});
    Register& operator[](size_t i) { return *registers_[i]; }
    const Register& operator[](size_t i) const { return *registers_[i]; }
    size_t size() const { return registers_.size(); }

  private:
    std::vector<std::unique_ptr<Register>> registers_;
};

}  // namespace sb::bus
