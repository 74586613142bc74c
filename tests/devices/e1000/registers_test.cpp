// SPDX-License-Identifier: Apache-2.0
//
// Configuration space, the two ways to the registers, initial values, EEPROM, PHY and link: the
// manual, 4, 5.6, 13.2, 13.4; IEEE 802.3, 22.2.4.
#include "tests/devices/e1000/nic_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::e1000;

TEST_CASE("the function is an 82540EM") {
    NicBoard board;
    pci::Function& f = *board.pci.find(4, 0);
    CHECK(f.bank.read(0x00, 4) == 0x100e8086);
    CHECK(f.bank.read(0x08, 4) == 0x02000002);
    CHECK(f.bank.read(0x3d, 1) == 1);
    f.bank.write(0x10, 4, 0xffffffff);
    f.bank.write(0x18, 4, 0xffffffff);
    CHECK(f.bank.read(0x10, 4) == 0xfffe0000);  // 128 KiB of memory
    CHECK(f.bank.read(0x18, 4) == 0xffffffc1);  // 64 ports
    CHECK(f.bank.read(0x34, 1) == 0xf0);
    CHECK(f.bank.read(0xf0, 1) == 5);  // MSI
}

TEST_CASE("registers have their initial values") {
    NicBoard board;
    board.run([&](Script& io) {
        CHECK(io.read32(ctrl) == 0x201);
        CHECK(io.read32(status) == 0x281);  // full duplex, the PHY says 1000 Mb/s; no SLU, so no LU
        CHECK(io.read32(pba) == 0x00100030);
        for (uint32_t zero :
             {icr,   ims,   itr,   rctl, tctl, rdbal, rdlen, rdh,    rdt, rdtr, radv,
              rsrpd, tdbal, tdlen, tdh,  tdt,  tidv,  tadv,  rxcsum, mta, vfta})
            CHECK(io.read32(zero) == 0);
        CHECK(io.read32(vet) == 0x8100);
        CHECK(io.read32(ral) == 0x00000002);
        CHECK(io.read32(rah) == 0x80000100);
        CHECK(io.read32(ral + 8) == 0);
    });
}

TEST_CASE("the link is up with SLU, and its rate is the wire's") {
    NicBoard board;
    board.run([&](Script& io) {
        io.write32(ims, lsc);
        io.write32(ctrl, io.read32(ctrl) | slu);
        CHECK(io.read32(status) == 0x283);
        CHECK(board.irq.level());
        CHECK(io.read32(icr) == lsc);
        board.wire.set_rate(100'000'000);
        CHECK(io.read32(status) == 0x143);
        CHECK(io.read32(icr) == lsc);
        board.wire.set_rate(10'000'000);
        CHECK(io.read32(status) == 0x003);
        board.wire.set_rate(0);
        CHECK(io.read32(status) == 0x001);
        CHECK(io.read32(icr) == lsc);
    });
}

TEST_CASE("IOADDR and IODATA reach the registers") {
    NicBoard board;
    board.run([&](Script& io) {
        io.out32(io_at, 0x5400);
        CHECK(io.in32(io_at) == 0x5400);
        CHECK(io.in32(io_at + 4) == 0x00000002);
        io.out32(io_at, 0x00d0);
        io.out32(io_at + 4, 0x84);
        CHECK(io.read32(ims) == 0x84);
        io.out16(io_at, 0x1234);  // only whole words count
        CHECK(io.in32(io_at) == 0x00d0);
        io.out32(io_at, 0xfff00000);
        CHECK(io.in32(io_at) == 0);
    });
}

TEST_CASE("the interrupt mask is set and cleared bit by bit") {
    NicBoard board;
    board.run([&](Script& io) {
        io.write32(ims, 0x91);
        io.write32(ims, 0x04);
        CHECK(io.read32(ims) == 0x95);
        io.write32(imc, 0x11);
        CHECK(io.read32(ims) == 0x84);
        io.write32(ics, rxo);
        CHECK(!board.irq.level());
        io.write32(ims, rxo);  // pending and unmasked
        CHECK(board.irq.level());
        io.write32(imc, rxo);
        CHECK(!board.irq.level());
        io.write32(ims, rxo);
        io.write32(ics, lsc);
        io.write32(icr, rxo);  // a one clears
        CHECK(board.irq.level());
        CHECK(io.read32(icr) == lsc);
        CHECK(!board.irq.level());
    });
}

