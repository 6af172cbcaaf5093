// Three times that must not be mixed up. Only shells read clocks; decisions are told the time.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace seckill {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Wall clock, milliseconds since 1970 UTC. May step both ways: it stamps journal blocks and opens
// sales.
struct RawTime {
  std::int64_t ms = 0;
  auto operator<=>(const RawTime&) const = default;
};

// Monotonic clock of this process, microseconds since an arbitrary start: deadlines, flush rule.
struct SteadyTime {
  std::int64_t us = 0;
  auto operator<=>(const SteadyTime&) const = default;
};

inline constexpr SteadyTime kNever{INT64_MAX};

// Sums end where numbers do: a stamp from a file may be anything, and must not wrap around.
constexpr std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? INT64_MAX : INT64_MIN;
}
constexpr std::int64_t difference_of(std::int64_t a, std::int64_t b) {
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? INT64_MAX : INT64_MIN;
}

constexpr RawTime operator+(RawTime at, milliseconds by) { return {sum_of(at.ms, by.count())}; }
constexpr milliseconds operator-(RawTime a, RawTime b) {
  return milliseconds(difference_of(a.ms, b.ms));
}
constexpr SteadyTime operator+(SteadyTime at, microseconds by) {
  return {sum_of(at.us, by.count())};
}
constexpr microseconds operator-(SteadyTime a, SteadyTime b) {
  return microseconds(difference_of(a.us, b.us));
}

// What a decision is told about the time.
struct Now {
  RawTime raw;
  SteadyTime steady;
};

// The machine's clocks. For shells and commands only.
inline RawTime raw_now() {
  using namespace std::chrono;
  return {duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
}
inline SteadyTime steady_now() {
  using namespace std::chrono;
  return {duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count()};
}
inline Now machine_now() { return {raw_now(), steady_now()}; }

}  // namespace seckill
