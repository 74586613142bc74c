// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "bus/registers.h"

using namespace sb;
using namespace sb::bus;
using namespace sb::literals;

namespace {

struct Dut : Component {
    explicit Dut(Simulation& sim, const char* name = "dut") : Component{sim, name} {}
    observe::Stream stream;
    observe::Probe probe{stream, "dut"};
    RegisterBank bank{*this, probe, {.size = 16, .access_time = 100_ns, .hole = 0xff}};
    Register control{bank,
                     {.name = "CONTROL", .offset = 0, .bits = 32, .reset = 0x10, .doc = "control"}};
    Field enable{control, "ENABLE", 0, "on"};
    Field level{control, "LEVEL", 7, 4, "level"};
    Field sticky{control, "STICKY", 31, "what happened", w1c};
    std::vector<uint64_t> reads;
    Register data{bank,
                  {.name = "DATA", .offset = 8, .bits = 16, .doc = "data", .fifo = true},
                  {.read = [this] {
                      reads.push_back(now().ps());
                      return 0x1000 + reads.size();
                  }}};
    Register version{
        bank,
        {.name = "VERSION", .offset = 12, .bits = 8, .access = ro, .reset = 3, .doc = "version"}};

    Register word{bank,
                  {.name = "WORD", .offset = 13, .bits = 8, .access = wo, .doc = "bit 4 set"},
                  {.takes = [](uint64_t v) { return (v & 0x10) != 0; }}};
    Register other{bank,
                   {.name = "OTHER", .offset = 13, .bits = 8, .access = wo, .doc = "the rest"}};
    Register index{bank, {.name = "INDEX", .offset = 4, .bits = 16, .doc = "index", .whole = true}};

    uint64_t access(bool write, uint32_t offset, unsigned bytes, uint64_t value = 0) {
        Request request;
        delay = sc_core::SC_ZERO_TIME;
        bank.transport(request.aim(write, offset, &value, bytes), delay);
        return value;
    }
    sc_core::sc_time delay;
};

}  // namespace

TEST_CASE("only the writable bits of declared fields are stored") {
    Simulation sim;
    Dut dut{sim};
    dut.access(true, 0, 4, 0x7fffffff);
    CHECK(dut.control == 0xf1);
    CHECK(dut.level == 0xf);
    dut.sticky = 1;
    dut.access(true, 0, 4, 0);
    CHECK(dut.sticky == 1);
    dut.access(true, 0, 4, 0x80000000);
    CHECK(dut.sticky == 0);
}

TEST_CASE("a narrow write reaches its byte lanes alone") {
    Simulation sim;
    Dut dut{sim};
    dut.sticky = 1;
    dut.access(true, 0, 1, 0x31);
    CHECK(dut.control == 0x80000031);
    CHECK(dut.access(false, 3, 1) == 0x80);
    dut.access(true, 3, 1, 0x80);
    CHECK(dut.control == 0x31);
}

TEST_CASE("a wide access repeats on a fifo register, each at its own time") {
    Simulation sim;
    Dut dut{sim};
    CHECK(dut.access(false, 8, 4) == 0x10021001);
    CHECK(dut.reads == std::vector<uint64_t>{0, 100'000});
    CHECK(dut.delay == sc_core::sc_time(200, sc_core::SC_NS));
}

TEST_CASE("a hole reads as declared and is a finding; a read-only register ignores writes") {
    Simulation sim;
    Dut dut{sim};
    CHECK(dut.access(false, 14, 1) == 0);
    CHECK(sim.findings().count("a register that does not exist was accessed") == 1);
    dut.access(true, 12, 1, 0x55);
    CHECK(dut.access(false, 12, 1) == 3);
}

TEST_CASE("the value written chooses among registers at one offset") {
    Simulation sim;
    Dut dut{sim};
    dut.access(true, 13, 1, 0x11);
    dut.access(true, 13, 1, 0x22);
    CHECK(dut.word == 0x11);
    CHECK(dut.other == 0x22);
}

TEST_CASE("a register that answers whole accesses only is a hole to others") {
    Simulation sim;
    Dut dut{sim};
    dut.access(true, 4, 1, 0x11);
    dut.access(true, 5, 1, 0x22);
    CHECK(dut.index == 0);
    CHECK(sim.findings().count("a register that does not exist was accessed") == 2);
    dut.access(true, 4, 2, 0x2211);
    CHECK(dut.index == 0x2211);
}

TEST_CASE("the short way to a register does what the transport does") {
    Simulation sim;
    Dut one{sim}, other{sim, "other"};
    unsigned plain = 0;
    for (uint32_t n = 0; n < 3 * 2 * 17; ++n) {
        const uint32_t offset = n / 6;
        const unsigned bytes = 1u << n % 3;
        const bool write = n / 3 % 2;
        INFO(offset << " " << bytes << " " << write);
        Register* reg = one.bank.plain(write, offset, bytes);
        // Whole registers, where no hook has to say which one is meant.
        const bool control = offset == 0 && bytes == 4, two = offset == 4 || offset == 8;
        const bool version = offset == 12 && bytes == 1 && !write;
        CHECK((reg != nullptr) == (control || (two && bytes == 2) || version));
        if (!reg) continue;
        ++plain;
        uint32_t value = write ? 0x81234567u : 0;
        const Time took = one.bank.access_plain(write, *reg, bytes, value);
        const uint64_t expected = other.access(write, offset, bytes, write ? 0x81234567u : 0);
        CHECK(took == Time::from(other.delay));
        if (!write) CHECK(value == expected);
        for (size_t r = 0; r < one.bank.registers().size(); ++r)
            CHECK(one.bank.registers()[r]->value() == other.bank.registers()[r]->value());
    }
    CHECK(plain == 7);
}
