// SPDX-License-Identifier: Apache-2.0
//
// Every registered model that can be built with its default settings: after some random accesses
// its state is saved, loaded into a fresh board, and saved again; both must be the same bytes.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "tests/support/isolated.h"
#include "tests/support/line_source.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::LineSource;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

TestBoard::Settings quiet(const bus::DeviceModel& model) {
    TestBoard::Settings settings;
    for (const Key& key : model.keys)
        if (key.name == "output") settings["output"] = "none";
    return settings;
}

std::string text_of(Archive& archive) {
    const auto bytes = archive.serialise();
    return {bytes.begin(), bytes.end()};
}

/// The machine's state, then the device's alone; empty where the model can not be built so.
std::pair<std::string, std::string> saved(const bus::DeviceModel& model) {
    const std::string both = test::isolated_text([&]() -> std::string {
        TestBoard board;
        bus::Device* device = nullptr;
        try {
            device = &board.plug(model.name, "dut", quiet(model));
        } catch (const Error&) {
            return {};
        }
        LineSource lines{board.board};
        std::mt19937_64 random{7};
        board.run([&](Script& io) {
            for (int i = 0; i < 3000; ++i) {
                const auto& space = random() % 2 ? board.ports : board.memory;
                const auto ranges = space.ranges();
                lines.set("irq" + std::to_string(random() % 16), random() % 2);
                if (random() % 16 == 0) io.wait(Time::ps(random() % 10'000'000));
                if (ranges.empty()) continue;
                const auto* range = ranges[random() % ranges.size()];
                const uint64_t at = range->start + random() % std::min<uint64_t>(range->size, 4096);
                if (&space == &board.ports)
                    io.out(static_cast<uint16_t>(at), random(), 1);
                else
                    io.write(at / 4 * 4, random(), 4);
            }
        });
        Archive machine{Archive::Mode::save}, alone{Archive::Mode::save};
        board.sim.archive(machine);
        device->archive(alone);
        const std::string whole = text_of(machine);
        return std::to_string(whole.size()) + " " + whole + text_of(alone);
    });
    if (both.empty()) return {};
    const size_t space = both.find(' ');
    const size_t size = std::stoul(both);
    return {both.substr(space + 1, size), both.substr(space + 1 + size)};
}

std::string loaded(const bus::DeviceModel& model, const std::string& machine) {
    return test::isolated_text([&] {
        TestBoard board;
        bus::Device& device = board.plug(model.name, "dut", quiet(model));
        LineSource lines{board.board};
        Archive archive =
            Archive::parse({reinterpret_cast<const uint8_t*>(machine.data()), machine.size()});
        board.sim.archive(archive);
        Archive again{Archive::Mode::save};
        device.archive(again);
        return text_of(again);
    });
}

/// Where two serialisations differ, with the printable text before it (the value's name).
std::string difference(const std::string& a, const std::string& b) {
    const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
    if (a == b) return {};
    std::string text;
    for (auto c = at - std::min<ptrdiff_t>(at - a.begin(), 60); c != at; ++c)
        text.push_back(*c >= ' ' && *c <= '~' ? *c : '.');
    return "after " + text;
}

}  // namespace

TEST_CASE("state saved and loaded is the same state for every model") {
    std::vector<std::string> done;
    for (const bus::DeviceModel* model : bus::DeviceModels::instance().all()) {
        INFO(model->name);
        const auto [machine, device] = saved(*model);
        if (machine.empty()) continue;
        done.push_back(model->name);
        CHECK(device.size() > 8);
        CHECK(difference(device, loaded(*model, machine)) == "");
    }
    for (const char* name :
         {"lapic", "ioapic", "pic8259", "pit8254", "uart16550", "probe", "pci-host"})
        CHECK(std::find(done.begin(), done.end(), name) != done.end());
}

TEST_CASE("a timer that was loaded goes off when the saved one would have") {
    const auto& models = bus::DeviceModels::instance();
    const bus::DeviceModel& model = *models.find("pit8254");
    const std::string machine = test::isolated_text([&] {
        TestBoard board;
        board.plug(model.name, "dut");
        board.run([&](Script& io) {
            io.out8(0x43, 0x34);
            io.out8(0x40, 0x00);
            io.out8(0x40, 0x10);
            io.wait(123_us);
        });
        Archive archive{Archive::Mode::save};
        board.sim.archive(archive);
        return text_of(archive);
    });
    auto edges = [&](const std::string& from) {
        return test::isolated_text([&] {
            TestBoard board;
            board.plug(model.name, "dut");
            if (!from.empty()) {
                Archive archive =
                    Archive::parse({reinterpret_cast<const uint8_t*>(from.data()), from.size()});
                board.sim.archive(archive);
            }
            test::LineLog log{board.sim, board.board.line("irq0")};
            board.run([&](Script& io) {
                if (from.empty()) {
                    io.out8(0x43, 0x34);
                    io.out8(0x40, 0x00);
                    io.out8(0x40, 0x10);
                }
                io.wait_until(20_ms);
            });
            std::string text;
            for (auto [at, level] : log.changes)
                if (at > 200_us) text += std::to_string(at.ps()) + (level ? "+ " : "- ");
            return text;
        });
    };
    CHECK_FALSE(edges(machine).empty());
    CHECK(edges(machine) == edges(""));
}
