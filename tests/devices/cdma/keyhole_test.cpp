// SPDX-License-Identifier: Apache-2.0
//
// Key-hole transfers to and from the AXI4-Stream FIFO (PG080), and the FIFO by itself.
#include "tests/devices/cdma/cdma_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::cdma;

namespace {

constexpr uint32_t fifo = 0xe0001000;
constexpr uint32_t isr = fifo, ier = fifo + 0x04, tdfr = fifo + 0x08, tdfv = fifo + 0x0c,
                   tdfd = fifo + 0x10, tlr = fifo + 0x14, rdfr = fifo + 0x18, rdfo = fifo + 0x1c,
                   rdfd = fifo + 0x20, rlr = fifo + 0x24, srr = fifo + 0x28;
constexpr uint32_t rpure = 1u << 31, rpore = 1u << 30, rpue = 1u << 29, tpoe = 1u << 28,
                   tc = 1u << 27, rc = 1u << 26, tse = 1u << 25, trc = 1u << 24, rrc = 1u << 23;

struct FifoBoard : CdmaBoard {
    FifoBoard() {
        plug("axi-stream-fifo", "fifo");
        pci::Function* function = pci.find(5, 0);
        REQUIRE(function);
        function->bank.write(0x10, 4, fifo);
        function->bank.write(0x04, 2, 2);
    }
};

}  // namespace

TEST_CASE("key-hole transfers carry packets through a FIFO") {
    FifoBoard board;
    fill(board.ram + 0x10000, 1000);
    board.run([&](Script& io) {
        CHECK(io.read32(tdfv) == 508);
        io.write32(isr, ~0u);
        for (uint32_t bytes : {4u, 64u, 1000u}) {
            CAPTURE(bytes);
            io.write32(cr, fixed_write | threshold(1));
            CHECK(copy(io, 0x10000, tdfd, bytes) == (rest | ioc));
            CHECK(io.read32(tdfv) == 508 - bytes / 4);
            io.write32(tlr, bytes);
            io.wait(Time::ns(10) * (bytes / 4));  // a word a clock
            CHECK(io.read32(isr) == (tc | rc));
            io.write32(isr, tc | rc);
            CHECK(io.read32(tdfv) == 508);
            CHECK(io.read32(rdfo) == bytes / 4);
            CHECK(io.read32(rlr) == bytes);
            io.write32(cr, fixed_read | threshold(1));
            CHECK(copy(io, rdfd, 0x80000, bytes) == (rest | ioc));
            CHECK(io.read32(rdfo) == 0);
            CHECK(differing(board.ram + 0x80000, bytes) == 0);
        }
        // From FIFO to FIFO, both fixed.
        io.write32(tdfd, 0x12345678);
        io.write32(tlr, 3);
        io.wait(1_us);
        CHECK(io.read32(rlr) == 3);
        io.write32(cr, fixed_read | fixed_write | threshold(1));
        CHECK(copy(io, rdfd, tdfd, 4) == (rest | ioc));
        io.write32(tlr, 4);
        io.wait(1_us);
        CHECK(io.read32(rlr) == 4);
        CHECK(io.read32(rdfd) == 0x12345678);
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("a key hole is one transaction a beat and fixed in memory as well") {
    CdmaBoard board{prompt()};
    fill(board.ram + 0x10000, 256);
    board.run([&](Script& io) {
        io.write32(cr, fixed_write | threshold(1));
        CHECK(copy(io, 0x10000, 0x20000, 256) == (rest | ioc));
        CHECK(differing(board.ram + 0x20000, 4, 252) == 0);  // the last beat
        CHECK(board.ram[0x20004] == 0);
        io.write32(cr, fixed_read | threshold(1));
        CHECK(copy(io, 0x10004, 0x20000, 16) == (rest | ioc));
        for (uint32_t i = 0; i < 16; ++i) CHECK(board.ram[0x20000 + i] == pattern(4 + i % 4));
        // Reads of 1 byte each: the lane that is left above an odd address.
        CHECK(copy(io, 0x10003, 0x20000, 5) == (rest | ioc));
        for (uint32_t i = 0; i < 5; ++i) CHECK(board.ram[0x20000 + i] == pattern(3));
    });
}

TEST_CASE("errors of the FIFO set their bits of ISR") {
    struct Row {
        const char* name;
        void (*act)(Script& io);
        uint32_t bits;
    };
    const Row rows[]{
        {"RLR without a packet", [](Script& io) { io.read32(rlr); }, rpure},
        {"RDFD without data", [](Script& io) { io.read32(rdfd); }, rpue},
        {"RDFD beyond the packet",
         [](Script& io) {
             for (uint32_t i = 0; i < 2; ++i) {
                 io.write32(tdfd, i);
                 io.write32(tlr, 4);
             }
             io.wait(1_us);
             io.read32(rlr);
             io.read32(rdfd);
             io.read32(rdfd);
         },
         tc | rc | rpore},
        {"TDFD while full",
         [](Script& io) {
             for (uint32_t i = 0; i < 509; ++i) io.write32(tdfd, i);
         },
         tpoe},
        {"too short a length",
         [](Script& io) {
             io.write32(tdfd, 0);
             io.write32(tdfd, 0);
             io.write32(tlr, 4);
         },
         tse},
        {"a length of zero", [](Script& io) { io.write32(tlr, 0); }, tse},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        struct Result {
            uint32_t isr = 0, after = 0;
            bool found = false, line = false, works = false;
        };
        const Result result = isolated([&] {
            FifoBoard board;
            Result r{};
            board.run([&](Script& io) {
                CHECK(io.read32(isr) == (trc | rrc));
                io.write32(isr, ~0u);
                io.write32(ier, rpure | rpore | rpue | tpoe | tse);
                row.act(io);
                r.isr = io.read32(isr);
                r.found = board.findings() == 1;
                r.line = board.board.line("pirqa").asserted();  // INTA# of slot 5
                io.write32(isr, ~0u);
                io.write32(tdfr, 0xa5);
                io.write32(rdfr, 0xa5);
                r.after = io.read32(isr);
                io.write32(srr, 0xa5);
                io.write32(tdfd, 7);
                io.write32(tlr, 4);
                io.wait(1_us);
                r.works = io.read32(rlr) == 4 && io.read32(rdfd) == 7;
            });
            return r;
        });
        CHECK(result.isr == row.bits);
        CHECK(result.found);
        CHECK(result.line);
        CHECK(result.after == (trc | rrc));
        CHECK(result.works);
    }
}

TEST_CASE("the timeline shows the states and actions of the core") {
    CdmaBoard board;
    struct Log : observe::Sink {
        std::vector<std::string> names;
        void event(const observe::Stream& stream, const observe::Event& event) override {
            names.push_back(stream.name(event.values[0]));
        }
    } log;
    board.stream.attach(log, observe::KindSet{}.set(static_cast<size_t>(observe::Kind::device)));
    board.put_chain(0x1000, {{.from = 0x10000, .to = 0x20000, .control = 64}});
    board.run([&](Script& io) { run_chain(io, 0x1000, 0x1000, ioc_enable); });
    CHECK(log.names == std::vector<std::string>{"fetching descriptor", "descriptor fetched",
                                                "transfer begins", "moving data", "transfer ends",
                                                "writing status", "status written",
                                                "interrupt raised", "idle"});
}
