// SPDX-License-Identifier: Apache-2.0
//
// `southbridge sweep` as a user has it.
#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "tests/app/process.h"

using namespace sb::test;
using Catch::Contains;

namespace {

// Three clocks and three ways to read sectors; the guest refuses the fourth value of `sectors`.
const std::string sweep =
    "[guest]\nprogram = \"pio_vs_dma\"\n[disk]\nfill = \"pattern\"\n"
    "[guest.parameters]\nsectors = 4\n"
    "[sweep]\n[sweep.axes]\n\"cpu.clock\" = [\"33MHz\", \"66MHz\", \"100MHz\"]\n"
    "\"guest.parameters.udma\" = [0, 2]\n"
    "[sweep.plot]\ny = \"phase.dma.throughput\"\n";

struct Study {
    TempFolder folder;
    explicit Study(const std::string& text = sweep) { folder.write("s.toml", text); }
    Ended run(Arguments more, const std::string& out = "out",
              const std::function<void(int)>& meanwhile = {}) const {
        Arguments all{"sweep", folder.path("s.toml"), "--out", folder.path(out)};
        all.insert(all.end(), more.begin(), more.end());
        return southbridge(all, meanwhile);
    }
    std::string table(const std::string& out = "out") const {
        return folder.read(out + "/results.csv");
    }
    size_t records(const std::string& out = "out") const {
        size_t count = 0;
        std::error_code none;
        for (const auto& entry :
             std::filesystem::directory_iterator(folder.path(out + "/points"), none))
            count += entry.path().extension() == ".json";
        return count;
    }
};

size_t lines(const std::string& text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("a sweep writes a table, its columns, a plot and a record for each run") {
    const Study study;
    const Ended ended = study.run({"-j", "2"});
    CHECK(ended.status == 0);
    CHECK(ended.err.empty());
    CHECK_THAT(ended.out,
               Contains("6 points") && Contains("6 runs: 6 ok") && Contains("results.csv"));
    const std::string table = study.table();
    CHECK(lines(table) == 7);
    CHECK_THAT(table, Catch::StartsWith(
                          "point,cpu.clock,guest.parameters.udma,replication,seed,status,reason,"));
    CHECK_THAT(table, Contains("\n6,100000000,2,1,"));
    CHECK_THAT(study.folder.read("out/columns.csv"),
               Contains("\ncpu.clock,axis,Hz,") &&
                   Contains("\nphase.dma.throughput,metric,MB/s,") &&
                   Contains("\ntotal.elapsed,metric,us,") && Contains("\ncounter."));
    CHECK(study.records() == 6);
    CHECK_THAT(study.folder.read("out/plot_1.gp"), Contains("plot_1.dat"));
    CHECK_THAT(study.folder.read("out/plot_1.dat"), Contains("# phase.dma.throughput"));
}

TEST_CASE("the table is the same however many runs are made at once") {
    const Study study;
    for (const std::string jobs : {"1", "2", "5"})
        CHECK(study.run({"-j", jobs}, "out" + jobs).status == 0);
    CHECK(study.table("out1").size() > 1000);
    CHECK((study.table("out1") == study.table("out2")));
    CHECK((study.table("out1") == study.table("out5")));
    CHECK((study.folder.read("out1/columns.csv") == study.folder.read("out5/columns.csv")));
}

TEST_CASE("a second sweep makes only what is missing") {
    const Study study;
    REQUIRE(study.run({}).status == 0);
    const std::string table = study.table();
    const Ended again = study.run({});
    CHECK(again.status == 0);
    CHECK_THAT(again.out, Contains("nothing is run"));
    CHECK((study.table() == table));

    std::filesystem::remove(
        std::filesystem::directory_iterator(study.folder.path("out/points"))->path());
    const Ended one = study.run({});
    CHECK_THAT(one.out, Contains("5 of 6 runs are in") && Contains("1 are left to run"));
    CHECK((study.table() == table));

    const Ended wider = study.run({"--axis", "guest.parameters.udma=0,1,2"});
    CHECK(wider.status == 0);
    CHECK_THAT(wider.out, Contains("6 of 9 runs are in"));
}

TEST_CASE("a changed scenario is noticed and run anew") {
    const Study study;
    REQUIRE(study.run({}).status == 0);
    study.folder.write("s.toml", "# the same with a comment\n" + sweep);
    CHECK_THAT(study.run({}).out, Contains("nothing is run") && !Contains("changed"));
    study.folder.write("s.toml", "[bus]\nwidth = 8\n" + sweep);
    const Ended changed = study.run({});
    CHECK(changed.status == 0);
    CHECK_THAT(changed.out,
               Contains("the scenario") && Contains("changed since") && !Contains("from before"));
    study.folder.write("s.toml", sweep);
    CHECK_THAT(study.run({}).out, Contains("nothing is run"));  // its results are still there
}

TEST_CASE("a sweep that was stopped or killed goes on to the same table") {
    const std::string longer = "guest.parameters.sectors=64";
    const Study study;
    REQUIRE(study.run({"--set", longer}, "whole").status == 0);
    for (const int signal : {SIGINT, SIGKILL}) {
        INFO(signal);
        const std::string out = "stopped" + std::to_string(signal);
        const Ended stopped = study.run({"--set", longer, "-j", "1"}, out, [&](int process) {
            while (study.records(out) < 2) std::this_thread::yield();
            ::kill(process, signal);
        });
        CHECK(stopped.status == (signal == SIGINT ? 130 : 128 + SIGKILL));
        if (signal == SIGINT) {
            CHECK_THAT(stopped.out, Contains("not run") && Contains("goes on from here"));
            CHECK_THAT(study.table(out), Contains(",not run,the sweep was stopped before,"));
            CHECK(lines(study.table(out)) == 7);
        }
        CHECK(study.records(out) < 6);
        const Ended resumed = study.run({"--set", longer}, out);
        CHECK(resumed.status == 0);
        CHECK_THAT(resumed.out, Contains("of 6 runs are in"));
        CHECK((study.table(out) == study.table("whole")));
        for (const auto& entry :
             std::filesystem::directory_iterator(study.folder.path(out + "/points")))
            CHECK(entry.path().extension() == ".json");
    }
}

TEST_CASE("a failure is a row with its reason and the others go on") {
    const Study study(
        "[guest]\nprogram = \"hello\"\n[sweep.axes]\n"
        "\"run.instruction_limit\" = [0, 10]\n\"cpu.cache\" = [\"none\", "
        "\"perfect\"]\n\"cpu.l1_size\" = [\"8KiB\"]\n");
    const Ended refused = study.run({});
    CHECK(refused.status == 4);
    CHECK_THAT(refused.out, Contains("4 runs: 0 ok, 4 failed"));
    CHECK_THAT(study.table(), Contains(",error,") && Contains("cpu.l1_size: only cache"));

    study.folder.write(
        "s.toml",
        "[guest]\nprogram = \"hello\"\n[sweep.axes]\n\"run.instruction_limit\" = [0, 10]\n");
    const Ended ended = study.run({}, "limits");
    CHECK(ended.status == 4);
    CHECK_THAT(ended.out, Contains("2 runs: 1 ok, 1 failed") &&
                              Contains("1 x failed: instruction limit") &&
                              Contains("first: point 2, replication 1"));
    CHECK_THAT(study.table("limits"), Contains(",ok,,") && Contains(",failed,instruction limit"));
    CHECK_THAT(study.run({}, "limits").out,
               Contains("nothing is run"));  // a guest's failure is a result
}

TEST_CASE("a run that takes too long is a row, and is tried again") {
    const Study study(
        "[guest]\nprogram = \"pio_vs_dma\"\n[disk]\nfill = "
        "\"pattern\"\n[sweep.axes]\n\"guest.parameters.sectors\" = [1, 4096]\n");
    const Ended ended = study.run({"--timeout", "0.001"});
    CHECK(ended.status == 4);
    CHECK_THAT(study.table(), Contains(",timeout,took more than 0.001 s of host time"));
    CHECK_THAT(study.run({"--timeout", "0.001"}).out, !Contains("nothing is run"));
}

TEST_CASE("replications without a seed are pointed out") {
    const Study study("[guest]\nprogram = \"hello\"\n[sweep]\nreplications = 2\n");
    const Ended ended = study.run({});
    CHECK(ended.status == 0);
    CHECK_THAT(ended.out,
               Contains("no device here has a key \"seed\"") && Contains("2 runs: 2 ok"));
}

TEST_CASE("a dry run prints commands and writes nothing") {
    const Study study;
    const Ended ended = study.run({"--dry-run", "--set", "guest.parameters.lba=1"});
    CHECK(ended.status == 0);
    CHECK_THAT(ended.out, Contains("# point 6, replication 1: to run\n") &&
                              Contains(" run " + study.folder.path("s.toml") +
                                       " --set guest.parameters.lba=1 --set cpu.clock=100MHz --set "
                                       "guest.parameters.udma=2\n"));
    CHECK_FALSE(std::filesystem::exists(study.folder.path("out")));
}

TEST_CASE("a wrong sweep is refused by sweep and by check, before anything runs") {
    const Study study("[guest]\nprogram = \"hello\"\n[sweep.axes]\n\"cpu.clok\" = [\"1MHz\"]\n");
    for (const std::string command : {"sweep", "check"}) {
        const Ended ended = southbridge({command, study.folder.path("s.toml")});
        CHECK(ended.status == 2);
        CHECK_THAT(ended.err, Contains("s.toml:4") && Contains("did you mean \"clock\"?"));
    }
    CHECK(southbridge({"run", study.folder.path("s.toml")}).status == 0);
    study.folder.write("s.toml", sweep);
    CHECK_THAT(southbridge({"check", study.folder.path("s.toml")}).out,
               Contains("a sweep of 6 points"));
    CHECK(study.run({"--plot", "x=cpu.clok,y=a"}).status == 2);
    CHECK(study.run({"--timeout", "0"}).status == 2);
}

TEST_CASE("without gnuplot the data are written all the same") {
    const Study study;
    const Ended ended =
        run_process({"/usr/bin/env", "PATH=/nowhere", SOUTHBRIDGE_BINARY_DIR "/bin/southbridge",
                     "sweep", study.folder.path("s.toml"), "--out", study.folder.path("out")});
    CHECK(ended.status == 0);
    CHECK_THAT(ended.out, Contains("gnuplot is not installed") && Contains("gnuplot-nox"));
    CHECK(lines(study.table()) == 7);
    CHECK(std::filesystem::exists(study.folder.path("out/plot_1.gp")));
    CHECK_FALSE(std::filesystem::exists(study.folder.path("out/plot_1.svg")));
}
