// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/kernel/config.h"

namespace sb::lab {

using machine::RawNode;
using machine::RawValue;

void fail(const machine::Place& place, const std::string& what) {
    throw Error(place.text() + ": " + what);
}

std::string hint(const std::string& word, const std::vector<std::string>& candidates) {
    const std::string near = nearest(word, candidates);
    if (!near.empty()) return fmt::format("; did you mean \"{}\"?", near);
    return candidates.empty() ? "" : fmt::format("; there is {}", fmt::join(candidates, ", "));
}

Fields::Fields(const RawNode& table, std::string name) : table_{table}, name_{std::move(name)} {
    if (table.kind != RawNode::Kind::table)
        fail(table.place, fmt::format("\"{}\" must be a table, [{}]", name_, name_));
}

const RawNode* Fields::take(const std::string& key) {
    known_.push_back(key);
    return table_.find(key);
}

void Fields::refuse(const RawNode& node, const std::string& key, const std::string& what) const {
    fail(node.place, fmt::format("{}.{}: {}", name_, key, what));
}

const RawValue* Fields::value(const std::string& key) {
    const RawNode* node = take(key);
    if (!node) return nullptr;
    if (node->kind != RawNode::Kind::value)
        refuse(*node, key, "takes one value, no list and no table");
    return &node->value;
}

std::string Fields::text(const std::string& key, const std::string& fallback) {
    const RawValue* raw = value(key);
    if (!raw) return fallback;
    if (!std::holds_alternative<std::string>(raw->value))
        refuse(*table_.find(key), key, "must be a text, in quotes");
    return raw->text();
}

std::string Fields::choice(const std::string& key, const std::vector<std::string>& choices) {
    const std::string word = text(key, choices.front());
    if (std::find(choices.begin(), choices.end(), word) == choices.end())
        refuse(*table_.find(key), key,
               fmt::format("\"{}\" is not one of {}", word, fmt::join(choices, ", ")));
    return word;
}

bool Fields::truth(const std::string& key, bool fallback) {
    const RawValue* raw = value(key);
    if (!raw) return fallback;
    if (const auto* truth = std::get_if<bool>(&raw->value)) return *truth;
    if (raw->from_text && (raw->text() == "true" || raw->text() == "false"))
        return raw->text() == "true";
    refuse(*table_.find(key), key, "must be true or false, without quotes");
}

uint64_t Fields::number(const std::string& key, uint64_t least, uint64_t most, uint64_t fallback) {
    const RawValue* raw = value(key);
    if (!raw) return fallback;
    const Key declared{.name = key,
                       .type = ValueType::integer,
                       .fallback = {},
                       .doc = {},
                       .choices = {},
                       .least = least,
                       .most = most};
    try {
        if (raw->from_text) return std::get<uint64_t>(parse_value(declared, raw->text()));
        const auto* number = std::get_if<int64_t>(&raw->value);
        if (!number || *number < 0)
            throw Error(fmt::format("{} is not {}", raw->text(), expected(declared)));
        return std::get<uint64_t>(check_value(declared, static_cast<uint64_t>(*number)));
    } catch (const Error& error) {
        refuse(*table_.find(key), key, error.what());
    }
}

std::vector<std::string> Fields::texts(const std::string& key) {
    const RawNode* node = take(key);
    if (!node) return {};
    std::vector<std::string> list;
    auto add = [&](const RawNode& item) {
        if (item.kind != RawNode::Kind::value ||
            !std::holds_alternative<std::string>(item.value.value))
            refuse(item, key, "must be a text in quotes, or a list of them");
        list.push_back(item.value.text());
    };
    if (node->kind == RawNode::Kind::list)
        for (const RawNode& item : node->items) add(item);
    else
        add(*node);
    if (list.empty()) refuse(*node, key, "the list is empty");
    return list;
}

void Fields::finish() const {
    for (const auto& [key, node] : table_.members)
        if (std::find(known_.begin(), known_.end(), key) == known_.end())
            fail(node.place,
                 fmt::format("[{}] has no key \"{}\"{}", name_, key, hint(key, known_)));
}

}  // namespace sb::lab
