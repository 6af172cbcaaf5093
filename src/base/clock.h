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

inline RawTime operator+(RawTime at, milliseconds by) { return {at.ms + by.count()}; }
inline milliseconds operator-(RawTime a, RawTime b) { return milliseconds(a.ms - b.ms); }
inline SteadyTime operator+(SteadyTime at, microseconds by) { return {at.us + by.count()}; }
inline microseconds operator-(SteadyTime a, SteadyTime b) { return microseconds(a.us - b.us); }

// What a decision is told about the time.
struct Now {
  RawTime raw;
  SteadyTime steady;
};

// The machine's clocks. For shells and commands only.
inline Now machine_now() {
  using namespace std::chrono;
  return {{duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()},
          {duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count()}};
}

}  // namespace seckill
