// SPDX-License-Identifier: Apache-2.0
//
// Jobs in processes of their own: whatever one of them does, the others go on.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <map>

#include "sim/kernel/error.h"
#include "sim/lab/process_pool.h"

using namespace sb::lab;

namespace {

std::map<size_t, JobEnd> run(size_t count, PoolOptions options,
                             const std::function<int(size_t)>& body) {
    std::map<size_t, JobEnd> ends;
    run_jobs(count, options, body, [&](size_t job, const JobEnd& end) { ends[job] = end; });
    return ends;
}

[[noreturn]] void for_ever() {
    while (true) ::pause();
}

}  // namespace

TEST_CASE("a job that crashes, fails or throws leaves the others alone") {
    PoolOptions options;
    options.at_once = 2;
    const auto ends = run(5, options, [](size_t job) {
        if (job == 1) ::raise(SIGSEGV);
        if (job == 2) throw sb::Error("words");
        if (job == 3 && ::write(STDERR_FILENO, "said", 4) < 0) return 1;
        return job == 3 ? 9 : 0;
    });
    REQUIRE(ends.size() == 5);
    CHECK(ends.at(0).kind == JobEnd::Kind::done);
    CHECK(ends.at(0).code == 0);
    CHECK(ends.at(1).kind == JobEnd::Kind::crashed);
    CHECK(ends.at(1).code == SIGSEGV);
    CHECK(ends.at(2).code != 0);
    CHECK(ends.at(2).last_words == "words");
    CHECK(ends.at(3).code == 9);
    CHECK(ends.at(3).last_words == "said");
    CHECK(ends.at(4).kind == JobEnd::Kind::done);
}

TEST_CASE("a job that takes too long is ended") {
    PoolOptions options;
    options.timeout = 0.05;
    const auto ends = run(2, options, [](size_t job) {
        if (job == 0) for_ever();
        return 0;
    });
    CHECK(ends.at(0).kind == JobEnd::Kind::timed_out);
    CHECK(ends.at(1).kind == JobEnd::Kind::done);
}

TEST_CASE("a pool that is stopped ends what runs and starts nothing more") {
    PoolOptions options;
    options.at_once = 2;
    bool stop = false;
    options.stop = [&] { return stop; };
    options.tick = [&](unsigned running) { stop = stop || running == 2; };
    const auto ends = run(4, options, [](size_t) -> int { for_ever(); });
    CHECK(ends.size() == 2);
    for (const auto& [job, end] : ends) CHECK(end.kind == JobEnd::Kind::stopped);
}

TEST_CASE("no more jobs run at once than wanted") {
    PoolOptions options;
    options.at_once = 3;
    unsigned most = 0;
    options.tick = [&](unsigned running) { most = std::max(most, running); };
    CHECK(run(10, options, [](size_t) { return 0; }).size() == 10);
    CHECK(most == 3);
}
