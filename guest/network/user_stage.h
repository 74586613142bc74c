// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_USER_STAGE_H
#define GUEST_NETWORK_USER_STAGE_H

// A user process between the kernel and what packets are for: screend, which says which packets a
// router may forward (Mogul and Ramakrishnan 1996, section 6.3), or a program with a socket. It
// runs when the kernel has nothing to do, and has a queue of its own, which fills up meanwhile.

#include "network/application.h"
#include "network/service.h"

namespace guest {

class UserStage final : public PacketHandler {
  public:
    // When the queue has `high` packets the service's input is inhibited, until it has `low` again,
    // or until the clock has ticked so often, in case that never happens. A `high` of 0: never.
    struct Limits {
        uint32_t queue = 32;
        uint32_t high = 0;
        uint32_t low = 0;
        uint32_t ticks = 1;
        uint32_t work = 0;  // For each packet.
    };

    UserStage(Application& application, Service& service, const Limits& limits)
        : application_(application), service_(service), limits_(limits), queue_(limits.queue) {}

    // From the kernel.
    void handle(Packet& packet) override;

    // One packet. False if there is none.
    bool run();

    bool has_work() const { return !queue_.empty(); }

    // The clock has ticked.
    void tick();

    uint32_t timeouts() const { return timeouts_; }

  private:
    void resume();

    Application& application_;
    Service& service_;
    Limits limits_;
    PacketQueue queue_;
    volatile bool inhibited_ = false;
    uint32_t ticks_ = 0;  // Since it was.
    uint32_t timeouts_ = 0;
};

}  // namespace guest

#endif
