// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/measures.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace sb::lab {
namespace {

using Json = nlohmann::ordered_json;

/// Groups of the results that are named for one of their elements in a column's name.
const std::map<std::string, std::string> group_names{
    {"phases", "phase"}, {"counters", "counter"}, {"guest_metrics", "metric"}, {"buses", "bus"}};
/// What tells how a run ended is in columns of its own; where time went by function is a profile's.
constexpr std::array left_out{"exit_status", "outcome", "success", "functions", "findings"};
/// Members of a phase that its metrics say again.
constexpr std::array said_by_metrics{"elapsed_ps", "bytes",  "instructions",
                                     "interrupts", "cycles", "total_cycles"};

template <typename List>
bool has(const List& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

std::string column_name(const std::string& name) {
    std::string out;
    for (const char c : name) {
        if (c == '/') continue;
        const bool plain = c > ' ' && c <= '~' && c != ',' && c != '"' && c != '\'' && c != '`';
        out += plain ? c : '_';
    }
    return out.empty() ? "_" : out;
}

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

struct Doc {
    std::string unit, doc;
};

class Flattener {
  public:
    explicit Flattener(const Json& results) {
        for (const auto& [key, docs] : results.items())
            if (key.ends_with("_docs") && docs.is_object())
                for (const auto& [name, doc] : docs.items())
                    if (doc.is_object()) docs_[name] = {text_of(doc, "unit"), text_of(doc, "doc")};
        for (const auto& [key, value] : results.items()) {
            if (key.ends_with("_docs") || has(left_out, key)) continue;
            const auto group = group_names.find(key);
            walk(group == group_names.end() ? column_name(key) : group->second, key, value, {});
        }
        count_findings(results);
    }
    std::vector<Measure> list;

  private:
    /// `key` is the last part of the path, as the results have it. `unit` and `doc` are those of
    /// what the node is in, or its own where somebody documented it.
    void walk(const std::string& path, const std::string& key, const Json& node, const Doc& of) {
        if (node.is_number()) {
            add(path, node, {unit_of(key, of.unit), of.doc});
        } else if (node.is_array()) {
            for (const Json& item : node)
                if (item.is_object() && item.contains("name")) {
                    const std::string component = text_of(item, "component");
                    const std::string name = text_of(item, "name");
                    walk(path + "." + (component.empty() ? "" : column_name(component) + ".") +
                             column_name(name),
                         name, item, of);
                }
        } else if (node.is_object()) {
            object(path, key, node, of);
        }
    }

    void object(const std::string& path, const std::string& key, const Json& node,
                const Doc& outer) {
        const std::string unit = text_of(node, "unit"), doc = text_of(node, "doc");
        Doc of{unit.empty() ? unit_of(key, outer.unit) : unit, doc.empty() ? outer.doc : doc};
        const auto value = node.find("value");
        if (value != node.end() && value->is_number()) {
            add(path, *value, of);
            return;
        }
        const auto metrics = node.find("metrics");
        const bool spliced = metrics != node.end() && metrics->is_object();
        if (spliced)
            for (const auto& [name, metric] : metrics->items())
                walk(path + "." + column_name(name), name, metric, documented(name, {}));
        for (const auto& [name, member] : node.items()) {
            if (name == "metrics" && spliced) continue;
            if (spliced && has(said_by_metrics, name)) continue;
            walk(path + "." + column_name(name), name, member,
                 member.is_object() ? documented(name, of) : of);
        }
    }

    /// A number outside of "metrics" may happen to have the name of a metric: it is not meant.
    Doc documented(const std::string& name, const Doc& outer) const {
        const auto doc = docs_.find(name);
        return doc == docs_.end() ? outer : doc->second;
    }

    static std::string unit_of(const std::string& key, const std::string& inherited) {
        if (key.ends_with("_ps")) return "ps";
        if (key.ends_with("_ns")) return "ns";
        if (key.ends_with("_us")) return "us";
        if (key == "cycles" || key.ends_with("_cycles")) return "cycles";
        if (key == "hz" || key.ends_with("_hz")) return "Hz";
        if (key == "bytes" || key.ends_with("_bytes")) return "B";
        if (key == "count" || key.ends_with("_count")) return "";
        return inherited;
    }

    void add(const std::string& path, const Json& number, const Doc& of) {
        std::string value = number.dump();
        if (value == "null") value.clear();  // not a number, or infinite
        std::string name = path;
        for (unsigned again = 2; !names_.insert(name).second; ++again)
            name = path + "#" + std::to_string(again);
        list.push_back({std::move(name), std::move(value), of.unit, of.doc});
    }

    void count_findings(const Json& results) {
        const auto findings = results.find("findings");
        if (findings == results.end() || !findings->is_array()) return;
        uint64_t count = 0;
        for (const Json& finding : *findings)
            if (finding.is_object()) count += finding.value("count", uint64_t{0});
        add("findings", Json(count),
            {"", "things that the guest did and that the real part forbids"});
    }

    std::map<std::string, Doc> docs_;
    std::set<std::string> names_;
};

}  // namespace

std::vector<Measure> measures(const std::string& json) {
    const Json results = Json::parse(json, nullptr, false);
    if (!results.is_object() || results.empty()) return {};
    return Flattener{results}.list;
}

}  // namespace sb::lab
