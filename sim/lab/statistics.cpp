// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/statistics.h"

#include <array>
#include <cmath>
#include <limits>

namespace sb::lab {

double student_t975(size_t degrees_of_freedom) {
    // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, column 0.975.
    static constexpr std::array<double, 30> one_by_one{
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
        2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
    if (degrees_of_freedom == 0) return std::numeric_limits<double>::infinity();
    if (degrees_of_freedom <= one_by_one.size()) return one_by_one[degrees_of_freedom - 1];
    if (degrees_of_freedom < 40) return 2.042;
    if (degrees_of_freedom < 60) return 2.021;
    if (degrees_of_freedom < 100) return 2.000;
    return degrees_of_freedom < 1000 ? 1.984 : 1.962;
}

Estimate estimate(const std::vector<double>& values) {
    Estimate result;
    result.count = values.size();
    if (values.empty()) return result;
    double sum = 0;
    for (const double value : values) sum += value;
    const auto n = static_cast<double>(values.size());
    result.mean = sum / n;
    if (values.size() < 2) return result;
    double squares = 0;
    for (const double value : values) squares += (value - result.mean) * (value - result.mean);
    result.half_width = student_t975(values.size() - 1) * std::sqrt(squares / (n - 1) / n);
    return result;
}

}  // namespace sb::lab
