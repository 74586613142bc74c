// SPDX-License-Identifier: Apache-2.0
//
// The DMA library's own logic, without any device: lists of pages, pieces of two lists, descriptor
// chains, copies by the processor, and the boundaries of the 8237A. What a chain would copy is
// found out by walking it in memory as PG034 describes it, apart from the library's own structures.
#include "drivers/cpu_copier.h"
#include "drivers/descriptor_chain.h"
#include "drivers/isa_dma.h"
#include "runtime/check.h"
#include "runtime/exit.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {
namespace {

// ---- Lists of pages
// ------------------------------------------------------------------------------

void check_segments(SegmentList actual, std::span<const Segment> expected, const char* what) {
    check_equal(actual.size(), expected.size(), what);
    for (uint32_t i = 0; i < expected.size(); ++i) {
        check_equal(actual[i].address, expected[i].address, what);
        check_equal(actual[i].bytes, expected[i].bytes, what);
    }
}

void test_pages() {
    Segment room[4];
    constexpr uint32_t kPages[] = {0x5000, 0x6000, 0x2000, 0x9000};

    const Segment one[] = {{0x5010, 0x20}};
    check_segments(segments_of_pages(kPages, 0x10, 0x20, room), one, "inside one page");

    const Segment joined[] = {{0x5ff0, 0x1010}, {0x2000, 1}};
    check_segments(segments_of_pages(kPages, 0xff0, 0x1011, room), joined,
                   "pages that follow one another are one segment");

    const Segment all[] = {{0x5000, 0x2000}, {0x2000, 0x1000}, {0x9000, 0x1000}};
    check_segments(segments_of_pages(kPages, 0, 0x4000, room), all, "to the last byte");

    check_segments(segments_of_pages(kPages, 1, 0x4000, room), {}, "more than the pages hold");
    check_segments(segments_of_pages(kPages, 0, 0x4000, std::span(room).first(2)), {},
                   "more segments than there is room for");
    check_segments(segments_of_pages(kPages, 0, 0, room), {}, "nothing");
}

// ---- Pieces
// --------------------------------------------------------------------------------------

void test_pieces() {
    const Segment to[] = {{0x1000, 10}, {0x2000, 0}, {0x3000, 6}};
    const Segment from[] = {{0x8000, 4}, {0x9000, 12}};
    // Borders at 4 (source), 10 (target) and, with 5 bytes at most, wherever a piece is full.
    const PieceCursor::Piece whole[] = {
        {0x1000, 0x8000, 4}, {0x1004, 0x9000, 6}, {0x3000, 0x9006, 6}, {0, 0, 0}};
    const PieceCursor::Piece limited[] = {{0x1000, 0x8000, 4}, {0x1004, 0x9000, 5},
                                          {0x1009, 0x9005, 1}, {0x3000, 0x9006, 5},
                                          {0x3005, 0x900b, 1}, {0, 0, 0}};
    const auto walk = [&](std::span<const PieceCursor::Piece> expected, uint32_t most) {
        PieceCursor cursor(to, from);
        for (const PieceCursor::Piece& piece : expected) {
            const PieceCursor::Piece actual = cursor.take(most);
            check_equal(actual.bytes, piece.bytes, "bytes of a piece");
            if (piece.bytes == 0) continue;
            check_equal(actual.to, piece.to, "target of a piece");
            check_equal(actual.from, piece.from, "source of a piece");
        }
    };
    walk(whole, UINT32_MAX);
    walk(limited, 5);
}

// ---- Chains
// --------------------------------------------------------------------------------------

// A descriptor as an engine reads it: 32-bit words at a 64-byte boundary.
uint32_t word(uint32_t descriptor, uint32_t offset) {
    return *reinterpret_cast<const volatile uint32_t*>(descriptor + offset);
}

// Copies as an engine would: from the first descriptor to the tail, by the processor.
uint32_t walk_chain(const DescriptorChain& chain) {
    constexpr uint32_t kNext = 0x00, kSource = 0x08, kDestination = 0x10, kControl = 0x18;
    constexpr uint32_t kStatus = 0x1c;
    uint32_t descriptors = 0;
    for (uint32_t at = chain.address_of_first();; at = word(at, kNext)) {
        check_equal(at % 64, 0u, "alignment of a descriptor");
        for (const uint32_t high : {kNext, kSource, kDestination}) {
            check_equal(word(at, high + 4), 0u, "high half of an address");
        }
        check_equal(word(at, kControl) >> 26, 0u, "reserved bits of the control word");
        check_equal(word(at, kStatus), 0u, "status of a descriptor that has not run");
        memcpy(reinterpret_cast<void*>(word(at, kDestination)),
               reinterpret_cast<const void*>(word(at, kSource)), word(at, kControl));
        *reinterpret_cast<volatile uint32_t*>(at + kStatus) = 1u << 31;
        ++descriptors;
        if (at == chain.address_of_last()) {
            check_equal(word(at, kNext), chain.address_of_first(), "the last one's next");
            return descriptors;
        }
        check(descriptors < 1000, "the chain has no end");
    }
}

void test_chains() {
    constexpr uint32_t kBytes = 3 * kPageBytes;
    auto* source = static_cast<uint8_t*>(allocate(kBytes));
    auto* memory = static_cast<uint8_t*>(allocate(4 * kPageBytes, kPageBytes));
    for (uint32_t i = 0; i < kBytes; ++i) source[i] = static_cast<uint8_t>(i * 7 + i / 256);
    memset(memory, 0, 4 * kPageBytes);

    // An unaligned buffer in pages 2, 0 and 1 of the memory, so three segments of which two join.
    const uint32_t base = physical_address(memory);
    const uint32_t pages[] = {base + 2 * kPageBytes, base, base + kPageBytes};
    Segment room[3];
    constexpr uint32_t kOffset = 100, kUsed = 2 * kPageBytes + 51;
    const SegmentList target = segments_of_pages(pages, kOffset, kUsed, room);
    check_equal(target.size(), 2u, "segments of the buffer");
    const Segment whole = {physical_address(source), kUsed};

    DescriptorChain chain(16);
    check(chain.build(target, {&whole, 1}) == DmaError::kNone, "build");
    check_equal(chain.size(), 2u, "descriptors");
    check_equal(chain.total_bytes(), kUsed, "bytes of the chain");
    check_equal(chain.completed(), 0u, "completed before it ran");
    check(!chain.is_complete(), "complete before it ran");
    check_equal(walk_chain(chain), 2u, "descriptors walked");
    check(chain.is_complete(), "complete after it ran");
    check_equal(chain.completed_bytes(), kUsed, "completed bytes");
    for (uint32_t i = 0; i < kUsed; ++i) {
        const uint32_t page = pages[(kOffset + i) / kPageBytes];
        const uint32_t at = page + (kOffset + i) % kPageBytes;
        check_equal(*reinterpret_cast<uint8_t*>(at), source[i], "byte of the buffer");
    }
    chain.rearm();
    check_equal(chain.completed(), 0u, "completed after being rearmed");
    check_equal(walk_chain(chain), 2u, "descriptors walked again");

    check(chain.build(target, {&whole, 1}, 1000) == DmaError::kNone, "build of short pieces");
    // 3996 bytes in the first segment make 4 descriptors, 4247 in the second make 5.
    check_equal(chain.size(), 9u, "descriptors of 1000 bytes");
    check_equal(walk_chain(chain), 9u, "short descriptors walked");

    const Segment longer = {physical_address(source), kUsed + 1};
    check(chain.build(target, {&longer, 1}) == DmaError::kBadRequest, "lists of different length");
    check(chain.build({}, {}) == DmaError::kBadRequest, "empty lists");
    check(chain.build(target, {&whole, 1}, 500) == DmaError::kBadRequest, "too many descriptors");
    check(chain.build(target, {&whole, 1}, 0) == DmaError::kBadRequest, "pieces of nothing");
}

// ---- Copies by the processor
// ---------------------------------------------------------------------

void test_cpu_copier() {
    uint8_t from[64];
    uint8_t pieces[64];
    uint8_t back[64];
    for (uint8_t i = 0; i < 64; ++i) from[i] = i + 1;
    memset(pieces, 0, sizeof pieces);
    memset(back, 0, sizeof back);
    const uint32_t base = physical_address(pieces);
    const Segment list[] = {{base + 33, 7}, {base, 5}, {base + 8, 0}, {base + 17, 3}};

    CpuCopier cpu;
    check(cpu.scatter(list, from) == DmaError::kNone, "scatter");
    check_equal(pieces[33], 1u, "first byte of the first piece");
    check_equal(pieces[39], 7u, "last byte of the first piece");
    check_equal(pieces[40], 0u, "byte behind the first piece");
    check_equal(pieces[0], 8u, "first byte of the second piece");
    check_equal(pieces[19], 15u, "last byte of the last piece");
    check(cpu.gather(back, list) == DmaError::kNone, "gather");
    check(memcmp(back, from, 15) == 0, "what was scattered and gathered");
    check_equal(back[15], 0u, "byte behind it");
    const Segment short_list = {base, 14};
    check(cpu.move({&short_list, 1}, list) == DmaError::kBadRequest, "lists of different length");
    check(cpu.copy(back, from, 0) == DmaError::kNone, "a copy of nothing");
}

// ---- The 8237A's boundaries
// ----------------------------------------------------------------------

void test_isa_boundaries() {
    const IsaDma narrow(1);
    const IsaDma wide(5);
    check_equal(narrow.within_boundary(0x2fff0, 0x100), 0x10u, "up to 64 KiB");
    check_equal(narrow.within_boundary(0x2ff00, 0x100), 0x100u, "to the last byte before it");
    check_equal(narrow.within_boundary(0x30000, 0x10000), 0x10000u, "a whole page of 64 KiB");
    check_equal(wide.within_boundary(0x2fff0, 0x100), 0x100u, "words have twice as much");
    check_equal(wide.within_boundary(0x3fff0, 0x100), 0x10u, "up to 128 KiB");

    for (const uint32_t bytes : {1u, 512u, 4097u, 40'000u, 65'536u}) {
        const uint32_t address = physical_address(IsaDma::allocate_buffer(bytes));
        check_equal(address >> 16, (address + bytes - 1) >> 16, "a buffer's pages of 64 KiB");
    }

    IsaDma channel(1);
    const auto program = [&](uint32_t address, uint32_t bytes) {
        return channel.program(reinterpret_cast<void*>(address), bytes,
                               IsaDma::Transfer::kReadMemory, IsaDma::Mode::kSingle);
    };
    check(program(0x2fff0, 0x11) == DmaError::kBadRequest, "a buffer across 64 KiB");
    check(program(0x20000, 0) == DmaError::kBadRequest, "no bytes");
    check(program(0x1000000, 1) == DmaError::kBadRequest, "beyond 16 MiB");
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({});
    test_pages();
    test_pieces();
    test_chains();
    test_cpu_copier();
    test_isa_boundaries();
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
