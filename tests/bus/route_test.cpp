// SPDX-License-Identifier: Apache-2.0
//
// Routes of an address space: memory or bus, for reads and writes apart.
#include <catch2/catch.hpp>

#include "tests/support/test_board.h"

using namespace sb;
using sb::test::TestBoard;
using Side = sb::bus::AddressSpace::Side;

namespace {

/// A bus target that remembers what was written, and reads as its number.
class Echo : public Component, public bus::Target {
  public:
    Echo(Simulation& sim, uint8_t number)
        : Component{sim, "echo"}, socket{*this, "socket", *this}, number_{number} {}
    void transport(bus::Payload& payload, sc_core::sc_time&) override {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        last = payload.get_address();
        if (payload.is_write())
            written = payload.get_data_ptr()[0];
        else
            std::fill_n(payload.get_data_ptr(), payload.get_data_length(), number_);
    }
    bus::TargetSocket socket;
    uint64_t last = 0;
    uint8_t written = 0;

  private:
    uint8_t number_;
};

struct Watcher : bus::CodeWatcher {
    std::vector<uint64_t> pages;
    void code_written(uint64_t page) override { pages.push_back(page); }
};

uint8_t read(bus::AddressSpace& space, uint64_t at) {
    bus::Request request;
    uint8_t value = 0;
    sc_core::sc_time delay;
    space.transport(request.aim(false, at, &value, 1), delay);
    return value;
}
void write(bus::AddressSpace& space, uint64_t at, uint8_t value) {
    bus::Request request;
    sc_core::sc_time delay;
    space.transport(request.aim(true, at, &value, 1), delay);
}

}  // namespace

TEST_CASE("a route sends reads and writes to memory or to the bus") {
    TestBoard board;
    uint8_t* ram = board.add_memory(0, 0x100000);
    Echo echo{board.sim, 0xee};
    bus::AddressSpace& space = board.memory;
    const unsigned route = space.add_route(0xc0000, 0x4000);
    CHECK_FALSE(space.clash(0xc0000, 0x4001).empty());
    CHECK(space.clash(0xc0000, 0x4000).empty());
    space.map(0xc0000, 0x4000, space.attach(echo.socket), "rom");
    struct Row {
        Side read, write;
        uint8_t reads, reaches_memory, reaches_bus;
        bool direct, writable;
    };
    const Row rows[] = {{Side::first, Side::first, 0x11, 1, 0, true, true},
                        {Side::bus, Side::bus, 0xee, 0, 1, false, false},
                        {Side::bus, Side::memory, 0xee, 1, 0, false, false},
                        {Side::memory, Side::bus, 0x11, 0, 1, true, false},
                        {Side::memory, Side::memory, 0x11, 1, 0, true, true},
                        {Side::bus, Side::bus, 0xee, 0, 1, false, false}};
    board.run([&](test::Script&) {
        for (const Row& row : rows) {
            ram[0xc0123] = 0x11;
            echo.written = 0;
            space.set_route(route, row.read, row.write);
            CHECK(read(space, 0xc0123) == row.reads);
            write(space, 0xc0123, 0x77);
            CHECK((ram[0xc0123] == 0x77) == (row.reaches_memory == 1));
            CHECK((echo.written == 0x77) == (row.reaches_bus == 1));
            if (row.reaches_bus) CHECK(echo.last == 0x123);
            const auto* range = space.find(0xc0123);
            REQUIRE(range);
            CHECK((range->direct != nullptr) == row.direct);
            if (row.direct) {
                CHECK(range->direct->writable == row.writable);
                CHECK(range->direct->host + (0xc0123 - range->start) == ram + 0xc0123);
            }
            // The neighbours are memory, whatever was looked up before.
            ram[0xbffff] = 0x22;
            ram[0xc4000] = 0x33;
            for (int i = 0; i < 2; ++i) {
                CHECK(read(space, 0xbffff) == 0x22);
                CHECK(read(space, 0xc0123) == (row.reads == 0xee ? 0xee : ram[0xc0123]));
                CHECK(read(space, 0xc4000) == 0x33);
            }
        }
    });
}

TEST_CASE("what is mapped otherwise forgets its code") {
    TestBoard board;
    board.add_memory(0, 0x100000);
    bus::AddressSpace& space = board.memory;
    Watcher watcher;
    space.add_code_watcher(watcher);
    const unsigned route = space.add_route(0xc0000, 0x4000);
    const auto* range = space.find(0xc1000);
    range->direct->page_flags[(0xc1000 - range->start) >> 12] |= bus::DirectMemory::has_code;
    space.set_route(route, Side::memory, Side::bus);
    CHECK(watcher.pages == std::vector<uint64_t>{0xc1});
    CHECK(space.find(0xc1000)->start == 0xc0000);
    // A hole: nothing is there on the bus.
    space.set_route(route, Side::bus, Side::bus);
    CHECK(space.find(0xc1000) == nullptr);
    CHECK(read(space, 0xc1000) == 0xff);
}
