#include "base/histogram.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace seckill {
namespace {

// Latency-like values over six decades: many small, a long tail.
std::vector<std::int64_t> samples_of(unsigned seed, int many) {
  std::mt19937_64 dice(seed);
  std::lognormal_distribution<double> shape(6, 2.5);
  std::vector<std::int64_t> samples;
  for (int i = 0; i < many; ++i) samples.push_back(std::llround(shape(dice)));
  return samples;
}

std::int64_t ranked(const std::vector<std::int64_t>& sorted, double q) {
  const auto rank = std::max(1.0, std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[static_cast<std::size_t>(rank) - 1];
}

// (1): against sorted samples, at every rank that a report shows.
TEST(Histogram, QuantilesAreThoseOfSortedSamplesWithinOnePercent) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<std::int64_t> samples = samples_of(seed, 5'000);
    Histogram histogram;
    for (const std::int64_t value : samples) histogram.record(value);
    std::sort(samples.begin(), samples.end());
    for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
      const std::int64_t truth = ranked(samples, q);
      const std::int64_t found = histogram.quantile(q);
      EXPECT_GE(found, truth) << q;
      EXPECT_LE(static_cast<double>(found), static_cast<double>(truth) * (1 + 1.0 / 128)) << q;
    }
    EXPECT_EQ(histogram.max(), samples.back());
    EXPECT_EQ(histogram.min(), samples.front());
    EXPECT_EQ(histogram.count(), samples.size());
  }
}

// (3): half here, half there, merged: the same buckets.
TEST(Histogram, MergedIsTheSameAsRecordedTogether) {
  Histogram together, left, right;
  int i = 0;
  for (const std::int64_t value : samples_of(7, 2'000)) {
    together.record(value);
    (i++ % 2 == 0 ? left : right).record(value);
  }
  left.merge(right);
  EXPECT_EQ(to_hgrm(left, 1000), to_hgrm(together, 1000));
  EXPECT_EQ(left.quantile(0.5), together.quantile(0.5));
  EXPECT_DOUBLE_EQ(left.mean(), together.mean());
}

TEST(Histogram, EmptyIsAllZeros) {
  const Histogram nothing;
  EXPECT_EQ(nothing.quantile(0.99), 0);
  EXPECT_EQ(nothing.min(), 0);
  EXPECT_EQ(nothing.max(), 0);
  EXPECT_EQ(nothing.mean(), 0);
}

// The ends: negative times (a clock's rounding) and times beyond the last bucket.
TEST(Histogram, TakesAnyNumber) {
  Histogram histogram;
  histogram.record(-5);
  histogram.record(INT64_MAX);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_EQ(histogram.quantile(1), INT64_MAX);
  EXPECT_EQ(histogram.count(), 2u);
}

// Buckets cover the numbers without a gap and without an overlap.
TEST(Histogram, BucketsTouchEachOther) {
  Histogram histogram;
  for (std::int64_t v = 0; v < 70'000; ++v) histogram.record(v);
  std::int64_t next = 0;
  histogram.each([&](std::int64_t low, std::int64_t high, std::uint64_t times) {
    EXPECT_EQ(low, next);
    if (high < 69'000) {
      EXPECT_EQ(times, static_cast<std::uint64_t>(high - low + 1));
    }
    next = high + 1;
  });
}

TEST(Histogram, WritesThePercentilesThatHdrToolsPlot) {
  Histogram histogram;
  for (int us = 1; us <= 1000; ++us) histogram.record(us);
  const std::string text = to_hgrm(histogram, 1000);
  EXPECT_EQ(text.find("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"), 0u) << text;
  EXPECT_NE(text.find("       1.000 1.000000000000       1000\n"), std::string::npos) << text;
  EXPECT_NE(text.find("#[Max     =        1.000, Total count    =         1000]"),
            std::string::npos);
}

}  // namespace
}  // namespace seckill
