// SPDX-License-Identifier: Apache-2.0
//
// A processor model as data: its clocks per class of instruction, what CPUID answers, what it
// lacks. A timing file is TOML: a [model] table, and one table per section of timing_rows.h with
// every row in it, in clocks. An unknown, missing or misplaced row is an `Error` that names the
// file and line.
//
// The three files in cpu/timing are part of the program; another can be given by path.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sb::cpu {

enum class Row : uint16_t {
#define SB_CLOCK_ROW(section, key, doc) section##_##key,
#include "cpu/timing_rows.h"
#undef SB_CLOCK_ROW
    count_
};
inline constexpr size_t row_count = static_cast<size_t>(Row::count_);

struct RowInfo {
    const char* section;
    const char* key;
    const char* doc;
};
extern const std::array<RowInfo, row_count> rows;

/// CPUID leaf 1 EDX, which is also what a model has (SDM volume 2, CPUID).
namespace feature {
constexpr uint32_t fpu = 1u << 0, de = 1u << 2, pse = 1u << 3, tsc = 1u << 4, mce = 1u << 7, pge = 1u << 13;
}

struct Model {
    std::string name;
    std::string vendor;         // twelve letters
    uint64_t clock_hz = 0;      // where a scenario gives none
    uint32_t signature = 0;     // CPUID leaf 1 EAX, and EDX after reset
    uint32_t feature_bits = 0;  // CPUID leaf 1 EDX
    bool cpuid = false, tsc = false, cmov = false, cmpxchg8b = false, bswap = false, xadd = false,
         cmpxchg = false, fpu = false;
    std::array<uint16_t, row_count> clocks{};

    /// The bits of CR4 that can be set; zero where there is no CR4.
    uint32_t cr4_mask() const;
    unsigned operator[](Row row) const { return clocks[static_cast<size_t>(row)]; }
};

/// Reads a model from TOML text; `source` names it in errors.
Model parse_model(std::string_view text, const std::string& source);
/// One of the models that are built in ("486", "pentium", "ideal"), or the file at `path` if given.
Model load_model(const std::string& name, const std::string& path = {});

}  // namespace sb::cpu
