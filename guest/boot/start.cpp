// SPDX-License-Identifier: Apache-2.0
//
// From start.S to the program: prepares what every program relies on, runs it, exits with its
// result. Interrupts stay off, and every interrupt source masked, until a program asks for them.

#include "boot/idt.h"
#include "boot/multiboot.h"
#include "runtime/boot_information.h"
#include "runtime/command_line.h"
#include "runtime/console.h"
#include "runtime/exit.h"
#include "runtime/interrupts.h"
#include "runtime/memory.h"
#include "runtime/pic.h"
#include "runtime/print.h"
#include "runtime/program.h"

extern "C" {
using Constructor = void (*)();
extern Constructor guest_constructors_begin[];
extern Constructor guest_constructors_end[];
}

namespace guest {
namespace {

constexpr uint32_t kFirstMebibyte = 1u << 20;
constexpr uint32_t kMemoryEndIfUnknown = 4u << 20;

void choose_console(const CommandLine& options) {
    struct Name {
        std::string_view name;
        Console console;
    };
    static constexpr Name kNames[] = {{"debug", Console::kDebug},
                                      {"serial", Console::kSerial},
                                      {"both", Console::kDebug | Console::kSerial},
                                      {"screen", Console::kScreen | Console::kSerial}};
    const std::string_view wanted = options.text("console", "debug");
    for (const auto& [name, console] : kNames) {
        if (name == wanted) return use_console(console);
    }
    fail("console={} is none of debug, serial, both, screen", wanted);
}

}  // namespace
}  // namespace guest

extern "C" [[noreturn]] void guest_start(uint32_t magic,
                                         const guest::multiboot::Information* information) {
    using namespace guest;
    load_idt();
    pic::initialise(kFirstIrqVector);  // It may be fresh from reset, or as a BIOS left it.
    for (Constructor* construct = guest_constructors_begin; construct != guest_constructors_end;
         ++construct) {
        (*construct)();
    }

    // The loader may have put its information right behind our image, where the allocator's memory
    // begins: take out everything before anything is allocated.
    static constinit CommandLine options;
    uint32_t memory_end = kMemoryEndIfUnknown;
    if (magic == multiboot::kLoaderMagic) {
        if (information->flags & multiboot::flag::kCommandLine) {
            options.parse(information->command_line);
        }
        if (information->flags & multiboot::flag::kMemory) {
            memory_end = kFirstMebibyte + information->upper_memory_kib * 1024;
        }
        record_boot_information(*information);
    }
    initialise_allocator(boot_module(), memory_end);
    choose_console(options);
    exit(guest::main(options));
}
