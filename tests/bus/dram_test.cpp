// SPDX-License-Identifier: Apache-2.0
//
// DRAM timing against the data sheets' figures, to the picosecond. The bus is 8 bytes wide at
// 100 MHz (10 ns), one address clock and one data clock a beat, unless a row says otherwise.
//
// PC100 SDRAM at CL 2: tRCD 20, tRP 20, CL 20, tRAS 44, tRFC 66 ns, four banks, rows of 8 KiB.
// EDO of 60 ns: tRCD 45, tCAC 15, tRP 40, tHPC 25 ns, one bank, rows of 16 KiB.
#include <catch2/catch.hpp>

#include "bus/dram.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::isolated;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

const bus::DramPart& part(const std::string& name) {
    for (const bus::DramPart& p : bus::dram_parts())
        if (name == p.name) return p;
    throw Error("no part " + name);
}

struct DramBoard {
    explicit DramBoard(const std::string& name, bus::SystemBusTiming timing = fast())
        : board{timing}, owner{board.sim, "memory_module"}, dram{owner, board.stream, part(name)} {
        board.add_memory(0, 1 << 20);
        board.memory.find(0)->direct->dram = &dram;
    }
    static bus::SystemBusTiming fast() {
        bus::SystemBusTiming timing;
        timing.clock = Clock{100'000'000};
        timing.width = 8;
        return timing;
    }
    uint64_t count(const std::string& name) const {
        for (const Counter* c : owner.counters())
            if (name == c->name()) return c->value();
        throw Error("no counter " + name);
    }
    TestBoard board;
    Component owner;
    bus::Dram dram;
};

struct Access {
    const char* what;
    Time wait_until;  // at least, before it
    uint64_t address;
    unsigned bytes;
    Time takes;
};

void check(const std::string& name, const std::vector<Access>& list) {
    DramBoard d{name};
    d.board.run([&](Script& io) {
        for (const Access& a : list) {
            INFO(name << ": " << a.what);
            if (a.wait_until > io.time()) io.wait_until(a.wait_until);
            const Time start = io.time();
            io.read(a.address, a.bytes);
            CHECK(io.time() - start == a.takes);
        }
    });
}

struct Dma : Component {
    explicit Dma(TestBoard& board)
        : Component{board.sim, "engine"}, port{*this, board.bus, board.stream,
                                               "dma", 1,         [this](auto) { ended = now(); }} {}
    bus::MasterPort port;
    Time ended;
};

}  // namespace

TEST_CASE("PC100 SDRAM takes what hit and miss and conflict say") {
    check("sdram-pc100", {{"closed: address, tRCD + CL", {}, 0, 8, 50_ns},
                          {"open: address, CL", {}, 8, 8, 30_ns},
                          {"another bank, closed", {}, 8192, 8, 50_ns},
                          {"the first bank's row is still open", {}, 64, 4, 30_ns},
                          {"its next row: tRP + tRCD + CL", {}, 32768, 8, 70_ns},
                          {"and back", {}, 0, 8, 70_ns},
                          {"the second bank's is open", {}, 8200, 8, 30_ns}});
}

TEST_CASE("60 ns EDO takes what its sheet says in whole bus clocks") {
    check("edo-60", {{"closed: 10 + 60", {}, 0, 8, 70_ns},
                     {"open: 10 + 15 rounded up", {}, 8, 8, 30_ns},
                     {"another row: 10 + 40 + 60", {}, 16384, 8, 110_ns},
                     {"one bank alone: back again", {}, 0, 8, 110_ns},
                     {"two words: the second after 25 rounded up", {}, 12, 8, 30_ns + 30_ns}});
}

TEST_CASE("refresh closes the banks and is waited for") {
    // Due at 15625 ns, over at 15691 ns. The access's address phase ends at 15640 ns.
    check("sdram-pc100", {{"opens the row", {}, 0, 8, 50_ns},
                          {"in refresh: 51 + 40 ns rounded up", 15630_ns, 0, 8, 110_ns},
                          {"open again", {}, 0, 8, 30_ns},
                          {"long after the second one", 40_us, 0, 8, 50_ns},
                          {"and open", {}, 0, 8, 30_ns}});
}

TEST_CASE("refresh waits for the access under way") {
    // 15600: an access of 50 ns (closed after nothing: the first one). Refresh is due at 15625,
    // begins at 15650 when it has ended, and is over at 15716. The next one's address phase ends at
    // 15660.
    check("sdram-pc100",
          {{"the access", 15600_ns, 0, 8, 50_ns}, {"56 + 40 ns rounded up", {}, 0, 8, 110_ns}});
}

TEST_CASE("rows and refreshes are counted") {
    DramBoard d{"sdram-pc100"};
    d.board.run([&](Script& io) {
        io.read(0, 8);
        io.read(8, 8);
        io.read(32768, 8);
        io.wait_until(100_us);  // six refreshes: at 15.625, ..., 93.75 us
        io.read(8, 8);
    });
    CHECK(d.count("row_hits") == 1);
    CHECK(d.count("row_misses") == 2);
    CHECK(d.count("row_conflicts") == 1);
    CHECK(d.count("refreshes") == 6);
}

TEST_CASE("a burst pays for each row once") {
    DramBoard d{"sdram-pc100"};
    Dma dma{d.board};
    d.board.run([&](Script& io) {
        dma.port.request(false, 8192 - 32, 64);  // four beats in bank 0, four in bank 1
        io.wait(10_us);
    });
    // Address 10; tRCD + CL 40 and three more beats; the same again.
    CHECK(dma.ended == 10_ns + (40_ns + 30_ns) * 2);
    CHECK(d.count("row_misses") == 2);
}

TEST_CASE("a burst that waits for the bus finds the rows as the one before left them") {
    DramBoard d{"sdram-pc100"};
    Dma dma{d.board};
    d.board.run([&](Script& io) {
        dma.port.request(false, 0, 64);  // to 10 + 40 + 70 = 120 ns
        io.wait(20_ns);
        io.read(64, 8);  // waits; then hits
        CHECK(io.time() == 120_ns + 30_ns);
    });
    CHECK(d.count("row_misses") == 1);
    CHECK(d.count("row_hits") == 1);
}

TEST_CASE("the chip set's wait states come on top") {
    DramBoard d{"sdram-pc100"};
    d.board.memory.find(0)->direct->first_wait_clocks = 3;
    d.board.run([&](Script& io) {
        io.read(0, 8);
        CHECK(io.time() == 80_ns);
    });
}
