// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace sb::machine {
namespace {

constexpr const char* device_key = "device";

const std::vector<Key>& keys_of(const char* group) {
    const auto& groups = key_groups();
    return std::find_if(groups.begin(), groups.end(),
                        [&](const KeyGroup& g) { return g.table == group; })
        ->keys;
}

/// Of a further machine: whose board it is, but no others.
std::vector<Key> other_machine_keys() { return {keys_of("machine")[0]}; }

[[noreturn]] void fail(const Place& place, const std::string& what) {
    throw Error(place.text() + ": " + what);
}

std::vector<std::string> names(const std::vector<Key>& keys) {
    std::vector<std::string> list;
    for (const Key& key : keys) list.push_back(key.name);
    return list;
}
std::vector<std::string> names(const std::vector<KeyGroup>& groups) {
    std::vector<std::string> list;
    for (const KeyGroup& group : groups) list.push_back(group.table);
    return list;
}

std::string hint(const std::string& word, const std::vector<std::string>& candidates) {
    std::string near = nearest(word, candidates);
    if (!near.empty()) return fmt::format("; did you mean \"{}\"?", near);
    return candidates.empty() ? "" : fmt::format("; there is {}", fmt::join(candidates, ", "));
}

Value typed(const Key& key, const RawValue& raw) {
    if (raw.from_text) return parse_value(key, raw.text());
    if (const auto* truth = std::get_if<bool>(&raw.value)) return check_value(key, Value{*truth});
    if (const auto* number = std::get_if<int64_t>(&raw.value)) {
        if (key.type == ValueType::integer && *number >= 0)
            return check_value(key, Value{static_cast<uint64_t>(*number)});
        // A bare number where a unit is needed, a text wanted, or a negative one.
        throw Error(fmt::format("{} is not {}", *number, expected(key)));
    }
    if (key.type == ValueType::boolean || key.type == ValueType::integer)
        if (!std::get<std::string>(raw.value).starts_with("0x"))
            throw Error(fmt::format("\"{}\" is not {} (write it without quotes)", raw.text(),
                                    expected(key)));
    return parse_value(key, raw.text());
}

/// Gives every key of a table its value, or its default; refuses keys that are not declared.
Config fill(const Scenario& scenario, const std::string& table, const std::vector<Key>& keys) {
    Config config{keys};
    auto found = scenario.tables().find(table);
    if (found == scenario.tables().end()) return config;
    for (const auto& [name, raw] : found->second.values) {
        if (name == device_key) continue;
        auto key =
            std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name; });
        if (key == keys.end())
            fail(raw.place,
                 fmt::format("[{}] has no key \"{}\"{}", table, name, hint(name, names(keys))));
        try {
            Value value = typed(*key, raw);
            if (key->type == ValueType::file && !raw.text().empty()) {
                std::string path = scenario.resolve(raw);
                if (!std::filesystem::exists(path))
                    throw Error(fmt::format("the file {} does not exist", path));
                value = path;
            }
            config.set(name, value);
        } catch (const Error& error) {
            fail(raw.place, fmt::format("{}.{}: {}", table, name, error.what()));
        }
    }
    return config;
}

/// The part of a table's name before its first dot; all of it where it has none.
std::string head(const std::string& table) { return table.substr(0, table.find('.')); }

bool is_other(const Scenario& scenario, const std::string& name) {
    const auto& others = scenario.others();
    return std::find(others.begin(), others.end(), name) != others.end();
}

bool is_group(const std::string& table) {
    for (const KeyGroup& group : key_groups())
        if (group.table == table) return true;
    return table.empty() || table == "guest.parameters";
}

/// The tables of one machine that are devices, or mean to be: by the names they have there.
std::vector<std::pair<std::string, const RawTable*>> device_tables(const Scenario& scenario,
                                                                   const std::string& machine) {
    std::vector<std::pair<std::string, const RawTable*>> list;
    for (const auto& [name, table] : scenario.tables()) {
        const bool other = is_other(scenario, head(name));
        if (machine.empty() ? other : head(name) != machine || name == machine) continue;
        const std::string own = machine.empty() ? name : name.substr(machine.size() + 1);
        if (!is_group(own) || (own == "run" && !machine.empty())) list.emplace_back(own, &table);
    }
    return list;
}

