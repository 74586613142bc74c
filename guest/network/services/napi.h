// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_SERVICES_NAPI_H
#define GUEST_NETWORK_SERVICES_NAPI_H

#include "network/services/interrupt_driven.h"

namespace guest {

// Linux's "new API": an interrupt only starts the polling of its controller, whose interrupts stay
// disabled until a poll finds less than it might have taken. So there is an interrupt for each
// packet while there is little to do, and hardly any where packets come without a break; those that
// are too many are lost in the controller, at no cost (Documentation/networking/napi.rst).
class Napi final : public InterruptDriven {
  public:
    struct Limits {
        uint32_t weight = 64;   // Packets from one controller before it is another one's turn,
        uint32_t budget = 300;  // and from all of them before programs run.
    };

    Napi(std::span<Interface* const> interfaces, NetworkStack& stack, const Setup& setup,
         const Limits& limits)
        : InterruptDriven(interfaces, stack, setup), limits_(limits) {}

    const char* name() const override { return "napi"; }
    bool run() override;
    bool has_work() const override { return deferred_; }

  private:
    void top_half(Port& port, uint8_t causes) override;
    void bottom_half() override;
    bool poll_once(Port& port, uint32_t& budget);

    Limits limits_;
    volatile bool deferred_ = false;  // The budget is used up: the rest is the program's to run.
};

}  // namespace guest

#endif
