// SPDX-License-Identifier: Apache-2.0
#include "cpu/model_identity.h"

#include <fmt/format.h>

#include "cpu/state.h"
#include "sim/kernel/config.h"
#include "sim/kernel/error.h"

namespace sb::cpu {

void refuse(const std::string& source, const toml::node* at, const std::string& what) {
    throw Error(at ? fmt::format("{}:{}: {}", source, at->source().begin.line, what)
                   : fmt::format("{}: {}", source, what));
}

namespace {

template <typename T>
T field(const toml::table& table, const char* key, const std::string& source) {
    const toml::node* node = table.get(key);
    if (!node) refuse(source, &table, fmt::format("there is no \"{}\"", key));
    auto value = node->value_exact<T>();
    if (!value) refuse(source, node, fmt::format("\"{}\" has another type", key));
    return *value;
}

uint64_t number(const toml::table& table, const char* key, uint64_t fallback,
                const std::string& source) {
    return table.get(key) ? static_cast<uint64_t>(field<int64_t>(table, key, source)) : fallback;
}

/// Calls `each` with the tables of an optional list.
template <typename F>
void for_tables(const toml::table& table, const char* key, const std::string& source, F&& each) {
    const toml::node* node = table.get(key);
    if (!node) return;
    const toml::array* list = node->as_array();
    if (!list) refuse(source, node, fmt::format("\"{}\" is not a list", key));
    for (const toml::node& item : *list) {
        if (!item.is_table()) refuse(source, &item, fmt::format("\"{}\" lists tables", key));
        each(*item.as_table());
    }
}

void read_features(Model& model, const toml::table& table, const std::string& source) {
    const toml::node* node = table.get("has");
    const toml::array* list = node ? node->as_array() : nullptr;
    if (!list) refuse(source, node ? node : &table, "[model] has no list \"has\" of features");
    for (const toml::node& item : *list) {
        const auto name = item.value_exact<std::string>();
        unsigned n = 0;
        while (n < features.size() && (!name || *name != features[n].name)) ++n;
        if (n == features.size())
            refuse(source, &item, fmt::format("there is no feature \"{}\"", name.value_or("?")));
        model.features |= feature_mask(static_cast<Feature>(n));
        model.cpuid_features |= features[n].bit;
    }
}

MsrKind kind_of(const toml::table& table, const std::string& source) {
    constexpr const char* names[] = {"plain",      "tsc",        "apic_base",
                                     "mtrr_types", "mtrr_range", "mtrr_default",
                                     "pat_types",  "ignored",    "read_only"};
    if (!table.get("kind")) return MsrKind::plain;
    const std::string kind = field<std::string>(table, "kind", source);
    for (unsigned n = 0; n < std::size(names); ++n)
        if (kind == names[n]) return static_cast<MsrKind>(n);
    refuse(source, table.get("kind"), fmt::format("there is no kind \"{}\" of register", kind));
}

void read_msrs(Model& model, const toml::table& table, const std::string& source) {
    for_tables(table, "msr", source, [&](const toml::table& row) {
        MsrInfo info;
        info.number = static_cast<uint32_t>(field<int64_t>(row, "number", source));
        info.name = field<std::string>(row, "name", source);
        info.kind = kind_of(row, source);
        info.reset = number(row, "reset", 0, source);
        info.writable = number(row, "writable", 0, source);
        const uint64_t count = number(row, "count", 1, source);
        if (count > most_msrs || model.msrs.size() + count > most_msrs)
            refuse(source, &row, fmt::format("a model has at most {} registers", most_msrs));
        for (uint64_t n = 0; n < count; ++n, ++info.number) model.msrs.push_back(info);
    });
}

/// True where an optional text is `first`; it may be `second` instead, which is the default.
bool either(const toml::table& table, const char* key, std::string_view first,
            std::string_view second, const std::string& source) {
    if (!table.get(key)) return false;
    const std::string text = field<std::string>(table, key, source);
    if (text != first && text != second)
        refuse(source, table.get(key), fmt::format("\"{}\" is {} or {}", key, first, second));
    return text == first;
}

void read_caches(Model& model, const toml::table& table, const std::string& source) {
    for_tables(table, "cache", source, [&](const toml::table& row) {
        CacheInfo info;
        info.level = static_cast<unsigned>(field<int64_t>(row, "level", source));
        info.holds = field<std::string>(row, "holds", source);
        info.bytes = static_cast<uint64_t>(field<int64_t>(row, "bytes", source));
        info.ways = static_cast<unsigned>(field<int64_t>(row, "ways", source));
        info.line = static_cast<unsigned>(field<int64_t>(row, "line", source));
        info.write_back = either(row, "policy", "write-back", "write-through", source);
        info.allocate = row["allocate"].value_or(false);
        info.exact_lru = either(row, "replacement", "lru", "pseudo-lru", source);
        info.clocks = static_cast<unsigned>(number(row, "clocks", 0, source));
        model.caches.push_back(info);
    });
    const toml::array* leaf = table["cpuid_caches"].as_array();
    if (!leaf) return;
    if (leaf->size() != model.cpuid_caches.size())
        refuse(source, leaf, "\"cpuid_caches\" has four numbers: EAX, EBX, ECX, EDX");
    for (size_t n = 0; n < model.cpuid_caches.size(); ++n)
        model.cpuid_caches[n] = static_cast<uint32_t>(leaf->get(n)->value_or(int64_t{0}));
    model.cpuid_highest = 2;
}

void refuse_unknown_keys(const toml::table& table, const std::string& source) {
    constexpr std::string_view known[] = {"name", "clock", "vendor",       "signature",
                                          "has",  "cache", "cpuid_caches", "msr"};
    for (const auto& [key, value] : table)
        if (std::find(std::begin(known), std::end(known), key.str()) == std::end(known))
            refuse(source, &value, fmt::format("[model] has no key \"{}\"", key.str()));
}

}  // namespace

void read_identity(Model& model, const toml::table& table, const std::string& source) {
    model.name = field<std::string>(table, "name", source);
    refuse_unknown_keys(table, source);
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
    read_features(model, table, source);
    read_caches(model, table, source);
    read_msrs(model, table, source);
}

uint32_t Model::cr0_mask() const {
    // The 386 has PE to ET and PG (230985, 4.1.3); the others came with the 486.
    constexpr uint32_t first = cr0::pe | cr0::mp | cr0::em | cr0::ts | cr0::et | cr0::pg;
    constexpr uint32_t later = cr0::ne | cr0::wp | cr0::am | cr0::nw | cr0::cd;
    return has(Feature::i486) ? first | later : first;
}

uint32_t Model::cr4_mask() const {
    // Each bit came with a feature (SDM volume 3, 2.5); VME and PVI are not modelled.
    constexpr std::pair<Feature, uint32_t> pairs[] = {{Feature::tsc, cr4::tsd},
                                                      {Feature::de, cr4::de},
                                                      {Feature::pse, cr4::pse},
                                                      {Feature::mce, cr4::mce},
                                                      {Feature::pge, cr4::pge},
                                                      {Feature::fxsr, cr4::osfxsr}};
    uint32_t mask = 0;
    for (const auto& [feature, bit] : pairs)
        if (has(feature)) mask |= bit;
    return mask;
}

uint32_t Model::flags_mask() const {
    uint32_t mask = flag::always | flag::arithmetic | flag::tf | flag::if_ | flag::df | flag::iopl |
                    flag::nt | flag::rf | flag::vm;
    if (has(Feature::i486)) mask |= flag::ac;
    if (has(Feature::cpuid)) mask |= flag::id;
    return mask;
}

}  // namespace sb::cpu
