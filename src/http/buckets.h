// Durations counted in fixed buckets, as Prometheus wants them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace seckill {

class Buckets {
 public:
  static constexpr std::array<std::int64_t, 14> kEdgesUs{
      100,    250,    500,     1'000,   2'500,   5'000,     10'000,
      25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 5'000'000};

  void add(microseconds took) {
    std::size_t at = 0;
    while (at < kEdgesUs.size() && took.count() > kEdgesUs[at]) ++at;
    ++counts_[at];
    sum_us_ += took.count();
  }
  bool empty() const;
  const auto& counts() const { return counts_; }  // one more than edges: beyond the last
  std::int64_t sum_us() const { return sum_us_; }
  // name_bucket{labels,le="…"} …, name_sum, name_count. `labels` without braces, may be empty.
  void append(std::string& to, std::string_view name, std::string_view labels) const;

 private:
  std::array<std::uint64_t, kEdgesUs.size() + 1> counts_{};
  std::int64_t sum_us_ = 0;
};

}  // namespace seckill
