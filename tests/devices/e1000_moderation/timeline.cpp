// SPDX-License-Identifier: Apache-2.0
#include "tests/devices/e1000_moderation/timeline.h"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

namespace sb::test {

using namespace nic;

namespace {

constexpr Time zero = Time::ms(1);  // of a timeline, after the controller was set up
constexpr Time silence = Time::ms(1);
// The causes that timelines speak of.
constexpr uint32_t told = rxt0 | srpd | rxdmt0 | lsc | txdw;

/// In a row of its own a failed assertion of Catch's would not be reported.
void must(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(what);
}

void act(NicBench& bench, const Act& a) {
    switch (a.kind) {
        case Act::Kind::frame:
            bench.wire->deliver(TestWire::frame(a.what));
            break;
        case Act::Kind::write:
            bench.write(a.what, a.value);
            break;
        case Act::Kind::read_causes:
            bench.read(icr);
            break;
        case Act::Kind::transmit:
            bench.transmit(static_cast<uint8_t>(a.what), a.value);
            break;
        case Act::Kind::link:
            bench.wire->set_rate(uint64_t{a.what} * 1'000'000);
            break;
    }
}

/// One line for each interrupt: picoseconds after zero, and the causes.
std::string run(const Timeline& timeline, bool timed_pci) {
    NicBench bench{
        {.timed_pci = timed_pci, .descriptors = timeline.descriptors, .rctl = timeline.rctl}};
    bench.at(Time::us(1), [&] {
        bench.start();
        for (auto [reg, value] : timeline.registers) bench.write(reg, value);
    });
    bench.at(Time::us(900), [&] {
        bench.read(icr);
        bench.write(ims, timeline.enabled);
        bench.serve = [&] { bench.read_causes(); };
    });
    Time end = zero;
    for (const Act& a : timeline.acts) {
        bench.at(zero + Time::ns(a.ns), [&bench, a] { act(bench, a); });
        end = std::max(end, zero + Time::ns(a.ns));
    }
    for (const Want& want : timeline.wants) end = std::max(end, zero + Time::ns(want.ns));
    bench.play(end + silence);
    std::string text;
    for (const NicBench::Cause& cause : bench.causes)
        text += fmt::format("{} {:#x}\n", (cause.at - zero).ps(), cause.causes & told);
    return text;
}

std::string expected(const Timeline& timeline, bool timed_pci) {
    static std::map<std::tuple<uint32_t, bool, uint32_t>, Storing> known;
    static std::map<bool, Time> writing_back;
    std::string text;
    for (const Want& want : timeline.wants) {
        Time at = Time::ns(want.ns);
        if (want.after == Want::After::data || want.after == Want::After::stored) {
            Storing& s = known[{want.bytes, timed_pci, timeline.rctl}];
            if (s.stored == Time{}) s = storing_time(want.bytes, timed_pci, timeline.rctl);
            at += want.after == Want::After::data ? s.data : s.stored;
        }
        if (want.after == Want::After::written_back) {
            Time& w = writing_back[timed_pci];
            if (w == Time{}) w = writing_back_time(timed_pci);
            at += w;
        }
        text += fmt::format("{} {:#x}\n", at.ps(), want.causes);
    }
    return text;
}

}  // namespace

Storing storing_time(uint32_t bytes, bool timed_pci, uint32_t rctl) {
    return isolated([&] {
        NicBench bench{{.timed_pci = timed_pci, .rctl = rctl}};
        bench.at(Time::us(1), [&] { bench.start(); });
        bench.at(Time::us(900), [&] {
            bench.write(ims, rxt0);
            bench.serve = [&] { bench.read_causes(); };
        });
        // Ten without delay, then ten with a delay of one unit.
        constexpr Time apart = 50_us;
        for (unsigned i = 0; i < 20; ++i) {
            bench.at(zero + apart * i, [&, i] {
                bench.write(rdtr, i < 10 ? 0 : 1);
                bench.wire->deliver(TestWire::frame(bytes));
            });
        }
        bench.play(zero + Time::ms(2));
        must(bench.stored.size() == 20 && bench.interrupts.size() == 20,
             "twenty packets, twenty interrupts");
        const Time r = bench.stored[0].at - zero;
        const Time m = bench.interrupts[10] - (zero + apart * 10 + Time::ns(delay_unit));
        for (unsigned i = 0; i < 20; ++i) {
            const Time arrived = zero + apart * i;
            must(bench.stored[i].at == arrived + r, "each frame is stored in the same time");
            must(timed_pci || bench.stored[i].data == arrived + m,
                 "timers count from the data's being in memory");
            must(bench.interrupts[i] == arrived + (i < 10 ? r : m + Time::ns(delay_unit)),
                 "interrupts");
        }
        must(m <= r, "data before descriptors");
        return Storing{m, r};
    });
}

Time writing_back_time(bool timed_pci) {
    return isolated([&] {
        NicBench bench{{.timed_pci = timed_pci}};
        bench.at(Time::us(1), [&] { bench.start(); });
        bench.at(Time::us(900), [&] {
            bench.read(icr);
            bench.write(ims, txdw);
            bench.serve = [&] { bench.read_causes(); };
        });
        for (unsigned i = 0; i < 10; ++i)
            bench.at(zero + 50_us * i, [&] { bench.transmit(eop | ifcs | rs); });
        bench.play(zero + Time::ms(2));
        must(bench.interrupts.size() == 10, "ten frames, ten interrupts");
        const Time w = bench.interrupts[0] - zero;
        for (unsigned i = 0; i < 10; ++i)
            must(bench.interrupts[i] == zero + 50_us * i + w, "each frame takes the same time");
        // Where the PCI bus takes no time, the controller is done when the memory is.
        must(timed_pci || bench.written_back == bench.interrupts,
             "without IDE: an interrupt at the write-back");
        return w;
    });
}

void check_timelines(const std::vector<Timeline>& timelines, bool timed_pci) {
    for (const Timeline& timeline : timelines) {
        INFO(timeline.name);
        CHECK(isolated_text([&] { return run(timeline, timed_pci); }) ==
              expected(timeline, timed_pci));
    }
}

}  // namespace sb::test
