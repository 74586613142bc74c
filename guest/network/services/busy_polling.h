// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_SERVICES_BUSY_POLLING_H
#define GUEST_NETWORK_SERVICES_BUSY_POLLING_H

#include "network/service.h"

namespace guest {

// The program looks at every controller in turn, over and over. No interrupts at all: the least
// latency and the least work for a packet, and a processor that is never free.
class BusyPolling final : public Service {
  public:
    // At most `budget` packets for each look.
    BusyPolling(std::span<Interface* const> interfaces, NetworkStack& stack, uint32_t budget)
        : Service(interfaces, stack), budget_(budget) {}

    const char* name() const override { return "poll"; }
    void start() override {}
    void stop() override {}
    bool run() override;
    bool has_work() const override { return true; }

  private:
    uint32_t budget_;
};

}  // namespace guest

#endif
