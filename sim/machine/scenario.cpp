// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace sb::machine {
namespace {

constexpr uint64_t scenario_order = uint64_t{1}
                                    << 32;           // a scenario's devices come after the board's
constexpr uint64_t board_order = uint64_t{1} << 20;  // and a board's after those of the one below
constexpr unsigned board_depth = 4;
constexpr size_t most_others = 7;
constexpr const char* sweep_table = "sweep";
constexpr size_t longest_file = 1u << 20;

std::string read_file(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        throw Error(fmt::format("{}: this is a folder; name a scenario file", path));
    std::ifstream in{path, std::ios::binary};
    if (!in) throw Error(fmt::format("{}: this file can not be read; is the path right?", path));
    std::stringstream text;
    text << in.rdbuf();
    if (text.view().size() > longest_file)
        throw Error(fmt::format("{}: longer than 1 MiB, so it is hardly a scenario", path));
    return text.str();
}

RawValue raw(const toml::node& node, const Place& place, const std::string& key) {
    if (auto truth = node.value_exact<bool>()) return {*truth, place};
    if (auto number = node.value_exact<int64_t>()) return {*number, place};
    if (auto text = node.value_exact<std::string>()) return {*text, place};
    throw Error(
        fmt::format("{}: \"{}\" must be a text, a whole number, true or false", place.text(), key));
}

/// A node and all below it. `key` names it in messages.
RawNode tree(const toml::node& node, const Place& place, const std::string& key) {
    RawNode out;
    out.place = place;
    if (const toml::table* table = node.as_table()) {
        std::vector<std::pair<toml::source_position, std::string>> order;
        for (const auto& [name, inner] : *table)
            order.emplace_back(name.source().begin, std::string{name.str()});
        std::stable_sort(order.begin(), order.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        for (const auto& [at, name] : order)
            out.members.emplace_back(
                name, tree(*table->get(name), {place.file, static_cast<uint32_t>(at.line)}, name));
    } else if (const toml::array* array = node.as_array()) {
        out.kind = RawNode::Kind::list;
        for (const toml::node& item : *array)
            out.items.push_back(
                tree(item, {place.file, static_cast<uint32_t>(item.source().begin.line)}, key));
    } else {
        out.kind = RawNode::Kind::value;
        out.value = raw(node, place, key);
    }
    return out;
}

}  // namespace

const RawNode* RawNode::find(const std::string& name) const {
    for (const auto& [member, node] : members)
        if (member == name) return &node;
    return nullptr;
}

std::string RawValue::text() const {
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
    if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
    return std::get<std::string>(value);
}

Scenario Scenario::load(const std::string& path, const std::vector<std::string>& sets) {
    return parse(read_file(path), path, sets);
}

Scenario Scenario::parse(std::string_view text, const std::string& name,
                         const std::vector<std::string>& sets) {
    Scenario scenario;
    scenario.file_ = name;
    scenario.lay(text, name, scenario_order);
    scenario.text_ = text;
    scenario.sets_ = sets;
    for (const std::string& assignment : sets) scenario.set(assignment);

    scenario.name_others();
    Scenario whole;
    whole.file_ = name;
    whole.others_ = scenario.others_;
    whole.lay_board(scenario, "");
    for (const std::string& other : scenario.others_) whole.lay_board(scenario, other + ".");
    whole.cover(scenario);
    whole.text_ = std::move(scenario.text_);
    whole.sets_ = sets;
    whole.sweep_ = std::move(scenario.sweep_);
    whole.sweep_sets_ = std::move(scenario.sweep_sets_);
    return whole;
}

Scenario Scenario::with(const std::vector<std::string>& sets) const {
    std::vector<std::string> all = sets_;
    all.insert(all.end(), sets.begin(), sets.end());
    return parse(text_, file_, all);
}

/// Lays the board that `over` names for one machine under that machine's tables.
void Scenario::lay_board(const Scenario& over, const std::string& prefix) {
    const RawValue* board = over.find(prefix + "machine", "board");
    const std::string name = board ? board->text() : "pc";
    if (!board_text(name))
        throw Error(fmt::format("{}: there is no board \"{}\"; there is {}",
                                board ? board->place.text() : file_, name,
                                fmt::join(board_names(), ", ")));
    for (auto& [table, content] : board_scenario(name, 0).tables_)
        if (prefix.empty() || !table.empty()) tables_.insert_or_assign(prefix + table, content);
}

void Scenario::name_others() {
    const RawValue* value = find("machine", "others");
    if (!value) return;
    std::stringstream names{value->text()};
    for (std::string name; std::getline(names, name, ',');) {
        std::erase(name, ' ');
        const bool letters = std::all_of(name.begin(), name.end(), [](unsigned char c) {
            return std::isalnum(c) || c == '_' || c == '-';
        });
        auto refuse = [&](const char* why) {
            throw Error(
                fmt::format("{}: machine.others: \"{}\" {}", value->place.text(), name, why));
        };
        if (name.empty() || !letters || !std::isalpha(static_cast<unsigned char>(name[0])))
            refuse("is no name of a machine: use letters, digits, - and _");
        if (std::find(others_.begin(), others_.end(), name) != others_.end())
            refuse("is named twice");
        if (others_.size() == most_others)
            refuse("is one too many: 7 further machines are the most");
        others_.push_back(name);
    }
}

/// A board lies on the one that it names itself, if any.
Scenario Scenario::board_scenario(const std::string& name, unsigned depth) {
    Scenario board;
    board.lay(board_text(name), "board " + name, (board_depth - depth) * board_order);
    const RawValue* below = board.find("machine", "board");
    if (!below || depth == board_depth) return board;
    Scenario whole = board_scenario(below->text(), depth + 1);
    whole.cover(board);
    return whole;
}

void Scenario::cover(const Scenario& above) {
    for (const auto& [table_name, table] : above.tables_) {
        auto [under, fresh] = tables_.try_emplace(table_name, table);
        if (fresh) continue;
        under->second.place = table.place;
        for (auto& [key, value] : table.values) under->second.values.insert_or_assign(key, value);
    }
}

void Scenario::lay(std::string_view text, const std::string& name, uint64_t order_base) {
    toml::table root;
    try {
        root = toml::parse(text, name);
    } catch (const toml::parse_error& error) {
        throw Error(fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
    }
    auto add = [&](auto& self, const std::string& path, const toml::table& table,
                   uint32_t line) -> void {
        RawTable& into = tables_[path];
        into.place = {name, line};
        into.order = order_base + line;
        for (const auto& [key, node] : table) {
            const auto here = static_cast<uint32_t>(key.source().begin.line);
            std::string key_name{key.str()};
            if (path.empty() && key_name == sweep_table)
                sweep_ = tree(node, {name, here}, key_name);
            else if (const toml::table* inner = node.as_table())
                self(self, path.empty() ? key_name : path + "." + key_name, *inner, here);
            else
                into.values.insert_or_assign(key_name, raw(node, {name, here}, key_name));
        }
    };
    add(add, "", root, 1);
}

void Scenario::set(const std::string& assignment) {
    const Place place{"--set " + assignment, 0};
    const size_t equals = assignment.find('=');
    const size_t dot = assignment.substr(0, equals).rfind('.');
    if (equals == std::string::npos || equals == 0)
        throw Error(fmt::format("{}: write it as table.key=value, e.g. --set cpu.clock=33MHz",
                                place.text()));
    const std::string table = dot == std::string::npos ? "" : assignment.substr(0, dot);
    const size_t start = dot == std::string::npos ? 0 : dot + 1;
    if (assignment.starts_with(std::string{sweep_table} + ".")) {
        sweep_sets_.emplace_back(assignment.substr(0, equals),
                                 RawValue{assignment.substr(equals + 1), place, true});
        return;
    }
    auto [entry, fresh] = tables_.try_emplace(table);
    if (fresh) {
        entry->second.place = place;
        entry->second.order = 2 * scenario_order;
    }
    RawValue value{assignment.substr(equals + 1), place, true};
    entry->second.values.insert_or_assign(assignment.substr(start, equals - start), value);
}

const RawValue* Scenario::find(const std::string& table, const std::string& key) const {
    auto found = tables_.find(table);
    if (found == tables_.end()) return nullptr;
    auto value = found->second.values.find(key);
    return value == found->second.values.end() ? nullptr : &value->second;
}

std::string Scenario::resolve(const RawValue& value) const {
    std::filesystem::path path = value.text();
    if (value.from_text || path.empty() || path.is_absolute()) return path.string();
    return (std::filesystem::path{file_}.parent_path() / path).string();
}

}  // namespace sb::machine
