// SPDX-License-Identifier: Apache-2.0
//
// The transmit delay timers TIDV and TADV (SDM 3.4.3, 13.4.41, 13.4.44), with write-backs one by
// one (WTHRESH = 0). `written(t)`: t, when TDT was written, plus the time W until the descriptor's
// status is in memory; `data(t)`: t plus the time M until a received frame's data is.
#include "tests/devices/e1000_moderation/timeline.h"

using namespace sb::test;
using namespace sb::test::nic;

namespace {

using Timelines = std::vector<Timeline>;

constexpr uint8_t now = eop | ifcs | rs;          // reported at once
constexpr uint8_t later = eop | ifcs | rs | ide;  // reported by the timers
constexpr uint8_t never = eop | ifcs;             // not reported

const Timelines transmit{
    {"without IDE: at the write-back",
     {{tidv, 20}, {tadv, 50}},
     {tx(0, now), tx(10'000, now)},
     {written(0), written(10'000)}},
    // "A value of 0 is not allowed"; the model's choice is no delay.
    {"TIDV = 0", {{tidv, 0}}, {tx(0, later)}, {written(0)}},
    {"one unit", {{tidv, 1}}, {tx(0, later)}, {written(1'024)}},
    {"twenty units", {{tidv, 20}}, {tx(0, later)}, {written(20'480)}},
    {"the most", {{tidv, 0xffff}}, {tx(0, later)}, {written(67'107'840)}},
    {"without RS nothing is reported", {{tidv, 20}}, {tx(0, never)}, {}},
    {"IDE without RS counts for nothing", {{tidv, 20}}, {tx(0, eop | ifcs | ide)}, {}},
    // 10,000 + 20,480
    {"each write-back loads it anew",
     {{tidv, 20}},
     {tx(0, later), tx(10'000, later)},
     {written(30'480)}},
    {"one ns before it expires",
     {{tidv, 20}},
     {tx(0, later), tx(20'479, later)},
     {written(40'959)}},
    {"two us after it has expired",
     {{tidv, 20}},
     {tx(0, later), tx(22'480, later)},
     {written(20'480), written(42'960)}},
    // "Timer expiration flushes any accumulated descriptors and sets an interrupt event": with the
    // second's write-back on its way, that is waited for, and the interrupt is for both.
    {"expires in the course of a write-back",
     {{tidv, 20}},
     {tx(0, later), tx(20'481, later)},
     {written(20'481)}},
    // 60,000 + 20,480
    {"no bound without TADV",
     {{tidv, 20}},
     {tx(0, later), tx(15'000, later), tx(30'000, later), tx(45'000, later), tx(60'000, later)},
     {written(80'480)}},
    // TIDV: 45,000 + 20,480 = 65,480, cancelled by the bound.
    {"TADV bounds it and cancels it",
     {{tidv, 20}, {tadv, 50}},
     {tx(0, later), tx(15'000, later), tx(30'000, later), tx(45'000, later)},
     {written(51'200)}},
    // 51,200; first of the second batch 60,000: 111,200.
    {"TADV again",
     {{tidv, 20}, {tadv, 50}},
     {tx(0, later), tx(15'000, later), tx(30'000, later), tx(45'000, later), tx(60'000, later),
      tx(75'000, later), tx(90'000, later), tx(105'000, later)},
     {written(51'200), written(111'200)}},
    // 20,480; 40,000 + 20,480; nothing at 51,200.
    {"TIDV's interrupt halts TADV",
     {{tidv, 20}, {tadv, 50}},
     {tx(0, later), tx(40'000, later)},
     {written(20'480), written(60'480)}},
    {"TADV shorter than TIDV", {{tidv, 100}, {tadv, 10}}, {tx(0, later)}, {written(10'240)}},
    {"TADV equal to TIDV: one interrupt",
     {{tidv, 20}, {tadv, 20}},
     {tx(0, later)},
     {written(20'480)}},
    // "The occurrence of either an immediate ... halts the TADV timer": 51,200 does not come; the
    // next batch is bounded from 60,000 on.
    {"an interrupt without delay halts TADV",
     {{tidv, 20}, {tadv, 50}},
     {tx(0, later), tx(10'000, now), tx(60'000, later), tx(75'000, later), tx(90'000, later),
      tx(105'000, later)},
     {written(10'000), written(111'200)}},
    // Of 20,480, in the gap of the first interrupt to 128,000.
    {"throttled like all others",
     {{tidv, 20}, {itr, 500}},
     {wr(0, ics, lsc), tx(1'000, later)},
     {at(0, lsc), at(128'000, txdw)}},
    // 20,480 after the packet of 0; the transmission's 20,480 after 5,000 waits for the gap of
    // 25,600.
    {"receive and transmit timers, one gap",
     {{rdtr, 20}, {tidv, 20}, {itr, 100}},
     {rx(0), tx(5'000, later)},
     {data(20'480), data(46'080, txdw)}},
    // Both expire in the gap of the interrupt at 0.
    {"receive and transmit timers, one interrupt",
     {{rdtr, 20}, {tidv, 20}, {itr, 200}},
     {wr(0, ics, lsc), rx(5'000), tx(10'000, later)},
     {at(0, lsc), at(51'200, rxt0 | txdw)}},
    {"receive and transmit timers, no gap",
     {{rdtr, 20}, {tidv, 20}},
     {rx(0), tx(10'000, later)},
     {data(20'480), written(30'480)}},
    // Written while it counts: loaded by the next write-back.
    {"TIDV written while it counts",
     {{tidv, 20}},
     {tx(0, later), wr(5'000, tidv, 40), tx(100'000, later)},
     {written(20'480), written(140'960)}},
};

}  // namespace

TEST_CASE("transmit timers") { check_timelines(transmit, false); }
TEST_CASE("transmit timers, PCI with cycles of its own") { check_timelines(transmit, true); }
