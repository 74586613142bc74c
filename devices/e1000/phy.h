// SPDX-License-Identifier: Apache-2.0
//
// The PHY on the chip, as the MDI register shows it, and the state of the link. Sources: the
// manual, 11 and 13.4.6 (MDIC); IEEE 802.3-2005, 22.2.4 and 40.5.1; the identity is that of
// Marvell's 88E1011, which Linux's e1000 knows as the 82540EM's (M88E1011_I_PHY_ID).
//
// An access takes `access_time`: 64 bits at MDC's most of 2.5 MHz (802.3, 22.2.4.5
// and 22.2.2.11), 25.6 us. The PHY's address is 1; another one's answers nothing, and is an error
// (MDIC.E).
//
// The link is up while the wire is, the PHY is not powered down or in loopback, and negotiation is
// over: it takes `negotiation_time` from when the wire comes up, a reset or a restart. What is
// advertised does not count: the wire has one rate, and that is the result. In loopback (register
// 0, bit 14) the link is up at 1 Gb/s by itself.
#pragma once

#include <functional>

#include "bus/ethernet.h"
#include "devices/e1000/interrupts.h"

namespace sb::devices::e1000 {

class Phy {
  public:
    struct Times {
        Time access;
        Time negotiation;
    };
    Phy(const Chip& chip, Interrupts& interrupts, const bus::EthernetPlug& plug, Times times,
        std::function<void()> link_changed);

    bool link() const { return up_; }
    bool loopback() const { return loopback_; }
    uint64_t bits_per_second() const;
    /// The wire's state has changed.
    void wire_changed();
    /// Looks at the wire: it may have been built after us, and be up without having said so.
    void look() {
        if (plug_.bits_per_second() != wire_rate_) wire_changed();
    }
    /// CTRL.PHY_RST, or power on.
    void reset();
    /// The MDI register's state only.
    void reset_interface();

  private:
    void access_written(uint64_t written);
    void access_due();
    void control_written(uint64_t written);
    uint64_t read_status();
    uint64_t read_partner() const;
    uint64_t read_gigabit_status() const;
    uint64_t read_specific_status() const;
    void negotiate();
    void settle();

    Chip chip_;
    Interrupts& interrupts_;
    const bus::EthernetPlug& plug_;
    const Times times_;
    const std::function<void()> link_changed_;

    bus::Register mdic_;
    bus::Field data_{mdic_, "DATA", 15, 0, "of the register"};
    bus::Field register_{mdic_, "REGADD", 20, 16, "register"};
    bus::Field phy_{mdic_, "PHYADD", 25, 21, "PHY: 1"};
    bus::Field operation_{mdic_, "OP", 27, 26, "1: write, 2: read"};
    bus::Field ready_{mdic_, "R", 28, "the access is over"};
    bus::Field interrupt_{mdic_, "I", 29, "MDAC when it is"};
    bus::Field error_{mdic_, "E", 30, "it failed"};

    bus::RegisterBank bank_;
    bus::Register control_;
    bus::Field speed_high_{control_, "SPEED_MSB", 6, "1: 1000 Mb/s"};
    bus::Field duplex_{control_, "DUPLEX", 8, "1: full"};
    bus::Field restart_{control_, "RESTART", 9, "negotiate anew", wo};
    bus::Field isolate_{control_, "ISOLATE", 10, "off the MAC"};
    bus::Field power_down_{control_, "POWER_DOWN", 11, "off"};
    bus::Field negotiation_enable_{control_, "AN_ENABLE", 12, "negotiate"};
    bus::Field speed_low_{control_, "SPEED_LSB", 13, "1: 100 Mb/s, with SPEED_MSB 0"};
    bus::Field loopback_{control_, "LOOPBACK", 14, "what is sent comes back"};
    bus::Field phy_reset_{control_, "RESET", 15, "reset", wo};
    bus::Register status_;
    bus::Register identity_high_;
    bus::Register identity_low_;
    bus::Register advertise_;
    bus::Register partner_;
    bus::Register expansion_;
    bus::Register gigabit_control_;
    bus::Register gigabit_status_;
    bus::Register extended_status_;
    bus::Register specific_control_;
    bus::Register specific_status_;
    bus::Register interrupt_enable_;
    bus::Register interrupt_status_;
    bus::Register extended_control_;
    bus::Register error_counter_;

    State<bool> up_;
    State<bool> was_down_;  // since the status was read last
    State<bool> negotiated_;
    State<uint64_t> wire_rate_;  // as it was seen last
    Timer access_timer_;
    Timer negotiation_timer_;
};

}  // namespace sb::devices::e1000
