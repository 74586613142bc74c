// SPDX-License-Identifier: Apache-2.0
//
// Guests of random bytes on the whole machine: whatever the processor makes of them, the run ends
// in a way that is reported, within its time limit.
//
// SOUTHBRIDGE_FUZZ_GUESTS and SOUTHBRIDGE_FUZZ_SEED choose more and others.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <random>

#include "tests/scenarios/guest_run.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::machine;
using namespace sb::test;

namespace {

constexpr uint32_t code_address = 0x200000, code_bytes = 8192;

uint64_t setting(const char* name, uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : fallback;
}

using Random = std::mt19937_64;
using Code = std::vector<uint8_t>;

/// Bytes of any kind.
Code noise(Random& random) {
    Code code(code_bytes);
    for (uint8_t& byte : code) byte = static_cast<uint8_t>(random());
    return code;
}

/// Instructions that reach devices come often: port accesses, stores to device memory.
Code device_accesses(Random& random) {
    static constexpr uint16_t ports[] = {0x1f0, 0x1f1,  0x1f6,  0x1f7,  0x3f6, 0x20,  0x21,
                                         0xa0,  0x40,   0x43,   0x3f8,  0x3fb, 0xcf8, 0xcfc,
                                         0xe9,  0xc000, 0xc002, 0xc004, 0x600, 0x61,  0x70};
    static constexpr uint32_t memory[] = {0xfee00020, 0xfee00080, 0xfee000b0, 0xfee000f0,
                                          0xfee00300, 0xfee00320, 0xfee00380, 0xfee003e0,
                                          0xfec00000, 0xfec00010};
    Code code;
    auto add = [&](std::initializer_list<unsigned> bytes) {
        for (unsigned byte : bytes) code.push_back(static_cast<uint8_t>(byte));
    };
    auto add32 = [&](uint32_t v) { add({v & 0xff, v >> 8 & 0xff, v >> 16 & 0xff, v >> 24}); };
    auto value = [&]() -> uint32_t {
        return random() % 2 ? static_cast<uint32_t>(random())
                            : static_cast<uint32_t>(random() % 256);
    };
    while (code.size() < code_bytes - 64) {
        const auto port = static_cast<uint32_t>(ports[random() % std::size(ports)] + random() % 4);
        add({0xba}), add32(port);     // mov edx, port
        add({0xb8}), add32(value());  // mov eax, value
        switch (random() % 10) {
            case 0:
            case 1:
                add({0xee});
                break;  // out dx, al
            case 2:
                add({0x66, 0xef});
                break;  // out dx, ax
            case 3:
                add({0xef});
                break;  // out dx, eax
            case 4:
                add({0xec, 0xed, 0x66, 0xed});
                break;  // in
            case 5:     // rep insw or outsd into plain memory
                add({0xbf}), add32(0x300000);
                add({0xbe}), add32(0x300000);
                add({0xb9}), add32(static_cast<uint32_t>(random() % 600));
                random() % 2 ? add({0x66, 0xf3, 0x6d}) : add({0xf3, 0x6f});
                break;
            case 6:
            case 7:  // mov [device memory], eax
                add({0xa3}), add32(memory[random() % std::size(memory)]);
                break;
            case 8:
                add({0xa1}), add32(memory[random() % std::size(memory)]);
                break;
            default:
                random() % 8 ? add({0x90}) : add({0xfb, 0x90, 0xfa});
                break;  // sti; nop; cli
        }
    }
    add({0xf4});
    return code;
}

/// A disk command by DMA with descriptors of random bytes, over and over.
Code random_descriptors(Random& random) {
    Code code;
    auto add = [&](std::initializer_list<unsigned> bytes) {
        for (unsigned byte : bytes) code.push_back(static_cast<uint8_t>(byte));
    };
    auto out = [&](uint32_t port, uint32_t v, bool wide = false) {
        add({0x66, 0xba, port & 0xff, port >> 8});
        add({0xb8, v & 0xff, v >> 8 & 0xff, v >> 16 & 0xff, v >> 24});
        add({wide ? 0xefu : 0xeeu});
    };
    out(0xcf8, 0x80000000 | 1u << 11 | 1u << 8 | 0x04,
        true);  // the IDE function's command register
    out(0xcfc, 7, true);
    while (code.size() < code_bytes - 256) {
        out(0x3f6, random() % 2 ? 0 : 2);
        out(0xc000, 0);
        out(0xc002, 6);
        // Descriptors from anywhere: in the noise behind the code, or where nothing is.
        const auto table = static_cast<uint32_t>(
            random() % 4 ? code_address + code_bytes + random() % 8192 : random());
        out(0xc004, table & ~3u, true);
        out(0x1f6, 0xe0);
        out(0x1f2, static_cast<uint32_t>(random() % 256));
        out(0x1f3, static_cast<uint32_t>(random() % 256));
        out(0x1f7, random() % 2 ? 0xc8 : 0xca);
        out(0xc000, random() % 2 ? 9 : 1);
        // Time for the transfer: mov ecx, N; loop $
        const auto turns = static_cast<uint32_t>(random() % 20000);
        add({0xb9, turns & 0xff, turns >> 8, 0, 0, 0xe2, 0xfe});
    }
    add({0xf4});
    return code;
}

/// How the run ended, and what was left over: the noise is put into memory behind the back of the
/// loader, and the processor sent there.
Outcome::Kind run_code(const Code& code, Random& random, const Sets& sets) {
    const uint64_t seed = random();
    return isolated([&] {
        Machine machine{guest_plan("hello", sets), {}};
        const auto* range = machine.chassis().memory.find(code_address);
        uint8_t* memory = range->direct->host + (code_address - range->start);
        std::memcpy(memory, code.data(), code.size());
        Random more{seed};
        for (size_t i = 0; i < 16384; ++i)
            memory[code_bytes + i] = static_cast<uint8_t>(more() % 3 ? more() : 0);
        machine.processor().start_flat(code_address);
        machine.processor().state().regs[cpu::esp] = 0x180000;
        machine.run();
        const Results results = machine.results();
        // Nothing but the run's own description of itself, which must not fail either.
        if (!nlohmann::json::accept(json_text(results))) throw Error("the results are no JSON");
        return results.outcome.kind;
    });
}

void run_many(Code (*make)(Random&), uint64_t guests) {
    Random random{setting("SOUTHBRIDGE_FUZZ_SEED", 1)};
    for (uint64_t n = 0; n < setting("SOUTHBRIDGE_FUZZ_GUESTS", guests); ++n) {
        const char* const models[] = {"486", "pentium", "ideal"};
        const Sets sets{std::string("cpu.model=") + models[n % 3],
                        std::string("cpu.cache=") + (n % 2 ? "none" : "perfect"),
                        "run.time_limit=20ms", "disk.size=1MiB"};
        const Code code = make(random);
        INFO("guest " << n);
        Outcome::Kind kind = Outcome::Kind::running;
        CHECK_NOTHROW(kind = run_code(code, random, sets));
        CHECK(kind != Outcome::Kind::running);
        CHECK(kind != Outcome::Kind::interrupted);
    }
}

}  // namespace

TEST_CASE("random bytes as guest code end in a way that is reported") { run_many(noise, 200); }
TEST_CASE("random device accesses end in a way that is reported") { run_many(device_accesses, 60); }
TEST_CASE("random descriptors end in a way that is reported") { run_many(random_descriptors, 60); }
