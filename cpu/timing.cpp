// SPDX-License-Identifier: Apache-2.0
#include "cpu/timing.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <fstream>
#include <sstream>

#include "cpu/model_identity.h"
#include "cpu/timing_files.h"
#include "sim/kernel/error.h"

namespace sb::cpu {

const std::array<RowInfo, row_count> rows{{
#define SB_CLOCK_ROW(section, key, doc) {#section, #key, doc},
#include "cpu/timing_rows.h"
#undef SB_CLOCK_ROW
}};

namespace {

constexpr int64_t most_clocks = 10'000;

void refuse_unknown(const toml::table& root, const std::string& source) {
    for (const auto& [section, node] : root) {
        if (section == "model") continue;
        const toml::table* table = node.as_table();
        if (!table) refuse(source, &node, fmt::format("\"{}\" is not a table", section.str()));
        for (const auto& [key, value] : *table) {
            bool known = false;
            for (const RowInfo& row : rows) known |= section == row.section && key == row.key;
            if (!known)
                refuse(source, &value,
                       fmt::format("[{}] has no row \"{}\"", section.str(), key.str()));
        }
    }
}

}  // namespace

Model parse_model(std::string_view text, const std::string& source) {
    toml::table root;
    try {
        root = toml::parse(text, source);
    } catch (const toml::parse_error& error) {
        throw Error(
            fmt::format("{}:{}: {}", source, error.source().begin.line, error.description()));
    }
    Model model;
    const toml::table* identity = root["model"].as_table();
    if (!identity) refuse(source, nullptr, "there is no [model] table");
    read_identity(model, *identity, source);
    refuse_unknown(root, source);
    for (size_t i = 0; i < row_count; ++i) {
        const toml::node* node = root[rows[i].section][rows[i].key].node();
        if (!node)
            refuse(source, nullptr,
                   fmt::format("[{}] lacks \"{}\", the clocks of {}", rows[i].section, rows[i].key,
                               rows[i].doc));
        auto clocks = node->value_exact<int64_t>();
        if (!clocks || *clocks < 0 || *clocks > most_clocks)
            refuse(source, node,
                   fmt::format("\"{}\" must be a number of clocks from 0 to {}", rows[i].key,
                               most_clocks));
        model.clocks[i] = static_cast<uint16_t>(*clocks);
    }
    return model;
}

Model load_model(const std::string& name, const std::string& path) {
    if (!path.empty()) {
        std::ifstream in{path};
        if (!in) throw Error(fmt::format("the timing file {} can not be read", path));
        std::stringstream text;
        text << in.rdbuf();
        return parse_model(text.str(), path);
    }
    for (const auto& file : timing_files)
        if (name == file.name)
            return parse_model(file.text, fmt::format("cpu/timing/{}.toml", name));
    throw Error(fmt::format("there is no processor model \"{}\"; there are {}", name,
                            fmt::join(model_names(), ", ")));
}

std::vector<std::string> model_names() {
    std::vector<std::string> names;
    for (const auto& file : timing_files) names.emplace_back(file.name);
    return names;
}

}  // namespace sb::cpu
