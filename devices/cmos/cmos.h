// SPDX-License-Identifier: Apache-2.0
//
// The real-time clock of a PC with its battery-backed memory, at ports 70h and 71h. Source:
// Motorola MC146818A datasheet (time, calendar and alarm locations; registers A to D; table 5,
// periodic interrupt rates; table 6, update cycle times); port 70h: IBM PC/AT Technical Reference,
// Intel 82371SB (PIIX3) datasheet (290550). What firmware finds in the memory: memory_map.cpp.
//
// Time. The divider chain counts ticks of 32768 Hz; tick k is at ceil(k * 10^12 / 32768) ps, so
// nothing drifts. The clock starts at `start` at time 0 and counts the guest's seconds. An update
// cycle begins every 32768 ticks and lasts 65 (1984 us); UIP rises 8 ticks (244 us) before; the
// time registers change, and the update and alarm flags rise, when it ends. A chain that leaves
// reset has its first update half a second later. Nothing ticks: registers are brought up to date
// when accessed, and a timer waits only for an interrupt that is enabled.
//
// Findings: time registers read during the update; values that are no time (taken as the nearest).
// The oscillator runs with DV = 2 only, as on a PC's board; other values but 6 and 7 stop it.
//
// Left out: daylight saving (DSE is stored), the square wave output, the century byte's counting.
#pragma once

#include "bus/device.h"
#include "devices/cmos/calendar.h"
#include "sim/kernel/tick_clock.h"

namespace sb::devices {

class Cmos final : public bus::Device {
  public:
    static constexpr unsigned memory_bytes = 128;

    explicit Cmos(const bus::DeviceContext& context);
    /// The battery keeps time and memory: only the interrupts are switched off.
    void reset() override;

  private:
    static constexpr uint64_t second = 32768;  // ticks
    static constexpr uint64_t never = ~uint64_t{0};

    void fill_memory(const bus::DeviceContext& context);
    void set_byte(unsigned at, uint64_t value) { memory_[at - first_memory].set(value); }
    void set_word(unsigned at, uint64_t value);

    void advance();
    void rearm();
    uint64_t period() const;
    uint64_t edges_until(uint64_t tick) const;
    uint64_t updates_until(uint64_t tick) const;
    uint64_t end_of_update(uint64_t number) const;
    uint64_t seconds_to_alarm() const;
    bool updating(uint64_t lead) const;

    uint64_t read_data();
    void write_data(uint64_t value);
    uint64_t read_flags();
    void look_at_time();
    void divider_written();

    uint64_t number(uint64_t value) const;
    uint64_t coded(uint64_t value) const;
    unsigned hour(uint64_t value) const;
    uint64_t coded_hour(unsigned hour) const;
    Calendar load() const;
    void store(const Calendar& c);
    bool alarm(unsigned index, unsigned value) const;

    static constexpr unsigned first_memory = 0x0e;

    TickClock clock_;
    bus::RegisterBank bank_;
    bus::Register index_;
    bus::Field address_{index_, "ADDRESS", 6, 0, "which byte port 71h reaches"};
    bus::Field nmi_off_{index_, "NMI_DIS", 7, "1: non-maskable interrupts are off"};
    bus::Register data_;

    bus::RegisterBank memory_bank_;
    bus::RegisterArray time_;
    bus::Register a_;
    bus::Field rate_{a_, "RS", 3, 0, "periodic rate: 32768 >> (n - 1) Hz; 1 and 2 as 8 and 9"};
    bus::Field divider_{a_, "DV", 6, 4, "2: 32.768 kHz; 6 and 7: the chain is held in reset"};
    bus::Field uip_{a_, "UIP", 7, "an update is in progress or begins within 244 us", bus::ro};
    bus::Register b_;
    bus::Field daylight_{b_, "DSE", 0, "daylight saving (stored)"};
    bus::Field hours24_{b_, "24/12", 1, "1: hours 0 to 23"};
    bus::Field binary_{b_, "DM", 2, "1: binary, 0: BCD"};
    bus::Field square_wave_{b_, "SQWE", 3, "square wave (stored)"};
    bus::Field update_enable_{b_, "UIE", 4, "interrupt when an update ended"};
    bus::Field alarm_enable_{b_, "AIE", 5, "interrupt on the alarm"};
    bus::Field periodic_enable_{b_, "PIE", 6, "interrupt at the periodic rate"};
    bus::Field set_{b_, "SET", 7, "1: no updates, the time can be set"};
    bus::Register c_;
    bus::Field update_flag_{c_, "UF", 4, "an update has ended", bus::ro};
    bus::Field alarm_flag_{c_, "AF", 5, "the alarm's time has come", bus::ro};
    bus::Field periodic_flag_{c_, "PF", 6, "the periodic rate's edge has come", bus::ro};
    bus::Field request_{c_, "IRQF", 7, "an enabled flag is set", bus::ro};
    bus::Register d_;
    bus::Field valid_{d_, "VRT", 7, "the battery is good", bus::ro};
    // Layout of an hour in 12-hour mode, and of "don't care" in an alarm.
    bus::RegisterBank layouts_;
    bus::Register hour_;
    bus::Field pm_{hour_, "PM", 7, "afternoon, in 12-hour mode"};
    bus::Field hour_number_{hour_, "HOUR", 6, 0, "the hour"};
    bus::Field any_{hour_, "ANY", 7, 6, "3 in an alarm: any value"};
    bus::RegisterArray memory_;

    State<uint64_t> seen_{*this, "seen", 0};         // tick up to which everything was counted
    State<uint64_t> first_{*this, "first", second};  // tick of the chain's first update cycle
    State<bool> running_{*this, "running", true};    // the chain counts
    Timer edge_{*this, "edge", [this] {
                    advance();
                    rearm();
                }};
    bus::Pin irq_{*this, "irq"};
    bus::Pin nmi_mask_{*this, "nmi_mask"};
};

}  // namespace sb::devices
