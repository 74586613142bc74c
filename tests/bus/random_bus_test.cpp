// SPDX-License-Identifier: Apache-2.0
//
// Buses of any settings with any masters: every byte arrives, the account balances, and where the
// policy promises it nobody starves. More of them by hand: SOUTHBRIDGE_SEEDS=10000.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <random>

#include "tests/bus/bus_masters.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

using Random = std::mt19937_64;
constexpr uint64_t region = 0x4000;  // each has one of its own

/// Writes random data to random places of its region, reads them back, and compares.
class Checker : public Component {
  public:
    Checker(TestBoard& board, unsigned number, bus::MasterSettings settings, uint64_t seed,
            bool locks)
        : Component{board.sim, fmt::format("m{}", number)},
          random_{seed},
          base_{region * (number + 1)},
          shadow_(region, 0),
          locks_{locks},
          port_{*this, board.bus, board.stream,
                "dma", settings,  [this](auto result) { ended(result); }},
          pause_{*this, "pause", [this] { start(); }} {}

    void start() {
        offset_ = static_cast<uint32_t>(random_() % region);
        bytes_ = static_cast<uint32_t>(random_() % std::min<uint64_t>(region - offset_, 700) + 1);
        write_ = random_() % 2;
        if (write_)
            for (uint32_t n = 0; n < bytes_; ++n)
                port_.buffer()[n] = shadow_[offset_ + n] = static_cast<uint8_t>(random_());
        port_.lock(locks_ && random_() % 2);
        port_.request(write_, base_ + offset_, bytes_);
    }
    bool wrong = false;
    const bus::MasterStats& stats() const { return port_.stats(); }
    bool settled_data(const uint8_t* memory) const {
        for (uint32_t n = 0; n < region; ++n) {
            const bool open = port_.busy() && write_ && n >= offset_ && n < offset_ + bytes_;
            if (!open && memory[base_ + n] != shadow_[n]) return false;
        }
        return true;
    }

  private:
    void ended(bus::MasterPort::Result result) {
        wrong = wrong || result != bus::MasterPort::Result::done;
        if (!write_)
            wrong = wrong ||
                    !std::equal(port_.buffer(), port_.buffer() + bytes_, shadow_.begin() + offset_);
        port_.lock(false);
        random_() % 3 ? start() : pause_.arm_after(Time::ps(random_() % 900'000));
    }

    Random random_;
    uint64_t base_;
    std::vector<uint8_t> shadow_;
    bool locks_;
    bus::MasterPort port_;
    Timer pause_;
    uint32_t offset_ = 0, bytes_ = 0;
    bool write_ = false;
};

bus::SystemBusTiming any_timing(Random& random, unsigned masters) {
    bus::SystemBusTiming t;
    t.width = 1u << random() % 5;
    t.address_clocks = static_cast<unsigned>(random() % 3);
    t.data_clocks = static_cast<unsigned>(random() % 2 + 1);
    t.longest_burst = static_cast<unsigned>(random() % 33);
    t.turnaround_clocks = random() % 2 ? static_cast<unsigned>(random() % 4) : 0;
    t.synchronous = random() % 2;
    t.arbitration = bus::policy_names[random() % bus::policy_names.size()];
    t.dma_mode = static_cast<bus::DmaMode>(random() % 3);
    t.posted_writes = random() % 2 ? static_cast<unsigned>(random() % 6) : 0;
    t.tdma_slot_clocks = static_cast<unsigned>(random() % 50 + 1);
    t.tdma_slots = {"processor"};
    for (unsigned n = 0; n < masters; ++n) t.tdma_slots.push_back(fmt::format("m{}", n));
    if (random() % 2) t.tdma_slots.push_back("idle");
    std::shuffle(t.tdma_slots.begin(), t.tdma_slots.end(), random);
    return t;
}

/// What went wrong on one bus; empty where nothing did.
std::string run_one(uint64_t seed) {
    Random random{seed};
    const auto masters = static_cast<unsigned>(random() % 4 + 1);
    const bus::SystemBusTiming timing = any_timing(random, masters);
    TestBoard board{timing};
    uint8_t* memory = board.add_memory(0, region * 8);
    board.memory.find(0)->direct->first_wait_clocks = static_cast<unsigned>(random() % 3);
    board.memory.find(0)->direct->next_wait_clocks = static_cast<unsigned>(random() % 2);
    const bool locks = random() % 4 == 0;
    std::vector<std::unique_ptr<Checker>> all;
    for (unsigned n = 0; n < masters; ++n)
        all.push_back(
            std::make_unique<Checker>(board, n,
                                      bus::MasterSettings{static_cast<unsigned>(random() % 12),
                                                          static_cast<unsigned>(random() % 4 + 1)},
                                      random(), locks));
    std::string wrong;
    std::vector<uint8_t> shadow(region, 0);
    unsigned accesses = 0;
    board.run(
        [&](Script& io) {
            for (auto& m : all) m->start();
            for (; accesses < 400; ++accesses) {
                const uint64_t at = random() % (region - 8);
                const auto bytes = static_cast<unsigned>(random() % 4 + 1);
                const bool lock = random() % 8 == 0;
                if (lock) board.processor.lock();
                uint64_t expected = 0;
                std::memcpy(&expected, &shadow[at], bytes);
                if (lock || random() % 2)
                    if (io.read(at, bytes) != expected) wrong = "the processor read other data";
                if (lock || random() % 2) {
                    const uint64_t v = random();
                    io.write(at, v, bytes);
                    std::memcpy(&shadow[at], &v, bytes);
                }
                if (lock) board.processor.unlock(io.time());
                if (random() % 3) io.wait(Time::ps(random() % 700'000));
            }
            io.wait(20_us);
        },
        50_ms);
    const bus::BusSummary sum = board.bus.summary(board.sim.now());
    if (!sum.balanced()) wrong += " not balanced";
    const bool fair =
        timing.arbitration != "fixed" && !(timing.dma_mode == bus::DmaMode::transparent);
    for (auto& m : all) {
        if (m->wrong) wrong += " a master read other data";
        if (!m->settled_data(memory)) wrong += " a master's data is not in memory";
        if (fair && m->stats().transactions < 5) wrong += " " + m->stats().name + " starved";
    }
    if (fair && accesses < 5) wrong += " the processor starved";
    if (std::memcmp(memory, shadow.data(), region) != 0) wrong += " the processor's data";
    if (!wrong.empty())
        wrong += fmt::format(" ({}, mode {}, posted {})", timing.arbitration,
                             static_cast<int>(timing.dma_mode), timing.posted_writes);
    return wrong;
}

}  // namespace

TEST_CASE("random buses move every byte and balance and starve nobody they promised for") {
    const char* asked = std::getenv("SOUTHBRIDGE_SEEDS");
    const uint64_t seeds = asked ? std::strtoull(asked, nullptr, 10) : 200;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        INFO("seed " << seed);
        CHECK(test::isolated_text([&] { return run_one(seed); }) == "");
    }
}
