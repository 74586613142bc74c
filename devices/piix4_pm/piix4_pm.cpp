// SPDX-License-Identifier: Apache-2.0
//
// The power management function of a PIIX4, which an ACPI system needs: fixed-feature registers,
// the power management timer, and the port by which ACPI is turned on. Source: Intel 82371AB
// (PIIX4) datasheet (290562), chapter 7; Advanced Configuration and Power Interface 1.0b, 4.7
// (register layouts); the general-purpose event block at AFE0h is where SeaBIOS' ACPI tables say
// that it is, as on QEMU's i440FX machine (SeaBIOS src/fw/acpi.c), not where the PIIX4 has it.
//
// Line: "irq9" is the SCI, a level, while an event's status and enable bits are set and SCI_EN is.
// Timer: 24 bits of 3.579545 MHz, computed from now(); TMROF_STS is set when bit 23 changes, and
// only where somebody has enabled it is there an event for it. The power button is not pressed.
//
// Software turns the machine off by SUS_EN with SUS_TYP 0 (soft off): the run ends as `power_off`.
// Other sleep states are findings. The port B2h takes F1h and F0h, which SMM code would turn into
// SCI_EN: there is no SMM here, so this does it at once, and DEVACTB says that firmware has nothing
// to set up (APMC_EN is set).
//
// Left out: GPIO, clock throttling, device monitors, SMBus (its base is stored).
#include "bus/isa.h"
#include "bus/pci.h"
#include "sim/kernel/tick_clock.h"

namespace sb::devices {
namespace {

constexpr uint64_t timer_hz = 3'579'545, timer_mask = 0xffffff, timer_half = 0x800000;
constexpr uint32_t block_bytes = 64;
constexpr uint8_t acpi_enable = 0xf1, acpi_disable = 0xf0;  // as SeaBIOS' FADT has them

class Piix4Pm final : public bus::Device {
  public:
    explicit Piix4Pm(const bus::DeviceContext& context)
        : Device{context},
          ports_{context.board.ports},
          function_{*this,
                    pci::bus_of(context),
                    {static_cast<unsigned>(context.config.integer("slot")),
                     static_cast<unsigned>(context.config.integer("function"))},
                    {.vendor = 0x8086,
                     .device = 0x7113,
                     .class_code = 0x068000,
                     .revision = 3,
                     .interrupt_pin = 1}},
          outlet_{ports_.attach(block_.socket())} {
        sci_.connect(context.board.line("irq9"));
        bus::claim_ports(context, events_, context.config.integer("event_port"), false,
                         bus::Behind::medium);
        bus::claim_ports(context, apm_, context.config.integer("command_port"), false,
                         bus::Behind::medium);
        declare_state("mapping", [this](Archive& archive) {
            if (archive.loading()) remap();
        });
    }

    void reset() override {
        Device::reset();
        overflow_.cancel();
        remap();
        update();
    }

  private:
    /// PMBASE has effect while PMIOSE is set.
    void remap() {
        const uint64_t at = base_ & 0xffc0;
        const bool wanted = io_enable_ && at != 0;
        if (mapped_at_ && (!wanted || mapped_at_ != at)) {
            ports_.unmap(range_);
            mapped_at_ = 0;
        }
        if (wanted && !mapped_at_) {
            range_ = ports_.map(at, block_bytes, outlet_, std::string{basename()} + " block", false,
                                 nullptr, bus::Behind::medium);
            mapped_at_ = at;
        }
    }

    uint64_t ticks() { return clock_.last(now()); }

    /// The next change of the timer's highest bit matters only to who waits for it.
    void arm() {
        if (timer_enable_)
            overflow_.arm_at(clock_.at((ticks() / timer_half + 1) * timer_half));
        else
            overflow_.cancel();
    }
    void overflowed() {
        timer_status_ = 1;
        arm();
        update();
    }
    void update() {
        const bool fixed = status_.value() & enable_.value() & 0x0521;
        const bool general = event_status_.value() & event_enable_.value();
        sci_.set(sci_enable_ && (fixed || general));
    }

    void control_written() {
        if (sleep_enable_) {
            sleep_enable_ = 0;
            if (sleep_type_ == 0)
                simulation().finish(
                    {Outcome::Kind::power_off, 0, "the guest switched the machine off"});
            else
                finding("a sleep state other than soft off was asked for (ignored)");
        }
        update();
    }

    void command(uint64_t value) {
        if (value == acpi_enable) sci_enable_ = 1;
        if (value == acpi_disable) sci_enable_ = 0;
        update();
    }

    bus::AddressSpace& ports_;
    TickClock clock_{timer_hz};
    pci::Function function_;
    pci::Register base_{function_.bank,
                        {.name = "PMBASE",
                         .offset = 0x40,
                         .bits = 32,
                         .reset = 1,
                         .doc = "where the register block is",
                         .effect = "moves it"},
                        {.write = [this](uint64_t v) {
                            base_.set((v & 0xffc0) | 1);
                            remap();
                        }}};
    pci::Register activity_{function_.bank,
                            {.name = "DEVACTB",
                             .offset = 0x58,
                             .bits = 32,
                             .reset = 1u << 25,
                             .doc = "device activity; bit 25: writes to B2h are noticed"}};
    pci::Register misc_{
        function_.bank,
        {.name = "PMREGMISC", .offset = 0x80, .bits = 8, .doc = "the block's enable"},
        {.write = [this](uint64_t) { remap(); }}};
    pci::Field io_enable_{misc_, "PMIOSE", 0, "the register block answers"};
    pci::Register smbus_base_{
        function_.bank,
        {.name = "SMBBASE", .offset = 0x90, .bits = 32, .reset = 1, .doc = "SMBus base (stored)"}};
    pci::Register smbus_config_{
        function_.bank,
        {.name = "SMBHSTCFG", .offset = 0xd2, .bits = 8, .doc = "SMBus configuration (stored)"}};

