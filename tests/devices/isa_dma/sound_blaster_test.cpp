// SPDX-License-Identifier: Apache-2.0
//
// The DSP of a Sound Blaster 2.0 (Sound Blaster Series Hardware Programming Guide, chapters 2, 3
// and 6) and its samples by DMA.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "tests/devices/isa_dma/dma_fixture.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::test;

namespace {

constexpr uint16_t dsp_reset = 0x226, dsp_read = 0x22a, dsp_write = 0x22c, dsp_status = 0x22e;

struct SoundBoard : DmaBoard {
    explicit SoundBoard(const Settings& card = {}) { plug("sound-blaster", "card", card); }
    /// Writes bytes as a driver does: each when the DSP is ready.
    static void write(Script& io, const std::vector<unsigned>& bytes) {
        for (unsigned byte : bytes) {
            while (io.in8(dsp_write) & 0x80) {
            }
            io.out8(dsp_write, static_cast<uint8_t>(byte));
        }
    }
    static int read(Script& io) { return io.in8(dsp_status) & 0x80 ? io.in8(dsp_read) : -1; }
    static void reset_card(Script& io) {
        io.out8(dsp_reset, 1);
        io.wait(3_us);
        io.out8(dsp_reset, 0);
        io.wait(100_us);
        io.in8(dsp_read);
    }
    LineLog irq{sim, board.line("irq5")};
    LineLog drq{sim, board.line("drq1")};
};

std::vector<Time> rises(const LineLog& log) {
    std::vector<Time> times;
    for (auto [t, level] : log.changes)
        if (level) times.push_back(t);
    return times;
}

/// A file of the test's own, and its bytes.
std::string wav_path(const char* name) {
    return std::string{SOUTHBRIDGE_BINARY_DIR} + "/" + name + ".wav";
}
std::vector<uint8_t> contents(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}
uint32_t number(const std::vector<uint8_t>& b, size_t at, unsigned bytes) {
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; ++i) v |= uint32_t{b.at(at + i)} << (8 * i);
    return v;
}
std::string text(const std::vector<uint8_t>& b, size_t at) {
    return {b.begin() + static_cast<long>(at), b.begin() + static_cast<long>(at) + 4};
}

}  // namespace

