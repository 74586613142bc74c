// SPDX-License-Identifier: Apache-2.0
//
// What the DMA controller of an ISA board and its clients share: who is on which channel, and what
// a client is told. Neither needs the other's header, and they may be plugged in any order.
//
// Wires. Channel n has the lines "drq<n>" (request, driven by the client) and "dack<n>"
// (acknowledge); "tc" is the terminal count of the channel that is acknowledged just then. All are
// logical levels: asserted or not.
//
// A cycle. The client asserts its DRQ. When the controller has the bus it calls, for a transfer to
// memory, `dma_read` for the datum; half a DMA clock later DACK is asserted (`dma_acknowledged`);
// at the cycle's end, for a transfer from memory, `dma_write` gives the datum; then come
// `dma_cycle_ended` and, where this was the block's last, `dma_terminal_count`. Fly-by: the datum
// passes between the client and memory in one bus cycle, and the controller never holds it.
//
// A client that wants one datum takes its DRQ back in `dma_acknowledged`; one that wants more in
// demand mode keeps it until the cycle of its last datum has ended. In cascade mode there is only
// `dma_acknowledged`: the client may use a MasterPort of its own until it takes DRQ back.
#pragma once

#include <fmt/format.h>

#include <array>

#include "bus/device.h"

namespace sb::bus {

class DmaClient {
  public:
    virtual ~DmaClient() = default;
    virtual void dma_acknowledged() {}
    /// A byte on channels 0 to 3, a word on channels 5 to 7.
    virtual uint16_t dma_read() = 0;
    virtual void dma_write(uint16_t datum) = 0;
    virtual void dma_cycle_ended() {}
    virtual void dma_terminal_count() {}
};

/// The channels of a board, made on first use (`Board::shared`).
class DmaChannels {
  public:
    static constexpr unsigned count = 8;
    static constexpr unsigned cascade = 4;  // joins the two controllers: no device's

    static DmaChannels& of(Board& board) { return board.shared<DmaChannels>("isa.dma"); }

    /// Throws `Error` where the channel is another device's, or is none.
    void claim(const DeviceContext& context, unsigned channel, DmaClient& client) {
        if (channel >= count || channel == cascade)
            throw Error(fmt::format("{}: DMA channel {} is not one of 0 to 3 and 5 to 7",
                                    context.name, channel));
        if (clients_[channel])
            throw Error(fmt::format("{}: DMA channel {} is taken by another device", context.name,
                                    channel));
        clients_[channel] = &client;
    }
    DmaClient* client(unsigned channel) const { return clients_[channel]; }

  private:
    std::array<DmaClient*, count> clients_{};
};

inline Line& drq_line(Board& board, unsigned channel) {
    return board.line(fmt::format("drq{}", channel));
}
inline Line& dack_line(Board& board, unsigned channel) {
    return board.line(fmt::format("dack{}", channel));
}

}  // namespace sb::bus
