// SPDX-License-Identifier: Apache-2.0
//
// Checksums and segmentation, both ways: the manual, 3.2.9, 3.5, 3.6. The frames' checksums are
// computed here in another way than in the model: byte by byte, with end-around carry.
#include "tests/devices/e1000/nic_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::e1000;

namespace {

constexpr uint8_t tcp = 6, udp = 17;
constexpr size_t ip_at = 14, l4_at = 34;

uint32_t add(uint32_t sum, const Bytes& bytes, size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
        sum += (i - from) % 2 ? bytes[i] : bytes[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

uint32_t get16(const Bytes& b, size_t at) { return b[at] << 8 | b[at + 1]; }
uint32_t get32(const Bytes& b, size_t at) { return get16(b, at) << 16 | get16(b, at + 2); }
void put16(Bytes& b, size_t at, uint32_t v) {
    b[at] = static_cast<uint8_t>(v >> 8);
    b[at + 1] = static_cast<uint8_t>(v);
}

uint32_t pseudo(const Bytes& b, uint32_t length) {
    uint32_t sum = add(0, b, ip_at + 12, ip_at + 20) + b[ip_at + 9] + length;
    return (sum & 0xffff) + (sum >> 16);
}
bool ip_right(const Bytes& b) { return add(0, b, ip_at, l4_at) == 0xffff; }
bool l4_right(const Bytes& b) {
    const uint32_t length = get16(b, ip_at + 2) - 20;
    return add(pseudo(b, length), b, l4_at, l4_at + length) == 0xffff;
}

/// An Ethernet, IPv4 and TCP or UDP frame with `payload` bytes, checksums zero.
Bytes blank(uint8_t protocol, size_t payload) {
    const size_t l4 = protocol == tcp ? 20 : 8;
    Bytes b = frame(l4_at + l4 + payload, 3);
    put16(b, 12, 0x0800);
    std::fill(b.begin() + ip_at, b.begin() + l4_at + l4, uint8_t{0});
    b[ip_at] = 0x45;
    put16(b, ip_at + 2, static_cast<uint32_t>(20 + l4 + payload));
    put16(b, ip_at + 4, 0x1234);
    b[ip_at + 8] = 64;
    b[ip_at + 9] = protocol;
    put16(b, ip_at + 12, 0x0a00), put16(b, ip_at + 14, 1);
    put16(b, ip_at + 16, 0x0a00), put16(b, ip_at + 18, 2);
    put16(b, l4_at, 1000), put16(b, l4_at + 2, 2000);
    if (protocol == tcp) {
        put16(b, l4_at + 4, 0x0000), put16(b, l4_at + 6, 0xff00);  // sequence
        b[l4_at + 12] = 0x50;
        b[l4_at + 13] = 0x19;  // ACK, PSH, FIN
    } else {
        put16(b, l4_at + 4, static_cast<uint32_t>(8 + payload));
    }
    return b;
}

size_t sum_at(uint8_t protocol) { return l4_at + (protocol == tcp ? 16 : 6); }

Bytes whole(uint8_t protocol, size_t payload) {
    Bytes b = blank(protocol, payload);
    put16(b, ip_at + 10, ~add(0, b, ip_at, l4_at) & 0xffff);
    const auto length = static_cast<uint32_t>(b.size() - l4_at);
    put16(b, sum_at(protocol), ~add(pseudo(b, length), b, l4_at, b.size()) & 0xffff);
    REQUIRE(ip_right(b));
    REQUIRE(l4_right(b));
    return b;
}

constexpr uint64_t context(uint8_t protocol) {
    const uint64_t at = protocol == tcp ? l4_at + 16 : l4_at + 6;
    return ip_at | (ip_at + 10) << 8 | uint64_t{l4_at - 1} << 16 | uint64_t{l4_at} << 32 | at << 40;
}
constexpr uint64_t both = uint64_t{3} << 40;  // POPTS: IP and transport
constexpr uint64_t data = uint64_t{1} << 20 | dext;
constexpr uint32_t context_tcp = 1u << 24, context_ip = 1u << 25;

}  // namespace

TEST_CASE("received checksums are checked as RXCSUM says") {
    struct Row {
        uint32_t rxcsum;
        int spoil;  // 0 none, 1 IP, 2 transport, 3 a fragment, 4 UDP without a checksum
        uint8_t protocol;
        uint8_t status;  // IXSM 4, TCPCS 20h, IPCS 40h
        uint8_t errors;  // TCPE 20h, IPE 40h
    };
    const Row rows[]{
        {0, 0, tcp, 0x04, 0},     {0x100, 0, tcp, 0x40, 0},    {0x200, 0, tcp, 0x20, 0},
        {0x300, 0, tcp, 0x60, 0}, {0x300, 1, tcp, 0x60, 0x40}, {0x300, 2, tcp, 0x60, 0x20},
        {0x300, 0, udp, 0x60, 0}, {0x300, 2, udp, 0x60, 0x20}, {0x300, 3, udp, 0x40, 0x40},
        {0x300, 4, udp, 0x40, 0}, {0x200, 1, udp, 0x20, 0}};
    for (const Row& row : rows) {
        CAPTURE(row.rxcsum, row.spoil, int{row.protocol});
        in_row([&] {
            NicBoard board;
            board.run([&](Script& io) {
                board.start_receive(io);
                io.write32(rxcsum, row.rxcsum);
                Bytes sent = whole(row.protocol, 101);
                if (row.spoil == 1) sent[ip_at + 8] ^= 1;
                if (row.spoil == 2) sent.back() ^= 1;
                if (row.spoil == 3) sent[ip_at + 6] = 0x20;
                if (row.spoil == 4) put16(sent, sum_at(udp), 0);
                board.deliver(io, sent);
                io.wait(20_us);
                REQUIRE((board.receive_status(0) & 0x64) == row.status);
                REQUIRE(board.receive_errors(0) == row.errors);
            });
        });
    }
}

TEST_CASE("the packet checksum covers what RXCSUM.PCSS says") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io);
        for (uint32_t start : {0u, 14u, 59u, 60u, 200u}) {
            io.write32(rxcsum, start);
            board.deliver(io, frame(60));
        }
        io.wait(50_us);
        // All were decided with the last value of RXCSUM before their arrival.
        const uint32_t starts[]{0, 14, 59, 60, 200};
        for (uint32_t i = 0; i < 5; ++i) {
            const uint32_t sum = starts[i] < 60 ? add(0, frame(60), starts[i], 60) : 0;
            CHECK((board.receive_word(i) >> 16 & 0xffff) == (~sum & 0xffff));
        }
    });
}

