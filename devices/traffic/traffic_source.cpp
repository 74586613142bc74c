// SPDX-License-Identifier: Apache-2.0
#include "devices/traffic/traffic_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace sb::devices {
namespace {

namespace net = bus::internet;

constexpr Time resolve_interval = Time::s(1);  // at most one request a second: RFC 1122, 2.3.2.1

const std::vector<Key> keys{
    bus::EthernetPlug::key(),
    {"pattern",
     ValueType::choice,
     "constant",
     "how packets come; none: it only receives",
     {"constant", "poisson", "on-off", "request-response", "pcap", "none"}},
    {"rate", ValueType::text, "1000",
     "packets a second; \"line\": as the wire allows; \"off\" (in a burst: of the burst)"},
    {"steps", ValueType::text, "", "other rates from certain times on: \"1ms:20000,2ms:off\""},
    {"size", ValueType::text, "64",
     "bytes of frames with FCS: \"64\", \"64-1518\", \"imix\", or a list with weights "
     "\"64:7,594:4,1518:1\""},
    {"count", ValueType::integer, "0", "packets that are offered in all; 0: no end"},
    {"start", ValueType::duration, "0s", "when the first may come"},
    {"duration", ValueType::duration, "0s", "for how long packets are offered; 0: no end"},
    {"seed", ValueType::integer, "1", "of what is random here"},
    {"queue", ValueType::integer, "1000", "frames that may wait for the wire", {}, 1, 1'000'000},
    {"burst", ValueType::integer, "32", "on-off: packets of a burst, on average", {}, 1, 1'000'000},
    {"idle",
     ValueType::duration,
     "1ms",
     "on-off: time between bursts, on average",
     {},
     0,
     1'000'000'000'000'000},
    {"think",
     ValueType::duration,
     "0s",
     "request-response: from an answer to the next request, on average",
     {},
     0,
     1'000'000'000'000'000},
    {"draw",
     ValueType::choice,
     "random",
     "whether bursts, idle and thinking times are random (geometric, exponential) or always as "
     "long",
     {"random", "fixed"}},
    {"timeout",
     ValueType::duration,
     "10ms",
     "request-response: how long an answer is waited for",
     {},
     1,
     1'000'000'000'000'000},
    {"file", ValueType::file, "", "pcap: the capture (pcap or pcapng, Ethernet)"},
    {"speed",
     ValueType::integer,
     "100",
     "pcap: percent of the original speed; 0: by rate instead",
     {},
     0,
     1'000'000},
    {"repeat", ValueType::boolean, "false", "pcap: begin again at the end"},
    {"mac", ValueType::text, "52:54:00:00:00:02", "its MAC address"},
    {"address", ValueType::text, "10.0.2.2", "its IPv4 address"},
    {"port", ValueType::integer, "10000", "UDP port that the first flow comes from", {}, 1, 65535},
    {"destination_mac", ValueType::text, "52:54:00:12:34:56",
     "whom it sends to; empty: asked for by ARP"},
    {"destination", ValueType::text, "10.0.2.15", "IPv4 address that it sends to"},
    {"destination_port", ValueType::integer, "9", "UDP port that it sends to", {}, 1, 65535},
    {"flows",
     ValueType::integer,
     "1",
     "flows, in turn; each has a source port of its own",
     {},
     1,
     65535},
    {"echo", ValueType::boolean, "false", "whether it sends UDP datagrams back"},
    {"promiscuous", ValueType::boolean, "false", "whether it takes frames to other stations, too"}};

/// Says which key has a text that can not be read.
template <typename F>
auto reading(const bus::DeviceContext& context, const char* key, F&& read) {
    try {
        return read(context.config.text(key));
    } catch (const Error& error) {
        throw Error(fmt::format("{}.{}: {}", context.name, key, error.what()));
    }
}

net::Endpoint endpoint(const bus::DeviceContext& context, const char* mac, const char* address,
                       const char* port) {
    net::Endpoint end;
    end.mac = reading(context, mac, [](const std::string& t) {
        return t.empty() ? net::Mac{} : net::parse_mac(t);
    });
    end.address = reading(context, address, net::parse_address);
    end.port = static_cast<uint16_t>(context.config.integer(port));
    return end;
}

Time end_of(const Config& config) {
    const Time duration = config.duration("duration");
    return duration == Time{} ? Time::max() : config.duration("start") + duration;
}

Schedule::Spec schedule_spec(const std::string& owner, const Config& config) {
    const std::string& pattern = config.text("pattern");
    return {.owner = owner,
            .pattern = pattern == "poisson"  ? Schedule::Pattern::poisson
                       : pattern == "on-off" ? Schedule::Pattern::on_off
                                             : Schedule::Pattern::constant,
            .start = config.duration("start"),
            .end = end_of(config),
            .rate = config.text("rate"),
            .steps = config.text("steps"),
            .burst = config.integer("burst"),
            .idle = config.duration("idle"),
            .random = config.text("draw") == "random"};
}

}  // namespace

const bus::DeviceModel traffic_source{
    "traffic-source",
    "peer on a wire that sends packets by a model of traffic, and takes what comes back",
    "no hardware: a station of IEEE 802.3 that speaks RFC 768, 791, 792 and 826", keys,
    [](const bus::DeviceContext& c) { return std::make_unique<TrafficSource>(c); }};
SOUTHBRIDGE_DEVICE(traffic_source)

TrafficSource::TrafficSource(const bus::DeviceContext& context)
    : Device{context},
      pattern_{context.config.text("pattern") == "none"               ? Pattern::none
               : context.config.text("pattern") == "pcap"             ? Pattern::pcap
               : context.config.text("pattern") == "request-response" ? Pattern::request_response
                                                                      : Pattern::schedule},
      plug_{*this, context, *this, {}},
      output_{*this, plug_, context.config.integer("queue")},
      schedule_{*this, schedule_spec(context.name, context.config),
                Random{context.config.integer("seed"), context.name + " schedule"}},
      sizes_{reading(context, "size", [](const std::string& t) { return SizeMix{t}; })},
      replay_{*this, context.name, pattern_ == Pattern::pcap ? context.config.text("file") : ""},
      sequences_{*this},
      self_{endpoint(context, "mac", "address", "port")},
      destination_{*this, "destination",
                   endpoint(context, "destination_mac", "destination", "destination_port")},
      resolved_{*this, "resolved", !context.config.text("destination_mac").empty()},
      flows_{context.config.integer("flows")},
      count_{context.config.integer("count")},
      speed_{context.config.integer("speed")},
      start_{context.config.duration("start")},
      end_{end_of(context.config)},
      think_{context.config.duration("think")},
      timeout_{context.config.duration("timeout")},
      random_think_{context.config.text("draw") == "random"},
      repeat_{context.config.boolean("repeat")},
      echo_{context.config.boolean("echo")},
      promiscuous_{context.config.boolean("promiscuous")},
      random_{*this, "random", Random{context.config.integer("seed"), context.name}} {
    if (self_.port + flows_ > 65536)
        throw Error(fmt::format("{}.flows: {} flows from port {} on need ports above 65535",
                                context.name, flows_, self_.port));
    if (pattern_ == Pattern::pcap && context.config.text("file").empty())
        throw Error(
            fmt::format("{}.file: the pattern pcap needs the path of a capture", context.name));
}

void TrafficSource::reset() {
    // Only the first reset is the power switch: a peer knows nothing of a machine's reset.
    if (started_) return;
    started_ = true;
    pass_ = start_;
    if (!resolved_ && pattern_ != Pattern::none) ask_.arm_at(start_);
    switch (pattern_) {
        case Pattern::none:
            return;
        case Pattern::schedule:
            return arm_next(schedule_.first());
        case Pattern::request_response:
            return arm_next(start_);
        case Pattern::pcap:
            return arm_record({});
    }
}

void TrafficSource::link_changed() {
    output_.pump();
    if (!waiting_for_link_ || !plug_.up()) return;
    waiting_for_link_ = false;
    offer_next();
}

void TrafficSource::arm_next(Time at) {
    if (at < end_ && (count_ == 0 || made_ < count_)) next_.arm_at(at);
}

/// Without a link a station has nothing to send on: it goes on once there is one.
void TrafficSource::offer_next() {
    if (!plug_.up()) {
        waiting_for_link_ = true;
        return;
    }
    switch (pattern_) {
        case Pattern::none:
            return;
        case Pattern::schedule:
            return arm_next(schedule_.next(offer_datagram()));
        case Pattern::request_response:
            offer_datagram();
            asked_ = true;
            asked_at_ = now();
            return answer_.arm_after(timeout_);
        case Pattern::pcap:
            return arm_record(offer_record());
    }
}

Time TrafficSource::slot(size_t frame_bytes) const {
    const uint64_t rate = plug_.bits_per_second();
    if (rate == 0) return {};
    return bus::ethernet::wire_time(frame_bytes, rate) + bus::ethernet::gap_time(rate);
}

Time TrafficSource::offer_datagram() {
    const size_t bytes = sizes_.draw(random_.ref()) - bus::ethernet::fcs_bytes;
    const uint64_t flow = made_ % flows_, number = made_ / flows_;
    std::vector<uint8_t> payload(bytes - net::headers);
    net::put16(&payload[0], magic);
    net::put64(&payload[sequence_at], number);
    net::put64(&payload[stamp_at], now().ps());
    for (size_t i = stamped_bytes; i < payload.size(); ++i) payload[i] = static_cast<uint8_t>(i);
    net::Endpoint from = self_;
    from.port = static_cast<uint16_t>(from.port + flow);
    ++made_.ref();
    if (resolved_)
        output_.offer(net::udp(from, destination_, payload, static_cast<uint16_t>(made_)));
    else
        output_.drop(bytes, "source unresolved");
    return slot(bytes);
}

/// Offers the record that was read, if there is one.
Time TrafficSource::offer_record() {
    if (record_.empty()) return {};
    auto [frame, at, state] = record_.pop();
    if (frame.bytes.size() < bus::ethernet::least_bytes && state == whole)
        frame.bytes.resize(bus::ethernet::least_bytes);
    const size_t bytes = frame.bytes.size();
    ++made_.ref();
    if (state == whole)
        output_.offer(std::move(frame.bytes));
    else
        output_.drop(bytes, "pcap truncated");
    return slot(bytes);
}

/// Reads the next record, from the beginning again where the file is to be repeated.
bool TrafficSource::find_record(Time slot) {
    PcapReplay::Record record;
    PcapReplay::Found found = replay_.next(record);
    if (found == PcapReplay::Found::end && repeat_ && made_ != 0) {
        // A pass takes some time, whatever the stamps are.
        pass_ = now() + std::max(slot, Time::us(1));
        replay_.rewind();
        found = replay_.next(record);
    }
    if (found == PcapReplay::Found::broken) {
        ++broken_records_;
        finding("a capture can not be read further, and its replay has ended", [&] {
            return fmt::format("after {} packets of all passes", made_.get());
        });
    }
    if (found != PcapReplay::Found::record) return false;
    const bool all = record.length == record.bytes.size();
    record_.push({std::move(record.bytes)}, record.at, all ? whole : truncated);
    return true;
}

void TrafficSource::arm_record(Time slot) {
    const bool begins = made_ == 0;
    if (!find_record(slot)) return;
    if (speed_ == 0) return arm_next(begins ? schedule_.first() : schedule_.next(slot));
    const uint64_t percent = 100;
    const Random::Wide scaled = Random::Wide{record_.front().at.ps()} * percent / speed_;
    arm_next(scaled >> 64 ? Time::max() : pass_.get() + Time::ps(static_cast<uint64_t>(scaled)));
}

void TrafficSource::arm_request() {
    const Time pause = random_think_ && think_ != Time{} ? random_->exponential(think_) : think_;
    arm_next(now() + pause);
}

void TrafficSource::ask_for_destination() {
    if (resolved_) return;
    output_.offer(net::arp(net::arp_request, self_, destination_));
    ask_.arm_after(resolve_interval);
}

}  // namespace sb::devices
