// SPDX-License-Identifier: Apache-2.0
//
// Names of ports and commands as in the Sound Blaster Series Hardware Programming Guide (Creative
// Technology, 1993), chapters 2, 3 and 6.
#include "drivers/sound_blaster.h"

#include <utility>

#include "runtime/clock.h"
#include "runtime/io.h"

namespace guest {
namespace {

// Offsets from the card's port.
constexpr uint16_t kReset = 0x6;
constexpr uint16_t kReadData = 0xa;
constexpr uint16_t kWriteData = 0xc;   // Written: a command or its data. Read: whether it may be.
constexpr uint16_t kReadStatus = 0xe;  // Reading it also takes back the interrupt.
constexpr uint8_t kWriteBusy = 1u << 7;
constexpr uint8_t kReadReady = 1u << 7;

constexpr uint8_t kReadyAfterReset = 0xaa;

enum Command : uint8_t {
    kPlayBlock = 0x14,
    kPlayOn = 0x1c,  // Auto-initialise: block after block.
    kRecordBlock = 0x24,
    kRecordOn = 0x2c,
    kSetTimeConstant = 0x40,
    kSetBlockSize = 0x48,  // Of the auto-initialise commands.
    kSpeakerOn = 0xd1,
    kSpeakerOff = 0xd3,
    kExitAutoInitialise = 0xda,
    kGetVersion = 0xe1,
};

constexpr uint32_t kMicrosecondsPerSecond = 1'000'000;
constexpr uint32_t kTimeoutSeconds = 1;
constexpr uint32_t kLowestRate = 4000;
constexpr uint32_t kHighestRate = 23000;           // Without the high-speed mode,
constexpr uint32_t kHighestRecordingRate = 13000;  // and with the converter in the way.
constexpr uint32_t kMostBytes = 64 * 1024;

}  // namespace

bool SoundBlaster::write(uint8_t value) {
    clock::PollLimit limit(kTimeoutSeconds);
    while (read_port8(port_ + kWriteData) & kWriteBusy) {
        if (limit.over()) return false;
    }
    write_port8(port_ + kWriteData, value);
    return true;
}

bool SoundBlaster::read(uint8_t& value) {
    clock::PollLimit limit(kTimeoutSeconds);
    while (!(read_port8(port_ + kReadStatus) & kReadReady)) {
        if (limit.over()) return false;
    }
    value = read_port8(port_ + kReadData);
    return true;
}

// Lengths go as one less, the low byte first.
bool SoundBlaster::write_length(uint32_t bytes) {
    return write(static_cast<uint8_t>(bytes - 1)) && write(static_cast<uint8_t>((bytes - 1) >> 8));
}

DmaError SoundBlaster::open() {
    running_ = false;
    channel_.mask();
    DmaError error = reset();
    if (error != DmaError::kNone) return error;
    uint8_t minor_version;
    if (!write(kGetVersion) || !read(major_version_) || !read(minor_version)) {
        return DmaError::kTimeout;
    }
    if (major_version_ < 2) return DmaError::kNotSupported;
    attach_irq(irq_, on_interrupt, this);
    clock::start_ticks();
    return DmaError::kNone;
}

// Chapter 2, "Resetting the DSP": the 1 has to stay for 3 us, and the answer comes within 100 us.
DmaError SoundBlaster::reset() {
    clock::start_counter(clock::kFullPeriod);  // PollLimit counts on it.
    write_port8(port_ + kReset, 1);
    clock::delay_microseconds(3);
    write_port8(port_ + kReset, 0);
    uint8_t answer;
    return read(answer) && answer == kReadyAfterReset ? DmaError::kNone : DmaError::kNoDevice;
}

// The time constant is 256 less the microseconds of a sample.
uint32_t SoundBlaster::set_rate(uint32_t samples_per_second) {
    if (samples_per_second < kLowestRate || samples_per_second > kHighestRate) return 0;
    uint32_t period = kMicrosecondsPerSecond / samples_per_second;
    if (kMicrosecondsPerSecond / period > kHighestRate) ++period;
    if (!write(kSetTimeConstant) || !write(static_cast<uint8_t>(256 - period))) return 0;
    rate_ = kMicrosecondsPerSecond / period;
    return rate_;
}

DmaError SoundBlaster::begin(Direction direction, const void* buffer, uint32_t bytes,
                             IsaDma::AtEnd at_end) {
    if (running_ || rate_ == 0 || bytes > kMostBytes) return DmaError::kBadRequest;
    const bool plays = direction == Direction::kPlay;
    if (!plays && rate_ > kHighestRecordingRate) return DmaError::kBadRequest;
    const DmaError error = channel_.program(
        buffer, bytes, plays ? IsaDma::Transfer::kReadMemory : IsaDma::Transfer::kWriteMemory,
        mode_, at_end);
    if (error != DmaError::kNone) return error;
    running_ = true;
    stopping_ = false;
    seconds_ = kTimeoutSeconds + bytes / rate_;
    return write(plays ? kSpeakerOn : kSpeakerOff) ? DmaError::kNone : give_up(DmaError::kTimeout);
}

DmaError SoundBlaster::start(Direction direction, const void* buffer, uint32_t bytes) {
    const DmaError error = begin(direction, buffer, bytes, IsaDma::AtEnd::kStop);
    if (error != DmaError::kNone) return error;
    streaming_ = false;
    const bool taken =
        write(direction == Direction::kPlay ? kPlayBlock : kRecordBlock) && write_length(bytes);
    return taken ? DmaError::kNone : give_up(DmaError::kTimeout);
}

DmaError SoundBlaster::wait() {
    if (!clock::halt_until([this] { return !running_; }, seconds_)) {
        return give_up(DmaError::kTimeout);
    }
    channel_.mask();
    return DmaError::kNone;
}

DmaError SoundBlaster::play(const void* buffer, uint32_t bytes) {
    const DmaError error = start(Direction::kPlay, buffer, bytes);
    return error != DmaError::kNone ? error : wait();
}

DmaError SoundBlaster::record(void* buffer, uint32_t bytes) {
    const DmaError error = start(Direction::kRecord, buffer, bytes);
    return error != DmaError::kNone ? error : wait();
}

// The 8237A goes round the whole buffer, the DSP interrupts after each half.
DmaError SoundBlaster::start_stream(Direction direction, void* buffer, uint32_t bytes,
                                    HalfDone half_done, void* context) {
    if (bytes == 0 || bytes % 2 != 0 || running_) return DmaError::kBadRequest;
    half_bytes_ = bytes / 2;
    half_ = static_cast<uint8_t*>(buffer);
    other_half_ = half_ + half_bytes_;
    half_done_ = half_done;
    context_ = context;
    const DmaError error = begin(direction, buffer, bytes, IsaDma::AtEnd::kRestart);
    if (error != DmaError::kNone) return error;
    streaming_ = true;
    const bool taken = write(kSetBlockSize) && write_length(half_bytes_) &&
                       write(direction == Direction::kPlay ? kPlayOn : kRecordOn);
    return taken ? DmaError::kNone : give_up(DmaError::kTimeout);
}

DmaError SoundBlaster::stop_stream() {
    if (!running_ || !streaming_) return DmaError::kBadRequest;
    stopping_ = true;
    if (!write(kExitAutoInitialise)) return give_up(DmaError::kTimeout);
    return wait();
}

// Stops the device, whatever it is at; the rate is set anew, since a reset may forget it.
DmaError SoundBlaster::give_up(DmaError error) {
    running_ = false;
    channel_.mask();
    if (reset() != DmaError::kNone || set_rate(rate_) == 0) return DmaError::kNoDevice;
    return error;
}

void SoundBlaster::on_interrupt(InterruptFrame&, void* context) {
    static_cast<SoundBlaster*>(context)->handle_interrupt();
}

void SoundBlaster::handle_interrupt() {
    read_port8(port_ + kReadStatus);
    interrupts_ = interrupts_ + 1;
    if (!running_) return;
    if (!streaming_ || stopping_) {
        running_ = false;
        if (!streaming_) return;
    }
    half_done_({half_, half_bytes_}, context_);
    std::swap(half_, other_half_);
}

}  // namespace guest
