// SPDX-License-Identifier: Apache-2.0
//
// A board whose PCI bus has cycles, and a card that masters it. The system bus is fast (10 ns a
// clock), so that what a PCI transaction takes (30 ns a clock) is PCI's own.
#pragma once

#include <catch2/catch.hpp>

#include <cstring>
#include <string>
#include <vector>

#include "bus/pci_master.h"
#include "tests/support/test_board.h"

namespace sb::test {

using namespace sb::literals;

inline bus::SystemBusTiming fast_system(uint64_t hz = 100'000'000) {
    bus::SystemBusTiming timing;
    timing.clock = Clock{hz};
    return timing;
}

struct PciBoard : TestBoard {
    explicit PciBoard(pci::LocalBusTiming timing = {}, bus::SystemBusTiming system = fast_system())
        : TestBoard{system} {
        pci.time(timing);
        ram = add_memory(0, size);
        for (uint32_t i = 0; i < size; ++i) ram[i] = static_cast<uint8_t>(i * 7 + i / 256);
    }
    static constexpr uint32_t size = 0x100000;
    uint8_t* ram;
    bus::BusSummary summary() { return pci.local()->summary(sim.now()); }
};

inline const Config no_config;

/// A function with a memory window of four 32-bit registers, and one master port.
struct Card : bus::Device, private bus::Target {
    Card(PciBoard& board, const std::string& name, unsigned slot, bool wide = false,
         Time access = {})
        : Device{{board.board, name, no_config}},
          function{*this,
                   board.pci,
                   {slot, 0},
                   {.vendor = 0x1234, .device = 1, .class_code = 0xff0000, .interrupt_pin = 1}},
          bank{*this, {.name = "registers", .size = 16, .access_time = access}},
          registers{bank, {.name = "DATA", .offset = 0, .bits = 32, .doc = "data"},
                    4,
                    4,
                    {.write = [this](unsigned i, uint64_t v) { written.push_back({i, v}); }}},
          refusing_socket{*this, "refusing", *this},
          port{function, "dma",
               [this](pci::MasterPort::Result r) {
                   result = r;
                   ended.push_back(now());
                   if (next) next();
               },
               [this] { settled.push_back(now()); }, wide} {
        function.add_base(0, pci::Function::Space::memory, 16, bank.socket(), name);
        function.add_base(1, pci::Function::Space::memory, 16, refusing_socket, name + " refusing");
    }
    /// Gives the windows addresses, and lets the card do all.
    void map(uint32_t at, uint8_t latency = 0) {
        function.bank.write(0x10, 4, at);
        function.bank.write(0x14, 4, at + 0x1000);
        function.bank.write(0x0d, 1, latency);
        function.bank.write(0x04, 2, 7);
    }
    void transport(bus::Payload& payload, sc_core::sc_time&) override {
        payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    }

    pci::Function function;
    bus::RegisterBank bank;
    bus::RegisterArray registers;
    bus::TargetSocket refusing_socket;
    pci::MasterPort port;
    std::function<void()> next;
    pci::MasterPort::Result result{};
    std::vector<Time> ended, settled;
    std::vector<std::pair<unsigned, uint64_t>> written;
};

/// The transactions on the bus, as its events tell of them.
struct PciLog : observe::Sink {
    explicit PciLog(observe::Stream& stream) {
        observe::KindSet wanted;
        wanted.set(static_cast<size_t>(observe::Kind::pci));
        wanted.set(static_cast<size_t>(observe::Kind::pci_phases));
        stream.attach(*this, wanted);
    }
    struct Row {
        std::string who, end;
        Time at, length;
        uint64_t address, bytes, phases[6];
        /// All clocks of it, by the phases: address, turnaround, initial, data, waits, idle.
        uint64_t sum() const {
            return 1 + phases[1] + phases[2] + phases[3] + phases[4] + phases[5];
        }
    };
    void event(const observe::Stream& stream, const observe::Event& e) override {
        if (e.kind == observe::Kind::pci)
            rows.push_back({stream.source_name(e.source), stream.name(e.values[5]), e.at,
                            Time::ps(e.values[2]), e.values[0], e.values[1], {}});
        else
            std::copy_n(e.values.begin(), 6, rows.back().phases);
    }
    unsigned count(const std::string& end) const {
        unsigned n = 0;
        for (const Row& row : rows) n += row.end == end;
        return n;
    }
    std::vector<Row> rows;
};

}  // namespace sb::test
