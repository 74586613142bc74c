// SPDX-License-Identifier: Apache-2.0
//
// The ATAPI CD-ROM: ATA/ATAPI-6's PACKET protocol and the packet commands that systems use.
#include <cstring>

#include "tests/devices/ide/ide_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::ide;

namespace {

using Cdb = std::array<uint8_t, 12>;

struct Answer {
    std::string bytes;
    uint8_t status = 0;
    unsigned blocks = 0;  // DRQ blocks
};

/// Sends a packet and takes its data by PIO, at most `limit` bytes a block.
Answer packet(Script& io, Cdb cdb, unsigned limit = 2048) {
    Answer answer;
    io.out8(features, 0);
    io.out8(lba_mid, static_cast<uint8_t>(limit));
    io.out8(lba_high, static_cast<uint8_t>(limit >> 8));
    io.out8(command, 0xa0);
    wait_ready(io);
    CHECK((io.in8(status) & drq) != 0);
    CHECK(io.in8(count) == 1);  // C/D, to the device
    for (size_t i = 0; i < cdb.size(); i += 2)
        io.out16(data, static_cast<uint16_t>(cdb[i] | cdb[i + 1] << 8));
    for (;;) {
        wait_ready(io);
        answer.status = io.in8(status);
        if (!(answer.status & drq)) break;
        ++answer.blocks;
        CHECK(io.in8(count) == 2);  // data, to the host
        const unsigned bytes = io.in8(lba_mid) + 256u * io.in8(lba_high);
        CHECK(bytes <= limit);
        for (unsigned i = 0; i < bytes; i += 2) {
            const uint16_t word = io.in16(data);
            answer.bytes.push_back(static_cast<char>(word));
            if (i + 1 < bytes) answer.bytes.push_back(static_cast<char>(word >> 8));
        }
    }
    CHECK(io.in8(count) == 3);  // the end
    return answer;
}

std::string sense(Script& io) {
    const Answer answer = packet(io, {0x03, 0, 0, 0, 18});
    REQUIRE(answer.bytes.size() == 18);
    return fmt::format("{:x}/{:02x}/{:02x}", answer.bytes[2] & 0xf,
                       static_cast<uint8_t>(answer.bytes[12]),
                       static_cast<uint8_t>(answer.bytes[13]));
}

std::string hex(const std::string& bytes) {
    std::string text;
    for (char c : bytes) text += fmt::format("{:02x}", static_cast<uint8_t>(c));
    return text;
}

std::string disc(const ImageFile& image, uint64_t block, uint64_t blocks) {
    const auto all = image.contents();
    return {all.begin() + static_cast<ptrdiff_t>(block * 2048),
            all.begin() + static_cast<ptrdiff_t>((block + blocks) * 2048)};
}

struct CdBoard : IdeBoard {
    explicit CdBoard(uint64_t blocks = 100, Settings more = {}) : image{blocks * 2048} {
        more.try_emplace("channel", "primary");
        if (blocks) more.try_emplace("image", image.path());
        plug("atapi-cdrom", "cd", more);
    }
    ImageFile image;
};

}  // namespace

TEST_CASE("a CD-ROM shows its signature and refuses to be a disk") {
    CdBoard board;
    board.run([&](Script& io) {
        auto shown = [&] {
            CHECK(io.in8(lba_mid) == 0x14);
            CHECK(io.in8(lba_high) == 0xeb);
            CHECK(io.in8(count) == 1);
            CHECK(io.in8(lba_low) == 1);
        };
        shown();
        CHECK(io.in8(status) == 0);
        CHECK((run_command(io, 0xec) & err) != 0);
        CHECK(io.in8(error) == abrt);
        shown();
        io.out8(control, srst);
        io.wait(10_us);
        io.out8(control, 0);
        wait_ready(io);
        CHECK(io.in8(status) == 0);
        shown();
        io.out8(command, 0x08);
        wait_ready(io);
        shown();
        io.out8(command, 0xa1);
        CHECK((wait_ready(io) & drq) != 0);
        const auto words = read_block(io, 256);
        CHECK(words[0] == 0x85c0);
        CHECK(words[49] == 0x0f00);
        CHECK(words[88] == 0x003f);
        CHECK((words[27] >> 8) == 'S');
        CHECK((io.in8(status) & (drq | err | bsy)) == 0);
    });
}

