// SPDX-License-Identifier: Apache-2.0
//
// Two stations on a wire.
#pragma once

#include "tests/support/packet_log.h"

namespace sb::test {

inline std::vector<uint8_t> frame(size_t bytes, uint8_t fill = 0) {
    return std::vector<uint8_t>(bytes, fill);
}

struct Link {
    TestBoard board;
    PacketLog log{board.stream};
    bus::Device* wire;
    TestStation a, b;

    explicit Link(const TestBoard::Settings& settings = {}, std::vector<uint64_t> a_rates = {},
                  std::vector<uint64_t> b_rates = {})
        : wire{&board.plug("ethernet-wire", "wire", settings)},
          a{board, "a", "wire", std::move(a_rates)},
          b{board, "b", "wire", std::move(b_rates)} {}
};

}  // namespace sb::test
