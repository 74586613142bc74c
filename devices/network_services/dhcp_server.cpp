// SPDX-License-Identifier: Apache-2.0
#include "devices/network_services/dhcp_server.h"

#include <algorithm>

namespace sb::devices {
namespace {

namespace net = bus::internet;

// The message, RFC 2131, section 2, figure 1.
constexpr size_t operation_at = 0, hardware_type_at = 1, hardware_length_at = 2, transaction_at = 4,
                 flags_at = 10, client_address_at = 12, your_address_at = 16,
                 server_address_at = 20, relay_at = 24, client_mac_at = 28, file_at = 108,
                 cookie_at = 236, options_at = 240;
constexpr size_t least_message = 300;  // RFC 1542, 2.1
constexpr size_t most_file_name = 127;
constexpr uint8_t boot_request = 1, boot_reply = 2, ethernet_type = 1, ethernet_length = 6;
constexpr uint16_t broadcast_flag = 0x8000;
constexpr uint32_t cookie = 0x63825363;  // 99, 130, 83, 99

// Options, RFC 2132.
constexpr uint8_t pad = 0, subnet_mask = 1, routers = 3, name_servers = 6, requested_address = 50,
                  lease_time = 51, message_type = 53, server_identifier = 54, end_of_options = 255;

// Message types, RFC 2132, 9.6.
constexpr uint8_t discover = 1, offer = 2, request = 3, decline = 4, acknowledge = 5, refuse = 6,
                  release = 7, inform = 8;

void add_option(std::vector<uint8_t>& message, uint8_t code, uint32_t value) {
    const size_t at = message.size();
    message.resize(at + 6);
    message[at] = code;
    message[at + 1] = 4;
    net::put32(&message[at + 2], value);
}

}  // namespace

struct DhcpServer::Request {
    net::Bytes message;
    net::Mac mac{};
    net::Endpoint from;
    uint8_t type = 0;
    uint32_t client = 0, relay = 0;         // ciaddr, giaddr
    std::optional<uint32_t> asked, server;  // options
    bool broadcast = false;
};

DhcpServer::DhcpServer(bus::Device& owner, const Spec& spec)
    : spec_{spec},
      leases_(spec.addresses, Lease{{}, Use::free}),
      offers_{owner, "dhcp_offers", "messages", "addresses offered (DHCPOFFER)"},
      acknowledged_{owner, "dhcp_acknowledged", "messages", "requests granted (DHCPACK)"},
      refused_{owner, "dhcp_refused", "messages", "requests refused (DHCPNAK)"},
      ignored_{owner, "dhcp_ignored", "messages", "messages that it does not answer"} {
    if (spec_.boot_file.size() > most_file_name)
        throw Error("a boot file's name has at most 127 characters (RFC 2131, field \"file\")");
    owner.declare_state("leases", [this](Archive& archive) {
        archive.fixed("leases",
                      {reinterpret_cast<uint8_t*>(leases_.data()), leases_.size() * sizeof(Lease)});
    });
}

/// The parts of a message that count; none where it is no request of a DHCP client on Ethernet.
std::optional<DhcpServer::Request> DhcpServer::parse(net::Bytes message) {
    if (message.size() < options_at || message[operation_at] != boot_request ||
        message[hardware_type_at] != ethernet_type ||
        message[hardware_length_at] != ethernet_length || net::get32(&message[cookie_at]) != cookie)
        return {};
    Request parsed;
    parsed.message = message;
    std::copy_n(&message[client_mac_at], parsed.mac.size(), parsed.mac.begin());
    parsed.client = net::get32(&message[client_address_at]);
    parsed.relay = net::get32(&message[relay_at]);
    parsed.broadcast = net::get16(&message[flags_at]) & broadcast_flag;
    for (size_t at = options_at; at < message.size() && message[at] != end_of_options;) {
        const uint8_t code = message[at++];
        if (code == pad) continue;
        if (at >= message.size() || message.size() - at - 1 < message[at]) return {};
        const net::Bytes value = message.subspan(at + 1, message[at]);
        at += 1 + value.size();
        if (code == message_type && value.size() == 1) parsed.type = value[0];
        if (code == requested_address && value.size() == 4) parsed.asked = net::get32(&value[0]);
        if (code == server_identifier && value.size() == 4) parsed.server = net::get32(&value[0]);
    }
    return parsed;
}

std::optional<DhcpServer::Reply> DhcpServer::answer(const net::Packet& packet) {
    std::optional<Request> parsed = parse(packet.payload);
    std::optional<Reply> answer;
    if (parsed) {
        parsed->from = packet.from;
        switch (parsed->type) {
            case discover:
                if (Lease* lease = offer_to(*parsed))
                    answer = reply(*parsed, offer, address(*lease));
                break;
            case request:
                answer = requested(*parsed);
                break;
            case decline:
                give_up(*parsed, Use::declined);
                break;
            case release:
                give_up(*parsed, Use::free);
                break;
            case inform:
                if (parsed->client != 0) answer = reply(*parsed, acknowledge, 0);
                break;
            default:
                break;
        }
    }
    if (!answer) {
        ++ignored_;
        return answer;
    }
    const uint8_t type = answer->message[options_at + 2];  // the first option
    ++(type == offer ? offers_ : type == refuse ? refused_ : acknowledged_);
    return answer;
}

DhcpServer::Lease* DhcpServer::of(const net::Mac& mac) {
    const auto found = std::find_if(leases_.begin(), leases_.end(), [&](const Lease& lease) {
        return (lease.use == Use::offered || lease.use == Use::leased) && lease.mac == mac;
    });
    return found == leases_.end() ? nullptr : &*found;
}

DhcpServer::Lease* DhcpServer::at(uint32_t address) {
    const uint32_t index = address - spec_.first;
    return index < leases_.size() ? &leases_[index] : nullptr;
}

/// The client's own address; else the one that it asks for, if it is free; else the first free one
/// (RFC 2131, 4.3.1).
DhcpServer::Lease* DhcpServer::offer_to(const Request& request) {
    if (Lease* own = of(request.mac)) return own;
    Lease* lease = request.asked ? at(*request.asked) : nullptr;
    if (!lease || lease->use != Use::free) {
        const auto found = std::find_if(leases_.begin(), leases_.end(),
                                        [](const Lease& l) { return l.use == Use::free; });
        if (found == leases_.end()) return nullptr;
        lease = &*found;
    }
    *lease = {request.mac, Use::offered};
    return lease;
}

/// RFC 2131, 4.3.2: the client selects, reboots, or renews.
std::optional<DhcpServer::Reply> DhcpServer::requested(const Request& request) {
    Lease* lease = of(request.mac);
    if (request.server && *request.server != spec_.self.address) {
        if (lease && lease->use == Use::offered)
            lease->use = Use::free;  // it took another server's offer
        return {};
    }
    const uint32_t wanted = request.asked.value_or(request.client);
    if (lease && wanted == address(*lease)) {
        lease->use = Use::leased;
        return reply(request, acknowledge, wanted);
    }
    // Of a client that it knows nothing of, it must not say anything, unless that is on the wrong
    // network.
    const bool wrong_network = ((wanted ^ spec_.self.address) & spec_.mask) != 0;
    if (!lease && !request.server && !wrong_network) return {};
    return reply(request, refuse, 0);
}

void DhcpServer::give_up(const Request& request, Use use) {
    Lease* lease = of(request.mac);
    const uint32_t which = use == Use::declined ? request.asked.value_or(0) : request.client;
    const bool ours = !request.server || *request.server == spec_.self.address;
    if (lease && ours && address(*lease) == which) lease->use = use;
}

/// RFC 2131, 4.3.1, table 3.
DhcpServer::Reply DhcpServer::reply(const Request& request, uint8_t type, uint32_t address) const {
    std::vector<uint8_t> message(options_at);
    message[operation_at] = boot_reply;
    message[hardware_type_at] = ethernet_type;
    message[hardware_length_at] = ethernet_length;
    std::copy_n(&request.message[transaction_at], 4, &message[transaction_at]);
    std::copy_n(&request.message[flags_at], 2, &message[flags_at]);
    if (type == acknowledge) net::put32(&message[client_address_at], request.client);
    net::put32(&message[relay_at], request.relay);
    std::copy_n(&request.message[client_mac_at], 16, &message[client_mac_at]);
    net::put32(&message[cookie_at], cookie);
    message.insert(message.end(), {message_type, 1, type});
    add_option(message, server_identifier, spec_.self.address);
    if (type != refuse) {
        net::put32(&message[your_address_at], address);
        net::put32(&message[server_address_at], spec_.next_server);
        std::copy(spec_.boot_file.begin(), spec_.boot_file.end(), &message[file_at]);
        if (address != 0) add_option(message, lease_time, spec_.lease_seconds);
        if (spec_.mask != 0) add_option(message, subnet_mask, spec_.mask);
        if (spec_.router != 0) add_option(message, routers, spec_.router);
        if (spec_.name_server != 0) add_option(message, name_servers, spec_.name_server);
    }
    message.push_back(end_of_options);
    message.resize(std::max(message.size(), least_message));
    return {destination(request, type, address), std::move(message)};
}

/// RFC 2131, 4.1: to the relay; to everybody where the client has asked for that or was refused; to
/// the address that it uses already; or to its new address, though it does not answer ARP for it
/// yet.
net::Endpoint DhcpServer::destination(const Request& request, uint8_t type,
                                      uint32_t address) const {
    if (request.relay != 0) return {request.relay, request.from.mac, server_port};
    if (type == refuse) return {net::limited_broadcast, net::everybody, client_port};
    if (request.client != 0) return {request.client, request.from.mac, client_port};
    if (request.broadcast) return {net::limited_broadcast, net::everybody, client_port};
    return {address, request.mac, client_port};
}

}  // namespace sb::devices
