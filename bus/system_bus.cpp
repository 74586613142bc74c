// SPDX-License-Identifier: Apache-2.0
#include "bus/system_bus.h"

#include <algorithm>

#include "bus/dram.h"

namespace sb::bus {

SystemBus::SystemBus(Simulation& sim, observe::Stream& stream, const std::string& name,
                     SystemBusTiming timing, AddressSpace& memory, AddressSpace& ports)
    : Component{sim, name},
      timing_{timing},
      memory_{memory},
      ports_{ports},
      probe_{stream, name},
      arbitration_{*this, "arbitration", [this] { arbitrate(); }} {
    declare_state("masters", [this](Archive& archive) {
        waiting_ = 0;
        for (Contender* c : contenders_) {
            Archive::Scope scope{archive, c->stats.name};
            archive.value("since", c->since);
            archive.value("asked", c->asked);
            archive.value("waiting", c->waiting);
            waiting_ += c->waiting;
        }
        account_.archive(archive);
    });
}

/// The DRAM's own times take the place of the data clocks where they are longer; the wait states
/// that are configured, the chip set's own, come on top.
Time SystemBus::dram_time(const DirectMemory& memory, uint64_t address, uint64_t beats,
                          Time start) {
    const Time head = timing_.clock.cycles(timing_.address_clocks);
    const Time waits =
        timing_.clock.cycles(memory.first_wait_clocks + (beats - 1) * memory.next_wait_clocks);
    const Time data =
        memory.dram->access(address, beats, timing_.width,
                            timing_.clock.cycles(timing_.data_clocks), timing_.clock, start + head);
    return head + data + waits;
}

void SystemBus::join(Contender& contender) {
    contenders_.push_back(&contender);
    account_.add(contender.stats);
}

void SystemBus::ask(Contender& contender) {
    contender.waiting = true;
    contender.since = asked_.ref()++;
    contender.asked = now();
    ++waiting_;
    schedule_arbitration();
}

void SystemBus::schedule_arbitration() {
    if (waiting_ > 0 && !reserved_ && !arbitration_.armed())
        arbitration_.arm_at(std::max(busy_until_.get(), now()));
}

void SystemBus::arbitrate() {
    // A processor's access may have been counted in since this was scheduled.
    if (reserved_ || waiting_ == 0) return;
    if (busy_until_.get() > now()) {
        schedule_arbitration();
        return;
    }
    Contender* winner = nullptr;
    for (Contender* c : contenders_) {
        if (!c->waiting) continue;
        if (!winner || c->priority < winner->priority ||
            (c->priority == winner->priority && c->since < winner->since))
            winner = c;
    }
    winner->waiting = false;
    --waiting_;
    const Time waited = now() - winner->asked;
    BusAccount::waited(winner->stats, waited);
    if (waited > Time{}) winner->probe->emit(now(), observe::Kind::bus_wait, waited.ps());
    winner->granted();
    schedule_arbitration();
}

}  // namespace sb::bus