TEST_CASE("DSP reset answers AAh after its time") {
    SoundBoard board;
    board.run([&](Script& io) {
        CHECK(board.read(io) == -1);
        io.out8(dsp_reset, 1);
        io.wait(3_us);
        const Time released = io.time();
        io.out8(dsp_reset, 0);
        CHECK((io.in8(dsp_write) & 0x80) != 0);
        io.wait_until(released + 100_us - 1_ps);
        CHECK(board.read(io) == -1);
        CHECK(board.read(io) == 0xaa);
        CHECK(board.read(io) == -1);
        CHECK((io.in8(dsp_write) & 0x80) == 0);
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("DSP commands that answer") {
    struct Row {
        const char* what;
        std::vector<unsigned> bytes;
        std::vector<int> answers;
    };
    const Row rows[] = {
        {"version 2.01", {0xe1}, {2, 1}},
        {"identification", {0xe0, 0x5c}, {0xa3}},
        {"test register", {0xe4, 0x99, 0xe8}, {0x99}},
        {"speaker at first", {0xd8}, {0x00}},
        {"speaker on", {0xd1, 0xd8}, {0xff}},
        {"speaker off", {0xd1, 0xd3, 0xd8}, {0x00}},
        {"parameters are not commands", {0x40, 0xe1, 0xe0, 0x00}, {0xff}},
        {"a length has two bytes", {0x48, 0xe1, 0xe1, 0xe0, 0x01}, {0xfe}},
        {"direct input of the pattern", {0x20, 0x20, 0x20}, {0, 1, 2}},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        CHECK(isolated([&] {
            SoundBoard board{{{"input", "pattern"}}};
            bool right = true;
            board.run([&](Script& io) {
                board.write(io, row.bytes);
                for (int answer : row.answers) right = right && board.read(io) == answer;
                right = right && board.read(io) == -1;
            });
            return right && board.findings() == 0;
        }));
    }
}

TEST_CASE("DSP interrupt by command is acknowledged by the read status") {
    SoundBoard board{{{"irq", "7"}, {"port", "0x240"}}};
    LineLog irq7{board.sim, board.board.line("irq7")};
    board.run([&](Script& io) {
        io.out8(0x24c, 0xf2);
        CHECK(irq7.level());
        io.wait(5_us);
        CHECK(irq7.level());
        io.in8(0x24e);
        CHECK_FALSE(irq7.level());
    });
}

TEST_CASE("DSP sample clock is exact and the block's interrupt ends its last DMA cycle") {
    struct Row {
        const char* what;
        unsigned time_constant;
        uint64_t period_us;
    };
    const Row rows[] = {{"8 kHz", 131, 125}, {"22.2 kHz", 211, 45}, {"4 kHz", 6, 250}};
    for (const Row& row : rows) {
        INFO(row.what);
        const bool right = isolated([&] {
            SoundBoard board;
            Time start;
            board.run([&](Script& io) {
                program(
                    io,
                    {.channel = 1, .mode = single | from_memory, .address = 0x1000, .count = 9});
                board.write(io, {0x40, row.time_constant, 0x14, 9});
                while (io.in8(dsp_write) & 0x80) {
                }
                start = io.time();
                io.out8(dsp_write, 0);
                io.wait(20_ms);
            });
            const auto ticks = rises(board.drq);
            if (ticks.size() != 10 || board.findings() > 0) return false;
            for (size_t i = 0; i < ticks.size(); ++i)
                if (ticks[i] != start + Time::us(row.period_us * (i + 1))) return false;
            return rises(board.irq) == std::vector{ticks.back() + dma_clocks(6)};
        });
        CHECK(right);
    }
}

TEST_CASE("DSP auto-initialise interrupts after each block until it is left") {
    SoundBoard board;
    std::vector<uint64_t> blocks;
    board.run([&](Script& io) {
        program(io, {.channel = 1,
                     .mode = single | automatic | from_memory,
                     .address = 0x1000,
                     .count = 15});
        board.write(io, {0x40, 156, 0x48, 7, 0, 0x1c});  // 100 us, blocks of 8
        for (int i = 0; i < 4; ++i) {
            io.wait_for([&] { return board.irq.level(); }, 1_us, 10_ms);
            io.in8(dsp_status);
        }
        board.write(io, {0xda});
        io.wait(10_ms);
        CHECK(board.irq.level());
    });
    const auto times = rises(board.irq);
    REQUIRE(times.size() == 5);  // the one during which it was left is the last
    for (size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] == 800_us);
    CHECK(rises(board.drq).size() == 40);
    CHECK(board.findings() == 0);
}

TEST_CASE("DSP a single block follows an auto-init transfer") {
    SoundBoard board;
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | automatic | from_memory, .count = 15});
        board.write(io, {0x40, 156, 0x48, 7, 0, 0x1c});
        io.wait(150_us);
        board.write(io, {0x14, 2, 0});
        io.wait(20_ms);
    });
    CHECK(rises(board.drq).size() == 8 + 3);
}

TEST_CASE("DSP pause stops the sample clock and continue starts it again") {
    SoundBoard board;
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | from_memory, .count = 99});
        board.write(io, {0x40, 156, 0x14, 9, 0});
        io.wait(450_us);
        board.write(io, {0xd0});
        const size_t before = rises(board.drq).size();
        CHECK(before == 4);
        io.wait(5_ms);
        CHECK(rises(board.drq).size() == before);
        board.write(io, {0xd4});
        io.wait(5_ms);
        CHECK(rises(board.drq).size() == 10);
        CHECK(rises(board.irq).size() == 1);
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("DSP high speed takes no commands until it ends or is reset") {
    SoundBoard board;
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | automatic | from_memory, .count = 99});
        board.write(io, {0x40, 233, 0x48, 9, 0, 0x91});  // 23 us, one block of 10
        CHECK((io.in8(dsp_write) & 0x80) != 0);
        io.wait(1_ms);
        CHECK((io.in8(dsp_write) & 0x80) == 0);
        CHECK(rises(board.drq).size() == 10);
        CHECK(rises(board.irq).size() == 1);
        io.in8(dsp_status);

        board.write(io, {0x90});
        io.wait(1_ms);
        CHECK(board.findings() == 1);  // interrupts that nobody acknowledged
        io.out8(dsp_write, 0xd0);      // lost
        CHECK(board.findings() == 2);
        const size_t before = rises(board.drq).size();
        io.wait(1_ms);
        CHECK(rises(board.drq).size() > before + 40);
        io.out8(dsp_reset, 1);
        io.wait(3_us);
        io.out8(dsp_reset, 0);
        const size_t after = rises(board.drq).size();
        io.wait(1_ms);
        CHECK(rises(board.drq).size() == after);
        CHECK(board.read(io) == -1);  // that mode ended, and no more
    });
}

