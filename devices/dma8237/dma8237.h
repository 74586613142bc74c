// SPDX-License-Identifier: Apache-2.0
//
// The DMA controllers of a PC/AT: two 8237A. The first has the 8-bit channels 0 to 3 (ports 00h to
// 0Fh), the second the 16-bit channels 5 to 7 (C0h to DEh, every other port) and, as its channel 0,
// the first one: channel 4. Page registers at 80h to 8Fh give the address lines that the chips do
// not have. Sources: Intel 8237A data sheet (231466-005); IBM PC/AT Technical Reference (1502494),
// DMA; Intel 82371AB (PIIX4) data sheet (290562), 8.4; 82371FB/SB (290550), 3.4.
//
// Addresses. Channels 0 to 3: page register (A23 to A16) and the chip's 16 bits. Channels 5 to 7
// count words: the chip's 16 bits are A16 to A1, the page register gives A23 to A17 and its lowest
// bit is not used. Nothing is carried into the page: a transfer wraps within 64 KiB (128 KiB).
//
// Time, in clocks of the DMA clock (SYSCLK / 2):
//   one      from a request until HRQ: the controller samples requests in SI
//   S0       HRQ until HLDA: until the system bus is granted
//   S1       the first transfer of a service, and each whose A15 to A8 differ from the one before
//   S2 S3    S3 is left out with compressed timing
//   SW       `wait_states`: the AT's board adds one to every cycle
//   S4
// So with one wait state a transfer takes five clocks, as the PC's and the AT's documents say, and
// a repeated one four: the eight SYSCLKs of PIIX4 8.4.3. DACK comes half a clock into S1: a single
// transfer has it for nine SYSCLKs (8.4.2, as does verify, with wait states). TC is asserted in S4.
// Memory to memory: S11 to S14, then S21 to S24, with their wait states, of two tenures.
//
// Bus. A cycle is a tenure of the system bus of its whole duration: the processor is off the bus as
// with HOLD and HLDA. Block and demand transfers keep it from the first cycle to the last, by
// asking for the next cycle at the very end of the one before with the highest priority of all
// masters. Between single transfers HRQ goes away for a clock, in which others get the bus.
//
// Which channel is served is decided when the bus is granted (HLDA), and then stays until the
// service is over, whatever else comes.
//
// Lines: "drq0" to "drq7" in; "dack0" to "dack7", "tc", "hrq" and "hlda" out (channel 4: none).
#pragma once

#include <array>
#include <memory>

#include "bus/isa_dma.h"
#include "devices/dma8237/chip.h"

namespace sb::devices {

class Dma8237 final : public bus::Device, private bus::LineSink {
  public:
    explicit Dma8237(const bus::DeviceContext& context);
    void reset() override;

  private:
    enum class Service : uint8_t { idle, asking, waiting, running, cascade };

    void line_changed(unsigned channel, bool asserted) override;
    void look();
    void begin_to_ask();
    void stop_asking();
    void ask();
    void granted();
    void begin_cycle();
    void acknowledge();
    void cycle_ended(bus::MasterPort::Result result);
    void device_cycle_ended(bool claimed);
    bool copy_cycle_ended(bool claimed);
    bool count_on();
    bool goes_on(bool last) const;
    void release();

    unsigned choose();
    DmaChip& chip(unsigned channel) { return channel < 4 ? first_ : second_; }
    const DmaChip& chip(unsigned channel) const { return channel < 4 ? first_ : second_; }
    bool cascaded(unsigned channel) const {
        return chip(channel).kind(channel % 4) == DmaChip::Kind::cascade;
    }
    bool wide(unsigned channel) const { return channel >= 4; }
    unsigned active() const { return second_half_ ? 1 : channel_.get(); }
    uint64_t address(unsigned channel) const;
    bool to_memory(unsigned channel) const;
    Time cycle_time(unsigned channel) const;
    Service service() const { return static_cast<Service>(service_.get()); }
    void set_service(Service s) { service_ = static_cast<uint8_t>(s); }

    bool firmware_was_here_;
    Clock clock_;
    uint64_t wait_states_;
    bus::DmaChannels& clients_;

    DmaChip first_;
    DmaChip second_;
    bus::RegisterBank page_bank_;
    bus::RegisterArray pages_;
    std::array<std::unique_ptr<bus::Pin>, bus::DmaChannels::count> dacks_;  // channel 4: none
    bus::Pin tc_;
    bus::Pin hrq_;
    bus::Pin hlda_;
    bus::MasterPort port_;

    State<uint8_t> service_{*this, "service", 0};
    State<uint8_t> channel_{*this, "channel", 0};
    State<bool> opening_{*this, "opening", false};          // the next cycle is its service's first
    State<uint8_t> latched_{*this, "latched", 0};           // A15 to A8 of the cycle before
    State<bool> copying_{*this, "copying", false};          // from memory to memory
    State<bool> second_half_{*this, "second_half", false};  // of such a transfer
    Timer ask_{*this, "ask", [this] { ask(); }};
    Timer dack_{*this, "dack", [this] { acknowledge(); }};
    Timer s4_{*this, "s4", [this] { tc_.set(true); }};
    Counter transfers_{*this, "transfers", "cycles", "bytes and words moved, verified or copied"};
    Counter services_{*this, "services", "services", "times that the bus was asked for"};
};

}  // namespace sb::devices
