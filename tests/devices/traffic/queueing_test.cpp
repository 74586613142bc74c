// SPDX-License-Identifier: Apache-2.0
//
// The wire as a server with Poisson arrivals and a constant time of service: waiting is that of
// M/D/1, Wq = rho s / (2 (1
// - rho)), and with a mix of sizes that of M/G/1, Wq = l E[S^2] / (2 (1 - rho)) (Pollaczek and
// Khinchine). Confidence by batch means: 30 batches behind a warm-up, 99 % of Student's t with 29
// degrees of freedom is 2.756.
#include <catch2/catch.hpp>

#include <cmath>

#include "tests/devices/traffic/rig.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
using observe::Stage;

namespace {

struct Estimate {
    double mean = 0, half_width = 0;
    uint64_t packets = 0;
};

/// Mean wait from offering to sending, in ns.
class Waits : public observe::Sink {
  public:
    explicit Waits(observe::Stream& stream) {
        observe::KindSet wanted;
        wanted.set(static_cast<size_t>(observe::Kind::packet));
        stream.attach(*this, wanted);
    }
    void event(const observe::Stream&, const observe::Event& event) override {
        const auto stage = static_cast<Stage>(event.values[1]);
        if (stage == Stage::offered) offered_[event.values[0]] = event.at;
        if (stage != Stage::sent) return;
        waits_.push_back(static_cast<double>((event.at - offered_[event.values[0]]).ps()) / 1000);
        offered_.erase(event.values[0]);
    }
    Estimate estimate() const {
        constexpr size_t batches = 30, warm_up = 2000;
        const size_t each = (waits_.size() - warm_up) / batches;
        double sum = 0, squares = 0;
        for (size_t b = 0; b < batches; ++b) {
            double mean = 0;
            for (size_t i = 0; i < each; ++i) mean += waits_[warm_up + b * each + i];
            mean /= static_cast<double>(each);
            sum += mean;
            squares += mean * mean;
        }
        const double mean = sum / batches;
        const double variance = (squares - batches * mean * mean) / (batches - 1);
        return {mean, 2.756 * std::sqrt(variance / batches), waits_.size()};
    }

  private:
    std::map<uint64_t, Time> offered_;
    std::vector<double> waits_;
};

Estimate waiting(const std::string& rate, const std::string& size, const char* seed) {
    return test::isolated([&] {
        test::TestBoard board;
        Waits waits{board.stream};
        board.plug("ethernet-wire", "wire", {{"rate", "10Mbps"}});
        board.plug("traffic-source", "peer",
                   {{"wire", "wire"},
                    {"pattern", "poisson"},
                    {"rate", rate},
                    {"size", size},
                    {"seed", seed},
                    {"count", "200000"},
                    {"queue", "1000000"}});
        board.run([&](test::Script& io) { io.wait(500_s); });
        return waits.estimate();
    });
}

}  // namespace

TEST_CASE("waiting for the wire is that of M/D/1") {
    const double s = 67'200;  // ns: 64 bytes at 10 Mb/s
    for (const int rate : {1488, 4464, 7440, 10'417, 11'905, 13'393}) {
        const double rho = rate * s * 1e-9;
        const Estimate got = waiting(std::to_string(rate), "64", "1");
        const double expected = rho * s / (2 * (1 - rho));
        INFO("rho " << rho << ": Wq " << got.mean << " +- " << got.half_width
                    << " ns, by the formula " << expected);
        CHECK(got.packets == 200'000);
        CHECK(std::abs(got.mean - expected) < got.half_width);
        CHECK(got.half_width < 0.12 * expected);
    }
}

TEST_CASE("waiting with a mix of sizes is that of M/G/1") {
    // 84, 614 and 1538 bytes of the line each, at 0.8 us a byte, 7:4:1.
    const double sizes[] = {84 * 800, 614 * 800, 1538 * 800},
                 shares[] = {7 / 12.0, 4 / 12.0, 1 / 12.0};
    double mean = 0, square = 0;
    for (int i = 0; i < 3; ++i) {
        mean += shares[i] * sizes[i];
        square += shares[i] * sizes[i] * sizes[i];
    }
    for (const int rate : {700, 1400, 2100}) {
        const double rho = rate * mean * 1e-9;
        const Estimate got = waiting(std::to_string(rate), "imix", "2");
        const double expected = rate * 1e-9 * square / (2 * (1 - rho));
        INFO("rho " << rho << ": Wq " << got.mean << " +- " << got.half_width
                    << " ns, by the formula " << expected);
        CHECK(std::abs(got.mean - expected) < got.half_width);
    }
}

TEST_CASE("Poisson packets in a millisecond: mean and variance are equal") {
    const auto [mean, variance, packets] = test::isolated([] {
        test::Rig rig{{{"pattern", "poisson"}, {"rate", "20000"}}};
        constexpr int windows = 5000;
        rig.run(1_ms * windows);
        std::vector<int> counts(windows);
        for (const auto& item : rig.log.at(Stage::offered))
            if (const auto window = item.at / 1_ms; window < windows) ++counts[window];
        double sum = 0, squares = 0;
        for (const int count : counts) sum += count;
        for (const int count : counts) squares += (count - sum / windows) * (count - sum / windows);
        return std::array<double, 3>{sum / windows, squares / (windows - 1), sum};
    });
    CHECK(std::abs(mean - 20) < 3.3 * std::sqrt(20.0 / 5000));
    CHECK(std::abs(variance / mean - 1) < 3.3 * std::sqrt(2.0 / 5000));  // index of dispersion
}

TEST_CASE("random bursts and idle times have their means") {
    const auto [bursts, packets, idle] = test::isolated([] {
        test::Rig rig{{{"pattern", "on-off"},
                       {"rate", "line"},
                       {"burst", "8"},
                       {"idle", "100us"},
                       {"count", "80000"}}};
        rig.run(3_s);
        Time last{};
        double n = 1, gap = 0;
        const auto offered = rig.log.at(Stage::offered);
        for (size_t i = 1; i < offered.size(); ++i) {
            const Time between = offered[i].at - offered[i - 1].at;
            if (between == 672_ns) continue;
            ++n;
            gap += static_cast<double>((between - 672_ns).ps()) / 1000;
        }
        return std::array<double, 3>{n, static_cast<double>(offered.size()), gap / (n - 1)};
    });
    CHECK(packets == 80'000);
    CHECK(std::abs(packets / bursts - 8) < 3.3 * std::sqrt(56.0 / 10'000));
    CHECK(std::abs(idle - 100'000) < 3.3 * 100'000 / std::sqrt(10'000));
}
