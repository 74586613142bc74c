// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_APIC_H
#define GUEST_RUNTIME_APIC_H

// The local APIC (SDM volume 3, chapter 10) and the I/O APIC (82093AA datasheet, Intel order
// 290566-001), at their addresses after reset unless set_base() says otherwise.

#include <cstdint>

namespace guest::local_apic {

inline constexpr uint8_t kSpuriousVector = 0xff;

// Where the 8259A pair's interrupts go.
enum class PicInterrupts : uint8_t {
    kPassThrough,  // LINT0 as ExtINT: "virtual wire mode" (MultiProcessor Specification, 3.6.2.2).
    kIgnore,       // LINT0 masked: everything comes from the I/O APIC.
};

void set_base(uint32_t address);
uint32_t base();

// Whether there is one: where nothing answers, its version register reads as all ones.
bool is_present();
uint8_t version();

// Turns the local APIC on, with its timer stopped and nothing held back by priority.
void enable(PicInterrupts pic_interrupts);

uint8_t id();

// Called once for each interrupt that the local APIC delivered, except the spurious one.
void end_of_interrupt();

// Holds back interrupts of this priority class (vector / 16) and below.
void set_task_priority(uint8_t priority_class);

// Sends an interrupt to this processor itself.
void send_to_self(uint8_t vector);

// The timer counts down from `count` at the bus clock divided by 16, and raises `vector` at zero.
enum class TimerMode : uint8_t { kOneShot, kPeriodic };
void start_timer(uint8_t vector, uint32_t count, TimerMode mode);
void stop_timer();
uint32_t timer_count();

// Counts of the timer per second, measured against the 8254 in about 10 ms. Stops the timer.
uint32_t measure_timer_frequency();

}  // namespace guest::local_apic

namespace guest::io_apic {

void set_base(uint32_t address);
uint32_t base();

// Likewise.
bool is_present();
uint8_t id();
uint8_t version();
uint32_t inputs();

// One of its interrupt inputs, and what an interrupt looks like there. The defaults are what ISA
// interrupts look like.
enum class Polarity : uint8_t { kActiveHigh, kActiveLow };
enum class Trigger : uint8_t { kEdge, kLevel };
struct Input {
    uint8_t pin = 0;
    Polarity polarity = Polarity::kActiveHigh;
    Trigger trigger = Trigger::kEdge;
};

// Masks every input.
void mask_all();

// Routes an input to this processor, unmasked.
void route(Input input, uint8_t vector);

void mask(uint8_t pin);

}  // namespace guest::io_apic

#endif
