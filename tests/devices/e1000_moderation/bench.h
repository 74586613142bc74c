// SPDX-License-Identifier: Apache-2.0
//
// An 8254x on a test board with a driver that takes no time: registers are written and read at
// exact times, past the bus, and an interrupt is served in the picosecond in which it comes. What
// is left is the controller's moderation. Written from Intel's "PCI/PCI-X Family of Gigabit
// Ethernet Controllers Software Developer's Manual" (SDM), apart from the model.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <vector>

#include "tests/support/isolated.h"
#include "tests/support/test_board.h"
#include "tests/support/test_wire.h"

namespace sb::test {

using namespace sb::literals;

namespace nic {

// SDM table 13-2.
inline constexpr uint32_t ctrl = 0x0000, status = 0x0008, icr = 0x00c0, itr = 0x00c4, ics = 0x00c8,
                          ims = 0x00d0, imc = 0x00d8, rctl = 0x0100, tctl = 0x0400, rdbal = 0x2800,
                          rdbah = 0x2804, rdlen = 0x2808, rdh = 0x2810, rdt = 0x2818, rdtr = 0x2820,
                          rxdctl = 0x2828, radv = 0x282c, rsrpd = 0x2c00, tdbal = 0x3800,
                          tdbah = 0x3804, tdlen = 0x3808, tdh = 0x3810, tdt = 0x3818, tidv = 0x3820,
                          txdctl = 0x3828, tadv = 0x382c;
// Causes, 13.4.17.
inline constexpr uint32_t txdw = 1u << 0, txqe = 1u << 1, lsc = 1u << 2, rxdmt0 = 1u << 4,
                          rxo = 1u << 6, rxt0 = 1u << 7, srpd = 1u << 16;
inline constexpr uint32_t fpd = 1u << 31;  // 13.4.30
// Commands of a legacy transmit descriptor, 3.3.3.
inline constexpr uint8_t eop = 0x01, ifcs = 0x02, rs = 0x08, ide = 0x80;

inline constexpr uint32_t receive_on =
    1u << 1 | 1u << 3 | 1u << 15;  // EN, UPE, BAM; 2048-byte buffers
inline constexpr uint32_t strip_fcs = 1u << 26;
inline constexpr uint32_t transmit_on =
    1u << 1 | 1u << 3 | 0x0f << 4 | 0x40 << 12;  // EN, PSP, CT, COLD

/// The units of the delay timers and of ITR.
inline constexpr uint64_t delay_unit = 1024, throttle_unit = 256;  // ns

}  // namespace nic

class NicBench : public TestBoard {
  public:
    static constexpr uint32_t receive_ring = 0x10000, transmit_ring = 0x20000,
                              transmit_buffers = 0x30000, receive_buffers = 0x100000;
    struct Options {
        bool timed_pci = false;
        uint32_t descriptors = 256;  // of each ring
        uint32_t rctl = nic::receive_on;
        bus::SystemBusTiming bus = {};
    };

    explicit NicBench(Options options);
    NicBench() : NicBench{Options{}} {}

    /// Gives both rings to the controller and enables it, with all receive descriptors but one or
    /// with none. Interrupts stay masked.
    void start(bool with_descriptors = true);
    /// A register access at now() that takes no time.
    uint32_t read(uint32_t reg) { return static_cast<uint32_t>(registers->read(reg, 4)); }
    void write(uint32_t reg, uint32_t v) { registers->write(reg, 4, v); }
    /// Does something at that time, in the order of the calls.
    void at(Time when, std::function<void()> what);
    /// Queues `count` frames of 60 bytes by one descriptor each and one write of TDT.
    void transmit(uint8_t command, unsigned count = 1);
    /// Gives all receive descriptors but one back to the controller.
    void refill();

    /// Runs what `at` was told, until that time.
    void play(Time until);

    /// The driver: what happens when an interrupt is asserted, at the same time. None: nobody
    /// serves.
    std::function<void()> serve;
    /// Reads ICR and notes it.
    void read_causes();

    struct Interrupt {
        Time at;
        bool operator==(const Interrupt&) const = default;
    };
    struct Cause {
        Time at;
        uint32_t causes;
    };
    struct Stored {
        uint32_t packet;
        uint32_t bytes;
        Time data;  // its last byte is in memory
        Time at;    // and its descriptor
    };
    std::vector<Time> interrupts;  // when INTA# was asserted
    std::vector<Time> releases;    // when it was released
    std::vector<Cause> causes;     // what read_causes has found
    std::vector<Stored> stored;  // packets in memory (`data` only where the PCI bus takes no time)
    std::vector<Time>
        writes_back;  // transmit descriptors whose status begins to move to memory, one entry each
    std::vector<Time> written_back;           // and is there
    std::map<std::string, uint64_t> dropped;  // packets by place
    uint64_t buffered = 0;

    uint8_t* ram = nullptr;
    std::optional<TestWire> wire;
    bus::Device* device = nullptr;
    bus::RegisterBank* registers = nullptr;

  private:
    class Player : public Component, public bus::LineSink, public observe::Sink {
      public:
        Player(NicBench& bench, Simulation& sim);
        void line_changed(unsigned, bool asserted) override;
        void event(const observe::Stream& stream, const observe::Event& event) override;
        void step();

        NicBench& bench;
        Timer steps;
        Timer service;
        std::multimap<Time, std::function<void()>> todo;
    };
    void note_packet(const observe::Stream& stream, const observe::Event& event);
    void note_burst(const observe::Event& event);

    Options options_;
    uint32_t transmit_tail_ = 0;
    std::vector<Time> data_ends_;  // by receive descriptor
    uint64_t stored_so_far_ = 0;
    std::unique_ptr<Player> player_;
};

}  // namespace sb::test
