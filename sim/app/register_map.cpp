// SPDX-License-Identifier: Apache-2.0
#include "sim/app/register_map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/machine/chassis.h"

namespace sb::app {
namespace {

using machine::nearest;

size_t widest_name() {
    size_t width = 0;
    for (const auto* model : bus::DeviceModels::instance().all())
        width = std::max(width, model->name.size());
    return width;
}

const bus::DeviceModel& model_or_throw(const std::string& name) {
    if (const auto* model = bus::DeviceModels::instance().find(name)) return *model;
    std::vector<std::string> names;
    for (const auto* model : bus::DeviceModels::instance().all()) names.push_back(model->name);
    std::sort(names.begin(), names.end());
    const std::string near = nearest(name, names);
    throw Error(fmt::format("there is no device model \"{}\"; {}", name,
                            near.empty() ? fmt::format("there is {}", fmt::join(names, ", "))
                                         : fmt::format("did you mean \"{}\"?", near)));
}

std::string key_lines(const std::vector<Key>& keys) {
    std::string out;
    size_t name_width = 0, value_width = 0;
    for (const Key& key : keys) {
        name_width = std::max(name_width, key.name.size());
        value_width = std::max(value_width, key.fallback.size());
    }
    for (const Key& key : keys) {
        const std::string value = key.fallback.empty() ? "-" : key.fallback;
        out +=
            fmt::format("  {:<{}}  {:<{}}  {}", key.name, name_width, value, value_width, key.doc);
        if (!key.choices.empty()) out += fmt::format(" ({})", fmt::join(key.choices, ", "));
        out += "\n";
    }
    return out;
}

std::string bits_of(const bus::Field& field) {
    return field.high() == field.low() ? fmt::format("{}", field.low())
                                       : fmt::format("{}:{}", field.high(), field.low());
}

std::string register_lines(const bus::RegisterBank& bank) {
    auto list = bank.registers();
    std::stable_sort(list.begin(), list.end(), [](const auto* a, const auto* b) {
        return a->spec().offset < b->spec().offset;
    });
    std::string out = fmt::format("\nbank {} ({} bytes)\n", bank.spec().name, bank.spec().size);
    out += fmt::format("  {:<7} {:<22} {:>4} {:<4} {:>10}  {}\n", "offset", "register", "bits",
                       "acc", "reset", "description");
    for (const bus::Register* reg : list) {
        const auto& spec = reg->spec();
        out += fmt::format("  0x{:<5x} {:<22} {:>4} {:<4} {:>#10x}  {}", spec.offset, spec.name,
                           spec.bits, bus::name(spec.access), spec.reset, spec.doc);
        if (!spec.effect.empty()) out += fmt::format("; {}", spec.effect);
        out += "\n";
        for (const bus::Field* field : reg->fields())
            out += fmt::format("  {:<7} {:<22} {:>4} {:<4} {:>10}  {}\n", "",
                               std::string("  .") + field->name(), bits_of(*field),
                               bus::name(field->access()), "", field->doc());
    }
    return out;
}

}  // namespace

std::string model_list() {
    std::vector<const bus::DeviceModel*> models = bus::DeviceModels::instance().all();
    std::sort(models.begin(), models.end(),
              [](const auto* a, const auto* b) { return a->name < b->name; });
    std::string out;
    for (const auto* model : models)
        out += fmt::format("{:<{}}  {} ({})\n", model->name, widest_name(), model->summary,
                           model->source);
    out += "\nsouthbridge devices NAME prints one's settings and register map.\n";
    return out;
}

std::string register_map(const std::string& name) {
    const bus::DeviceModel& model = model_or_throw(name);
    std::string out = fmt::format("{}: {}\nsource: {}\n", model.name, model.summary, model.source);
    out += "\nsettings (name, default, meaning)\n" +
           (model.keys.empty() ? std::string{"  none\n"} : key_lines(model.keys));
    // The registers are read off a device that stands on a board with all the others.
    const auto scenario = machine::Scenario::parse("", "board");
    const machine::Plan plan = machine::make_plan(scenario);
    Simulation sim;
    observe::Stream stream;
    machine::Chassis chassis{sim, stream, plan.bus, plan.pci};
    const bus::Device* found = nullptr;
    for (const machine::DevicePlan& device : plan.devices) {
        bus::Device& built = chassis.add(device);
        if (device.model == &model) found = &built;
    }
    if (!found) {
        machine::DevicePlan alone{"shown", &model, Config{model.keys}, {"defaults", 0}};
        try {
            found = &chassis.add(alone);
        } catch (const Error& error) {
            // It can not be built without settings of the user's (an image file, say).
            return out + fmt::format("\nno register map without settings: {}\n", error.what());
        }
    }
    for (const bus::RegisterBank* bank : found->banks()) out += register_lines(*bank);
    if (found->banks().empty()) out += "\nno registers\n";
    return out;
}

std::string key_list(const std::string& table) {
    std::string out;
    for (const machine::KeyGroup& group : machine::key_groups())
        if (table.empty() || table == group.table)
            out += fmt::format("[{}]  {}\n{}\n", group.table, group.doc, key_lines(group.keys));
    if (table.empty()) {
        out += "[guest.parameters]  free: the guest's command line, as key=value\n\n";
        out += "[NAME]  one table per device; device = \"MODEL\" adds one. The board's are:\n";
        const auto scenario = machine::Scenario::parse("", "board");
        for (const machine::DevicePlan& device : machine::make_plan(scenario).devices)
            out += fmt::format("  {:<14} {}\n", device.name, device.model->name);
        out += "\nsouthbridge keys MODEL lists a device's keys.\n";
    } else if (out.empty()) {
        const auto scenario = machine::Scenario::parse("", "board");
        for (const machine::DevicePlan& device : machine::make_plan(scenario).devices)
            if (device.name == table)
                return fmt::format("[{}]  {}: {}\n{}", table, device.model->name,
                                   device.model->summary, key_lines(device.model->keys));
        out = key_lines(model_or_throw(table).keys);
    }
    return out;
}

}  // namespace sb::app
