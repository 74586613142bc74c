// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_SERVICES_INTERRUPT_DRIVEN_H
#define GUEST_NETWORK_SERVICES_INTERRUPT_DRIVEN_H

#include "network/moderation/moderation.h"
#include "network/service.h"

namespace guest {

// What services that use interrupts have in common: a top half for each interface, a bottom half
// for all of them.
class InterruptDriven : public Service {
  public:
    // How controllers interrupt, and who says how far they hold their interrupts back.
    struct Setup {
        NetworkDevice::InterruptBy way;
        ModerationPolicy& moderation;
    };

    // Ends the program if a controller cannot interrupt in this way.
    void start() override;
    void stop() override;
    bool run() override { return false; }
    bool has_work() const override { return false; }

  protected:
    InterruptDriven(std::span<Interface* const> interfaces, NetworkStack& stack,
                    const Setup& setup);

    struct Port {
        InterruptDriven* service = nullptr;
        Interface* interface = nullptr;
        bool enabled = false;      // Its interrupts are.
        bool scheduled = false;    // To be polled.
        uint32_t empty_polls = 0;  // In a row.
        ModerationState moderation;
    };

    // The controller has interrupted for these reasons. With interrupts off.
    virtual void top_half(Port& port, uint8_t causes) = 0;

    // What it has requested. With interrupts on.
    virtual void bottom_half() = 0;

    std::span<Port> ports() { return {ports_, interfaces_.size()}; }

    // From interrupts to polling: the controller's stay disabled until rearm(). In its top half.
    void schedule(Port& port);

    // Back from polling to interrupts of these causes. False where a packet has come after the last
    // look at the controller and before its interrupts were enabled: one that might never be
    // reported, on a controller that forgets what happened while it was not to interrupt. The port
    // stays scheduled then.
    bool rearm(Port& port, uint8_t causes = cause::kAll);

    void moderate(Port& port) {
        setup_.moderation.update(port.interface->device(), port.moderation);
    }

  private:
    static void on_interrupt(InterruptFrame& frame, void* context);

    static constexpr uint32_t kMostPorts = 4;
    Setup setup_;
    Port ports_[kMostPorts];
};

}  // namespace guest

#endif
