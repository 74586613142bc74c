// SPDX-License-Identifier: Apache-2.0
//
// A traffic source, a wire, and a station at its other end.
#pragma once

#include "tests/support/packet_log.h"

namespace sb::test {

struct Rig {
    TestBoard board;
    PacketLog log{board.stream};
    bus::Device* wire;
    bus::Device* source;
    TestStation sink;

    explicit Rig(TestBoard::Settings traffic, const TestBoard::Settings& settings = {})
        : wire{&board.plug("ethernet-wire", "wire", settings)},
          source{(traffic["wire"] = "wire", &board.plug("traffic-source", "peer", traffic))},
          sink{board, "sink", "wire"} {}
    void run(Time t) {
        board.run([&](Script& io) { io.wait(t); });
    }
    uint64_t value(const std::string& name) const { return counter(*source, name); }
};

}  // namespace sb::test
