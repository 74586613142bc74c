// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_SERVICES_CLOCKED_H
#define GUEST_NETWORK_SERVICES_CLOCKED_H

#include "network/service.h"

namespace guest {

// Sleeps, and looks at every controller whenever the clock ticks ("clocked interrupts", Traw and
// Smith 1993). What a packet waits for is known beforehand, and so is how often the processor is
// interrupted, whatever comes.
class Clocked final : public Service {
  public:
    // At most `budget` packets by each interface for each tick.
    Clocked(std::span<Interface* const> interfaces, NetworkStack& stack, uint32_t budget)
        : Service(interfaces, stack), budget_(budget) {}

    const char* name() const override { return "clocked"; }
    void start() override {}
    void stop() override {}
    bool run() override;
    bool has_work() const override { return due_; }
    void tick() override { due_ = true; }

  private:
    uint32_t budget_;
    volatile bool due_ = false;
};

}  // namespace guest

#endif
