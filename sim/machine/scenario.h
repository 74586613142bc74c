// SPDX-License-Identifier: Apache-2.0
//
// A scenario as written: tables of keys with raw values, each with the place where it stands. It is
// read from a TOML file, laid over a board (the standard set of devices) of each of its machines,
// and
// `--set key=value` options are laid over both. Nothing is interpreted here: plan.h checks it
// against declared keys.
//
// The table `sweep` is no part of the machine: it is kept as written, as a tree, and stands in none
// of the other tables, so that a run sees the scenario's base point only. sim/lab reads it.
//
// Errors: `Error` with file, line and what to do, for a file that can not be read or parsed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/kernel/error.h"
#include "sim/kernel/nearest.h"

namespace sb::machine {

/// Where a value stands: a file and a line, or a command line option (line 0).
struct Place {
    std::string file;
    uint32_t line = 0;
    std::string text() const { return line ? file + ":" + std::to_string(line) : file; }
};

struct RawValue {
    std::variant<bool, int64_t, std::string> value;
    Place place;
    /// As the scenario would write it, for messages and for free parameters.
    std::string text() const;
    bool from_text = false;  // given as --set: any type is read from the text
};

/// A value, a list or a table, as written: where structure belongs to the meaning.
struct RawNode {
    enum class Kind { value, list, table };
    Kind kind = Kind::table;
    Place place;
    RawValue value;                                        // of a value
    std::vector<RawNode> items;                            // of a list
    std::vector<std::pair<std::string, RawNode>> members;  // of a table, in the order of the file

    const RawNode* find(const std::string& name) const;
};

struct RawTable {
    Place place;
    uint64_t order = 0;  // devices are built in this order
    std::map<std::string, RawValue> values;
};

class Scenario {
  public:
    /// Reads a scenario file and the board that it names, then applies `sets` ("a.b=value").
    static Scenario load(const std::string& path, const std::vector<std::string>& sets);
    /// The same from text; `name` stands for the file in messages.
    static Scenario parse(std::string_view text, const std::string& name,
                          const std::vector<std::string>& sets = {});

    const std::string& file() const { return file_; }
    /// Tables by dotted name: "cpu", "disk", "guest.parameters".
    const std::map<std::string, RawTable>& tables() const { return tables_; }
    const RawValue* find(const std::string& table, const std::string& key) const;
    /// The further machines' names, as `machine.others` has them.
    const std::vector<std::string>& others() const { return others_; }
    /// The table `sweep`; null where there is none.
    const RawNode* sweep() const { return sweep_ ? &*sweep_ : nullptr; }
    /// What --set says about it, in its order: "sweep.replications" and the value.
    const std::vector<std::pair<std::string, RawValue>>& sweep_sets() const { return sweep_sets_; }
    /// The assignments that were laid over it.
    const std::vector<std::string>& sets() const { return sets_; }
    /// The same text read again with further assignments, which cover those that are there.
    Scenario with(const std::vector<std::string>& sets) const;

    /// A path in the scenario, made relative to the scenario's folder; one from --set stays as it
    /// is.
    std::string resolve(const RawValue& value) const;

  private:
    static Scenario board_scenario(const std::string& name, unsigned depth);
    void lay_board(const Scenario& over, const std::string& prefix);
    void name_others();
    void cover(const Scenario& above);
    void lay(std::string_view text, const std::string& name, uint64_t order_base);
    void set(const std::string& assignment);

    std::string file_;
    std::string text_;
    std::vector<std::string> sets_;
    std::map<std::string, RawTable> tables_;
    std::optional<RawNode> sweep_;
    std::vector<std::pair<std::string, RawValue>> sweep_sets_;
    std::vector<std::string> others_;
};

/// The text of a board that ships with the program; null where there is none of that name.
const char* board_text(const std::string& name);
std::vector<std::string> board_names();

using sb::nearest;

}  // namespace sb::machine