TEST_CASE("packet commands answer as documented") {
    CdBoard board{100};
    board.run([&](Script& io) {
        // The first command after a reset meets a unit attention.
        const Answer first = packet(io, {0x00});
        CHECK((first.status & err) != 0);
        CHECK(io.in8(error) == 0x60);
        CHECK(sense(io) == "6/29/00");
        CHECK(sense(io) == "0/00/00");
        CHECK((packet(io, {0x00}).status & err) == 0);
        struct Row {
            const char* what;
            Cdb cdb;
            const char* answer;
        };
        const Row rows[] = {
            {"READ CAPACITY", {0x25}, "0000006300000800"},
            {"INQUIRY, five bytes of it", {0x12, 0, 0, 0, 5}, "058000321f"},
            {"READ TOC",
             {0x43, 0, 0, 0, 0, 0, 0, 0, 20},
             "0012010100140100"
             "00000000"
             "0014aa00"
             "00000064"},
            {"READ TOC in minutes, lead-out",
             {0x43, 2, 0, 0, 0, 0, 0xaa, 0, 20},
             "000a01010014aa00"
             "00000319"},
            {"READ TOC, session", {0x43, 0, 1, 0, 0, 0, 0, 0, 12}, "000a01010014010000000000"},
            {"GET CONFIGURATION, header", {0x46, 0, 0, 0, 0, 0, 0, 0, 8}, "0000002800000008"},
            {"GET EVENT STATUS, media", {0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8}, "0006041000020000"},
            {"GET EVENT STATUS, none of the classes", {0x4a, 1, 0, 0, 2, 0, 0, 0, 8}, "00028010"},
            {"MODE SENSE, error recovery",
             {0x5a, 0, 1, 0, 0, 0, 0, 0, 16},
             "000e0100000000000106000500000000"},
            {"MECHANISM STATUS", {0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8}, "0000000000010000"},
            {"PREVENT REMOVAL", {0x1e, 0, 0, 0, 1}, ""},
            {"START STOP UNIT, start", {0x1b, 0, 0, 0, 1}, ""}};
        for (const Row& row : rows) {
            INFO(row.what);
            const Answer answer = packet(io, row.cdb);
            CHECK((answer.status & err) == 0);
            CHECK(hex(answer.bytes) == row.answer);
        }
        struct Refused {
            Cdb cdb;
            const char* sense;
        };
        const Refused refused[] = {{{0xff}, "5/20/00"},
                                   {{0x1b, 0, 0, 0, 2}, "5/53/02"},
                                   {{0x28, 0, 0, 0, 0, 100, 0, 0, 1}, "5/21/00"},
                                   {{0x28, 0, 0, 0, 0, 99, 0, 0, 2}, "5/21/00"},
                                   {{0xa8, 0, 0, 0, 0, 0, 0xff, 0, 0, 0}, "5/21/00"},
                                   {{0x43, 0, 5}, "5/24/00"},
                                   {{0x12, 1, 0, 0, 36}, "5/24/00"},
                                   {{0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8}, "5/24/00"},
                                   {{0x5a, 0, 0x0e, 0, 0, 0, 0, 0, 8}, "5/24/00"}};
        for (const Refused& row : refused) {
            INFO(unsigned{row.cdb[0]});
            CHECK((packet(io, row.cdb).status & err) != 0);
            CHECK(io.in8(error) == 0x54);
            CHECK(sense(io) == row.sense);
        }
    });
}

TEST_CASE("an empty drive is not ready") {
    IdeBoard board;
    board.plug("atapi-cdrom", "cd", {{"channel", "primary"}});
    board.run([&](Script& io) {
        packet(io, {0x00});
        for (const Cdb& cdb : {Cdb{0x00}, Cdb{0x25}, Cdb{0x28, 0, 0, 0, 0, 0, 0, 0, 1}}) {
            CHECK((packet(io, cdb).status & err) != 0);
            CHECK(sense(io) == "2/3a/00");
        }
    });
}

