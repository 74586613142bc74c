// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_SERVICES_CLASSIC_H
#define GUEST_NETWORK_SERVICES_CLASSIC_H

#include "network/services/interrupt_driven.h"

namespace guest {

// As kernels were before polling: the top half takes all packets from the controller and puts them
// on a queue, from which the bottom half hands them to the protocols (4.2BSD's ipintrq and netisr,
// Linux's backlog before NAPI). Receiving comes before everything else, so that with more packets
// than can be dealt with, all of the time goes into receiving packets that are dropped at the
// queue: receive livelock (Mogul and Ramakrishnan, "Eliminating Receive Livelock in an
// Interrupt-driven Kernel", USENIX 1996, section 4.2).
class Classic final : public InterruptDriven, private PacketHandler {
  public:
    Classic(std::span<Interface* const> interfaces, NetworkStack& stack, const Setup& setup,
            uint32_t backlog)
        : InterruptDriven(interfaces, stack, setup), queue_(backlog) {}

    const char* name() const override { return "interrupt"; }

    static constexpr uint32_t kDefaultBacklog = 50;  // ipintrq's.

  private:
    void top_half(Port& port, uint8_t causes) override;
    void bottom_half() override;
    void handle(Packet& packet) override;

    PacketQueue queue_;
};

}  // namespace guest

#endif
