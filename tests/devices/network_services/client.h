// SPDX-License-Identifier: Apache-2.0
//
// A client's end of a wire whose other end has the network services.
#pragma once

#include "bus/internet.h"
#include "tests/support/packet_log.h"

namespace sb::test {

struct Client {
    static constexpr bus::internet::Mac mac{0x52, 0x54, 0, 0x12, 0x34, 0x56};
    static constexpr bus::internet::Mac server_mac{0x52, 0x54, 0, 0, 0, 2};
    static constexpr uint32_t server = 0x0a000202, address = 0x0a00020f;

    TestBoard board;
    PacketLog log{board.stream};
    bus::Device* wire;
    bus::Device* services;
    TestStation station;

    explicit Client(TestBoard::Settings settings = {})
        : wire{&board.plug("ethernet-wire", "wire")},
          services{
              (settings["wire"] = "wire", &board.plug("network-services", "services", settings))},
          station{board, "client", "wire"} {}
    void run(std::function<void(Script&)> body) { board.run(std::move(body)); }
    void send(Script& io, std::vector<uint8_t> frame) { station.send(io, std::move(frame)); }
    /// A datagram from one of the client's ports to one of the server's.
    void send(Script& io, uint16_t from, uint16_t to, bus::internet::Bytes payload) {
        send(io, bus::internet::udp({address, mac, from}, {server, server_mac, to}, payload));
    }
};

}  // namespace sb::test