TEST_CASE("DSP records the pattern without loss") {
    SoundBoard board{{{"input", "pattern"}}};
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | to_memory, .address = 0x2000, .count = 499});
        board.write(io, {0x40, 156, 0x24, 0xf3, 0x01});  // 500 samples
        io.wait(100_ms);
    });
    for (unsigned i = 0; i < 500; ++i) {
        INFO(i);
        CHECK(board.memory_bytes[0x2000 + i] == i % 256);
    }
    CHECK(rises(board.irq).size() == 1);
    CHECK(board.findings() == 0);
}

TEST_CASE("DSP records a sine") {
    SoundBoard board;
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | to_memory, .address = 0x2000, .count = 127});
        board.write(io, {0x40, 156, 0x24, 127, 0});
        io.wait(50_ms);
    });
    const uint8_t* s = board.memory_bytes + 0x2000;
    for (unsigned i = 0; i < 64; ++i) {
        INFO(i);
        CHECK(s[i] == s[i + 64]);
        const double exact = 128 + 100 * std::sin(2 * 3.14159265358979 * i / 64);
        CHECK(std::abs(s[i] - exact) < 1.5);  // Bhaskara is right to 0.0017
    }
}

TEST_CASE("DSP samples whose DMA cycle comes too late are a finding") {
    for (const char* which : {"output", "input"}) {
        INFO(which);
        const bool output = which[0] == 'o';
        CHECK(isolated([&] {
            SoundBoard board{{{"input", "pattern"}}};
            bool right = true;
            board.run([&](Script& io) {
                const uint8_t mode = single | (output ? from_memory : to_memory);
                board.write(io, {0x40, 156, output ? 0x14u : 0x24u, 9, 0});
                io.wait(350_us);  // three ticks with the channel masked: two are too late
                program(io, {.channel = 1, .mode = mode, .address = 0x2000, .count = 9});
                io.wait(5_ms);
                right = output || board.memory_bytes[0x2000] == 2;
            });
            return right && board.sim.findings().count(
                                "a DMA cycle came too late for the sound card's sample clock") == 2;
        }));
    }
}

TEST_CASE("WAV file holds what was played") {
    const std::string path = wav_path("isa_dma_played");
    isolated([&] {
        SoundBoard board{{{"output", "file:" + path}}};
        for (unsigned i = 0; i < 101; ++i)
            board.memory_bytes[0x3000 + i] = static_cast<uint8_t>(255 - i);
        board.run([&](Script& io) {
            board.write(io, {0xd1, 0x40, 131});
            program(io,
                    {.channel = 1, .mode = single | from_memory, .address = 0x3000, .count = 100});
            board.write(io, {0x14, 100, 0});
            io.wait(50_ms);
            board.write(io, {0x80, 9, 0});  // ten samples of silence
            io.wait(5_ms);
            board.write(io, {0xd3});  // not heard
            program(io,
                    {.channel = 1, .mode = single | from_memory, .address = 0x3000, .count = 3});
            board.write(io, {0x14, 3, 0});
            io.wait(5_ms);
        });
        return 0;
    });
    const auto wav = contents(path);
    std::remove(path.c_str());
    constexpr uint32_t samples = 101 + 10 + 4;
    REQUIRE(wav.size() == 44 + samples + samples % 2);
    CHECK(text(wav, 0) == "RIFF");
    CHECK(number(wav, 4, 4) == wav.size() - 8);
    CHECK(text(wav, 8) == "WAVE");
    CHECK(text(wav, 12) == "fmt ");
    CHECK(number(wav, 16, 4) == 16);
    CHECK(number(wav, 20, 2) == 1);     // PCM
    CHECK(number(wav, 22, 2) == 1);     // channels
    CHECK(number(wav, 24, 4) == 8000);  // samples a second
    CHECK(number(wav, 28, 4) == 8000);  // bytes a second
    CHECK(number(wav, 32, 2) == 1);
    CHECK(number(wav, 34, 2) == 8);
    CHECK(text(wav, 36) == "data");
    CHECK(number(wav, 40, 4) == samples);
    for (unsigned i = 0; i < 101; ++i) CHECK(wav[44 + i] == 255 - i);
    for (unsigned i = 101; i < samples; ++i) CHECK(wav[44 + i] == 0x80);
}

