// SPDX-License-Identifier: Apache-2.0
#include "cpu/cpu.h"

#include <fmt/format.h>

namespace sb::cpu {

const std::vector<Key>& processor_keys() {
    static const std::vector<Key> keys = [] {
        std::vector<Key> list{
            {"model", ValueType::choice, "486", "instruction set and timing", model_names()},
            {"clock",
             ValueType::frequency,
             "0Hz",
             "core clock; 0Hz is the model's own",
             {},
             0,
             Clock::max_hz},
            {"cache",
             ValueType::choice,
             "perfect",
             "perfect: memory takes no time beyond the instruction; none: each data access is on "
             "the "
             "bus; model: the caches of the processor's model, with the settings below",
             {"perfect", "none", "model"}},
            {"fpu",
             ValueType::choice,
             "yes",
             "the x87 unit, where the model has one",
             {"yes", "no"}},
            {"timing", ValueType::file, "", "a timing table to use in place of the model's"},
        };
        for (Key& key : cache_keys()) list.push_back(std::move(key));
        return list;
    }();
    return keys;
}

namespace {

Clock clock_of(const Config& config, const Model& model) {
    const uint64_t hz = config.integer("clock");
    return Clock{hz ? hz : model.clock_hz};
}

constexpr uint32_t cpuid_fpu = 1;  // leaf 1 EDX, bit 0

Model model_of(const Config& config) {
    Model model = load_model(config.text("model"), config.text("timing"));
    if (config.text("fpu") == "no") {
        model.features &= ~feature_mask(Feature::fpu);
        model.cpuid_features &= ~cpuid_fpu;
    }
    return model;
}

}  // namespace

Cpu::Cpu(Simulation& sim, observe::Stream& stream, const std::string& name,
         bus::ProcessorPort& port, const Config& config)
    : Component{sim, name},
      clock_{clock_of(config, model_of(config))},
      probe_{stream, name},
      caches_{config.text("cache") == "model"
                  ? std::make_unique<Caches>(*this, stream, port, model_of(config), config)
                  : nullptr},
      core_{*this,         port,  model_of(config), clock_, config.text("cache") != "perfect",
            caches_.get(), probe_},
      resume_{*this, "resume"} {
    port.bus().memory().add_code_watcher(*this);
    declare();
    reset();
    SC_HAS_PROCESS(Cpu);
    SC_THREAD(thread);
}

Cpu::~Cpu() = default;

/// Every member by itself: padding between them is not state, and saved machines must be equal.
void Cpu::declare() {
    auto item = [this](const char* name, auto& v) {
        declare_state(name, [name, &v](Archive& a) { a.value(name, v); });
    };
    State& s = core_.s;
    auto segment = [this](std::string name, Segment& g) {
        declare_state(name, [name, &g](Archive& a) {
            Archive::Scope scope{a, name};
            a.value("selector", g.selector);
            a.value("base", g.base);
            a.value("limit", g.limit);
            a.value("access", g.access);
            a.value("big", g.big);
            g.refresh();
        });
    };
    constexpr const char* names[] = {"es", "cs", "ss", "ds", "fs", "gs"};
    for (unsigned n = 0; n < 6; ++n) segment(names[n], s.segments[n]);
    segment("ldtr", s.ldtr);
    segment("tr", s.tr);
    item("registers", s.regs);
    item("eip", s.eip);
    item("flags.result", s.flags.result);
    item("flags.carries", s.flags.carries);
    item("flags.other", s.other_flags);
    item("gdtr.base", s.gdtr.base);
    item("gdtr.limit", s.gdtr.limit);
    item("idtr.base", s.idtr.base);
    item("idtr.limit", s.idtr.limit);
    item("cr0", s.cr0);
    item("cr2", s.cr2);
    item("cr3", s.cr3);
    item("cr4", s.cr4);
    item("dr", s.dr);
    item("a20_mask", s.a20_mask);
    item("cpl", s.cpl);
    item("halted", s.halted);
    item("stopped", s.stopped);
    item("shadow", s.shadow);
    item("trap_shadow", s.trap_shadow);
    item("intr_line", s.intr_line);
    item("nmi_line", s.nmi_line);
    item("nmi_pending", s.nmi_pending);
    item("nmi_masked", s.nmi_masked);
    item("debug_hits", s.debug_hits);
    item("reset_pending", s.reset_pending);
    item("reset_level", reset_level_);
    item("rep_paid", s.rep_paid);
    item("tsc_offset", s.tsc_offset);
    item("msr", s.msr);
    declare_x87();
    item("waiting", waiting_);
    item("cycle", core_.cycle);
    if (caches_) item("fetched", caches_->fetched);
    item("tlb.tags", core_.data_pages.tags);
    item("tlb.values", core_.data_pages.values);
    declare_state("tlb.code", [this](Archive& a) {
        std::vector<uint8_t> bytes = core_.code_pages.bytes();
        a.blob("tlb.code", bytes, 8 * CodeTlb::most);
        core_.code_pages.restore(bytes);
    });
    declare_state("attribution", [this](Archive& a) {
        Attribution& counts = core_.counts;
        a.value("counts", counts.all());
        uint8_t phase = counts.phase();
        a.value("phase", phase);
        counts.enter(phase);
        if (a.loading()) {
            core_.data_pages.restored();
            core_.forget_all();
        }
    });
}

void Cpu::declare_x87() {
    declare_state("x87", [this](Archive& a) {
        Archive::Scope scope{a, "x87"};
        fpu::State& f = core_.s.fpu;
        for (unsigned n = 0; n < 8; ++n) {
            a.value(fmt::format("r{}.significand", n), f.registers[n].significand);
            a.value(fmt::format("r{}.sign_exponent", n), f.registers[n].sign_exponent);
        }
        a.value("control", f.control);
        a.value("status", f.status);
        a.value("opcode", f.opcode);
        a.value("code_selector", f.code_selector);
        a.value("data_selector", f.data_selector);
        a.value("code_offset", f.code_offset);
        a.value("data_offset", f.data_offset);
        a.value("top", f.top);
        a.value("used", f.used);
        a.value("ignne", core_.s.ignne);
        a.value("frozen", core_.s.frozen);
    });
}

void Cpu::reset() {
    State& s = core_.s;
    const bool intr_line = s.intr_line, nmi_line = s.nmi_line;
    const uint32_t a20 = s.a20_mask;
    const bool ignne_level = s.ignne;
    s = State{};
    if (caches_) caches_->clear();
    s.ignne = ignne_level;
    s.intr_line = intr_line;
    s.nmi_line = nmi_line;
    s.a20_mask = a20;
    s.tsc_offset = 0 - core_.cycle;
    s.regs[edx] = core_.model.signature;
    s.cr0 = core_.model.has(Feature::i486) ? cr0::et | cr0::cd | cr0::nw : 0;
    const auto& msrs = core_.model.msrs;
    for (size_t n = 0; n < msrs.size(); ++n) {
        s.msr[n] = msrs[n].reset;
        if (msrs[n].kind == MsrKind::apic_base && core_.bus().apic)
            core_.bus().apic->place(msrs[n].reset & apic_base::address, true);
    }
    s.eip = 0xfff0;
    for (Segment& g : s.segments) {
        g.limit = 0xffff;
        g.access = access::present | access::segment | access::writable | access::accessed;
        g.refresh();
    }
    Segment& code = s.segments[cs];
    code.selector = 0xf000;
    code.base = 0xffff0000;
    s.gdtr.limit = s.idtr.limit = 0xffff;
    core_.flush_tlb(false);
    core_.forget_all();
    core_.drive_ferr();
}

void Cpu::start_flat(uint32_t eip, uint32_t eax_value, uint32_t ebx_value) {
    reset();
    State& s = core_.s;
    s.cr0 = (s.cr0 & cr0::et) | cr0::pe;
    s.fpu.initialize();  // as a loader leaves it
    MemoryTypes{core_.model}.set_as_firmware(s);
    s.a20_mask = 0xffffffff;
    s.eip = eip;
    s.regs[eax] = eax_value;
    s.regs[ebx] = ebx_value;
    for (unsigned n = 0; n < 6; ++n) {
        Segment& g = s.segments[n];
        g = Segment{};
        g.selector = n == cs ? 0x08 : 0x10;
        g.limit = 0xffffffff;
        g.big = true;
        g.access = access::present | access::segment | access::accessed | access::writable |
                   (n == cs ? access::code : 0);
        g.refresh();
    }
    core_.forget_all();
}

void Cpu::start_real(uint16_t ip) {
    reset();
    State& s = core_.s;
    s.cr0 &= ~(cr0::cd | cr0::nw);  // as firmware leaves it
    MemoryTypes{core_.model}.set_as_firmware(s);
    s.a20_mask = 0xffffffff;
    s.idtr.limit = 0x3ff;
    s.segments[cs].selector = 0;
    s.segments[cs].base = 0;
    s.segments[cs].refresh();
    s.eip = s.regs[esp] = ip;
    core_.forget_all();
}

void Cpu::line_changed(unsigned input, bool asserted) {
    State& s = core_.s;
    if (input == nmi) {
        s.nmi_pending |= asserted && !s.nmi_line;  // an edge
        s.nmi_line = asserted;
    } else if (input == a20) {
        set_a20(asserted);
    } else if (input == ignne) {
        s.ignne = asserted;
    } else if (input == reset_line) {
        s.reset_pending |= asserted && !reset_level_;
        reset_level_ = asserted;
    } else {
        s.intr_line = asserted;
    }
    core_.attention = true;
    // The processor sees its inputs on its own clock edges.
    if (waiting_ && !goes_on_waiting()) resume_.wake(clock_.cycles(clock_.ceil(now())));
}

/// The mask is applied to what paging gives, so what was looked up with the other one is wrong.
void Cpu::set_a20(bool passes) {
    const uint32_t mask = passes ? 0xffffffff : ~(1u << 20);
    if (core_.s.a20_mask == mask) return;
    core_.s.a20_mask = mask;
    core_.address_lines_changed();
}

/// Runs until the next pending event, gives the kernel its turn, and again.
void Cpu::thread() {
    simulation().turn_of(domain());
    if (resume_.armed()) resume_.wait_woken();  // a restored machine goes on where it waited
    core_.forget_all();                         // whoever set the state did not say what
    for (;;) {
        Simulation& sim = simulation();
        if (stop_ && stop_->load(std::memory_order_relaxed))
            sim.finish({Outcome::Kind::interrupted, 0, "stopped by the user\n" + describe_state()});
        if (sim.finished() || core_.s.stopped) return;
        if (core_.s.reset_pending) {
            if (end_on_reset_) {
                sim.finish({Outcome::Kind::reset, 0,
                            "the guest reset the processor, and there is no firmware to start it "
                            "again\n" +
                                describe_state()});
                return;
            }
            reset();
        }
        if (core_.s.halted) {
            wait_halted();
            continue;
        }
        if (!instructions_left()) return;
        recent_cycles_.store(core_.cycle, std::memory_order_relaxed);
        core_.refresh_limit();
        between_ = false;
        core_.run();
        between_ = true;
        resume_.wait_until(core_.local_time());
    }
}

/// Bounds the run ahead so that it can not pass the limit: two instructions a clock at most, and
/// one by one at the end. False where none are left.
bool Cpu::instructions_left() {
    if (instruction_limit_ == 0) return true;
    const uint64_t done = instructions();
    if (done >= instruction_limit_) {
        simulation().finish(
            {Outcome::Kind::instruction_limit, 0,
             fmt::format("{} instructions were executed (run.instruction_limit)", done)});
        return false;
    }
    constexpr uint64_t near = 64;
    const uint64_t left = instruction_limit_ - done;
    core_.single = left <= near;
    core_.cycle_bound = core_.cycle + (core_.single ? 1 : left / 4);
    return true;
}

/// In HLT, or before an instruction that an x87 exception holds up.
bool Cpu::goes_on_waiting() const {
    const State& s = core_.s;
    return !core_.interrupt_pending() && !s.reset_pending && !(s.frozen && s.ignne);
}

/// The thread is in step with the kernel here.
void Cpu::wait_halted() {
    State& s = core_.s;
    while (goes_on_waiting()) {
        if (!s.interrupts_enabled() && !core_.nmi_possible) {
            end_halted();
            return;
        }
        waiting_ = true;
        resume_.wait_woken();
        waiting_ = false;
        count_halted(simulation().kernel_now());
        if (simulation().finished()) return;
    }
    s.halted = s.frozen = false;
    core_.attention = true;
    probe_.emit(core_.local_time(), observe::Kind::wake, core_.cycle);
}

void Cpu::count_halted(Time until) {
    const uint64_t here = clock_.ceil(until);
    if (here <= core_.cycle) return;
    core_.counts.add(Cause::halted, here - core_.cycle);
    core_.cycle = here;
}

void Cpu::settle(Time end) {
    if (waiting_) count_halted(end);
}

void Cpu::end_halted() {
    core_.s.stopped = true;
    simulation().finish(
        {Outcome::Kind::halted, 0,
         fmt::format(
             "the processor {} with interrupts disabled at EIP {:#x}\n{}",
             core_.s.frozen ? "waits for the interrupt of an x87 exception (FERR#)" : "halted",
             core_.s.eip, describe_state())});
}

}  // namespace sb::cpu
