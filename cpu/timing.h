// SPDX-License-Identifier: Apache-2.0
//
// A processor model as data: its clocks per class of instruction, what it has (features.h), what
// CPUID answers, its model specific registers (msr.h), its caches. A timing file is
// TOML: a [model] table, and one table per section of timing_rows.h with every row in it, in
// clocks. An unknown, missing or misplaced row is an `Error` that names the file and line.
//
// The files in cpu/timing are part of the program; another can be given by path.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/features.h"
#include "cpu/msr.h"

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

/// A cache of the part, as its data sheet has it (cache.h).
struct CacheInfo {
    unsigned level = 1;
    std::string holds;  // code, data or both
    uint64_t bytes = 0;
    unsigned ways = 0;
    unsigned line = 0;        // bytes
    bool write_back = false;  // else write-through
    bool allocate = false;    // a write that misses fills a line
    bool exact_lru = false;   // else pseudo-LRU by a tree; with two ways they are one
    unsigned clocks = 0;      // what a hit adds to the instruction: of a second level
};

struct Model {
    std::string name;
    std::string vendor;                      // twelve letters
    uint64_t clock_hz = 0;                   // where a scenario gives none
    uint32_t signature = 0;                  // CPUID leaf 1 EAX, and EDX after reset
    uint64_t features = 0;                   // by feature_mask
    uint32_t cpuid_features = 0;             // leaf 1 EDX
    std::array<uint32_t, 4> cpuid_caches{};  // leaf 2: EAX, EBX, ECX, EDX
    uint32_t cpuid_highest = 1;              // leaf; 2 where there are cache descriptors
    std::vector<CacheInfo> caches;
    std::vector<MsrInfo> msrs;
    std::array<uint16_t, row_count> clocks{};

    bool has(Feature f) const { return features & feature_mask(f); }
    /// The bits of CR0 and CR4 that can be set; zero where there is no CR4.
    uint32_t cr0_mask() const;
    uint32_t cr4_mask() const;
    /// The bits of EFLAGS that exist, the fixed one among them.
    uint32_t flags_mask() const;
    unsigned operator[](Row row) const { return clocks[static_cast<size_t>(row)]; }
};

/// The names of the models that are built in, from the oldest to the newest and "ideal".
std::vector<std::string> model_names();

/// Reads a model from TOML text; `source` names it in errors.
Model parse_model(std::string_view text, const std::string& source);
/// One of the models that are built in, or the file at `path` if given.
Model load_model(const std::string& name, const std::string& path = {});

}  // namespace sb::cpu
