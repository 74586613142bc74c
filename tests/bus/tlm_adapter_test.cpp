// SPDX-License-Identifier: Apache-2.0
//
// A TLM-2.0 model written against the standard alone: it reads the kernel's time and calls wait().
#include <catch2/catch.hpp>

#include <tlm_utils/simple_target_socket.h>

#include "bus/tlm_adapter.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

struct Foreign : sc_core::sc_module {
    SC_CTOR(Foreign) : socket{"socket"} {
        socket.register_b_transport(this, &Foreign::b_transport);
    }
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
        called_at.push_back(sc_core::sc_time_stamp().value());
        wait(sc_core::sc_time(250, sc_core::SC_NS));
        *payload.get_data_ptr() = 0x5a;
        delay += sc_core::sc_time(50, sc_core::SC_NS);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    tlm_utils::simple_target_socket<Foreign> socket;
    std::vector<uint64_t> called_at;
};

}  // namespace

TEST_CASE("a foreign target is called in step with the kernel and its waiting is timed") {
    TestBoard board;
    board.add_memory(0, 0x1000);
    Foreign foreign{"foreign"};
    bus::TlmAdapter adapter{board.sim, "adapter"};
    adapter.bind(foreign.socket);
    board.ports.map(0x400, 4, board.ports.attach(adapter.socket()), "foreign");
    Time before, after;
    uint8_t value = 0;
    board.run([&](Script& io) {
        io.read32(0);  // 60 ns ahead of the kernel
        before = io.time();
        value = io.in8(0x400);
        after = io.time();
    });
    CHECK(value == 0x5a);
    CHECK(before == 60_ns);
    CHECK(after == 360_ns);
    CHECK(foreign.called_at == std::vector<uint64_t>{60'000});
    CHECK(board.bus.held() == 360_ns);
}
