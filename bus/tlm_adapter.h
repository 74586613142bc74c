// SPDX-License-Identifier: Apache-2.0
//
// Puts a TLM-2.0 target that is not ours onto the board. Such a model may read the kernel's time or
// call wait(), and would not understand an initiator that runs ahead, so the adapter brings the
// calling thread in step with the kernel first, and hands the access on with no delay.
//
// It works for accesses by processors, whose sockets are called from an SC_THREAD. A bus master's
// burst runs in a timer and can not wait: what it aims at a foreign target ends as a master abort.
#pragma once

#include <tlm>

#include "bus/device.h"

namespace sb::bus {

class TlmAdapter final : public Component, public Target {
  public:
    TlmAdapter(Simulation& sim, const std::string& name)
        : Component{sim, name}, out_{*this, "out"}, socket_{*this, "in", *this} {}

    /// Connects the foreign model, before the simulation starts.
    template <typename ForeignSocket>
    void bind(ForeignSocket& foreign) {
        out_.bind(foreign);
    }
    /// What to attach to an address space.
    TargetSocket& socket() { return socket_; }

    void transport(Payload& payload, sc_core::sc_time& delay) override {
        if (sc_core::sc_get_current_process_handle().proc_kind() != sc_core::SC_THREAD_PROC_) {
            payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            finding("a bus master aimed at a foreign target, which can not wait");
            return;
        }
        // Whatever runs while this thread waits must see the kernel's time, not the initiator's.
        Simulation::LocalTime in_step{simulation(), {}};
        resume_.wait_until(simulation().kernel_now() + Time::from(delay));
        delay = sc_core::SC_ZERO_TIME;
        out_->b_transport(payload, delay);
    }

  private:
    InitiatorSocket out_;
    TargetSocket socket_;
    Resume resume_{*this, "resume"};
};

}  // namespace sb::bus
