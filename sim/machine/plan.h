// SPDX-License-Identifier: Apache-2.0
//
// A checked scenario: every key is one that somebody declared, every value has its type, unit and
// bounds, every file exists. What is built from a plan can fail only for reasons of its devices.
//
// Tables of a scenario: `run`, `machine`, `bus`, `pci_bus`, `guest`, `guest.parameters` (free),
// `cpu`, and one table per device, named as the device. A board brings its devices; a scenario adds
// one by a table with the key `device`, and removes one with `device = "none"`.
//
// Several machines: `machine.others` names further ones, with commas between. Of the machine
// "server" are the tables `server.cpu`, `server.guest` and so on, all but `run`, and its devices:
// `server.nic`. It has its own board, and takes over nothing of the first machine's settings. What
// they share are the wires: a device names a wire of the first machine by the plain name.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bus/device.h"
#include "sim/machine/scenario.h"

namespace sb::machine {

struct DevicePlan {
    std::string name;
    const bus::DeviceModel* model = nullptr;
    Config config;
    Place place;
    std::string machine;  // for messages: a further machine's name and a dot
};

/// One machine.
struct NodePlan {
    std::string name;  // empty for the first
    /// What its tables' names begin with.
    std::string prefix() const { return name.empty() ? "" : name + "."; }
    Config bus;
    Config pci;
    Config cpu;
    Config guest;
    std::vector<std::pair<std::string, std::string>> parameters;  // guest.parameters
    Place guest_place;
    std::vector<DevicePlan> devices;  // in the order in which they are built
};

/// The first machine, and what is not of one machine.
struct Plan : NodePlan {
    std::string file;
    std::string title;
    std::string question;
    Config run;
    std::vector<NodePlan> others;
};

/// The keys of the tables that are not devices, for checking and for printing.
struct KeyGroup {
    std::string table;
    std::string doc;
    std::vector<Key> keys;
};
const std::vector<KeyGroup>& key_groups();

/// The declared key that a dotted name such as "cpu.clock" stands for in this scenario; a text
/// without bounds for what is free (guest.parameters) or says itself which keys there are (a
/// device's model). Throws `Error` with the nearest valid name, without a place.
Key declared_key(const Scenario& scenario, const std::string& dotted_name);

/// Throws `Error`: file, line, what was expected, and the nearest valid key.
Plan make_plan(const Scenario& scenario);

}  // namespace sb::machine
