// SPDX-License-Identifier: Apache-2.0
//
// What the guest writes is in the image file after the run, however the run ends; what it reads is
// checked against the image; images of any length work or are refused with a reason.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/scenarios/guest_run.h"

using namespace sb;
using namespace sb::test;

namespace {

constexpr size_t sector = 512;

/// What the guest `disk_write` writes: its first comment has the formula.
std::string written(uint32_t lba, uint32_t sectors, uint32_t seed) {
    std::string bytes;
    for (uint32_t s = lba; s < lba + sectors; ++s)
        for (uint32_t w = 0; w < sector / 4; ++w) {
            const uint32_t word = s * 0x9e3779b9u + w + seed;
            for (unsigned shift = 0; shift < 32; shift += 8)
                bytes.push_back(static_cast<char>(word >> shift));
        }
    return bytes;
}

/// Bytes that no guest writes, different for each place.
std::string before(size_t bytes) {
    std::string text(bytes, '\0');
    for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 + i / 251 + 7);
    return text;
}

constexpr uint32_t first = 3, count = 8, disk_sectors = 64, seed = 99;
const Sets write_sets{"sectors=8", "lba=3", "seed=99"};

/// The image after the guest wrote to it: around what it wrote nothing has changed.
std::string image_after() {
    std::string image = before(disk_sectors * sector);
    return image.replace(first * sector, count * sector, written(first, count, seed));
}

GuestRun write_to(const TempFile& image, const Sets& more, const RunOptions& options = {}) {
    Sets sets = write_sets;
    sets.push_back("disk.image=" + image.path());
    sets.insert(sets.end(), more.begin(), more.end());
    return run_guest("disk_write", sets, options);
}

/// The first place where two texts differ, for a message that can be read.
size_t difference(const std::string& a, const std::string& b) {
    size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
    return at == a.size() && at == b.size() ? std::string::npos : at;
}

#define CHECK_SAME(a, b) CHECK(difference(a, b) == std::string::npos)

const char* const modes[] = {"mode=polled", "mode=interrupt", "mode=dma"};

}  // namespace

TEST_CASE("writes are in the image however the guest ends") {
    struct End {
        const char* after;
        const char* outcome;
        int status;
    };
    const End ends[] = {{"after=exit", "guest exit", 0},
                        {"after=triple_fault", "shutdown", 4},
                        {"after=hlt", "halted", 4}};
    for (const char* mode : modes)
        for (const End& end : ends) {
            INFO(mode << " " << end.after);
            const TempFile image{before(disk_sectors * sector)};
            const GuestRun run = write_to(image, {mode, end.after});
            CHECK(run.outcome() == end.outcome);
            CHECK(run.status() == end.status);
            CHECK_SAME(image.content(), image_after());
            // The guest's own checksum was compared too.
            REQUIRE(run.results.at("checksums").size() == 1);
            CHECK(run.results.at("checksums")[0].at("matches") == true);
        }
}

TEST_CASE("a snapshot leaves the image alone to the byte") {
    for (const char* mode : modes) {
        INFO(mode);
        const TempFile image{before(disk_sectors * sector)};
        const GuestRun run = write_to(image, {mode, "disk.snapshot=true"});
        CHECK(run.status() == 0);  // and the guest read back what it had written
        CHECK_SAME(image.content(), before(disk_sectors * sector));
    }
}

TEST_CASE("writes before the time limit are in the image") {
    // When the write's phase ends, by a run without a limit.
    const TempFile whole{before(disk_sectors * sector)};
    const GuestRun run = write_to(whole, {"mode=polled"});
    uint64_t end = 0;
    for (const char* name : {"setup", "write"})
        end += run.phase(name)->at("elapsed_ps").get<uint64_t>();
    const TempFile image{before(disk_sectors * sector)};
    const uint64_t limit_ns =
        (end + run.phase("(no phase)")->at("elapsed_ps").get<uint64_t>()) / 1000;
    const GuestRun cut =
        write_to(image, {"mode=polled", "run.time_limit=" + std::to_string(limit_ns) + "ns"});
    CHECK(cut.outcome() == "time limit");
    CHECK(cut.status() == 4);
    CHECK_SAME(image.content(), image_after());
}

TEST_CASE("a time limit in the middle of a write leaves whole sectors") {
    const TempFile whole{before(disk_sectors * sector)};
    const GuestRun run = write_to(whole, {"mode=polled"});
    const uint64_t setup = run.phase("setup")->at("elapsed_ps").get<uint64_t>() / 1000;
    const uint64_t write = run.phase("write")->at("elapsed_ps").get<uint64_t>() / 1000;
    const std::string old = before(disk_sectors * sector), fresh = image_after();
    unsigned partly = 0;
    for (uint64_t part = 1; part < 40; ++part) {
        const TempFile image{old};
        const uint64_t limit = setup + write * part / 40;
        write_to(image, {"mode=polled", "run.time_limit=" + std::to_string(limit) + "ns"});
        const std::string now = image.content();
        REQUIRE(now.size() == old.size());
        uint32_t done = 0, wrong = 0;
        for (size_t at = 0; at < now.size(); at += sector) {
            const bool is_new = now.compare(at, sector, fresh, at, sector) == 0;
            const bool is_old = now.compare(at, sector, old, at, sector) == 0;
            wrong += !is_new && !is_old;
            done += is_new && !is_old;
        }
        CHECK(wrong == 0);
        partly += done > 0 && done < count;
    }
    CHECK(partly > 0);  // the limits did fall into the write
}

