// SPDX-License-Identifier: Apache-2.0
#include "devices/network_services/network_services.h"

#include <fmt/format.h>

namespace sb::devices {
namespace {

namespace net = bus::internet;

constexpr size_t most_waiting = 1024;

const std::vector<Key> keys{
    bus::EthernetPlug::key(),
    {"mac", ValueType::text, "52:54:00:00:00:02", "its MAC address"},
    {"address", ValueType::text, "10.0.2.2", "its IPv4 address"},
    {"mask", ValueType::text, "255.255.255.0", "mask of the network"},
    {"router", ValueType::text, "", "the router that clients are told of; empty: none"},
    {"name_server", ValueType::text, "", "the name server that clients are told of; empty: none"},
    {"first_address", ValueType::text, "10.0.2.15", "the first address that is leased"},
    {"addresses", ValueType::integer, "16", "how many are", {}, 0, DhcpServer::most_addresses},
    {"lease",
     ValueType::integer,
     "86400",
     "seconds that leases are said to last",
     {},
     1,
     0xffffffff},
    {"file", ValueType::file, "", "a file that TFTP reads out under its own name"},
    {"folder", ValueType::file, "", "a folder whose files TFTP reads out"},
    {"boot_file", ValueType::text, "",
     "the file that DHCP names to clients; empty: that of the key file"},
    {"next_server", ValueType::text, "", "the TFTP server that DHCP names; empty: this one"},
    {"delay",
     ValueType::duration,
     "50us",
     "how long each answer takes",
     {},
     0,
     1'000'000'000'000'000},
    {"timeout",
     ValueType::duration,
     "1s",
     "TFTP: when a message without an answer is sent again",
     {},
     1,
     1'000'000'000'000'000},
    {"attempts",
     ValueType::integer,
     "5",
     "TFTP: how often a message is sent before the transfer is given up",
     {},
     1,
     1000}};

template <typename F>
auto reading(const bus::DeviceContext& context, const char* key, F&& read) {
    try {
        return read(context.config.text(key));
    } catch (const Error& error) {
        throw Error(fmt::format("{}.{}: {}", context.name, key, error.what()));
    }
}

uint32_t address(const bus::DeviceContext& context, const char* key, uint32_t if_empty = 0) {
    if (context.config.text(key).empty()) return if_empty;
    return reading(context, key, net::parse_address);
}

DhcpServer::Spec dhcp(const bus::DeviceContext& context, const net::Endpoint& self,
                      const ServedFiles& files) {
    DhcpServer::Spec spec;
    spec.self = self;
    spec.first = address(context, "first_address");
    spec.addresses = static_cast<uint32_t>(context.config.integer("addresses"));
    spec.mask = address(context, "mask");
    spec.router = address(context, "router");
    spec.name_server = address(context, "name_server");
    spec.lease_seconds = static_cast<uint32_t>(context.config.integer("lease"));
    spec.next_server = address(context, "next_server", self.address);
    spec.boot_file = context.config.text("boot_file").empty() ? files.file_name()
                                                              : context.config.text("boot_file");
    return spec;
}

}  // namespace

const bus::DeviceModel network_services{
    "network-services", "peer on a wire that answers ARP, ping, DHCP and TFTP",
    "no hardware: RFC 826, 792, 2131, 2132, 1350 and 2347 to 2349", keys,
    [](const bus::DeviceContext& c) { return std::make_unique<NetworkServices>(c); }};
SOUTHBRIDGE_DEVICE(network_services)

NetworkServices::NetworkServices(const bus::DeviceContext& context)
    : Device{context},
      plug_{*this, context, *this, {}},
      output_{*this, plug_, most_waiting},
      preparing_{*this, "preparing", most_waiting},
      self_{address(context, "address"), reading(context, "mac", net::parse_mac), 0},
      delay_{context.config.duration("delay")},
      files_{context.name, context.config.text("file"), context.config.text("folder")},
      dhcp_{*this, dhcp(context, self_, files_)},
      tftp_{*this, files_, context.config.duration("timeout"), context.config.integer("attempts"),
            [this](uint16_t port, const net::Endpoint& to, const std::vector<uint8_t>& message) {
                send(port, to, message);
            }} {}

void NetworkServices::frame_arrived(const bus::Frame& frame) {
    const net::Packet packet = net::read(frame.bytes);
    if (const char* fault = net::refusal(frame, packet, self_.mac)) {
        ++refused_;
        return mark(frame, observe::Stage::dropped, fault);
    }
    ++received_;
    mark(frame, observe::Stage::served, "");
    if (packet.kind == net::Packet::Kind::udp) return datagram_arrived(packet);
    std::vector<uint8_t> made = net::answer(self_, packet);
    if (made.empty()) return;
    ++answered_;
    answer(std::move(made));
}

void NetworkServices::datagram_arrived(const net::Packet& packet) {
    const bool to_self = packet.to.address == self_.address;
    if (packet.to.port == DhcpServer::server_port &&
        (to_self || packet.to.address == net::limited_broadcast)) {
        if (auto reply = dhcp_.answer(packet))
            send(DhcpServer::server_port, reply->to, reply->message);
    } else if (to_self && TftpServer::is_port(packet.to.port)) {
        tftp_.message_arrived(packet);
    }
}

void NetworkServices::send(uint16_t port, const net::Endpoint& to,
                           const std::vector<uint8_t>& message) {
    net::Endpoint from = self_;
    from.port = port;
    ++identification_.ref();
    answer(net::udp(from, to, message, identification_));
}

void NetworkServices::answer(std::vector<uint8_t> frame) {
    const size_t bytes = frame.size();
    if (delay_ == Time{}) {
        output_.offer(std::move(frame));
    } else if (preparing_.push({std::move(frame)}, now() + delay_)) {
        if (preparing_.size() == 1) ready_.arm_at(preparing_.front().at);
    } else {
        output_.drop(bytes, "service queue");
    }
}

void NetworkServices::answer_ready() {
    bus::FrameQueue::Entry made = preparing_.pop();
    if (!preparing_.empty()) ready_.arm_at(preparing_.front().at);
    output_.offer(std::move(made.frame.bytes));
}

void NetworkServices::mark(const bus::Frame& frame, observe::Stage stage, const char* place) const {
    if (!probe().wants(observe::Kind::packet)) return;
    probe().emit(now(), observe::Kind::packet, frame.packet, static_cast<uint64_t>(stage),
                 frame.bytes.size(), probe().stream().intern(place));
}

}  // namespace sb::devices