TEST_CASE("CTRL.RST resets, but not PBA, which it makes count") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io);
        io.write32(ims, 0x9d);
        io.write32(ics, rxt0);
        io.write32(ral, 0x12345678);
        io.write32(pba, 40);
        CHECK(io.read32(pba) == 0x00180028);
        io.write32(ctrl, rst);
        CHECK((io.read32(ctrl) & rst) != 0);
        CHECK(!board.irq.level());
        io.wait(1_us);
        CHECK(io.read32(ctrl) == 0x201);
        CHECK(io.read32(ims) == 0);
        CHECK(io.read32(icr) == 0);
        CHECK(io.read32(rdlen) == 0);
        CHECK(io.read32(rdt) == 0);
        CHECK(io.read32(rctl) == 0);
        CHECK(io.read32(ral) == 0x00000002);
        CHECK(io.read32(pba) == 0x00180028);
        CHECK(board.pci.find(4, 0)->bank.read(0x10, 4) == e1000::at);
    });
}

// ---- EEPROM

TEST_CASE("EERD reads words that sum up to BABAh, each in 27 us") {
    NicBoard board;
    board.run([&](Script& io) {
        uint32_t sum = 0;
        for (uint32_t i = 0; i < 64; ++i) {
            const Time begins = io.time();
            io.write32(eerd, i << 8 | 1);
            io.wait_until(begins + 27_us - 1_ns);
            CHECK((io.read32(eerd) & 0x10) == 0);
            const uint32_t read = io.read32(eerd);
            CHECK((read & 0xffff) == (i << 8 | 0x10));
            sum += read >> 16;
            if (i == 0) CHECK(read >> 16 == 0x0002);
            if (i == 2) CHECK(read >> 16 == 0x0100);
            if (i == 13) CHECK(read >> 16 == 0x100e);
        }
        CHECK((sum & 0xffff) == 0xbaba);
    });
}

namespace {

/// The Microwire bus, driven as by the 93C46's data sheet.
class Microwire {
  public:
    explicit Microwire(Script& io) : io_{io} {
        io_.write32(eecd, request);
        REQUIRE((io_.read32(eecd) & 0x80) != 0);
    }
    ~Microwire() { io_.write32(eecd, 0); }

    void select() { io_.write32(eecd, request | chip); }
    void deselect() { io_.write32(eecd, request); }
    void out(uint32_t value, unsigned bits) {
        while (bits-- > 0) clock(value >> bits & 1);
    }
    uint32_t in(unsigned bits) {
        uint32_t value = 0;
        for (unsigned i = 0; i < bits; ++i) {
            clock(0);
            value = value << 1 | (io_.read32(eecd) >> 3 & 1);
        }
        return value;
    }

  private:
    static constexpr uint32_t chip = 2, data = 4, request = 0x40;
    void clock(uint32_t bit) {
        const uint32_t lines = request | chip | (bit ? data : 0);
        io_.write32(eecd, lines);
        io_.write32(eecd, lines | 1);
        io_.write32(eecd, lines);
    }
    Script& io_;
};

}  // namespace

