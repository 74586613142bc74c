// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/sweep_plan.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "sim/lab/fields.h"
#include "sim/lab/hash.h"
#include "sim/machine/loader.h"
#include "sim/machine/plan.h"

namespace sb::lab {
namespace {

using machine::RawValue;
using machine::Scenario;

constexpr size_t most_runs = 200'000;
// A guest reads 32 bits, and may take the highest for a sign.
constexpr uint64_t largest_guest_seed = 0x7fff'ffff;
constexpr uint64_t largest_read = 64u << 20;

/// A file's content; of a large one, its size and the time at which it was changed.
std::string file_identity(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return "none";
    Digest digest;
    if (static_cast<uint64_t>(info.st_size) > largest_read) {
        digest.number(static_cast<uint64_t>(info.st_size))
            .number(static_cast<uint64_t>(info.st_mtim.tv_sec))
            .number(static_cast<uint64_t>(info.st_mtim.tv_nsec));
        return digest.text();
    }
    std::ifstream in{path, std::ios::binary};
    std::string bytes(1u << 20, '\0');
    while (in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())) || in.gcount() > 0)
        digest.add(std::string_view{bytes}.substr(0, static_cast<size_t>(in.gcount())));
    return digest.text();
}

std::vector<std::vector<AxisValue>> combine(const SweepSpec& spec) {
    size_t count = 1;
    for (const Axis& axis : spec.axes) {
        count = spec.zipped ? axis.values.size() : count * axis.values.size();
        if (count * spec.replications > most_runs)
            fail(axis.place, fmt::format("this sweep has more than {} runs", most_runs));
    }
    std::vector<std::vector<AxisValue>> points(count);
    for (size_t i = 0; i < count; ++i) {
        size_t rest = i;  // the last axis varies fastest
        for (size_t a = spec.axes.size(); a-- > 0;) {
            const auto& values = spec.axes[a].values;
            points[i].push_back(values[spec.zipped ? i : rest % values.size()]);
            rest /= values.size();
        }
        std::reverse(points[i].begin(), points[i].end());
    }
    return points;
}

/// A key to be seeded, and the values that it takes.
struct SeedKey {
    std::string name;
    Key key;
};

/// A table or key of the machine, or of a further one: "server.guest.parameters".
bool is_or_ends(const std::string& name, const std::string& end) {
    return name == end || name.ends_with("." + end);
}

std::vector<SeedKey> seed_keys(const Scenario& scenario, const SweepSpec& spec) {
    std::vector<std::string> tables;
    for (const machine::KeyGroup& group : machine::key_groups()) tables.push_back(group.table);
    for (const auto& [table, raw] : scenario.tables())
        if (scenario.find(table, "device")) tables.push_back(table);
    std::vector<SeedKey> found;
    auto add = [&](const std::string& table, const Key& key) {
        const std::string name = table + ".seed";
        const RawValue* raw = scenario.find(table, "seed");
        if (!spec.axis(name) && !(raw && raw->from_text)) found.push_back({name, key});
    };
    for (const std::string& table : tables) try {
            const Key key = machine::declared_key(scenario, table + ".seed");
            if (key.type == ValueType::integer) add(table, key);
        } catch (const Error&) {
            // Most tables have no seed.
        }
    for (const auto& [table, raw] : scenario.tables()) {
        if (!is_or_ends(table, "guest.parameters") || !scenario.find(table, "seed")) continue;
        Key key;
        key.most = largest_guest_seed;
        add(table, key);
    }
    return found;
}

uint64_t within(const Key& key, uint64_t value) {
    const uint64_t span = key.most - key.least;
    return span == ~uint64_t{0} ? value : key.least + value % (span + 1);
}

/// The scenario as text, key by key, so that comments and spaces do not count.
class Content {
  public:
    explicit Content(const Scenario& scenario) : scenario_{scenario} {
        std::vector<std::pair<uint64_t, std::string>> order;
        for (const auto& [name, table] : scenario.tables()) {
            order.emplace_back(table.order, name);
            for (const auto& [key, value] : table.values) {
                if (name.empty()) continue;  // title and question
                std::string text = value.text();
                const std::string full = name + "." + key;
                if (names_file(full, text) || is_local_guest(full, value))
                    text = scenario.resolve(value);
                entries_[full] = text;
            }
        }
        std::sort(order.begin(), order.end());  // devices are built in this order
        for (const auto& [at, name] : order) order_ += name + " ";
    }

    std::string key_with(const std::vector<std::string>& sets, const std::string& program) {
        auto entries = entries_;
        for (const std::string& set : sets)
            entries[set.substr(0, set.find('='))] = set.substr(set.find('=') + 1);
        Digest digest;
        digest.add(program).add(order_);
        for (const auto& [name, text] : entries) {
            digest.add(name).add(text);
            if (names_file(name, text)) digest.add(file(text));
            if (is_or_ends(name, "guest.program")) digest.add(file(guest(text)));
        }
        return digest.text();
    }

