// SPDX-License-Identifier: Apache-2.0
//
// Moderation under Poisson arrivals of rate l, served by a processor that takes no time: rate of
// interrupts and mean added delay (from a packet's being in memory to its interrupt) against the
// closed forms of renewal theory. A batch begins with the first packet after an interrupt.
//
//   none                      l;                        0
//   absolute timer T          l / (1 + lT);             (T + lT^2/2) / (1 + lT)
//   restarted timer T         l e^(-lT);                (e^(lT) - 1) / l
//   gap T                     1 / (T + e^(-lT)/l);      (T^2/2) / (T + e^(-lT)/l)
//   N packets                 l / N;                    (N - 1) / (2l)
//   N packets or T            l / b, b = 1 + E[min(N - 1, Poisson(lT))];  see `count_or_timer`
//
// On the part: the absolute timer alone is RADV = T with RDTR = T + 1 unit (SDM 3.2.7.1.2); the
// restarted timer is RDTR alone; the gap is ITR with RDTR = 0. It does not count packets, but
// RXDMT0 counts descriptors: of a ring that the driver refills at each interrupt, n - 1 are free
// and the N-th packet leaves the threshold, N = n - 1 - n/2, n - 1 - n/4 or n - 1 - n/8. With both,
// the driver flushes the timer (FPD) when it serves RXDMT0. That comes when the descriptor is used,
// before it is written back: these drivers look at the ring 100 ns later.
//
// Each figure must lie within 1 % of the closed form or within the 99 % confidence interval of the
// run, by the means of 60 batches of interrupts. Arrivals are exactly Poisson (the wire takes no
// time). A packet is stored in well below 1/100 of the mean gap, so those in memory are as good as
// Poisson.
#include <fmt/format.h>

#include <cmath>
#include <random>
#include <stdexcept>

#include "tests/devices/e1000_moderation/bench.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::nic;

namespace {

struct Form {
    double rate;   // interrupts per us
    double delay;  // us
};

Form none(double l) { return {l, 0}; }
Form absolute(double l, double t) { return {l / (1 + l * t), (t + l * t * t / 2) / (1 + l * t)}; }
Form restarted(double l, double t) { return {l * std::exp(-l * t), (std::exp(l * t) - 1) / l}; }
Form gap(double l, double t) {
    const double cycle = t + std::exp(-l * t) / l;
    return {1 / cycle, t * t / 2 / cycle};
}
Form count(double l, unsigned n) { return {l / n, (n - 1) / (2 * l)}; }

/// With k further packets in T, k < N - 1, the batch ends at T: the first waits for T, the others
/// for T/2 in the mean. Else it ends with the (N-1)th further packet. Sums of delays: of the first,
/// E[min(T, S)] with S the time of the (N-1)th arrival; of the i-th further one, E[(min(T, S) -
/// S_i)+], by integrating P(more to come) over time: the packets that wait at time t of a batch are
/// 1 + N(t), as long as N(t) < N - 1 and t < T.
Form count_or_timer(double l, unsigned n, double t) {
    double batch = 1, waiting = 0;
    for (unsigned k = 0; k < n - 1; ++k) {
        // P(N(t) > k), and the integral of P(N(t) = k) over 0..T, which is P(N(T) > k) / l.
        double term = std::exp(-l * t), below = 0;
        for (unsigned i = 0; i <= k; ++i) {
            below += term;
            term *= l * t / (i + 1);
        }
        batch += 1 - below;
        waiting += (1 + k) * (1 - below) / l;
    }
    return {l / batch, waiting / batch};
}

struct Set {
    std::string name;
    double mean_gap;  // us between packets
    Form form;
    std::vector<std::pair<uint32_t, uint32_t>> registers;
    uint32_t enabled = rxt0;
    uint32_t descriptors = 256;
    uint32_t rctl = receive_on;
    bool flush = false;  // the timer, at each interrupt
    Time later = {};     // from the interrupt to the driver's look at the ring
    unsigned packets = 120'000;
};

/// What a run has measured, in ps: sums over interrupts.
struct Measured {
    double rate, delay;        // per us; us
    double rate_99, delay_99;  // half widths
    uint64_t packets, interrupts;
};

class PoissonRun {
  public:
    PoissonRun(const Set& set, uint64_t seed)
        : set_{set},
          random_{seed},
          bench_{{.descriptors = set.descriptors, .rctl = set.rctl, .bus = quick_bus()}},
          arrivals_{bench_, *this} {}

    Measured run() {
        bench_.wire->keep = false;
        bench_.at(Time::us(1), [this] {
            bench_.start();
            for (auto [reg, value] : set_.registers) bench_.write(reg, value);
        });
        bench_.at(Time::us(900), [this] {
            bench_.read(icr);
            bench_.serve = [this] {
                const Time interrupt = bench_.sim.now();
                if (set_.later == Time{}) return serve(interrupt);
                bench_.at(interrupt + set_.later, [this, interrupt] { serve(interrupt); });
            };
            bench_.write(ims, set_.enabled);
            arrivals_.timer.arm_after(draw());
        });
        bench_.play(Time::s(3000));
        return result();
    }

