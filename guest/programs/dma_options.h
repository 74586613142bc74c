// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_PROGRAMS_DMA_OPTIONS_H
#define GUEST_PROGRAMS_DMA_OPTIONS_H

// What the DMA programs have in common: options that they share, and what to do about an error.
//
//   completion=interrupt   or polling, or message: how the end of a transfer is noticed
//   irq=apic               or pic: the interrupt controller

#include <cstdint>

#include "drivers/axi_cdma.h"
#include "runtime/command_line.h"
#include "runtime/interrupts.h"
#include "runtime/memory.h"
#include "runtime/print.h"

namespace guest {

// Ends the program if a call to the driver failed, saying what was being done.
inline void require(DmaError error, const AxiCdma& engine, const char* action) {
    if (error == DmaError::kNone) return;
    engine.print_error();
    fail("{}: {}", action, error_name(error));
}

inline void require(DmaError error, const char* action) {
    if (error != DmaError::kNone) fail("{}: {}", action, error_name(error));
}

inline AxiCdma::Completion parse_completion(const CommandLine& options) {
    const std::string_view name = options.text("completion", "interrupt");
    if (name == "polling") return AxiCdma::Completion::kPolling;
    if (name == "interrupt") return AxiCdma::Completion::kInterrupt;
    if (name == "message") return AxiCdma::Completion::kMessage;
    fail("completion={} is none of polling, interrupt, message", name);
}

// Opens the engine of this number.
inline void open_engine(AxiCdma& engine, uint32_t number, AxiCdma::Completion completion) {
    const DmaError error = engine.open(number, completion);
    if (error == DmaError::kNone) return;
    fail("engine {}: {}: the scenario needs an [engine] with device = \"axi-cdma\"", number,
         error_name(error));
}

// Memory that DMA programs copy to and from: whole pages.
inline void* allocate_pages(uint32_t bytes) { return allocate(bytes, kPageBytes); }

}  // namespace guest

#endif