TEST_CASE("READ gives the disc's bytes in blocks of the host's limit, and takes the disc's time") {
    CdBoard board{100, {{"speed", "10"}, {"seek_time", "100ms"}}};
    board.run([&](Script& io) {
        packet(io, {0x00});
        struct Row {
            Cdb cdb;
            unsigned limit, first, count, blocks;
        };
        const Row rows[] = {{{0x28, 0, 0, 0, 0, 7, 0, 0, 3}, 2048, 7, 3, 3},
                            {{0xa8, 0, 0, 0, 0, 16, 0, 0, 0, 2}, 512, 16, 2, 8},
                            {{0x28, 0, 0, 0, 0, 98, 0, 0, 2}, 0xfffe, 98, 2, 2},
                            {{0x28, 0, 0, 0, 0, 1, 0, 0, 1}, 1500, 1, 1, 2}};
        for (const Row& row : rows) {
            const Answer answer = packet(io, row.cdb, row.limit);
            CHECK((answer.status & err) == 0);
            CHECK(answer.blocks == row.blocks);
            CHECK((answer.bytes == disc(board.image, row.first, row.count)));
        }
        CHECK((packet(io, {0x28, 0, 0, 0, 0, 5, 0, 0, 0}).bytes.empty()));
        // From the last byte of the packet: overhead, seek, and one sector of 1/750 s.
        io.out8(lba_mid, 0);
        io.out8(lba_high, 8);
        io.out8(command, 0xa0);
        wait_ready(io);
        for (uint16_t word : {0x28, 0, 40 << 8, 0, 2, 0}) io.out16(data, word);
        const Time start = io.time();
        board.irq14.changes.clear();
        io.wait(1_s);
        const Time sector = Time::ps(1'000'000'000'000 / 750);
        REQUIRE_FALSE(board.irq14.changes.empty());
        CHECK(board.irq14.changes[0].first == start + 200_us + 100_ms + sector);
        CHECK((io.in8(status) & drq) != 0);
    });
}

TEST_CASE("READ by DMA moves whole blocks at the mode's rate") {
    CdBoard board{100};
    board.run([&](Script& io) {
        board.enable();
        packet(io, {0x00});
        CHECK((set_mode(io, 0x42) & err) == 0);
        board.put_table(0x1000, {{0x20000, 5 * 2048, true}});
        io.out8(features, 1);
        io.out8(command, 0xa0);
        wait_ready(io);
        for (uint16_t word : {0x28, 0, 20 << 8, 0, 5, 0}) io.out16(data, word);
        dma_start(io, 0x1000, true);
        CHECK(io.wait_for([&] { return board.irq14.level(); }, 10_us, 1_s));
        CHECK((io.in8(bm_status) & (bm_active | bm_error | bm_interrupt)) == bm_interrupt);
        CHECK((io.in8(status) & (bsy | drq | err)) == 0);
        CHECK(io.in8(count) == 3);
        const std::string wanted = disc(board.image, 20, 5);
        CHECK(std::memcmp(board.ram + 0x20000, wanted.data(), wanted.size()) == 0);
        // A short answer, too.
        board.put_table(0x1000, {{0x30000, 8, true}});
        io.out8(features, 1);
        io.out8(command, 0xa0);
        wait_ready(io);
        for (uint16_t word : {0x25, 0, 0, 0, 0, 0}) io.out16(data, word);
        dma_start(io, 0x1000, true);
        CHECK(io.wait_for([&] { return board.irq14.level(); }, 10_us, 1_s));
        CHECK(board.ram[0x30003] == 99);
        io.out8(bm_command, 0);
    });
}

TEST_CASE("random packets leave the drive usable") {
    CdBoard board{100, {{"seek_time", "0ns"}}};
    board.run([&](Script& io) {
        uint32_t seed = 1;
        auto random = [&] {
            return static_cast<uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
        };
        const uint8_t known[]{0x00, 0x03, 0x12, 0x1b, 0x25, 0x28,
                              0x43, 0x46, 0x4a, 0x5a, 0xa8, 0xbd};
        for (int i = 0; i < 400; ++i) {
            Cdb cdb{};
            for (uint8_t& byte : cdb) byte = random() % 3 ? 0 : random();
            cdb[0] = known[random() % std::size(known)];
            packet(io, cdb, 2u + random() * 16u);
        }
        packet(io, {0x00});
        CHECK((packet(io, {0x28, 0, 0, 0, 0, 3, 0, 0, 1}).bytes == disc(board.image, 3, 1)));
    });
}
