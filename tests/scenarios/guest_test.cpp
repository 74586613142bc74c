// SPDX-License-Identifier: Apache-2.0
//
// Every guest, the tests' and the shipped ones, runs on the standard board as its author says, with
// each processor, and the same in the lockstep mode.
#include "tests/scenarios/guest_run.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

using namespace sb;
using namespace sb::test;

namespace {

const char* const models[] = {"486", "pentium", "ideal"};
const char* const caches[] = {"none", "perfect", "model"};

struct Guest {
    const char* program;
    Sets sets;
};

/// Small ones, which a run in lockstep can afford.
const Guest small_guests[] = {
    {"exceptions", {}},        {"exceptions", {"strict=1"}},  // expectations from the SDM
    {"nested_interrupts", {}}, {"self_modifying", {}},       {"string_io", {}}, {"dma_code", {}},
};

void check_sums(const GuestRun& run) {
    const auto& total = run.results.at("total");
    uint64_t by_cause = 0, by_phase = 0;
    for (const auto& [name, cycles] : total.at("cycles").items())
        by_cause += cycles.get<uint64_t>();
    for (const auto& phase : run.results.at("phases"))
        by_phase += phase.at("total_cycles").get<uint64_t>();
    CHECK(by_cause == total.at("total_cycles").get<uint64_t>());
    CHECK(by_phase == by_cause);
}

void for_each_processor(const std::function<void(const Sets&)>& body) {
    for (const char* model : models)
        for (const char* cache : caches) {
            INFO("cpu.model=" << model << " cpu.cache=" << cache);
            body({std::string("cpu.model=") + model, std::string("cpu.cache=") + cache});
        }
}

Sets joined(Sets a, const Sets& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// Runs it and expects success, and the text on its console.
GuestRun expect_success(const std::string& program, const Sets& sets, const std::string& words,
                        const RunOptions& options = {}) {
    INFO(program << " " << fmt::format("{}", fmt::join(sets, " ")));
    GuestRun run = run_guest(program, sets, options);
    INFO(run.console() << run.outcome() << ": " << run.text());
    CHECK(run.status() == 0);
    CHECK_THAT(run.console(), Catch::Contains(words));
    check_sums(run);
    return run;
}

/// Runs it and expects that it finds something wrong soon, and says so on its console.
GuestRun expect_failure(const std::string& program, const Sets& sets, const std::string& words) {
    INFO(program << " " << fmt::format("{}", fmt::join(sets, " ")));
    GuestRun run = run_guest(program, sets);
    INFO(run.console() << run.outcome() << ": " << run.text());
    CHECK(run.outcome() == "guest exit");
    CHECK(run.status() == 3);
    CHECK_THAT(run.console(), Catch::Contains(words));
    CHECK(run.elapsed_ps() / 1e12 < 0.2);
    return run;
}

void expect_lockstep_equal(const std::string& program, const Sets& sets) {
    INFO(program << " " << fmt::format("{}", fmt::join(sets, " ")));
    const GuestRun fast = run_guest(program, sets, {.events = true});
    const GuestRun slow = run_guest(program, sets, {.lockstep = true, .events = true});
    CHECK(fast.events.size() > 1000);
    CHECK((fast.events == slow.events));
    CHECK(fast.results == slow.results);
}

}  // namespace

TEST_CASE("test guests pass on each processor") {
    for_each_processor([](const Sets& processor) {
        for (const Guest& guest : small_guests)
            expect_success(guest.program, joined(guest.sets, processor), "PASS");
    });
}

TEST_CASE("hello says hello on each processor") {
    for_each_processor([](const Sets& processor) {
        expect_success("hello", processor, "Hello from inside the machine.\n");
    });
}

TEST_CASE("console output goes where the guest was told") {
    const std::string text = "Hello from inside the machine.\n";
    // The serial port hands a character over once it was sent, so it comes after the debug
    // console's.
    std::string both = run_guest("hello", {"console=both"}).console();
    const std::string sent = "Hello from inside the machine.\r\n";
    std::string twice = text + sent;
    std::sort(both.begin(), both.end());
    std::sort(twice.begin(), twice.end());
    CHECK(both == twice);
    CHECK(run_guest("hello", {"console=debug"}).console() == text);
    CHECK(run_guest("hello", {"console=serial"}).console() == sent);
}

TEST_CASE("timer interrupts come at their rates on each processor") {
    // 11932 counts of 1193182 Hz are 10 ms; the APIC's timer counts 33.333333 MHz / 16.
    for_each_processor([](const Sets& processor) {
        const GuestRun run = expect_success("timer_interrupts", processor, "PASS");
        const double hz = run.results.at("guest_metrics").at("apic_timer_hz").get<double>();
        CHECK(hz == Approx(33'333'333.0 / 16).epsilon(0.005));
        auto milliseconds = [&](const char* name) {
            const nlohmann::json* phase = run.phase(name);
            REQUIRE(phase);
            return phase->at("elapsed_ps").get<double>() / 1e9;
        };
        CHECK(milliseconds("8254 by I/O APIC") == Approx(50).epsilon(0.005));
        CHECK(milliseconds("APIC periodic") == Approx(50).epsilon(0.005));
        CHECK(milliseconds("APIC one-shot") == Approx(10).epsilon(0.005));
        CHECK(run.phase("APIC periodic")->at("interrupts") == 5);
        CHECK(run.phase("APIC one-shot")->at("interrupts") == 1);
    });
}

TEST_CASE("drivers survive a lost interrupt") {
    // Two time-outs of 2 s, in ticks of 55 ms: within the default limit of a run, of 10 s.
    for (const char* irq : {"irq=apic", "irq=pic"}) {
        const GuestRun run = expect_success("lost_interrupt", {irq}, "PASS");
        CHECK(run.elapsed_ps() / 1e12 > 4.0);
        CHECK(run.elapsed_ps() / 1e12 < 4.5);
    }
}

TEST_CASE("a busy drive is given up after a second, whatever a poll takes") {
    for (const char* model : models)
        for (const char* pio : {"pio=0", "pio=4"}) {
            const GuestRun run =
                expect_success("busy_drive", {std::string("cpu.model=") + model, pio}, "PASS");
            const nlohmann::json* phase = run.phase("busy");
            REQUIRE(phase);
            CHECK(phase->at("elapsed_ps").get<double>() / 1e12 == Approx(1).epsilon(0.01));
        }
}

TEST_CASE("a drive that is not there is found missing at once") {
    const Sets rows[] = {
        {"drive=2"},
        {"drive=3"},
        {"drive=0", "disk.channel=secondary"},
        {"drive=1"},
    };
    for (const char* program : {"pio_vs_dma", "disk_write", "ata_timing"})
        for (const Sets& row : rows) expect_failure(program, row, "no such device");
}

TEST_CASE("a missing APIC is named before anything waits for its interrupts") {
    for (const char* program : {"pio_vs_dma", "disk_write"}) {
        expect_failure(program, {"ioapic.device=none"}, "no I/O APIC: use irq=pic");
        expect_failure(program, {"lapic.device=none"}, "no local APIC: use irq=pic");
    }
    for (const char* missing : {"ioapic.device=none", "lapic.device=none"})
        expect_success("pio_vs_dma", {missing, "irq=pic"}, "dma:");
}

TEST_CASE("a request beyond the disk's end says what there is, and moves nothing") {
    for (const char* program : {"pio_vs_dma", "disk_write", "ata_timing"}) {
        const GuestRun run = expect_failure(
            program, {"sectors=256", "disk.size=1KiB"},
            "256 sectors from 0 wanted, the disk has 2: lower sectors= or use a larger image");
        for (const auto& phase : run.results.at("phases")) CHECK(phase.at("bytes") == 0);
    }
}

TEST_CASE("a guest without enough memory says what to do") {
    expect_failure("pio_vs_dma", {"sectors=65536"}, "give the machine more memory (memory.size)");
}

TEST_CASE("one disk read three ways with many parameters") {
    const Sets rows[] = {
        {"irq=pic"},
        {"irq=pic", "pio=0", "udma=0"},
        {"multiple=16"},
        {"sectors=33", "multiple=8", "segments=7"},
        {"sectors=1", "segments=1"},
        {"segments=32"},
        {"mwdma=0"},
        {"mwdma=1", "pio=1"},
        {"mwdma=2", "pio=2"},
        {"udma=5", "pio=3", "lba=131039"},
        {"sectors=257"},
        {"drive=1", "slave.device=ata-disk", "slave.unit=1", "slave.fill=pattern"},
        {"drive=2", "other.device=ata-disk", "other.channel=secondary", "other.fill=pattern"},
        {"drive=3", "a.device=ata-disk", "a.channel=secondary", "b.device=ata-disk",
         "b.channel=secondary", "b.unit=1", "b.fill=pattern", "irq=pic"},
        {"lba=0x10000005", "disk.size=200GiB"},
    };
    for (const Sets& row : rows) {
        const GuestRun run =
            expect_success("pio_vs_dma", joined({"sectors=32", "disk.fill=pattern"}, row), "dma:");
        CHECK(run.results.at("checksums").size() == 3);
        CHECK(run.results.at("findings").empty());
    }
}

TEST_CASE("benchmark guests compute what they compute elsewhere") {
    // The words are those that the same images print on QEMU.
    const std::pair<const char*, std::vector<const char*>> rows[] = {
        {"bench_integer",
         {"shifts b0546c09", "divisions 07cbb9c9", "branches 0000e896", "checksums 1a713ac7"}},
        {"bench_memory",
         {"chase 28e2ede8", "in order fffe0000", "stride 6aaee8d8", "copy 00003c88",
          "fill 06060606"}},
        {"bench_calls",
         {"wide 00008902", "deep b16ed636", "pointers 410a3a3f", "virtual c16e464e"}},
        {"bench_ports", {"poll 00000000", "string 00000000"}},
    };
    for_each_processor([&](const Sets& processor) {
        for (const auto& [program, words] : rows) {
            const GuestRun run = expect_success(program, processor, words.front());
            for (const char* word : words) CHECK_THAT(run.console(), Catch::Contains(word));
        }
    });
}

TEST_CASE("one mode is timed with many sectors in a request") {
    for (const char* mode : {"pio0", "pio4", "mwdma2", "udma5"})
        expect_success("ata_timing", {std::string("mode=") + mode, "sectors=300", "multiple=16"},
                       "300 sectors");
}

TEST_CASE("options that make no sense end a guest with status 5") {
    for (const char* set : {"sectors=x", "sector=8", "sectors=0", "pio=5"}) {
        INFO(set);
        const GuestRun run = run_guest("pio_vs_dma", {set});
        CHECK(run.outcome() == "guest exit");
        CHECK(run.status() == 5);
        CHECK_FALSE(run.console().empty());
    }
}

TEST_CASE("test guests run the same in lockstep on each processor") {
    for_each_processor([](const Sets& processor) {
        for (const Guest& guest : small_guests)
            expect_lockstep_equal(guest.program, joined(guest.sets, processor));
        expect_lockstep_equal("hello", processor);
    });
}

TEST_CASE("transfers run the same in lockstep on each processor") {
    for_each_processor([](const Sets& processor) {
        expect_lockstep_equal("pio_vs_dma", joined({"sectors=4", "irq=pic"}, processor));
        expect_lockstep_equal("disk_write",
                              joined({"sectors=2", "segments=2", "mode=interrupt"}, processor));
    });
}

TEST_CASE("benchmark guests run the same in lockstep") {
    expect_lockstep_equal("bench_integer", {"iterations=2"});
    expect_lockstep_equal("bench_calls", {"iterations=1", "cpu.cache=none"});
    expect_lockstep_equal("bench_memory", {"iterations=1", "kib=4", "cpu.cache=none"});
    expect_lockstep_equal("bench_ports", {"iterations=2"});
}
