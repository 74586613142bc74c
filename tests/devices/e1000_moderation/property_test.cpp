// SPDX-License-Identifier: Apache-2.0
//
// Random settings, packets, transmissions and register accesses: the controller's INTA# and what it
// says in ICR equal those of the reference, to the picosecond. Each board runs a number of cases
// one after the other, each with settings of its own.
//
// SOUTHBRIDGE_MODERATION_CASES: how many (2,400); SOUTHBRIDGE_FUZZ_SEED: others.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/devices/e1000_moderation/bench.h"
#include "tests/devices/e1000_moderation/reference.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::nic;

namespace {

constexpr uint32_t looked_at = rxt0 | txdw | srpd | lsc;
constexpr Time acting = Time::us(600);
constexpr Time whole_case = Time::ms(3);  // long after the last timer

uint64_t setting(const char* name, uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : fallback;
}

struct Input {
    enum class Kind : uint8_t { write, read } kind;
    Time at;
    uint32_t reg;
    uint32_t value;  // written, or what ICR said
};

class RandomRun {
  public:
    explicit RandomRun(uint64_t seed) : random_{seed} {}

    /// Empty, or the first difference.
    std::string run(unsigned cases) {
        bench_.at(Time::us(1), [this] { bench_.start(); });
        for (unsigned i = 0; i < cases; ++i) one_case(Time::ms(1) + whole_case * i);
        bench_.serve = [this] { serve(); };
        const Time end = Time::ms(1) + whole_case * cases;
        bench_.play(end);
        return compare(end);
    }

  private:
    uint64_t below(uint64_t n) { return random_() % n; }
    uint32_t units(unsigned zero_in, uint32_t most) {
        return zero_in && below(zero_in) == 0 ? 0 : static_cast<uint32_t>(1 + below(most));
    }

    void write(uint32_t reg, uint32_t value) {
        inputs_.push_back({Input::Kind::write, bench_.sim.now(), reg, value});
        bench_.write(reg, value);
    }
    void read() {
        const Time now = bench_.sim.now();
        inputs_.push_back({Input::Kind::read, now, icr, bench_.read(icr)});
    }
    void serve() {
        if (service_ == 0) read();
        if (service_ > 1) bench_.at(bench_.sim.now() + Time::ps(service_), [this] { read(); });
    }

    std::pair<uint32_t, uint32_t> any_setting() {
        switch (below(6)) {
            case 0:
                return {rdtr, units(5, below(4) ? 60 : 200)};
            case 1:
                return {radv, units(3, 80)};
            case 2:
                return {itr, units(4, 600)};
            case 3:
                return {rsrpd, below(2) ? 0 : static_cast<uint32_t>(below(200))};
            case 4:
                return {tidv, units(0, 60)};
            default:
                return {tadv, units(3, 80)};
        }
    }
    std::pair<uint32_t, uint32_t> any_write() {
        const auto bits = static_cast<uint32_t>(random_()) & looked_at;
        switch (below(8)) {
            case 0:
                return {ics, bits};
            case 1:
                return {ims, bits};
            case 2:
                return {imc, bits};
            case 3:
                return {icr, bits};
            case 4:
                return {rdtr, fpd | units(5, 60)};
            default:
                return any_setting();
        }
    }

    void one_case(Time start) {
        bench_.at(start, [this, service = below(3)   ? 0
                                          : below(3) ? 2 + below(60'000'000)
                                                     : 1] {
            service_ = service;
            write(imc, ~0u);
            read();
            bench_.refill();
        });
        const std::pair<uint32_t, uint32_t> settings[]{
            {rdtr, units(5, below(4) ? 60 : 200)},
            {radv, units(3, 80)},
            {itr, units(3, 600)},
            {rsrpd, below(2) ? 0 : static_cast<uint32_t>(below(200))},
            {tidv, units(0, 60)},
            {tadv, units(3, 80)},
            {ims, below(4) ? looked_at : static_cast<uint32_t>(random_()) & looked_at}};
        for (auto [reg, value] : settings)
            bench_.at(start + 1_us, [this, reg = reg, value = value] { write(reg, value); });
        const uint64_t actions = 10 + below(50);
        std::vector<std::pair<Time, bool>> busy;  // when, and whether a transmission
        for (uint64_t i = 0; i < actions; ++i) {
            const Time when = start + 10_us + Time::ps(below(acting.ps()));
            const uint64_t kind = below(100);
            // A write-back that waits for other transfers of the controller is flushed by an
            // expiry, but cannot be seen from outside: transmissions are alone on the bus.
            const bool transmits = kind >= 60 && kind < 80;
            const bool near = std::any_of(busy.begin(), busy.end(), [&](const auto& b) {
                return (b.second || transmits) && when < b.first + 3_us && b.first < when + 3_us;
            });
            if (kind < 80 && near) continue;
            if (kind < 80) busy.emplace_back(when, transmits);
            if (kind < 60)
                bench_.at(when, [this, n = static_cast<uint32_t>(60 + below(200))] {
                    bench_.wire->deliver(TestWire::frame(n));
                });
            else if (kind < 80)
                bench_.at(when,
                          [this, command = static_cast<uint8_t>(eop | ifcs | (below(8) ? rs : 0) |
                                                                (below(4) ? ide : 0))] {
                              if (command & rs) reported_.push_back(command & ide);
                              bench_.transmit(command);
                          });
            else if (kind < 90)
                bench_.at(when, [this, w = any_write()] { write(w.first, w.second); });
            else
                bench_.at(when, [this] { read(); });
        }
    }