  private:
    struct Arrivals : Component {
        Arrivals(NicBench& bench, PoissonRun& run)
            : Component{bench.sim, "arrivals"}, timer{*this, "arrival", [&run] { run.arrive(); }} {}
        Timer timer;
    };

    /// It stores a packet in some hundred nanoseconds.
    static bus::SystemBusTiming quick_bus() {
        bus::SystemBusTiming timing;
        timing.clock = Clock{133'333'333};
        timing.width = 8;
        timing.longest_burst = 0;
        return timing;
    }
    Time draw() {
        const double u = (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
        return Time::ps(static_cast<uint64_t>(std::llround(-std::log(u) * set_.mean_gap * 1e6)));
    }
    void arrive() {
        bench_.wire->deliver(TestWire::frame(60));
        if (++arrived_ < set_.packets)
            arrivals_.timer.arm_after(draw());
        else
            bench_.at(bench_.sim.now() + Time::ms(20), [this] {
                bench_.sim.finish({Outcome::Kind::guest_exit, 0, ""});
            });
    }
    void serve(Time interrupt) {
        if (set_.flush) bench_.write(rdtr, fpd | set_.registers[0].second);
        bench_.read(icr);
        bench_.refill();
        if (bench_.stored.empty()) {
            ++empty_;
            return;
        }
        double sum = 0;
        for (const auto& packet : bench_.stored)
            sum += static_cast<double>((interrupt - packet.at).ps());
        cycles_.push_back({interrupt, bench_.stored.size(), sum * 1e-6});
        bench_.stored.clear();
        bench_.interrupts.clear();
        bench_.releases.clear();
    }
    Measured result() const {
        if (empty_ != 0)
            throw std::runtime_error(fmt::format("{} interrupts without a packet", empty_));
        if (cycles_.size() < 600) throw std::runtime_error("too few interrupts");
        // From the first interrupt to the last: whole cycles only. Means of batches of cycles.
        constexpr size_t batches = 60;
        const size_t each = (cycles_.size() - 1) / batches;
        double rates = 0, rates2 = 0, delays = 0, delays2 = 0, all_packets = 0, all_delay = 0;
        for (size_t b = 0; b < batches; ++b) {
            double packets = 0, delay = 0;
            for (size_t i = 1 + b * each; i < 1 + (b + 1) * each; ++i) {
                packets += static_cast<double>(cycles_[i].packets);
                delay += cycles_[i].delay;
            }
            const Time span = cycles_[(b + 1) * each].at - cycles_[b * each].at;
            const double rate = static_cast<double>(each) / (static_cast<double>(span.ps()) * 1e-6);
            rates += rate;
            rates2 += rate * rate;
            delays += delay / packets;
            delays2 += delay / packets * (delay / packets);
            all_packets += packets;
            all_delay += delay;
        }
        const Time span = cycles_[batches * each].at - cycles_[0].at;
        auto half_width = [&](double sum, double squares) {
            const double mean = sum / batches;
            const double variance =
                std::max(0.0, (squares - batches * mean * mean) / (batches - 1));
            return 2.66 *
                   std::sqrt(variance / batches);  // Student's t, 59 degrees of freedom, 99 %
        };
        return {static_cast<double>(batches * each) / (static_cast<double>(span.ps()) * 1e-6),
                all_delay / all_packets,
                half_width(rates, rates2),
                half_width(delays, delays2),
                static_cast<uint64_t>(all_packets),
                batches * each};
    }

    struct Cycle {
        Time at;
        size_t packets;
        double delay;  // us, summed
    };
    const Set& set_;
    std::mt19937_64 random_;
    NicBench bench_;
    Arrivals arrivals_;
    uint64_t arrived_ = 0;
    uint64_t empty_ = 0;
    std::vector<Cycle> cycles_;
};

bool agrees(double measured, double form, double half_width) {
    const double off = std::abs(measured - form);
    return off <= 0.01 * form || off <= half_width || off < 1e-6;
}

void check(const std::vector<Set>& sets) {
    uint64_t seed = 20'260;
    for (const Set& set : sets) {
        const Measured m = isolated([&] { return PoissonRun{set, ++seed}.run(); });
        ++seed;
        const std::string line = fmt::format(
            "{:<34} {:>7} packets {:>6} interrupts; per us {:.6f}, closed form {:.6f} ({:+.2f} %, "
            "99 % +-{:.2f} %); "
            "delay {:.3f} us, closed form {:.3f} ({:+.2f} %, 99 % +-{:.2f} %)",
            set.name, m.packets, m.interrupts, m.rate, set.form.rate,
            100 * (m.rate / set.form.rate - 1), 100 * m.rate_99 / set.form.rate, m.delay,
            set.form.delay, set.form.delay > 0 ? 100 * (m.delay / set.form.delay - 1) : 0,
            set.form.delay > 0 ? 100 * m.delay_99 / set.form.delay : 0);
        if (std::getenv("SOUTHBRIDGE_PRINT")) fmt::print("{}\n", line);
        INFO(line);
        CHECK(agrees(m.rate, set.form.rate, m.rate_99));
        CHECK(agrees(m.delay, set.form.delay, m.delay_99));
    }
}

constexpr double unit = 1.024, step = 0.256;  // us

Set timer_alone(uint32_t units, double mean_gap) {
    return {fmt::format("RADV {} alone, gap {} us", units, mean_gap),
            mean_gap,
            absolute(1 / mean_gap, units * unit),
            {{rdtr, units + 1}, {radv, units}}};
}
Set restart_alone(uint32_t units, double mean_gap, unsigned packets = 120'000) {
    Set set{fmt::format("RDTR {} alone, gap {} us", units, mean_gap),
            mean_gap,
            restarted(1 / mean_gap, units * unit),
            {{rdtr, units}}};
    set.packets = packets;
    return set;
}
Set throttle_alone(uint32_t steps, double mean_gap) {
    return {fmt::format("ITR {} alone, gap {} us", steps, mean_gap),
            mean_gap,
            gap(1 / mean_gap, steps * step),
            {{itr, steps}}};
}
/// Every N-th packet, by the threshold 1/2, 1/4 or 1/8 (RDMTS 0, 1, 2) of a ring.
Set count_alone(uint32_t ring, uint32_t rdmts, double mean_gap) {
    const uint32_t n = ring - 1 - (ring >> (rdmts + 1));
    return {.name = fmt::format("RXDMT0 each {}, gap {} us", n, mean_gap),
            .mean_gap = mean_gap,
            .form = count(1 / mean_gap, n),
            .registers = {{rdtr, 0}},
            .enabled = rxdmt0,
            .descriptors = ring,
            .rctl = receive_on | rdmts << 8,
            .later = 100_ns};
}
Set count_and_timer(uint32_t ring, uint32_t rdmts, uint32_t units, double mean_gap) {
    const uint32_t n = ring - 1 - (ring >> (rdmts + 1));
    return {.name = fmt::format("RXDMT0 each {} or RADV {}, gap {} us", n, units, mean_gap),
            .mean_gap = mean_gap,
            .form = count_or_timer(1 / mean_gap, n, units * unit),
            .registers = {{rdtr, units + 1}, {radv, units}},
            .enabled = rxt0 | rxdmt0,
            .descriptors = ring,
            .rctl = receive_on | rdmts << 8,
            .flush = true,
            .later = 100_ns};
}

}  // namespace

TEST_CASE("closed forms as published") {
    // Figures, section 6: l = .1 and T = 50; l = .02 and T = 50, per us and in us.
    CHECK(absolute(0.1, 50).rate == Approx(0.016667).epsilon(1e-4));
    CHECK(absolute(0.1, 50).delay == Approx(29.167).epsilon(1e-4));
    CHECK(restarted(0.02, 50).rate == Approx(0.0073576).epsilon(1e-4));
    CHECK(restarted(0.02, 50).delay == Approx(85.91).epsilon(1e-4));
    CHECK(gap(0.02, 50).rate == Approx(0.014621).epsilon(1e-4));
    CHECK(gap(0.02, 50).delay == Approx(18.276).epsilon(1e-4));
    // N or T has N alone, T alone and none as its limits.
    CHECK(count_or_timer(0.1, 5, 1e5).rate == Approx(count(0.1, 5).rate));
    CHECK(count_or_timer(0.1, 5, 1e5).delay == Approx(count(0.1, 5).delay));
    CHECK(count_or_timer(0.1, 200, 50).rate == Approx(absolute(0.1, 50).rate));
    CHECK(count_or_timer(0.1, 200, 50).delay == Approx(absolute(0.1, 50).delay));
    CHECK(count_or_timer(0.1, 1, 50).rate == Approx(0.1));
}

TEST_CASE("absolute timer under Poisson arrivals") {
    check({timer_alone(20, 100), timer_alone(49, 50), timer_alone(49, 20), timer_alone(100, 20),
           timer_alone(200, 10)});
}

TEST_CASE("restarted timer under Poisson arrivals") {
    check({restart_alone(10, 100), restart_alone(20, 40), restart_alone(49, 50, 400'000),
           restart_alone(60, 30, 900'000)});
}

TEST_CASE("throttle under Poisson arrivals") {
    check({throttle_alone(195, 50), throttle_alone(100, 20), throttle_alone(500, 20),
           throttle_alone(500, 100), throttle_alone(1000, 10)});
}

TEST_CASE("a count of packets, with a timer or without, under Poisson arrivals") {
    Set plain{"no moderation, gap 20 us", 20, none(1.0 / 20), {{rdtr, 0}}};
    check({plain, count_alone(8, 0, 20), count_alone(8, 1, 20), count_alone(16, 0, 30),
           count_alone(32, 0, 20), count_and_timer(8, 0, 40, 20), count_and_timer(16, 0, 100, 20),
           count_and_timer(32, 0, 100, 20)});
}
