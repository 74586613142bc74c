// SPDX-License-Identifier: Apache-2.0
//
// Names as in AMD PG034 v4.1, chapters "Register Space" and "Programming Sequence".
#include "drivers/axi_cdma.h"

#include "runtime/clock.h"
#include "runtime/io.h"
#include "runtime/pci_interrupts.h"
#include "runtime/print.h"

namespace guest {
namespace {

constexpr uint16_t kVendorXilinx = 0x10ee;
constexpr uint16_t kDeviceCdma = 0x7034;

// Of CDMACR.
constexpr uint32_t kReset = 1u << 2;
constexpr uint32_t kScatterGather = 1u << 3;  // SGMode.
constexpr uint32_t kKeyHoleRead = 1u << 4;
constexpr uint32_t kKeyHoleWrite = 1u << 5;
constexpr uint32_t kCyclic = 1u << 6;  // CyclicBD.
constexpr uint32_t kThresholdShift = 16;
constexpr uint32_t kDelayShift = 24;

// Of CDMASR.
constexpr uint32_t kIdle = 1u << 1;
constexpr uint32_t kInternalError = 1u << 4 | 1u << 8;  // DMAIntErr, SGIntErr.
constexpr uint32_t kSlaveError = 1u << 5 | 1u << 9;     // DMASlvErr, SGSlvErr.
constexpr uint32_t kDecodeError = 1u << 6 | 1u << 10;   // DMADecErr, SGDecErr.
constexpr uint32_t kAnyError = kInternalError | kSlaveError | kDecodeError;

// Of both: the control enables what the status reports, where a 1 written clears.
constexpr uint32_t kOnCompletion = 1u << 12;  // IOC_Irq.
constexpr uint32_t kOnDelay = 1u << 13;       // Dly_Irq.
constexpr uint32_t kOnError = 1u << 14;       // Err_Irq.
constexpr uint32_t kAnyInterrupt = kOnCompletion | kOnDelay | kOnError;

// Of no descriptor: a cyclic chain has no tail, but takes the write as its start.
constexpr uint32_t kNoTail = 0x40;

}  // namespace

// Offsets. Their high halves, between them, stay 0 as a reset leaves them.
enum class AxiCdma::Register : uint32_t {
    kControl = 0x00,            // CDMACR.
    kStatus = 0x04,             // CDMASR.
    kCurrentDescriptor = 0x08,  // CURDESC_PNTR.
    kTailDescriptor = 0x10,     // TAILDESC_PNTR.
    kSource = 0x18,             // SA.
    kDestination = 0x20,        // DA.
    kBytes = 0x28,              // BTT.
};

uint32_t AxiCdma::read(Register reg) const {
    return read_mmio32(registers_ + static_cast<uint32_t>(reg));
}

void AxiCdma::write(Register reg, uint32_t value) {
    write_mmio32(registers_ + static_cast<uint32_t>(reg), value);
}

DmaError AxiCdma::open(uint32_t number, Completion completion) {
    const auto function = pci::find_device(kVendorXilinx, kDeviceCdma, number);
    if (!function) return DmaError::kNoDevice;
    function_ = *function;
    registers_ = pci::enable_memory(function_);
    if (registers_ == 0) return DmaError::kNotSupported;

    completion_ = completion;
    clock::start_counter(clock::kFullPeriod);  // PollLimit counts on it.
    const DmaError error = reset();
    if (error != DmaError::kNone || completion == Completion::kPolling) return error;
    const bool attached = completion == Completion::kMessage
                              ? pci::attach_message(function_, on_interrupt, this)
                              : pci::attach_interrupt(function_, on_interrupt, this);
    clock::start_ticks();
    return attached ? DmaError::kNone : DmaError::kNotSupported;
}

// Simple mode: the write of the length starts the transfer.
DmaError AxiCdma::start(uint32_t to, uint32_t from, uint32_t bytes, KeyHole key_hole) {
    if (bytes == 0 || bytes > DescriptorChain::kMostBytes) return DmaError::kBadRequest;
    const DmaError ready = make_ready();
    if (ready != DmaError::kNone) return ready;
    chain_ = nullptr;
    running_ = true;
    seconds_ = kTimeoutSeconds + bytes / kSlowestBytesPerSecond;
    write(Register::kControl,
          interrupt_enables() | (key_hole == KeyHole::kRead ? kKeyHoleRead : 0) |
              (key_hole == KeyHole::kWrite ? kKeyHoleWrite : 0) | 1u << kThresholdShift);
    write(Register::kSource, from);
    write(Register::kDestination, to);
    write(Register::kBytes, bytes);
    return DmaError::kNone;
}

DmaError AxiCdma::start(const DescriptorChain& chain) {
    const bool all_reported =
        completion_ == Completion::kPolling || coalescing_.delay != 0 ||
        (coalescing_.threshold != 0 && chain.size() % coalescing_.threshold == 0);
    if (coalescing_.threshold == 0 || !all_reported) return DmaError::kBadRequest;
    const uint32_t control = interrupt_enables() | coalescing_.threshold << kThresholdShift |
                             static_cast<uint32_t>(coalescing_.delay) << kDelayShift;
    return run_chain(chain, control, chain.address_of_last());
}

DmaError AxiCdma::start_cyclic(const DescriptorChain& chain) {
    return run_chain(chain, kCyclic | 1u << kThresholdShift, kNoTail);
}

// "Scatter Gather Mode", the steps: the mode goes off and on, so that the engine takes the pointer
// that follows for a new one, and the write of the tail starts the chain.
DmaError AxiCdma::run_chain(const DescriptorChain& chain, uint32_t control, uint32_t tail) {
    if (chain.size() == 0 || chain.is_complete(0)) return DmaError::kBadRequest;
    const DmaError ready = make_ready();
    if (ready != DmaError::kNone) return ready;
    chain_ = &chain;
    running_ = true;
    seconds_ = kTimeoutSeconds + chain.total_bytes() / kSlowestBytesPerSecond;
    write(Register::kControl, control);
    write(Register::kControl, control | kScatterGather);
    write(Register::kCurrentDescriptor, chain.address_of_first());
    write(Register::kTailDescriptor, tail);
    return DmaError::kNone;
}

// The pointers may be written only while the engine is idle, which it becomes a little after the
// interrupt at its end. What it has reported before is not to be taken for the end of what follows.
DmaError AxiCdma::make_ready() {
    if (running_) return DmaError::kBadRequest;
    clock::PollLimit limit(kTimeoutSeconds);
    while (is_busy()) {
        if (limit.over()) return DmaError::kTimeout;
    }
    write(Register::kStatus, kAnyInterrupt);
    return DmaError::kNone;
}

bool AxiCdma::is_busy() const { return !(read(Register::kStatus) & kIdle); }

uint32_t AxiCdma::position() const {
    return chain_ != nullptr ? chain_->index_of(read(Register::kCurrentDescriptor)) : 0;
}

DmaError AxiCdma::wait() {
    if (!running_) return result(status_);
    return completion_ == Completion::kPolling ? wait_by_polling() : wait_by_interrupt();
}

DmaError AxiCdma::wait_by_polling() {
    clock::PollLimit limit(seconds_);
    do {
        const uint32_t status = read(Register::kStatus);
        if (is_over(status)) return result(status);
    } while (!limit.over());
    status_ = read(Register::kStatus);
    stop();
    return DmaError::kTimeout;
}

DmaError AxiCdma::wait_by_interrupt() {
    if (clock::halt_until([this] { return !running_; }, seconds_)) return result(status_);
    status_ = read(Register::kStatus);
    stop();
    return DmaError::kTimeout;
}

// Idle alone will do when polling. An interrupt may come just before the engine is idle: then what
// it has written to the last descriptor counts, or for a simple transfer that there is one at all.
bool AxiCdma::is_over(uint32_t status) const {
    if (status & (kAnyError | kIdle)) return true;
    return chain_ != nullptr ? chain_->is_complete() : (status & kOnCompletion) != 0;
}

DmaError AxiCdma::result(uint32_t status) {
    running_ = false;
    status_ = status;
    if (!(status & kAnyError)) return DmaError::kNone;
    reset();  // The only way out of an error ("CDMASR", the error bits).
    if (status & kInternalError) return DmaError::kInternal;
    return status & kSlaveError ? DmaError::kSlave : DmaError::kDecode;
}

DmaError AxiCdma::stop() {
    running_ = false;
    return reset();
}

// The bit reads as 1 until the reset is done. A device that has gone reads as all ones.
DmaError AxiCdma::reset() {
    write(Register::kControl, kReset);
    clock::PollLimit limit(kTimeoutSeconds);
    while (read(Register::kControl) & kReset) {
        if (limit.over()) return DmaError::kTimeout;
    }
    return DmaError::kNone;
}

uint32_t AxiCdma::interrupt_enables() const {
    return completion_ == Completion::kPolling ? 0 : kAnyInterrupt;
}

void AxiCdma::on_interrupt(InterruptFrame&, void* context) {
    static_cast<AxiCdma*>(context)->handle_interrupt();
}

// The request is taken back before anything else is looked at: what ends after that interrupts
// again, so nothing is missed.
void AxiCdma::handle_interrupt() {
    const uint32_t status = read(Register::kStatus);
    if (!(status & kAnyInterrupt)) return;  // Another device on the line.
    write(Register::kStatus, status & kAnyInterrupt);
    interrupts_ = interrupts_ + 1;
    if (!running_ || !is_over(status)) return;
    status_ = status;
    running_ = false;
}

void AxiCdma::print_error() const {
    print("AXI CDMA {}:{}.{}: status {08x}", function_.bus, function_.device, function_.function,
          status_);
    if (status_ & kInternalError) print(", internal error");
    if (status_ & kSlaveError) print(", slave error");
    if (status_ & kDecodeError) print(", decode error");
    if (chain_ != nullptr) {
        print(", {} of {} descriptors completed", chain_->completed(), chain_->size());
    }
    print("\n");
}

}  // namespace guest
