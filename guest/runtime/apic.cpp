// SPDX-License-Identifier: Apache-2.0
#include "runtime/apic.h"

#include "runtime/clock.h"
#include "runtime/io.h"

namespace guest::local_apic {
namespace {

constinit uint32_t base_address = 0xfee00000;

// SDM volume 3, table 10-1.
enum class Register : uint32_t {
    kId = 0x020,
    kVersion = 0x030,
    kTaskPriority = 0x080,
    kEndOfInterrupt = 0x0b0,
    kSpuriousInterruptVector = 0x0f0,
    kInterruptCommandLow = 0x300,
    kLvtTimer = 0x320,
    kLvtLint0 = 0x350,
    kLvtLint1 = 0x360,
    kTimerInitialCount = 0x380,
    kTimerCurrentCount = 0x390,
    kTimerDivideConfiguration = 0x3e0,
};

constexpr uint32_t kSoftwareEnable = 1u << 8;  // Of the spurious-interrupt vector register.
constexpr uint32_t kDeliveryNmi = 4u << 8;     // Of the local vector table.
constexpr uint32_t kDeliveryExtInt = 7u << 8;
constexpr uint32_t kMasked = 1u << 16;
constexpr uint32_t kTimerPeriodic = 1u << 17;
constexpr uint32_t kLevelAssert = 1u << 14;  // Of the interrupt command register.
constexpr uint32_t kDestinationSelf = 1u << 18;
constexpr uint32_t kDivideBy16 = 0x3;

uint32_t read(Register reg) { return read_mmio32(base_address + static_cast<uint32_t>(reg)); }

void write(Register reg, uint32_t value) {
    write_mmio32(base_address + static_cast<uint32_t>(reg), value);
}

}  // namespace

void set_base(uint32_t address) { base_address = address; }

uint32_t base() { return base_address; }

bool is_present() { return read(Register::kVersion) != UINT32_MAX; }

uint8_t version() { return static_cast<uint8_t>(read(Register::kVersion)); }

void enable(PicInterrupts pic_interrupts) {
    write(Register::kSpuriousInterruptVector, kSoftwareEnable | kSpuriousVector);
    write(Register::kLvtLint0,
          pic_interrupts == PicInterrupts::kPassThrough ? kDeliveryExtInt : kMasked);
    write(Register::kLvtLint1, kDeliveryNmi);
    set_task_priority(0);
    stop_timer();
}

uint8_t id() { return read(Register::kId) >> 24; }

void end_of_interrupt() { write(Register::kEndOfInterrupt, 0); }

void set_task_priority(uint8_t priority_class) {
    write(Register::kTaskPriority, priority_class << 4);
}

void send_to_self(uint8_t vector) {
    write(Register::kInterruptCommandLow, kDestinationSelf | kLevelAssert | vector);
}

void start_timer(uint8_t vector, uint32_t count, TimerMode mode) {
    write(Register::kTimerDivideConfiguration, kDivideBy16);
    write(Register::kLvtTimer, vector | (mode == TimerMode::kPeriodic ? kTimerPeriodic : 0));
    write(Register::kTimerInitialCount, count);
}

void stop_timer() {
    write(Register::kLvtTimer, kMasked);
    write(Register::kTimerInitialCount, 0);
}

uint32_t timer_count() { return read(Register::kTimerCurrentCount); }

uint32_t measure_timer_frequency() {
    constexpr uint32_t kMicroseconds = 10'000;
    constexpr uint32_t kFull = UINT32_MAX;
    write(Register::kTimerDivideConfiguration, kDivideBy16);
    write(Register::kLvtTimer, kMasked);
    write(Register::kTimerInitialCount, kFull);
    clock::delay_microseconds(kMicroseconds);
    const uint32_t counted = kFull - timer_count();
    stop_timer();
    return counted * (1'000'000 / kMicroseconds);
}

}  // namespace guest::local_apic

namespace guest::io_apic {
namespace {

constinit uint32_t base_address = 0xfec00000;

// The two registers in memory: an index, and a window onto the register that it selects.
constexpr uint32_t kRegisterSelect = 0x00;
constexpr uint32_t kWindow = 0x10;

// The registers behind the window (82093AA, section 3.2).
constexpr uint32_t kId = 0x00;
constexpr uint32_t kVersion = 0x01;
constexpr uint32_t kRedirectionTable = 0x10;  // Two registers for each input, the low one first.

// Of the low half; all other fields are 0: fixed delivery to a physical destination.
constexpr uint32_t kActiveLow = 1u << 13;
constexpr uint32_t kLevelTriggered = 1u << 15;
constexpr uint32_t kMasked = 1u << 16;

constexpr uint32_t kDestinationShift = 24;  // Of the high half.

uint32_t read(uint32_t index) {
    write_mmio32(base_address + kRegisterSelect, index);
    return read_mmio32(base_address + kWindow);
}

void write(uint32_t index, uint32_t value) {
    write_mmio32(base_address + kRegisterSelect, index);
    write_mmio32(base_address + kWindow, value);
}

uint32_t low_half(uint8_t pin) { return kRedirectionTable + 2u * pin; }
uint32_t high_half(uint8_t pin) { return low_half(pin) + 1; }

}  // namespace

void set_base(uint32_t address) { base_address = address; }

uint32_t base() { return base_address; }

bool is_present() { return read(kVersion) != UINT32_MAX; }

uint8_t id() { return read(kId) >> 24 & 0xf; }

uint8_t version() { return static_cast<uint8_t>(read(kVersion)); }

uint32_t inputs() { return (read(kVersion) >> 16 & 0xff) + 1; }

void mask_all() {
    for (uint32_t pin = 0; pin < inputs(); ++pin) mask(pin);
}

void route(Input input, uint8_t vector) {
    // The destination first: the input is live once the low half is written.
    write(high_half(input.pin), static_cast<uint32_t>(local_apic::id()) << kDestinationShift);
    write(low_half(input.pin), vector | (input.polarity == Polarity::kActiveLow ? kActiveLow : 0) |
                                   (input.trigger == Trigger::kLevel ? kLevelTriggered : 0));
}

void mask(uint8_t pin) { write(low_half(pin), kMasked); }

}  // namespace guest::io_apic
