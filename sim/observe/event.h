// SPDX-License-Identifier: Apache-2.0
//
// The typed event stream. Everything that a person sees of a run is derived from these events (and
// from the counters that components keep). An event is a picosecond stamp, its source, its kind and
// up to three numbers, whose meaning the kind declares in the table below: nothing else knows it.
//
// Order: events are emitted in the order in which the model acts, which is the same in the fast and
// in the lockstep mode. Stamps of one source never go back.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/kernel/time.h"

namespace sb::observe {

enum class Kind : uint8_t {
    phase,
    interrupt,
    exception,
    interrupt_return,
    halt,
    wake,
    instruction,
    access,
    burst,
    bus_wait,
    register_read,
    register_write,
    line,
    device,
    count_
};

/// How an event's number is printed.
enum class Show : uint8_t { none, decimal, hex, boolean, time, name };

struct Field {
    const char* name = "";
    Show show = Show::none;
};

struct KindInfo {
    Kind kind;
    const char* name;
    const char* doc;
    std::array<Field, 3> fields;
};

/// The one table of event kinds, in the order of the enumeration.
inline constexpr std::array<KindInfo, static_cast<size_t>(Kind::count_)> kinds{{
    {Kind::phase, "phase", "the guest entered a phase of its work", {{{"phase", Show::name}}}},
    {Kind::interrupt,
     "interrupt",
     "the processor began to deliver an external interrupt",
     {{{"vector", Show::hex}, {"eip", Show::hex}, {"cycles", Show::decimal}}}},
    {Kind::exception,
     "exception",
     "the processor began to deliver an exception",
     {{{"vector", Show::hex}, {"eip", Show::hex}, {"error", Show::hex}}}},
    {Kind::interrupt_return,
     "iret",
     "the processor returned from a handler",
     {{{"eip", Show::hex}, {"cycles", Show::decimal}}}},
    {Kind::halt, "halt", "the processor stopped at HLT", {{{"eip", Show::hex}}}},
    {Kind::wake, "wake", "the processor left HLT", {{{"cycles", Show::decimal}}}},
    {Kind::instruction,
     "instruction",
     "an instruction began",
     {{{"eip", Show::hex}, {"cycle", Show::decimal}}}},
    {Kind::access,
     "access",
     "a single bus access by a processor",
     {{{"address", Show::hex}, {"bytes", Show::decimal}, {"duration", Show::time}}}},
    {Kind::burst,
     "burst",
     "one bus tenure of a bus master",
     {{{"address", Show::hex}, {"bytes", Show::decimal}, {"duration", Show::time}}}},
    {Kind::bus_wait,
     "bus-wait",
     "a master was granted the bus after waiting",
     {{{"duration", Show::time}}}},
    {Kind::register_read,
     "read",
     "a register was read",
     {{{"register", Show::name}, {"value", Show::hex}}}},
    {Kind::register_write,
     "write",
     "a register was written",
     {{{"register", Show::name}, {"value", Show::hex}}}},
    {Kind::line, "line", "an interrupt line changed", {{{"level", Show::boolean}}}},
    {Kind::device,
     "device",
     "a device did something that its model names",
     {{{"action", Show::name}, {"value", Show::hex}, {"more", Show::hex}}}},
}};

constexpr const KindInfo& info(Kind kind) { return kinds[static_cast<size_t>(kind)]; }

using Source = uint16_t;  // an index of Stream's sources
using Name = uint32_t;    // an index of Stream's names

struct Event {
    Time at;
    Source source;
    Kind kind;
    std::array<uint64_t, 3> values;
};

}  // namespace sb::observe
