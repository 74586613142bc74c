// SPDX-License-Identifier: Apache-2.0
//
// What an exporter knows of the machine beside its events.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/time.h"
#include "sim/observe/symbol_map.h"

namespace sb::observe {

struct TraceSetup {
    struct BusClock {
        std::string scope;  // of the waveform: VcdWriter::system_bus, VcdWriter::pci_bus
        Time period;
    };
    Time cpu_period = Time::ns(10);
    std::vector<BusClock> clocks;
    std::vector<std::string> pci_masters;  // sources that ask for the PCI bus, not the system bus
    SymbolMap symbols;
};

}  // namespace sb::observe