TEST_CASE("a legacy descriptor inserts a checksum from CSS to the end at CSO") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        Bytes sent = blank(tcp, 99);
        put16(sent, sum_at(tcp), pseudo(sent, 119));
        board.put_transmit(0, sent, eop | ifcs | ic);
        board.put_descriptor(0, transmit_buffers,
                             board.transmit_word(0) | sum_at(tcp) << 16 | uint64_t{l4_at} << 40);
        io.write32(tdt, 1);
        io.wait(20_us);
        REQUIRE(board.wire.sent.size() == 1);
        CHECK(l4_right(board.wire.sent[0].frame.bytes));
        CHECK(!ip_right(board.wire.sent[0].frame.bytes));
    });
}

TEST_CASE("a context's checksums hold for the frames behind it") {
    for (uint8_t protocol : {tcp, udp}) {
        CAPTURE(int{protocol});
        in_row([&] {
            NicBoard board;
            board.run([&](Script& io) {
                board.start_transmit(io);
                Bytes sent = blank(protocol, 200);
                put16(sent, sum_at(protocol),
                      pseudo(sent, static_cast<uint32_t>(sent.size() - l4_at)));
                board.put_descriptor(0, context(protocol),
                                     dext | context_ip | (protocol == tcp ? context_tcp : 0) | rs);
                for (uint32_t i : {1u, 2u, 3u}) {
                    board.put_transmit(i, sent, eop | ifcs | rs);
                    const uint64_t options = i == 1 ? both : i == 2 ? uint64_t{1} << 40 : 0;
                    board.put_descriptor(i, transmit_buffers + 2048 * i,
                                         sent.size() | data | eop | ifcs | rs | options);
                }
                io.write32(tdt, 4);
                io.wait(20_us);
                REQUIRE(board.wire.sent.size() == 3);
                REQUIRE(ip_right(board.wire.sent[0].frame.bytes));
                REQUIRE(l4_right(board.wire.sent[0].frame.bytes));
                REQUIRE(ip_right(board.wire.sent[1].frame.bytes));
                REQUIRE(!l4_right(board.wire.sent[1].frame.bytes));
                REQUIRE(board.wire.sent[2].frame.bytes == sent);
                REQUIRE((board.transmit_word(0) >> 32 & 1) == 1);
            });
        });
    }
}

