// SPDX-License-Identifier: Apache-2.0
//
// Interrupt causes, their mask, and the throttle. Sources: the manual, 13.4.17 to 13.4.21.
//
// Causes. A cause sets its bit of ICR whether it is masked or not. Reading ICR clears all of it,
// writing a one clears that bit. ICS sets causes by hand, IMS sets bits of the mask, IMC clears
// them; reading IMS gives the mask. There is no auto-mask: the 8254x has no IAM register (it came
// with the 82571).
//
// The interrupt output (INTA#, or one message) is asserted while a cause is set whose mask bit is.
//
// Throttle (ITR, 13.4.18): "a guaranteed inter-interrupt delay between interrupts asserted". What
// we take this to be:
// - An assertion loads a counter with INTERVAL x 256 ns; while it runs, the output is not asserted
// anew. Causes go on
//   to set their bits; if one is still set and unmasked when the counter ends, the output is
//   asserted at that moment, which loads the counter again.
// - Deasserting (ICR read, IMC) does not stop the counter. An interrupt that is unmasked while its
// cause is pending is
//   an assertion like any other.
// - Causes that come while the output is asserted already make no new assertion, and do not touch
// the counter.
// - Where the manual leaves it open, a write of ITR counts from the next assertion on: a counter
// that runs is not
//   reloaded. Writing 0 turns the throttle off at once: what is held back is asserted.
// It holds for all causes alike, and for ICS too.
#pragma once

#include "devices/e1000/chip.h"

namespace sb::devices::e1000 {

class Interrupts {
  public:
    explicit Interrupts(const Chip& chip);

    /// Sets causes: masks of ICR's fields, or together.
    void cause(uint64_t causes);
    /// All of it is as after reset; the registers are reset by the device.
    void reset();
    bool asserted() const { return asserted_; }

  private:
    Chip chip_;
    bus::Register icr_;

  public:
    bus::Field transmit_written{icr_, "TXDW", 0, "transmit descriptor written back"};
    bus::Field transmit_empty{icr_, "TXQE", 1, "transmit queue empty"};
    bus::Field link_changed{icr_, "LSC", 2, "link status change"};
    bus::Field receive_minimum{icr_, "RXDMT0", 4, "receive descriptor minimum threshold"};
    bus::Field receive_overrun{icr_, "RXO", 6, "receiver overrun"};
    bus::Field receive_timer{icr_, "RXT0", 7, "receive timer interrupt"};
    bus::Field mdio_done{icr_, "MDAC", 9, "MDI access complete"};
    bus::Field configuration{icr_, "RXCFG", 10, "receiving /C/ ordered sets"};
    bus::Field phy_interrupt{icr_, "PHYINT", 12, "PHY interrupt"};
    bus::Field general{icr_, "GPI", 14, 13, "general purpose interrupts"};
    bus::Field transmit_low{icr_, "TXD_LOW", 15, "transmit descriptor low threshold"};
    bus::Field small_packet{icr_, "SRPD", 16, "small receive packet detected"};

  private:
    uint64_t read_causes();
    void interval_written();
    void update();
    void assert_output();

    bus::Register itr_;
    bus::Field interval_{itr_, "INTERVAL", 15, 0, "least gap between interrupts, 256 ns; 0: off"};
    bus::Register ics_;
    bus::Register ims_;
    bus::Register imc_;
    State<uint64_t> mask_;
    State<bool> asserted_;
    Timer throttle_;
    Counter raised_;
};

}  // namespace sb::devices::e1000
