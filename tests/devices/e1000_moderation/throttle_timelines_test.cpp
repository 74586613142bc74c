// SPDX-License-Identifier: Apache-2.0
//
// Interrupt throttling (SDM 13.4.18): at least ITR units of 256 ns from one assertion to the next,
// whatever the cause. 100 are 25,600 ns and 500 are 128,000 ns. `stored(t)` and `data(t)`: t plus
// the time R until a frame is in memory with its descriptor, or M without; all gaps after a frame's
// interrupt carry it along; `at(t)`: causes set by software, which take no time.
#include "tests/devices/e1000_moderation/timeline.h"

using namespace sb::test;
using namespace sb::test::nic;

namespace {

using Timelines = std::vector<Timeline>;

const Timelines throttle{
    {"the first at once, the next after the gap",
     {{itr, 500}},
     {rx(0), rx(10'000)},
     {stored(0), stored(128'000)}},
    {"a cause after the gap", {{itr, 500}}, {rx(0), rx(130'000)}, {stored(0), stored(130'000)}},
    {"several causes in the gap, one interrupt",
     {{itr, 500}},
     {rx(0), rx(10'000), rx(20'000), rx(30'000)},
     {stored(0), stored(128'000)}},
    // 50,000 and 100,000 wait for 128,000; 150,000 to 250,000 for 256,000; 300,000 and 350,000 for
    // 384,000; 400,000 for 512,000.
    {"one gap after the other",
     {{itr, 500}},
     {rx(0), rx(50'000), rx(100'000), rx(150'000), rx(200'000), rx(250'000), rx(300'000),
      rx(350'000), rx(400'000)},
     {stored(0), stored(128'000), stored(256'000), stored(384'000), stored(512'000)}},
    // The gap begins with the interrupt at 200,000, not on a grid: 210,000 waits for 328,000.
    {"the gap begins at the interrupt",
     {{itr, 500}},
     {rx(0), rx(200'000), rx(210'000)},
     {stored(0), stored(200'000), stored(328'000)}},
    // From the interrupt at 128,000 on the next gap runs, to 256,000.
    {"a delayed interrupt begins a gap",
     {{itr, 500}},
     {rx(0), rx(10'000), rx(130'000)},
     {stored(0), stored(128'000), stored(256'000)}},
    {"one unit", {{itr, 1}}, {wr(0, ics, lsc), wr(100, ics, lsc)}, {at(0, lsc), at(256, lsc)}},
    {"a hundred units",
     {{itr, 100}},
     {wr(0, ics, lsc), wr(1'000, ics, lsc)},
     {at(0, lsc), at(25'600, lsc)}},
    {"the most: 65,535 units, 16.8 ms",
     {{itr, 0xffff}},
     {wr(0, ics, lsc), wr(1'000, ics, lsc)},
     {at(0, lsc), at(16'776'960, lsc)}},
    {"a cause one ns before the gap's end",
     {{itr, 100}},
     {wr(0, ics, lsc), wr(25'599, ics, lsc)},
     {at(0, lsc), at(25'600, lsc)}},
    {"a cause one ns after the gap's end",
     {{itr, 100}},
     {wr(0, ics, lsc), wr(25'601, ics, lsc)},
     {at(0, lsc), at(25'601, lsc)}},
    {"0: none",
     {{itr, 0}},
     {wr(0, ics, lsc), wr(1, ics, lsc), wr(2, ics, lsc)},
     {at(0, lsc), at(1, lsc), at(2, lsc)}},
    {"a cause that was read in the gap interrupts no more",
     {{itr, 500}},
     {rx(0), rx(10'000), rd(20'000)},
     {stored(0)}},
    {"read in the gap, and another one comes in it",
     {{itr, 500}},
     {rx(0), rx(10'000), rd(20'000), rx(30'000)},
     {stored(0), stored(128'000)}},
    {"a cause that was written off in the gap",
     {{itr, 500}},
     {wr(0, ics, lsc), wr(1'000, ics, lsc), wr(2'000, icr, lsc)},
     {at(0, lsc)}},
    // Masked at the gap's end; at once when unmasked, since the gap is over.
    {"masked in the gap, unmasked after it",
     {{itr, 500}},
     {wr(0, ics, lsc), wr(1'000, ics, lsc), wr(2'000, imc, lsc), wr(200'000, ims, lsc)},
     {at(0, lsc), at(200'000, lsc)}},
    {"unmasked in the gap",
     {{itr, 500}},
     {wr(0, ics, lsc), wr(1'000, imc, lsc), wr(2'000, ics, lsc), wr(3'000, ims, lsc)},
     {at(0, lsc), at(128'000, lsc)}},
    {"two causes in the gap, one interrupt",
     {{itr, 100}},
     {rx(0), rx(5'000), wr(10'000, ics, lsc)},
     {stored(0), stored(25'600, rxt0 | lsc)}},
    // A gap has the interval that was there when it began: 128,000, then 25,600.
    {"another interval written in the gap",
     {{itr, 500}},
     {wr(0, ics, lsc), wr(5'000, itr, 100), wr(10'000, ics, lsc), wr(130'000, ics, lsc)},
     {at(0, lsc), at(128'000, lsc), at(153'600, lsc)}},
    {"0 written in the gap ends it",
     {{itr, 500}},
     {wr(0, ics, lsc), wr(5'000, ics, lsc), wr(10'000, itr, 0)},
     {at(0, lsc), at(10'000, lsc)}},
    {"the next gap has the new interval",
     {{itr, 500}},
     {wr(0, ics, lsc), wr(200'000, itr, 100), wr(210'000, ics, lsc), wr(220'000, ics, lsc)},
     {at(0, lsc), at(210'000, lsc), at(235'600, lsc)}},
};

const Timelines with_timers{
    // 20,480. The second's timer expires at 70,480, in the gap to 20,480 + 128,000.
    {"packet timer expires in the gap",
     {{rdtr, 20}, {itr, 500}},
     {rx(0), rx(50'000)},
     {data(20'480), data(148'480)}},
    // 204,800; 300,000 + 204,800 is long after the gap.
    {"packet timer longer than the gap",
     {{rdtr, 200}, {itr, 500}},
     {rx(0), rx(300'000)},
     {data(204'800), data(504'800)}},
    // 51,200; 60,000 + 51,200 = 111,200, in the gap to 179,200.
    {"absolute timer expires in the gap",
     {{rdtr, 51}, {radv, 50}, {itr, 500}},
     {rx(0), rx(60'000)},
     {data(51'200), data(179'200)}},
    // Expires at 70,480, waits for 148,480; the packet of 140,000 expires at 160,480 by itself, and
    // waits for
    // 148,480 + 128,000.
    {"a packet whose timer counts over the gap's end",
     {{rdtr, 20}, {itr, 500}},
     {rx(0), rx(50'000), rx(140'000)},
     {data(20'480), data(148'480), data(276'480)}},
    // Bound 51,200; of the next batch bound 111,200; of the third, 170,000 + 20,480 by the packet
    // timer. Gaps of
    // 51,200: 51,200, 111,200 and 190,480 are far enough apart.
    {"both timers and gaps that never hold",
     {{rdtr, 20}, {radv, 50}, {itr, 200}},
     {rx(0), rx(15'000), rx(30'000), rx(45'000), rx(60'000), rx(75'000), rx(90'000), rx(105'000),
      rx(170'000)},
     {data(51'200), data(111'200), data(190'480)}},
    // The same with gaps of 64,000: 111,200 waits for 115,200; the third at 190,480 is later than
    // 179,200.
    {"both timers and a gap that holds once",
     {{rdtr, 20}, {radv, 50}, {itr, 250}},
     {rx(0), rx(15'000), rx(30'000), rx(45'000), rx(60'000), rx(75'000), rx(90'000), rx(105'000),
      rx(170'000)},
     {data(51'200), data(115'200), data(190'480)}},
    {"FPD in the gap",
     {{rdtr, 20}, {itr, 100}},
     {wr(0, ics, lsc), rx(5'000), wr(10'000, rdtr, fpd | 20)},
     {at(0, lsc), at(25'600, rxt0)}},
};

const Timelines causes{
    {"ICS", {}, {wr(0, ics, rxt0)}, {at(0, rxt0)}},
    {"ICS of several", {}, {wr(0, ics, rxt0 | lsc | rxdmt0)}, {at(0, rxt0 | lsc | rxdmt0)}},
    {"ICS does not touch the packet timer",
     {{rdtr, 20}},
     {rx(0), wr(5'000, ics, rxt0)},
     {at(5'000, rxt0), data(20'480)}},
    {.name = "ICS of a masked cause: when it is unmasked",
     .registers = {},
     .acts = {wr(0, ics, lsc), wr(40'000, ims, lsc)},
     .wants = {at(40'000, lsc)},
     .enabled = rxt0},
    {.name = "packets while masked: at once when unmasked",
     .registers = {},
     .acts = {wr(0, imc, rxt0), rx(1'000), rx(2'000), wr(50'000, ims, rxt0)},
     .wants = {at(50'000, rxt0)},
     .enabled = rxt0},
    {.name = "masked, read, and unmasked: nothing is left",
     .registers = {},
     .acts = {wr(0, imc, rxt0), rx(1'000), rd(49'000), wr(50'000, ims, rxt0), rx(60'000)},
     .wants = {stored(60'000)},
     .enabled = rxt0},
    {.name = "a delay timer counts while its cause is masked",
     .registers = {{rdtr, 20}},
     .acts = {wr(0, imc, rxt0), rx(1'000), wr(10'000, ims, rxt0)},
     .wants = {data(21'480)},
     .enabled = rxt0},
    {.name = "a delay timer expires while its cause is masked",
     .registers = {{rdtr, 20}},
     .acts = {wr(0, imc, rxt0), rx(1'000), wr(30'000, ims, rxt0)},
     .wants = {at(30'000, rxt0)},
     .enabled = rxt0},
    {"the link goes down", {}, {lk(5'000, 0)}, {at(5'000, lsc)}},
    {"the link goes down in a gap",
     {{itr, 100}},
     {wr(0, ics, rxt0), lk(5'000, 0)},
     {at(0, rxt0), at(25'600, lsc)}},
    // Eight descriptors, seven of them free: half is left after the third packet, a quarter after
    // the fifth, an eighth after the sixth (3.2.7.3; RCTL.RDMTS, bits 9:8).
    {.name = "half of the descriptors left",
     .registers = {{rdtr, 300}},
     .acts = {rx(0), rx(10'000), rx(20'000)},
     .wants = {data(20'000, rxdmt0), data(327'200)},
     .descriptors = 8},
    {.name = "a quarter of the descriptors left",
     .registers = {{rdtr, 300}},
     .acts = {rx(0), rx(10'000), rx(20'000), rx(30'000), rx(40'000)},
     .wants = {data(40'000, rxdmt0), data(347'200)},
     .rctl = receive_on | 1u << 8,
     .descriptors = 8},
    {.name = "an eighth of the descriptors left",
     .registers = {{rdtr, 300}},
     .acts = {rx(0), rx(10'000), rx(20'000), rx(30'000), rx(40'000), rx(50'000)},
     .wants = {data(50'000, rxdmt0), data(357'200)},
     .rctl = receive_on | 2u << 8,
     .descriptors = 8},
    // The descriptor is used with the last byte of data, and the packet's own interrupt comes with
    // its write-back.
    {.name = "few descriptors, and each packet an interrupt",
     .registers = {{rdtr, 0}},
     .acts = {rx(0), rx(10'000), rx(20'000), rx(30'000)},
     .wants = {stored(0), stored(10'000), data(20'000, rxdmt0), stored(20'000), stored(30'000)},
     .descriptors = 8},
};

}  // namespace

TEST_CASE("interrupt throttle") { check_timelines(throttle, false); }
TEST_CASE("interrupt throttle, PCI with cycles of its own") { check_timelines(throttle, true); }
TEST_CASE("throttle with the delay timers") { check_timelines(with_timers, false); }
TEST_CASE("throttle with the delay timers, PCI with cycles of its own") {
    check_timelines(with_timers, true);
}
TEST_CASE("causes, masks and descriptors") { check_timelines(causes, false); }
TEST_CASE("causes, masks and descriptors, PCI with cycles of its own") {
    check_timelines(causes, true);
}
