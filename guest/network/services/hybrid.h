// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_SERVICES_HYBRID_H
#define GUEST_NETWORK_SERVICES_HYBRID_H

#include "network/services/interrupt_driven.h"

namespace guest {

// Polling where packets are frequent, interrupts where they are rare. An interrupt starts polling
// as with NAPI; but while at least `threshold` packets came in the last tick of the clock, the
// program goes on to look until it has found nothing `spins` times in a row. So under load packets
// are found as fast as by busy polling, and the processor sleeps when there is none.
class Hybrid final : public InterruptDriven {
  public:
    struct Limits {
        uint32_t budget = 64;     // Packets for each look.
        uint32_t threshold = 10;  // Packets in a tick.
        uint32_t spins = 200;     // Looks.
    };

    Hybrid(std::span<Interface* const> interfaces, NetworkStack& stack, const Setup& setup,
           const Limits& limits)
        : InterruptDriven(interfaces, stack, setup), limits_(limits) {}

    const char* name() const override { return "hybrid"; }
    bool run() override;
    bool has_work() const override { return polling_; }
    void tick() override;

  private:
    void top_half(Port& port, uint8_t causes) override;
    void bottom_half() override {}

    Limits limits_;
    volatile bool polling_ = false;   // Some port is.
    volatile bool frequent_ = false;  // Packets were, in the last tick.
    uint32_t packets_before_ = 0;
};

}  // namespace guest

#endif