TEST_CASE("TCP segmentation") {
    struct Row {
        size_t payload, mss;
        std::vector<size_t> cuts;  // where the data is split into descriptors
    };
    const Row rows[]{{3000, 1000, {}},       {3001, 1000, {}},
                     {999, 1000, {}},        {3000, 1460, {54}},
                     {2920, 1460, {20, 54}}, {5000, 536, {54, 1000, 4999}},
                     {1, 1000, {54}},        {8000, 1460, {54, 5053, 5054, 5055}}};
    for (const Row& row : rows) {
        CAPTURE(row.payload, row.mss, row.cuts.size());
        in_row([&] {
            NicBoard board;
            board.run([&](Script& io) {
                board.start_transmit(io, 16);
                Bytes all = blank(tcp, row.payload);
                put16(all, sum_at(tcp), pseudo(all, 0));  // the length is added by the hardware
                board.put_descriptor(0, context(tcp),
                                     row.payload | dext | context_ip | context_tcp | tse |
                                         uint64_t{l4_at + 20} << 40 | uint64_t{row.mss} << 48);
                std::memcpy(board.ram + transmit_buffers, all.data(), all.size());
                std::vector<size_t> cuts = row.cuts;
                cuts.push_back(all.size());
                size_t from = 0;
                uint32_t n = 1;
                for (size_t to : cuts) {
                    board.put_descriptor(
                        n++, transmit_buffers + from,
                        (to - from) | data | ifcs | tse | both | rs | (to == all.size() ? eop : 0));
                    from = to;
                }
                io.write32(tdt, n);
                io.wait(1_ms);
                const size_t frames = (row.payload + row.mss - 1) / row.mss;
                REQUIRE(board.wire.sent.size() == frames);
                size_t done = 0;
                for (size_t i = 0; i < frames; ++i) {
                    const Bytes& b = board.wire.sent[i].frame.bytes;
                    const size_t part = std::min(row.mss, row.payload - done);
                    const bool last = i + 1 == frames;
                    REQUIRE(get16(b, ip_at + 2) == 40 + part);
                    REQUIRE(get16(b, ip_at + 4) == 0x1234 + i);
                    REQUIRE(get32(b, l4_at + 4) == 0xff00 + done);
                    REQUIRE(b[l4_at + 13] == (last ? 0x19 : 0x10));
                    REQUIRE(ip_right(b));
                    REQUIRE(l4_right(b));
                    REQUIRE(std::equal(b.begin() + l4_at + 20,
                                       b.begin() + static_cast<long>(l4_at + 20 + part),
                                       all.begin() + static_cast<long>(l4_at + 20 + done)));
                    done += part;
                }
                REQUIRE(io.read32(e1000::at + 0x40f8) == 1);
                for (uint32_t i = 1; i < n; ++i) REQUIRE((board.transmit_word(i) >> 32 & 1) == 1);
                REQUIRE(board.findings() == 0);
            });
        });
    }
}

TEST_CASE("UDP segmentation sets lengths") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        Bytes all = blank(udp, 250);
        put16(all, sum_at(udp), pseudo(all, 0));
        board.put_descriptor(
            0, context(udp),
            250 | dext | context_ip | tse | uint64_t{l4_at + 8} << 40 | uint64_t{100} << 48);
        std::memcpy(board.ram + transmit_buffers, all.data(), all.size());
        board.put_descriptor(1, transmit_buffers, all.size() | data | ifcs | tse | both | eop);
        io.write32(tdt, 2);
        io.wait(50_us);
        REQUIRE(board.wire.sent.size() == 3);
        for (size_t i = 0; i < 3; ++i) {
            const Bytes& b = board.wire.sent[i].frame.bytes;
            CHECK(get16(b, l4_at + 4) == (i < 2 ? 108 : 58));
            CHECK(ip_right(b));
            CHECK(l4_right(b));
        }
    });
}

TEST_CASE("a segmentation that can not be done is a finding") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        board.put_descriptor(0, context(tcp), 100 | dext | tse | uint64_t{54} << 40);  // MSS 0
        std::memcpy(board.ram + transmit_buffers, blank(tcp, 100).data(), 154);
        board.put_descriptor(1, transmit_buffers, 154 | data | ifcs | tse | eop);
        io.write32(tdt, 2);
        io.wait(50_us);
        CHECK(board.found("segmentation with a header or a segment of no bytes"));
        REQUIRE(board.wire.sent.size() == 1);
        CHECK(board.wire.sent[0].frame.bytes == blank(tcp, 100));
        CHECK(io.read32(e1000::at + 0x40fc) == 1);
    });
}
