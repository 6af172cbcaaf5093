// Times of any size in fixed memory: a log-linear histogram (after Gil Tene's HdrHistogram), exact
// to 1 %.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace seckill {

// Values are microseconds, or any other count. Up to 255 each value has a bucket of its own; above,
// every octave has 128. Promises: (1) quantile(q) is never below, and at most 1/128 above, the
// value that a sorted list of everything recorded has at that rank; (2) min, max, mean and count
// are exact; (3) merge(b) is the same as recording what b has seen; (4) 34 kB, whatever is
// recorded. What it does badly: values above 2^40 (12 days in µs) share the last bucket (max stays
// exact).
class Histogram {
 public:
  void record(std::int64_t value, std::uint64_t times = 1);  // below 0 counts as 0
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::int64_t min() const { return count_ == 0 ? 0 : min_; }
  std::int64_t max() const { return max_; }
  double mean() const;

  // The value that a share q (0..1) of all recorded ones does not exceed; 0 when nothing was.
  std::int64_t quantile(double q) const;

  // Calls f(lowest, highest, times) for each bucket that is not empty, from below.
  template <class F>
  void each(F f) const {
    for (std::size_t i = 0; i < kBuckets; ++i) {
      if (times_[i] != 0) f(lowest_of(i), highest_of(i), times_[i]);
    }
  }

 private:
  static constexpr int kBitsMax = 40;
  static constexpr std::size_t kBuckets = 128 * (kBitsMax - 8) + 256;

  static std::size_t bucket_of(std::int64_t value);
  static std::int64_t lowest_of(std::size_t bucket);
  static std::int64_t highest_of(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> times_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::int64_t min_ = INT64_MAX;
  std::int64_t max_ = 0;
};

// The .hgrm text that HdrHistogram's tools plot: value, percentile, count, 1/(1-percentile). Values
// are divided by per_unit: 1000 shows µs as ms.
std::string to_hgrm(const Histogram& histogram, double per_unit);

}  // namespace seckill
