// SPDX-License-Identifier: Apache-2.0
//
// The driver of the AXI CDMA against whatever plays the engine: every way to copy and to learn of
// the end, odd addresses and lengths, coalesced interrupts, errors and the way out of them, cyclic
// chains. Needs an engine with nothing else on its interrupt line.
//
//   completion=, irq=    see dma_options.h
//   fifo=0               1: there is an AXI stream FIFO whose packets come back, too
#include "drivers/axi_stream_fifo.h"
#include "drivers/engine_copier.h"
#include "programs/dma_options.h"
#include "runtime/check.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint32_t kBytes = 8 * kPageBytes;
constexpr uint32_t kNowhere = 0xb0000000;  // No memory and no device is there.

class Buffers {
  public:
    Buffers()
        : source(static_cast<uint8_t*>(allocate_pages(kBytes))),
          target(static_cast<uint8_t*>(allocate_pages(kBytes))) {
        uint32_t state = 1;
        for (uint32_t i = 0; i < kBytes; ++i) {
            state = state * 1664525 + 1013904223;
            source[i] = static_cast<uint8_t>(state >> 24);
        }
        clear();
    }

    void clear() { memset(target, 0xa5, kBytes); }

    // The target has `bytes` of the source and around them what was there before.
    void check_copy(uint32_t to, uint32_t from, uint32_t bytes, const char* what) {
        check(memcmp(target + to, source + from, bytes) == 0, what);
        for (uint32_t i = to < 16 ? 0 : to - 16; i < to; ++i) check_equal(target[i], 0xa5u, what);
        for (uint32_t i = to + bytes; i < to + bytes + 16 && i < kBytes; ++i) {
            check_equal(target[i], 0xa5u, what);
        }
    }

    uint8_t* const source;
    uint8_t* const target;
};

void test_shapes(Copier& copier, Buffers& buffers) {
    constexpr uint32_t kLengths[] = {0, 1, 2, 3, 4, 5, 31, 64, 65, 4096, 9999};
    for (const uint32_t bytes : kLengths) {
        for (const uint32_t to : {0u, 1u, 3u, 62u}) {
            const uint32_t from = (to * 5 + bytes) % 64;
            buffers.clear();
            check(copier.copy(buffers.target + to, buffers.source + from, bytes) == DmaError::kNone,
                  copier.name());
            buffers.check_copy(to, from, bytes, copier.name());
        }
    }
}

// Scattered to pages in descending order and gathered again.
void test_lists(Copier& copier, Buffers& buffers) {
    uint32_t pages[4];
    for (uint32_t i = 0; i < 4; ++i) {
        pages[i] = physical_address(buffers.target) + (6 - 2 * i) * kPageBytes;
    }
    Segment room[4];
    constexpr uint32_t kOffset = 123, kLength = 3 * kPageBytes + 45;
    const SegmentList list = segments_of_pages(pages, kOffset, kLength, room);
    auto* back = static_cast<uint8_t*>(allocate_pages(kLength));
    buffers.clear();
    memset(back, 0, kLength);
    check(copier.scatter(list, buffers.source) == DmaError::kNone, "scatter");
    check(memcmp(buffers.target + 6 * kPageBytes + kOffset, buffers.source, kPageBytes - kOffset) ==
              0,
          "the first piece");
    check(copier.gather(back, list) == DmaError::kNone, "gather");
    check(memcmp(back, buffers.source, kLength) == 0, "what was scattered and gathered");
}

void append_pieces(DescriptorChain& chain, Buffers& buffers, uint32_t pieces, uint32_t bytes) {
    chain.clear();
    for (uint32_t i = 0; i < pieces; ++i) {
        check(chain.append(physical_address(buffers.target + i * bytes),
                           physical_address(buffers.source + i * bytes), bytes),
              "append");
    }
}

void test_coalescing(AxiCdma& engine, Buffers& buffers, bool interrupts) {
    DescriptorChain chain(16);
    append_pieces(chain, buffers, 12, 256);
    struct Case {
        AxiCdma::Coalescing coalescing;
        uint32_t interrupts;
    };
    // 5 leaves two descriptors over, which the delay reports.
    for (const Case& c : {Case{{1, 0}, 12}, Case{{3, 0}, 4}, Case{{12, 0}, 1}, Case{{5, 2}, 3}}) {
        const uint32_t before = engine.interrupts();
        engine.set_coalescing(c.coalescing);
        buffers.clear();
        chain.rearm();
        check(engine.start(chain) == DmaError::kNone, "start");
        check(engine.wait() == DmaError::kNone, "wait");
        buffers.check_copy(0, 0, 12 * 256, "a coalesced chain");
        check_equal(chain.completed(), 12u, "descriptors completed");
        // Interrupts that come while one is being handled may become one.
        if (interrupts) {
            check(engine.interrupts() - before <= c.interrupts, "too many interrupts");
            check(engine.interrupts() != before, "no interrupt");
            if (c.coalescing.threshold == 12) {
                check_equal(engine.interrupts() - before, 1u, "interrupts of the whole chain");
            }
        } else {
            check_equal(engine.interrupts(), before, "interrupts when polling");
        }
    }
    check(engine.start(chain) == DmaError::kBadRequest, "a chain that has run");
    chain.rearm();
    engine.set_coalescing({.threshold = 5});
    check((engine.start(chain) == DmaError::kBadRequest) == interrupts, "a threshold without end");
    if (!interrupts) check(engine.wait() == DmaError::kNone, "wait");
    chain.rearm();
    engine.set_coalescing({.threshold = 0});
    check(engine.start(chain) == DmaError::kBadRequest, "a threshold of 0");
    engine.set_coalescing({});
}

