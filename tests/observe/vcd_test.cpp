// SPDX-License-Identifier: Apache-2.0
//
// Waveforms of hand-made events: what GTKWave's reader finds at chosen times.
#include <catch2/catch.hpp>

#include <set>

#include "sim/kernel/error.h"
#include "sim/observe/ordered.h"
#include "sim/observe/vcd.h"
#include "sim/observe/wave_layout.h"
#include "tests/app/process.h"
#include "tests/observe/wave.h"

using namespace sb;
using namespace sb::observe;
using namespace sb::literals;
using Catch::Contains;

namespace {

struct Drawing {
    explicit Drawing(Time from = {}, Time to = Time::max(), TraceSetup setup = {})
        : path{folder.path("wave.vcd")}, writer{path, std::move(setup), from, to}, ordered{writer} {
        stream.attach(ordered, KindSet{}.set());
    }
    test::Wave wave(Time end) {
        ordered.finish(stream);
        writer.close(end);
        return test::Wave{path, folder.path("wave.fst")};
    }
    test::TempFolder folder;
    std::string path;
    Stream stream;
    Probe cpu{stream, "cpu"}, port{stream, "processor_port"}, irq{stream, "irq14"};
    VcdWriter writer;
    Ordered ordered;
};

uint64_t ns(uint64_t n) { return n * 1000; }

}  // namespace

TEST_CASE("the processor's state follows its events") {
    TraceSetup setup;
    setup.cpu_period = 10_ns;
    Drawing d{{}, Time::max(), std::move(setup)};
    d.cpu.emit(50_ns, Kind::phase, d.stream.intern("two words"));
    d.port.emit(100_ns, Kind::access, 0x1f7, 1, (80_ns).ps(), 2, 0x50, 0);
    d.cpu.emit(200_ns, Kind::halt, 0x1000);
    d.cpu.emit(300_ns, Kind::wake, 30);
    // A delivery is known when it has ended: its pushes come first.
    d.port.emit(320_ns, Kind::access, 0x8000, 4, (40_ns).ps(), 1, 7, 0);
    d.cpu.emit(300_ns, Kind::interrupt, 0x2e, 0x1001, 10);
    d.cpu.emit(500_ns, Kind::interrupt_return, 0x1001, 5);
    const test::Wave wave = d.wave(1_us);
    const std::pair<uint64_t, const char*> rows[] = {
        {0, "executing"},         {99, "executing"},        {100, "stalled"},
        {179, "stalled"},         {180, "executing"},       {200, "halted"},
        {299, "halted"},          {300, "interrupt-entry"}, {330, "interrupt-entry"},
        {399, "interrupt-entry"}, {400, "executing"},       {500, "interrupt-exit"},
        {549, "interrupt-exit"},  {550, "executing"}};
    for (const auto& [at, state] : rows) {
        INFO(at);
        CHECK(wave.at("cpu.state", ns(at)) == state);
    }
    CHECK(wave.at("cpu.phase", ns(49)) == " ");
    CHECK(wave.at("cpu.phase", ns(50)) == "two words");
    CHECK(wave.last() == ns(1000));
}

TEST_CASE("the program counter has its function") {
    TraceSetup setup;
    setup.symbols.add(0x2000, 0x10, "sb::main(int)");
    setup.symbols.add(0x1000, 0x10, "poll");
    setup.symbols.sort();
    Drawing d{{}, Time::max(), std::move(setup)};
    const std::pair<uint64_t, const char*> rows[] = {{0x1000, "poll"}, {0x100f, "poll"},
                                                     {0x1010, " "},    {0x2004, "sb::main(int)"},
                                                     {0xfff, " "},     {0x2010, " "}};
    Time at;
    for (const auto& row : rows) d.cpu.emit(at += 10_ns, Kind::instruction, row.first, 0);
    const test::Wave wave = d.wave(1_us);
    uint64_t t = 0;
    for (const auto& [address, symbol] : rows) {
        t += ns(10);
        CHECK(wave.number("cpu.pc", t) == address);
        CHECK(wave.at("cpu.symbol", t) == symbol);
    }
}

TEST_CASE("lines and interrupts") {
    Drawing d;
    Probe lapic{d.stream, "lapic"};
    d.irq.emit(10_ns, Kind::line, 1);
    lapic.emit(20_ns, Kind::interrupt_message, 0x31, 14);
    lapic.emit(30_ns, Kind::acknowledge, 0x31, (50_ns).ps());
    d.irq.emit(100_ns, Kind::line, 0);
    lapic.emit(120_ns, Kind::end_of_interrupt, 0x31);
    // A pulse without length can be seen.
    d.irq.emit(200_ns, Kind::line, 1);
    d.irq.emit(200_ns, Kind::line, 0);
    const test::Wave wave = d.wave(1_us);
    CHECK(wave.at("lines.irq14", ns(9)) == "0");
    CHECK(wave.at("lines.irq14", ns(10)) == "1");
    CHECK(wave.at("lines.irq14", ns(100)) == "0");
    CHECK(wave.at("lines.irq14", ns(200)) == "1");
    CHECK(wave.at("lines.irq14", ns(200) + 1) == "0");
    CHECK(wave.at("interrupts.inta", ns(29)) == "0");
    CHECK(wave.at("interrupts.inta", ns(79)) == "1");
    CHECK(wave.at("interrupts.inta", ns(80)) == "0");
    CHECK(wave.at("interrupts.vector", ns(29)) == "z");
    CHECK(wave.number("interrupts.vector", ns(30)) == 0x31);
    CHECK(wave.number("interrupts.message_vector", ns(20)) == 0x31);
    CHECK(wave.number("interrupts.eoi_vector", ns(120)) == 0x31);
    CHECK(wave.at("interrupts.eoi", ns(120)) == "1");
}

