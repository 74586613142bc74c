// SPDX-License-Identifier: Apache-2.0
//
// Packets in a timeline: each leg of a packet's way is an asynchronous slice "packet", and within
// it one for each time between two of its stamps, called as in `observe::spans`. It is drawn when
// the leg has ended, with its size, its end, and who sent it; those that overlap lie above each
// other. Legs are cut at the window's ends.
#pragma once

#include "sim/observe/packet_journeys.h"
#include "sim/observe/perfetto_file.h"

namespace sb::observe {

class PerfettoPackets final : private PacketListener {
  public:
    /// `process` is the one of the file that they belong to.
    PerfettoPackets(PerfettoFile& file, unsigned process);
    void event(const Stream& stream, const Event& event) { journeys_.event(stream, event); }
    /// Draws what has not ended.
    void finish() { journeys_.finish(); }

  private:
    void leg(const PacketJourneys& journeys, const PacketLeg& leg) override;
    PerfettoFile::Text name_between(size_t from, size_t to);

    PerfettoFile& file_;
    unsigned process_;
    PacketJourneys journeys_;
    PerfettoFile::Text packet_;
    std::array<PerfettoFile::Text, packet_ends.size()> ends_;
    std::array<PerfettoFile::Text, span_count> spans_;
};

}  // namespace sb::observe