TEST_CASE("WAV file keeps the played time when the rate changes and in direct output") {
    const std::string path = wav_path("isa_dma_rates");
    isolated([&] {
        SoundBoard board{{{"output", "file:" + path}}};
        std::fill_n(board.memory_bytes + 0x3000, 100, 0x11);
        std::fill_n(board.memory_bytes + 0x4000, 100, 0x22);
        board.run([&](Script& io) {
            board.write(io, {0xd1, 0x40, 156});  // 100 us: the file's
            program(io,
                    {.channel = 1, .mode = single | from_memory, .address = 0x3000, .count = 9});
            board.write(io, {0x14, 9, 0});
            io.wait(5_ms);
            board.write(io, {0x40, 56});  // 200 us: twice each
            program(io,
                    {.channel = 1, .mode = single | from_memory, .address = 0x4000, .count = 9});
            board.write(io, {0x14, 9, 0});
            io.wait(5_ms);
            board.write(io, {0x10, 0x33});
            io.wait(1_ms);
            board.write(io, {0x10, 0x44});
        });
        return 0;
    });
    const auto wav = contents(path);
    std::remove(path.c_str());
    REQUIRE(number(wav, 40, 4) == 40);
    CHECK(number(wav, 24, 4) == 10'000);
    for (unsigned i = 0; i < 10; ++i) CHECK(wav[44 + i] == 0x11);
    for (unsigned i = 10; i < 30; ++i) CHECK(wav[44 + i] == 0x22);
    for (unsigned i = 30; i < 40; ++i) CHECK(wav[44 + i] == 0x33);
}

TEST_CASE("WAV file is well-formed where the run ended in the middle") {
    const std::string path = wav_path("isa_dma_middle");
    isolated([&] {
        SoundBoard board{{{"output", "file:" + path}}};
        board.run(
            [&](Script& io) {
                board.write(io, {0xd1, 0x40, 131});
                program(io, {.channel = 1, .mode = single | automatic | from_memory, .count = 99});
                board.write(io, {0x48, 99, 0, 0x1c});
                io.wait(Time::s(10));
            },
            50_ms);
        return 0;
    });
    const auto wav = contents(path);
    std::remove(path.c_str());
    REQUIRE(wav.size() > 44 + 390);
    CHECK(number(wav, 4, 4) == wav.size() - 8);
    CHECK(number(wav, 40, 4) + number(wav, 40, 4) % 2 == wav.size() - 44);
}

TEST_CASE("DSP and drivers' mistakes are findings") {
    struct Row {
        const char* what;
        std::function<void(Script&)> body;
        const char* finding;
    };
    const Row rows[] = {
        {"reset too short",
         [](Script& io) {
             io.out8(dsp_reset, 1);
             io.out8(dsp_reset, 0);
         },
         "the DSP's reset was released before 3 us had passed: ignored"},
        {"busy",
         [](Script& io) {
             io.out8(dsp_write, 0xd1);
             io.out8(dsp_write, 0xd3);
         },
         "a byte was written to the DSP while its write status was busy (taken all the same)"},
        {"empty", [](Script& io) { io.in8(dsp_read); },
         "the DSP's read data were read while there were none"},
        {"unknown", [](Script& io) { io.out8(dsp_write, 0xb0); },
         "a command was written that DSP 2.01 does not have, or this model does not: ignored"},
        {"rate",
         [](Script& io) {
             SoundBoard::write(io, {0x40, 255, 0x1c});
         },
         "a sample rate was asked for that DSP 2.01 is not specified for"},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        CHECK(isolated([&] {
                  SoundBoard board;
                  board.run([&](Script& io) { row.body(io); });
                  return board.sim.findings().count(row.finding);
              }) == 1);
    }
}

TEST_CASE("a machine saved in the middle of sound goes on as it would have") {
    auto text_of = [](Archive& archive) {
        const auto bytes = archive.serialise();
        return std::string{bytes.begin(), bytes.end()};
    };
    auto begin = [](Script& io) {
        program(io,
                {.channel = 1, .mode = single | automatic | from_memory, .page = 1, .count = 99});
        SoundBoard::write(io, {0xd1, 0x40, 156, 0x48, 49, 0, 0x1c});
        io.wait_until(Time::us(3'141));
    };
    const std::string saved = isolated_text([&] {
        SoundBoard board;
        board.run([&](Script& io) { begin(io); });
        Archive archive{Archive::Mode::save};
        board.sim.archive(archive);
        return text_of(archive);
    });
    auto rest = [&](bool load) {
        return isolated_text([&] {
            SoundBoard board;
            if (load) {
                Archive archive =
                    Archive::parse({reinterpret_cast<const uint8_t*>(saved.data()), saved.size()});
                board.sim.archive(archive);
            }
            LineLog dack{board.sim, board.board.line("dack1")};
            board.run([&](Script& io) {
                if (!load) begin(io);
                io.wait_until(20_ms);
            });
            std::string times;
            for (const LineLog* log : {&board.irq, &board.drq, &dack})
                for (auto [t, level] : log->changes)
                    if (t > 3'141_us) times += std::to_string(t.ps()) + (level ? "+ " : "- ");
            return times;
        });
    };
    CHECK(rest(true).size() > 1000);
    CHECK(rest(true) == rest(false));
}
