// SPDX-License-Identifier: Apache-2.0
//
// Which interrupt may interrupt which: priority classes of the local APIC (SDM volume 3, section
// 10.8.3), by interrupts that the processor sends to itself. What happens is written down as a
// sequence of letters and compared with what should.
#include <string_view>

#include "runtime/apic.h"
#include "runtime/check.h"
#include "runtime/exit.h"
#include "runtime/interrupts.h"
#include "runtime/io.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint8_t kLow = 0x41;   // Priority class 4.
constexpr uint8_t kHigh = 0x81;  // Priority class 8.

class Log {
  public:
    void add(char letter) {
        if (length_ < sizeof(letters_)) letters_[length_++] = letter;
    }
    void expect(std::string_view expected, const char* what) {
        const std::string_view happened(letters_, length_);
        if (happened != expected) fail("{}: {} instead of {}", what, happened, expected);
        print("{}: {}\n", what, happened);
        length_ = 0;
    }

  private:
    char letters_[64] = {};
    size_t length_ = 0;
};

constinit Log events;
constinit bool send_more = false;

// Long enough for any interrupt that can be delivered to be delivered.
void settle() {
    for (int i = 0; i < 100; ++i) local_apic::id();
}

void on_high(InterruptFrame&, void*) {
    events.add('H');
    local_apic::end_of_interrupt();
}

void on_low(InterruptFrame&, void*) {
    events.add('<');
    if (send_more) {
        send_more = false;
        enable_interrupts();
        local_apic::send_to_self(kLow);  // Has to wait: its class is in service.
        settle();
        events.add('.');
        local_apic::send_to_self(kHigh);  // Is served at once.
        settle();
        events.add('.');
        disable_interrupts();
    }
    events.add('>');
    local_apic::end_of_interrupt();
}

void send(uint8_t vector) {
    local_apic::send_to_self(vector);
    settle();
}

}  // namespace

int main(const CommandLine&) {
    use_interrupt_controller(InterruptController::kApic);
    set_interrupt_handler(kLow, on_low);
    set_interrupt_handler(kHigh, on_high);

    send(kLow);
    send(kHigh);
    events.expect("", "interrupts off");
    enable_interrupts();
    settle();
    events.expect("H<>", "interrupts on: the higher first");

    send_more = true;
    send(kLow);
    events.expect("<.H.><>", "the higher interrupts the lower, the equal waits");

    local_apic::set_task_priority(kLow >> 4);
    send(kLow);
    events.expect("", "held back by the task priority");
    send(kHigh);
    events.expect("H", "above the task priority");
    local_apic::set_task_priority(0);
    settle();
    events.expect("<>", "let in again");

    disable_interrupts();
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
