// SPDX-License-Identifier: Apache-2.0
//
// DHCP, byte by byte, against RFC 2131 and RFC 2132.
#include <catch2/catch.hpp>

#include "tests/devices/network_services/client.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
namespace net = sb::bus::internet;
using observe::Stage;
using sb::test::Client;
using sb::test::counter;
using sb::test::Script;

namespace {

constexpr uint8_t discover = 1, offer = 2, request = 3, decline = 4, acknowledge = 5, refuse = 6,
                  release = 7, inform = 8;
const net::Mac everybody = net::everybody;

struct Ask {
    uint8_t type = discover;
    net::Mac mac = Client::mac;
    uint32_t client = 0, asked = 0, server = 0, relay = 0;
    bool broadcast = false;
};

std::vector<uint8_t> message(const Ask& ask) {
    std::vector<uint8_t> made(240);
    made[0] = 1;
    made[1] = 1;
    made[2] = 6;
    net::put32(&made[4], 0xdeadbeef);
    if (ask.broadcast) made[10] = 0x80;
    net::put32(&made[12], ask.client);
    net::put32(&made[24], ask.relay);
    std::copy(ask.mac.begin(), ask.mac.end(), &made[28]);
    net::put32(&made[236], 0x63825363);
    made.insert(made.end(), {53, 1, ask.type});
    const auto add = [&](uint8_t code, uint32_t value) {
        if (value == 0) return;
        made.insert(made.end(), {code, 4, 0, 0, 0, 0});
        net::put32(&made[made.size() - 4], value);
    };
    add(50, ask.asked);
    add(54, ask.server);
    made.insert(made.end(), {55, 2, 1, 3, 0, 0, 255});
    return made;
}

struct Answer {
    uint8_t type = 0;  // 0: none came
    uint32_t address = 0, server = 0, to = 0;
    net::Mac mac{};
};

/// Asks, and gives the answer. All answers must have what every one has.
Answer ask(Client& client, Script& io, const Ask& what) {
    const size_t before = client.station.got.size();
    const net::Endpoint from{what.client, what.relay ? Client::mac : what.mac, 68};
    client.send(io, net::udp(from, {net::limited_broadcast, everybody, 67}, message(what)));
    io.wait(1_ms);
    if (client.station.got.size() == before) return {};
    const auto& frame = client.station.got.back().second.bytes;
    const net::Packet packet = net::read(frame);
    const net::Bytes got = packet.payload;
    REQUIRE(packet.kind == net::Packet::Kind::udp);
    REQUIRE(got.size() == 300);  // RFC 1542, 2.1
    CHECK(packet.from.port == 67);
    CHECK(packet.to.port == (what.relay ? 67 : 68));
    CHECK(packet.from.address == Client::server);
    CHECK((got[0] == 2 && got[1] == 1 && got[2] == 6 && got[3] == 0));
    CHECK(net::get32(&got[4]) == 0xdeadbeef);
    CHECK(net::get32(&got[24]) == what.relay);
    CHECK(net::get32(&got[236]) == 0x63825363);
    CHECK((got[240] == 53 && got[241] == 1));
    CHECK((got[243] == 54 && got[244] == 4 && net::get32(&got[245]) == Client::server));
    return {got[242], net::get32(&got[16]), net::get32(&got[20]), packet.to.address,
            packet.destination};
}

constexpr uint32_t first = 0x0a00020f;

}  // namespace

