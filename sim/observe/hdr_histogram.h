// SPDX-License-Identifier: Apache-2.0
//
// A histogram with a high dynamic range, after Gil Tene's HdrHistogram: any 64-bit value is counted
// in constant time, to so many significant decimal figures, however large it is.
//
// Buckets are log-linear. With d figures, let h be the smallest power of two that is at least 10^d.
// Values below 2h have a bucket each. Above, each octave [h * 2^k, 2h * 2^k) has h buckets of 2^k
// values. So a bucket is never wider than 1/h of the least value in it, and what a quantile
// returns, the highest value of the bucket in which it lies, is never below the true one and never
// above it by more than the fraction 1/h <= 10^-d. Count, least, greatest and sum (so the mean) are
// exact.
//
// Memory: h counters of 64 bits for each octave up to the greatest value seen (3 figures: 8 KiB an
// octave, 440 KiB at most); it grows only where a value is greater than all before it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace sb::observe {

class HdrHistogram {
  public:
    /// 1 to 5 significant figures.
    explicit HdrHistogram(unsigned figures = 3) : half_bits_{half_bits(figures)} {}

    void record(uint64_t value, uint64_t times = 1) {
        const size_t index = index_of(value);
        if (index >= counts_.size()) [[unlikely]]
            grow(index);
        counts_[index] += times;
        count_ += times;
        sum_ += Wide{value} * times;
        least_ = std::min(least_, value);
        greatest_ = std::max(greatest_, value);
    }

    /// Adds what another one of the same figures has counted.
    void add(const HdrHistogram& other) {
        if (other.count_ == 0) return;
        if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
        for (size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
        count_ += other.count_;
        sum_ += other.sum_;
        least_ = std::min(least_, other.least_);
        greatest_ = std::max(greatest_, other.greatest_);
    }

    uint64_t count() const { return count_; }
    /// 0 where nothing was counted; so are the following.
    uint64_t least() const { return count_ ? least_ : 0; }
    uint64_t greatest() const { return greatest_; }
    double mean() const {
        return count_ ? static_cast<double>(sum_) / static_cast<double>(count_) : 0.0;
    }

    /// The value that at least `part` of `whole` equal parts of all values do not exceed: (1, 2) is
    /// the median, (999, 1000) the 99.9th percentile. By rank, ceil(count * part / whole), at
    /// least 1.
    uint64_t quantile(uint64_t part, uint64_t whole) const {
        if (count_ == 0 || whole == 0) return 0;
        const Wide rank = (Wide{count_} * std::min(part, whole) + whole - 1) / whole;
        Wide seen = 0;
        for (size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen >= rank && seen > 0) return std::min(highest(i), greatest_);
        }
        return greatest_;
    }

    /// Calls `bucket(lowest, highest, count)` for each bucket with a count, in ascending order.
    template <typename Bucket>
    void each(Bucket&& bucket) const {
        for (size_t i = 0; i < counts_.size(); ++i)
            if (counts_[i] > 0) bucket(lowest(i), highest(i), counts_[i]);
    }

    /// The width of the bucket of a value.
    uint64_t resolution(uint64_t value) const {
        const size_t index = index_of(value);
        return highest(index) - lowest(index) + 1;
    }

  private:
    __extension__ using Wide = unsigned __int128;

    static constexpr unsigned half_bits(unsigned figures) {
        uint64_t least = 1;
        for (unsigned i = 0; i < std::clamp(figures, 1u, 5u); ++i) least *= 10;
        return static_cast<unsigned>(std::bit_width(least - 1));
    }
    size_t index_of(uint64_t value) const {
        const auto width = static_cast<unsigned>(std::bit_width(value));
        if (width <= half_bits_ + 1) return value;
        const unsigned octave = width - half_bits_ - 1;
        return (size_t{octave} << half_bits_) + (value >> octave);
    }
    unsigned octave_of(size_t index) const {
        const auto halves = static_cast<unsigned>(index >> half_bits_);
        return halves < 2 ? 0 : halves - 1;
    }
    uint64_t lowest(size_t index) const {
        const unsigned octave = octave_of(index);
        return uint64_t{index - (size_t{octave} << half_bits_)} << octave;
    }
    uint64_t highest(size_t index) const {
        return lowest(index) + ((uint64_t{1} << octave_of(index)) - 1);
    }
    void grow(size_t index) { counts_.resize(((index >> half_bits_) + 1) << half_bits_); }

    unsigned half_bits_;
    std::vector<uint64_t> counts_;
    uint64_t count_ = 0;
    uint64_t least_ = std::numeric_limits<uint64_t>::max();
    uint64_t greatest_ = 0;
    Wide sum_ = 0;
};

}  // namespace sb::observe
