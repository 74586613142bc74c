// SPDX-License-Identifier: Apache-2.0
//
// How fast the machine reads registers: what a driver does that polls.
//
//   iterations=1000    reads of each part, in hundreds
//   port=0x3f6         which port; 0x3f6 is the alternate status of the first ATA channel
//   bit=7              which bit of it counts: the result is how often it was set
#include "programs/benchmark.h"
#include "runtime/exit.h"
#include "runtime/io.h"
#include "runtime/memory.h"
#include "runtime/program.h"

namespace guest {
namespace {

constinit uint16_t port = 0;
constinit uint32_t bit = 0;

// As drivers poll: read, test, branch.
uint32_t poll(uint32_t iterations) {
    uint32_t set = 0;
    for (uint32_t i = 0; i < iterations * 100; ++i) {
        if (read_port8(port) >> bit & 1) ++set;
    }
    return set;
}

// Without a loop around it: REP INSB, 100 at a time.
uint32_t string(uint32_t iterations) {
    uint8_t buffer[100];
    uint32_t set = 0;
    for (uint32_t i = 0; i < iterations; ++i) {
        void* to = buffer;
        uint32_t count = sizeof(buffer);
        asm volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
        set += buffer[0] >> bit & 1;
    }
    return set;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"iterations", "port", "bit"});
    const uint32_t iterations = options.number("iterations", 1000, 1, 1'000'000);
    port = static_cast<uint16_t>(options.number("port", 0x3f6, 0, 0xffff));
    bit = options.number("bit", 7, 0, 7);
    run_part("poll", iterations, poll);
    run_part("string", iterations, string);
    return exit_code::kSuccess;
}

}  // namespace guest
