// SPDX-License-Identifier: Apache-2.0
//
// A flame graph of the guest, exact: every cycle of a run stands under one path
//
//     phase; function; function it called; ...; [cause]
//
// where a path that ends in a function is executing, and stalls, interrupt entry and exit, and
// halts are leaves of their own. The sum of all is the run's cycles, and for each phase and cause
// the processor's attribution (cpu/attribution.h), whose numbers these are.
//
// The path is followed by ESP from one `instruction` event to the next: a step that takes 4 bytes
// of stack to a function's first address is a call; a frame ends when ESP is above where it began;
// any other way into a function is a jump, which replaces the frame. `interrupt` and `exception`
// events begin frames of their own that `iret` ends. Where a guest changes stacks (a scheduler,
// far calls, tasks) a path may name the wrong callers; function, phase, cause and sums stay right.
//
// Where no symbol is known, the frame is the 4 KiB page of the code's linear address.
//
// Cost: the processor executes one by one while `instruction` events are wanted (docs/explain.md).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/machine/cause_meter.h"
#include "sim/machine/loader.h"
#include "sim/observe/stream.h"

namespace sb::machine {

class Machine;

class FlameGraph final : public observe::Sink {
  public:
    explicit FlameGraph(const Machine& machine);
    static observe::KindSet kinds();
    void event(const observe::Stream& stream, const observe::Event& event) override;
    /// The run has ended.
    void finish();

    /// A frame in its place: what was spent in it itself, and in what it led to.
    struct Node {
        uint32_t frame = 0;
        uint32_t parent = 0;
        std::vector<uint32_t> children;  // in the order of their first occurrence
        uint64_t self = 0;
        uint64_t total = 0;  // after finish()
    };
    const std::vector<Node>& nodes() const { return nodes_; }  // the first is the root
    const std::string& name(const Node& node) const { return names_[node.frame]; }
    bool is_cause(const Node& node) const { return node.frame < cpu::cause_count; }
    bool has_symbols() const;

  private:
    struct Frame {
        uint32_t frame;
        uint32_t node;
        uint32_t entry_esp;
        bool barrier = false;  // an interrupt's or exception's
        uint32_t return_eip = 0;
    };

    void settle(const CauseCycles& spent, uint32_t node);
    void instruction(uint32_t linear, uint32_t esp);
    void go_to(uint32_t frame, bool at_start, uint32_t esp);
    void push(uint32_t frame, uint32_t esp);
    void replace_top(uint32_t frame);
    void interrupted(const std::string& name, uint32_t eip);
    void returned(uint32_t eip);
    void enter_phase(const std::string& name);
    uint32_t child(uint32_t parent, uint32_t frame);
    uint32_t frame_at(uint32_t linear);
    uint32_t frame_named(const std::string& name);
    uint32_t here() const { return stack_.empty() ? phase_ : stack_.back().node; }

    const Machine& machine_;
    CauseMeter meter_;
    std::vector<std::string> names_;  // of frames; the causes first
    std::map<std::string, uint32_t> named_;
    std::map<uint32_t, uint32_t> function_frames_;  // by the symbol's address
    std::vector<Node> nodes_{1};
    std::vector<Frame> stack_;
    uint32_t phase_ = 0;  // its node
    uint32_t last_esp_ = 0;
    bool returned_ = false;
    uint32_t code_first_ = 1, code_last_ = 0;  // the frame of the last instruction holds for these
    uint32_t code_frame_ = 0;
    uint32_t code_start_ = 0;
};

/// One line a path: "phase;caller;function count". What other tools read.
std::string folded_stacks(const FlameGraph& graph);
/// A picture of its own: titles under the pointer, and a click on a frame widens it.
std::string flame_svg(const FlameGraph& graph, const std::string& title);

}  // namespace sb::machine