/// A table that is neither a group, nor a known device, nor a new one.
[[noreturn]] void refuse_table(const Scenario& scenario, const NodePlan& node,
                               const std::string& name, const Place& place) {
    const std::string table = node.prefix() + name;
    if (name == "run" && !node.name.empty())
        fail(place,
             fmt::format("[{}]: the run is one for all machines; its keys are in [run]", table));
    // A table above others is there by their names alone.
    const bool above =
        std::any_of(scenario.tables().begin(), scenario.tables().end(),
                    [&](const auto& entry) { return entry.first.starts_with(table + "."); });
    if (node.name.empty() && (above || name.find('.') != std::string::npos))
        fail(place, fmt::format("there is no machine \"{}\"{}; name it: [machine] others = \"{}\"",
                                head(name), hint(head(name), scenario.others()), head(name)));
    std::vector<std::string> known;
    for (const auto& [other, unused] : device_tables(scenario, node.name))
        if (other != name) known.push_back(other);
    for (const KeyGroup& group : key_groups()) known.push_back(group.table);
    fail(place, fmt::format("there is no device \"{}\" on the board{}; a new one needs a key {} "
                            "(its model)",
                            table, hint(name, known), device_key));
}

std::vector<DevicePlan> plan_devices(const Scenario& scenario, const NodePlan& node) {
    std::vector<std::pair<uint64_t, DevicePlan>> ordered;
    std::vector<std::string> models;
    for (const auto* model : bus::DeviceModels::instance().all()) models.push_back(model->name);
    for (const auto& [name, table] : device_tables(scenario, node.name)) {
        const std::string full = node.prefix() + name;
        const RawValue* device = scenario.find(full, device_key);
        if (!device) refuse_table(scenario, node, name, table->place);
        if (device->text() == "none") continue;
        const bus::DeviceModel* model = bus::DeviceModels::instance().find(device->text());
        if (!model)
            fail(device->place, fmt::format("there is no device model \"{}\"{}", device->text(),
                                            hint(device->text(), models)));
        ordered.push_back(
            {table->order,
             {name, model, fill(scenario, full, model->keys), table->place, node.prefix()}});
    }
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<DevicePlan> devices;
    for (auto& [order, plan] : ordered) devices.push_back(std::move(plan));
    return devices;
}

std::string top_text(const Scenario& scenario, const char* key) {
    const RawValue* value = scenario.find("", key);
    if (value && !std::holds_alternative<std::string>(value->value))
        fail(value->place, fmt::format("\"{}\" must be a text, in quotes", key));
    return value ? value->text() : std::string{};
}

/// Fails at the place of a key, or of the scenario where it does not set it.
[[noreturn]] void refuse_key(const Scenario& scenario, const std::string& table, const char* key,
                             const std::string& what) {
    const RawValue* raw = scenario.find(table, key);
    fail(raw ? raw->place : Place{scenario.file(), 0}, fmt::format("{}.{}: {}", table, key, what));
}

/// What one key of the bus alone can not say.
void check_bus(const Scenario& scenario, const NodePlan& node) {
    const Config& bus = node.bus;
    auto refuse = [&](const char* key, const std::string& what) {
        refuse_key(scenario, node.prefix() + "bus", key, what);
    };
    const uint64_t width = bus.integer("width");
    if ((width & (width - 1)) != 0)
        refuse("width", fmt::format("{} is not a power of two from 1 to 64", width));
    if (bus.text("arbitration") != "tdma") {
        if (!bus.text("tdma_slots").empty())
            refuse("tdma_slots", "only arbitration \"tdma\" has slots");
        return;
    }
    if (bus.text("tdma_slots").empty())
        refuse("arbitration", "\"tdma\" needs bus.tdma_slots: whose each slot is");
    if (bus.text("dma_mode") == "transparent")
        refuse("dma_mode",
               "\"transparent\" contradicts arbitration \"tdma\": slots say who is next");
}

void check_pci(const Scenario& scenario, const NodePlan& node) {
    const Config& pci = node.pci;
    auto refuse = [&](const char* key, const std::string& what) {
        refuse_key(scenario, node.prefix() + "pci_bus", key, what);
    };
    if (const uint64_t bits = pci.integer("width"); bits != 32 && bits != 64)
        refuse("width", fmt::format("{} is not 32 or 64", bits));
    for (const char* key : {"posting", "prefetch"})
        if (pci.integer(key) % 32 != 0) refuse(key, "is not a multiple of a line of 32 bytes");
}

/// Keys of caches say nothing where there is none.
void check_caches(const Scenario& scenario, const NodePlan& node) {
    auto table = scenario.tables().find(node.prefix() + "cpu");
    if (node.cpu.text("cache") == "model" || table == scenario.tables().end()) return;
    for (const auto& [name, raw] : table->second.values)
        if (name.starts_with("l1_") || name.starts_with("l2_"))
            fail(raw.place,
                 fmt::format("{}cpu.{}: only cache \"model\" has caches", node.prefix(), name));
}