void test_errors(AxiCdma& engine, Buffers& buffers) {
    const uint32_t source = physical_address(buffers.source);
    const uint32_t target = physical_address(buffers.target);
    check(engine.start(target, source, 0) == DmaError::kBadRequest, "a transfer of nothing");

    const auto works_again = [&] {
        buffers.clear();
        check(engine.start(target, source, 1000) == DmaError::kNone, "start after an error");
        check(engine.start(target, source, 1000) == DmaError::kBadRequest, "start while running");
        check(engine.wait() == DmaError::kNone, "wait after an error");
        buffers.check_copy(0, 0, 1000, "a copy after an error");
    };
    check(engine.start(target, kNowhere, 64) == DmaError::kNone, "start from nowhere");
    check(engine.wait() == DmaError::kDecode, "a source that is nowhere");
    works_again();
    check(engine.start(kNowhere, source, 64) == DmaError::kNone, "start to nowhere");
    check(engine.wait() == DmaError::kDecode, "a target that is nowhere");
    works_again();

    // The third of four descriptors fails: two have been done, and nothing behind them.
    DescriptorChain chain(4);
    append_pieces(chain, buffers, 2, 256);
    chain.append(kNowhere, source, 256);
    chain.append(target + 1024, source, 256);
    buffers.clear();
    check(engine.start(chain) == DmaError::kNone, "start of a chain with an error");
    check(engine.wait() == DmaError::kDecode, "a descriptor to nowhere");
    check_equal(chain.completed_bytes(), 512u, "completed before the error");
    buffers.check_copy(0, 0, 512, "the descriptors before the error");
    check_equal(buffers.target[1024], 0xa5u, "the descriptor behind the error");
    works_again();
}

void test_cyclic(AxiCdma& engine, Buffers& buffers) {
    DescriptorChain chain(4);
    append_pieces(chain, buffers, 4, 512);
    check(engine.start_cyclic(chain) == DmaError::kNone, "start of a ring");
    clock::delay_microseconds(500);
    check(engine.is_busy(), "a ring has no end");
    buffers.clear();  // What it has copied by now: it has to come again.
    clock::delay_microseconds(500);
    check(engine.stop() == DmaError::kNone, "stop");
    check(!engine.is_busy(), "busy after the stop");
    buffers.check_copy(0, 0, 2048, "the second time round");
    chain.rearm();
    check(engine.start(chain) == DmaError::kNone, "start after the stop");
    check(engine.wait() == DmaError::kNone, "wait after the stop");
}

// The packet comes back a little after it went out. 0 where it does not.
uint32_t receive(AxiStreamFifo& fifo) {
    clock::PollLimit limit(1);
    uint32_t bytes = 0;
    while (bytes == 0 && !limit.over()) bytes = fifo.receive();
    return bytes;
}

void test_fifo(AxiCdma& engine, Buffers& buffers) {
    AxiStreamFifo fifo;
    check(fifo.open() == DmaError::kNone, "the FIFO");
    check_equal(fifo.receive(), 0u, "a packet that nobody has sent");
    for (const uint32_t bytes : {4u, 64u, 1000u}) {
        const uint32_t room = fifo.vacancy();
        check(room >= bytes / 4, "room in the FIFO");
        buffers.clear();
        check(engine.start(fifo.transmit_data(), physical_address(buffers.source), bytes,
                           AxiCdma::KeyHole::kWrite) == DmaError::kNone,
              "start to the FIFO");
        check(engine.wait() == DmaError::kNone, "wait for the FIFO");
        check(fifo.send(bytes) == DmaError::kNone, "send");
        check_equal(receive(fifo), bytes, "length of the packet");
        check(engine.start(physical_address(buffers.target), fifo.receive_data(), bytes,
                           AxiCdma::KeyHole::kRead) == DmaError::kNone,
              "start from the FIFO");
        check(engine.wait() == DmaError::kNone, "wait for the packet");
        buffers.check_copy(0, 0, bytes, "the packet");
        check_equal(fifo.receive(), 0u, "packets left");
        check_equal(fifo.vacancy(), room, "room after the packet");
    }
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"completion", "irq", "fifo"});
    const AxiCdma::Completion completion = parse_completion(options);
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));
    AxiCdma engine;
    open_engine(engine, 0, completion);
    AxiCdma none;
    check(none.open(7, completion) == DmaError::kNoDevice, "an engine that is not there");

    Buffers buffers;
    SingleCopier single(engine);
    ChainCopier chain(engine, 16);
    BounceCopier bounce(engine, 1500);
    for (Copier* copier : {static_cast<Copier*>(&single), static_cast<Copier*>(&chain),
                           static_cast<Copier*>(&bounce)}) {
        test_shapes(*copier, buffers);
        test_lists(*copier, buffers);
    }
    test_coalescing(engine, buffers, completion != AxiCdma::Completion::kPolling);
    test_errors(engine, buffers);
    test_cyclic(engine, buffers);
    if (options.number("fifo", 0, 0, 1) != 0) test_fifo(engine, buffers);
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
