#include "base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <iterator>

namespace seckill {

std::size_t Histogram::bucket_of(std::int64_t value) {
  constexpr auto kLast = (std::uint64_t{1} << kBitsMax) - 1;
  const auto v = std::min(static_cast<std::uint64_t>(value), kLast);
  if (v < 256) return static_cast<std::size_t>(v);
  const auto shift = static_cast<std::size_t>(std::bit_width(v)) - 8;  // v >> shift is 128..255
  return shift * 128 + static_cast<std::size_t>(v >> shift);
}

std::int64_t Histogram::lowest_of(std::size_t bucket) {
  if (bucket < 256) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = bucket / 128 - 1;
  return static_cast<std::int64_t>((bucket - shift * 128) << shift);
}

std::int64_t Histogram::highest_of(std::size_t bucket) {
  if (bucket < 256) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = bucket / 128 - 1;
  return lowest_of(bucket) + (std::int64_t{1} << shift) - 1;
}

void Histogram::record(std::int64_t value, std::uint64_t times) {
  if (times == 0) return;
  value = std::max<std::int64_t>(value, 0);
  times_[bucket_of(value)] += times;
  count_ += times;
  sum_ += static_cast<double>(value) * static_cast<double>(times);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) times_[i] += other.times_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

std::int64_t Histogram::quantile(double q) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += times_[i];
    if (seen < rank) continue;
    return i + 1 == kBuckets ? max_ : std::min(highest_of(i), max_);
  }
  return max_;
}

std::string to_hgrm(const Histogram& histogram, double per_unit) {
  std::string text = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile",
                                 "TotalCount", "1/(1-Percentile)");
  const auto out = std::back_inserter(text);
  const auto count = static_cast<double>(histogram.count());
  double deviation = 0;
  std::uint64_t seen = 0;
  double shown = -1;
  histogram.each([&](std::int64_t low, std::int64_t high, std::uint64_t times) {
    const double off = static_cast<double>(low + high) / 2 - histogram.mean();
    deviation += off * off * static_cast<double>(times);
    seen += times;
    const double share = static_cast<double>(seen) / count;
    // Five lines for each halving of what is left to 100 %, and the last one: enough for a plot.
    const double step = share >= 1 ? INFINITY : std::floor(-std::log2(1 - share) * 5);
    if (step <= shown) return;
    shown = step;
    fmt::format_to(out, "{:>12.3f} {:>14.12f} {:>10}",
                   static_cast<double>(std::min(high, histogram.max())) / per_unit, share, seen);
    if (share < 1) fmt::format_to(out, " {:>14.2f}", 1 / (1 - share));
    text += '\n';
  });
  if (count > 0) deviation = std::sqrt(deviation / count);
  fmt::format_to(out, "#[Mean    = {:>12.3f}, StdDeviation   = {:>12.3f}]\n",
                 histogram.mean() / per_unit, deviation / per_unit);
  fmt::format_to(out, "#[Max     = {:>12.3f}, Total count    = {:>12}]\n",
                 static_cast<double>(histogram.max()) / per_unit, histogram.count());
  fmt::format_to(out, "#[Buckets = {:>12}, SubBuckets     = {:>12}]\n", 33, 128);
  return text;
}

}  // namespace seckill
