// SPDX-License-Identifier: Apache-2.0
//
// TFTP, byte by byte, against RFC 1350 and RFC 2347 to 2349; names that try to leave the folder;
// hostile frames.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "sim/kernel/random.h"
#include "tests/devices/network_services/client.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
namespace net = sb::bus::internet;
using sb::test::Client;
using sb::test::counter;
using sb::test::Script;

namespace {

constexpr uint16_t port = 2000;

/// A folder with files, of this process, gone with it.
class Folder {
  public:
    Folder() : path_{std::filesystem::temp_directory_path() / fmt::format("tftp{}", getpid())} {
        std::filesystem::create_directories(path_ / "served" / "below");
        write("secret", 10);
        for (const auto& [name, size] :
             std::vector<std::pair<std::string, size_t>>{{"served/short", 10},
                                                         {"served/two", 512},
                                                         {"served/long", 5000},
                                                         {"served/below/it", 100},
                                                         {"served/empty", 0}})
            write(name, size);
        std::filesystem::create_symlink(path_ / "secret", path_ / "served" / "link");
        std::filesystem::create_symlink("short", path_ / "served" / "alias");
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string served() const { return (path_ / "served").string(); }
    static uint8_t byte(size_t at) { return static_cast<uint8_t>(at * 7 + at / 256); }

  private:
    void write(const std::string& name, size_t size) const {
        std::ofstream file{path_ / name, std::ios::binary};
        for (size_t i = 0; i < size; ++i) file.put(static_cast<char>(byte(i)));
    }
    std::filesystem::path path_;
};

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::vector<uint8_t> read_request(const std::string& name, const std::string& options = {}) {
    return bytes_of(std::string("\0\1", 2) + name + std::string("\0octet\0", 7) + options);
}

std::vector<uint8_t> acknowledgement(uint16_t block) {
    return {0, 4, static_cast<uint8_t>(block >> 8), static_cast<uint8_t>(block)};
}

struct Reply {
    uint16_t from = 0;
    std::vector<uint8_t> bytes;
    bool is(const std::string& text) const { return bytes == bytes_of(text); }
    bool error(uint8_t code) const {
        return bytes.size() > 5 && bytes[1] == 5 && bytes[3] == code && bytes.back() == 0;
    }
};

/// Sends a message and gives what comes back within a millisecond; nothing: empty.
Reply talk(Client& client, Script& io, uint16_t to, const std::vector<uint8_t>& message,
           uint16_t from = port) {
    const size_t before = client.station.got.size();
    client.send(io, from, to, message);
    io.wait(1_ms);
    if (client.station.got.size() == before) return {};
    const net::Packet packet = net::read(client.station.got.back().second.bytes);
    CHECK(packet.to.port == from);
    return {packet.from.port, {packet.payload.begin(), packet.payload.end()}};
}

/// Gets a whole file.
std::vector<uint8_t> fetch(Client& client, Script& io, Reply reply, size_t block_size) {
    std::vector<uint8_t> file;
    for (uint16_t block = 1; block < 2000; ++block) {
        REQUIRE(reply.bytes.size() >= 4);
        CHECK(net::get16(&reply.bytes[0]) == 3);
        CHECK(net::get16(&reply.bytes[2]) == block);
        file.insert(file.end(), reply.bytes.begin() + 4, reply.bytes.end());
        const bool last = reply.bytes.size() - 4 < block_size;
        reply = talk(client, io, reply.from, acknowledgement(block));
        if (last) break;
    }
    CHECK(reply.bytes.empty());
    return file;
}

bool good(const std::vector<uint8_t>& file, size_t size) {
    if (file.size() != size) return false;
    for (size_t i = 0; i < size; ++i)
        if (file[i] != Folder::byte(i)) return false;
    return true;
}

/// How many hostile frames: SOUTHBRIDGE_FUZZ_FRAMES asks for more.
uint64_t fuzz_frames(uint64_t usual) {
    const char* text = std::getenv("SOUTHBRIDGE_FUZZ_FRAMES");
    return text ? std::strtoull(text, nullptr, 0) : usual;
}

}  // namespace

TEST_CASE(
    "files without options come in blocks of 512 bytes, the last one shorter, if need be empty") {
    Folder folder;
    Client client{{{"folder", folder.served()}}};
    client.run([&](Script& io) {
        const Reply first = talk(client, io, 69, read_request("short"));
        CHECK(first.from == 49152);  // a port of the transfer's own
        CHECK(first.is(std::string("\0\3\0\1", 4) +
                       std::string("\0\x07\x0e\x15\x1c\x23\x2a\x31\x38\x3f", 10)));
        CHECK(good(fetch(client, io, first, 512), 10));
        CHECK(good(fetch(client, io, talk(client, io, 69, read_request("two")), 512), 512));
        CHECK(good(fetch(client, io, talk(client, io, 69, read_request("/long")), 512), 5000));
        CHECK(good(fetch(client, io, talk(client, io, 69, read_request("below/it")), 512), 100));
        CHECK(good(fetch(client, io, talk(client, io, 69, read_request("empty")), 512), 0));
        CHECK(good(fetch(client, io, talk(client, io, 69, read_request("alias")), 512), 10));
    });
    CHECK(counter(*client.services, "tftp_finished") == 6);
    CHECK(counter(*client.services, "tftp_bytes") == 10 + 512 + 5000 + 100 + 10);
    CHECK(counter(*client.services, "tftp_blocks") == 1 + 2 + 10 + 1 + 1 + 1);
    CHECK(counter(*client.services, "tftp_resent") == 0);
}

TEST_CASE("options are acknowledged as RFC 2347 to 2349 have them") {
    Folder folder;
    Client client{{{"folder", folder.served()}}};
    const auto options = [](std::initializer_list<const char*> words) {
        std::string text;
        for (const char* word : words) text += std::string{word} + '\0';
        return text;
    };
    client.run([&](Script& io) {
        Reply told =
            talk(client, io, 69,
                 read_request("long", options({"BLKSIZE", "1000", "tsize", "0", "timeout", "3"})));
        CHECK(told.is(std::string("\0\6", 2) +
                      options({"blksize", "1000", "tsize", "5000", "timeout", "3"})));
        CHECK(good(fetch(client, io, talk(client, io, told.from, acknowledgement(0)), 1000), 5000));
        // No more than fits into a frame: 1514 - 14 - 20 - 8 - 4.
        told = talk(client, io, 69, read_request("long", options({"blksize", "65464"})));
        CHECK(told.is(std::string("\0\6", 2) + options({"blksize", "1468"})));
        CHECK(good(fetch(client, io, talk(client, io, told.from, acknowledgement(0)), 1468), 5000));
        // Unknown options, and values that can not be: as if they were not there.
        for (const auto& words :
             {options({"multicast", ""}), options({"blksize", "7"}), options({"blksize", "65465"}),
              options({"blksize", "8x"}), options({"timeout", "0"}), options({"timeout", "256"}),
              options({"tsize"})})
            CHECK(good(fetch(client, io, talk(client, io, 69, read_request("short", words)), 512),
                       10));
    });
}

TEST_CASE("what can not be is refused with the error that RFC 1350 has for it") {
    Folder folder;
    Client client{{{"folder", folder.served()}}};
    client.run([&](Script& io) {
        CHECK(talk(client, io, 69, read_request("nothing")).error(1));
        CHECK(talk(client, io, 69, read_request("")).error(1));
        CHECK(talk(client, io, 69, read_request("below")).error(1));
        CHECK(talk(client, io, 69, read_request(std::string(400, 'x'))).error(1));
        for (const char* out : {"../secret", "below/../../secret", "/../secret", "link", ".."})
            CHECK(talk(client, io, 69, read_request(out)).error(2));
        CHECK(talk(client, io, 69, bytes_of(std::string("\0\2file\0octet\0", 13)))
                  .error(2));  // to write
        CHECK(talk(client, io, 69, bytes_of(std::string("\0\1short\0mail\0", 13))).error(0));
        CHECK(talk(client, io, 69, bytes_of(std::string("\0\1short\0octet", 13))).error(4));
        CHECK(talk(client, io, 69, acknowledgement(0)).error(4));
        CHECK(talk(client, io, 50000, acknowledgement(1)).error(5));
        CHECK(talk(client, io, 50000, {0, 5, 0, 0, 0}).bytes.empty());  // an error is not answered
        // A stranger does not disturb a transfer; a client's error ends it.
        const Reply first = talk(client, io, 69, read_request("long"));
        CHECK(talk(client, io, first.from, acknowledgement(1), port + 1).error(5));
        CHECK(talk(client, io, first.from, acknowledgement(1)).bytes[3] == 2);
        CHECK(talk(client, io, first.from, {0, 5, 0, 0, 0}).bytes.empty());
        CHECK(talk(client, io, first.from, acknowledgement(2)).error(5));
    });
}

TEST_CASE("a block without an answer is sent again after the time-out, and given up in the end") {
    Folder folder;
    Client client{
        {{"folder", folder.served()}, {"timeout", "10ms"}, {"attempts", "3"}, {"delay", "0s"}}};
    client.run([&](Script& io) {
        const Reply first = talk(client, io, 69, read_request("long"));
        // An acknowledgement that comes twice does not send a block twice (RFC 1123, 4.2.3.1).
        CHECK(talk(client, io, first.from, acknowledgement(1)).bytes[3] == 2);
        CHECK(talk(client, io, first.from, acknowledgement(1)).bytes.empty());
        io.wait(100_ms);
        REQUIRE(client.station.got.size() == 4);  // block 1, and three times block 2
        CHECK(client.station.got[2].first == client.station.got[1].first + 10_ms);
        CHECK(client.station.got[3].first == client.station.got[1].first + 20_ms);
        CHECK(client.station.got[3].second.bytes[42 + 3] == 2);
        CHECK(talk(client, io, first.from, acknowledgement(2)).error(5));
    });
    CHECK(counter(*client.services, "tftp_resent") == 2);
    CHECK(counter(*client.services, "tftp_failed") == 1);
}

TEST_CASE("one file is served under its own name, and named by DHCP") {
    Folder folder;
    Client client{{{"file", folder.served() + "/short"}}};
    client.run([&](Script& io) {
        CHECK(good(fetch(client, io, talk(client, io, 69, read_request("short")), 512), 10));
        CHECK(talk(client, io, 69, read_request("two")).error(1));
    });
}

TEST_CASE(
    "transfers are bounded: one too many is refused, and a request that comes again is no other "
    "one") {
    Folder folder;
    Client client{{{"folder", folder.served()}}};
    client.run([&](Script& io) {
        for (uint16_t i = 0; i < 16; ++i)
            CHECK(talk(client, io, 69, read_request("long"), port + i).bytes.size() == 516);
        CHECK(talk(client, io, 69, read_request("long"), port).bytes.size() == 516);
        CHECK(talk(client, io, 69, read_request("long"), port + 16).error(0));
    });
}

TEST_CASE("a file or folder that is not there is an error at once") {
    for (const char* key : {"file", "folder"}) {
        const std::string said = test::isolated_text([&]() -> std::string {
            try {
                Client client{{{key, "/nowhere/at/all"}}};
                return "no error";
            } catch (const Error& error) {
                return error.what();
            }
        });
        CHECK_THAT(said, Catch::Contains(std::string{"services."} + key));
    }
}

TEST_CASE("a transfer goes on after a restore") {
    Folder folder;
    const test::TestBoard::Settings settings{{"folder", folder.served()}};
    const std::string saved = test::isolated_text([&] {
        Client client{settings};
        client.run([&](Script& io) {
            talk(client, io, talk(client, io, 69, read_request("long")).from, acknowledgement(1));
        });
        Archive archive{Archive::Mode::save};
        client.board.sim.archive(archive);
        const auto bytes = archive.serialise();
        return std::string{bytes.begin(), bytes.end()};
    });
    Client client{settings};
    Archive archive =
        Archive::parse({reinterpret_cast<const uint8_t*>(saved.data()), saved.size()});
    client.board.sim.archive(archive);
    client.run([&](Script& io) {
        const Reply third = talk(client, io, 49152, acknowledgement(2));
        REQUIRE(third.bytes.size() == 516);
        CHECK(third.bytes[3] == 3);
        CHECK(third.bytes[4] == Folder::byte(1024));
    });
}

TEST_CASE("hostile frames of any length and content do no harm") {
    Folder folder;
    Client client{{{"folder", folder.served()}, {"delay", "1us"}}};
    Random random{11};
    const auto n = fuzz_frames(20'000);
    client.run([&](Script& io) {
        for (uint64_t i = 0; i < n; ++i) {
            std::vector<uint8_t> payload(random.below(600));
            for (uint8_t& byte : payload)
                byte = static_cast<uint8_t>(random.below(4) ? random.below(8) : random.next());
            if (i % 4 == 0) {
                payload = read_request(i % 8 ? "long" : "../x", "blksize");
                payload[random.below(payload.size())] = static_cast<uint8_t>(random.next());
            }
            const uint16_t ports[] = {67, 69, 49152, 49153, static_cast<uint16_t>(random.next())};
            std::vector<uint8_t> frame =
                net::udp({random.below(3) ? Client::address : 0, Client::mac,
                          static_cast<uint16_t>(random.below(40))},
                         {Client::server, Client::server_mac, ports[random.below(5)]}, payload);
            if (i % 16 == 1) {
                frame.resize(random.below(i % 160 == 1 ? 65536 : 1600));
                for (uint8_t& byte : frame) byte = static_cast<uint8_t>(random.next());
            }
            const Time taken = bus::ethernet::wire_time(frame.size(), 1'000'000'000) + 96_ns;
            client.send(io, std::move(frame));
            io.wait(taken);
        }
        io.wait(1_ms);
    });
    CHECK(counter(*client.services, "received") + counter(*client.services, "refused") == n);
    CHECK(counter(*client.services, "tftp_requests") > 500);
}
