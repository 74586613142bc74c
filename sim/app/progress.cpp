// SPDX-License-Identifier: Apache-2.0
#include "sim/app/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "sim/machine/machine.h"

namespace sb::app {

Progress::Progress(machine::Machine& machine) : machine_{machine} {
    if (::isatty(STDERR_FILENO)) thread_ = std::thread{[this] { watch(); }};
}

Progress::~Progress() {
    if (!thread_.joinable()) return;
    {
        std::lock_guard lock{mutex_};
        stop_ = true;
    }
    ended_.notify_all();
    thread_.join();
}

void Progress::watch() {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    bool shown = false;
    std::unique_lock lock{mutex_};
    while (!ended_.wait_for(lock, std::chrono::milliseconds{500}, [this] { return stop_; })) {
        const double host = std::chrono::duration<double>(Clock::now() - start).count();
        if (host < 1.0) continue;
        const uint64_t cycles = machine_.pulse();
        fmt::print(stderr, "\r  {} simulated, {:.0f} M cycles, {:.1f} M/s   ",
                   to_string(machine_.processor().clock().cycles(cycles)),
                   static_cast<double>(cycles) / 1e6, static_cast<double>(cycles) / 1e6 / host);
        std::fflush(stderr);
        shown = true;
    }
    if (shown) fmt::print(stderr, "\r{:60}\r", "");
}

}  // namespace sb::app
