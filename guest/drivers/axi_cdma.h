// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_AXI_CDMA_H
#define GUEST_DRIVERS_AXI_CDMA_H

// A DMA engine that copies memory to memory: the AXI Central DMA Controller (AMD PG034 v4.1) as a
// PCI function.
//
//     AxiCdma engine;
//     engine.open(0, AxiCdma::Completion::kInterrupt);
//     engine.start(to, from, bytes);      // or start(chain)
//     ...                                 // the processor is free
//     engine.wait();                      // the data is in its place
//
// After an error the engine has been reset, and takes the next request. print_error() says what it
// had reported.

#include <cstdint>

#include "boot/interrupt_frame.h"
#include "drivers/descriptor_chain.h"
#include "drivers/dma_error.h"
#include "runtime/pci.h"

namespace guest {

class AxiCdma {
  public:
    // How wait() learns of the end.
    enum class Completion : uint8_t {
        kPolling,    // It reads the status until the engine is idle.
        kInterrupt,  // It sleeps until an interrupt by the PCI line. Like the next one, this needs
        kMessage,    // an interrupt controller to be chosen. A message-signalled interrupt.
    };

    // Of the interrupts of a chain: one after every `threshold` descriptors (1 to 255), and where
    // `delay` is not 0, one when the engine has been idle for 125 x delay of its clocks with some
    // still unreported. Without a delay the threshold has to divide the length of the chain, or its
    // last descriptors would never be reported: start() refuses that.
    struct Coalescing {
        uint8_t threshold = 1;
        uint8_t delay = 0;
    };

    // Which side keeps its address: that of a device's data register, for each word.
    enum class KeyHole : uint8_t { kNone, kRead, kWrite };

    // The engine of this number, from 0 on. kNotSupported where the firmware has given it no
    // address, or where it cannot interrupt in this way. Called once.
    DmaError open(uint32_t number, Completion completion);

    void set_coalescing(Coalescing coalescing) { coalescing_ = coalescing; }

    // One piece of memory, of 1 to DescriptorChain::kMostBytes. Like the others, kBadRequest while
    // something is running that nobody has waited for.
    DmaError start(uint32_t to, uint32_t from, uint32_t bytes, KeyHole key_hole = KeyHole::kNone);

    // A chain that is new or rearmed; kBadRequest for any other.
    DmaError start(const DescriptorChain& chain);

    // A chain that begins anew at its end, until stop(). It never interrupts: nothing waits for it.
    DmaError start_cyclic(const DescriptorChain& chain);

    bool is_busy() const;

    // Which descriptor of the chain that was started last the engine is at, from 0 on: one register
    // read, where counting the completed ones reads memory for each.
    uint32_t position() const;

    // Returns when what was started is over, and takes an error back by a reset.
    DmaError wait();

    // Gives up what is running, by a reset: the bursts under way are completed.
    DmaError stop();

    uint32_t interrupts() const { return interrupts_; }
    const pci::Function& function() const { return function_; }
    void print_error() const;

    // No transfer is slower: a tenth of what ISA's DMA moves.
    static constexpr uint32_t kSlowestBytesPerSecond = 100'000;
    static constexpr uint32_t kTimeoutSeconds = 1;

  private:
    enum class Register : uint32_t;
    uint32_t read(Register reg) const;
    void write(Register reg, uint32_t value);

    DmaError run_chain(const DescriptorChain& chain, uint32_t control, uint32_t tail);
    DmaError make_ready();
    DmaError wait_by_polling();
    DmaError wait_by_interrupt();
    DmaError result(uint32_t status);
    DmaError reset();
    uint32_t interrupt_enables() const;
    bool is_over(uint32_t status) const;

    static void on_interrupt(InterruptFrame& frame, void* context);
    void handle_interrupt();

    pci::Function function_ = {};
    uint32_t registers_ = 0;  // Their address.
    Completion completion_ = Completion::kPolling;
    Coalescing coalescing_;
    uint32_t seconds_ = 0;  // That the transfer may take.

    // The transfer that is running. Written by the handler as well, so looked at only with
    // interrupts off.
    const DescriptorChain* chain_ = nullptr;  // Of a simple transfer: none.
    volatile bool running_ = false;
    volatile uint32_t status_ = 0;  // At its end.
    volatile uint32_t interrupts_ = 0;
};

}  // namespace guest

#endif
