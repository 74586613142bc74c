// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <cstring>

#include "bus/guest_probe.h"
#include "bus/packets.h"
#include "sim/observe/text_output.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::isolated;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

struct Listener : bus::GuestProbeListener {
    std::vector<std::string> seen;
    void phase(unsigned id, const std::string& name) override {
        seen.push_back(std::to_string(id) + " " + name);
    }
    void disk_checksum(unsigned drive, uint64_t lba, uint32_t sectors, uint32_t crc) override {
        seen.push_back("disk " + std::to_string(drive) + " " + std::to_string(lba) + " " +
                       std::to_string(sectors) + " " + std::to_string(crc));
    }
    void metric(const std::string& name, uint64_t value) override {
        seen.push_back(name + "=" + std::to_string(value));
    }
    void work(uint64_t bytes) override { seen.push_back("work " + std::to_string(bytes)); }
};

struct PhaseSink : observe::Sink {
    std::vector<std::string> texts;
    void event(const observe::Stream& stream, const observe::Event& event) override {
        texts.push_back(stream.describe(event));
    }
};

}  // namespace

TEST_CASE("debug exit ends the run with twice the value plus one for every width") {
    struct Row {
        unsigned bytes;
        uint64_t value;
        uint64_t code;
    };
    for (const Row& row :
         {Row{1, 0, 1}, Row{1, 0x31, 0x63}, Row{2, 0x1234, 0x2469}, Row{4, 7, 15},
          Row{4, 0x80000000, 0x100000001}}) {
        const uint64_t code = isolated([&] {
            TestBoard board;
            board.plug("debug-exit", "exit");
            board.run([&](Script& io) {
                io.out(0xf4, row.value, row.bytes);
                io.wait(1_s);
            });
            if (board.sim.outcome().kind != Outcome::Kind::guest_exit) return uint64_t{0};
            return board.sim.outcome().code;
        });
        CHECK(code == row.code);
    }
}

TEST_CASE("debug console puts out characters and says that it is there") {
    TestBoard board;
    board.plug("debug-console", "console", {{"output", "none"}});
    std::string text;
    board.board.find<observe::TextOutput>("console.output")->listen([&](uint8_t c) {
        text.push_back(static_cast<char>(c));
    });
    board.run([&](Script& io) {
        CHECK(io.in8(0xe9) == 0xe9);
        for (char c : std::string{"hello\n"}) io.out8(0xe9, static_cast<uint8_t>(c));
        CHECK(io.in8(0xe9) == 0xe9);
        CHECK(io.time() == 60_ns * 8);  // the bus's own time
    });
    CHECK(text == "hello\n");
}

TEST_CASE("probe names phases and hands on records without taking time") {
    TestBoard board;
    uint8_t* memory = board.add_memory(0, 0x10000);
    Listener listener;
    board.board.offer<bus::GuestProbeListener>("probe.listener", listener);
    PhaseSink sink;
    board.stream.attach(sink, observe::KindSet{}.set(static_cast<size_t>(observe::Kind::phase)));
    board.plug("probe", "probe");
    std::strcpy(reinterpret_cast<char*>(memory + 0x100), "read");
    std::strcpy(reinterpret_cast<char*>(memory + 0x200), "wri\x01te");
    auto words = [&](size_t at, std::initializer_list<uint32_t> values) {
        for (uint32_t v : values) {
            std::memcpy(memory + at, &v, 4);
            at += 4;
        }
    };
    words(0x1000, {1, 2, 0x10, 0x1, 8, 0xdeadbeef});
    words(0x1100, {2, 0x100, 5, 1});
    words(0x1200, {3, 4096, 0});
    board.run([&](Script& io) {
        io.out32(0x5b4, 0x100);
        CHECK(io.in32(0x5b4) == 1);
        io.out32(0x5b4, 0x200);
        CHECK(io.in32(0x5b4) == 2);
        io.out32(0x5b4, 0x100);
        CHECK(io.in32(0x5b4) == 1);
        io.out32(0x5b0, 2);
        CHECK(io.in32(0x5b0) == 2);
        for (uint32_t at : {0x1000, 0x1100, 0x1200}) {
            io.out32(0x5b8, at);
            CHECK(io.in32(0x5b8) == 1);
        }
        io.out32(0x5b0, 0);
        CHECK(io.time() == Time{});
    });
    CHECK(listener.seen == std::vector<std::string>{"2 wri_te", "disk 2 4294967312 8 3735928559",
                                                    "read=4294967301", "work 4096", "0 none"});
    CHECK(sink.texts == std::vector<std::string>{"phase=wri_te", "phase=none"});
    CHECK(board.sim.findings().empty());
}

