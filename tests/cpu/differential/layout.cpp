// SPDX-License-Identifier: Apache-2.0
#include "tests/cpu/differential/layout.h"

#include "tests/cpu/guest.h"

namespace sb::test {
namespace {

constexpr uint32_t user = 4, writable = 2, present = 1;

struct Pages {
    uint32_t first, count, rights;
};
constexpr Pages pages[] = {
    {code_at, 16, user},
    {frame_at, 1, user},
    {vars_at, 2, user | writable},
    {in_at, 8, user},
    {out_at, 8, user | writable},
    {data_at, region_size / 0x1000, user | writable},
    {read_only_page, 1, user},
    {supervisor_page, 1, writable},
    {stack_at, region_size / 0x1000, user | writable},
    {gdt_at, 3, 0},
    {kernel_stack & ~0xfffu, 1, writable},
};

void build_tables(uint8_t* memory) {
    Code{memory, directory_at}.dword(table_at | user | writable | present);
    for (const Pages& p : pages)
        for (uint32_t n = 0; n < p.count; ++n) {
            const uint32_t at = p.first + n * 0x1000;
            Code{memory, table_at + (at >> 12) * 4}.dword(at | p.rights | present);
        }
    Code{memory, table_at + (hole_page >> 12) * 4}.dword(hole_page);
}

struct Entry {
    uint32_t base, limit;
    int rights, flags;
};

/// All have the accessed bit, so that loading one writes nothing.
constexpr Entry entries[sel::entries] = {
    {},
    {0, 0xfffff, 0x9b, 0xc},         // 1 code, level 0
    {0, 0xfffff, 0x93, 0xc},         // 2 data, level 0
    {0, 0xfffff, 0xfb, 0xc},         // 3 code, level 3
    {0, 0xfffff, 0xf3, 0xc},         // 4 data, level 3
    {tss_at, 0x67, 0x89, 0},         // 5 TSS
    {code_at, 0xfffff, 0xfb, 8},     // 6 16-bit code, level 3
    {data_at, 0xfffff, 0xf3, 0xc},   // 7 its data
    {stack_at, 0xfffff, 0xf3, 8},    // 8 its stack
    {stack_at, 0xfffff, 0xf3, 0xc},  // 9 another one
    {code_at, 0xfffff, 0x9b, 8},     // 10 16-bit code, level 0
    {stack_at, 0xfffff, 0x93, 8},    // 11 its stack
    {0, 0xfffff, 0x73, 0xc},         // 12 not present
    {0, 0xfffff, 0xf9, 0xc},         // 13 code that can not be read
    {0, 0xfffff, 0x9f, 0xc},         // 14 conforming code of level 0
    {0, 0x1234, 0xf1, 0x4},          // 15 data that can not be written
    {0, 0xfff, 0xf7, 0xc},           // 16 expand-down
    {tss_at, 0x67, 0xe2, 0},         // 17 an LDT
    {0x80000, 0x1234, 0xec, 0},      // 18 a call gate
    {tss_at, 0x67, 0xe9, 0},         // 19 an available TSS
    {0, 0x1234, 0xe0, 0},            // 20 no type
    {0, 0x1234, 0xe1, 0},            // 21 an available 286 TSS
};

void build_gdt(uint8_t* memory) {
    for (unsigned n = 0; n < sel::entries; ++n) {
        const Entry& e = entries[n];
        Code{memory, gdt_at + 8 * n}
            .dword((e.limit & 0xffff) | e.base << 16)
            .dword((e.base >> 16 & 0xff) | static_cast<uint32_t>(e.rights) << 8 |
                   (e.limit & 0xf0000) | static_cast<uint32_t>(e.flags) << 20 |
                   (e.base & 0xff000000));
    }
    Code{memory, tss_at + 4}.dword(kernel_stack).dword(sel::data0);
    Code{memory, tss_at + 0x64}.dword(0x680000);  // the I/O map is beyond the limit
}

constexpr int gs = 0x65;

/// Stubs that say which exception came, and send the sequence to its end.
void build_kernel(uint8_t* memory, const Setup&) {
    constexpr uint32_t common = kernel_at + 0x600, batch_end = kernel_at + 0x700;
    auto gate = [&](unsigned vector, uint32_t to) {
        Code{memory, idt_at + 8 * vector}
            .dword((to & 0xffff) | uint32_t{sel::code0} << 16)
            .dword((to & 0xffff0000) | 0xee00);
    };
    for (unsigned v = 0; v <= 0x40; ++v) {
        const uint32_t at = kernel_at + 16 * v;
        Code stub{memory, at};
        const bool error = v == 8 || (v >= 10 && v <= 14) || v == 17;
        if (!error) stub.bytes({0x6a, 0});  // push 0
        stub.bytes({0x6a, static_cast<int>(v), 0xe9}).dword(common - (stub.here + 4));
        gate(v, at);
    }
    gate(0x81, batch_end);
    Code{memory, common}
        .bytes({0x50, 0x8b, 0x44, 0x24, 4, gs, 0xa3})
        .dword(var::vector)  // [esp+4]
        .bytes({0x8b, 0x44, 0x24, 12, gs, 0xa3})
        .dword(var::eip)
        .bytes({0x0f, 0x20, 0xd0, gs, 0xa3})
        .dword(var::cr2)
        .bytes({gs, 0xa1})
        .dword(var::redirect)
        .bytes({0x89, 0x44, 0x24, 12, 0x58, 0x83, 0xc4, 8, 0xcf});  // into the frame; iret
    Code{memory, batch_end}.bytes(
        {0xe6, 0x10, 0xe4, 0x10, 0x84, 0xc0, 0x75, 1, 0xcf, 0xf4});  // out; in; iret or hlt
}

/// What goes around a sequence: the processor is loaded from a record, and its state put into one.
void build_frame(uint8_t* memory, const Setup& setup) {
    auto at = [](Code& c, std::initializer_list<int> op, uint32_t v) {
        c.bytes({gs}).bytes(op).dword(v);
    };
    Code c{memory, frame_at};
    at(c, {0xa1}, var::in);                                           // mov eax, [in]
    c.bytes({gs, 0x8b, 0x48, 56}), at(c, {0x89, 0x0d}, var::target);  // where it begins
    c.bytes({gs, 0x8b, 0x48, 60}), at(c, {0x89, 0x0d}, var::target + 4);
    at(c, {0xc7, 0x05}, var::vector), c.dword(~0u);
    at(c, {0xc7, 0x05}, var::eip), c.dword(0);
    at(c, {0xc7, 0x05}, var::cr2), c.dword(0);
    c.bytes({0x89, 0xc4, 0x61, 0x9d, 0x1f, 0x07, 0x0f,
             0xa1});                    // mov esp, eax; popa; popf; pop ds, es, fs
    c.bytes({0x0f, 0xb2, 0x24, 0x24});  // lss esp, [esp]
    at(c, {0xff, 0x2d}, var::target);   // jmp far [target]
    // At level 0 an exception has left its frame below the stack pointer on one side.
    Code e{memory, frame_at + 0x100};
    if (setup.level == 0)
        for (unsigned n = 0; n < 6; ++n) e.bytes({0x6a, 0});
    at(e, {0x89, 0x25}, var::saved_esp);
    at(e, {0x8c, 0x15}, var::saved_ss);
    at(e, {0xa3}, var::saved_eax);
    e.mov(0, setup.level ? sel::data3 : sel::data0).bytes({0x8e, 0xd0});
    at(e, {0x8b, 0x25}, var::out);
    e.bytes({0x9c});
    at(e, {0xff, 0x35}, var::saved_eax);
    e.bytes({0x51, 0x52, 0x53});
    at(e, {0xff, 0x35}, var::saved_esp);
    e.bytes({0x55, 0x56, 0x57});
    at(e, {0xff, 0x35}, var::saved_ss);
    e.bytes({0x1e, 0x06, 0x0f, 0xa0});
    for (uint32_t v : {var::vector, var::eip, var::cr2}) at(e, {0xff, 0x35}, v);
    at(e, {0x81, 0x05}, var::out), e.dword(record_bytes);
    at(e, {0x81, 0x05}, var::in), e.dword(record_bytes);
    at(e, {0xff, 0x0d}, var::count);
    e.bytes({0x0f, 0x85}).dword(frame_at - (e.here + 4));  // jnz
    e.mov(4, scratch_stack).bytes({0xcd, 0x81, 0xe9}).dword(frame_at - (e.here + 4));
    // The way there from 16-bit code: jmp far.
    Code{memory, code_at + thunk_offset}
        .bytes({0x66, 0xea})
        .dword(frame_at + 0x100)
        .word(setup.level ? sel::code3 : sel::code0);
    Code{memory, var::redirect}.dword(setup.big ? frame_at + 0x100 : thunk_offset);
}

/// Run once on each side, at level 0 without paging: to the first record, at the setup's level.
void build_init(uint8_t* memory, const Setup& setup) {
    Code c{memory, init_at};
    for (int s : {0xd8, 0xc0, 0xd0}) c.mov(0, sel::data0).bytes({0x8e, s});
    c.mov(4, kernel_stack).mov(0, sel::tss).bytes({0x0f, 0x00, 0xd8});  // ltr
    c.mov(0, directory_at).bytes({0x0f, 0x22, 0xd8});
    c.mov(0, 0x80010031).bytes({0x0f, 0x22, 0xc0, 0xeb, 0});  // PG WP NE ET PE
    c.mov(0, sel::data3).bytes({0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xe0, 0x8e, 0xe8});
    if (setup.level) c.bytes({0x68}).dword(sel::data3).bytes({0x68}).dword(scratch_stack);
    c.bytes({0x68}).dword(2 | setup.iopl << 12);
    c.bytes({0x68})
        .dword(setup.level ? sel::code3 : sel::code0)
        .bytes({0x68})
        .dword(frame_at)
        .bytes({0xcf});
}

}  // namespace

void prepare_memory(uint8_t* memory, const Setup& setup) {
    build_tables(memory);
    build_gdt(memory);
    build_kernel(memory, setup);
    build_frame(memory, setup);
    build_init(memory, setup);
}

}  // namespace sb::test
