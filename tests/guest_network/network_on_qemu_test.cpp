// SPDX-License-Identifier: Apache-2.0
//
// The guest's drivers and protocols, unchanged, on QEMU's controllers: so that what they do on ours
// is what they do on others.
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/guest_network/station.h"

using namespace sb::test;
using Catch::Contains;

namespace {

constexpr uint16_t discard_port = 9, echo_port = 7;
constexpr size_t ip_at = 14, udp_at = 34, data_at = 42;

Bytes datagram(const Bytes& guest, uint16_t port, const Bytes& data) {
    return ethernet(guest, hardware_address(0, 1), 0x0800,
                    udp(address(0, 1), address(0, 2), 1000, port, data));
}

/// The IPv4 packet in a frame, without what pads it.
Bytes packet_of(const Bytes& frame) {
    REQUIRE(frame.size() >= 34);
    return frame.substr(ip_at, number_at(frame, ip_at + 2, 2));
}

void check_ping(Station& station, const Bytes& guest) {
    const Bytes data(57, 'x');  // odd
    station.send(ethernet(guest, hardware_address(0, 1), 0x0800,
                          ipv4(address(0, 1), address(0, 2), 1, echo_request(7, data))));
    const Bytes answer = station.receive();
    CHECK(answer.substr(0, 6) == hardware_address(0, 1));
    const Bytes packet = packet_of(answer);
    CHECK(internet_checksum(packet.substr(0, 20)) == 0);
    CHECK(number_at(packet, 12, 4) == address(0, 2));
    CHECK(packet[20] == 0);  // an echo reply
    CHECK(internet_checksum(packet.substr(20)) == 0);
    CHECK(packet.substr(28) == data);
}

void check_echo(const std::vector<std::string>& controllers, const std::string& options) {
    Station station{controllers, "app=echo packets=40 " + options};
    const Bytes guest = station.find_guest();
    check_ping(station, guest);
    for (uint32_t i = 0; i < 40; ++i) {
        Bytes data(4 + i * 35, '\0');  // up to 1369 bytes, of all alignments
        for (size_t at = 0; at < data.size(); ++at) data[at] = static_cast<char>(i * 7 + at);
        station.send(datagram(guest, echo_port, data));
        const Bytes packet = packet_of(station.receive());
        REQUIRE(internet_checksum(packet.substr(0, 20)) == 0);
        REQUIRE(packet.substr(20, 4) == big16(echo_port) + big16(1000));
        REQUIRE(packet.substr(28) == data);
    }
    const Ended end = station.wait();
    CHECK(end.status == 1);
    CHECK(figure(end.out, "served") == 40);
    CHECK(figure(end.out, "echoes") == 1);
    CHECK(figure(end.out, "received") == 42);
    CHECK(figure(end.out, "transmitted") == 42);
    CHECK(figure(end.out, "dropped") == 0);
}

/// Numbers without a break: the socket pair makes us wait for QEMU, and QEMU for the guest.
Ended check_sink(const std::vector<std::string>& controllers, const std::string& options) {
    Station station{controllers, "app=sink packets=2000 " + options};
    const Bytes guest = station.find_guest();
    for (uint32_t i = 0; i < 2000; ++i) station.send(datagram(guest, discard_port, big32(i)));
    const Ended end = station.wait();
    CHECK(end.status == 1);
    CHECK(figure(end.out, "served") == 2000);
    CHECK(figure(end.out, "missing") == 0);
    CHECK(figure(end.out, "late") == 0);
    return end;
}

}  // namespace

TEST_CASE("the guest's e1000 driver answers on QEMU's e1000, served in every way") {
    for (const char* options :
         {"service=poll", "service=clocked", "service=interrupt",
          "service=interrupt irq=pic copy=1",
          "service=static itr=100 rdtr=20 radv=50 tidv=8 tadv=32", "service=adaptive",
          "service=dim", "service=napi", "service=napi ring=8 tx_ring=8", "service=hybrid",
          "service=quota", "service=quota user=1 feedback=1"}) {
        INFO(options);
        check_echo({"e1000"}, options);
    }
}

TEST_CASE("the guest's NE2000 driver answers on QEMU's ne2k_isa, polled and by interrupts") {
    for (const char* options :
         {"service=poll", "service=interrupt irq=pic", "service=interrupt", "service=napi irq=pic",
          "service=hybrid", "service=quota irq=pic user=1"}) {
        INFO(options);
        check_echo({"ne2k_isa,irq=9"}, std::string("nic=ne2000 ") + options);
    }
}

TEST_CASE("the guest's sink gets every numbered datagram from QEMU's e1000, in order") {
    for (const char* options :
         {"service=poll", "service=interrupt backlog=0", "service=napi weight=4 budget=8",
          "service=hybrid copy=1", "service=quota quota=5"}) {
        INFO(options);
        const Ended end = check_sink({"e1000"}, options);
        CHECK(figure(end.out, "missed") == 0);
        if (options == std::string("service=quota quota=5"))
            CHECK(figure(end.out, "most_at_once") == 5);
    }
}

TEST_CASE("moderation on QEMU's e1000 makes for fewer interrupts than packets") {
    const Ended end = check_sink({"e1000"}, "service=static itr=3906 backlog=0");  // a millisecond
    CHECK(figure(end.out, "interrupts") * 2 < figure(end.out, "served"));
}

