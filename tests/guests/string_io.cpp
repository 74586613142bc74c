// SPDX-License-Identifier: Apache-2.0
//
// The string I/O instructions: widths, directions, counts, and the registers they leave behind. The
// data are a drive's IDENTIFY DEVICE data, which are the same each time; so it needs drive 0.
#include "drivers/ata_channel.h"
#include "runtime/check.h"
#include "runtime/exit.h"
#include "runtime/io.h"
#include "runtime/memory.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint16_t kDataPort = 0x1f0;
constexpr uint16_t kDebugConsole = 0xe9;
constexpr uint32_t kWords = ata::identify::kWords;

void start_identify() {
    const AtaChannel channel(AtaChannel::Number::kPrimary);
    channel.enable_interrupts(false);
    check(channel.select(0) == BlockError::kNone, "select");
    channel.issue({.command = ata::Command::kIdentifyDevice}, 0);
    check(channel.wait_for_data() == BlockError::kNone, "identify");
}

constinit uint16_t expected[kWords] = {};
constinit uint16_t actual[kWords] = {};

void compare(const char* what) {
    check(memcmp(actual, expected, sizeof(actual)) == 0, what);
    memset(actual, 0, sizeof(actual));
    print("{}\n", what);
}

void read_upward() {
    start_identify();
    void* to = actual;
    uint32_t count = kWords;
    asm volatile("rep insw" : "+D"(to), "+c"(count) : "d"(kDataPort) : "memory");
    check(to == actual + kWords && count == 0, "registers after rep insw");
    compare("rep insw");
}

void read_downward() {
    start_identify();
    void* to = actual + kWords - 1;
    uint32_t count = kWords;
    asm volatile("std; rep insw; cld" : "+D"(to), "+c"(count) : "d"(kDataPort) : "memory");
    check_equal(reinterpret_cast<uint32_t>(to),
                reinterpret_cast<uint32_t>(actual) - sizeof(uint16_t),
                "EDI after rep insw downward");
    check_equal(count, 0u, "ECX after rep insw downward");
    for (uint32_t i = 0; i < kWords / 2; ++i) {
        const uint16_t word = actual[i];
        actual[i] = actual[kWords - 1 - i];
        actual[kWords - 1 - i] = word;
    }
    compare("rep insw downward");
}

void read_wide() {
    start_identify();
    void* to = actual;
    uint32_t count = kWords / 2;
    asm volatile("rep insl" : "+D"(to), "+c"(count) : "d"(kDataPort) : "memory");
    check(to == actual + kWords && count == 0, "registers after rep insl");
    compare("rep insl");
}

void read_singly() {
    start_identify();
    void* to = actual;
    for (uint32_t i = 0; i < kWords; ++i) {
        asm volatile("insw" : "+D"(to) : "d"(kDataPort) : "memory");
    }
    check(to == actual + kWords, "registers after insw");
    compare("insw");
}

void read_nothing() {
    void* to = actual;
    uint32_t count = 0;
    asm volatile("rep insw" : "+D"(to), "+c"(count) : "d"(kDataPort) : "memory");
    check(to == actual && count == 0, "rep insw of nothing");
}

void write_text() {
    static constexpr char kText[] = "rep outsb\n";
    const void* from = kText;
    uint32_t count = sizeof(kText) - 1;
    asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(kDebugConsole) : "memory");
    check(from == kText + sizeof(kText) - 1 && count == 0, "registers after rep outsb");
}

}  // namespace

int main(const CommandLine&) {
    start_identify();
    for (uint16_t& word : expected) word = read_port16(kDataPort);
    read_upward();
    read_downward();
    read_wide();
    read_singly();
    read_nothing();
    write_text();
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
