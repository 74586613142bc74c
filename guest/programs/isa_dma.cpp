// SPDX-License-Identifier: Apache-2.0
//
// Sound by fly-by DMA: for each sample the 8237A takes the bus for one cycle, in which the byte
// goes from memory to the card without passing through either. What does that cost a processor that
// works on memory? First it works alone, then while a block is played. In block mode the 8237A
// keeps the bus from the first byte to the last, whatever the sample rate: the processor stands
// still, and it is measured for how long.
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

constexpr uint32_t kFewBytes = 4;
// About 31 ms in one tenure: the clock goes round in 55.
constexpr uint32_t kMostInBlock = 32 * 1024;

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

struct Run {
    SoundBlaster sound{};
    uint32_t samples_per_second = 0;
    void* block = nullptr;
    uint32_t bytes = 0;
    std::span<uint32_t> words{};
    uint32_t alone = 0;  // Counts of the clock for a round over the words.

    void start(uint32_t length) {
        require(sound.start(SoundBlaster::Direction::kPlay, block, length), "start of the block");
    }
    // Every word has been incremented so often.
    void check(uint32_t rounds) const {
        for (const uint32_t word : words) {
            if (word != rounds) fail("the loop's memory is wrong: {}", word);
        }
        Pattern(1).require(block, bytes, "the block");
    }
};

// A request for each sample: the loop is slowed.
void play_by_requests(Run& run) {
    // Whole rounds only, and only those in which the card was playing from the beginning to the
    // end.
    uint32_t rounds = 0;
    uint32_t total = 0;
    const uint32_t patience =
        clock::kCounterHz + run.bytes * (clock::kCounterHz / run.samples_per_second);
    run.start(run.bytes);
    {
        PhaseScope phase("playing");
        for (;;) {
            const clock::Stopwatch stopwatch;
            work(run.words);
            const uint32_t counts = stopwatch.counts();
            if (run.sound.channel().reached_end()) break;
            total += counts;
            ++rounds;
            report_work(2 * run.words.size_bytes());
            if (total > patience) fail("the block does not end");
        }
    }
    require(run.sound.wait(), "block");
    if (rounds == 0) fail("the block was over before the loop: raise bytes");
    run.check(rounds + 2);

    // How much longer the rounds took than as many alone, and what that is for each sample that was
    // played meanwhile.
    const uint32_t undisturbed = run.alone * rounds;
    const uint32_t lost = total > undisturbed ? total - undisturbed : 0;
    const uint32_t slowdown =
        static_cast<uint32_t>(divide(uint64_t{lost} * 10'000, undisturbed).quotient);
    const uint64_t lost_a_second = divide(uint64_t{lost} * 1'000'000'000, total).quotient;
    const uint64_t stolen = divide(lost_a_second, run.samples_per_second).quotient;
    report_metric("slowdown_percent_x100", slowdown);
    report_metric("ns_of_bus_a_sample", stolen);
    report_metric("interrupts", run.sound.interrupts());
    print("played {} bytes at {} samples/s, {} interrupt{}\n", run.bytes, run.samples_per_second,
          run.sound.interrupts(), plural(run.sound.interrupts()));
    print("loop alone {8} ns\n", clock::nanoseconds(run.alone));
    print("playing    {8} ns, slower by {}.{02}%: {} ns of each sample\n",
          divide(clock::nanoseconds(total), rounds).quotient, slowdown / 100, slowdown % 100,
          stolen);
}

// The first request takes the bus until the last byte: the processor stands still, somewhere
// between the start's last access and the end of the loop. What the start itself takes is known
// from one of a few bytes, in single mode.
void play_in_one_tenure(Run& run) {
    if (run.bytes > kMostInBlock) fail("mode=block: bytes is at most {}", kMostInBlock);
    uint32_t start;
    {
        PhaseScope phase("start_alone");
        run.sound.set_mode(IsaDma::Mode::kSingle);
        const clock::Stopwatch stopwatch;
        run.start(kFewBytes);
        start = stopwatch.counts();
        require(run.sound.wait(), "a few bytes");
    }
    const uint32_t interrupts_before = run.sound.interrupts();
    uint32_t total;
    {
        PhaseScope phase("playing");
        run.sound.set_mode(IsaDma::Mode::kBlock);
        const clock::Stopwatch stopwatch;
        run.start(run.bytes);
        work(run.words);
        total = stopwatch.counts();
        report_work(2 * run.words.size_bytes());
    }
    if (!run.sound.channel().reached_end()) fail("the loop was over before the block: raise words");
    require(run.sound.wait(), "block");
    run.check(2);

    const uint32_t undisturbed = start + run.alone;
    const uint32_t lost = total > undisturbed ? total - undisturbed : 0;
    const uint64_t still = clock::nanoseconds(lost);
    const uint32_t interrupts = run.sound.interrupts() - interrupts_before;
    report_metric("ns_standing_still", still);
    report_metric("interrupts", interrupts);
    print("{} bytes in one tenure of the bus, {} interrupt{}\n", run.bytes, interrupts,
          plural(interrupts));
    print("start and loop alone {8} ns\n", clock::nanoseconds(undisturbed));
    print("with the block       {8} ns: the processor stood still for {} ns, {} for each byte\n",
          clock::nanoseconds(total), still, divide(still, run.bytes).quotient);
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"rate", "bytes", "mode", "words", "irq"});
    const uint32_t rate = options.number("rate", 22050, 4000, 23000);
    const uint32_t bytes = options.number("bytes", 512, 4, 65536) & ~3;
    const uint32_t count = options.number("words", 1024, 1, 1u << 20);
    const IsaDma::Mode mode = parse_mode(options.text("mode", "single"));
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));

    Run run;
    run.bytes = bytes;
    require(run.sound.open(),
            "the sound card (the scenario needs a [sound] with device = \"sound-blaster\")");
    run.sound.set_mode(mode);
    run.samples_per_second = run.sound.set_rate(rate);
    run.block = IsaDma::allocate_buffer(bytes);
    run.words = allocate_array<uint32_t>(count);
    memset(run.words.data(), 0, run.words.size_bytes());
    Pattern(1).fill(run.block, bytes);
    {
        PhaseScope phase("alone");
        const clock::Stopwatch stopwatch;
        work(run.words);
        run.alone = stopwatch.counts();
        report_work(2 * run.words.size_bytes());
    }
    if (run.alone == 0) fail("the loop is too short to be measured: raise words");

    if (mode == IsaDma::Mode::kBlock) {
        play_in_one_tenure(run);
    } else {
        play_by_requests(run);
    }
    return exit_code::kSuccess;
}

}  // namespace guest