TEST_CASE("a window begins with the state that was there") {
    Drawing d{100_ns, 300_ns};
    d.irq.emit(10_ns, Kind::line, 1);
    d.cpu.emit(20_ns, Kind::phase, d.stream.intern("before"));
    d.cpu.emit(200_ns, Kind::phase, d.stream.intern("within"));
    d.irq.emit(299_ns, Kind::line, 0);
    d.cpu.emit(300_ns, Kind::phase, d.stream.intern("after"));
    const test::Wave wave = d.wave(1_us);
    CHECK(wave.first() == ns(100));
    CHECK(wave.last() == ns(300));
    CHECK(wave.at("lines.irq14", ns(100)) == "1");
    CHECK(wave.at("cpu.phase", ns(100)) == "before");
    CHECK(wave.at("cpu.phase", ns(200)) == "within");
    CHECK(wave.at("cpu.phase", ns(400)) == "within");
    CHECK(wave.at("lines.irq14", ns(299)) == "0");
}

TEST_CASE("a bus clock is drawn in a small window only") {
    TraceSetup setup;
    setup.clocks.push_back({VcdWriter::system_bus, 30_ns});
    SECTION("small") {
        Drawing d{100_ns, 1_us, setup};
        d.irq.emit(150_ns, Kind::line, 1);
        const test::Wave wave = d.wave(2_us);
        for (uint64_t edge = 120; edge < 960; edge += 30) {
            CHECK(wave.at("system_bus.clock", ns(edge)) == "1");
            CHECK(wave.at("system_bus.clock", ns(edge + 15)) == "0");
        }
        CHECK(wave.at("system_bus.clock", ns(100)) == "1");
        CHECK(d.writer.notes().empty());
    }
    SECTION("all of a run") {
        Drawing d{{}, Time::max(), setup};
        d.irq.emit(150_ns, Kind::line, 1);
        const test::Wave wave = d.wave(2_us);
        CHECK_FALSE(wave.has("southbridge.system_bus.clock"));
        REQUIRE(d.writer.notes().size() == 1);
        CHECK_THAT(d.writer.notes()[0], Contains("--from") && Contains("3.000 ms"));
    }
}

TEST_CASE("names with odd characters and equal names") {
    Drawing d;
    Probe odd{d.stream, "a b[3:0] $end"}, other{d.stream, "a b[3.0] $end"}, empty{d.stream, ""};
    for (const Probe* probe : {&odd, &other, &empty}) probe->emit(10_ns, Kind::line, 1);
    d.cpu.emit(20_ns, Kind::phase, d.stream.intern("x\n#5 \\y\x80"));
    d.cpu.emit(30_ns, Kind::phase, d.stream.intern(std::string(5000, 'n')));
    const test::Wave wave = d.wave(1_us);
    std::set<std::string> names;
    for (const std::string& name : wave.names())
        if (name.starts_with("southbridge.lines.")) names.insert(name);
    CHECK(names == std::set<std::string>{"southbridge.lines.a_b_3_0___end",
                                         "southbridge.lines.a_b_3_0___end_2",
                                         "southbridge.lines._"});
    CHECK(wave.at("cpu.phase", ns(20)) == "x\n#5 \\y\x80");
    CHECK(wave.at("cpu.phase", ns(30)).size() == 200);
}

TEST_CASE("the layout shows signals that are there") {
    Drawing d;
    d.cpu.emit(10_ns, Kind::phase, d.stream.intern("p"));
    d.port.emit(100_ns, Kind::access, 0x1f7, 1, (80_ns).ps(), 2, 0x50, 0);
    Probe drq{d.stream, "drq2"};
    drq.emit(20_ns, Kind::line, 1);
    d.irq.emit(20_ns, Kind::line, 1);
    const test::Wave wave = d.wave(1_us);
    const std::string layout = wave_layout(d.writer.file(), 1_us);
    std::istringstream text{layout};
    size_t signals = 0;
    unsigned depth = 0;
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with("@800200") || line.starts_with("@c00200")) ++depth;
        if (line.starts_with("@1000200") || line.starts_with("@1400200")) --depth;
        const size_t path = line.find("southbridge.");
        if (path == std::string::npos) continue;
        INFO(line);
        CHECK(wave.has(line.substr(path, line.find('[', path) - path)));
        CHECK(depth == 1);
        ++signals;
    }
    CHECK(signals >= 8);
    CHECK(depth == 0);
    for (const char* word : {"-processor\n", "-system bus\n", "-DMA lines\n", "-interrupt lines\n",
                             "lines.drq2\n", "+{address} southbridge.system_bus.address[31:0]\n"})
        CHECK_THAT(layout, Contains(word));
    CHECK(layout_path("a.b/wave.vcd") == "a.b/wave.gtkw");
    CHECK(layout_path("a.b/wave") == "a.b/wave.gtkw");
}

TEST_CASE("a waveform without room for its declarations and one into a pipe") {
    const test::TempFolder folder;
    VcdFile file{folder.path("small.vcd"), {}, Time::max(), 0};
    unsigned made = 0;
    for (int i = 0; i < 1000; ++i)
        made += file.add("scope", "signal" + std::to_string(i), 1, {}) != VcdFile::none;
    CHECK(made > 5);
    CHECK(file.refused() == 1000 - made);
    file.set(VcdFile::none, 1);
    file.close(1_ns);
    const test::Wave wave{folder.path("small.vcd"), folder.path("small.fst")};
    CHECK(wave.names().size() == made);

    VcdFile full{"/dev/full", {}, Time::max()};
    CHECK_THROWS_WITH(full.close(1_ns), Contains("/dev/full") && Contains("writing failed"));
}
