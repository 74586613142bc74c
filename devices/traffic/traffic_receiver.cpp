// SPDX-License-Identifier: Apache-2.0
//
// What a traffic source does with what comes back.
#include <algorithm>

#include "devices/traffic/traffic_source.h"

namespace sb::devices {
namespace {

namespace net = bus::internet;

}  // namespace

void TrafficSource::frame_arrived(const bus::Frame& frame) {
    const net::Packet packet = net::read(frame.bytes);
    if (const char* fault = net::refusal(frame, packet, self_.mac, promiscuous_)) {
        ++refused_;
        return mark(frame, observe::Stage::dropped, fault);
    }
    ++received_;
    received_bytes_ += frame.bytes.size() + bus::ethernet::fcs_bytes;
    mark(frame, observe::Stage::served, "");
    if (packet.kind == net::Packet::Kind::arp && !resolved_ &&
        packet.from.address == destination_.get().address) {
        destination_.ref().mac = packet.from.mac;
        resolved_ = true;
        ask_.cancel();
    }
    if (packet.kind == net::Packet::Kind::udp) return datagram_arrived(packet);
    std::vector<uint8_t> answer = net::answer(self_, packet);
    if (answer.empty()) return;
    ++answered_;
    output_.offer(std::move(answer));
}

void TrafficSource::datagram_arrived(const net::Packet& packet) {
    ++datagrams_;
    const net::Bytes payload = packet.payload;
    if (payload.size() >= stamped_bytes && net::get16(&payload[0]) == magic) {
        const uint64_t number = net::get64(&payload[sequence_at]),
                       stamp = net::get64(&payload[stamp_at]);
        const uint64_t flow =
            uint64_t{packet.from.address} << 32 | uint32_t{packet.from.port} << 16 | packet.to.port;
        sequences_.seen(flow, number);
        if (stamp <= now().ps()) measure(now() - Time::ps(stamp));
        const uint64_t last = made_ - 1;
        if (asked_ && packet.from.address == destination_.get().address &&
            number == last / flows_ && packet.to.port == self_.port + last % flows_)
            answer_arrived();
    }
    if (!echo_ || packet.to.address != self_.address) return;
    net::Endpoint self = self_;
    self.port = packet.to.port;
    ++echoed_;
    output_.offer(net::udp(self, packet.from, payload));
}

void TrafficSource::measure(Time age) {
    ++stamped_;
    age_ += age.ps();
    if (age.ps() > age_most_.value()) age_most_ += age.ps() - age_most_.value();
}

void TrafficSource::answer_arrived() {
    asked_ = false;
    answer_.cancel();
    ++round_trips_;
    const Time taken = now() - asked_at_;
    round_trip_time_ += taken.ps();
    if (probe().wants(observe::Kind::device))
        probe().emit(now(), observe::Kind::device, probe().stream().intern("round trip"),
                     taken.ps());
    arm_request();
}

void TrafficSource::answer_missed() {
    asked_ = false;
    ++timeouts_;
    arm_request();
}

void TrafficSource::mark(const bus::Frame& frame, observe::Stage stage, const char* place) const {
    if (!probe().wants(observe::Kind::packet)) return;
    probe().emit(now(), observe::Kind::packet, frame.packet, static_cast<uint64_t>(stage),
                 frame.bytes.size(), probe().stream().intern(place));
}

}  // namespace sb::devices