TEST_CASE("EECD's wires read the EEPROM, and write it after EWEN") {
    NicBoard board;
    board.run([&](Script& io) {
        Microwire wires{io};
        wires.select();
        wires.out(0b110'000000, 9);  // READ 0, and on
        CHECK((io.read32(eecd) & 8) == 0);
        CHECK(wires.in(16) == 0x0002);
        CHECK(wires.in(16) == 0x0000);
        CHECK(wires.in(16) == 0x0100);
        wires.deselect();
        const auto write = [&] {
            wires.select();
            wires.out(0b101'000101, 9);  // WRITE 5
            wires.out(0xbeef, 16);
            wires.deselect();
        };
        const auto read = [&] {
            wires.select();
            wires.out(0b110'000101, 9);
            const uint32_t value = wires.in(16);
            wires.deselect();
            return value;
        };
        write();
        CHECK(read() == 0);
        CHECK(board.found("without EWEN"));
        wires.select();
        wires.out(0b100'110000, 9);  // EWEN
        wires.deselect();
        write();
        CHECK(read() == 0xbeef);
        wires.select();
        wires.out(0b111'000101, 9);  // ERASE 5
        wires.deselect();
        CHECK(read() == 0xffff);
    });
}

// ---- PHY

namespace {

uint32_t phy_read(Script& io, uint32_t number, uint32_t address = 1) {
    io.write32(mdic, 2u << 26 | address << 21 | number << 16);
    io.wait(26_us);
    return io.read32(mdic);
}

void phy_write(Script& io, uint32_t number, uint32_t value) {
    io.write32(mdic, 1u << 26 | 1u << 21 | number << 16 | value);
    io.wait(26_us);
}

}  // namespace

TEST_CASE("MDIC reads and writes the PHY in 25.6 us") {
    NicBoard board;
    board.run([&](Script& io) {
        CHECK((phy_read(io, 2) & 0xffff) == 0x0141);
        CHECK((phy_read(io, 3) & 0xffff) == 0x0c20);
        io.write32(ims, mdac);
        const Time begins = io.time();
        io.write32(mdic, 1u << 29 | 2u << 26 | 1u << 21 | 1u << 16);
        io.wait_until(begins + 25'600_ns - 1_ns);
        CHECK((io.read32(mdic) & 1u << 28) == 0);
        CHECK((io.read32(mdic) & 1u << 28) != 0);
        REQUIRE(board.irq.changes.size() == 1);
        CHECK(board.irq.changes[0].first == begins + 25'600_ns);
        CHECK(io.read32(icr) == mdac);
        phy_write(io, 4, 0x01e1);
        CHECK((phy_read(io, 4) & 0xffff) == 0x01e1);
        CHECK((phy_read(io, 2, 3) & 1u << 30) != 0);  // no such PHY
    });
}

TEST_CASE("the PHY's link bit latches low, and power down takes the link away") {
    NicBoard board;
    board.run([&](Script& io) {
        io.write32(ctrl, io.read32(ctrl) | slu);
        phy_read(io, 1);
        CHECK((phy_read(io, 1) & 0xffff) == 0x796d);
        CHECK((phy_read(io, 5) & 0xffff) == 0x45e1);
        CHECK((phy_read(io, 10) & 0xffff) == 0x3c00);
        CHECK((phy_read(io, 17) & 0xffff) == 0xac00);
        board.wire.set_rate(0);
        board.wire.set_rate(1'000'000'000);
        CHECK((phy_read(io, 1) & 4) == 0);
        CHECK((phy_read(io, 1) & 4) != 0);
        io.read32(icr);
        phy_write(io, 0, 0x1940);
        CHECK((io.read32(status) & 2) == 0);
        CHECK(io.read32(icr) == lsc);
        phy_write(io, 0, 0x9140);  // reset
        CHECK((io.read32(status) & 2) != 0);
        CHECK((phy_read(io, 0) & 0xffff) == 0x1140);
    });
}

TEST_CASE("negotiation takes its time") {
    NicBoard board{{{"negotiation_time", "2ms"}}};
    board.run([&](Script& io) {
        io.write32(ctrl, io.read32(ctrl) | slu);
        io.wait_until(2_ms - 1_ns);
        CHECK((io.read32(status) & 2) == 0);
        io.wait(1_ns);
        CHECK((io.read32(status) & 2) != 0);
        io.write32(mdic, 1u << 26 | 1u << 21 | 0x1340);  // restart
        io.wait(26_us);
        CHECK((io.read32(status) & 2) == 0);
        io.wait(2_ms);
        CHECK((io.read32(status) & 2) != 0);
    });
}

TEST_CASE("what is not the address of a station is refused") {
    for (const char* mac : {"02:00:00:00:00", "03:00:00:00:00:01", "xx:00:00:00:00:01",
                            "02-00-00-00-00-01", "02:00:00:00:00:01:"})
        CHECK(isolated([&] {
            try {
                NicBoard board{{{"mac", mac}}};
            } catch (const Error&) {
                return true;
            }
            return false;
        }));
}
