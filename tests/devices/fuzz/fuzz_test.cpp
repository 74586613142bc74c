// SPDX-License-Identifier: Apache-2.0
//
// Nothing that a guest does breaks the simulator: random accesses of 1, 2 and 4 bytes, also
// unaligned, to all that devices have mapped, configuration space included, mixed with waits,
// interrupt lines and acknowledges; for every registered model alone, and for all that fit on one
// board together.
//
// SOUTHBRIDGE_FUZZ_ACCESSES is the number of accesses to all models alone, and again of those to
// all models together; SOUTHBRIDGE_FUZZ_SEED chooses others:
//   SOUTHBRIDGE_FUZZ_SEED=7 SOUTHBRIDGE_FUZZ_ACCESSES=5000000 ctest --preset asan -R fuzz
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "bus/pci_bus.h"
#include "tests/support/isolated.h"
#include "tests/support/line_source.h"
#include "tests/support/test_board.h"

using namespace sb;
using sb::test::LineSource;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

uint64_t setting(const char* name, uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : fallback;
}

constexpr const char* plain_memory = "memory";  // what TestBoard::add_memory maps

TestBoard::Settings quiet(const bus::DeviceModel& model) {
    TestBoard::Settings settings;
    for (const Key& key : model.keys)
        if (key.name == "output") settings["output"] = "none";
    // Below the windows of the display and of the firmware, as on a PC.
    if (model.name == "ram") settings["size"] = "640KiB";
    return settings;
}

class Fuzz {
  public:
    Fuzz(TestBoard& board, Script& io, LineSource& lines, uint64_t seed)
        : board_{board}, io_{io}, lines_{lines}, random_{seed} {}

    void run(uint64_t accesses) {
        // What has nothing mapped just now (a PCI function, say) may have again later.
        for (uint64_t tries = 0; tries < 20 * accesses; ++tries) {
            if (done_ >= accesses || board_.sim.finished()) return;
            if (below(8) == 0) io_.wait(Time::ps(below(2) ? below(2'000'000) : below(50'000'000)));
            if (below(16) == 0) lines_.set("irq" + std::to_string(below(24)), below(2));
            if (below(16) == 0) acknowledge();
            done_ += below(8) == 0 ? configuration() : access();
        }
    }

    uint64_t done() const { return done_; }

  private:
    uint64_t below(uint64_t n) { return random_() % n; }
    /// Values that registers are sensitive to come more often than chance has them.
    uint64_t value() {
        switch (below(4)) {
            case 0:
                return below(256);
            case 1:
                return uint64_t{1} << below(32);
            case 2:
                return below(2) ? 0 : ~uint64_t{0};
            default:
                return random_();
        }
    }

    /// One access to something that a device has mapped; false where there was nothing.
    bool access() {
        const bool to_ports = below(2);
        auto ranges = (to_ports ? board_.ports : board_.memory).ranges();
        std::erase_if(ranges,
                      [](const auto* r) { return r->size == 0 || r->name == plain_memory; });
        if (ranges.empty()) return false;
        const auto* range = ranges[below(ranges.size())];
        const unsigned bytes = 1u << below(3);
        // Near its start mostly, where registers are; sometimes across its ends.
        const uint64_t reach = std::min<uint64_t>(range->size, below(4) ? 0x400 : range->size);
        uint64_t at = range->start + below(reach + 2);
        if (at > range->start) at -= below(2);
        if (below(2)) at -= at % bytes;
        if (to_ports)
            transfer([&](bool write) {
                const auto port = static_cast<uint16_t>(at);
                write ? io_.out(port, value(), bytes) : void(io_.in(port, bytes));
            });
        else
            transfer([&](bool write) {
                write ? io_.write(at, value(), bytes) : void(io_.read(at, bytes));
            });
        return true;
    }

    template <typename F>
    void transfer(F&& f) {
        f(below(2) == 0);
    }

    void acknowledge() {
        io_.wait(Time{});
        sc_core::sc_time delay;
        for (const char* name : {"intr.acknowledge", "pic.acknowledge"})
            if (auto* to = board_.board.find<bus::InterruptAcknowledge>(name))
                to->acknowledge(delay);
    }

    /// One access to a configuration register; false where there is none.
    bool configuration() {
        const auto& functions = board_.pci.functions();
        if (functions.empty()) return false;
        pci::Function& function = *functions[below(functions.size())];
        const auto offset = static_cast<uint32_t>(below(below(2) ? 256 : 64));
        const unsigned bytes = std::min<unsigned>(1u << below(3), 256 - offset);
        io_.wait(Time{});
        if (below(4) == 0)
            function.bank.write(0x04, 2, 7);  // answers, and may master the bus
        else if (below(2))
            function.bank.write(offset, bytes, value());
        else
            function.bank.read(offset, bytes);
        return true;
    }