    /// All that has happened, in the order of time, to the reference.
    std::string compare(Time end) {
        ReferenceModeration reference;
        std::string wrong;
        size_t data = 0, packet = 0, begun = 0, descriptor = 0;
        if (bench_.written_back.size() != reported_.size())
            return fmt::format("{} descriptors were written back, of {}",
                               bench_.written_back.size(), reported_.size());
        const auto& stored = bench_.stored;
        auto bring_to = [&](Time at) {
            while (true) {
                const Time m = data < stored.size() ? stored[data].data : Time::max();
                const Time r = packet < stored.size() ? stored[packet].at : Time::max();
                const Time b =
                    begun < bench_.writes_back.size() ? bench_.writes_back[begun] : Time::max();
                const Time w = descriptor < bench_.written_back.size()
                                   ? bench_.written_back[descriptor]
                                   : Time::max();
                const Time first = std::min({m, r, b, w});
                if (first > at) return;
                if (b == first)
                    reference.writes_back(bench_.writes_back[begun++]);
                else if (m == first)
                    reference.data(m, stored[data++].bytes + 4);
                else if (r == first)
                    reference.stored(stored[packet++].at);
                else
                    reference.written_back(w, reported_[descriptor++]);
            }
        };
        for (const Input& input : inputs_) {
            bring_to(input.at);
            if (input.kind == Input::Kind::write) {
                reference.write(input.at, input.reg, input.value);
            } else {
                const uint32_t causes = reference.read_causes(input.at) & looked_at;
                if (wrong.empty() && causes != (input.value & looked_at))
                    wrong = fmt::format("at {} ps ICR was {:#x}, the reference says {:#x}\n{}",
                                        input.at.ps(), input.value & looked_at, causes,
                                        story(input.at));
            }
        }
        bring_to(end);
        reference.pass(end);
        return wrong + compare_edges(reference.edges);
    }

    std::string compare_edges(const std::vector<ReferenceModeration::Edge>& edges) {
        std::vector<Time> rises, falls;
        for (const auto& edge : edges) (edge.asserted ? rises : falls).push_back(edge.at);
        for (auto [name, is, should] : {std::tuple{"asserted", &bench_.interrupts, &rises},
                                        std::tuple{"released", &bench_.releases, &falls}}) {
            auto [i, s] = std::mismatch(is->begin(), is->end(), should->begin(), should->end());
            if (i == is->end() && s == should->end()) continue;
            const Time was = i == is->end() ? Time::max() : *i,
                       ought = s == should->end() ? Time::max() : *s;
            return fmt::format("INTA# was {} at {} ps, the reference says {} ps\n{}", name,
                               was.ps(), ought.ps(),
                               story(std::max(was, ought) == Time::max() ? std::min(was, ought)
                                                                         : std::max(was, ought)));
        }
        return {};
    }

    /// All that happened in that time's case, up to it.
    std::string story(Time at) const {
        const Time from = Time::ms(1) + whole_case * ((at - Time::ms(1)) / whole_case);
        std::multimap<Time, std::string> lines;
        auto tell = [&](Time when, std::string what) {
            if (when >= from && when <= at) lines.emplace(when, std::move(what));
        };
        for (const Input& i : inputs_)
            tell(i.at, i.kind == Input::Kind::read
                           ? fmt::format("ICR reads {:#x}", i.value & looked_at)
                           : fmt::format("{:#x} := {:#x}", i.reg, i.value));
        for (const auto& packet : bench_.stored) {
            tell(packet.data, fmt::format("data of {} bytes", packet.bytes + 4));
            tell(packet.at, "stored");
        }
        for (size_t i = 0; i < bench_.written_back.size(); ++i) {
            tell(bench_.writes_back[i], "writing back");
            tell(bench_.written_back[i], reported_[i] ? "written back, IDE" : "written back");
        }
        for (Time t : bench_.interrupts) tell(t, "INTA# asserted");
        for (Time t : bench_.releases) tell(t, "INTA# released");
        std::string text;
        for (const auto& [when, what] : lines)
            text += fmt::format("  {:>12} {}\n", when.ps(), what);
        return text;
    }

    std::mt19937_64 random_;
    NicBench bench_;
    std::vector<Input> inputs_;
    std::vector<bool> reported_;  // of the descriptors with RS: with IDE
    uint64_t service_ = 0;        // 0: at once; 1: never; else ps until ICR is read
};

constexpr unsigned a_board = 40;  // cases

}  // namespace

TEST_CASE("random settings and traffic: INTA# as the reference has it") {
    const uint64_t boards = setting("SOUTHBRIDGE_MODERATION_CASES", 2'400) / a_board;
    const uint64_t seed = setting("SOUTHBRIDGE_FUZZ_SEED", 1);
    for (uint64_t i = 0; i < boards; ++i) {
        INFO("board " << i << " of seed " << seed);
        CHECK(isolated_text([&] { return RandomRun{seed * 1'000'003 + i}.run(a_board); }) == "");
    }
}
