// SPDX-License-Identifier: Apache-2.0
#include "devices/network_services/tftp_server.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>

namespace sb::devices {
namespace {

namespace net = bus::internet;

// Opcodes: RFC 1350, 5; RFC 2347.
constexpr uint16_t read_request = 1, write_request = 2, data = 3, acknowledgement = 4, error = 5,
                   option_acknowledgement = 6;
// Error codes: RFC 1350, appendix.
constexpr uint16_t not_defined = 0, not_found = 1, access_violation = 2, illegal_operation = 4,
                   unknown_transfer = 5;

constexpr uint16_t default_block = 512;
constexpr uint64_t least_block = 8, most_asked_block = 65464;  // RFC 2348
constexpr size_t data_header = 4;
constexpr uint16_t most_block = static_cast<uint16_t>(net::most_payload - data_header);
constexpr uint64_t most_timeout = 255;  // seconds: RFC 2349

bool same(const std::string& a, const char* b) { return strcasecmp(a.c_str(), b) == 0; }

bool number(const std::string& text, uint64_t& value) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    return fault == std::errc{} && end == text.data() + text.size();
}

std::vector<uint8_t> message(uint16_t operation, uint16_t second) {
    std::vector<uint8_t> made(4);
    net::put16(&made[0], operation);
    net::put16(&made[2], second);
    return made;
}

void add_text(std::vector<uint8_t>& made, const std::string& text) {
    made.insert(made.end(), text.begin(), text.end());
    made.push_back(0);
}

}  // namespace

struct TftpServer::Request {
    std::string name, mode;
    Options options{};
    uint64_t block_size = default_block;
    uint64_t timeout = 0;
};

TftpServer::Slot::Slot(TftpServer& server, bus::Device& owner, size_t number)
    : transfer{owner, fmt::format("tftp.transfer{}", number)},
      timer{owner, fmt::format("tftp.timer{}", number),
            [&server, this] { server.time_out(*this); }} {}

TftpServer::TftpServer(bus::Device& owner, const ServedFiles& files, Time timeout,
                       uint64_t attempts, Send send)
    : files_{files},
      timeout_{timeout},
      attempts_{attempts},
      send_{std::move(send)},
      next_port_{owner, "tftp.next_port", first_port},
      requests_{owner, "tftp_requests", "requests", "requests to read a file"},
      blocks_{owner, "tftp_blocks", "blocks", "blocks of data that were sent"},
      bytes_{owner, "tftp_bytes", "bytes", "bytes of data that were acknowledged"},
      resent_{owner, "tftp_resent", "messages", "messages that were sent again"},
      finished_{owner, "tftp_finished", "transfers", "transfers that came to their end"},
      failed_{owner, "tftp_failed", "transfers",
              "requests refused, and transfers given up by either side"} {
    for (size_t i = 0; i < slots_.size(); ++i) slots_[i] = std::make_unique<Slot>(*this, owner, i);
}

void TftpServer::message_arrived(const net::Packet& packet) {
    const net::Bytes bytes = packet.payload;
    const uint16_t operation = bytes.size() >= 2 ? net::get16(&bytes[0]) : 0;
    if (packet.to.port == server_port) {
        if (operation == read_request) return read_requested(packet);
        if (operation == write_request)
            return refuse(server_port, packet.from, access_violation,
                          "this server only reads files out");
        if (operation != error)
            refuse(server_port, packet.from, illegal_operation, "not a request");
        return;
    }
    const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const auto& slot) {
        const Transfer& t = slot->transfer;
        return t.active && t.port == packet.to.port && t.client.address == packet.from.address &&
               t.client.port == packet.from.port;
    });
    if (found == slots_.end()) {
        if (operation != error)
            refuse(packet.to.port, packet.from, unknown_transfer, "unknown transfer");
        return;
    }
    if (operation == acknowledgement && bytes.size() >= 4)
        return acknowledged(**found, net::get16(&bytes[2]));
    if (operation != error)
        refuse(packet.to.port, packet.from, illegal_operation, "not an acknowledgement");
    ++failed_;
    end(**found);
}

/// Name and mode, each up to a zero byte, then pairs of option and value. False where one does not
/// end.
bool TftpServer::parse(net::Bytes bytes, Request& request) {
    std::vector<std::string> words;
    for (auto at = bytes.begin(); at != bytes.end();) {
        const auto stop = std::find(at, bytes.end(), 0);
        if (stop == bytes.end()) return false;
        words.emplace_back(at, stop);
        at = stop + 1;
    }
    if (words.size() < 2) return false;
    request.name = words[0];
    request.mode = words[1];
    for (size_t i = 2; i + 1 < words.size(); i += 2) parse_option(words[i], words[i + 1], request);
    return true;
}

/// Options that are unknown, or have values that can not be, are not acknowledged (RFC 2347).
void TftpServer::parse_option(const std::string& name, const std::string& text, Request& request) {
    uint64_t value = 0;
    if (!number(text, value)) return;
    if (same(name, "blksize") && value >= least_block && value <= most_asked_block) {
        request.options.block_size = true;
        request.block_size = std::min<uint64_t>(value, most_block);
    } else if (same(name, "tsize")) {
        request.options.size = true;
    } else if (same(name, "timeout") && value >= 1 && value <= most_timeout) {
        request.options.timeout = true;
        request.timeout = value;
    }
}