namespace {

/// Damages the image once the guest has named a phase: before the guest's checksum is compared.
struct Damage final : observe::Sink {
    std::function<void()> act;
    std::string phase;
    bool done = false;
    void event(const observe::Stream& stream, const observe::Event& event) override {
        if (done || stream.describe(event).find("=" + phase) == std::string::npos) return;
        done = true;
        act();
    }
    void attach(machine::Machine& machine) {
        machine.stream().attach(*this,
                                observe::KindSet{}.set(static_cast<size_t>(observe::Kind::phase)));
    }
};

}  // namespace

TEST_CASE("data that differs from the image fails the run and is named") {
    const TempFile image{before(disk_sectors * sector)};
    Damage damage;
    damage.phase = "checksum";
    damage.act = [&] {
        std::fstream file{image.path(), std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(5 * sector + 17);
        file.put(static_cast<char>(~before(disk_sectors * sector)[5 * sector + 17]));
    };
    const GuestRun run =
        run_guest("pio_vs_dma", {"sectors=8", "variant=dma", "disk.image=" + image.path()},
                  {.prepare = [&](machine::Machine& machine) { damage.attach(machine); }});
    CHECK(run.outcome() == "wrong data");
    CHECK(run.results.at("outcome").at("code") == 1);  // the guest itself saw nothing wrong
    CHECK(run.status() == 4);
    CHECK(run.results.at("success") == false);
    const auto& sum = run.results.at("checksums").at(0);
    CHECK(sum.at("matches") == false);
    CHECK(sum.at("guest") != sum.at("image"));
    CHECK(sum.at("sectors") == 8);
    CHECK_THAT(run.report(), Catch::Contains("FAILED") && Catch::Contains("data differs: drive 0"));
}

TEST_CASE("an image whose last sector is cut short reads as padded") {
    const std::string content = before(8 * sector - 100);
    const TempFile image{content};
    const GuestRun run = run_guest("pio_vs_dma", {"sectors=8", "disk.image=" + image.path()});
    CHECK(run.status() == 0);
    REQUIRE(run.results.at("findings").size() == 1);
    CHECK_THAT(run.results.at("findings")[0].at("what").get<std::string>(),
               Catch::Contains("cut short"));
    CHECK_SAME(image.content(), content);
}

TEST_CASE("a write to a sector cut short makes it whole") {
    const TempFile image{before(8 * sector - 100)};
    const GuestRun run =
        run_guest("disk_write", {"sectors=1", "lba=7", "seed=5", "disk.image=" + image.path()});
    CHECK(run.status() == 0);
    CHECK_SAME(image.content(), before(7 * sector) + written(7, 1, 5));
}

TEST_CASE("an image of one sector serves") {
    for (const char* mode : modes) {
        const TempFile image{before(sector)};
        const GuestRun run =
            run_guest("disk_write", {"sectors=1", "seed=8", mode, "disk.image=" + image.path()});
        CHECK(run.status() == 0);
        CHECK_SAME(image.content(), written(0, 1, 8));
    }
    const TempFile byte{"x"};
    const GuestRun run =
        run_guest("pio_vs_dma", {"sectors=1", "segments=1", "disk.image=" + byte.path()});
    CHECK(run.status() == 0);
    // Beyond its end there is nothing, and the guest's driver says so.
    const GuestRun beyond = run_guest("pio_vs_dma", {"sectors=2", "disk.image=" + byte.path()});
    CHECK(beyond.outcome() == "guest exit");
    CHECK(beyond.status() == 3);
}

TEST_CASE("an empty image is refused with what to do") {
    const TempFile image;
    CHECK_THROWS_WITH(run_guest("hello", {"disk.image=" + image.path()}),
                      Catch::Contains("is empty") && Catch::Contains("truncate"));
    CHECK_THROWS_WITH(run_guest("hello", {"disk.image=" SOUTHBRIDGE_BINARY_DIR}),
                      Catch::Contains("is not a file"));
}

TEST_CASE("an image that shrinks during the run is a read error of the drive") {
    for (const char* variant : {"polled", "interrupt", "dma"}) {
        INFO(variant);
        const TempFile image{before(disk_sectors * sector)};
        Damage damage;
        damage.phase = variant;
        damage.act = [&] { CHECK(::truncate(image.path().c_str(), 4 * sector) == 0); };
        const GuestRun run = run_guest(
            "pio_vs_dma",
            {"sectors=8", std::string("variant=") + variant, "disk.image=" + image.path()},
            {.prepare = [&](machine::Machine& machine) { damage.attach(machine); }});
        CHECK(run.outcome() == "guest exit");
        CHECK(run.status() == 3);
        CHECK_THAT(run.console(), Catch::Contains("UNC"));
    }
}
