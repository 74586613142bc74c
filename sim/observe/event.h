// SPDX-License-Identifier: Apache-2.0
//
// The typed event stream. Everything that a person sees of a run is derived from these events (and
// from the counters that components keep). An event is a picosecond stamp, its source, its kind and
// up to six numbers, whose meaning the kind declares in the table below: nothing else knows it.
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
    bus_request,
    access,
    burst,
    bus_wait,
    turnaround,
    pci,
    pci_phases,
    cache,
    dram,
    acknowledge,
    interrupt_message,
    end_of_interrupt,
    register_read,
    register_write,
    line,
    device,
    bus_lock,
    abandon,
    packet,
    count_
};

/// How an event's number is printed.
enum class Show : uint8_t { none, decimal, hex, boolean, time, name, command, stage };

/// What a bus transaction does: of the system bus, and the commands of PCI (PCI 2.2, 3.1.1).
enum class Command : uint8_t {
    memory_read,
    memory_write,
    port_read,
    port_write,
    configuration_read,
    configuration_write,
    memory_read_line,
    memory_read_multiple,
    memory_write_invalidate,
    message,  // an interrupt message (MSI)
    count_
};
inline constexpr std::array<const char*, static_cast<size_t>(Command::count_)> command_names{
    "memory-read",         "memory-write",     "port-read",            "port-write",
    "configuration-read",  "configuration-write", "memory-read-line", "memory-read-multiple",
    "memory-write-invalidate", "message"};

/// The way of a packet, stage by stage. A packet begins with `offered` or `sent`, and ends with `served` or
/// `dropped`; not every packet passes every stage.
enum class Stage : uint8_t {
    offered,    // a traffic source wants to send it, and queues it
    sent,       // its first bit goes onto a wire
    arrived,    // its last bit has come to the other end
    buffered,   // the controller there accepts it into its packet buffer
    stored,     // it is where the driver finds it: data and descriptor are in memory
    interrupt,  // the controller asks for an interrupt (packet 0: for all that it has stored)
    handler,    // the driver's top half begins, or its poll (packet 0: for all of that controller)
    taken,      // the driver's bottom half takes it out of the ring
    protocol,   // the protocols are done with it
    served,     // the application, or the peer that it was for, has it
    forwarded,  // a forwarder has handed it to another controller's transmit ring
    dropped,    // it ends here: `place` says where and why
    count_
};
inline constexpr std::array<const char*, static_cast<size_t>(Stage::count_)> stage_names{
    "offered", "sent",  "arrived",  "buffered", "stored",    "interrupt",
    "handler", "taken", "protocol", "served",   "forwarded", "dropped"};

/// The `input` of an interrupt message that no line "irqN" has caused.
inline constexpr uint64_t no_input = 255;

inline constexpr size_t most_values = 6;

struct Field {
    const char* name = "";
    Show show = Show::none;
};

struct KindInfo {
    Kind kind;
    const char* name;
    const char* doc;
    std::array<Field, most_values> fields;
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
     "an instruction began; its linear address is base + eip",
     {{{"eip", Show::hex}, {"cycle", Show::decimal}, {"esp", Show::hex}, {"base", Show::hex}}}},
    {Kind::bus_request,
     "request",
     "a master asked for a bus",
     {{{"address", Show::hex}, {"bytes", Show::decimal}, {"command", Show::command}}}},
    {Kind::access,
     "access",
     "a single bus access by a processor, which began now; the wait is what its target added",
     {{{"address", Show::hex},
       {"bytes", Show::decimal},
       {"duration", Show::time},
       {"command", Show::command},
       {"data", Show::hex},
       {"wait", Show::time}}}},
    {Kind::burst,
     "burst",
     "one bus tenure of a bus master; the data is its first beat's",
     {{{"address", Show::hex},
       {"bytes", Show::decimal},
       {"duration", Show::time},
       {"command", Show::command},
       {"data", Show::hex},
       {"wait", Show::time}}}},
    {Kind::bus_wait,
     "bus-wait",
     "a master was granted the bus after waiting",
     {{{"duration", Show::time}}}},
    {Kind::turnaround,
     "turnaround",
     "a bus passes from one owner to another, and is nobody's",
     {{{"duration", Show::time}}}},
    {Kind::pci,
     "pci",
     "one transaction on a PCI bus by its initiator; the data is its first data phase's",
     {{{"address", Show::hex},
       {"bytes", Show::decimal},
       {"duration", Show::time},
       {"command", Show::command},
       {"data", Show::hex},
       {"end", Show::name}}}},
    {Kind::pci_phases,
     "pci-phases",
     "the clocks of the transaction just named, from its address phase on",
     {{{"devsel", Show::decimal},
       {"turnaround", Show::decimal},
       {"initial", Show::decimal},
       {"beats", Show::decimal},
       {"waits", Show::decimal},
       {"idle", Show::decimal}}}},
    {Kind::cache,
     "cache",
     "a cache did something that takes bus or memory time",
     {{{"action", Show::name}, {"address", Show::hex}, {"duration", Show::time}}}},
    {Kind::dram,
     "dram",
     "an access to DRAM: row hit, miss, conflict, or a refresh",
     {{{"action", Show::name},
       {"bank", Show::decimal},
       {"row", Show::hex},
       {"duration", Show::time}}}},
    {Kind::acknowledge,
     "acknowledge",
     "an interrupt controller gave a processor the vector to serve",
     {{{"vector", Show::hex}, {"duration", Show::time}}}},
    {Kind::interrupt_message,
     "interrupt-message",
     "an interrupt controller, or a device by MSI, sent an interrupt towards a processor",
     {{{"vector", Show::hex}, {"input", Show::decimal}}}},
    {Kind::end_of_interrupt,
     "eoi",
     "a handler ended the service of an interrupt",
     {{{"vector", Show::hex}}}},
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
    {Kind::bus_lock,
     "lock",
     "LOCK#: a master keeps a bus from the others between its transactions, or stops to",
     {{{"level", Show::boolean}}}},
    {Kind::abandon,
     "abandon",
     "the tenure under way of a bus master ended now, before its time, for a processor; its data did "
     "not move",
     {{{"address", Show::hex}, {"bytes", Show::decimal}, {"duration", Show::time}}}},
    {Kind::packet,
     "packet",
     "a packet reached a stage of its way; bytes are without FCS, a place is where it was dropped, or which "
     "controller is meant",
     {{{"packet", Show::decimal},
       {"stage", Show::stage},
       {"bytes", Show::decimal},
       {"place", Show::name}}}},
}};

constexpr const char* command_name(uint64_t command) {
    return command < command_names.size() ? command_names[command] : "?";
}
constexpr const char* stage_name(uint64_t stage) {
    return stage < stage_names.size() ? stage_names[stage] : "?";
}
constexpr const KindInfo& info(Kind kind) { return kinds[static_cast<size_t>(kind)]; }

using Source = uint16_t;  // an index of Stream's sources
using Name = uint32_t;    // an index of Stream's names

struct Event {
    Time at;
    Source source;
    Kind kind;
    std::array<uint64_t, most_values> values;
};

}  // namespace sb::observe
