// SPDX-License-Identifier: Apache-2.0
//
// An 82540EM on a test board with memory and a wire of its own, and the steps that every test
// takes: written from the manual (chip.h names it), as a driver would be, and apart from the model.
#pragma once

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "bus/ethernet.h"
#include "bus/packets.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

namespace sb::test {

using namespace sb::literals;

namespace e1000 {

inline constexpr uint32_t at = 0xe0000000;  // base address 0
inline constexpr uint16_t io_at = 0xc000;   // base address 2
inline constexpr uint32_t ctrl = at, status = at + 0x8, eecd = at + 0x10, eerd = at + 0x14,
                          mdic = at + 0x20, icr = at + 0xc0, itr = at + 0xc4, ics = at + 0xc8,
                          ims = at + 0xd0, imc = at + 0xd8, rctl = at + 0x100, tctl = at + 0x400,
                          pba = at + 0x1000, rdbal = at + 0x2800, rdbah = at + 0x2804,
                          rdlen = at + 0x2808, rdh = at + 0x2810, rdt = at + 0x2818,
                          rdtr = at + 0x2820, rxdctl = at + 0x2828, radv = at + 0x282c,
                          rsrpd = at + 0x2c00, tdbal = at + 0x3800, tdbah = at + 0x3804,
                          tdlen = at + 0x3808, tdh = at + 0x3810, tdt = at + 0x3818,
                          tidv = at + 0x3820, txdctl = at + 0x3828, tadv = at + 0x382c,
                          rxcsum = at + 0x5000, mta = at + 0x5200, ral = at + 0x5400,
                          rah = at + 0x5404, vfta = at + 0x5600, vet = at + 0x38;

inline constexpr uint32_t slu = 1u << 6, rst = 1u << 26, vme = 1u << 30;
inline constexpr uint32_t r_en = 1u << 1, r_sbp = 1u << 2, r_upe = 1u << 3, r_mpe = 1u << 4,
                          r_lpe = 1u << 5, r_lbm = 1u << 6, r_bam = 1u << 15, r_vfe = 1u << 18,
                          r_cfien = 1u << 19, r_bsex = 1u << 25, r_secrc = 1u << 26;
inline constexpr uint32_t t_en = 1u << 1, t_psp = 1u << 3;

inline constexpr uint32_t txdw = 1u << 0, txqe = 1u << 1, lsc = 1u << 2, rxdmt0 = 1u << 4,
                          rxo = 1u << 6, rxt0 = 1u << 7, mdac = 1u << 9, txd_low = 1u << 15,
                          srpd = 1u << 16;

// Transmit commands, bits 31:24 of the second half.
inline constexpr uint32_t eop = 1u << 24, ifcs = 1u << 25, ic = 1u << 26, tse = 1u << 26,
                          rs = 1u << 27, rps = 1u << 28, dext = 1u << 29, vle = 1u << 30,
                          ide = 1u << 31;

// Where the fixture's driver has its rings and buffers.
inline constexpr uint32_t receive_ring = 0x10000, transmit_ring = 0x20000;
inline constexpr uint32_t receive_buffers = 0x100000, transmit_buffers = 0x300000;

}  // namespace e1000

using Bytes = std::vector<uint8_t>;

/// A row of a table, in a process of its own. Its assertions are REQUIREs: only these end it.
void in_row(const std::function<void()>& body);

/// A frame to the board's controller, unless told otherwise: `size` bytes without FCS of a pattern.
Bytes frame(size_t size = 60, uint8_t seed = 0);
Bytes to(Bytes frame, std::initializer_list<int> destination);

/// The wire and the station at its other end.
class TestWire : public Component, public bus::EthernetWire, public bus::Station {
  public:
    TestWire(Simulation& sim, bus::Board& board, const std::string& name);
    uint64_t bits_per_second() const override { return rate; }
    void transmit(unsigned end, bus::Frame frame) override;
    void frame_arrived(const bus::Frame&) override {}
    /// The controller's end, as the wire sees it.
    bus::Station& nic() { return *joint_.ends[1].station; }
    void set_rate(uint64_t to);

    uint64_t rate = 1'000'000'000;
    struct Sent {
        Time at;
        bus::Frame frame;
    };
    std::vector<Sent> sent;

  private:
    bus::EthernetJoint& joint_;
};

/// Records the events of packets.
class PacketLog : public observe::Sink {
  public:
    explicit PacketLog(observe::Stream& stream);
    void event(const observe::Stream& stream, const observe::Event& event) override;
    uint64_t count(observe::Stage stage) const;
    uint64_t dropped(const std::string& place) const;
    struct Entry {
        Time at;
        uint32_t packet;
        observe::Stage stage;
        uint64_t bytes;
        std::string place;
    };
    std::vector<Entry> entries;
};

class NicBoard : public TestBoard {
  public:
    static constexpr uint64_t memory_bytes = 0x400000;
    explicit NicBoard(const Settings& settings = {}, bus::SystemBusTiming timing = {},
                      bool timed_pci = false);

    uint64_t counter(const char* name) const;
    uint64_t findings() const;
    bool found(const char* text) const;
    uint32_t word(uint64_t at) const;
    uint64_t quad(uint64_t at) const;
    void put_quad(uint64_t at, uint64_t value);

    /// A frame's last bit comes, at the script's time. Returns its packet's number.
    uint32_t deliver(Script& io, const Bytes& bytes, bool damaged = false);
    /// Link up, receive ring of `descriptors` with buffers, all but one (or as many as said) given
    /// to the controller, RCTL as said; the first `nulls` have no buffer.
    void start_receive(Script& io, uint32_t descriptors = 8, uint32_t rctl = 0, int given = -1,
                       uint32_t nulls = 0);
    void start_transmit(Script& io, uint32_t descriptors = 8, uint32_t tctl = 0);
    /// The second half of a receive descriptor; its status byte; its length.
    uint64_t receive_word(uint32_t descriptor) const;
    uint8_t receive_status(uint32_t d) const { return static_cast<uint8_t>(receive_word(d) >> 32); }
    uint8_t receive_errors(uint32_t d) const { return static_cast<uint8_t>(receive_word(d) >> 40); }
    uint32_t receive_length(uint32_t d) const { return receive_word(d) & 0xffff; }
    Bytes receive_bytes(uint32_t descriptor, size_t count) const;
    /// Puts a legacy descriptor, and its data.
    void put_transmit(uint32_t descriptor, const Bytes& data, uint32_t command);
    void put_descriptor(uint32_t descriptor, uint64_t first, uint64_t second);
    uint64_t transmit_word(uint32_t descriptor) const;

    uint8_t* ram = nullptr;
    PacketLog log{stream};
    TestWire wire{sim, board, "lan"};
    bus::Device* device = nullptr;
    LineLog irq{sim, board.line("pirqd")};
};

}  // namespace sb::test
