// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/flame.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/machine/machine.h"

namespace sb::machine {
namespace {

using cpu::Cause;
using observe::Kind;

constexpr size_t deepest = 512;  // frames; what is called beyond replaces the last
constexpr uint32_t never = 0xffffffff;
constexpr uint32_t page = 4096;
constexpr const char* no_phase = "(no phase)";

CauseCycles split_off(CauseCycles& from, Cause cause, uint64_t cycles) {
    CauseCycles part{};
    const auto i = static_cast<size_t>(cause);
    part[i] = std::min(cycles, from[i]);
    from[i] -= part[i];
    return part;
}

}  // namespace

FlameGraph::FlameGraph(const Machine& machine)
    : machine_{machine}, meter_{machine.processor().attribution()} {
    static constexpr std::array<const char*, cpu::cause_count> causes{
        "(executing)",       "[memory stall]",   "[I/O stall]",
        "[interrupt entry]", "[interrupt exit]", "[halted]"};
    for (const char* cause : causes) frame_named(cause);
    nodes_[0].frame = frame_named("all");
    enter_phase(no_phase);
}

observe::KindSet FlameGraph::kinds() {
    observe::KindSet wanted;
    for (const Kind kind :
         {Kind::instruction, Kind::interrupt, Kind::interrupt_return, Kind::exception, Kind::phase})
        wanted.set(static_cast<size_t>(kind));
    return wanted;
}

bool FlameGraph::has_symbols() const { return !machine_.symbols().list().empty(); }

uint32_t FlameGraph::frame_named(const std::string& name) {
    const auto [known, fresh] = named_.try_emplace(name, static_cast<uint32_t>(names_.size()));
    if (fresh) names_.push_back(name);
    return known->second;
}

uint32_t FlameGraph::child(uint32_t parent, uint32_t frame) {
    for (const uint32_t node : nodes_[parent].children)
        if (nodes_[node].frame == frame) return node;
    const auto node = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back({frame, parent, {}, 0, 0});
    nodes_[parent].children.push_back(node);
    return node;
}

/// Executing is the frame's own; every other cause has a leaf.
void FlameGraph::settle(const CauseCycles& spent, uint32_t node) {
    nodes_[node].self += spent[static_cast<size_t>(Cause::executing)];
    for (uint32_t cause = 1; cause < spent.size(); ++cause)
        if (spent[cause]) nodes_[child(node, cause)].self += spent[cause];
}

uint32_t FlameGraph::frame_at(uint32_t linear) {
    if (linear >= code_first_ && linear <= code_last_) return code_frame_;
    if (const Symbol* symbol = machine_.symbols().find(linear)) {
        code_first_ = code_start_ = symbol->address;
        code_last_ = symbol->address + std::max(symbol->size, 1u) - 1;
        const auto [known, fresh] = function_frames_.try_emplace(symbol->address, 0);
        if (fresh) known->second = frame_named(demangled(symbol->name));
        code_frame_ = known->second;
    } else {
        // One address at a time where symbols are: the page may hold functions too.
        const uint32_t first = linear & ~(page - 1);
        code_first_ = has_symbols() ? linear : first;
        code_last_ = has_symbols() ? linear : first + (page - 1);
        code_start_ = never;
        code_frame_ = frame_named(fmt::format("[{:08x}-{:08x}]", first, first + (page - 1)));
    }
    return code_frame_;
}

void FlameGraph::push(uint32_t frame, uint32_t esp) {
    if (stack_.size() >= deepest) return replace_top(frame);
    stack_.push_back({frame, child(here(), frame), esp});
}

void FlameGraph::replace_top(uint32_t frame) {
    Frame& top = stack_.back();
    top.frame = frame;
    top.node = child(nodes_[top.node].parent, frame);
}

void FlameGraph::go_to(uint32_t frame, bool at_start, uint32_t esp) {
    if (stack_.empty()) return push(frame, never);
    if (stack_.back().barrier) {
        stack_.back().entry_esp = esp;
        return push(frame, esp);
    }
    constexpr uint32_t return_address = 4;
    if (at_start && last_esp_ - esp == return_address) return push(frame, esp);
    if (stack_.back().frame == frame) return;
    if (!at_start)
        for (size_t i = stack_.size(); i-- > 0 && !stack_[i].barrier;)
            if (stack_[i].frame == frame) return stack_.resize(i + 1);
    replace_top(frame);
}

void FlameGraph::instruction(uint32_t linear, uint32_t esp) {
    if (std::exchange(returned_, false))
        for (size_t i = stack_.size(); i-- > 0;)
            if (stack_[i].barrier) {
                if (esp <= stack_[i].entry_esp) break;
                stack_.resize(i);
            }
    while (stack_.size() > 1 && !stack_.back().barrier && esp > stack_.back().entry_esp)
        stack_.pop_back();
    const uint32_t frame = frame_at(linear);
    go_to(frame, linear == code_start_, esp);
    last_esp_ = esp;
}

void FlameGraph::interrupted(const std::string& name, uint32_t eip) {
    const uint32_t frame = frame_named(name);
    if (stack_.size() >= deepest) stack_.pop_back();
    stack_.push_back({frame, child(here(), frame), never, true, eip});
}

/// To where a frame was interrupted; else the next instruction's ESP tells (`returned_`).
void FlameGraph::returned(uint32_t eip) {
    for (size_t i = stack_.size(); i-- > 0;)
        if (stack_[i].barrier && stack_[i].return_eip == eip) return stack_.resize(i);
    returned_ = true;
}

void FlameGraph::enter_phase(const std::string& name) {
    phase_ = child(0, frame_named("phase: " + name));
    uint32_t node = phase_;
    for (Frame& frame : stack_) node = frame.node = child(node, frame.frame);
}

void FlameGraph::event(const observe::Stream& stream, const observe::Event& event) {
    CauseCycles spent = meter_.take();
    const auto& values = event.values;
    switch (event.kind) {
        case Kind::instruction:
            settle(spent, here());
            instruction(static_cast<uint32_t>(values[3] + values[0]),
                        static_cast<uint32_t>(values[2]));
            break;
        case Kind::interrupt: {
            const CauseCycles entry = split_off(spent, Cause::interrupt_entry, values[2]);
            settle(spent, here());
            interrupted(fmt::format("[interrupt {:02X}h]", values[0]),
                        static_cast<uint32_t>(values[1]));
            settle(entry, here());
            break;
        }
        case Kind::exception:
            settle(spent, here());
            interrupted(fmt::format("[exception {:02X}h]", values[0]),
                        static_cast<uint32_t>(values[1]));
            break;
        case Kind::interrupt_return:
            settle(spent, here());
            returned(static_cast<uint32_t>(values[0]));
            break;
        case Kind::phase: {
            settle(spent, here());
            const std::string& name = stream.name(values[0]);
            enter_phase(name == "none" ? no_phase : name);
            break;
        }
        default:
            break;
    }
}

void FlameGraph::finish() {
    settle(meter_.take(), here());
    for (size_t i = nodes_.size(); i-- > 0;) {
        nodes_[i].total += nodes_[i].self;
        if (i > 0)
            nodes_[nodes_[i].parent].total += nodes_[i].total;  // parents come before children
    }
}

namespace {

void fold_path(const FlameGraph& graph, uint32_t index, const std::string& path,
               std::string& text) {
    const FlameGraph::Node& node = graph.nodes()[index];
    std::string here = path;
    if (index > 0) {
        std::string name = graph.name(node);
        for (char& c : name)
            if (c == ';' || static_cast<unsigned char>(c) < ' ') c = '_';
        here += (path.empty() ? "" : ";") + name;
    }
    if (node.self) text += fmt::format("{} {}\n", here, node.self);
    for (const uint32_t next : node.children) fold_path(graph, next, here, text);
}

}  // namespace

std::string folded_stacks(const FlameGraph& graph) {
    std::string text;
    fold_path(graph, 0, {}, text);
    return text;
}

}  // namespace sb::machine
