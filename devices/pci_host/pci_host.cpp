// SPDX-License-Identifier: Apache-2.0
//
// The host bridge of a PC and its way into configuration space, and a PCI-ISA bridge's header.
// Sources: PCI Local Bus Specification 2.2, 3.2.2.3.2 (configuration mechanism #1); Intel 82441FX
// datasheet (290549), 3.1; Intel 82371SB (PIIX3) datasheet (290550), PCI configuration registers of
// function 0.
//
// Port CF8h holds the address and answers 32-bit accesses only; CFCh to CFFh reach the register of
// the addressed function with 8, 16 or 32 bits, at its byte lane. Functions that are not there, and
// other buses than 0, read all ones and ignore writes; with the enable bit clear nothing answers at
// all.
//
// Time: CF8h is inside the bridge, and takes none of its own. A data access is a configuration
// cycle on the PCI bus: a clock of IDSEL stepping (PCI 2.2, 3.6.3), the address phase, two more
// clocks until DEVSEL# of medium speed (3.6.1), the data phase, and an idle clock: 6 of 30 ns.
//
// Shadow RAM. The host bridge sends A0000h to BFFFFh to the bus, and C0000h to FFFFFh where its PAM
// registers say, for reads and writes apart (82441FX: PAM0 to PAM6, 59h to 5Fh [layout from memory,
// and as SeaBIOS writes them]): memory, or the bus, where ROM and adapters are. After a reset all
// of it is the bus; with handoff = "firmware" all of it is memory. SMRAM (72h) is stored: there is
// no system management mode.
//
// The PCI-ISA bridge routes PIRQA# to PIRQD# by PIRQRC (60h to 63h) to interrupts of the 8259 pair
// (level-triggered: software sets ELCR), and to inputs 16 to 19 of an I/O APIC. Behind it is an ISA bus,
// or an LPC bus, whose I/O cycles take 13 PCI clocks.
//
// Left out: the bridges' other registers (DRAM timing, ISA timing) from 40h on.
#include <algorithm>
#include <array>
#include <memory>

#include "bus/isa.h"
#include "bus/pci.h"
#include "bus/pci_bus.h"

namespace sb::devices {
namespace {

// By this subsystem SeaBIOS tells a machine that has a firmware configuration device (QEMU
// docs/specs/pci-ids.txt; SeaBIOS src/fw/paravirt.c, qemu_detect).
constexpr uint16_t red_hat = 0x1af4, qemu_platform = 0x1100;
bool virtual_platform(const bus::DeviceContext& context) {
    return context.config.text("platform") == "qemu";
}

class PciHost final : public bus::Device, private bus::Target {
  public:
    explicit PciHost(const bus::DeviceContext& context)
        : Device{context},
          pci_{pci::bus_of(context)},
          access_time_{context.config.duration("access_time")},
          bridge_{*this,
                  pci_,
                  {0, 0},
                  {.vendor = 0x8086,
                   .device = 0x1237,
                   .class_code = 0x060000,
                   .revision = 2,
                   .subsystem_vendor = virtual_platform(context) ? red_hat : uint16_t{0},
                   .subsystem = virtual_platform(context) ? qemu_platform : uint16_t{0}}},
          bank_{*this, {.name = "address", .size = 4, .hole = ~uint64_t{0}}},
          address_{bank_,
                   {.name = "CONFADD",
                    .offset = 0,
                    .bits = 32,
                    .doc = "what CFCh to CFFh reach",
                    .whole = true}},
          smram_{bridge_.bank,
                 {.name = "SMRAM",
                  .offset = 0x72,
                  .bits = 8,
                  .reset = 0x02,
                  .doc = "system management memory (stored)"}},
          window_{*this, "data", *this},
          firmware_was_here_{context.config.text("handoff") == "firmware"},
          memory_{context.board.memory} {
        using Side = bus::AddressSpace::Side;
        // What is behind memory up to here is the display's: PAM does not reach it.
        memory_.set_route(memory_.add_route(0xa0000, 0x20000), Side::bus, Side::bus);
        constexpr uint64_t segment = 0x4000, first = 0xc0000, system = 0xf0000;
        pam_[0] = std::make_unique<Attributes>(*this, 0, 0, memory_.add_route(system, 0x10000));
        for (unsigned i = 1; i < pam_.size(); ++i) {
            const uint64_t low = first + (i - 1) * 2 * segment;
            const unsigned route = memory_.add_route(low, segment);
            pam_[i] = std::make_unique<Attributes>(*this, i, route,
                                                   memory_.add_route(low + segment, segment));
        }
        declare_state("routes", [this](Archive& archive) {
            if (archive.loading()) apply();
        });
        reset_pin_.connect(context.board.line("reset"));
        system_reset_pin_.connect(context.board.line("system_reset"));
        bus::claim_ports(context, bank_, 0xcf8, false, bus::Behind::board);
        bus::claim(context, context.board.ports, 0xcfc, 4, window_, "data", false,
                   bus::Behind::enclosed);
    }

