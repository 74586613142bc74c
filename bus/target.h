// SPDX-License-Identifier: Apache-2.0
//
// TLM-2.0 sockets as this project uses them: blocking transport of the standard generic payload
// with the delay annotated, so that any TLM-2.0 model can be plugged in on either side.
//
// Contract of `Target::transport`: `delay` is the initiator's local time as an offset from the
// kernel's (TLM-2.0 LRM, 11.1.2); the access begins at that time; the target adds how long it
// takes. Addresses are relative to the start of the mapped range. Byte enables and streaming are
// not used.
#pragma once

#include <tlm>

#include "sim/kernel/time.h"

namespace sb::bus {

using Payload = tlm::tlm_generic_payload;

class RegisterBank;

class Target {
  public:
    virtual ~Target() = default;
    /// The bank of declared registers that an access would end in and that nobody else needs to
    /// see: those have a short way. Null where there is none. No side effects.
    virtual RegisterBank* register_bank(bool, uint64_t, unsigned) { return nullptr; }
    virtual void transport(Payload& payload, sc_core::sc_time& delay) = 0;
    /// Memory that may be accessed by pointer; false where there is none.
    virtual bool direct_memory(Payload&, tlm::tlm_dmi&) { return false; }
    /// Reads or writes without time and side effects; returns the bytes done.
    virtual unsigned debug(Payload&) { return 0; }
};

/// Makes `module` the parent of what is constructed until leave(): a socket may then be made at any
/// time before the simulation starts, not only inside a module's own constructor.
class InModule {
  protected:
    explicit InModule(sc_core::sc_module& module) {
        sc_core::sc_get_curr_simcontext()->hierarchy_push(&module);
    }
    static void leave() { sc_core::sc_get_curr_simcontext()->hierarchy_pop(); }
};

/// A target socket of `module` that hands everything to one Target.
class TargetSocket final : private InModule,
                           public tlm::tlm_target_socket<32>,
                           private tlm::tlm_fw_transport_if<> {
  public:
    TargetSocket(sc_core::sc_module& module, const std::string& name, Target& target)
        : InModule{module}, tlm::tlm_target_socket<32>{name.c_str()}, target_{target} {
        bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
        leave();
    }
    Target& target() { return target_; }

  private:
    void b_transport(Payload& payload, sc_core::sc_time& delay) override {
        target_.transport(payload, delay);
    }
    tlm::tlm_sync_enum nb_transport_fw(Payload& payload, tlm::tlm_phase&,
                                       sc_core::sc_time& delay) override {
        target_.transport(payload, delay);
        return tlm::TLM_COMPLETED;
    }
    bool get_direct_mem_ptr(Payload& payload, tlm::tlm_dmi& dmi) override {
        return target_.direct_memory(payload, dmi);
    }
    unsigned transport_dbg(Payload& payload) override { return target_.debug(payload); }

    Target& target_;
};

/// An initiator socket that expects nothing back: all of our initiators block.
class InitiatorSocket final : private InModule,
                              public tlm::tlm_initiator_socket<32>,
                              private tlm::tlm_bw_transport_if<> {
  public:
    InitiatorSocket(sc_core::sc_module& module, const std::string& name)
        : InModule{module}, tlm::tlm_initiator_socket<32>{name.c_str()} {
        bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
        leave();
    }

  private:
    tlm::tlm_sync_enum nb_transport_bw(Payload&, tlm::tlm_phase&, sc_core::sc_time&) override {
        return tlm::TLM_COMPLETED;
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
};

/// A payload with the fields that never change set once; `aim` sets the rest.
class Request {
  public:
    Request() {
        payload.set_byte_enable_ptr(nullptr);
        payload.set_dmi_allowed(false);
    }
    Payload& aim(bool write, uint64_t address, void* data, unsigned bytes) {
        payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        payload.set_address(address);
        payload.set_data_ptr(static_cast<unsigned char*>(data));
        payload.set_data_length(bytes);
        payload.set_streaming_width(bytes);
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        return payload;
    }
    Payload payload;
};

}  // namespace sb::bus
