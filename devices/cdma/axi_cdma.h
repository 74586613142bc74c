// SPDX-License-Identifier: Apache-2.0
//
// AXI Central Direct Memory Access: copies between memory addresses by registers (simple mode) or
// by a chain of descriptors in memory (scatter-gather mode). Source: Xilinx PG034 v4.1. The core
// sits behind a PCI function here, with its registers in base address 0: the identity (10EE:7034)
// and the bridge are ours.
//
// Configuration (what a designer chooses for the core): scatter-gather, realignment and store and
// forward are included; address and data width, burst length and the depth of the buffers are keys.
// Data path and order of reads and writes: data_mover.h. Descriptors: descriptor_engine.h.
//
// Rules where PG034 leaves a choice, or states it in several places:
// - A chain begins at CURDESC_PNTR only after SGMode was toggled ("Scatter Gather Mode", steps 1 to
//   3); otherwise it goes on behind the descriptor executed last, and CURDESC_PNTR as written is
//   not used, which is a finding.
// - With 64-bit addresses it is the write of TAILDESC_PNTR_MSB that starts.
// - The threshold counter is loaded when SGMode is set, by each write to CDMACR, by the delay
//   interrupt, and when it has reached zero. Writing a threshold of zero has no effect (PG021's
//   rule for the same engine).
// - The delay timer runs while the core is idle, if a descriptor was completed since the last
//   interrupt by threshold or delay; it is what makes sure of an interrupt where the threshold is
//   not met ("SG Delay Interrupt").
// - A descriptor that failed gets its error bits, and not Cmplt; it is not counted.
// - SGMode, the key-hole bits and CyclicBD change only while idle; a cyclic chain ends by reset.
// - Reset lets the transaction under way end ("gracefully"), then lasts `reset_clocks`.
// - After an error, or in reset, starting has no effect.
// All of these, and writes of what may be written only while idle, are findings.
#pragma once

#include "devices/cdma/descriptor_engine.h"

namespace sb::devices::cdma {

class AxiCdma final : public bus::Device {
  public:
    explicit AxiCdma(const bus::DeviceContext& context);
    void reset() override;

  private:
    /// What a person sees of the core on a timeline.
    enum class Phase : uint8_t { idle, fetching, moving, writing, halted };
    static constexpr size_t phases = 5;

    // Registers.
    void control_written(uint64_t written);
    void mode_changed();
    uint64_t read_status() const;
    void address_written(bus::Register& reg, State<uint64_t>& kept, bool upper, uint64_t written);
    void current_written(bool upper, uint64_t written);
    void tail_written(bool upper, uint64_t written);
    void bytes_written(uint64_t written);
    bool locked();
    void show_current(uint64_t at);

    // The engine.
    bool busy() const { return idle_ == 0; }
    void start_simple();
    void start_chain();
    void start_due();
    void pump();
    void begin_descriptor();
    void begin_transfer();
    void descriptor_fetched(const Descriptor& descriptor);
    void transfer_ended(End end);
    void status_updated(uint64_t at, uint32_t status, End end);
    void go_idle();
    void fail_data(End end);
    void fail_descriptor(End end, uint64_t at);
    void halt();
    void check_quiet();
    void begin_reset();
    bool failed() const;
    void reset_due();
    void clear_state();

    // Interrupts.
    void completed();
    void delay_due();
    void restart_delay();
    Time delay_unit() const;
    void update_interrupt();

    void show_phase();
    void act(observe::Name name, uint64_t value = 0, uint64_t more = 0);

    const Clock clock_;
    const bool wide_;  // 64-bit addresses
    const uint64_t start_clocks_;
    const uint64_t reset_clocks_;

