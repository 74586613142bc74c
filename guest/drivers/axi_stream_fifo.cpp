// SPDX-License-Identifier: Apache-2.0
//
// Names as in AMD PG080 v4.3, "Register Space".
#include "drivers/axi_stream_fifo.h"

#include "runtime/clock.h"
#include "runtime/io.h"
#include "runtime/pci.h"

namespace guest {
namespace {

constexpr uint16_t kVendorXilinx = 0x10ee;
constexpr uint16_t kDeviceFifo = 0x7080;

constexpr uint32_t kResetKey = 0xa5;  // What the reset registers take.

constexpr uint32_t kTransmitComplete = 1u << 27;  // Of the interrupt status: TC.
constexpr uint32_t kAllInterrupts = UINT32_MAX;   // Writing a 1 clears.

constexpr uint32_t kTimeoutSeconds = 1;

}  // namespace

// Offsets.
enum class AxiStreamFifo::Register : uint32_t {
    kInterruptStatus = 0x00,   // ISR.
    kInterruptEnable = 0x04,   // IER.
    kTransmitReset = 0x08,     // TDFR.
    kTransmitVacancy = 0x0c,   // TDFV.
    kTransmitData = 0x10,      // TDFD.
    kTransmitLength = 0x14,    // TLR.
    kReceiveReset = 0x18,      // RDFR.
    kReceiveOccupancy = 0x1c,  // RDFO.
    kReceiveData = 0x20,       // RDFD.
    kReceiveLength = 0x24,     // RLR.
};

DmaError AxiStreamFifo::open(uint32_t number) {
    const auto function = pci::find_device(kVendorXilinx, kDeviceFifo, number);
    if (!function) return DmaError::kNoDevice;
    registers_ = pci::enable_memory(*function);
    if (registers_ == 0) return DmaError::kNotSupported;
    write_mmio32(address(Register::kInterruptEnable), 0);
    write_mmio32(address(Register::kTransmitReset), kResetKey);
    write_mmio32(address(Register::kReceiveReset), kResetKey);
    write_mmio32(address(Register::kInterruptStatus), kAllInterrupts);
    return DmaError::kNone;
}

uint32_t AxiStreamFifo::transmit_data() const { return address(Register::kTransmitData); }
uint32_t AxiStreamFifo::receive_data() const { return address(Register::kReceiveData); }

uint32_t AxiStreamFifo::vacancy() const { return read_mmio32(address(Register::kTransmitVacancy)); }

DmaError AxiStreamFifo::send(uint32_t bytes) {
    write_mmio32(address(Register::kInterruptStatus), kTransmitComplete);
    write_mmio32(address(Register::kTransmitLength), bytes);
    clock::PollLimit limit(kTimeoutSeconds);
    while (!(read_mmio32(address(Register::kInterruptStatus)) & kTransmitComplete)) {
        if (limit.over()) return DmaError::kTimeout;
    }
    return DmaError::kNone;
}

// The occupancy comes first: a length that is read while there is no packet takes the occupancy
// with it ("Receive Length Register").
uint32_t AxiStreamFifo::receive() {
    constexpr uint32_t kLengthMask = 0x7fffff;
    if (read_mmio32(address(Register::kReceiveOccupancy)) == 0) return 0;
    return read_mmio32(address(Register::kReceiveLength)) & kLengthMask;
}

}  // namespace guest
