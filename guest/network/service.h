// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_SERVICE_H
#define GUEST_NETWORK_SERVICE_H

// When controllers are looked at, and by whom: the ways to serve a network, each in one file of
// services/. A program swaps one for another and nothing else changes:
//
//     service.start();
//     while (!over()) {
//         if (!service.run()) ...  // Halt until an interrupt, unless service.has_work().
//     }
//     service.stop();
//
// A service's program runs with interrupts on. What it shares with handlers it holds with an
// InterruptGuard.

#include <cstdint>
#include <span>

#include "network/interface.h"
#include "network/stack.h"

namespace guest {

struct ServiceStatistics {
    uint32_t interrupts;    // Of the controllers.
    uint32_t polls;         // Looks at a controller, from handlers and elsewhere,
    uint32_t empty_polls;   // those that found nothing,
    uint32_t packets;       // and what the others found.
    uint32_t most_at_once;  // By one poll.
    uint32_t rearms;        // Returns from polling to interrupts,
    uint32_t races;         // and those that found a packet which had come in between.
    uint32_t moderation_changes;  // How often the policy has changed the controllers' moderation,
    uint32_t last_moderation;     // and the tick of the clock at which it did so last.
    uint32_t inhibits;      // How often a full queue stopped the input,
    uint32_t timeouts;      // and how often the clock let it on again.
};

class Service {
  public:
    Service(std::span<Interface* const> interfaces, NetworkStack& stack)
        : interfaces_(interfaces), stack_(stack) {}

    virtual const char* name() const = 0;

    // From now on packets are taken. With interrupts off, as stop().
    virtual void start() = 0;
    virtual void stop() = 0;

    // Does what is due outside of handlers. False if there is nothing.
    virtual bool run() = 0;

    // Whether there is, now: with interrupts off.
    virtual bool has_work() const = 0;

    // A user process's queue is full, and has room again: with interrupts off, from a handler too.
    // What comes of it is up to the service.
    virtual void inhibit_input() {}
    virtual void resume_input() {}

    // The clock has ticked. From its handler.
    virtual void tick() {}

    const ServiceStatistics& statistics() const { return statistics_; }

  protected:
    // Looks at an interface once.
    uint32_t poll(Interface& interface, uint32_t budget, PacketHandler& handler) {
        const uint32_t packets = interface.device().poll(budget, handler);
        ++statistics_.polls;
        statistics_.empty_polls += packets == 0;
        statistics_.packets += packets;
        if (packets > statistics_.most_at_once) statistics_.most_at_once = packets;
        return packets;
    }

    std::span<Interface* const> interfaces_;
    NetworkStack& stack_;
    ServiceStatistics statistics_ = {};
};

// No limit to what is done at once.
inline constexpr uint32_t kUnlimited = UINT32_MAX;

}  // namespace guest

#endif