TEST_CASE("a packet that ends elsewhere is counted by its place") {
    Station station{{"e1000"}, "app=sink packets=1"};
    const Bytes guest = station.find_guest(), mac = hardware_address(0, 1);
    const auto send = [&](const Bytes& packet) {
        station.send(ethernet(guest, mac, 0x0800, packet));
    };
    const Bytes good = udp(address(0, 1), address(0, 2), 1000, discard_port, big32(1));
    Bytes bad_header = good, bad_data = good;
    bad_header[8] = 1;
    bad_data[28] = 'x';
    const Bytes too_long =
        ipv4(address(0, 1), address(0, 2), 17, Bytes(100, 'x')).substr(0, 20) + good.substr(20);
    send(bad_header);
    send(bad_data);
    send(too_long);
    send(ipv4(address(0, 1), address(0, 2), 17, Bytes(100, 'x'), 64, 0x2000));  // more fragments
    send(ipv4(address(0, 1), address(0, 3), 17, Bytes(100, 'x')));
    send(ipv4(address(0, 1), address(0, 2), 6, Bytes(100, 'x')));  // TCP
    send(udp(address(0, 1), address(0, 2), 1000, 5000, big32(1)));
    station.send(ethernet(guest, mac, 0x86dd, Bytes(100, 'x')));  // IPv6
    send(good);
    const Ended end = station.wait();
    CHECK(end.status == 1);
    CHECK(figure(end.out, "dropped_checksum") == 2);
    CHECK(figure(end.out, "dropped_malformed") == 1);
    CHECK(figure(end.out, "dropped_fragment") == 1);
    CHECK(figure(end.out, "dropped_not_for_us") == 1);
    CHECK(figure(end.out, "dropped_no_port") == 1);
    CHECK(figure(end.out, "dropped_unknown_type") == 2);
    CHECK(figure(end.out, "dropped") == 8);
    CHECK(figure(end.out, "received") == 10);  // with the ARP request
}

TEST_CASE(
    "the guest forwards between two of QEMU's controllers, and asks for the neighbour first") {
    const bool ne2000 = GENERATE(false, true);
    const std::vector<std::string> controllers =
        ne2000 ? std::vector<std::string>{"ne2k_isa,irq=9", "ne2k_isa,irq=10,iobase=0x320"}
               : std::vector<std::string>{"e1000", "e1000"};
    Station station{controllers,
                    std::string("app=forward packets=50 user=1 service=") +
                        (ne2000 ? "interrupt irq=pic nic=ne2000" : "quota feedback=1")};
    const Bytes guest = station.find_guest();
    const uint32_t from = address(0, 1), to = address(1, 9);
    for (uint32_t i = 0; i < 50; ++i) {
        station.send(ethernet(guest, hardware_address(0, 1), 0x0800,
                              udp(from, to, 1000, discard_port, big32(i))));
        if (i == 0) {
            const Bytes question = station.receive(1), guest1 = question.substr(6, 6);
            REQUIRE(question.substr(12, 30) ==
                    big16(0x0806) + arp(1, guest1, address(1, 2), Bytes(6, '\0'), to));
            station.send(ethernet(guest1, hardware_address(1, 9), 0x0806,
                                  arp(2, hardware_address(1, 9), to, guest1, address(1, 2))),
                         1);
        }
        const Bytes frame = station.receive(1), packet = packet_of(frame);
        REQUIRE(frame.substr(0, 6) == hardware_address(1, 9));
        REQUIRE(internet_checksum(packet.substr(0, 20)) == 0);
        REQUIRE(packet[8] == 63);  // its time to live
        REQUIRE(packet.substr(12, 8) == big32(from) + big32(to));
        REQUIRE(number_at(frame, data_at, 4) == i);
    }
    const Ended end = station.wait();
    CHECK(end.status == 1);
    CHECK(figure(end.out, "served") == 50);
    CHECK(figure(end.out, "dropped") == 0);
}

TEST_CASE("the guest pings a station behind QEMU's e1000, and again what is lost") {
    Station station{{"e1000"}, "app=ping packets=10 bytes=100 peer=10.0.0.1 service=interrupt"};
    const Bytes mac = hardware_address(0, 1);
    uint32_t answered = 0;
    bool lost_one = false;
    while (answered < 10) {
        const Bytes frame = station.receive(), guest = frame.substr(6, 6);
        if (number_at(frame, 12, 2) == 0x0806) {
            station.send(
                ethernet(guest, mac, 0x0806, arp(2, mac, address(0, 1), guest, address(0, 2))));
            continue;
        }
        const Bytes packet = packet_of(frame);
        REQUIRE(packet.size() == 128);
        REQUIRE(internet_checksum(packet.substr(0, 20)) == 0);
        REQUIRE(internet_checksum(packet.substr(12, 8) + big16(17) + packet.substr(24, 2) +
                                  packet.substr(20)) == 0);
        const uint32_t number = number_at(frame, data_at, 4);
        if (number != answered) continue;  // sent again as well
        if (number == 5 && !lost_one) {
            lost_one = true;
            continue;
        }
        station.send(
            datagram(guest, static_cast<uint16_t>(number_at(frame, udp_at, 2)), packet.substr(28)));
        ++answered;
    }
    const Ended end = station.wait();
    CHECK(end.status == 1);
    CHECK(figure(end.out, "served") == 10);
    CHECK(figure(end.out, "sent") >= 11);
}

TEST_CASE("what cannot be served is said") {
    Qemu qemu{{"-kernel", SOUTHBRIDGE_BINARY_DIR "/guest/network.elf", "-append",
               "console=serial nic=e1000"}};
    const Ended end = qemu.wait();
    CHECK(end.status == 3);
    CHECK_THAT(end.out, Contains("e1000: no such device"));
}
