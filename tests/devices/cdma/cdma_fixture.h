// SPDX-License-Identifier: Apache-2.0
//
// An engine on a test board, and the steps that every test takes: written from PG034 (AXI CDMA
// v4.1), as a driver would be, and apart from the model.
#pragma once

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

namespace sb::test {

using namespace sb::literals;

namespace cdma {

inline constexpr uint32_t at = 0xe0000000;  // base address 0
inline constexpr uint32_t cr = at, sr = at + 0x04, current = at + 0x08, current_msb = at + 0x0c,
                          tail = at + 0x10, tail_msb = at + 0x14, sa = at + 0x18,
                          sa_msb = at + 0x1c, da = at + 0x20, da_msb = at + 0x24, btt = at + 0x28;

inline constexpr uint32_t reset = 1u << 2, sg = 1u << 3, fixed_read = 1u << 4,
                          fixed_write = 1u << 5, cyclic = 1u << 6, ioc_enable = 1u << 12,
                          delay_enable = 1u << 13, error_enable = 1u << 14;
inline constexpr uint32_t threshold(uint32_t n) { return n << 16; }
inline constexpr uint32_t delay(uint32_t n) { return n << 24; }

inline constexpr uint32_t idle = 1u << 1, sg_included = 1u << 3, dma_int = 1u << 4,
                          dma_slv = 1u << 5, dma_dec = 1u << 6, sg_int = 1u << 8, sg_slv = 1u << 9,
                          sg_dec = 1u << 10, ioc = 1u << 12, dly = 1u << 13, err = 1u << 14;
/// What CDMASR says at rest, without counters and interrupts.
inline constexpr uint32_t rest = idle | sg_included;

inline constexpr uint32_t completed = 1u << 31, status_dec = 1u << 30, status_slv = 1u << 29,
                          status_int = 1u << 28;

/// Where nothing is, and where a target refuses every access.
inline constexpr uint32_t nowhere = 0xc0000000, refusing = 0xd0000000;

}  // namespace cdma

struct Bd {  // a transfer descriptor, PG034 table 3-1
    uint64_t next = 0;
    uint64_t from = 0;
    uint64_t to = 0;
    uint32_t control = 0;
    uint32_t status = 0;
};

class CdmaBoard : public TestBoard {
  public:
    static constexpr uint64_t memory_bytes = 0x400000;

    explicit CdmaBoard(const Settings& settings = {}, bus::SystemBusTiming timing = {});

    /// Memory and bus mastering on, base address 0 at cdma::at.
    void enable(uint16_t pci_command = 0x06);
    void put(uint64_t at, const Bd& bd);
    /// Descriptors at `at`, 64 bytes apart, each linked to the next and the last to the first.
    /// Returns the address of the last.
    uint32_t put_chain(uint32_t at, std::vector<Bd> bds);
    uint32_t status_of(uint32_t bd) const;
    uint64_t findings() const;
    bool found(const char* text) const;

    uint8_t* ram = nullptr;
    bus::Device* device = nullptr;
    LineLog irq{sim, board.line("pirqd")};

  private:
    struct Refusing : Component, bus::Target {
        explicit Refusing(Simulation& sim)
            : Component{sim, "refusing"}, socket{*this, "socket", *this} {}
        void transport(bus::Payload& payload, sc_core::sc_time&) override {
            payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        }
        bus::TargetSocket socket;
    } refusing_{sim};
};

/// All latencies of the core zero: what is left is the bus.
TestBoard::Settings prompt(TestBoard::Settings more = {});

/// Byte `i` of a pattern that repeats nowhere near.
uint8_t pattern(uint64_t i);
void fill(uint8_t* bytes, uint64_t count, uint64_t from = 0);
uint64_t differing(const uint8_t* bytes, uint64_t count, uint64_t from = 0);

/// CDMASR without the counters.
uint32_t state(Script& io);
/// Polls CDMASR until Idle; returns it without the counters.
uint32_t wait_idle(Script& io, Time limit = Time::ms(10));
/// Simple mode: writes addresses and size and waits for Idle.
uint32_t copy(Script& io, uint32_t from, uint32_t to, uint32_t bytes);
/// Scatter-gather mode: toggles SGMode, writes CURDESC_PNTR, CDMACR and TAILDESC_PNTR.
void begin_chain(Script& io, uint32_t first, uint32_t last, uint32_t control = 0);
uint32_t run_chain(Script& io, uint32_t first, uint32_t last, uint32_t control = 0);
/// Soft reset, and waits for its end.
void soft_reset(Script& io);

}  // namespace sb::test