TEST_CASE("probe - what can not be is a finding") {
    TestBoard board;
    uint8_t* memory = board.add_memory(0, 0x1000);
    board.plug("probe", "probe");
    std::memset(memory, 'x', 0x1000);
    board.run([&](Script& io) {
        io.out32(0x5b0, 3);  // no such phase
        CHECK(io.in32(0x5b0) == 0);
        io.out32(0x5b4, 0x100);  // no end
        CHECK(io.in32(0x5b4) == 0);
        io.out32(0x5b4, 0xffd);  // runs off the memory
        io.out32(0x5b4, 0xffffffff);
        CHECK(io.in32(0x5b4) == 0);
        io.out32(0x5b8, 0x100);  // type "xxxx"
        io.out32(0x5b8, 0xffe);
        CHECK(io.in32(0x5b8) == 0);
        for (uint32_t i = 0; i < 300; ++i) {  // more names than fit
            memory[0] = static_cast<uint8_t>('0' + i / 16);
            memory[1] = static_cast<uint8_t>('A' + i % 16);
            memory[2] = 0;
            io.out32(0x5b4, 0);
        }
        CHECK(io.in32(0x5b4) == 0);
        io.out8(0x5b0, 1);  // not 32 bits: ignored
        CHECK(io.in32(0x5b0) == 0);
    });
    const auto& findings = board.sim.findings();
    CHECK(findings.count("a phase was entered that has no name") == 1);
    CHECK(findings.count("a name given to the probe is longer than 64 bytes") == 1);
    CHECK(findings.count("a probe address is not memory") == 3);
    CHECK(findings.count("a probe record has a type that is not known") == 1);
    CHECK(findings.count("the guest named more than 255 phases") == 45);
}

TEST_CASE("probe - marks of packets become stages, by the numbers that controllers gave places") {
    TestBoard board;
    uint8_t* memory = board.add_memory(0, 0x10000);
    PhaseSink sink;
    board.stream.attach(sink, observe::KindSet{}.set(static_cast<size_t>(observe::Kind::packet)));
    board.plug("probe", "probe");
    board.plug("uart16550", "com1", {{"output", "none"}});  // ports 0x3f8 to 0x3ff
    auto& places = bus::PacketPlaces::of(board.board);
    places.received(0x8000, 41);
    places.received(bus::PacketPlaces::controller_place(0x300, 0x46), 42);
    std::strcpy(reinterpret_cast<char*>(memory + 0x100), "queue full");
    board.run([&](Script& io) {
        io.out32(0x5b4, 0x100);
        const uint32_t name = io.in32(0x5b4);
        io.out32(0x5bc, 0x8000);
        CHECK(io.in32(0x5bc) == 41);
        io.out32(0x5bc, 0xfe03'0046);
        CHECK(io.in32(0x5bc) == 42);
        io.out32(0x5bc, 0x9000);  // nothing was received there
        CHECK(io.in32(0x5bc) == 0);
        io.out32(0x5c0, 0x3f8 | 1);
        io.out32(0x5c4, 41);
        io.out32(0x5c8, 41);
        io.out32(0x5cc, 41);
        io.out32(0x5d0, name);
        io.out32(0x5d4, 42);
        io.out32(0x5d8, 43);
        io.out32(0x5dc, 0xa000);
        for (uint32_t port : {0x5c4, 0x5c8, 0x5cc, 0x5d4}) io.out32(port, 0);  // no packet
        io.out32(0x5d8, 0);
        io.out32(0x5dc, 0xb000);
        CHECK(io.time() == Time{});
    });
    CHECK(sink.texts == std::vector<std::string>{"packet=0 stage=handler bytes=0 place=com1",
                                                 "packet=41 stage=taken bytes=0 place=",
                                                 "packet=41 stage=protocol bytes=0 place=",
                                                 "packet=41 stage=served bytes=0 place=",
                                                 "packet=42 stage=dropped bytes=0 place=queue full",
                                                 "packet=43 stage=forwarded bytes=0 place="});
    CHECK(places.take_to_send(0xa000) == 43);
    CHECK(places.take_to_send(0xa000) == 0);
    CHECK(places.take_to_send(0xb000) == 0);
    CHECK(board.sim.findings().empty());
}

TEST_CASE("probe - marks that name nothing are findings, or say nothing") {
    TestBoard board;
    board.add_memory(0, 0x1000);
    PhaseSink sink;
    board.stream.attach(sink, observe::KindSet{}.set(static_cast<size_t>(observe::Kind::packet)));
    board.plug("probe", "probe");
    board.run([&](Script& io) {
        io.out32(0x5c0, 0xdead'0000);  // no controller is there
        io.out32(0x5c0, 0xffff'ffff);
        io.out32(0x5d0, 77);  // no such name
        io.out32(0x5d4, 5);
    });
    CHECK(sink.texts == std::vector<std::string>{"packet=5 stage=dropped bytes=0 place="});
    CHECK(board.sim.findings().count("a top half was marked for a controller that is not there") == 2);
    CHECK(board.sim.findings().count("packets were dropped at a place that has no name") == 1);
}
