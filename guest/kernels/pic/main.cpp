// SPDX-License-Identifier: Apache-2.0
//
// A kernel for any PC since the AT: its loader has asked the firmware for everything that the
// firmware can do, and what is left is the 8259A, the 8254 and the 8042. Counts ticks for a while,
// shows what is typed meanwhile, and checks the data that the loader has read.
//
//   hz=100            ticks in a second, 19 to 1000: the 8254 divides by 16 bits
//   ticks=200         how many to count
//   console=screen    the screen and the serial port; or serial, debug, both
#include "drivers/ata_polled.h"
#include "drivers/keyboard.h"
#include "kernels/data_area.h"
#include "runtime/boot_information.h"
#include "runtime/clock.h"
#include "runtime/console.h"
#include "runtime/exit.h"
#include "runtime/interrupts.h"
#include "runtime/io.h"
#include "runtime/memory.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {
namespace {

constinit CharacterQueue input;
constinit volatile uint32_t tick_count = 0;

void on_tick(InterruptFrame&, void*) { tick_count = tick_count + 1; }

void print_memory_map() {
    if (memory_map().empty()) {
        print("memory: no map, {} KiB\n", memory_end() / 1024);
        return;
    }
    for (const MemoryRange& range : memory_map()) {
        print("memory: {08x} to {08x} {}\n", range.base, range.base + range.bytes - 1,
              type_name(range.type));
    }
}

// Without the loader, or with one that brought nothing, the kernel has to read the data by itself.
std::span<const uint32_t> read_data() {
    AtaPolled disk(AtaChannel::Number::kPrimary, 0);
    const std::span<uint32_t> words = allocate_array<uint32_t>(data_area::kWords);
    const Segment segment = {physical_address(words.data()),
                             static_cast<uint32_t>(words.size_bytes())};
    BlockError error = disk.open();
    if (error == BlockError::kNone) error = disk.read(data_area::kLba, {&segment, 1});
    if (error != BlockError::kNone) {
        disk.print_error();
        fail("data: neither the loader nor the disk has it");
    }
    return words;
}

void check_data() {
    const std::span<const uint8_t> module = boot_module();
    const std::span<const uint32_t> words =
        module.empty() ? read_data()
                       : std::span(reinterpret_cast<const uint32_t*>(module.data()),
                                   module.size() / sizeof(uint32_t));
    if (words.empty() || words[0] != data_area::kMark) fail("data: this is something else");
    const uint32_t sum = data_area::sum(words);
    if (sum != 0) fail("data: the words add up to {08x} instead of 0", sum);
    print("data: {} words from the {} add up\n", words.size(), module.empty() ? "disk" : "loader");
}

void start_keyboard() {
    const keyboard::OpenError error = keyboard::open(input);
    if (error == keyboard::OpenError::kNone) {
        print("keyboard: irq {}\n", irq::kKeyboard);
    } else {
        print("keyboard: {}\n", keyboard::error_name(error));
    }
}

// Sleeps from one interrupt to the next, shows what was typed, and says when a second is over.
void count_ticks(uint32_t ticks, uint32_t hz) {
    clock::start_counter(clock::kCounterHz / hz);
    attach_irq(irq::kTimer, on_tick);
    for (uint32_t seconds = 0; tick_count < ticks;) {
        wait_for_interrupt();
        while (const auto character = input.take())
            print("key: {}\n", std::string_view(&*character, 1));
        if (tick_count / hz != seconds) {
            ++seconds;
            print("{} s\n", seconds);
        }
    }
    detach_irq(irq::kTimer);
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"hz", "ticks"});
    if (!options.has("console")) use_console(Console::kScreen | Console::kSerial);
    print("Southbridge PIC kernel\n");
    const uint32_t hz = options.number("hz", 100, 19, 1000);
    const uint32_t ticks = options.number("ticks", 200, 1);

    print_memory_map();
    use_interrupt_controller(InterruptController::kPic);
    clock::start_counter(clock::kFullPeriod);  // Bounds the waits of the drivers.
    check_data();
    start_keyboard();
    print("timer: {} Hz, irq {}\n", hz, irq::kTimer);
    count_ticks(ticks, hz);
    print("PASS: {} ticks\n", ticks);
    return exit_code::kSuccess;
}

}  // namespace guest
