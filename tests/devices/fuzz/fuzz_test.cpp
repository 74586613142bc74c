// SPDX-License-Identifier: Apache-2.0
//
// Nothing that a guest does breaks the simulator: random accesses of 1, 2 and 4 bytes, also
// unaligned, to all that devices have mapped, configuration space included, mixed with waits,
// interrupt lines and acknowledges; for every registered model alone, and for all that fit on one
// board together.
//
// SOUTHBRIDGE_FUZZ_ACCESSES (per test case, all models together) and SOUTHBRIDGE_FUZZ_SEED choose
// more and others: SOUTHBRIDGE_FUZZ_ACCESSES=10000000 build/asan/bin/test_fuzz "every model alone*"
#include <catch2/catch.hpp>

#include <cstdlib>
#include <random>

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

TestBoard::Settings quiet(const bus::DeviceModel& model) {
    TestBoard::Settings settings;
    for (const Key& key : model.keys)
        if (key.name == "output") settings["output"] = "none";
    return settings;
}

class Fuzz {
  public:
    Fuzz(TestBoard& board, Script& io, LineSource& lines, uint64_t seed)
        : board_{board}, io_{io}, lines_{lines}, random_{seed} {}

    void run(uint64_t accesses) {
        for (; done_ < accesses && !board_.sim.finished(); ++done_) {
            if (below(8) == 0) io_.wait(Time::ps(below(2) ? below(2'000'000) : below(50'000'000)));
            if (below(16) == 0) lines_.set("irq" + std::to_string(below(24)), below(2));
            if (below(16) == 0) acknowledge();
            if (below(8) == 0)
                configuration();
            else
                access();
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

    void access() {
        const bool to_ports = below(2);
        const auto ranges = (to_ports ? board_.ports : board_.memory).ranges();
        if (ranges.empty()) return;
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

    void configuration() {
        const auto& functions = board_.pci.functions();
        if (functions.empty()) return;
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
    }

    TestBoard& board_;
    Script& io_;
    LineSource& lines_;
    std::mt19937_64 random_;
    uint64_t done_ = 0;
};

struct Driven {
    unsigned models = 0;
    uint64_t accesses = 0;
};

/// Plugs the models and drives them.
Driven drive(const std::vector<const bus::DeviceModel*>& models, uint64_t accesses, uint64_t seed) {
    return test::isolated([&] {
        TestBoard board;
        Driven driven;
        for (const bus::DeviceModel* model : models) {
            try {
                board.plug(model->name, model->name, quiet(*model));
                ++driven.models;
            } catch (const Error&) {
                // It needs settings, or something that is not on this board.
            }
        }
        if (driven.models == 0) return driven;
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

}  // namespace

TEST_CASE("every model alone withstands random accesses") {
    const auto& models = bus::DeviceModels::instance().all();
    const uint64_t accesses = setting("SOUTHBRIDGE_FUZZ_ACCESSES", 200'000);
    const uint64_t seed = setting("SOUTHBRIDGE_FUZZ_SEED", 1);
    REQUIRE(models.size() >= 10);
    unsigned driven = 0;
    for (const bus::DeviceModel* model : models) {
        INFO(model->name << " with seed " << seed);
        Driven result;
        CHECK_NOTHROW(result = drive({model}, accesses / models.size(), seed));
        driven += result.models;
        if (result.models && model->name != "debug-exit")  // which ends its run
            CHECK(result.accesses == accesses / models.size());
    }
    CHECK(driven >= 10);
}

TEST_CASE("all models together withstand random accesses") {
    std::vector<const bus::DeviceModel*> models;
    for (const bus::DeviceModel* model : bus::DeviceModels::instance().all())
        if (model->name != "debug-exit") models.push_back(model);  // it would end the run
    const uint64_t accesses = setting("SOUTHBRIDGE_FUZZ_ACCESSES", 200'000);
    Driven driven;
    CHECK_NOTHROW(driven = drive(models, accesses, setting("SOUTHBRIDGE_FUZZ_SEED", 1)));
    CHECK(driven.models >= 9);
    CHECK(driven.accesses == accesses);
}
