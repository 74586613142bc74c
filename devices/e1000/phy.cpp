// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/phy.h"

namespace sb::devices::e1000 {
namespace {

constexpr uint64_t phy_address = 1;
constexpr uint64_t operation_write = 1, operation_read = 2;
constexpr uint64_t gigabit = 1'000'000'000, fast = 100'000'000;

// IEEE 802.3-2005, 22.2.4.2: bits that come and go with the link.
constexpr uint64_t status_link = 1u << 2, status_negotiated = 1u << 5;
// 10 and 100 Mb/s in both duplexes, extended status, no preamble needed, can negotiate, extended
// registers.
constexpr uint64_t status_abilities = 0x7949;
constexpr uint64_t partner_all = 0x45e1;      // acknowledge, pause, 10 and 100 Mb/s, 802.3
constexpr uint64_t gigabit_partner = 0x3c00;  // 1000BASE-T in both duplexes, receivers fine
// 88E1011, register 17: speed 15:14, duplex 13, resolved 11, link 10.
constexpr uint64_t specific_duplex = 1u << 13, specific_resolved = 1u << 11,
                   specific_link = 1u << 10;

bus::Register::Spec spec(const char* name, uint32_t number, bus::Access access, uint64_t reset,
                         const char* doc) {
    return {.name = name,
            .offset = 2 * number,
            .bits = 16,
            .access = access,
            .reset = reset,
            .doc = doc};
}

}  // namespace

Phy::Phy(const Chip& chip, Interrupts& interrupts, const bus::EthernetPlug& plug, Times times,
         std::function<void()> link_changed)
    : chip_{chip},
      interrupts_{interrupts},
      plug_{plug},
      times_{times},
      link_changed_{std::move(link_changed)},
      mdic_{chip.bank,
            {.name = "MDIC",
             .offset = 0x0020,
             .reset = 0x10000000,
             .doc = "access to the PHY's registers",
             .effect = "OP 1 or 2 begins one"},
            {.write = [this](uint64_t v) { access_written(v); }}},
      bank_{chip.device, {.name = "phy", .size = 64, .quiet_holes = true}},
      control_{bank_,
               spec("PHY_CTRL", 0, rw, 0x1140, "control"),
               {.write = [this](uint64_t v) { control_written(v); }}},
      status_{bank_,
              spec("PHY_STATUS", 1, ro, status_abilities, "status; the link bit latches low"),
              {.read = [this] { return read_status(); }}},
      identity_high_{bank_, spec("PHY_ID1", 2, ro, 0x0141, "identity")},
      identity_low_{bank_, spec("PHY_ID2", 3, ro, 0x0c20, "identity")},
      advertise_{bank_, spec("ANA", 4, rw, 0x0de1, "what is advertised")},
      partner_{bank_,
               spec("LPA", 5, ro, 0, "what the partner advertises"),
               {.read = [this] { return read_partner(); }}},
      expansion_{bank_,
                 spec("ANE", 6, ro, 0, "negotiation expansion"),
                 {.read = [this] { return uint64_t{up_ ? 1u : 0u}; }}},
      gigabit_control_{bank_, spec("GCON", 9, rw, 0x0e00, "1000BASE-T control")},
      gigabit_status_{bank_,
                      spec("GSTATUS", 10, ro, 0, "1000BASE-T status"),
                      {.read = [this] { return read_gigabit_status(); }}},
      extended_status_{bank_, spec("ESTATUS", 15, ro, 0x3000, "1000BASE-T in both duplexes")},
      specific_control_{bank_, spec("PSCON", 16, rw, 0x0068, "specific control")},
      specific_status_{bank_,
                       spec("PSSTAT", 17, ro, 0, "specific status: speed, duplex, link"),
                       {.read = [this] { return read_specific_status(); }}},
      interrupt_enable_{bank_, spec("PINTE", 18, rw, 0, "interrupt enable: stored only")},
      interrupt_status_{bank_, spec("PINTS", 19, ro, 0, "interrupt status: none")},
      extended_control_{bank_, spec("EPSCON", 20, rw, 0x0c68, "extended specific control")},
      error_counter_{bank_, spec("PREC", 21, ro, 0, "receive errors: none")},
      up_{chip.device, "phy.link"},
      was_down_{chip.device, "phy.was_down", true},
      negotiated_{chip.device, "phy.negotiated"},
      wire_rate_{chip.device, "phy.wire_rate"},
      access_timer_{chip.device, "phy.access", [this] { access_due(); }},
      negotiation_timer_{chip.device, "phy.negotiation", [this] {
                             negotiated_ = true;
                             settle();
                         }} {}

// ---- Registers

void Phy::access_written(uint64_t written) {
    ready_ = error_ = 0;
    if (access_timer_.armed())
        chip_.device.finding("MDIC was written while an access is under way: it begins anew");
    if (operation_.of(written) != operation_write && operation_.of(written) != operation_read)
        chip_.device.finding("MDIC was written with an operation that is neither read nor write");
    access_timer_.arm_after(times_.access);
}

void Phy::access_due() {
    const auto offset = static_cast<uint32_t>(2 * register_);
    if (phy_ != phy_address || (operation_ != operation_write && operation_ != operation_read))
        error_ = 1;
    else if (operation_ == operation_write)
        bank_.write(offset, 2, data_);
    else
        data_ = bank_.read(offset, 2);
    ready_ = 1;
    if (interrupt_) interrupts_.cause(interrupts_.mdio_done.mask());
}

void Phy::control_written(uint64_t written) {
    if (phy_reset_.of(written)) return reset();
    restart_ = 0;
    if (restart_.of(written) && negotiation_enable_) negotiated_ = false;
    if (power_down_) negotiated_ = false;
    settle();
    negotiate();
}

uint64_t Phy::read_status() {
    uint64_t value = status_abilities;
    if (up_ && !was_down_) value |= status_link;
    if (up_) value |= status_negotiated;
    was_down_ = !up_;
    return value;
}

uint64_t Phy::read_partner() const { return up_ && !loopback_ ? partner_all : 0; }

uint64_t Phy::read_gigabit_status() const {
    return up_ && bits_per_second() >= gigabit ? gigabit_partner : 0;
}

uint64_t Phy::read_specific_status() const {
    if (!up_) return 0;
    const uint64_t rate = bits_per_second();
    const uint64_t speed = rate >= gigabit ? 2 : rate >= fast ? 1 : 0;
    return speed << 14 | specific_duplex | specific_resolved | specific_link;
}

// ---- The link

uint64_t Phy::bits_per_second() const { return loopback_ ? gigabit : plug_.bits_per_second(); }

void Phy::wire_changed() {
    // Another rate is the result of another negotiation.
    if (plug_.bits_per_second() != wire_rate_) negotiated_ = false;
    wire_rate_ = plug_.bits_per_second();
    settle();
    negotiate();
}

/// Begins what has to be waited for before the link can come up.
void Phy::negotiate() {
    if (!plug_.up() || power_down_ || negotiated_) {
        negotiation_timer_.cancel();
    } else if (times_.negotiation == Time{}) {
        negotiated_ = true;
        settle();
    } else {
        negotiation_timer_.arm_after(times_.negotiation);
    }
}

void Phy::settle() {
    const bool up = !power_down_ && (loopback_ || (plug_.up() && negotiated_));
    if (!up) was_down_ = true;
    if (up == up_) return;
    up_ = up;
    link_changed_();
}

void Phy::reset() {
    bank_.reset();
    negotiated_ = false;
    settle();
    negotiate();
}

void Phy::reset_interface() { access_timer_.cancel(); }

}  // namespace sb::devices::e1000
