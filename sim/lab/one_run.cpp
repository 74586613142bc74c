// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/one_run.h"

#include <fmt/format.h>

#include "sim/machine/machine.h"

namespace sb::lab {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string reason_of(const machine::Results& results) {
    if (results.success()) return {};
    if (results.matches != results.checksum_count)
        return fmt::format("wrong data: {} of {} checksums differ from the disk image",
                           results.checksum_count - results.matches, results.checksum_count);
    const std::string kind = name(results.outcome.kind);
    if (results.outcome.kind == Outcome::Kind::guest_exit)
        return fmt::format("{} with code {}", kind, results.outcome.code);
    const std::string text = first_line(results.outcome.text);
    return text.empty() ? kind : kind + ": " + text;
}

}  // namespace

RunRecord make_run(const machine::Scenario& scenario, const std::vector<std::string>& sets,
                   const std::string& key) {
    RunRecord record{key, status::ok, {}, sets};
    try {
        machine::Machine machine{machine::make_plan(scenario.with(sets)), {}};
        machine.run();
        const machine::Results results = machine.results();
        record.reason = reason_of(results);
        if (!results.success()) record.status = status::failed;
        record.results = machine::json_text(results);
    } catch (const Error& error) {
        record.status = status::error;
        record.reason = first_line(error.what());
    }
    return record;
}

}  // namespace sb::lab