/// A client's request that comes again begins its transfer anew.
TftpServer::Slot* TftpServer::slot_for(const net::Endpoint& client) {
    Slot* free = nullptr;
    for (auto& slot : slots_) {
        const Transfer& t = slot->transfer;
        if (t.active && t.client.address == client.address && t.client.port == client.port)
            return slot.get();
        if (!t.active && !free) free = slot.get();
    }
    return free;
}

void TftpServer::read_requested(const net::Packet& packet) {
    ++requests_;
    Request request;
    const auto fail = [&](uint16_t code, const char* why) {
        ++failed_;
        refuse(server_port, packet.from, code, why);
    };
    if (!parse(packet.payload.subspan(2), request))
        return fail(illegal_operation, "a request that does not end");
    if (!same(request.mode, "octet")) return fail(not_defined, "only the mode octet is served");
    if (request.name.size() > most_name) return fail(not_found, "the name is too long");
    std::filesystem::path path;
    const ServedFiles::Found found = files_.find(request.name, path);
    if (found == ServedFiles::Found::forbidden)
        return fail(access_violation, "not in the folder that is served");
    const auto size = found == ServedFiles::Found::yes ? ServedFiles::size(path) : std::nullopt;
    if (!size) return fail(not_found, "file not found");
    Slot* slot = slot_for(packet.from);
    if (!slot) return fail(not_defined, "too many transfers");

    Transfer transfer{};
    transfer.active = true;
    transfer.options = request.options;
    transfer.port = next_port_;
    transfer.block_size = static_cast<uint16_t>(request.block_size);
    transfer.timeout_seconds = static_cast<uint32_t>(request.timeout);
    const bool told = request.options.block_size || request.options.size || request.options.timeout;
    transfer.block = told ? 0 : 1;
    transfer.size = *size;
    transfer.client = packet.from;
    std::copy(request.name.begin(), request.name.end(), transfer.name);
    next_port_ = next_port_ == 65535 ? first_port : static_cast<uint16_t>(next_port_ + 1);
    slot->transfer = transfer;
    send_block(*slot);
}

/// Sends what is under way: the options, or a block.
void TftpServer::send_block(Slot& slot) {
    Transfer& transfer = slot.transfer.ref();
    ++transfer.attempts;
    const Time wait = transfer.timeout_seconds ? Time::s(transfer.timeout_seconds) : timeout_;
    slot.timer.arm_after(wait);
    if (transfer.block == 0) {
        std::vector<uint8_t> made(2);
        net::put16(&made[0], option_acknowledgement);
        const auto tell = [&](bool asked, const char* name, uint64_t value) {
            if (!asked) return;
            add_text(made, name);
            add_text(made, std::to_string(value));
        };
        tell(transfer.options.block_size, "blksize", transfer.block_size);
        tell(transfer.options.size, "tsize", transfer.size);
        tell(transfer.options.timeout, "timeout", transfer.timeout_seconds);
        return send_(transfer.port, transfer.client, made);
    }
    std::vector<uint8_t> made = message(data, static_cast<uint16_t>(transfer.block));
    const uint64_t offset = (transfer.block - 1) * transfer.block_size;
    const uint64_t left = transfer.size > offset ? transfer.size - offset : 0;
    std::filesystem::path path;
    if (files_.find(transfer.name, path) == ServedFiles::Found::yes) {
        const auto bytes =
            ServedFiles::read(path, offset, std::min<uint64_t>(left, transfer.block_size));
        made.insert(made.end(), bytes.begin(), bytes.end());
    }
    ++blocks_;
    send_(transfer.port, transfer.client, made);
}

void TftpServer::acknowledged(Slot& slot, uint16_t block) {
    Transfer& transfer = slot.transfer.ref();
    if (block != static_cast<uint16_t>(transfer.block)) return;  // an old one, that came twice
    if (transfer.block != 0) {
        const uint64_t offset = (transfer.block - 1) * transfer.block_size;
        const uint64_t left = transfer.size > offset ? transfer.size - offset : 0;
        bytes_ += std::min<uint64_t>(left, transfer.block_size);
        if (left < transfer.block_size) {
            ++finished_;
            return end(slot);
        }
    }
    ++transfer.block;
    transfer.attempts = 0;
    send_block(slot);
}

void TftpServer::time_out(Slot& slot) {
    if (!slot.transfer.get().active) return;
    if (slot.transfer.get().attempts >= attempts_) {
        ++failed_;
        return end(slot);
    }
    ++resent_;
    send_block(slot);
}

void TftpServer::end(Slot& slot) {
    slot.timer.cancel();
    slot.transfer.ref().active = false;
}

void TftpServer::refuse(uint16_t port, const net::Endpoint& to, uint16_t code,
                        const std::string& why) {
    std::vector<uint8_t> made = message(error, code);
    add_text(made, why);
    send_(port, to, made);
}

}  // namespace sb::devices
