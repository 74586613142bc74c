// SPDX-License-Identifier: Apache-2.0
//
// Mean and 95 % confidence interval of a few independent replications.
#pragma once

#include <vector>

namespace sb::lab {

struct Estimate {
    double mean = 0;
    double half_width = 0;  // of the 95 % confidence interval; 0 where there is one value only
    size_t count = 0;
};

/// Student's t: the interval has half width t(0.975, n-1) s / sqrt(n).
Estimate estimate(const std::vector<double>& values);
/// The 97.5 % quantile of Student's distribution. Between the table's degrees of freedom the next
/// lower one's, which is the wider interval.
double student_t975(size_t degrees_of_freedom);

}  // namespace sb::lab
