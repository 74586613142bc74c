// SPDX-License-Identifier: Apache-2.0
//
// A TFTP server that reads files out: RFC 1350, with options by RFC 2347: blksize (RFC 2348, at
// most what fits into one frame), tsize and timeout (RFC 2349). Only mode octet. Block numbers go
// on with 0 after 65535, as clients have come to expect; RFC 1350 says nothing. Each read request
// opens a transfer with a port of its own; there are only so many at a time. A block is sent again
// only when a timer runs out, never for a duplicate acknowledgement (RFC 1123, 4.2.3.1).
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <type_traits>

#include "bus/internet.h"
#include "devices/network_services/served_files.h"

namespace sb::devices {

class TftpServer {
  public:
    static constexpr uint16_t server_port = 69;
    static constexpr uint16_t first_port = 49152;  // of transfers: the dynamic ports of RFC 6335
    static constexpr size_t most_transfers = 16;

    /// `send` takes a datagram from one of its ports to a client.
    using Send = std::function<void(uint16_t port, const bus::internet::Endpoint& to,
                                    const std::vector<uint8_t>& message)>;
    TftpServer(bus::Device& owner, const ServedFiles& files, Time timeout, uint64_t attempts,
               Send send);

    static bool is_port(uint16_t port) { return port == server_port || port >= first_port; }
    /// A datagram to one of its ports.
    void message_arrived(const bus::internet::Packet& packet);

  private:
    static constexpr size_t most_name = 251;
    struct Options {
        bool block_size, size, timeout;
    };
    struct Transfer {
        bool active;
        Options options;  // to be told before the first block
        uint16_t port;
        uint16_t block_size;
        uint32_t timeout_seconds;  // 0: as set
        uint32_t attempts;         // of the block under way
        uint64_t block;            // under way: 0 while the options wait for their acknowledgement
        uint64_t size;
        bus::internet::Endpoint client;
        char name[most_name + 1];
    };
    // What is saved has no gaps with left-over bytes in them.
    static_assert(std::has_unique_object_representations_v<Transfer>);
    struct Slot {
        Slot(TftpServer& server, bus::Device& owner, size_t number);
        State<Transfer> transfer;
        Timer timer;
    };
    struct Request;

    static bool parse(bus::internet::Bytes message, Request& request);
    static void parse_option(const std::string& name, const std::string& value, Request& request);
    void read_requested(const bus::internet::Packet& packet);
    void acknowledged(Slot& slot, uint16_t block);
    void send_block(Slot& slot);
    void time_out(Slot& slot);
    void end(Slot& slot);
    void refuse(uint16_t port, const bus::internet::Endpoint& to, uint16_t code,
                const std::string& why);
    Slot* slot_for(const bus::internet::Endpoint& client);

    const ServedFiles& files_;
    const Time timeout_;
    const uint64_t attempts_;
    const Send send_;
    State<uint16_t> next_port_;
    std::array<std::unique_ptr<Slot>, most_transfers> slots_;
    Counter requests_, blocks_, bytes_, resent_, finished_, failed_;
};

}  // namespace sb::devices
