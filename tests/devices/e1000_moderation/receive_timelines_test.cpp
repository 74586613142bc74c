// SPDX-License-Identifier: Apache-2.0
//
// The receive delay timers: RDTR, RADV, FPD (SDM 3.2.7.1, 13.4.30, 13.4.31) and the detection of
// small packets (3.2.7.2). One unit is 1.024 us, so 20 are 20,480 ns and 50 are 51,200 ns.
// `data(t)`: t plus the time M until a frame's last byte is in memory; `stored(t)`: plus the time R
// until its descriptor is, too.
#include "tests/devices/e1000_moderation/timeline.h"

using namespace sb::test;
using namespace sb::test::nic;

namespace {

using Timelines = std::vector<Timeline>;

const Timelines packet_timer{
    {"0: an interrupt for each packet",
     {{rdtr, 0}},
     {rx(0), rx(10'000), rx(20'000)},
     {stored(0), stored(10'000), stored(20'000)}},
    {"one unit", {{rdtr, 1}}, {rx(0)}, {data(1'024)}},
    {"twenty units", {{rdtr, 20}}, {rx(0)}, {data(20'480)}},
    {"the most: 65,535 units, 67.1 ms", {{rdtr, 0xffff}}, {rx(0)}, {data(67'107'840)}},
    // 10,000 + 20,480
    {"each packet restarts it", {{rdtr, 20}}, {rx(0), rx(10'000)}, {data(30'480)}},
    // 20,479 + 20,480
    {"a packet one ns before it expires", {{rdtr, 20}}, {rx(0), rx(20'479)}, {data(40'959)}},
    // 20,480; 20,481 + 20,480
    {"a packet one ns after it has expired",
     {{rdtr, 20}},
     {rx(0), rx(20'481)},
     {data(20'480), data(40'961)}},
    // 135,000 + 20,480
    {"ten packets that come too fast for it: no bound",
     {{rdtr, 20}},
     {rx(0), rx(15'000), rx(30'000), rx(45'000), rx(60'000), rx(75'000), rx(90'000), rx(105'000),
      rx(120'000), rx(135'000)},
     {data(155'480)}},
    // 10,000 + 20,480; 105,000 + 20,480
    {"two bursts",
     {{rdtr, 20}},
     {rx(0), rx(5'000), rx(10'000), rx(100'000), rx(105'000)},
     {data(30'480), data(125'480)}},
    // 4 * 5,000 + 5 * 1,024
    {"five packets, five units",
     {{rdtr, 5}},
     {rx(0), rx(5'000), rx(10'000), rx(15'000), rx(20'000)},
     {data(25'120)}},
    // 10 * 1.024 after 1,000; 30 * 1.024 after 60,000
    {"another value for the next packet",
     {{rdtr, 20}},
     {wr(0, rdtr, 10), rx(1'000), wr(50'000, rdtr, 30), rx(60'000)},
     {data(11'240), data(90'720)}},
    // The count under way was loaded by the packet: 20,480. The next one loads 40 units: 100,000 +
    // 40,960.
    {"written while it counts: loaded by the next packet",
     {{rdtr, 20}},
     {rx(0), wr(5'000, rdtr, 40), rx(100'000)},
     {data(20'480), data(140'960)}},
    // 10,000 + 40,960
    {"written while it counts, and restarted in time",
     {{rdtr, 20}},
     {rx(0), wr(5'000, rdtr, 40), rx(10'000)},
     {data(50'960)}},
    // At once for the packet of 10,000; it stands for the first as well ("other receive timer
    // interrupt", figure 3-3).
    {"0 written while it counts",
     {{rdtr, 20}},
     {rx(0), wr(5'000, rdtr, 0), rx(10'000)},
     {stored(10'000)}},
    {"from 0 to 20 units",
     {{rdtr, 0}},
     {rx(0), wr(5'000, rdtr, 20), rx(10'000)},
     {stored(0), data(30'480)}},
};

const Timelines flush{
    {"FPD expires the timer at once, and only once",
     {{rdtr, 20}},
     {rx(0), wr(7'000, rdtr, fpd | 20)},
     {at(7'000, rxt0)}},
    // 8,000 + 20,480
    {"a packet after FPD",
     {{rdtr, 20}},
     {rx(0), wr(7'000, rdtr, fpd | 20), rx(8'000)},
     {at(7'000, rxt0), data(28'480)}},
    {"FPD where nothing waits", {{rdtr, 20}}, {wr(5'000, rdtr, fpd | 20)}, {at(5'000, rxt0)}},
    // 8,000 + 40,960
    {"FPD with another value",
     {{rdtr, 20}},
     {rx(0), wr(7'000, rdtr, fpd | 40), rx(8'000)},
     {at(7'000, rxt0), data(48'960)}},
    // The absolute timer would expire at 51,200 had FPD not reinitialised it: 40,000 + 20,480.
    {"FPD reinitialises the absolute timer",
     {{rdtr, 20}, {radv, 50}},
     {rx(0), wr(7'000, rdtr, fpd | 20), rx(40'000)},
     {at(7'000, rxt0), data(60'480)}},
    {"FPD with RDTR = 0", {{rdtr, 0}}, {wr(5'000, rdtr, fpd)}, {at(5'000, rxt0)}},
};

const Timelines absolute_timer{
    {"RDTR = 0 turns it off",
     {{rdtr, 0}, {radv, 50}},
     {rx(0), rx(10'000)},
     {stored(0), stored(10'000)}},
    // "To disable the Packet Timer only, RDTR should be set to RADV + 1"
    {"alone", {{rdtr, 51}, {radv, 50}}, {rx(0)}, {data(51'200)}},
    {"one unit", {{rdtr, 2}, {radv, 1}}, {rx(0)}, {data(1'024)}},
    {"the most", {{rdtr, 0xffff}, {radv, 0xffff}}, {rx(0)}, {data(67'107'840)}},
    {"packets do not restart it",
     {{rdtr, 51}, {radv, 50}},
     {rx(0), rx(10'000), rx(20'000), rx(40'000)},
     {data(51'200)}},
    // 51,200; 60,000 + 51,200
    {"the first packet after it has expired starts it",
     {{rdtr, 51}, {radv, 50}},
     {rx(0), rx(30'000), rx(60'000), rx(90'000)},
     {data(51'200), data(111'200)}},
    // Packet timer: 45,000 + 20,480 = 65,480, cancelled at 51,200.
    {"bounds the packet timer, and cancels it",
     {{rdtr, 20}, {radv, 50}},
     {rx(0), rx(15'000), rx(30'000), rx(45'000)},
     {data(51'200)}},
    // 51,200; then from 60,000: packet timer 105,000 + 20,480 = 125,480, bound 111,200.
    {"bounds it again and again",
     {{rdtr, 20}, {radv, 50}},
     {rx(0), rx(15'000), rx(30'000), rx(45'000), rx(60'000), rx(75'000), rx(90'000), rx(105'000)},
     {data(51'200), data(111'200)}},
    // 51,200 (bound); 70,000 + 20,480 (packet timer)
    {"a packet after the bound restarts the packet timer",
     {{rdtr, 20}, {radv, 50}},
     {rx(0), rx(15'000), rx(30'000), rx(45'000), rx(70'000)},
     {data(51'200), data(90'480)}},
    // 20,480; 40,000 + 20,480, not 51,200; nothing at 40,000 + 51,200.
    {"the packet timer's interrupt reinitialises it",
     {{rdtr, 20}, {radv, 50}},
     {rx(0), rx(40'000)},
     {data(20'480), data(60'480)}},
    // 20,480; then its first packet is that of 40,000: 55,000 and 70,000 and 85,000 keep the packet
    // timer from expiring; 40,000 + 51,200.
    {"the packet timer's interrupt does not start it",
     {{rdtr, 20}, {radv, 50}},
     {rx(0), rx(40'000), rx(55'000), rx(70'000), rx(85'000)},
     {data(20'480), data(91'200)}},
    {"shorter than the packet timer", {{rdtr, 100}, {radv, 10}}, {rx(0)}, {data(10'240)}},
    {"equal to the packet timer: one interrupt", {{rdtr, 20}, {radv, 20}}, {rx(0)}, {data(20'480)}},
    {"0 turns it off", {{rdtr, 60}, {radv, 0}}, {rx(0), rx(50'000)}, {data(50'000 + 61'440)}},
    // Loaded by the first packet, 51,200; the next one loads 20 units: 60,000 + 20,480.
    {"written while it counts: loaded by the next first packet",
     {{rdtr, 51}, {radv, 50}},
     {rx(0), wr(10'000, radv, 20), rx(60'000)},
     {data(51'200), data(80'480)}},
    // 0 disables it: what is left is the packet timer, 61,440.
    {"0 written while it counts",
     {{rdtr, 60}, {radv, 50}},
     {rx(0), wr(10'000, radv, 0)},
     {data(61'440)}},
};

// A frame of 60 bytes is 64 with its FCS, and 60 where the FCS is stripped.
const Timelines small_packets{
    {"as small as RSRPD says, with FCS",
     {{rdtr, 20}, {rsrpd, 64}},
     {rx(0)},
     {stored(0, srpd | rxt0)}},
    {"one byte larger, with FCS", {{rdtr, 20}, {rsrpd, 63}}, {rx(0)}, {data(20'480)}},
    {.name = "as small as RSRPD says, FCS stripped",
     .registers = {{rdtr, 20}, {rsrpd, 60}},
     .acts = {rx(0)},
     .wants = {stored(0, srpd | rxt0)},
     .rctl = receive_on | strip_fcs},
    {.name = "one byte larger, FCS stripped",
     .registers = {{rdtr, 20}, {rsrpd, 59}},
     .acts = {rx(0)},
     .wants = {data(20'480)},
     .rctl = receive_on | strip_fcs},
    {"0 turns it off", {{rdtr, 20}, {rsrpd, 0}}, {rx(0)}, {data(20'480)}},
    // The packet timer of the first (20,480) is cleared on the 82540.
    {"clears the packet timer",
     {{rdtr, 20}, {rsrpd, 64}},
     {rx(0, 124), rx(10'000)},
     {stored(10'000, srpd | rxt0)}},
    // The absolute timer of the first (51,200) too; 30,000 + 51,200.
    {"reinitialises the absolute timer",
     {{rdtr, 51}, {radv, 50}, {rsrpd, 64}},
     {rx(0, 124), rx(10'000), rx(30'000, 124)},
     {stored(10'000, srpd | rxt0), data(81'200, rxt0, 124)}},
    // 20,000 + 20,480
    {"larger packets are delayed after it as before",
     {{rdtr, 20}, {rsrpd, 64}},
     {rx(0), rx(10'000, 124), rx(20'000, 124)},
     {stored(0, srpd | rxt0), data(40'480, rxt0, 124)}},
    {"with RDTR = 0 it adds its cause",
     {{rdtr, 0}, {rsrpd, 64}},
     {rx(0), rx(10'000, 124)},
     {stored(0, srpd | rxt0), stored(10'000, rxt0, 124)}},
    // Gap of 128,000.
    {"is throttled like all others",
     {{rdtr, 20}, {rsrpd, 64}, {itr, 500}},
     {rx(0), rx(10'000)},
     {stored(0, srpd | rxt0), stored(128'000, srpd | rxt0)}},
};

}  // namespace

TEST_CASE("receive packet timer") { check_timelines(packet_timer, false); }
TEST_CASE("receive packet timer, PCI with cycles of its own") {
    check_timelines(packet_timer, true);
}
TEST_CASE("flush of partial descriptor blocks") { check_timelines(flush, false); }
TEST_CASE("flush of partial descriptor blocks, PCI with cycles of its own") {
    check_timelines(flush, true);
}
TEST_CASE("receive absolute timer") { check_timelines(absolute_timer, false); }
TEST_CASE("receive absolute timer, PCI with cycles of its own") {
    check_timelines(absolute_timer, true);
}
TEST_CASE("small packets") { check_timelines(small_packets, false); }
TEST_CASE("small packets, PCI with cycles of its own") { check_timelines(small_packets, true); }
