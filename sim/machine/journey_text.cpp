// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/machine/journey.h"
#include "sim/machine/journey_words.h"
#include "sim/machine/machine.h"

namespace sb::machine {
namespace {

using Json = nlohmann::ordered_json;

double percent(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

struct Page {
    const Journey& journey;
    const JourneyWords& words;
    Time period;
    std::string text;

    void row(const std::string& since, const std::string& takes, const std::string& cycles,
             const std::string& who, const std::string& what) {
        std::string line =
            fmt::format("{:>14} {:>14} {:>11}  {:<11} {}", since, takes, cycles, who, what);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    std::string since(Time at) const {
        return at < journey.start ? "before" : exact_us(at - journey.start);
    }
    static std::string counted(const Step& step, const std::string& text) {
        return step.times > 1 ? fmt::format("{} x {}", grouped(step.times), text) : text;
    }

    static std::string spent(const Step& step) {
        std::string text = JourneyWords::causes(step.cycles) + " cycles";
        if (step.times > 1 && step.what != Step::What::more)
            text += step.least == step.most
                        ? fmt::format(", {} each", grouped(step.most))
                        : fmt::format(", {} to {} each", grouped(step.least), grouped(step.most));
        const MemoryUse& memory = step.memory;
        if (memory.accesses > 0)
            text +=
                fmt::format(", {} memory access{} ({} us on the bus{})", grouped(memory.accesses),
                            memory.accesses == 1 ? "" : "es", exact_us(memory.held),
                            memory.waited > Time{}
                                ? fmt::format(", {} us waiting for it", exact_us(memory.waited))
                                : std::string{});
        const std::string function = JourneyWords::function(step);
        return function.empty() ? text : text + ", from " + function;
    }

    void meanwhile(const std::vector<Step>& list, const std::string& indent) {
        for (const Step& step : list) {
            if (!step.parts.empty()) {
                row(since(step.first_at()), "", "", "",
                    fmt::format("{}. {} rounds of", indent, grouped(step.times)));
                meanwhile(step.parts, indent + "  ");
                continue;
            }
            row(since(step.first_at()), "", "", "",
                fmt::format("{}. {}: {}", indent, words.who(step),
                            counted(step, words.what(step))));
        }
    }

    void steps(const std::vector<Step>& list, const std::string& indent) {
        for (const Step& step : list) {
            const uint64_t cycles = step.total();
            const Time begins = period * (step.first_cycle() - journey.start_cycle);
            const std::string takes = exact_us(period * cycles);
            if (!step.parts.empty()) {
                row(exact_us(begins), takes, grouped(cycles), "processor",
                    fmt::format("{}{} rounds, in all {}, of", indent, grouped(step.times),
                                JourneyWords::causes(step.all_cycles())));
                steps(step.parts, indent + "  ");
                continue;
            }
            row(exact_us(begins), takes, grouped(cycles), "processor",
                indent + counted(step, words.what(step)));
            row("", "", "", "", indent + "  = " + spent(step));
            meanwhile(step.meanwhile, indent + "    ");
        }
    }
};

void collect(const std::vector<Step>& list, std::map<uint64_t, Step>& leaves) {
    for (const Step& step : list) {
        if (!step.parts.empty()) {
            collect(step.parts, leaves);
            continue;
        }
        Step copy = step;
        copy.meanwhile.clear();
        const auto [known, fresh] = leaves.try_emplace(step.key, copy);
        if (!fresh) known->second.merge(std::move(copy));
    }
}

/// The processor's own port and its side of the host bridge; and the bridge's port to memory, which
/// carries what other masters move.
bool is_of_processor(const bus::MasterStats& master) {
    return master.name == "processor_port" || master.name.ends_with("host_bridge");
}

/// The step, or repeated step, that took the most time, and what the others' part in it was.
std::string longest_step(const Journey& journey, const JourneyWords& words) {
    std::map<uint64_t, Step> leaves;
    collect(journey.steps, leaves);
    const Step* longest = nullptr;
    for (const auto& [key, step] : leaves)
        if (!longest || step.total() > longest->total() ||
            (step.total() == longest->total() && step.start < longest->start))
            longest = &step;
    if (!longest) return "Longest step: nothing happened.";
    const uint64_t all = sum(journey.cycles());
    std::string text = fmt::format("Longest step: {:.1f} % of the time is {}",
                                   percent(longest->total(), all), words.name(*longest));
    if (longest->times > 1) text += fmt::format(" ({} times)", grouped(longest->times));
    const bus::MasterStats* busiest = nullptr;
    for (const bus::BusSummary& bus : journey.buses)
        for (const bus::MasterStats& master : bus.masters)
            if (!is_of_processor(master) && (!busiest || master.held > busiest->held))
                busiest = &master;
    if (longest->what == Step::What::halt) {
        text += ", while devices work";
        if (busiest && busiest->bytes > 0)
            text += fmt::format("; of the whole, {} moved {} bytes and held its bus for {:.1f} %",
                                busiest->name, grouped(busiest->bytes),
                                percent(busiest->held.ps(), journey.elapsed().ps()));
    } else {
        const CauseCycles& c = longest->cycles;
        const auto cause = static_cast<size_t>(std::max_element(c.begin(), c.end()) - c.begin());
        text += fmt::format(", most of it {}", cpu::causes[cause].doc);
    }
    return text + ".";
}

std::string bus_division(const bus::BusSummary& bus) {
    std::string text = fmt::format("\nThe time of {}\n", bus.name);
    const auto line = [&](const std::string& name, Time t, const std::string& more) {
        text += fmt::format("  {:<26} {:>17} us  {:6.2f} %{}\n", name, exact_us(t),
                            percent(t.ps(), bus.elapsed.ps()), more);
    };
    for (const bus::MasterStats& m : bus.masters)
        if (m.transactions > 0 || m.held > Time{})
            line(m.name, m.held,
                 fmt::format("  {} transactions, {} bytes, waited {} us", grouped(m.transactions),
                             grouped(m.bytes), exact_us(m.waited)));
    line("turnaround", bus.turnaround, "");
    line("idle", bus.idle, "");
    line("total", bus.elapsed, "");
    return text;
}

std::string division(const Journey& journey) {
    static constexpr std::array<const char*, cpu::cause_count> labels{
        "executing",       "memory stall",   "I/O stall",
        "interrupt entry", "interrupt exit", "halted while devices work"};
    const CauseCycles cycles = journey.cycles();
    const uint64_t all = sum(cycles);
    std::string text = "\nThe processor's time\n";
    for (size_t i = 0; i < cycles.size(); ++i)
        text += fmt::format("  {:<26} {:>14} cycles {:6.2f} %\n", labels[i], grouped(cycles[i]),
                            percent(cycles[i], all));
    text += fmt::format("  {:<26} {:>14} cycles = {} us, the time measured\n", "total",
                        grouped(all), exact_us(journey.elapsed()));
    for (const bus::BusSummary& bus : journey.buses) text += bus_division(bus);
    return text;
}

std::string title(const Journey& journey) {
    return journey.phase.empty() ? "outside of all phases"
                                 : fmt::format("phase \"{}\"", journey.phase);
}

Json step_json(const Step& step, const JourneyWords& words) {
    Json json;
    json["start_cycle"] = step.first_cycle();
    json["start_ps"] = step.first_at().ps();
    json["times"] = step.times;
    if (!step.parts.empty()) {
        for (const Step& part : step.parts) json["rounds_of"].push_back(step_json(part, words));
    } else {
        json["who"] = words.who(step);
        json["what"] = words.what(step);
        if (step.function) json["function"] = JourneyWords::function(step);
        if (step.bytes) json["bytes"] = step.bytes;
        if (step.duration.ps()) json["bus_ps"] = step.duration.ps();
        if (step.waited.ps()) json["waited_ps"] = step.waited.ps();
        if (!step.target.empty()) json["target"] = step.target;
        if (step.pci.total() > 0)
            json["clocks"] = {{"devsel", step.pci.devsel},
                              {"address", step.pci.address},
                              {"turnaround", step.pci.turnaround},
                              {"initial", step.pci.initial},
                              {"data", step.pci.data},
                              {"waits", step.pci.waits},
                              {"idle", step.pci.idle}};
        if (step.memory.accesses > 0)
            json["memory"] = {{"accesses", step.memory.accesses},
                              {"bytes", step.memory.bytes},
                              {"bus_ps", step.memory.held.ps()},
                              {"waited_ps", step.memory.waited.ps()}};
    }
    if (step.what == Step::What::event && step.parts.empty()) return json;
    const CauseCycles cycles = step.all_cycles();
    json["total_cycles"] = sum(cycles);
    for (size_t i = 0; i < cycles.size(); ++i)
        if (cycles[i]) json["cycles"][cpu::causes[i].name] = cycles[i];
    for (const Step& other : step.meanwhile) json["meanwhile"].push_back(step_json(other, words));
    return json;
}

}  // namespace

std::string journey_text(const Journey& journey, const Machine& machine) {
    const JourneyWords words{machine};
    const Clock& clock = machine.processor().clock();
    Page page{journey, words, clock.period(), {}};
    page.text =
        fmt::format("{}: {}, stay {} of {}\n",
                    machine.plan().title.empty() ? machine.plan().file : machine.plan().title,
                    title(journey), journey.number, journey.stays);
    page.text += fmt::format(
        "  {} at {:.3f} MHz; it begins at {} us and takes {} us = {} cycles\n\n",
        machine.processor().model().name, static_cast<double>(clock.hz()) / 1e6,
        exact_us(journey.start), exact_us(journey.elapsed()), grouped(sum(journey.cycles())));
    page.row("since start us", "takes us", "cycles", "who", "what");
    page.steps(journey.steps, "");
    page.row(exact_us(journey.elapsed()), "", "", "",
             fmt::format("the end: {} us, the sum of the steps", exact_us(journey.elapsed())));
    return page.text + division(journey) + "\n" + longest_step(journey, words) + "\n";
}

Json journey_json(const Journey& journey, const Machine& machine) {
    const JourneyWords words{machine};
    Json json;
    json["scenario"] = machine.plan().file;
    json["phase"] = journey.phase;
    json["transfer"] = journey.number;
    json["transfers"] = journey.stays;
    json["start_ps"] = journey.start.ps();
    json["elapsed_ps"] = journey.elapsed().ps();
    json["period_ps"] = machine.processor().clock().period().ps();
    json["total_cycles"] = sum(journey.cycles());
    const CauseCycles cycles = journey.cycles();
    for (size_t i = 0; i < cycles.size(); ++i) json["cycles"][cpu::causes[i].name] = cycles[i];
    for (const bus::BusSummary& bus : journey.buses) {
        Json& account = json["buses"].emplace_back();
        account["name"] = bus.name;
        for (const bus::MasterStats& m : bus.masters)
            account["masters"].push_back({{"name", m.name},
                                          {"transactions", m.transactions},
                                          {"bytes", m.bytes},
                                          {"held_ps", m.held.ps()},
                                          {"waited_ps", m.waited.ps()}});
        account["turnaround_ps"] = bus.turnaround.ps();
        account["idle_ps"] = bus.idle.ps();
    }
    json["longest_step"] = longest_step(journey, words);
    json["steps"] = Json::array();
    for (const Step& step : journey.steps) json["steps"].push_back(step_json(step, words));
    return json;
}

}  // namespace sb::machine
