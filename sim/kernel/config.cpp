// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace sb {
namespace {

struct Unit {
    const char* name;
    uint64_t scale;
};
constexpr std::array frequency_units{Unit{"Hz", 1}, Unit{"kHz", 1'000}, Unit{"MHz", 1'000'000},
                                     Unit{"GHz", 1'000'000'000}};
constexpr std::array size_units{Unit{"B", 1}, Unit{"KiB", 1u << 10}, Unit{"MiB", 1u << 20},
                                Unit{"GiB", 1u << 30}};
constexpr std::array duration_units{Unit{"ps", 1}, Unit{"ns", 1'000}, Unit{"us", 1'000'000},
                                    Unit{"ms", 1'000'000'000}, Unit{"s", 1'000'000'000'000}};
constexpr std::array bit_rate_units{Unit{"bps", 1}, Unit{"kbps", 1'000}, Unit{"Mbps", 1'000'000},
                                    Unit{"Gbps", 1'000'000'000}};
// "1e-6" is a number and its unit, too.
constexpr std::array probability_units{
    Unit{"", certain},      Unit{"%", 10'000'000},    Unit{"ppm", 1'000},
    Unit{"ppb", 1},         Unit{"e-1", 100'000'000}, Unit{"e-2", 10'000'000},
    Unit{"e-3", 1'000'000}, Unit{"e-4", 100'000},     Unit{"e-5", 10'000},
    Unit{"e-6", 1'000},     Unit{"e-7", 100},         Unit{"e-8", 10},
    Unit{"e-9", 1}};

[[noreturn]] void refuse(const Key& key, const std::string& text) {
    throw Error(fmt::format("\"{}\" is not {}", text, expected(key)));
}

/// Reads digits with an optional fraction and a unit; exact, or refused.
template <size_t N>
uint64_t quantity(const Key& key, const std::string& text, const std::array<Unit, N>& units) {
    size_t at = 0;
    unsigned __int128 digits = 0;
    uint64_t below_point = 1;
    bool point = false, any = false;
    for (; at < text.size(); ++at) {
        char c = text[at];
        if (c == '_' && any) continue;
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') break;
        any = true;
        digits = digits * 10 + static_cast<unsigned>(c - '0');
        if (point) below_point *= 10;
        if (digits > ~uint64_t{0} || below_point > 1'000'000'000'000'000) refuse(key, text);
    }
    while (at < text.size() && text[at] == ' ') ++at;
    if (!any) refuse(key, text);
    for (const Unit& unit : units) {
        if (text.compare(at, std::string::npos, unit.name) != 0) continue;
        unsigned __int128 value = digits * unit.scale;
        if (value % below_point != 0 || value / below_point > ~uint64_t{0}) refuse(key, text);
        return static_cast<uint64_t>(value / below_point);
    }
    refuse(key, text);
}

/// The largest unit in which the value is whole: "3GiB".
template <size_t N>
std::string in_units(uint64_t value, const std::array<Unit, N>& units) {
    for (size_t i = N; i-- > 1;)
        if (value != 0 && value % units[i].scale == 0)
            return fmt::format("{}{}", value / units[i].scale, units[i].name);
    return fmt::format("{}{}", value, units[0].name);
}

uint64_t plain_integer(const Key& key, const std::string& text) {
    int base = text.starts_with("0x") || text.starts_with("0X") ? 16 : 10;
    std::string digits = base == 16 ? text.substr(2) : text;
    std::erase(digits, '_');
    uint64_t value = 0;
    if (digits.empty()) refuse(key, text);
    for (char c : digits) {
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : 99;
        if (d >= base ||
            value > (~uint64_t{0} - static_cast<unsigned>(d)) / static_cast<unsigned>(base))
            refuse(key, text);
        value = value * static_cast<unsigned>(base) + static_cast<unsigned>(d);
    }
    return value;
}

bool needs_unit(ValueType type) {
    return type == ValueType::frequency || type == ValueType::size || type == ValueType::duration ||
           type == ValueType::bit_rate || type == ValueType::probability;
}

}  // namespace

std::string expected(const Key& key) {
    std::string range;
    if (key.least != 0 || key.most != ~uint64_t{0}) {
        auto bound = [&](uint64_t v) {
            if (key.type == ValueType::duration) return to_string(Time::ps(v));
            if (key.type == ValueType::frequency) return in_units(v, frequency_units);
            if (key.type == ValueType::size) return in_units(v, size_units);
            if (key.type == ValueType::bit_rate) return in_units(v, bit_rate_units);
            return std::to_string(v);
        };
        range = key.most == ~uint64_t{0}
                    ? fmt::format(", at least {}", bound(key.least))
                    : fmt::format(", from {} to {}", bound(key.least), bound(key.most));
    }
    switch (key.type) {
        case ValueType::boolean:
            return "true or false";
        case ValueType::integer:
            return "a whole number" + range;
        case ValueType::text:
            return "a text";
        case ValueType::file:
            return "the path of a file";
        case ValueType::choice:
            return fmt::format("one of {}", fmt::join(key.choices, ", "));
        case ValueType::frequency:
            return "a frequency such as \"66MHz\"" + range;
        case ValueType::size:
            return "a size such as \"4KiB\"" + range;
        case ValueType::duration:
            return "a duration such as \"150ns\"" + range;
        case ValueType::bit_rate:
            return "a bit rate such as \"10Mbps\"" + range;
        case ValueType::probability:
            return "a probability such as \"1%\", \"0.01\" or \"1e-6\", from 0 to 1 by whole "
                   "billionths";
    }
    return "a value";
}

Value parse_value(const Key& key, const std::string& text) {
    switch (key.type) {
        case ValueType::boolean:
            if (text == "true") return true;
            if (text == "false") return false;
            refuse(key, text);
        case ValueType::integer:
            return check_value(key, plain_integer(key, text));
        case ValueType::frequency:
            return check_value(key, quantity(key, text, frequency_units));
        case ValueType::size:
            return check_value(key, quantity(key, text, size_units));
        case ValueType::duration:
            return check_value(key, quantity(key, text, duration_units));
        case ValueType::bit_rate:
            return check_value(key, quantity(key, text, bit_rate_units));
        case ValueType::probability:
            return check_value(key, quantity(key, text, probability_units));
        case ValueType::choice:
            if (std::find(key.choices.begin(), key.choices.end(), text) == key.choices.end())
                refuse(key, text);
            return text;
        case ValueType::text:
        case ValueType::file:
            return text;
    }
    refuse(key, text);
}

Value check_value(const Key& key, const Value& value) {
    if (const auto* number = std::get_if<uint64_t>(&value)) {
        bool fits = key.type == ValueType::integer || needs_unit(key.type);
        if (key.type == ValueType::probability && *number > certain) fits = false;
        if (!fits || *number < key.least || *number > key.most)
            refuse(key, std::to_string(*number));
        return value;
    }
    if (const auto* truth = std::get_if<bool>(&value)) {
        if (key.type != ValueType::boolean) refuse(key, *truth ? "true" : "false");
        return value;
    }
    return parse_value(key, std::get<std::string>(value));
}

Config::Config(const std::vector<Key>& keys) {
    for (const Key& key : keys) {
        // An empty fallback of a typed key is a fault of its declaration and is found at once.
        values_[key.name] = parse_value(key, key.fallback);
    }
}

void Config::set_text(const std::vector<Key>& keys, const std::string& name,
                      const std::string& text) {
    for (const Key& key : keys) {
        if (key.name != name) continue;
        values_[name] = parse_value(key, text);
        return;
    }
    throw Error(fmt::format("\"{}\" is not a key here", name));
}

template <typename T>
const T& Config::get(const std::string& name) const {
    auto found = values_.find(name);
    if (found == values_.end()) throw Error(fmt::format("setting \"{}\" was not declared", name));
    const T* value = std::get_if<T>(&found->second);
    if (!value) throw Error(fmt::format("setting \"{}\" is declared with another type", name));
    return *value;
}
template const bool& Config::get(const std::string&) const;
template const uint64_t& Config::get(const std::string&) const;
template const std::string& Config::get(const std::string&) const;

}  // namespace sb
