// SPDX-License-Identifier: Apache-2.0
//
// The saved layout that GTKWave opens beside a waveform: which signals are shown, in which groups,
// in which format, and which part of the time.
#pragma once

#include <string>

#include "sim/observe/vcd_file.h"

namespace sb::observe {

/// The layout's text. `file` must be closed: what is shown are signals that it has.
std::string wave_layout(const VcdFile& file, Time end);
/// "wave.vcd" has its layout in "wave.gtkw".
std::string layout_path(const std::string& vcd);

}  // namespace sb::observe
