// SPDX-License-Identifier: Apache-2.0
//
// Address and VLAN filters: the manual, 3.2.1, 10.2, 13.5.
#include "tests/devices/e1000/nic_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::e1000;

namespace {

constexpr uint8_t inexact = 0x80;
constexpr std::initializer_list<int> other{2, 0, 0, 0, 0, 7}, all{255, 255, 255, 255, 255, 255},
    group{0x01, 0x00, 0x5e, 0x00, 0x12, 0x34};

enum Outcome { refused, exact, inexactly };

/// What becomes of one frame under a set-up.
Outcome outcome(uint32_t mode, const Bytes& bytes,
                const std::function<void(Script&)>& set_up = {}) {
    return isolated([&] {
        NicBoard board;
        Outcome result = refused;
        board.run([&](Script& io) {
            board.start_receive(io, 8, mode);
            if (set_up) set_up(io);
            board.deliver(io, bytes);
            io.wait(20_us);
            const bool stored = board.counter("received") == 1;
            REQUIRE(board.log.dropped("nic filter") == !stored);
            REQUIRE(board.counter("dropped_filter") == !stored);
            if (stored) result = board.receive_status(0) & inexact ? inexactly : exact;
        });
        return result;
    });
}

}  // namespace

TEST_CASE("addresses pass as RCTL says") {
    const Bytes own = frame(), strange = to(frame(), other), broadcast = to(frame(), all),
                multicast = to(frame(), group);
    CHECK(outcome(0, own) == exact);
    CHECK(outcome(0, strange) == refused);
    CHECK(outcome(r_upe, strange) == inexactly);
    CHECK(outcome(r_upe, multicast) == refused);
    CHECK(outcome(0, broadcast) == refused);
    CHECK(outcome(r_upe, broadcast) == refused);
    CHECK(outcome(r_bam, broadcast) == exact);
    CHECK(outcome(0, multicast) == refused);
    CHECK(outcome(r_bam, multicast) == refused);
    CHECK(outcome(r_mpe, multicast) == inexactly);
    CHECK(outcome(r_mpe, broadcast) == inexactly);
}

TEST_CASE("the sixteenth address counts, as destination or source, when it is valid") {
    const auto set = [](uint32_t low, uint32_t high) {
        return [=](Script& io) {
            io.write32(ral + 15 * 8, low);
            io.write32(rah + 15 * 8, high);
        };
    };
    const Bytes strange = to(frame(), other);
    CHECK(outcome(0, strange, set(0x00000002, 0x80000700)) == exact);
    CHECK(outcome(0, strange, set(0x00000002, 0x00000700)) == refused);
    CHECK(outcome(0, strange, set(0x00000002, 0x80000900)) == refused);
    CHECK(outcome(0, strange, set(0x00000002, 0x80010900)) == exact);  // source 02..09
    CHECK(outcome(0, to(frame(), group), set(0x005e0001, 0x80003412)) == exact);
}

TEST_CASE("the multicast table is looked up by the bits that MO chooses") {
    // 13.5.1's example: 12:34 are the last bytes, so the last sixteen bits are 3412h.
    const uint32_t hashes[]{0x341, 0x682, 0xd04, 0x412};
    for (uint32_t mo = 0; mo < 4; ++mo) {
        CAPTURE(mo);
        const uint32_t hash = hashes[mo];
        const auto set = [&](Script& io) { io.write32(mta + hash / 32 * 4, 1u << hash % 32); };
        CHECK(outcome(mo << 12, to(frame(), group), set) == inexactly);
        const auto next = [&](Script& io) { io.write32(mta + hash / 32 * 4, ~(1u << hash % 32)); };
        CHECK(outcome(mo << 12, to(frame(), group), next) == refused);
    }
}

TEST_CASE("tagged frames have to pass the VLAN filter") {
    Bytes tagged = frame(64);
    tagged[12] = 0x81, tagged[13] = 0, tagged[14] = 0x01, tagged[15] = 0x23;
    Bytes with_cfi = tagged;
    with_cfi[14] = 0x11;
    const auto allow = [](Script& io) { io.write32(vfta + 0x123 / 32 * 4, 1u << 0x123 % 32); };
    CHECK(outcome(0, tagged) == exact);
    CHECK(outcome(r_vfe, tagged) == refused);
    CHECK(outcome(r_vfe, frame(64)) == exact);
    CHECK(outcome(r_vfe, tagged, allow) == exact);
    CHECK(outcome(r_vfe, with_cfi, allow) == exact);
    CHECK(outcome(r_vfe | r_cfien, with_cfi, allow) == refused);
    CHECK(outcome(r_vfe | r_cfien, tagged, allow) == exact);
    CHECK(outcome(r_vfe | r_cfien | 1u << 20, with_cfi, allow) == exact);
    CHECK(outcome(r_vfe | r_upe, to(tagged, other), allow) == inexactly);
    const auto type = [](Script& io) { io.write32(vet, 0x9100); };
    CHECK(outcome(r_vfe, tagged, type) == exact);  // no tag, then
}
