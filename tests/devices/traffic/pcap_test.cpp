// SPDX-License-Identifier: Apache-2.0
//
// Replay of captures: times, speeds, repetition, what is not whole; and files that are cut at every
// byte, or are none.
#include <pcap/pcap.h>
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "devices/traffic/pcap_replay.h"
#include "sim/kernel/random.h"
#include "tests/devices/traffic/rig.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
using observe::Stage;
using sb::test::Rig;

namespace {

struct Record {
    uint64_t ns;
    uint32_t captured, length;
};

/// A file of its own for each test's process, gone with it.
class File {
  public:
    File()
        : path_{(std::filesystem::temp_directory_path() / fmt::format("replay{}.pcap", getpid()))
                    .string()} {}
    ~File() { std::filesystem::remove(path_); }
    const std::string& path() const { return path_; }
    void write(const std::string& bytes) const { std::ofstream{path_, std::ios::binary} << bytes; }
    std::string read() const {
        std::ifstream file{path_, std::ios::binary};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    void make(const std::vector<Record>& records, int link = DLT_EN10MB) const {
        pcap_t* handle =
            pcap_open_dead_with_tstamp_precision(link, 65535, PCAP_TSTAMP_PRECISION_NANO);
        pcap_dumper_t* out = pcap_dump_open(handle, path_.c_str());
        uint8_t fill = 1;
        for (const Record& record : records) {
            pcap_pkthdr head{};
            head.ts.tv_sec = static_cast<time_t>(1000 + record.ns / 1'000'000'000);
            head.ts.tv_usec = static_cast<suseconds_t>(record.ns % 1'000'000'000);
            head.caplen = record.captured;
            head.len = record.length;
            const std::vector<uint8_t> bytes(record.captured, fill++);
            pcap_dump(reinterpret_cast<u_char*>(out), &head, bytes.data());
        }
        pcap_dump_close(out);
        pcap_close(handle);
    }

  private:
    std::string path_;
};

struct Read {
    uint64_t frames = 0;
    bool broken = false, refused = false;
};

/// Reads a capture to its end, without sending anything: many in one process.
Read read_all(test::TestBoard& board, const std::string& path) {
    static unsigned number = 0;
    Component owner{board.sim, fmt::format("owner{}", number++)};
    Read got;
    try {
        devices::PcapReplay replay{owner, "peer", path};
        devices::PcapReplay::Record record;
        devices::PcapReplay::Found found;
        Time last;
        while ((found = replay.next(record)) == devices::PcapReplay::Found::record &&
               got.frames < 1000) {
            ++got.frames;
            CHECK(record.bytes.size() <= record.length);
            CHECK(record.at >= last);
            last = record.at;
        }
        got.broken = found == devices::PcapReplay::Found::broken;
    } catch (const Error& error) {
        got.refused = true;
        CHECK_THAT(error.what(), Catch::StartsWith("peer.file: " + path));
    }
    return got;
}

std::vector<Time> times(const Rig& rig, Stage stage) {
    std::vector<Time> all;
    for (const auto& item : rig.log.at(stage)) all.push_back(item.at);
    return all;
}

}  // namespace

TEST_CASE("a capture's frames keep their distances and bytes; short ones are padded") {
    File file;
    file.make({{5, 60, 60}, {1'005, 100, 100}, {50'005, 14, 14}, {40'005, 1514, 1514}});
    Rig rig{{{"pattern", "pcap"}, {"file", file.path()}, {"start", "1us"}}};
    rig.run(1_ms);
    // The last one's stamp is before the one before it: it follows at once.
    CHECK(times(rig, Stage::offered) == std::vector<Time>{1_us, 2_us, 51_us, 51_us});
    REQUIRE(rig.sink.got.size() == 4);
    CHECK(rig.sink.got[1].second.bytes == std::vector<uint8_t>(100, 2));
    std::vector<uint8_t> padded(60);
    std::fill_n(padded.begin(), 14, 3);
    CHECK(rig.sink.got[2].second.bytes == padded);
    CHECK(rig.sink.got[3].second.bytes == std::vector<uint8_t>(1514, 4));
    CHECK(rig.value("broken_records") == 0);
}

TEST_CASE("a capture at another speed, by a rate, and again and again") {
    File file;
    file.make({{0, 60, 60}, {10'000, 60, 60}, {30'000, 60, 60}});
    const auto offered = [&](test::TestBoard::Settings settings) {
        settings["pattern"] = "pcap";
        settings["file"] = file.path();
        std::vector<Time> all(8);
        const std::string text = test::isolated_text([&] {
            Rig rig{settings};
            rig.run(1_ms);
            std::string said;
            for (const Time at : times(rig, Stage::offered))
                said += fmt::format("{} ", at.ps() / 1000);
            return said;
        });
        return text;
    };
    CHECK(offered({}) == "0 10000 30000 ");
    CHECK(offered({{"speed", "200"}}) == "0 5000 15000 ");
    CHECK(offered({{"speed", "25"}}) == "0 40000 120000 ");
    CHECK(offered({{"speed", "0"}, {"rate", "50000"}}) == "0 20000 40000 ");
    CHECK(offered({{"duration", "20us"}}) == "0 10000 ");
    // A pass begins a microsecond (or the frame's time on the wire) after the last frame of the one
    // before.
    CHECK(offered({{"repeat", "true"}, {"count", "5"}}) == "0 10000 30000 31000 41000 ");
}

TEST_CASE("a record that holds a part of its frame is dropped, and counted") {
    File file;
    file.make({{0, 60, 60}, {1000, 60, 1514}, {2000, 60, 60}});
    Rig rig{{{"pattern", "pcap"}, {"file", file.path()}}};
    rig.run(1_ms);
    CHECK(rig.log.count(Stage::offered) == 3);
    CHECK(rig.log.count(Stage::dropped, "pcap truncated") == 1);
    CHECK(rig.sink.got.size() == 2);
    CHECK(rig.value("offered") == rig.value("sent") + rig.value("offered_dropped"));
}

TEST_CASE("a file cut at any byte is an error at once, or ends the replay") {
    File whole;
    whole.make({{0, 60, 60}, {1000, 70, 70}, {2000, 80, 80}});
    const std::string bytes = whole.read();
    REQUIRE(bytes.size() == 24 + 3 * 16 + 60 + 70 + 80);
    const std::vector<size_t> ends{24, 24 + 76, 24 + 76 + 86, bytes.size()};
    test::TestBoard board;
    File file;
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
        INFO("cut at " << cut);
        file.write(bytes.substr(0, cut));
        const Read got = read_all(board, file.path());
        CHECK(got.refused == (cut < 24));
        if (cut < 24) continue;
        uint64_t complete = 0;
        for (size_t i = 1; i < ends.size(); ++i) complete += cut >= ends[i];
        CHECK(got.frames == complete);
        CHECK(got.broken == (std::find(ends.begin(), ends.end(), cut) == ends.end()));
    }
}

TEST_CASE("a source with a cut file sends what is whole, and counts the rest") {
    File file;
    file.make({{0, 60, 60}, {1000, 70, 70}, {2000, 80, 80}});
    file.write(file.read().substr(0, 24 + 76 + 86 + 50));
    Rig rig{{{"pattern", "pcap"}, {"file", file.path()}, {"repeat", "true"}}};
    rig.run(1_ms);
    CHECK(rig.sink.got.size() == 2);
    CHECK(rig.value("broken_records") == 1);
    CHECK(rig.board.sim.findings().count("a capture can not be read further, and its replay has ended") == 1);
}

TEST_CASE("files that are no captures of Ethernet frames are errors that say so") {
    const auto said = [](const std::string& path) {
        return test::isolated_text([&]() -> std::string {
            try {
                Rig rig{{{"pattern", "pcap"}, {"file", path}}};
                return "no error";
            } catch (const Error& error) {
                return error.what();
            }
        });
    };
    File file;
    CHECK_THAT(said(file.path()), Catch::Contains("No such file"));
    file.write("this is a letter, and not a capture of anything");
    CHECK_THAT(said(file.path()), Catch::Contains("not a capture"));
    file.make({}, DLT_RAW);
    CHECK_THAT(said(file.path()), Catch::Contains("only Ethernet"));
    CHECK_THAT(said("/"), Catch::Contains("peer.file: /:"));
}

TEST_CASE("captures with any byte changed do no harm") {
    File whole;
    whole.make({{0, 60, 60}, {1000, 70, 70}});
    const std::string bytes = whole.read();
    Random random{3};
    test::TestBoard board;
    File file;
    unsigned refused = 0, broken = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string changed = bytes;
        for (uint64_t n = 1 + random.below(3); n > 0; --n)
            changed[i % 2 ? random.below(changed.size()) : random.below(40)] =
                static_cast<char>(random.next());
        file.write(changed);
        INFO("change " << i);
        const Read got = read_all(board, file.path());
        CHECK(got.frames <= 20);
        refused += got.refused;
        broken += got.broken;
    }
    CHECK(refused > 100);
    CHECK(broken > 100);
}

TEST_CASE("a replay goes on after a restore with the next record") {
    File file;
    file.make({{0, 60, 60}, {10'000, 70, 70}, {20'000, 80, 80}, {30'000, 90, 90}});
    const test::TestBoard::Settings settings{{"pattern", "pcap"}, {"file", file.path()}};
    const std::string saved = test::isolated_text([&] {
        Rig rig{settings};
        rig.run(15_us);
        Archive archive{Archive::Mode::save};
        rig.board.sim.archive(archive);
        const auto bytes = archive.serialise();
        return std::string{bytes.begin(), bytes.end()};
    });
    Rig rig{settings};
    Archive archive =
        Archive::parse({reinterpret_cast<const uint8_t*>(saved.data()), saved.size()});
    rig.board.sim.archive(archive);
    rig.run(1_ms);
    REQUIRE(rig.sink.got.size() == 2);
    CHECK(rig.sink.got[0].second.bytes.size() == 80);
    CHECK(rig.sink.got[0].first == 20_us + Time::ns(92 * 8) + 500_ns);
    CHECK(rig.sink.got[1].second.bytes.size() == 90);
}