    void reset() override {
        Device::reset();
        reset_was_set_ = false;
        if (firmware_was_here_)
            for (auto& pam : pam_)
                pam->low_read = pam->low_write = pam->high_read = pam->high_write = 1;
        apply();
    }

  private:
    /// One PAM register: two parts of the space (PAM0 has the upper one only).
    struct Attributes {
        Attributes(PciHost& host, unsigned number, unsigned low_route, unsigned high_route)
            : reg{host.bridge_.bank,
                  {.name = fmt::format("PAM{}", number),
                   .offset = 0x59 + number,
                   .bits = 8,
                   .doc = "memory or bus, for reads and writes",
                   .effect = "moves shadow RAM in or out"},
                  {.write = [&host](uint64_t) { host.apply(); }}},
              has_low{number != 0},
              low_route{low_route},
              high_route{high_route} {}
        pci::Register reg;
        pci::Field low_read{reg, "RE_LOW", 0, "lower part: reads go to memory"};
        pci::Field low_write{reg, "WE_LOW", 1, "lower part: writes go to memory"};
        pci::Field high_read{reg, "RE_HIGH", 4, "upper part: reads go to memory"};
        pci::Field high_write{reg, "WE_HIGH", 5, "upper part: writes go to memory"};
        bool has_low;
        unsigned low_route, high_route;
    };

    void apply() {
        using Side = bus::AddressSpace::Side;
        auto side = [](bool memory) { return memory ? Side::memory : Side::bus; };
        for (auto& pam : pam_) {
            if (pam->has_low)
                memory_.set_route(pam->low_route, side(pam->low_read), side(pam->low_write));
            memory_.set_route(pam->high_route, side(pam->high_read), side(pam->high_write));
        }
    }

    /// Each access goes through to the function's registers with its own width.
    void transport(bus::Payload& payload, sc_core::sc_time& delay) override {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        uint8_t* data = payload.get_data_ptr();
        const unsigned bytes = std::min(payload.get_data_length(), 4u);
        pci::Function* function =
            enable_ && bus_number_ == 0
                ? pci_.find(static_cast<unsigned>(device_), static_cast<unsigned>(function_))
                : nullptr;
        const auto offset =
            static_cast<uint32_t>(register_.make(register_) + payload.get_address());
        Simulation::LocalTime local{simulation(), Time::from(delay)};
        if (!function) {
            if (payload.is_read()) std::fill_n(data, payload.get_data_length(), uint8_t{0xff});
        } else if (payload.is_read()) {
            uint64_t value = function->bank.read(offset, bytes);
            for (unsigned i = 0; i < bytes; ++i, value /= 256)
                data[i] = static_cast<uint8_t>(value);
        } else {
            uint64_t value = 0;
            for (unsigned i = bytes; i-- > 0;) value = value * 256 + data[i];
            function->bank.write(offset, bytes, value);
        }
        delay += access_time_.sc();
    }

    pci::Bus& pci_;
    Time access_time_;
    pci::Function bridge_;
    /// 82441FX, 3.1.3: RCPU going from 0 to 1 resets: the processor, or with SRST everything.
    void reset_written() {
        if (reset_processor_ && !reset_was_set_)
            (whole_machine_ ? system_reset_pin_ : reset_pin_).pulse();
        reset_was_set_ = reset_processor_ != 0;
    }

    bus::RegisterBank bank_;
    bus::Register address_;
    bus::Register turbo_reset_{bank_,
                               {.name = "TRC",
                                .offset = 1,
                                .bits = 8,
                                .doc = "turbo and reset control",
                                .effect = "RCPU going from 0 to 1 resets"},
                               {.write = [this](uint64_t) { reset_written(); }}};
    bus::Field whole_machine_{turbo_reset_, "SRST", 1, "1: a reset is one of the whole machine"};
    bus::Field reset_processor_{turbo_reset_, "RCPU", 2, "resets when it goes from 0 to 1"};
    State<bool> reset_was_set_{*this, "reset_was_set", false};
    bus::Pin reset_pin_{*this, "reset"};
    bus::Pin system_reset_pin_{*this, "system_reset"};
    bus::Field register_{address_, "REGISTER", 7, 2, "32-bit word of the function's registers"};
    bus::Field function_{address_, "FUNCTION", 10, 8, "function"};
    bus::Field device_{address_, "DEVICE", 15, 11, "device"};
    bus::Field bus_number_{address_, "BUS", 23, 16, "bus"};
    bus::Field enable_{address_, "ENABLE", 31, "data accesses are configuration cycles"};
    bus::Register smram_;
    bus::TargetSocket window_;
    const bool firmware_was_here_;
    bus::AddressSpace& memory_;
    std::array<std::unique_ptr<Attributes>, 7> pam_;
};

/// The PCI-ISA bridge: it claims what no other function does, and routes the PCI interrupts.
class IsaBridge final : public bus::Device, private bus::LineSink {
  public:
    explicit IsaBridge(const bus::DeviceContext& context)
        : Device{context},
          function_{
              *this,
              pci::bus_of(context),
              {static_cast<unsigned>(context.config.integer("slot")), 0},
              {.vendor = 0x8086, .device = 0x7000, .class_code = 0x060100, .multifunction = true}} {
        for (unsigned n = 0; n < pirqs; ++n) {
            context.board.line(std::string{"pirq"} + "abcd"[n]).connect(*this, n);
            apic_inputs_[n] = std::make_unique<bus::Pin>(*this, fmt::format("apic{}", n));
            apic_inputs_[n]->connect(context.board.line(fmt::format("irq{}", first_input + n)));
        }
        for (unsigned irq = 0; irq < irqs; ++irq) {
            if (!routable(irq)) continue;
            inputs_[irq] = std::make_unique<bus::Pin>(*this, fmt::format("irq{}", irq));
            inputs_[irq]->connect(context.board.line(fmt::format("irq{}", irq)));
        }
        pci::LocalBus* timed = pci::bus_of(context).local();
        if (timed && context.config.text("bus") == "lpc")
            timed->use_lpc(timed->timing().clock.cycles(lpc_clocks));
    }

