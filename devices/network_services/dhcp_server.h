// SPDX-License-Identifier: Apache-2.0
//
// A DHCP server: RFC 2131 (protocol), RFC 2132 (options), RFC 1542 (messages of 300 bytes at
// least). It leases the addresses of one pool, one to each hardware address, for ever as far as a
// simulation goes: leases do not run out. Messages with sizes, types or options that do not fit are
// ignored; so is plain BOOTP.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "bus/internet.h"

namespace sb::devices {

class DhcpServer {
  public:
    struct Spec {
        bus::internet::Endpoint self;
        uint32_t first = 0;  // address of the pool
        uint32_t addresses = 0;
        uint32_t mask = 0, router = 0, name_server = 0;  // 0: not told
        uint32_t lease_seconds = 0;
        uint32_t next_server = 0;
        std::string boot_file;
    };
    struct Reply {
        bus::internet::Endpoint to;
        std::vector<uint8_t> message;
    };
    static constexpr uint16_t server_port = 67, client_port = 68;
    static constexpr uint32_t most_addresses = 1024;

    DhcpServer(bus::Device& owner, const Spec& spec);

    /// What it answers to a message that came from there; none: it is silent.
    std::optional<Reply> answer(const bus::internet::Packet& packet);

  private:
    enum class Use : uint8_t { free, offered, leased, declined };
    struct Lease {
        bus::internet::Mac mac;
        Use use;
    };
    struct Request;
    static std::optional<Request> parse(bus::internet::Bytes message);

    Lease* of(const bus::internet::Mac& mac);
    Lease* offer_to(const Request& request);
    Lease* at(uint32_t address);
    uint32_t address(const Lease& lease) const {
        return spec_.first + static_cast<uint32_t>(&lease - leases_.data());
    }
    std::optional<Reply> requested(const Request& request);
    void give_up(const Request& request, Use use);
    Reply reply(const Request& request, uint8_t type, uint32_t address) const;
    bus::internet::Endpoint destination(const Request& request, uint8_t type,
                                        uint32_t address) const;

    const Spec spec_;
    std::vector<Lease> leases_;  // of the address first + index
    Counter offers_, acknowledged_, refused_, ignored_;
};

}  // namespace sb::devices
