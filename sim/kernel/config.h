// SPDX-License-Identifier: Apache-2.0
//
// Settings, declared: a device model or a part of the machine lists its keys, each with a type, a
// default and a line of documentation; a scenario gives values; `Config` hands them out checked.
// The text of a value carries its unit ("66MHz", "4KiB", "150ns", "10Mbps", "1%"). Sizes are bytes,
// durations integer picoseconds, frequencies Hz, bit rates bits per second, probabilities parts per
// billion; all are exact: a value that is not a whole number of those is an error.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "sim/kernel/clock.h"
#include "sim/kernel/error.h"

namespace sb {

enum class ValueType { boolean, integer, text, file, choice, frequency, size, duration, bit_rate, probability };

inline constexpr uint64_t certain = 1'000'000'000;  // a probability of 1, in parts per billion

struct Key {
    std::string name;
    ValueType type = ValueType::text;
    std::string fallback;  // as a scenario would write it; for `file`, empty means none
    std::string doc;
    std::vector<std::string> choices = {};  // of a `choice`
    uint64_t least = 0;
    uint64_t most = ~uint64_t{0};
};

using Value = std::variant<bool, uint64_t, std::string>;

/// What a scenario would have to write: "a duration such as \"150ns\"".
std::string expected(const Key& key);
/// Reads a value from text; throws `Error` with what was expected, without a location.
Value parse_value(const Key& key, const std::string& text);
/// Checks type and bounds of a value that came typed (TOML's booleans and integers).
Value check_value(const Key& key, const Value& value);

class Config {
  public:
    Config() = default;
    /// All keys at their defaults.
    explicit Config(const std::vector<Key>& keys);

    void set(const std::string& name, Value value) { values_[name] = std::move(value); }
    /// Sets from text as a scenario has it; the key must be one of those declared.
    void set_text(const std::vector<Key>& keys, const std::string& name, const std::string& text);

    bool boolean(const std::string& name) const { return get<bool>(name); }
    uint64_t integer(const std::string& name) const { return get<uint64_t>(name); }
    const std::string& text(const std::string& name) const { return get<std::string>(name); }
    Time duration(const std::string& name) const { return Time::ps(get<uint64_t>(name)); }
    Clock clock(const std::string& name) const { return Clock{get<uint64_t>(name)}; }
    const std::map<std::string, Value>& values() const { return values_; }

  private:
    template <typename T>
    const T& get(const std::string& name) const;
    std::map<std::string, Value> values_;
};

}  // namespace sb
