// SPDX-License-Identifier: Apache-2.0
//
// The drivers of the 8237A and the Sound Blaster against whatever plays them: a block that is
// played and one that is recorded take as long as their samples, and a stream goes round its two
// halves.
//
//   rate=20000    samples a second       irq=apic    or pic
//   qemu=0        1: leave out what QEMU lacks: samples in their time, the 8237A's end, recording
#include "drivers/sound_blaster.h"
#include "programs/dma_options.h"
#include "runtime/arithmetic.h"
#include "runtime/check.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint32_t kBlock = 400;
constexpr uint32_t kHalf = 200;
constexpr uint32_t kHalves = 5;  // That the stream goes on for.

constinit bool on_qemu = false;

// The samples' time, within two samples: the driver's own and where the first one falls.
void check_time(uint32_t counts, uint32_t samples, uint32_t rate, const char* what) {
    if (on_qemu) return;
    const uint64_t sample = divide(1'000'000'000, rate).quotient;
    const uint64_t time = clock::nanoseconds(counts);
    check(time + 2 * sample >= samples * sample, what);
    check(time <= (samples + 2) * sample, what);
}

struct Stream {
    uint8_t* buffer;
    volatile uint32_t halves;
    volatile bool in_order;
};

void on_half(std::span<uint8_t> half, void* context) {
    Stream& stream = *static_cast<Stream*>(context);
    const uint8_t* expected = stream.buffer + (stream.halves % 2) * kHalf;
    if (half.data() != expected || half.size() != kHalf) stream.in_order = false;
    memset(half.data(), static_cast<int>(stream.halves), half.size());
    stream.halves = stream.halves + 1;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"rate", "irq", "qemu"});
    on_qemu = options.number("qemu", 0, 0, 1) != 0;
    const uint32_t wanted = options.number("rate", 20'000, 4000, 23'000);
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));
    SoundBlaster sound;
    require(sound.open(), "open");
    check(sound.major_version() >= 2, "version");
    check_equal(sound.set_rate(3999), 0u, "a rate that is too low");
    check_equal(sound.set_rate(23'001), 0u, "a rate that is too high");
    check(sound.set_rate(23'000) <= 23'000, "the highest rate rounded to one that is too high");
    const uint32_t rate = sound.set_rate(wanted);

    auto* block = static_cast<uint8_t*>(IsaDma::allocate_buffer(kBlock));
    memset(block, 0x55, kBlock);
    {
        const clock::Stopwatch stopwatch;
        require(sound.play(block, kBlock), "play");
        check_time(stopwatch.counts(), kBlock, rate, "time of the block played");
    }
    check_equal(sound.interrupts(), 1u, "interrupts of one block");
    if (!on_qemu) {
        check(sound.channel().reached_end(), "the 8237A is not at its end");
        check(!sound.channel().reached_end(), "the end is reported twice");
        check_equal(sound.channel().bytes_left(), 0u, "bytes left of the block");
    }
    for (uint32_t i = 0; i < kBlock; ++i) check_equal(block[i], 0x55u, "a sample played");
    if (!on_qemu) {
        sound.set_rate(14'000);
        check(sound.record(block, kBlock) == DmaError::kBadRequest, "too fast for recording");
        const uint32_t recording_rate = sound.set_rate(10'000);
        const clock::Stopwatch stopwatch;
        require(sound.record(block, kBlock), "record");
        check_time(stopwatch.counts(), kBlock, recording_rate, "time of the block recorded");
        check_equal(sound.interrupts(), 2u, "interrupts of two blocks");
    }
    const uint32_t interrupts_before = sound.interrupts();

    auto* ring = static_cast<uint8_t*>(IsaDma::allocate_buffer(2 * kHalf));
    Stream stream = {ring, 0, true};
    require(sound.start_stream(SoundBlaster::Direction::kPlay, ring, 2 * kHalf, on_half, &stream),
            "start of the stream");
    check(sound.start(SoundBlaster::Direction::kPlay, block, kBlock) == DmaError::kBadRequest,
          "a block while the stream is on");
    check(clock::halt_until([&] { return stream.halves >= kHalves; }, 1), "halves of the stream");
    require(sound.stop_stream(), "stop of the stream");
    check_equal(stream.halves, kHalves + 1, "halves, with the one under way when it was stopped");
    check(stream.in_order, "the halves are not in order");
    check_equal(sound.interrupts() - interrupts_before, kHalves + 1, "interrupts of the stream");

    require(sound.play(block, kBlock), "play after the stream");
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
