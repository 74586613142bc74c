// SPDX-License-Identifier: Apache-2.0
//
// The flame graph against what is known otherwise: a tree of calls whose clocks are counted by hand
// from the 486's table, and for several guests the processor's own attribution by phase and cause
// and the table of functions.
#include "sim/machine/flame.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/machine/machine.h"
#include "tests/scenarios/guest_run.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::machine;
using nlohmann::json;

namespace {

struct Stacks {
    std::map<std::string, uint64_t> paths;
    json results;
};

Stacks stacks(const std::string& program, const test::Sets& sets) {
    const std::string text = test::isolated_text([&] {
        Machine machine{test::guest_plan(program, sets), {}};
        FlameGraph graph{machine};
        machine.stream().attach(graph, FlameGraph::kinds());
        machine.run();
        graph.finish();
        return to_json(machine.results()).dump() + "\n" + folded_stacks(graph);
    });
    std::istringstream in{text};
    std::string line;
    std::getline(in, line);
    Stacks all{{}, json::parse(line)};
    while (std::getline(in, line)) {
        const size_t space = line.rfind(' ');
        all.paths[line.substr(0, space)] += std::stoull(line.substr(space + 1));
    }
    return all;
}

const std::map<std::string, std::string> cause_of_leaf{{"[memory stall]", "memory_stall"},
                                                       {"[I/O stall]", "io_stall"},
                                                       {"[interrupt entry]", "interrupt_entry"},
                                                       {"[interrupt exit]", "interrupt_exit"},
                                                       {"[halted]", "halted"}};

std::vector<std::string> frames(const std::string& path) {
    std::vector<std::string> list;
    std::istringstream in{path};
    for (std::string frame; std::getline(in, frame, ';');) list.push_back(frame);
    return list;
}

}  // namespace

TEST_CASE("a known tree of calls has the clocks counted by hand") {
    // Intel486 Programmer's Reference, table 10-1 and chapter 26: NOP 1, CALL rel 3, RET 5, DEC 1,
    // Jcc taken 3 and not taken 1, JMP rel 3. The cache is perfect: no stalls.
    const Stacks run = stacks("known_calls", {"cpu.model=486", "cpu.cache=perfect"});
    CHECK(run.results.at("exit_status") == 0);
    std::map<std::string, uint64_t> found;
    for (const auto& [path, cycles] : run.paths) {
        const size_t at = path.find(";known_");
        if (path.starts_with("phase: calls;") && at != std::string::npos)
            found[path.substr(at + 1)] += cycles;
    }
    const std::map<std::string, uint64_t> by_hand{
        {"known_outer", 2 * 1 + 2 * 3 + 5},
        {"known_outer;known_inner", 2 * (3 * 1 + 5)},
        {"known_tail", 1 + 3},
        {"known_inner", 3 * 1 + 5},  // jumped to: the caller is known_tail's
        {"known_again", 1 + 1 + 3 + 5},
        {"known_again;known_again", 1 + 1 + 3 + 5},
        {"known_again;known_again;known_again", 1 + 3 + 5},
    };
    CHECK(found == by_hand);
}

TEST_CASE("the paths sum to the attribution for each phase and cause") {
    struct Row {
        const char* program;
        test::Sets sets;
    };
    const Row rows[] = {
        {"pio_vs_dma", {"sectors=8", "disk.fill=pattern", "cpu.cache=none"}},
        {"pio_vs_dma", {"sectors=8", "disk.fill=pattern", "cpu.model=pentium", "irq=pic"}},
        {"timer_interrupts", {"interrupts=2"}},
        {"nested_interrupts", {}},
        {"exceptions", {}},
        {"halt_forever", {}},
        {"known_calls", {}},
    };
    for (const Row& row : rows) {
        INFO(row.program);
        const Stacks run = stacks(row.program, row.sets);
        std::map<std::string, std::map<std::string, uint64_t>> found, wanted;
        uint64_t sum = 0;
        for (const auto& [path, cycles] : run.paths) {
            const auto list = frames(path);
            const auto leaf = cause_of_leaf.find(list.back());
            found[list.front()][leaf == cause_of_leaf.end() ? "executing" : leaf->second] += cycles;
            sum += cycles;
        }
        for (const json& phase : run.results.at("phases"))
            for (const auto& [cause, cycles] : phase.at("cycles").items())
                if (cycles != 0)
                    wanted["phase: " + phase.at("name").get<std::string>()][cause] = cycles;
        CHECK(found == wanted);
        CHECK(sum == run.results.at("total").at("total_cycles"));
    }
}

TEST_CASE("each function has in all of its places what the table of functions gives it") {
    const Stacks run = stacks("pio_vs_dma", {"sectors=8", "disk.fill=pattern", "cpu.cache=none"});
    std::map<std::string, uint64_t> found, wanted;
    for (const auto& [path, cycles] : run.paths) {
        auto list = frames(path);
        const std::string leaf = list.back();
        if (leaf == "[halted]" || leaf == "[interrupt entry]") continue;  // nobody's code
        if (cause_of_leaf.contains(leaf)) list.pop_back();
        found[list.back()] += cycles;
    }
    for (const json& function : run.results.at("functions"))
        if (function.at("cycles") != 0) wanted[function.at("name")] = function.at("cycles");
    CHECK(found == wanted);
}

TEST_CASE("an interrupt is a frame on what it interrupted and ends with its return") {
    const Stacks run =
        stacks("pio_vs_dma", {"sectors=8", "disk.fill=pattern", "variant=interrupt"});
    bool handler = false;
    for (const auto& [path, cycles] : run.paths) {
        const size_t at = path.find(";[interrupt 2Eh];");
        if (at == std::string::npos) {
            // Outside of it no handler runs, and what was interrupted goes on where it was.
            CHECK(path.find("AtaInterrupt::handle_interrupt") == std::string::npos);
            continue;
        }
        CHECK(path.find("sleep_until_done") < at);
        handler |= path.find("AtaInterrupt::handle_interrupt", at) != std::string::npos;
        CHECK(path.find(";[interrupt 2Eh];", at + 1) == std::string::npos);
    }
    CHECK(handler);
}
