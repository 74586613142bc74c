// SPDX-License-Identifier: Apache-2.0
//
// How long frames are: a list of sizes or ranges, each with a weight, as "64", "64-1518" (evenly),
// "64:7,594:4,1518:1" or "imix", which is that list: the simple Internet mix of IP packets of 40,
// 576 and 1500 bytes in Ethernet frames (Spirent, "Test Methodology Journal: IMIX", 2006; RFC 6985,
// section 3, on what such mixes are). Sizes are of the whole frame, FCS included: 64 to 1518 bytes.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/random.h"

namespace sb::devices {

class SizeMix {
  public:
    /// Throws `Error` where the text is none.
    explicit SizeMix(const std::string& text);
    /// One size alone draws no number.
    uint32_t draw(Random& random) const;

  private:
    struct Part {
        uint32_t least, most;
        uint64_t weight;
    };
    std::vector<Part> parts_;
    uint64_t weights_ = 0;
};

}  // namespace sb::devices
