// SPDX-License-Identifier: Apache-2.0
//
// Chains of descriptors: PG034, "Scatter Gather Mode", "Scatter Gather Transfer Descriptor
// Definition".
#include "tests/devices/cdma/cdma_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::cdma;

namespace {

constexpr uint32_t ring = 0x1000;

}  // namespace

TEST_CASE("a chain is carried out up to its tail") {
    CdmaBoard board;
    fill(board.ram + 0x10000, 0x10000);
    const uint32_t last = board.put_chain(ring, {{.from = 0x10000, .to = 0x80000, .control = 100},
                                                 {.from = 0x10064, .to = 0x80064, .control = 4000},
                                                 {.from = 0x11004, .to = 0x81004, .control = 1}});
    board.run([&](Script& io) {
        CHECK(run_chain(io, ring, last) == (rest | ioc));
        CHECK(differing(board.ram + 0x80000, 4101) == 0);
        CHECK(board.ram[0x80000 + 4101] == 0);
        for (uint32_t at = ring; at <= last; at += 64) CHECK(board.status_of(at) == completed);
        CHECK(io.read32(current) == last);
        CHECK(io.read32(tail) == last);
    });
    CHECK(board.findings() == 0);
}
