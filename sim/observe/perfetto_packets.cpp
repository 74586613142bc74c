// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/perfetto_packets.h"

#include <algorithm>

namespace sb::observe {

PerfettoPackets::PerfettoPackets(PerfettoFile& file, unsigned process)
    : file_{file}, process_{process}, packet_{file.text("packet")} {
    for (size_t i = 0; i < ends_.size(); ++i) ends_[i] = file.text(packet_ends[i]);
    for (size_t i = 0; i < span_count; ++i) spans_[i] = file.text(spans[i].name);
    journeys_.listen(*this);
}

PerfettoFile::Text PerfettoPackets::name_between(size_t from, size_t to) {
    for (size_t i = 0; i < span_count; ++i)
        if (spans[i].from == from && spans[i].to == to) return spans_[i];
    return file_.text(fmt::format("{} to {}", stage_names[from], stage_names[to]));
}

void PerfettoPackets::leg(const PacketJourneys& journeys, const PacketLeg& leg) {
    std::array<size_t, stage_count> stages;
    size_t count = 0;
    for (size_t stage = 0; stage < stage_count; ++stage) {
        // The first leg has the source's wait already.
        if (!leg.has(stage) || (leg.leg > 0 && stage == stamp_of(Stage::offered))) continue;
        stages[count++] = stage;
    }
    if (count < 2) return;
    std::stable_sort(stages.begin(), stages.begin() + static_cast<ptrdiff_t>(count),
                     [&](size_t a, size_t b) { return leg.at[a] < leg.at[b]; });
    const Time begin = leg.at[stages[0]], end = leg.at[stages[count - 1]];
    const uint64_t id = uint64_t{leg.leg} << 32 | leg.packet;
    if (!file_.overlaps(begin, end)) return;
    using Argument = PerfettoFile::Argument;
    file_.async('b', process_, begin, id, packet_,
                {{"packet", leg.packet, Argument::decimal},
                 {"bytes", leg.bytes, Argument::decimal},
                 {"from", file_.text(journeys.party(leg.origin)), Argument::text},
                 {"to", file_.text(journeys.party(leg.way)), Argument::text},
                 {"end", ends_[static_cast<size_t>(leg.end)], Argument::text}});
    for (size_t i = 0; i + 1 < count; ++i) {
        const Time from = leg.at[stages[i]], to = leg.at[stages[i + 1]];
        if (from == to || !file_.overlaps(from, to)) continue;
        const PerfettoFile::Text name = name_between(stages[i], stages[i + 1]);
        file_.async('b', process_, from, id, name);
        file_.async('e', process_, to, id, name);
    }
    file_.async('e', process_, end, id, packet_);
}

}  // namespace sb::observe
