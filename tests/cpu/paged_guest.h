// SPDX-License-Identifier: Apache-2.0
//
// A guest with page tables: the first 4 MiB mapped to themselves for everybody, and the pages at
// `window` as a test wants them.
#pragma once

#include "tests/cpu/guest.h"

namespace sb::test {

class PagedGuest : public Guest {
  public:
    static constexpr uint32_t directory = 0x200000, low_table = 0x201000, window_table = 0x202000;
    static constexpr uint32_t window = 0x800000;  // the first linear address of window_table

    explicit PagedGuest(const std::string& model, Settings settings = {})
        : Guest{model, std::move(settings)} {
        for (uint32_t n = 0; n < 1024; ++n) at(low_table + 4 * n).dword(n << 12 | 7);
        at(directory).dword(low_table | 7);
        window_entry(window_table | 7);
        cpu.state().cr3 = directory;
        cpu.state().cr0 |= cpu::cr0::pg;
    }
    static uint32_t window_entry_at() { return directory + 4 * (window >> 22); }
    void window_entry(uint32_t v) { at(window_entry_at()).dword(v); }
    static uint32_t page_at(unsigned n) { return window_table + 4 * n; }
    void page(unsigned n, uint32_t v) { at(page_at(n)).dword(v); }
};

}  // namespace sb::test
