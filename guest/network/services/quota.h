// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_SERVICES_QUOTA_H
#define GUEST_NETWORK_SERVICES_QUOTA_H

#include "network/services/interrupt_driven.h"

namespace guest {

// The polling thread of Mogul and Ramakrishnan ("Eliminating Receive Livelock in an
// Interrupt-driven Kernel", USENIX 1996, section 6.4): an interrupt only wakes it. In turn it
// receives up to `quota` packets by each interface, each of them through to its end, and sends as
// many; it goes back to interrupts when there is nothing left to do. No packet is dropped once work
// has gone into it, unless a user process has to see it first: so where that one's queue is full,
// input stops until there is room again (section 6.6.1).
class Quota final : public InterruptDriven {
  public:
    Quota(std::span<Interface* const> interfaces, NetworkStack& stack, const Setup& setup,
          uint32_t quota)
        : InterruptDriven(interfaces, stack, setup), quota_(quota) {}

    const char* name() const override { return "quota"; }
    void inhibit_input() override;
    void resume_input() override;

  private:
    void top_half(Port& port, uint8_t causes) override;
    void bottom_half() override;
    bool serve(Port& port);

    uint32_t quota_;
    volatile bool inhibited_ = false;
};

}  // namespace guest

#endif
