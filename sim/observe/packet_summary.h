// SPDX-License-Identifier: Apache-2.0
//
// What was found out about a run's packets, as plain data: see packet_journeys.h for how.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernel/time.h"
#include "sim/observe/event.h"
#include "sim/observe/hdr_histogram.h"

namespace sb::observe {

inline constexpr size_t stage_count = static_cast<size_t>(Stage::count_);

/// One stamp more than there are stages: of a packet that was forwarded, its arrival at the
/// forwarder.
inline constexpr size_t came_stamp = stage_count;
inline constexpr size_t stamp_count = stage_count + 1;
constexpr size_t stamp_of(Stage stage) { return static_cast<size_t>(stage); }

/// A time between two stamps of a packet on one leg of its way.
struct StagePair {
    const char* name;
    size_t from, to;  // stamps
    const char* doc;
};

/// The times that are measured. The first ones follow each other; `whole` ones span several of
/// them.
enum class Span : uint8_t {
    source,
    wire,
    buffer,
    dma,
    moderation,
    interrupt,
    wait,
    ring,
    protocol,
    application,
    forwarding,
    transmit,
    host,
    through,
    end_to_end,
    count_
};
inline constexpr size_t span_count = static_cast<size_t>(Span::count_);
inline constexpr std::array<StagePair, span_count> spans{{
    {"source wait", stamp_of(Stage::offered), stamp_of(Stage::sent),
     "in the source's queue, until its first bit is sent"},
    {"wire", stamp_of(Stage::sent), stamp_of(Stage::arrived),
     "on the wire: all its bits, and the latency"},
    {"accept", stamp_of(Stage::arrived), stamp_of(Stage::buffered),
     "from its last bit into the controller's packet buffer"},
    {"DMA", stamp_of(Stage::buffered), stamp_of(Stage::stored),
     "from the packet buffer to where the driver finds it, descriptor included"},
    {"moderation", stamp_of(Stage::stored), stamp_of(Stage::interrupt),
     "until the controller asks for an interrupt"},
    {"interrupt", stamp_of(Stage::interrupt), stamp_of(Stage::handler),
     "from the request to the driver's top half"},
    {"bottom half", stamp_of(Stage::handler), stamp_of(Stage::taken),
     "from the top half, or the poll, until it is taken out of the ring"},
    {"in the ring", stamp_of(Stage::stored), stamp_of(Stage::taken),
     "all of its time in the ring: the three above, or until a poll found it"},
    {"protocol", stamp_of(Stage::taken), stamp_of(Stage::protocol),
     "from the ring through the protocols, their queues included"},
    {"application", stamp_of(Stage::protocol), stamp_of(Stage::served),
     "from the protocols to the end of the application's work on it"},
    {"forwarding", stamp_of(Stage::protocol), stamp_of(Stage::forwarded),
     "from the protocols into the other controller's ring"},
    {"transmit", stamp_of(Stage::forwarded), stamp_of(Stage::sent),
     "in the other controller's ring and buffer, until its first bit is sent"},
    {"host", stamp_of(Stage::arrived), stamp_of(Stage::served),
     "from its last bit's arrival until it is served"},
    {"through", came_stamp, stamp_of(Stage::sent),
     "from its last bit's arrival at a forwarder until its first bit is sent again"},
    {"end to end", stamp_of(Stage::offered), stamp_of(Stage::served),
     "from the source's wish to send it until it is served"},
}};

/// A balance: begun = served + dropped + inside, always.
struct PacketBalance {
    uint64_t begun = 0;
    uint64_t served = 0;
    uint64_t dropped = 0;
    uint64_t inside = 0;
    bool holds() const { return begun == served + dropped + inside; }
    bool operator==(const PacketBalance&) const = default;
};

/// The packets that one source of packets has made: a traffic source, or a controller's
/// transmitter.
struct PacketOrigin {
    std::string name;
    PacketBalance balance;
    uint64_t bytes = 0;         // of those begun, where known; without FCS
    uint64_t served_bytes = 0;  // of those served
    Time first_begun, last_begun, first_served, last_served;
};

/// A place at which packets ended. The same name from two sources is two places.
struct PacketPlace {
    std::string where;  // who dropped them
    std::string name;
    uint64_t packets = 0;
};

/// One end of a wire at which packets come in, with what happens behind it.
struct PacketWay {
    std::string name;         // of the controller or the peer
    bool controller = false;  // packets were stored: a driver is behind it
    bool marked = false;      // and marks what it takes
    uint64_t served = 0, forwarded = 0, taken = 0;
    uint64_t handled = 0;           // stored, and then served or forwarded
    uint64_t interrupts = 0;        // requests
    uint64_t empty_interrupts = 0;  // of them, without a packet that came in since the last
    uint64_t handlers = 0;          // entries of the top half, and polls
    uint64_t empty_handlers = 0;    // of them, those after which no packet was taken
    HdrHistogram per_interrupt;     // packets stored since the last one, none left out
    HdrHistogram per_handler;       // packets taken between one entry and the next, where any were
    std::array<HdrHistogram, span_count> spans;  // picoseconds, of packets served or forwarded

    const HdrHistogram& span(Span which) const { return spans[static_cast<size_t>(which)]; }
};

struct PacketSummary {
    PacketBalance balance;
    uint64_t handled =
        0;  // by a driver of this machine: stored packets that were served or forwarded
    std::array<uint64_t, stage_count> inside{};  // by the last stage
    std::vector<PacketOrigin> origins;
    std::vector<PacketPlace> places;  // in the order of their first packet
    std::vector<PacketWay> ways;
    uint64_t forgotten = 0;       // of those inside: too many to follow
    uint64_t unknown_marks = 0;   // stages of packets that are not there
    uint64_t repeated_marks = 0;  // stages that the packet had reached already
    uint64_t reversed_spans = 0;  // that would be negative

    /// Every balance holds, the places sum to what was dropped, the origins to all, and the stages
    /// to what is inside.
    bool balanced() const;
    /// A span over all ways; with `controllers`, over those that have a driver.
    HdrHistogram all(Span span, bool controllers = false) const;
};

}  // namespace sb::observe
