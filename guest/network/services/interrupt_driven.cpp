// SPDX-License-Identifier: Apache-2.0
#include "network/services/interrupt_driven.h"

#include "network/bottom_half.h"
#include "network/phase.h"
#include "runtime/print.h"

namespace guest {

InterruptDriven::InterruptDriven(std::span<Interface* const> interfaces, NetworkStack& stack,
                                 const Setup& setup)
    : Service(interfaces, stack), setup_(setup) {
    for (uint32_t i = 0; i < interfaces.size() && i < kMostPorts; ++i) {
        ports_[i].service = this;
        ports_[i].interface = interfaces[i];
    }
}

void InterruptDriven::start() {
    bottom_half::open([](void* self) { static_cast<InterruptDriven*>(self)->bottom_half(); }, this);
    for (Port& port : ports()) {
        NetworkDevice& device = port.interface->device();
        if (!device.attach(setup_.way, on_interrupt, &port)) {
            fail("{}: cannot interrupt by {}", device.name(),
                 setup_.way == NetworkDevice::InterruptBy::kMessage ? "messages" : "its line");
        }
        setup_.moderation.start(device, port.moderation);
        port.enabled = true;
        device.enable_interrupts();
    }
}

void InterruptDriven::stop() {
    for (Port& port : ports()) {
        port.enabled = false;
        port.interface->device().disable_interrupts();
    }
    statistics_.moderation_changes = setup_.moderation.changes();
    statistics_.last_moderation = setup_.moderation.last_change();
}

// A line may be shared: then it can be another controller that interrupts while this one is polled
// anyway, and is not to be asked.
void InterruptDriven::on_interrupt(InterruptFrame&, void* context) {
    const Phases::Scope phase(Phase::kTopHalf);
    Port& port = *static_cast<Port*>(context);
    if (!port.enabled) return;
    const uint8_t causes = port.interface->device().acknowledge();
    if (causes == 0) return;
    ++port.service->statistics_.interrupts;
    port.service->top_half(port, causes);
}

void InterruptDriven::schedule(Port& port) {
    port.interface->device().disable_interrupts();
    port.enabled = false;
    port.scheduled = true;
}

bool InterruptDriven::rearm(Port& port, uint8_t causes) {
    const InterruptGuard guard;
    NetworkDevice& device = port.interface->device();
    port.scheduled = false;
    port.enabled = true;
    device.enable_interrupts(causes);
    ++statistics_.rearms;
    if (!(causes & cause::kReceive) || !device.has_received()) return true;
    ++statistics_.races;
    schedule(port);
    return false;
}

}  // namespace guest
