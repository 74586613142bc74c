// SPDX-License-Identifier: Apache-2.0
//
// A peer on a wire with the services that a machine needs to start from the network: ARP (RFC 826),
// ICMP echo (RFC 792), DHCP (dhcp_server.h) and TFTP (tftp_server.h). No hardware: each answer
// takes `delay` and then waits for the wire.
//
// Every frame that comes ends here: `served`, or `dropped` as at a traffic source ("peer fcs",
// "peer length", "peer address", "peer checksum"). Answers that too many others wait before are
// dropped at "service queue".
#pragma once

#include "bus/frame_output.h"
#include "bus/internet.h"
#include "devices/network_services/dhcp_server.h"
#include "devices/network_services/served_files.h"
#include "devices/network_services/tftp_server.h"

namespace sb::devices {

class NetworkServices final : public bus::Device, public bus::Station {
  public:
    explicit NetworkServices(const bus::DeviceContext& context);

    void frame_arrived(const bus::Frame& frame) override;
    void link_changed() override { output_.pump(); }

  private:
    void datagram_arrived(const bus::internet::Packet& packet);
    void send(uint16_t port, const bus::internet::Endpoint& to,
              const std::vector<uint8_t>& message);
    void answer(std::vector<uint8_t> frame);
    void answer_ready();
    void mark(const bus::Frame& frame, observe::Stage stage, const char* place) const;

    bus::EthernetPlug plug_;
    bus::FrameOutput output_;
    bus::FrameQueue preparing_;
    const bus::internet::Endpoint self_;
    const Time delay_;
    const ServedFiles files_;
    DhcpServer dhcp_;
    TftpServer tftp_;
    State<uint16_t> identification_{*this, "identification", 0};
    Timer ready_{*this, "ready", [this] { answer_ready(); }};
    Counter received_{*this, "received", "frames", "frames that it took"};
    Counter refused_{*this, "refused", "frames",
                     "frames that came damaged, malformed or for another station"};
    Counter answered_{*this, "answered", "requests", "ARP and ICMP echo requests that it answered"};
};

}  // namespace sb::devices
