// SPDX-License-Identifier: Apache-2.0
//
// What the x87 instructions' two files share: environments and everything else.
#pragma once

#include "cpu/core.h"
#include "cpu/fpu/unit.h"

namespace sb::cpu {

/// The x87's own exception (SDM volume 3, table 6-1).
inline constexpr uint8_t floating_point_error = 16;

inline const fpu::Instruction& x87_of(const Operation* op) { return fpu::instruction(op->imm); }

void load_environment(Core& c, const Operation* op);
void store_environment(Core& c, const Operation* op);
void save_x87(Core& c, const Operation* op);
void restore_x87(Core& c, const Operation* op);
/// FXSAVE and FXRSTOR.
void save_extended(Core& c, const Operation* op);
void restore_extended(Core& c, const Operation* op);

}  // namespace sb::cpu
