// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_AXI_STREAM_FIFO_H
#define GUEST_DRIVERS_AXI_STREAM_FIFO_H

// A device with one data register for each direction: the AXI4-Stream FIFO (AMD PG080) as a PCI
// function. Packets are written word by word to one address and read word by word from another,
// which is what a DMA engine's key-hole transfers are for.
//
//     fifo.open();
//     engine.start(fifo.transmit_data(), from, bytes, AxiCdma::KeyHole::kWrite);
//     engine.wait();
//     fifo.send(bytes);                             // The packet goes out.
//     const uint32_t length = fifo.receive();       // The next one that came in; 0: none.
//     engine.start(to, fifo.receive_data(), length, AxiCdma::KeyHole::kRead);

#include <cstdint>

#include "drivers/dma_error.h"

namespace guest {

class AxiStreamFifo {
  public:
    // Finds the FIFO of this number and empties it in both directions.
    DmaError open(uint32_t number = 0);

    // The addresses of the data registers.
    uint32_t transmit_data() const;
    uint32_t receive_data() const;

    // Words that the transmit side has room for.
    uint32_t vacancy() const;

    // Sends what has been written to transmit_data() since the last packet. kTimeout where the
    // packet does not go out.
    DmaError send(uint32_t bytes);

    // The length of the packet that receive_data() now gives, in bytes; all of it has to be read
    // before the next call. 0 where none has come.
    uint32_t receive();

  private:
    enum class Register : uint32_t;
    uint32_t address(Register reg) const { return registers_ + static_cast<uint32_t>(reg); }

    uint32_t registers_ = 0;  // Their address.
};

}  // namespace guest

#endif