/// A machine's own name must not mean something else.
void check_other(const Scenario& scenario, const std::string& name) {
    const RawValue* others = scenario.find("machine", "others");
    const std::vector<std::string> taken = names(key_groups());
    if (std::find(taken.begin(), taken.end(), name) != taken.end())
        fail(others->place, fmt::format("machine.others: \"{0}\" is no name for a machine, because "
                                        "[{0}] is a table of the first one",
                                        name));
    auto table = scenario.tables().find(name);
    if (table == scenario.tables().end() || table->second.values.empty()) return;
    const auto& [key, raw] = *table->second.values.begin();
    fail(raw.place,
         fmt::format("\"{0}\" is a machine: its keys are in tables such as [{0}.cpu], and \"{1}\" "
                     "is in none",
                     name, key));
}

/// Of one machine, whose name is set.
void plan_node(const Scenario& scenario, NodePlan& node) {
    const std::string prefix = node.prefix();
    fill(scenario, prefix + "machine",
         prefix.empty() ? keys_of("machine") : other_machine_keys());
    node.bus = fill(scenario, prefix + "bus", keys_of("bus"));
    check_bus(scenario, node);
    node.pci = fill(scenario, prefix + "pci_bus", keys_of("pci_bus"));
    check_pci(scenario, node);
    node.cpu = fill(scenario, prefix + "cpu", keys_of("cpu"));
    check_caches(scenario, node);
    node.guest = fill(scenario, prefix + "guest", keys_of("guest"));
    node.guest_place = {scenario.file(), 0};
    if (const RawValue* program = scenario.find(prefix + "guest", "program")) {
        node.guest_place = program->place;
        // A path is relative to the scenario; a bare name is a file beside it, or a shipped guest.
        const std::filesystem::path beside = scenario.resolve(*program);
        const bool path = program->text().find('/') != std::string::npos;
        if (path || std::filesystem::is_regular_file(beside))
            node.guest.set("program",
                           beside.has_parent_path() ? beside.string() : "./" + beside.string());
    }
    auto parameters = scenario.tables().find(prefix + "guest.parameters");
    if (parameters != scenario.tables().end())
        for (const auto& [name, raw] : parameters->second.values)
            node.parameters.emplace_back(name, raw.text());
    node.devices = plan_devices(scenario, node);
}

}  // namespace

/// A table of a further machine ("server.cpu", where `machine.others` names a server) as that
/// machine itself calls it.
static std::string own_name(const Scenario& scenario, const std::string& table) {
    const bool other = table != head(table) && is_other(scenario, head(table));
    return other ? table.substr(head(table).size() + 1) : table;
}

Key declared_key(const Scenario& scenario, const std::string& dotted_name) {
    const size_t dot = dotted_name.rfind('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == dotted_name.size())
        throw Error(fmt::format("\"{}\" is not a key of a table, such as cpu.clock", dotted_name));
    const std::string table = dotted_name.substr(0, dot);
    const std::string name = dotted_name.substr(dot + 1);
    const std::string own = own_name(scenario, table);
    Key free;
    free.name = name;
    if (own == "guest.parameters" || name == device_key) return free;
    std::vector<std::string> tables{"guest.parameters"};
    std::vector<Key> keys;
    for (const KeyGroup& group : key_groups()) {
        tables.push_back(group.table);
        if (group.table == own) keys = group.keys;
    }
    if (!keys.empty()) tables.push_back(table);
    for (const auto& [other, raw] : scenario.tables()) {
        const RawValue* device = scenario.find(other, device_key);
        if (!device) continue;
        tables.push_back(other);
        const bus::DeviceModel* model = bus::DeviceModels::instance().find(device->text());
        if (other == table && model) keys = model->keys;
    }
    if (std::find(tables.begin(), tables.end(), table) == tables.end())
        throw Error(fmt::format("there is no table \"{}\"{}", table, hint(table, tables)));
    for (const Key& key : keys)
        if (key.name == name) return key;
    throw Error(fmt::format("[{}] has no key \"{}\"{}", table, name, hint(name, names(keys))));
}

Plan make_plan(const Scenario& scenario) {
    static const std::vector<std::string> top{"title", "question"};
    for (const auto& [name, raw] : scenario.tables().at("").values)
        if (std::find(top.begin(), top.end(), name) == top.end())
            fail(raw.place,
                 fmt::format("there is no key \"{}\" outside of a table{}", name, hint(name, top)));
    Plan plan;
    plan.file = scenario.file();
    plan.title = top_text(scenario, "title");
    plan.question = top_text(scenario, "question");
    plan.run = fill(scenario, "run", keys_of("run"));
    plan_node(scenario, plan);
    for (const std::string& name : scenario.others()) {
        check_other(scenario, name);
        plan.others.emplace_back().name = name;
        plan_node(scenario, plan.others.back());
    }
    return plan;
}

}  // namespace sb::machine
