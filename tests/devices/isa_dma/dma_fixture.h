// SPDX-License-Identifier: Apache-2.0
//
// A board with the DMA controllers, memory, and a client that a test scripts: it wants so many
// data, and records what it was told and when.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "bus/isa_dma.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

namespace sb::test {

/// DMA clocks of the PC/AT: 8.33 MHz / 2.
inline constexpr uint64_t dma_clock_ps = 240'000;
constexpr Time dma_clocks(uint64_t n) { return Time::ps(n * dma_clock_ps); }

/// The ports of a channel, as the PC/AT has them.
struct DmaPorts {
    uint16_t address, count, page, status, request, mask, mode, flip_flop, clear, unmask_all, masks;
};
constexpr DmaPorts dma_ports(unsigned channel) {
    constexpr std::array<uint16_t, 8> pages{0x87, 0x83, 0x81, 0x82, 0x8f, 0x8b, 0x89, 0x8a};
    const unsigned step = channel < 4 ? 1 : 2;
    const unsigned base = channel < 4 ? 0 : 0xc0;
    auto port = [&](unsigned n) { return static_cast<uint16_t>(base + n * step); };
    const unsigned i = channel % 4;
    return {port(2 * i), port(2 * i + 1), pages[channel], port(8),  port(9), port(10),
            port(11),    port(12),        port(13),       port(14), port(15)};
}

// Mode register, 8237A data sheet: bits 7-6, 5, 4, 3-2.
constexpr uint8_t demand = 0x00, single = 0x40, block = 0x80, cascaded = 0xc0;
constexpr uint8_t down = 0x20, automatic = 0x10;
constexpr uint8_t verify = 0x00, to_memory = 0x04, from_memory = 0x08;

struct DmaSetup {
    unsigned channel = 1;
    uint8_t mode = single | to_memory;
    uint8_t page = 0;
    uint16_t address = 0;
    uint16_t count = 0;
};

/// Programs and unmasks a channel as a driver does.
inline void program(Script& io, const DmaSetup& s) {
    const DmaPorts p = dma_ports(s.channel);
    const auto i = static_cast<uint8_t>(s.channel % 4);
    io.out8(p.mask, 4 | i);
    io.out8(p.flip_flop, 0);
    io.out8(p.mode, s.mode | i);
    io.out8(p.address, static_cast<uint8_t>(s.address));
    io.out8(p.address, static_cast<uint8_t>(s.address >> 8));
    io.out8(p.count, static_cast<uint8_t>(s.count));
    io.out8(p.count, static_cast<uint8_t>(s.count >> 8));
    io.out8(p.page, s.page);
    io.out8(p.mask, i);
}

inline uint16_t read_word(Script& io, uint16_t flip_flop, uint16_t port) {
    io.out8(flip_flop, 0);
    const unsigned low = io.in8(port);
    return static_cast<uint16_t>(low | io.in8(port) << 8);
}

class DmaDevice : public Component, public bus::DmaClient {
  public:
    DmaDevice(TestBoard& board, unsigned channel)
        : Component{board.sim, fmt::format("client{}", channel)},
          channel_{channel},
          drq_{*this, "drq"} {
        drq_.connect(bus::drq_line(board.board, channel));
        bus::DmaChannels::of(board.board)
            .claim({board.board, fmt::format("client{}", channel), {}}, channel, *this);
    }
    /// Asserts DRQ until `n` data have passed.
    void want(unsigned n) {
        wanted = n;
        drq_.set(n > 0);
    }
    /// DRQ goes at DACK, as of a device that wants one datum and has asked for a block.
    bool drop_at_dack = false;
    bool hold = false;  // DRQ stays, whatever comes

    std::vector<uint16_t> sent, received;
    std::vector<Time> ended, counted_out, acknowledged;
    unsigned wanted = 0;
    uint16_t next = 0x5a01;

  private:
    void dma_acknowledged() override {
        acknowledged.push_back(now());
        if (drop_at_dack) drq_.set(false);
    }
    uint16_t dma_read() override {
        sent.push_back(next);
        return next++;
    }
    void dma_write(uint16_t datum) override { received.push_back(datum); }
    void dma_cycle_ended() override {
        ended.push_back(now());
        if (wanted > 0) --wanted;
        if (wanted == 0 && !hold) drq_.set(false);
    }
    void dma_terminal_count() override { counted_out.push_back(now()); }

    unsigned channel_;
    bus::Pin drq_;
};

/// The controllers with channel 4 as firmware leaves it, and 1 MiB of memory.
struct DmaBoard : TestBoard {
    explicit DmaBoard(Settings settings = {}) {
        settings.emplace("handoff", "firmware");
        controller = &plug("dma8237", "dma", settings);
        memory_bytes = add_memory(0, 0x100000);
    }
    /// `body` at an exact time: nothing of the script's time is ahead of the kernel's.
    static Time synchronise(Script& io) {
        io.wait(Time{});
        return io.time();
    }
    uint64_t findings() const { return sim.findings().list().size(); }

    bus::Device* controller = nullptr;
    uint8_t* memory_bytes = nullptr;
};

}  // namespace sb::test
