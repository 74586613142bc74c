// SPDX-License-Identifier: Apache-2.0
//
// The cycle stack: for each phase, its cycles by cause as one stacked bar; as shares, and as cycles
// per byte where phases moved bytes (else as cycles). The numbers are those of the results, exact,
// in the drawing's text and in the titles under the pointer.
#pragma once

#include <string>

#include "sim/machine/results.h"

namespace sb::machine {

/// An SVG document. Phases without a cycle are left out.
std::string cycle_stack_svg(const Results& results);

}  // namespace sb::machine
