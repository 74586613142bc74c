// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/chassis.h"

#include <fmt/format.h>

#include <algorithm>

#include "bus/pci_bus.h"

namespace sb::machine {
namespace {

constexpr uint64_t memory_size = uint64_t{1} << 32;
constexpr uint64_t port_count = 0x10000;

/// Names with commas between, without blanks.
std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> names(1);
    for (const char c : text) {
        if (c == ',')
            names.emplace_back();
        else if (c != ' ' && c != '\t')
            names.back() += c;
    }
    return names;
}

bus::SystemBusTiming timing(const Config& config) {
    bus::SystemBusTiming t;
    t.clock = config.clock("clock");
    t.width = static_cast<unsigned>(config.integer("width"));
    t.address_clocks = static_cast<unsigned>(config.integer("address_clocks"));
    t.data_clocks = static_cast<unsigned>(config.integer("data_clocks"));
    t.longest_burst = static_cast<unsigned>(config.integer("longest_burst"));
    t.turnaround_clocks = static_cast<unsigned>(config.integer("turnaround_clocks"));
    t.synchronous = config.boolean("synchronous");
    t.arbitration = config.text("arbitration");
    t.tdma_slots = split(config.text("tdma_slots"));
    t.tdma_slot_clocks = static_cast<unsigned>(config.integer("tdma_slot_clocks"));
    t.posted_writes = static_cast<unsigned>(config.integer("posted_writes"));
    const std::string& mode = config.text("dma_mode");
    t.dma_mode = mode == "cycle-stealing" ? bus::DmaMode::cycle_stealing
                 : mode == "transparent"  ? bus::DmaMode::transparent
                                          : bus::DmaMode::burst;
    return t;
}

pci::LocalBusTiming pci_timing(const Config& config) {
    pci::LocalBusTiming t;
    auto number = [&](const char* key) { return static_cast<unsigned>(config.integer(key)); };
    t.clock = config.clock("clock");
    t.width = number("width") / 8;
    t.arbitration_clocks = number("arbitration_clocks");
    const std::string& speed = config.text("devsel");
    t.bridge_devsel = speed == "fast" ? 2 : speed == "medium" ? 3 : 4;
    t.write_latency = number("write_latency");
    t.read_latency = number("read_latency");
    t.posting = number("posting");
    t.prefetch = number("prefetch");
    t.bridge = bus::MasterSettings{config};
    return t;
}

using Ranges = std::vector<const bus::AddressSpace::Range*>;  // by address

/// Any range that is new since `before` must not overlap one that was there.
void refuse_clash(const bus::AddressSpace& space, const char* what, const Ranges& before) {
    for (const auto* fresh : space.ranges()) {
        if (fresh->size == 0 || std::find(before.begin(), before.end(), fresh) != before.end())
            continue;
        for (const auto* old : before)
            if (space.conflict(*fresh, *old))
                throw Error(fmt::format(
                    "{} {:#x}-{:#x} overlaps {} at {:#x}-{:#x}; give one of them another address",
                    what, fresh->start, fresh->last(), old->name, old->start, old->last()));
    }
}

}  // namespace

Chassis::Chassis(Simulation& sim, observe::Stream& stream, const Config& bus_config,
                 const Config& pci_config)
    : memory{sim, "memory_space", memory_size},
      ports{sim, "port_space", port_count},
      bus{sim, stream, "system_bus", timing(bus_config), memory, ports},
      board{sim, stream, bus},
      pci{board},
      system_reset_{sim, *this} {
    board.pci = &pci;
    if (pci_config.text("timing") != "none") pci.time(pci_timing(pci_config));
}

SystemReset::SystemReset(Simulation& sim, Chassis& chassis)
    : Component{sim, "system_reset"}, chassis_{chassis} {
    chassis.board.line("system_reset").connect(*this, 0);
    processor_.connect(chassis.board.line("reset"));
}

void SystemReset::act() {
    for (const auto& device : chassis_.devices()) device->reset();
    processor_.pulse();
}

Chassis::~Chassis() {
    // Last built, first gone: a device may use what was there before it.
    while (!devices_.empty()) devices_.pop_back();
}

bus::Device& Chassis::add(const DevicePlan& plan) {
    const Ranges memory_before = memory.ranges(), ports_before = ports.ranges();
    try {
        devices_.push_back(plan.model->create({board, plan.name, plan.config}));
        refuse_clash(memory, "memory", memory_before);
        refuse_clash(ports, "ports", ports_before);
    } catch (const Error& error) {
        const std::string what = error.what();
        const bool named = what.starts_with(plan.name + ":");
        throw Error(
            fmt::format("{}: {}{}{}", plan.place.text(), plan.machine,
                        named ? "" : plan.name + ": ", what));
    }
    return *devices_.back();
}

}  // namespace sb::machine
