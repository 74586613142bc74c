// SPDX-License-Identifier: Apache-2.0
//
// Sound by fly-by DMA: for each sample the 8237A takes the bus for one cycle, in which the byte
// goes from memory to the card without passing through either. What does that cost a processor that
// works on memory? First it works alone, then while a block is played.
//
//   rate=22050       samples a second     bytes=512       of the block
//   mode=single      or demand, block: how the 8237A keeps the bus
//   words=1024       32-bit words that the loop works on, again and again while the block plays
//   irq=apic         or pic
#include "drivers/sound_blaster.h"
#include "programs/dma_options.h"
#include "programs/pattern.h"
#include "runtime/arithmetic.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

IsaDma::Mode parse_mode(std::string_view name) {
    if (name == "single") return IsaDma::Mode::kSingle;
    if (name == "demand") return IsaDma::Mode::kDemand;
    if (name == "block") return IsaDma::Mode::kBlock;
    fail("mode={} is none of single, demand, block", name);
}

void work(std::span<uint32_t> words) {
    for (uint32_t& word : words) {
        word += 1;
        asm volatile("" : : "m"(word));
    }
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"rate", "bytes", "mode", "words", "irq"});
    const uint32_t rate = options.number("rate", 22050, 4000, 23000);
    const uint32_t bytes = options.number("bytes", 512, 4, 65536) & ~3;
    const uint32_t count = options.number("words", 1024, 1, 1u << 20);
    const IsaDma::Mode mode = parse_mode(options.text("mode", "single"));
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));

    SoundBlaster sound;
    require(sound.open(),
            "the sound card (the scenario needs a [sound] with device = \"sound-blaster\")");
    sound.set_mode(mode);
    const uint32_t samples_per_second = sound.set_rate(rate);
    void* block = IsaDma::allocate_buffer(bytes);
    const std::span<uint32_t> words = allocate_array<uint32_t>(count);
    memset(words.data(), 0, words.size_bytes());
    Pattern(1).fill(block, bytes);

    uint32_t alone;
    {
        PhaseScope phase("alone");
        const clock::Stopwatch stopwatch;
        work(words);
        alone = stopwatch.counts();
        report_work(2 * words.size_bytes());
    }

    // Whole rounds only, and only those in which the card was playing from the beginning to the
    // end.
    uint32_t rounds = 0;
    uint32_t total = 0;
    const uint32_t patience = clock::kCounterHz + bytes * (clock::kCounterHz / samples_per_second);
    require(sound.start(SoundBlaster::Direction::kPlay, block, bytes), "start of the block");
    {
        PhaseScope phase("playing");
        for (;;) {
            const clock::Stopwatch stopwatch;
            work(words);
            const uint32_t counts = stopwatch.counts();
            if (sound.channel().reached_end()) break;
            total += counts;
            ++rounds;
            report_work(2 * words.size_bytes());
            if (total > patience) fail("the block does not end");
        }
    }
    require(sound.wait(), "block");
    if (rounds == 0) fail("the block was over before the loop: raise bytes");
    for (const uint32_t word : words) {
        if (word != rounds + 2) fail("the loop's memory is wrong: {}", word);
    }
    Pattern(1).require(block, bytes, "the block");

    if (alone == 0) fail("the loop is too short to be measured: raise words");
    // How much longer the rounds took than as many alone, and what that is for each sample that was
    // played meanwhile.
    const uint32_t undisturbed = alone * rounds;
    const uint32_t lost = total > undisturbed ? total - undisturbed : 0;
    const uint32_t slowdown =
        static_cast<uint32_t>(divide(uint64_t{lost} * 10'000, undisturbed).quotient);
    const uint64_t lost_a_second = divide(uint64_t{lost} * 1'000'000'000, total).quotient;
    const uint64_t stolen = divide(lost_a_second, samples_per_second).quotient;
    report_metric("slowdown_percent_x100", slowdown);
    report_metric("ns_of_bus_a_sample", stolen);
    report_metric("interrupts", sound.interrupts());
    print("played {} bytes at {} samples/s, {} interrupt{}\n", bytes, samples_per_second,
          sound.interrupts(), plural(sound.interrupts()));
    print("loop alone {8} ns\n", clock::nanoseconds(alone));
    print("playing    {8} ns, slower by {}.{02}%: {} ns of each sample\n",
          divide(clock::nanoseconds(total), rounds).quotient, slowdown / 100, slowdown % 100,
          stolen);
    return exit_code::kSuccess;
}

}  // namespace guest
