// SPDX-License-Identifier: Apache-2.0
//
// Register names as in the 82371AB datasheet (Intel order 290562-001), section 5.1.
#include "drivers/ide_controller.h"

namespace guest {
namespace {

constexpr uint8_t kClassMassStorage = 0x01;
constexpr uint8_t kSubclassIde = 0x01;

constexpr uint8_t kBusMasterBase = pci::header::kBar4;  // BMIBA.
constexpr uint16_t kSecondaryBusMaster = 8;             // Offset of the second register set.

constexpr uint8_t kIdeTiming = 0x40;      // IDETIM: 16 bits for each channel.
constexpr uint8_t kDevice1Timing = 0x44;  // SIDETIM: 4 bits for each channel.
constexpr uint8_t kUltraControl = 0x48;   // UDMACTL: one bit for each device.
constexpr uint8_t kUltraTiming = 0x4a;    // UDMATIM: 4 bits for each device.

// Of IDETIM.
constexpr uint16_t kDecodeEnable = 1u << 15;     // IDE.
constexpr uint16_t kSeparateDevice1 = 1u << 14;  // SITRE: device 1 obeys SIDETIM.
constexpr uint16_t kSampleShift = 12;            // ISP.
constexpr uint16_t kRecoveryShift = 8;           // RTC.
constexpr uint16_t kStrobeTimingMask = 3u << kSampleShift | 3u << kRecoveryShift;
constexpr uint16_t kDevice1FlagsShift = 4;  // Four flags for each device:
constexpr uint16_t kFastTiming = 1u << 0;   // TIME: obey ISP and RTC,
constexpr uint16_t kSampleIordy = 1u << 1;  // IE: let the device stretch the strobe,
constexpr uint16_t kFlagsMask = 0xf;        // (PPE and DTE stay off.)

// The strobe in PCI clocks of 30 ns: ISP for 5, 4, 3, 2 clocks and RTC for 4, 3, 2, 1 clocks.
struct StrobeTiming {
    uint8_t sample;
    uint8_t recovery;
    bool fast;  // Without it the controller uses the compatible timing of mode 0.
};

constexpr StrobeTiming kPioTimings[] = {
    {0, 0, false}, {0, 0, false}, {1, 0, true}, {2, 1, true}, {2, 3, true}};

// Multiword DMA modes 1 and 2 have the cycle times of PIO modes 3 and 4; mode 0 is slower than any
// but the compatible timing.
constexpr uint8_t kPioModeForMultiword[] = {0, 3, 4};

constexpr uint32_t device_index(AtaChannel::Number channel, uint8_t device) {
    return 2u * static_cast<uint8_t>(channel) + device;
}

constexpr uint8_t timing_register(AtaChannel::Number channel) {
    return kIdeTiming + 2 * static_cast<uint8_t>(channel);
}

}  // namespace

std::optional<IdeController> IdeController::find() {
    const std::optional<pci::Function> function = pci::find_class(kClassMassStorage, kSubclassIde);
    if (!function) return std::nullopt;

    const uint16_t command = function->read16(pci::header::kCommand);
    function->write16(pci::header::kCommand,
                      command | pci::command::kIoSpace | pci::command::kBusMaster);
    if (function->read16(pci::header::kVendor) == pci::kIntel) {
        for (const auto channel : {AtaChannel::Number::kPrimary, AtaChannel::Number::kSecondary}) {
            const uint8_t timing = timing_register(channel);
            function->write16(timing, function->read16(timing) | kDecodeEnable);
        }
    }
    return IdeController(*function);
}

uint16_t IdeController::bus_master_port(AtaChannel::Number channel) const {
    const uint32_t bar = function_.read32(kBusMasterBase);
    const uint16_t base = static_cast<uint16_t>(bar & pci::kBarIoAddress);
    if (!(bar & pci::kBarIsIo) || base == 0) return 0;
    return channel == AtaChannel::Number::kPrimary ? base : base + kSecondaryBusMaster;
}

void IdeController::set_timing(AtaChannel::Number channel, uint8_t device,
                               TransferMode mode) const {
    if (function_.read16(pci::header::kVendor) != pci::kIntel) return;
    if (mode.kind != TransferMode::Kind::kUltraDma) set_strobe_timing(channel, device, mode);
    set_ultra_timing(channel, device, mode);
}

// One pair of ISP and RTC serves device 0, and SIDETIM has another for device 1.
void IdeController::set_strobe_timing(AtaChannel::Number channel, uint8_t device,
                                      TransferMode mode) const {
    const uint8_t equivalent = mode.kind == TransferMode::Kind::kMultiwordDma
                                   ? kPioModeForMultiword[mode.number]
                                   : mode.number;
    const StrobeTiming& strobe = kPioTimings[equivalent];
    const uint32_t shift = device == 1 ? kDevice1FlagsShift : 0;

    uint16_t timing = function_.read16(timing_register(channel));
    timing &= ~(kFlagsMask << shift);
    if (strobe.fast) timing |= (kFastTiming | kSampleIordy) << shift;
    if (device == 0) {
        timing &= ~kStrobeTimingMask;
        timing |= strobe.sample << kSampleShift | strobe.recovery << kRecoveryShift;
    } else {
        const uint32_t channel_shift = 4u * static_cast<uint8_t>(channel);
        uint8_t device1 = function_.read8(kDevice1Timing);
        device1 &= ~(0xf << channel_shift);
        device1 |= (strobe.sample << 2 | strobe.recovery) << channel_shift;
        function_.write8(kDevice1Timing, device1);
        timing |= kSeparateDevice1;
    }
    function_.write16(timing_register(channel), timing);
}

// The field of UDMATIM holds the mode's number for modes 0 to 2. The faster modes exist only on
// successors of the PIIX4, where odd numbers are written as 1 and even ones as 2, and a clock
// setting outside these registers, which is left as the firmware has set it, tells them apart.
void IdeController::set_ultra_timing(AtaChannel::Number channel, uint8_t device,
                                     TransferMode mode) const {
    const uint32_t index = device_index(channel, device);
    uint8_t control = function_.read8(kUltraControl);
    if (mode.kind != TransferMode::Kind::kUltraDma) {
        function_.write8(kUltraControl, control & ~(1u << index));
        return;
    }
    const uint16_t cycle = mode.number <= 2 ? mode.number : 2 - mode.number % 2;
    uint16_t timing = function_.read16(kUltraTiming);
    timing &= ~(3u << 4 * index);
    timing |= cycle << 4 * index;
    function_.write16(kUltraTiming, timing);
    function_.write8(kUltraControl, control | 1u << index);
}

}  // namespace guest
