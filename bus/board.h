// SPDX-License-Identifier: Apache-2.0
//
// What a device finds when it is plugged in: the address spaces, the system bus, the interrupt
// lines by name, the PCI bus, and the services that other devices offer by name (an ATA cable,
// say). A device is wired by these names alone, so no device includes another one's header.
#pragma once

#include <any>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/line.h"
#include "bus/master_port.h"
#include "bus/processor_port.h"

namespace sb::pci {
class Bus;
}

namespace sb::bus {

class Board {
  public:
    Board(Simulation& sim, observe::Stream& stream, SystemBus& bus)
        : sim{sim}, stream{stream}, bus{bus}, memory{bus.memory()}, ports{bus.ports()} {
        buses.push_back(&bus);
    }

    Simulation& sim;
    observe::Stream& stream;
    SystemBus& bus;
    AddressSpace& memory;
    AddressSpace& ports;
    pci::Bus* pci = nullptr;
    /// All that give an account of themselves; whoever is a bus adds itself.
    std::vector<AccountedBus*> buses;

    /// The line of this name, made on first use. Lines of a PC: "irq0" to "irq23" (the I/O APIC's
    /// inputs; 0 to 15 are the 8259 pair's as well), "pic.intr" (8259 to LINT0 or the processor),
    /// "intr" and "nmi" (to the processor).
    Line& line(const std::string& name);
    /// Makes an object known by name, for devices that are built later.
    template <typename T>
    void offer(const std::string& name, T& service) {
        services_[name] = &service;
    }
    /// The offered object; null where there is none of that name and type.
    template <typename T>
    T* find(const std::string& name) const {
        auto found = services_.find(name);
        if (found == services_.end()) return nullptr;
        auto* pointer = std::any_cast<T*>(&found->second);
        return pointer ? *pointer : nullptr;
    }

    /// The object of this name and type, made on first use and owned by the board: what several
    /// devices share and none of them owns (the APIC bus).
    template <typename T>
    T& shared(const std::string& name) {
        if (T* known = find<T>(name)) return *known;
        auto made = std::make_shared<T>();
        owned_.push_back(made);
        offer(name, *made);
        return *made;
    }

  private:
    std::vector<std::shared_ptr<void>> owned_;
    std::map<std::string, std::unique_ptr<Line>> lines_;
    std::map<std::string, std::any> services_;
};

}  // namespace sb::bus