TEST_CASE("DISCOVER, OFFER, REQUEST, ACK: the answers by their bytes") {
    Client client{
        {{"boot_file", "undionly.kpxe"}, {"router", "10.0.2.2"}, {"name_server", "10.0.2.3"}}};
    client.run([&](Script& io) {
        const Answer offered = ask(client, io, {});
        CHECK(offered.type == offer);
        CHECK(offered.address == first);
        CHECK(offered.server == Client::server);
        CHECK(offered.to == first);  // unicast: the client has not set the broadcast flag
        CHECK(offered.mac == Client::mac);
        const auto& frame = client.station.got.back().second.bytes;
        CHECK(frame.size() == 14 + 20 + 8 + 300);
        const std::vector<uint8_t> options(frame.begin() + 42 + 240, frame.begin() + 42 + 275);
        CHECK(options == std::vector<uint8_t>{53, 1,    2,    54, 4, 10,  0,   2,   2, 51,  4, 0,
                                              1,  0x51, 0x80, 1,  4, 255, 255, 255, 0, 3,   4, 10,
                                              0,  2,    2,    6,  4, 10,  0,   2,   3, 255, 0});
        CHECK(std::string{reinterpret_cast<const char*>(&frame[42 + 108])} == "undionly.kpxe");
        // Service takes 50 us from the last bit of the request on.
        const Time wire = bus::ethernet::wire_time(342, 1'000'000'000) + 500_ns;
        const Time asked = bus::ethernet::wire_time(14 + 28 + 240 + 10, 1'000'000'000) + 500_ns;
        CHECK(client.station.got.back().first == asked + 50_us + wire);

        const Answer granted =
            ask(client, io, {.type = request, .asked = first, .server = Client::server});
        CHECK(granted.type == acknowledge);
        CHECK(granted.address == first);
    });
    CHECK(counter(*client.services, "dhcp_offers") == 1);
    CHECK(counter(*client.services, "dhcp_acknowledged") == 1);
    CHECK(client.log.count(Stage::served) == 2);
}

TEST_CASE("where a DHCP answer goes: RFC 2131, 4.1") {
    Client client;
    client.run([&](Script& io) {
        Answer got = ask(client, io, {.broadcast = true});
        CHECK(got.to == net::limited_broadcast);
        CHECK(got.mac == everybody);
        got = ask(client, io, {.relay = 0x0a000277});
        CHECK(got.to == 0x0a000277);
        got = ask(client, io, {.type = request, .client = first});
        CHECK(got.type == acknowledge);
        CHECK(got.to == first);
        got = ask(client, io, {.type = request, .asked = first + 1, .server = Client::server});
        CHECK(got.type == refuse);
        CHECK(got.to == net::limited_broadcast);
        CHECK(got.address == 0);
        CHECK(got.server == 0);
        got = ask(client, io, {.type = inform, .client = 0x0a000250});
        CHECK(got.type == acknowledge);
        CHECK(got.address == 0);
        CHECK(got.to == 0x0a000250);
    });
}

TEST_CASE("each client keeps its address; a full pool offers none") {
    Client client{{{"addresses", "2"}}};
    const net::Mac other{2, 0, 0, 0, 0, 1}, third{2, 0, 0, 0, 0, 2};
    client.run([&](Script& io) {
        CHECK(ask(client, io, {.asked = first + 1}).address ==
              first + 1);  // what it asks for is free
        CHECK(ask(client, io, {.mac = other}).address == first);
        CHECK(ask(client, io, {}).address == first + 1);
        CHECK(ask(client, io, {.mac = third}).type == 0);
        CHECK(ask(client, io,
                  {.type = request, .mac = third, .asked = first, .server = Client::server})
                  .type == refuse);
        // Another server's offer was taken: the address is free again.
        CHECK(ask(client, io, {.type = request, .mac = other, .asked = 1, .server = 0x01020304})
                  .type == 0);
        CHECK(ask(client, io, {.mac = third}).address == first);
        // Released, and offered to the next; declined, and offered to nobody any more.
        CHECK(ask(client, io,
                  {.type = request, .mac = third, .asked = first, .server = Client::server})
                  .type == acknowledge);
        CHECK(ask(client, io,
                  {.type = release, .mac = third, .client = first, .server = Client::server})
                  .type == 0);
        CHECK(ask(client, io, {.mac = other}).address == first);
        CHECK(ask(client, io,
                  {.type = decline, .mac = other, .asked = first, .server = Client::server})
                  .type == 0);
        CHECK(ask(client, io, {.mac = third}).type == 0);
    });
}

TEST_CASE("a client that comes back is told whether its address is right: RFC 2131, 4.3.2") {
    Client client;
    const net::Mac unknown{2, 0, 0, 0, 0, 9};
    client.run([&](Script& io) {
        CHECK(ask(client, io, {}).type == offer);
        CHECK(ask(client, io, {.type = request, .asked = first}).type == acknowledge);
        CHECK(ask(client, io, {.type = request, .asked = first + 3}).type == refuse);
        CHECK(ask(client, io, {.type = request, .mac = unknown, .asked = first + 3}).type ==
              0);  // must be silent
        CHECK(ask(client, io, {.type = request, .mac = unknown, .asked = 0xc0a80001}).type ==
              refuse);  // wrong network
    });
}

TEST_CASE("messages that are no DHCP requests are not answered") {
    Client client;
    client.run([&](Script& io) {
        const auto good = message({});
        std::vector<std::vector<uint8_t>> bad;
        for (size_t bytes = 0; bytes < 240; bytes += 7)
            bad.emplace_back(good.begin(), good.begin() + bytes);
        for (const auto& [at, value] : std::vector<std::pair<size_t, uint8_t>>{{0, 2},
                                                                               {1, 6},
                                                                               {2, 5},
                                                                               {236, 0},
                                                                               {241, 255},
                                                                               {241, 0},
                                                                               {242, 0},
                                                                               {242, 99},
                                                                               {240, 255}}) {
            bad.push_back(good);
            bad.back()[at] = value;
        }
        for (const auto& bytes : bad) {
            client.send(
                io, net::udp({0, Client::mac, 68}, {net::limited_broadcast, everybody, 67}, bytes));
            io.wait(100_us);
        }
        CHECK(counter(*client.services, "dhcp_ignored") == bad.size());
    });
    CHECK(client.station.got.empty());
}
