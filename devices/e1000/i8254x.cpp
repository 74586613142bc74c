// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/i8254x.h"

#include <fmt/format.h>

#include <algorithm>

#include "bus/internet.h"

namespace sb::devices::e1000 {
namespace {

constexpr uint32_t register_bytes = 0x20000;  // base address 0
constexpr uint32_t declared_bytes = 0x6000;   // registers lie below
constexpr uint32_t io_bytes = 0x40;           // base address 2
constexpr uint32_t msi_offset = 0xf0;
constexpr uint32_t kibibyte = 1024;
constexpr uint64_t gigabit = 1'000'000'000, fast = 100'000'000, slow = 10'000'000;

// Times without a figure in the manual are marked; all are keys.
const std::vector<Key> keys{
    {"slot", ValueType::integer, "3", "PCI device number", {}, 0, 31},
    {"function", ValueType::integer, "0", "PCI function number", {}, 0, 7},
    bus::EthernetPlug::key(),
    {"mac", ValueType::text, "02:00:00:00:00:01", "Ethernet address, in the EEPROM"},
    {"packet_buffer",
     ValueType::size,
     "64KiB",
     "packet buffer, both ways (manual, 13.4.16)",
     {},
     16 * kibibyte,
     64 * kibibyte},
    {"descriptor_cache",
     ValueType::integer,
     "64",
     "descriptors on the chip, each way",
     {},
     1,
     DescriptorRing::most_cached},
    {"access_time", ValueType::duration, "40ns", "of a register access (unconfirmed)"},
    {"eeprom_read_time", ValueType::duration, "27us",
     "of a word by EERD (unconfirmed: 27 clocks of 1 MHz)"},
    {"mdio_time", ValueType::duration, "25600ns",
     "of a PHY access: 64 bits at 2.5 MHz (802.3, 22.2.4.5)"},
    {"negotiation_time", ValueType::duration, "0ns",
     "from wire up or PHY reset to link up (a real one takes 1 to 3 s)"},
    {"reset_time", ValueType::duration, "1us",
     "until CTRL.RST reads 0 (manual, 13.4.1: software waits 1 us)"},
    pci::rom_key(),
    {"rom_byte_time", ValueType::duration, "120ns",
     "of a byte of the expansion ROM: an 8-bit flash (unconfirmed)"}};

std::vector<Key> all_keys() {
    std::vector<Key> all = keys;
    for (const Key& key : bus::master_keys(8)) all.push_back(key);
    return all;
}

/// The station's address, the first byte lowest.
uint64_t own_address(const bus::DeviceContext& context) {
    const bus::internet::Mac mac = bus::internet::station_address(context.name, context.config);
    uint64_t number = 0;
    for (size_t i = 0; i < mac.size(); ++i) number |= uint64_t{mac[i]} << (8 * i);
    return number;
}

bus::Register::Spec spec(const char* name, uint32_t offset, const char* doc, uint64_t reset = 0) {
    return {.name = name, .offset = offset, .reset = reset, .doc = doc};
}

}  // namespace

const bus::DeviceModel intel_8254x{
    "intel-8254x", "Intel 82540EM Gigabit Ethernet controller",
    "Intel, PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual",
    all_keys(), [](const bus::DeviceContext& c) { return std::make_unique<I8254x>(c); }};
SOUTHBRIDGE_DEVICE(intel_8254x)

// Offsets and initial values: the manual, table 13-2 and 13.4.
I8254x::I8254x(const bus::DeviceContext& context)
    : Device{context},
      reset_time_{context.config.duration("reset_time")},
      buffer_{static_cast<uint32_t>(context.config.integer("packet_buffer"))},
      mac_{own_address(context)},
      function_{*this,
                pci::bus_of(context),
                {static_cast<unsigned>(context.config.integer("slot")),
                 static_cast<unsigned>(context.config.integer("function"))},
                {.vendor = 0x8086,
                 .device = 0x100e,
                 .class_code = 0x020000,
                 .revision = 0x02,
                 .interrupt_pin = 1,
                 .subsystem_vendor = 0x8086,
                 .subsystem = 0x001e}},
      bank_{*this,
            {.name = "registers",
             .size = declared_bytes,
             .access_time = context.config.duration("access_time")}},
      chip_{*this, function_, bank_},
      plug_{*this, context, *this, {slow, fast, gigabit}},
      ctrl_{bank_,
            spec("CTRL", 0x0000, "device control", 0x00000201),
            {.write = [this](uint64_t v) { control_written(v); }}},
      status_{bank_,
              {.name = "STATUS", .offset = 0x0008, .access = ro, .doc = "device status"},
              {.read = [this] { return read_status(); }}},
      ctrl_ext_{bank_, spec("CTRL_EXT", 0x0018, "extended device control: stored only")},
      fcal_{bank_, spec("FCAL", 0x0028, "flow control address: stored only")},
      fcah_{bank_, spec("FCAH", 0x002c, "its upper half: stored only")},
      fct_{bank_, spec("FCT", 0x0030, "flow control type: stored only")},
      fcttv_{bank_, spec("FCTTV", 0x0170, "flow control timer: stored only")},
      fcrtl_{bank_, spec("FCRTL", 0x2160, "flow control threshold, low: stored only")},
      fcrth_{bank_, spec("FCRTH", 0x2168, "flow control threshold, high: stored only")},
      txcw_{bank_, spec("TXCW", 0x0178, "transmit configuration word: stored only")},
      rxcw_{bank_,
            {.name = "RXCW", .offset = 0x0180, .access = ro, .doc = "of a fibre link: none"}},
      ledctl_{bank_, spec("LEDCTL", 0x0e00, "LED control: stored only", 0x07068302)},
      pba_{bank_,
           spec("PBA", 0x1000, "packet buffer allocation", 0x00100030),
           {.write =
                [this](uint64_t) {
                    const uint64_t all = buffer_ / kibibyte;
                    transmit_share_ = all - std::min<uint64_t>(receive_share_, all);
                }}},
      wuc_{bank_, spec("WUC", 0x5800, "wake-up control: stored only")},
      wufc_{bank_, spec("WUFC", 0x5808, "wake-up filter control: stored only")},
      wus_{bank_, spec("WUS", 0x5810, "wake-up status: stored only")},
      manc_{bank_, spec("MANC", 0x5820, "management control: stored only")},
      ipav_{bank_, spec("IPAV", 0x5838, "IP addresses valid: stored only")},
      wupl_{bank_, {.name = "WUPL", .offset = 0x5900, .access = ro, .doc = "wake-up packet: none"}},
      io_{*this,
          {.name = "io",
           .size = 8,
           .access_time = context.config.duration("access_time"),
           .quiet_holes = true}},
      ioaddr_{io_,
              {.name = "IOADDR", .offset = 0, .doc = "which register IODATA is", .whole = true},
              {.write = [this](uint64_t) { ioaddr_ = ioaddr_ & 0xfffff; }}},
      iodata_{io_,
              {.name = "IODATA", .offset = 4, .doc = "that register"},
              {.read = [this] { return read_io(); }, .write = [this](uint64_t v) { write_io(v); }}},
      interrupts_{chip_},
      statistics_{chip_},
      dma_{chip_, bus::MasterSettings{context.config}},
      eeprom_{chip_, mac_, context.config.duration("eeprom_read_time")},
      phy_{chip_,
           interrupts_,
           plug_,
           {context.config.duration("mdio_time"), context.config.duration("negotiation_time")},
           [this] { link_settled(); }},
      receive_{chip_,
               dma_,
               interrupts_,
               statistics_,
               bus::PacketPlaces::of(context.board),
               {buffer_, static_cast<uint32_t>(context.config.integer("descriptor_cache"))}},
      transmitter_{
          chip_,
          statistics_,
          plug_,
          buffer_,
          {.link = [this] { return link(); },
           .loopback = [this] { return loopback(); },
           .bits_per_second = [this] { return phy_.bits_per_second(); },
           .looped = [this](const bus::Frame& f) { receive_.arrived(f, true, vlan_mode_ != 0); },
           .sent = [this] { transmit_.sent(); }}},
      transmit_{chip_,
                dma_,
                interrupts_,
                statistics_,
                bus::PacketPlaces::of(context.board),
                transmitter_,
                static_cast<uint32_t>(context.config.integer("descriptor_cache")),
                [this] { return vlan_mode_ ? uint32_t{receive_.filter().ether_type()} : 0u; }} {
    function_.add_base(0, pci::Function::Space::memory, register_bytes, bank_.socket(),
                       context.name);
    function_.add_rom(pci::load_rom(context), context.config.duration("rom_byte_time"));
    function_.add_base(2, pci::Function::Space::ports, io_bytes, io_.socket(),
                       context.name + " io");
    function_.add_msi(msi_offset);
    function_.on_command([this] { dma_.kick(); });
}

// ---- Reset

void I8254x::reset() {
    Device::reset();
    reset_parts();
    phy_held_ = false;
    phy_.reset();
    link_settled();
    interrupts_.reset();  // a link that comes up with the power is no change
}

void I8254x::reset_parts() {
    reset_timer_.cancel();
    dma_.cancel();
    statistics_.reset();
    eeprom_.reset();
    phy_.reset_interface();
    receive_.reset();
    transmitter_.reset();
    transmit_.reset();
    interrupts_.reset();
    receive_.filter().set_own(mac_);
    share_buffer();
}

void I8254x::software_reset() {
    ++resets_;
    const uint64_t pba = pba_;
    bank_.reset();
    pba_ = pba;
    reset_parts();
    reset_ = 1;
    reset_timer_.arm_after(reset_time_);
    link_settled();
    interrupts_.reset();
}

void I8254x::share_buffer() {
    const uint32_t receive = std::min(static_cast<uint32_t>(receive_share_) * kibibyte, buffer_);
    receive_.set_buffer(receive);
    transmitter_.set_buffer(buffer_ - receive);
}

// ---- Control and link

void I8254x::control_written(uint64_t written) {
    if (reset_.of(written)) return software_reset();
    if (phy_reset_ && !phy_held_) phy_.reset();
    phy_held_ = phy_reset_ != 0;
    phy_.look();
    link_settled();
}

void I8254x::link_settled() {
    const bool up = phy_.link() && set_link_up_;
    if (up == link_up_) return;
    link_up_ = up;
    interrupts_.cause(interrupts_.link_changed.mask());
    if (up) transmitter_.step();
}

uint64_t I8254x::read_status() {
    phy_.look();
    const uint64_t rate = phy_.bits_per_second();
    const uint64_t speed = rate >= gigabit ? 2 : rate >= fast ? 1 : 0;
    uint64_t value = status_duplex_.make(1);
    if (link_up_) value |= status_link_.make(1);
    if (phy_.link()) value |= status_speed_.make(speed) | status_detected_.make(speed);
    return value;
}

void I8254x::frame_arrived(const bus::Frame& frame) {
    phy_.look();
    receive_.arrived(frame, link() && !loopback(), vlan_mode_ != 0);
}

// ---- I/O-mapped access

uint64_t I8254x::read_io() {
    return ioaddr_ < declared_bytes ? bank_.read(static_cast<uint32_t>(ioaddr_), 4) : 0;
}

void I8254x::write_io(uint64_t value) {
    if (ioaddr_ < declared_bytes) bank_.write(static_cast<uint32_t>(ioaddr_), 4, value);
}

}  // namespace sb::devices::e1000