  private:
    bool names_file(const std::string& name, const std::string& text) {
        if (text.empty()) return false;
        auto [known, fresh] = is_file_.try_emplace(name, false);
        if (fresh) try {
                known->second = machine::declared_key(scenario_, name).type == ValueType::file;
            } catch (const Error&) {
                // The plan of a run refuses it.
            }
        return known->second;
    }
    /// A guest beside the scenario, not one that is shipped.
    bool is_local_guest(const std::string& name, const RawValue& value) const {
        return is_or_ends(name, "guest.program") &&
               (value.text().find('/') != std::string::npos ||
                std::filesystem::is_regular_file(scenario_.resolve(value)));
    }
    static std::string guest(const std::string& program) {
        try {
            return std::filesystem::is_regular_file(program) ? program
                                                             : machine::find_guest(program);
        } catch (const Error&) {
            return program;  // the run says that there is none
        }
    }
    std::string file(const std::string& path) {
        auto [known, fresh] = files_.try_emplace(path);
        if (fresh) known->second = file_identity(path);
        return known->second;
    }

    const Scenario& scenario_;
    std::string order_;
    std::map<std::string, std::string> entries_;
    std::map<std::string, bool> is_file_;
    std::map<std::string, std::string> files_;
};

/// Runs that write to one file at once would spoil it, and each see the others' data.
void check_files(const Scenario& scenario, const SweepSpec& spec) {
    for (const auto& [table, raw] : scenario.tables()) {
        if (const RawValue* capture = scenario.find(table, "capture");
            capture && !capture->text().empty())
            fail(capture->place,
                 fmt::format("{0}.capture: the runs of a sweep would all write to this file; add "
                             "--set {0}.capture= to leave it out",
                             table));
        const RawValue* image = scenario.find(table, "image");
        const bool some = (image && !image->text().empty()) || spec.axis(table + ".image");
        const RawValue* snapshot = scenario.find(table, "snapshot");
        if (!some || (snapshot && snapshot->text() == "true")) continue;
        try {
            machine::declared_key(scenario, table + ".snapshot");
        } catch (const Error&) {
            continue;
        }
        fail(image ? image->place : raw.place,
             fmt::format("{0}.image: the runs of a sweep would all write to this image; set "
                         "{0}.snapshot = true",
                         table));
    }
}

}  // namespace

SweepPlan plan_sweep(const Scenario& scenario, const std::string& program) {
    SweepPlan plan;
    plan.spec = read_sweep(scenario);
    check_files(scenario, plan.spec);
    plan.points = combine(plan.spec);
    const std::vector<SeedKey> seeds = seed_keys(scenario, plan.spec);
    for (const SeedKey& seed : seeds) plan.seed_keys.push_back(seed.name);
    Content content{scenario};
    plan.scenario_digest = content.key_with({}, "");
    plan.runs.reserve(plan.points.size() * plan.spec.replications);
    for (size_t p = 0; p < plan.points.size(); ++p) {
        std::vector<std::string> sets;
        for (size_t a = 0; a < plan.spec.axes.size(); ++a)
            sets.push_back(plan.spec.axes[a].key + "=" + plan.points[p][a].text);
        std::vector<std::string> sorted = sets;  // the order of axes does not matter
        std::sort(sorted.begin(), sorted.end());
        Digest point;
        for (const std::string& set : sorted) point.add(set);
        for (uint64_t r = 1; r <= plan.spec.replications; ++r) {
            Run run{p, r, splitmix64(plan.spec.seed), sets, {}};
            if (!plan.spec.common_random_numbers) run.seed = splitmix64(run.seed ^ point.low());
            run.seed = splitmix64(run.seed ^ r);
            for (const SeedKey& seed : seeds) {
                const uint64_t value = splitmix64(run.seed ^ Digest{}.add(seed.name).low());
                run.sets.push_back(fmt::format("{}={}", seed.name, within(seed.key, value)));
            }
            run.key = content.key_with(run.sets, program);
            // Without seeds of their own the replications are one run, and would share its result.
            if (seeds.empty() && r > 1) run.key += fmt::format("-{}", r);
            plan.runs.push_back(std::move(run));
        }
    }
    return plan;
}

std::string program_identity(const std::string& version, const std::vector<std::string>& plugins) {
    std::string text = version + " " + file_identity("/proc/self/exe");
    for (const std::string& plugin : plugins) text += fmt::format(" {}", file_identity(plugin));
    return text;
}

}  // namespace sb::lab
