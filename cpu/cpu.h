// SPDX-License-Identifier: Apache-2.0
//
// An i386-compatible processor: one in-order scalar core whose instruction clocks come from a table
// (timing.h) and whose memory and port accesses are timed by the system bus; the two add.
//
// It is a component with one thread. The thread runs ahead of the kernel's time exactly as far as
// no event is pending, and takes interrupts at the first instruction boundary at or after the time
// at which they rose; `Simulation::lockstep()` makes it yield after each instruction, with equal
// results. The processor is always on an edge of its own clock: bus stalls are rounded up to whole
// cycles.
//
// Inputs: INTR and NMI (line_changed, inputs `intr` and `nmi`), and who acknowledges INTR; `a20`,
// asserted where address bit 20 passes (as it does until something drives the line); `reset_line`,
// which resets the processor at the next instruction boundary after an edge; `ignne`, IGNNE#.
// Output: FERR# (connect_ferr). Memory
// and ports go out through TLM sockets to the ProcessorPort it was given; memory that the bus
// declares direct is accessed by pointer, with its bus time where `cache` is "none", without any
// where it is "perfect", and with that of what its caches (caches.h) miss where it is "model". But
// for the last, instruction fetch takes no bus time, except for the page walk of a fetch.
//
// What is there: real, protected and virtual-8086 mode, privilege levels, tasks, paging. What is
// not there (MMX, virtual-8086 extensions) raises #UD or the fault that fits, and is a finding.
// Self-modifying code is seen at the next instruction; a real 486 needs a jump in between.
//
// Ends: HLT with interrupts disabled and no NMI to come ends the run as `halted`, a triple fault as
// `shutdown`, each with the registers and the last instructions as text.
//
// Sources: Intel Software Developer's Manual, volumes 1 to 3; Intel486 Programmer's Reference.
#pragma once

#include <atomic>

#include "bus/line.h"
#include "cpu/core.h"
#include "sim/kernel/config.h"

namespace sb::cpu {

/// The settings of a processor in a scenario: model, clock, cache, timing.
const std::vector<Key>& processor_keys();

class Cpu final : public Component, public bus::LineSink, private bus::CodeWatcher {
  public:
    static constexpr unsigned intr = 0, nmi = 1, a20 = 2, reset_line = 3, ignne = 4;  // inputs

    /// `config` has the values of processor_keys(). Throws `Error` where the timing file is bad.
    Cpu(Simulation& sim, observe::Stream& stream, const std::string& name, bus::ProcessorPort& port,
        const Config& config);
    ~Cpu() override;

    void connect_acknowledge(bus::InterruptAcknowledge& who) { core_.acknowledge = &who; }
    /// The local APIC that the APIC base register places.
    void connect_apic(bus::ApicPlacement& apic) { core_.bus().apic = &apic; }
    /// FERR#: asserted while an x87 exception is pending that CR0.NE does not make #MF.
    void connect_ferr(bus::Line& line) { core_.bus().ferr.connect(line); }
    /// Says that something drives NMI, so that HLT with interrupts disabled is not the end.
    void expect_nmi() { core_.nmi_possible = true; }
    /// Polled while it runs: once true, the run ends as `interrupted`.
    void poll_stop(const std::atomic<bool>& stop) { stop_ = &stop; }
    void line_changed(unsigned input, bool asserted) override;

    /// The state after RESET#: real mode at F000:FFF0 (SDM volume 3, table 9-1).
    void reset();
    /// The state in which a multiboot loader enters a kernel: protected mode, flat 4 GiB segments,
    /// interrupts off (Multiboot 0.6.96, 3.2). The GDT is not set up.
    void start_flat(uint32_t eip, uint32_t eax_value = 0, uint32_t ebx_value = 0);

    /// As a boot sector is entered: real mode at 0000:ip, stack below it, interrupts off.
    void start_real(uint16_t ip);
    /// A reset by the guest ends the run as `reset`: nothing is in ROM that could start again.
    void end_on_reset() { end_on_reset_ = true; }
    /// The run ends as `instruction_limit` after so many instructions; 0: never.
    void limit_instructions(uint64_t count) { instruction_limit_ = count; }

    State& state() { return core_.s; }
    const State& state() const { return core_.s; }
    const Model& model() const { return core_.model; }
    const Clock& clock() const { return clock_; }
    /// Null where caches are not modelled.
    const Caches* caches() const { return caches_.get(); }

    /// The phase that cycles count under from now on.
    void set_phase(uint8_t phase) { core_.set_phase(phase); }
    const Attribution& attribution() const { return core_.counts; }
    /// All cycles so far: the local time in periods of the clock.
    uint64_t cycles() const { return core_.cycle; }
    /// The run has ended at `end`: a processor that waits in HLT has been halted until then.
    void settle(Time end);
    /// The local time a moment ago; may be read by another thread while it runs.
    uint64_t recent_cycles() const { return recent_cycles_.load(std::memory_order_relaxed); }
    Time local_time() const { return core_.local_time(); }
    uint64_t instructions() const { return core_.counts.total().instructions; }
    /// Cycles and instructions by where the decoded code begins.
    Profile profile() const { return core_.blocks_.profile(); }

    /// False where the thread waits in the middle of an instruction's bus access: run on a little
    /// before saving the machine.
    bool between_instructions() const { return between_; }
    /// Registers, flags and the last instructions, for a person.
    std::string describe_state();

  private:
    void thread();
    void wait_halted();
    void count_halted(Time until);
    bool instructions_left();
    void set_a20(bool passes);
    void end_halted();
    bool goes_on_waiting() const;
    void declare();
    void declare_x87();
    std::string last_instructions();
    void code_written(uint64_t physical_page) override { core_.code_written(physical_page); }

    Clock clock_;
    observe::Probe probe_;
    std::unique_ptr<Caches> caches_;  // null where they are not modelled
    Core core_;
    Resume resume_;
    const std::atomic<bool>* stop_ = nullptr;
    std::atomic<uint64_t> recent_cycles_{0};
    bool between_ = true;
    bool waiting_ = false;  // for an interrupt, in HLT
    bool reset_level_ = false;
    bool end_on_reset_ = false;
    uint64_t instruction_limit_ = 0;
};

}  // namespace sb::cpu
