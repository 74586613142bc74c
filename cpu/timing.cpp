// SPDX-License-Identifier: Apache-2.0
#include "cpu/timing.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <fstream>
#include <sstream>

#include "cpu/state.h"
#include "cpu/timing_files.h"
#include "sim/kernel/config.h"
#include "sim/kernel/error.h"

namespace sb::cpu {

const std::array<RowInfo, row_count> rows{{
#define SB_CLOCK_ROW(section, key, doc) {#section, #key, doc},
#include "cpu/timing_rows.h"
#undef SB_CLOCK_ROW
}};

namespace {

constexpr int64_t most_clocks = 10'000;

[[noreturn]] void refuse(const std::string& source, const toml::node* at, const std::string& what) {
    throw Error(at ? fmt::format("{}:{}: {}", source, at->source().begin.line, what)
                   : fmt::format("{}: {}", source, what));
}

template <typename T>
T field(const toml::table& model, const char* key, const std::string& source) {
    const toml::node* node = model.get(key);
    if (!node) refuse(source, &model, fmt::format("[model] has no \"{}\"", key));
    auto value = node->value_exact<T>();
    if (!value) refuse(source, node, fmt::format("\"{}\" has another type", key));
    return *value;
}

void read_identity(Model& model, const toml::table& table, const std::string& source) {
    model.name = field<std::string>(table, "name", source);
    model.vendor = field<std::string>(table, "vendor", source);
    if (model.vendor.size() != 12)
        refuse(source, table.get("vendor"), "\"vendor\" must have twelve letters");
    const std::string clock = field<std::string>(table, "clock", source);
    const Key key{"clock", ValueType::frequency, "", "", {}, 1, Clock::max_hz};
    try {
        model.clock_hz = std::get<uint64_t>(parse_value(key, clock));
    } catch (const Error& error) {
        refuse(source, table.get("clock"), error.what());
    }
    model.signature = static_cast<uint32_t>(field<int64_t>(table, "signature", source));
    model.feature_bits = static_cast<uint32_t>(field<int64_t>(table, "features", source));
    model.cpuid = field<bool>(table, "cpuid", source);
    model.tsc = field<bool>(table, "tsc", source);
    model.cmov = field<bool>(table, "cmov", source);
    model.cmpxchg8b = field<bool>(table, "cmpxchg8b", source);
    model.bswap = field<bool>(table, "bswap", source);
    model.xadd = field<bool>(table, "xadd", source);
    model.fpu = field<bool>(table, "fpu", source);
    model.cmpxchg = field<bool>(table, "cmpxchg", source);
}

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

uint32_t Model::cr4_mask() const {
    // Each bit came with a feature (SDM volume 3, 2.5); VME and PVI are not modelled.
    constexpr uint32_t pairs[][2] = {{feature::tsc, cr4::tsd},
                                     {feature::de, cr4::de},
                                     {feature::pse, cr4::pse},
                                     {feature::mce, cr4::mce},
                                     {feature::pge, cr4::pge}};
    uint32_t mask = 0;
    for (const auto& [feature, bit] : pairs)
        if (feature_bits & feature) mask |= bit;
    return mask;
}

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
    throw Error(
        fmt::format("there is no processor model \"{}\"; there are 486, pentium and ideal", name));
}

}  // namespace sb::cpu