    pci::Function function_;
    bus::RegisterBank bank_;
    bus::Register control_;
    bus::Field reset_{control_, "Reset", 2, "1: soft reset; reads 1 until it is over"};
    bus::Field sg_mode_{control_, "SGMode", 3, "1: scatter-gather, 0: simple"};
    bus::Field fixed_read_{control_, "KeyHoleRead", 4, "source address does not increment"};
    bus::Field fixed_write_{control_, "KeyHoleWrite", 5, "destination address does not increment"};
    bus::Field cyclic_{control_, "CyclicBD", 6, "the chain has no end, Cmplt is ignored"};
    bus::Field complete_enable_{control_, "IOC_IrqEn", 12, "interrupt on complete"};
    bus::Field delay_enable_{control_, "Dly_IrqEn", 13, "interrupt on delay"};
    bus::Field error_enable_{control_, "Err_IrqEn", 14, "interrupt on error"};
    bus::Field threshold_{control_, "IRQThreshold", 23, 16, "descriptors an interrupt, 1 to 255"};
    bus::Field delay_{control_, "IRQDelay", 31, 24, "delay interrupt, 125 clocks; 0: off"};
    bus::Register status_;
    bus::Field idle_{status_, "Idle", 1, "no transfer is under way", bus::ro};
    bus::Field sg_included_{status_, "SGIncld", 3, "the scatter-gather engine is there", bus::ro};
    bus::Field data_internal_{status_, "DMAIntErr", 4, "zero bytes to transfer", bus::ro};
    bus::Field data_slave_{status_, "DMASlvErr", 5, "data: the target refused", bus::ro};
    bus::Field data_decode_{status_, "DMADecErr", 6, "data: nothing at the address", bus::ro};
    bus::Field sg_internal_{status_, "SGIntErr", 8, "a stale descriptor was fetched", bus::ro};
    bus::Field sg_slave_{status_, "SGSlvErr", 9, "descriptor: the target refused", bus::ro};
    bus::Field sg_decode_{status_, "SGDecErr", 10, "descriptor: nothing at the address", bus::ro};
    bus::Field complete_{status_, "IOC_Irq", 12, "completion", bus::w1c};
    bus::Field delayed_{status_, "Dly_Irq", 13, "delay timer expired", bus::w1c};
    bus::Field error_{status_, "Err_Irq", 14, "an error halted the core", bus::w1c};
    bus::Field threshold_count_{status_, "IRQThresholdSts", 23, 16, "threshold counter", bus::ro};
    bus::Field delay_count_{status_, "IRQDelaySts", 31, 24, "delay timer, 125 clocks", bus::ro};
    bus::Register current_;
    bus::Field current_bits_{current_, "CURDESC_PNTR", 31, 6, "descriptor, 64-byte aligned"};
    bus::Register current_high_;
    bus::Register tail_;
    bus::Field tail_bits_{tail_, "TAILDESC_PNTR", 31, 6, "descriptor to pause behind"};
    bus::Register tail_high_;
    bus::Register source_;
    bus::Register source_high_;
    bus::Register destination_;
    bus::Register destination_high_;
    bus::Register bytes_;
    bus::Field bytes_bits_{bytes_, "BTT", 25, 0, "bytes to transfer, 1 to 67108863"};

    // The values that count: what a register shows is set back where a write is ignored.
    State<uint64_t> control_value_{*this, "control_value"};
    State<uint64_t> current_at_{*this, "current"};
    State<uint64_t> tail_at_{*this, "tail"};
    State<uint64_t> source_at_{*this, "source"};
    State<uint64_t> destination_at_{*this, "destination"};
    State<uint64_t> bytes_value_{*this, "bytes_value"};

    State<bool> fresh_{*this, "fresh"};      // the next chain begins at CURDESC_PNTR
    State<bool> halting_{*this, "halting"};  // idle and halted when all is quiet
    State<bool> halted_{*this, "halted"};    // only a reset helps
    State<bool> resetting_{*this, "resetting"};
    State<bool> waiting_{*this, "waiting"};  // a descriptor is done, its status not asked for
    State<uint32_t> waiting_status_{*this, "waiting_status"};
    State<Descriptor> running_{*this, "descriptor"};  // in the data mover, or the simple transfer
    State<bool> in_hand_{*this, "in_hand"};           // it is not done
    State<uint32_t> uninterrupted_{*this, "uninterrupted"};  // completed since an interrupt
    State<Phase> phase_{*this, "phase", Phase::idle};

    Timer start_{*this, "start", [this] { start_due(); }};
    Timer begin_{*this, "begin", [this] { pump(); }};
    Timer delay_timer_{*this, "delay", [this] { delay_due(); }};
    Timer reset_timer_{*this, "reset", [this] { reset_due(); }};
    State<bool> raised_{*this, "interrupt"};

    DataMover mover_;
    DescriptorEngine descriptors_;

    std::array<observe::Name, phases> phase_names_;
    observe::Name fetched_name_, begins_name_, ends_name_, written_name_, raised_name_, reset_name_;

    Counter moved_{*this, "moved", "bytes", "bytes of transfers that ended well"};
    Counter transfers_{*this, "transfers", "transfers", "transfers that ended well"};
    Counter fetches_{*this, "fetches", "descriptors", "descriptors fetched"};
    Counter interrupts_{*this, "interrupts", "interrupts", "rises of the interrupt output"};
    Counter errors_{*this, "errors", "errors", "errors that halted the core"};
};

}  // namespace sb::devices::cdma