    void reset() override {
        Device::reset();
        route();
    }

  private:
    static constexpr unsigned pirqs = 4, irqs = 16;
    // Where boards with an 82093AA beside a PIIX3 have PIRQA# to PIRQD# [from memory]; the MP tables
    // say so.
    static constexpr unsigned first_input = 16;
    // An I/O cycle of the LPC bus, read or write: start 1, type 1, address 4, data 2, turnaround 2
    // and 2, ready at once 1 (Intel LPC Interface Specification 1.1; its states are listed in the
    // Renesas H8S/2117 manual, table 19.3).
    static constexpr uint64_t lpc_clocks = 13;

    /// 82371SB, PIRQRC: 0, 1, 2, 8 and 13 are reserved.
    static bool routable(uint64_t irq) {
        return irq < irqs && irq > 2 && irq != 8 && irq != 13;
    }

    void line_changed(unsigned n, bool asserted) override {
        levels_ = static_cast<uint8_t>(asserted ? levels_ | 1u << n : levels_ & ~(1u << n));
        apic_inputs_[n]->set(asserted);
        route();
    }

    /// Lines that share an interrupt are ORed.
    void route() {
        uint32_t wanted = 0;
        for (unsigned n = 0; n < pirqs; ++n) {
            const uint64_t to = routes_[n] & 0xf;
            if ((routes_[n] & disabled) == 0 && routable(to) && (levels_ >> n & 1) != 0)
                wanted |= 1u << to;
        }
        for (unsigned irq = 0; irq < irqs; ++irq)
            if (inputs_[irq]) inputs_[irq]->set((wanted >> irq & 1) != 0);
    }

    pci::Function function_;
    // 82371SB, 4.1.9 [section from memory]: bit 7 disables the routing of an interrupt.
    static constexpr uint64_t disabled = 0x80;
    pci::RegisterArray routes_{function_.bank,
                               {.name = "PIRQRC",
                                .offset = 0x60,
                                .bits = 8,
                                .reset = disabled,
                                .doc = "routes PIRQA# to PIRQD#; bit 7: not routed",
                                .effect = "moves the line to another interrupt"},
                               pirqs,
                               1,
                               {.write = [this](unsigned, uint64_t) { route(); }}};
    std::array<std::unique_ptr<bus::Pin>, pirqs> apic_inputs_;
    std::array<std::unique_ptr<bus::Pin>, irqs> inputs_;
    State<uint8_t> levels_{*this, "levels", 0};  // of PIRQA# to PIRQD#
};

}  // namespace

const bus::DeviceModel pci_host{
    "pci-host",
    "PCI host bridge with configuration ports",
    "PCI 2.2; Intel 82441FX (290549)",
    {{"access_time",
      ValueType::duration,
      "180ns",
      "time of a configuration cycle: 6 clocks of the 33.33 MHz PCI bus",
      {},
      0,
      1'000'000'000},
     {"handoff",
      ValueType::choice,
      "none",
      "state at reset: of the hardware, or with shadow RAM in C0000h to FFFFFh",
      {"none", "firmware"}},
     {"platform",
      ValueType::choice,
      "bare",
      "subsystem that firmware finds: none, or the one that has a firmware configuration device",
      {"bare", "qemu"}}},
    [](const bus::DeviceContext& c) { return std::make_unique<PciHost>(c); }};
SOUTHBRIDGE_DEVICE(pci_host)

const bus::DeviceModel pci_isa_bridge{
    "pci-isa-bridge",
    "PCI-ISA bridge: interrupt routing, and what is behind it",
    "Intel 82371SB (PIIX3), 290550; Intel LPC Interface Specification 1.1",
    {{"slot", ValueType::integer, "1", "PCI device number", {}, 0, 31},
     {"bus", ValueType::choice, "isa", "bus of the port-mapped devices", {"isa", "lpc"}}},
    [](const bus::DeviceContext& c) { return std::make_unique<IsaBridge>(c); }};
SOUTHBRIDGE_DEVICE(pci_isa_bridge)

}  // namespace sb::devices
