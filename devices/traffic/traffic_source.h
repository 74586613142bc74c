// SPDX-License-Identifier: Apache-2.0
//
// A peer on a wire that sends packets by a model of traffic, and takes what comes back. No
// hardware: it takes no time of its own.
//
// Sending. Packets are UDP datagrams of valid Ethernet frames, or the frames of a capture. They are
// offered at times that do not depend on the wire (see schedule.h), except in request-response,
// where the next one follows the answer to the last; they wait for it in a queue
// (bus/frame_output.h). A datagram begins with 18 bytes: "SB", its number within its flow, and when
// it was offered in picoseconds, most significant byte first; a frame of 64 bytes has room for just
// these. Packet n belongs to flow n modulo `flows`, whose source port is `port` plus the flow's
// number.
//
// Receiving. Every frame that arrives ends here: `served`, or `dropped` at "peer fcs" (damaged),
// "peer length", "peer address" (another station's) or "peer checksum". ARP requests for its
// address and ICMP echo requests are answered, and with `echo` UDP datagrams to it are sent back.
// Datagrams that begin as above are checked for their order (sequence_check.h), and for how old
// they are.
//
// A capture's frames keep their distances, divided by `speed`, or come by `rate` where `speed` is
// 0. Frames shorter than 60 bytes are padded. Those of which the capture holds a part are dropped
// at "pcap truncated"; one in which the file ends, or that can not be, ends the replay: counter
// broken_records.
#pragma once

#include "bus/frame_output.h"
#include "bus/internet.h"
#include "devices/traffic/pcap_replay.h"
#include "devices/traffic/schedule.h"
#include "devices/traffic/sequence_check.h"
#include "devices/traffic/size_mix.h"

namespace sb::devices {

class TrafficSource final : public bus::Device, public bus::Station {
  public:
    explicit TrafficSource(const bus::DeviceContext& context);

    void reset() override;
    void finish() override { sequences_.finish(); }
    void frame_arrived(const bus::Frame& frame) override;
    void link_changed() override;

  private:
    // The head of a datagram's payload.
    static constexpr uint16_t magic = 0x5342;  // "SB"
    static constexpr size_t sequence_at = 2, stamp_at = 10, stamped_bytes = 18;

    enum class Pattern { none, schedule, request_response, pcap };

    enum : uint8_t { whole, truncated };  // marks of a record

    void offer_next();
    /// How long the frame would take a free wire.
    Time offer_datagram();
    Time offer_record();
    bool find_record(Time slot);
    void arm_next(Time at);
    void arm_record(Time slot);
    void arm_request();
    Time slot(size_t frame_bytes) const;
    void ask_for_destination();

    void datagram_arrived(const bus::internet::Packet& packet);
    void measure(Time age);
    void answer_arrived();
    void answer_missed();
    void mark(const bus::Frame& frame, observe::Stage stage, const char* place) const;

    const Pattern pattern_;
    bus::EthernetPlug plug_;
    bus::FrameOutput output_;
    Schedule schedule_;
    const SizeMix sizes_;
    PcapReplay replay_;
    SequenceCheck sequences_;
    const bus::internet::Endpoint self_;
    State<bus::internet::Endpoint> destination_;
    State<bool> resolved_;
    const uint64_t flows_;
    const uint64_t count_;
    const uint64_t speed_;
    const Time start_, end_;
    const Time think_, timeout_;
    const bool random_think_, repeat_, echo_, promiscuous_;

    State<Random> random_;
    State<bool> started_{*this, "started", false};
    State<bool> waiting_for_link_{*this, "waiting_for_link", false};
    State<uint64_t> made_{*this, "made", 0};  // packets that the model has offered
    State<bool> asked_{*this, "asked",
                       false};  // request-response: the last one is without an answer
    State<Time> asked_at_{*this, "asked_at"};
    bus::FrameQueue record_{*this, "record",
                            1};        // pcap: the next one; marked where it is not whole
    State<Time> pass_{*this, "pass"};  // pcap: when its first record is due
    Timer next_{*this, "next", [this] { offer_next(); }};
    Timer answer_{*this, "answer", [this] { answer_missed(); }};
    Timer ask_{*this, "ask", [this] { ask_for_destination(); }};

    Counter received_{*this, "received", "frames", "frames that it took"};
    Counter received_bytes_{*this, "received_bytes", "bytes", "bytes of those, FCS included"};
    Counter refused_{*this, "refused", "frames",
                     "frames that came damaged, malformed or for another station"};
    Counter datagrams_{*this, "datagrams", "datagrams", "UDP datagrams among them"};
    Counter stamped_{*this, "stamped", "datagrams", "those that say when they were offered"};
    Counter age_{*this, "age", "ps", "sum of their ages when they came"};
    Counter age_most_{*this, "age_most", "ps", "the greatest of these"};
    Counter answered_{*this, "answered", "requests", "ARP and ICMP echo requests that it answered"};
    Counter echoed_{*this, "echoed", "datagrams", "datagrams that it sent back"};
    Counter round_trips_{*this, "round_trips", "requests", "requests that were answered in time"};
    Counter round_trip_time_{*this, "round_trip_time", "ps",
                             "sum of the times from offering these to their answers"};
    Counter timeouts_{*this, "timeouts", "requests", "requests that were not"};
    Counter broken_records_{*this, "broken_records", "records",
                            "records in which the capture ends or goes wrong"};
};

}  // namespace sb::devices