    TestBoard& board_;
    Script& io_;
    LineSource& lines_;
    std::mt19937_64 random_;
    uint64_t done_ = 0;
};

using Models = std::vector<const bus::DeviceModel*>;

struct Driven {
    bool built = true;       // every one of the models
    bool reachable = false;  // any of them has addresses: a wire has none
    uint64_t accesses = 0;
};

/// Plugs the models and drives them.
Driven drive(const Models& models, uint64_t accesses, uint64_t seed) {
    return test::isolated([&] {
        TestBoard board;
        if (seed % 2) board.pci.time({});
        Driven driven;
        for (const bus::DeviceModel* model : models) {
            try {
                board.plug(model->name, model->name, quiet(*model));
            } catch (const Error&) {
                driven.built = false;  // it needs something that is not on this board
                return driven;
            }
        }
        driven.reachable = !board.ports.ranges().empty() || !board.memory.ranges().empty() ||
                           !board.pci.functions().empty();
        // Where bus masters can write.
        if (board.memory.clash(0, 0x10000).empty()) board.add_memory(0, 0x10000);
        LineSource lines{board.board};
        board.run([&](Script& io) {
            Fuzz fuzz{board, io, lines, seed};
            fuzz.run(accesses);
            driven.accesses = fuzz.done();
        });
        return driven;
    });
}

/// Ends a run by what it is for: debug-exit, and soft off.
bool ends_runs(const bus::DeviceModel& model) {
    return model.name == "debug-exit" || model.name == "piix4-pm";
}

/// Drives one model, with what it can not be without.
void drive_alone(const bus::DeviceModel& model, uint64_t accesses, uint64_t seed) {
    INFO(model.name << " with seed " << seed);
    auto& all = bus::DeviceModels::instance();
    const Models needs[] = {
        {},
        {all.find("pci-host")},
        {all.find("pci-host"), all.find("piix-ide")},
        {all.find("i8042"), all.find("vga")}};
    Driven driven{.built = false};
    for (Models models : needs) {
        models.push_back(&model);
        CHECK_NOTHROW(driven = drive(models, accesses, seed));
        if (driven.built) break;
    }
    CHECK(driven.built);
    if (ends_runs(model))
        CHECK(driven.accesses > 0);
    else
        CHECK(driven.accesses == (driven.reachable ? accesses : 0));
}

/// Every `parts`th model from `part` on: CTest runs the parts side by side.
void drive_each(unsigned part, unsigned parts) {
    const Models& models = bus::DeviceModels::instance().all();
    REQUIRE(models.size() >= 14);
    const uint64_t accesses = setting("SOUTHBRIDGE_FUZZ_ACCESSES", 200'000) / models.size();
    for (size_t i = part; i < models.size(); i += parts)
        drive_alone(*models[i], accesses, setting("SOUTHBRIDGE_FUZZ_SEED", 1));
}

/// All models that fit on one board together, each with the others' accesses around its own.
void drive_together(uint64_t seed) {
    Models models;
    const auto& all = bus::DeviceModels::instance();
    for (const char* first : {"pci-host", "piix-ide", "i8042", "vga"}) models.push_back(all.find(first));
    for (const bus::DeviceModel* model : all.all()) {
        // A ROM lies where the RAM is.
        const bool left_out = ends_runs(*model) || model->name == "rom";
        if (!left_out && std::count(models.begin(), models.end(), model) == 0)
            models.push_back(model);
    }
    const uint64_t accesses = setting("SOUTHBRIDGE_FUZZ_ACCESSES", 200'000) / 2;
    Driven driven;
    CHECK_NOTHROW(driven = drive(models, accesses, seed));
    CHECK(driven.built);
    CHECK(driven.accesses == accesses);
}

}  // namespace

TEST_CASE("every model alone withstands random accesses - part 1 of 4") { drive_each(0, 4); }
TEST_CASE("every model alone withstands random accesses - part 2 of 4") { drive_each(1, 4); }
TEST_CASE("every model alone withstands random accesses - part 3 of 4") { drive_each(2, 4); }
TEST_CASE("every model alone withstands random accesses - part 4 of 4") { drive_each(3, 4); }

TEST_CASE("all models together withstand random accesses") {
    drive_together(setting("SOUTHBRIDGE_FUZZ_SEED", 1));
}
TEST_CASE("all models together withstand other random accesses") {
    drive_together(setting("SOUTHBRIDGE_FUZZ_SEED", 1) + 1);
}