    bus::RegisterBank block_{*this, {.name = "block", .size = block_bytes}};
    bus::Register status_{block_,
                          {.name = "PMSTS", .offset = 0x00, .bits = 16, .doc = "what has happened"},
                          {.write = [this](uint64_t) { update(); }}};
    bus::Field timer_status_{status_, "TMROF_STS", 0, "bit 23 of the timer changed", bus::w1c};
    bus::Field global_status_{status_, "GBL_STS", 5, "firmware wants attention", bus::w1c};
    bus::Field button_status_{status_, "PWRBTN_STS", 8, "the power button was pressed", bus::w1c};
    bus::Field clock_status_{status_, "RTC_STS", 10, "the real-time clock's alarm", bus::w1c};
    bus::Field resume_status_{status_, "RSM_STS", 15, "woken from sleep", bus::w1c};
    bus::Register enable_{
        block_,
        {.name = "PMEN", .offset = 0x02, .bits = 16, .doc = "what raises the SCI"},
        {.write = [this](uint64_t) {
            arm();
            update();
        }}};
    bus::Field timer_enable_{enable_, "TMROF_EN", 0, "TMROF_STS does"};
    bus::Field global_enable_{enable_, "GBL_EN", 5, "GBL_STS does"};
    bus::Field button_enable_{enable_, "PWRBTN_EN", 8, "PWRBTN_STS does"};
    bus::Field clock_enable_{enable_, "RTC_EN", 10, "RTC_STS does"};
    bus::Register control_{block_,
                           {.name = "PMCNTRL",
                            .offset = 0x04,
                            .bits = 16,
                            .doc = "control",
                            .effect = "SUS_EN puts the machine to sleep"},
                           {.write = [this](uint64_t) { control_written(); }}};
    bus::Field sci_enable_{control_, "SCI_EN", 0, "events raise the SCI, else an SMI"};
    bus::Field reload_enable_{control_, "BRLD_EN", 1, "bus masters' requests wake (stored)"};
    bus::Field release_{control_, "GBL_RLS", 2, "the lock's release (stored)"};
    bus::Field sleep_type_{control_, "SUS_TYP", 12, 10, "0: soft off"};
    bus::Field sleep_enable_{control_, "SUS_EN", 13, "enters what SUS_TYP says"};
    bus::Register timer_{block_,
                         {.name = "PMTMR",
                          .offset = 0x08,
                          .bits = 32,
                          .access = bus::ro,
                          .doc = "counts at 3.579545 MHz, 24 bits"},
                         {.read = [this] { return ticks() & timer_mask; }}};

    bus::RegisterBank events_{*this, {.name = "events", .size = 4}};
    bus::Register event_status_{events_,
                                {.name = "GPE0_STS",
                                 .offset = 0,
                                 .bits = 16,
                                 .access = bus::w1c,
                                 .doc = "general-purpose events: none ever happens"},
                                {.write = [this](uint64_t) { update(); }}};
    bus::Register event_enable_{
        events_,
        {.name = "GPE0_EN", .offset = 2, .bits = 16, .doc = "which of them raise the SCI"},
        {.write = [this](uint64_t) { update(); }}};
    bus::RegisterBank apm_{*this, {.name = "apm", .size = 2}};
    bus::Register apm_command_{apm_,
                               {.name = "APMC",
                                .offset = 0,
                                .bits = 8,
                                .doc = "command",
                                .effect = "F1h: ACPI on; F0h: off"},
                               {.write = [this](uint64_t v) { command(v); }}};
    bus::Register apm_status_{apm_, {.name = "APMS", .offset = 1, .bits = 8, .doc = "scratch"}};

    unsigned outlet_;
    unsigned range_ = 0;
    uint64_t mapped_at_ = 0;
    bus::Pin sci_{*this, "sci"};
    Timer overflow_{*this, "overflow", [this] { overflowed(); }};
};

}  // namespace

const bus::DeviceModel piix4_pm{
    "piix4-pm",
    "ACPI registers and power management timer",
    "Intel 82371AB (PIIX4), 290562; ACPI 1.0b, 4.7",
    {{"slot", ValueType::integer, "1", "PCI device number", {}, 0, 31},
     {"function", ValueType::integer, "3", "PCI function number", {}, 0, 7},
     bus::port_key("event_port", "0xafe0", "the general-purpose event block, 4 ports"),
     bus::port_key("command_port", "0xb2", "the APM command port; its status port follows")},
    [](const bus::DeviceContext& c) { return std::make_unique<Piix4Pm>(c); }};
SOUTHBRIDGE_DEVICE(piix4_pm)

}  // namespace sb::devices
