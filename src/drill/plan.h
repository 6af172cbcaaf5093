// The crowd's plan: who clicks when, drawn before anything is sent. Pure: the same terms give the
// same clicks, on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace seckill {

enum class Arrival : std::uint8_t {
  kRamp,     // evenly spaced over the time, as JMeter's ramp-up
  kBurst,    // everybody in the same instant
  kPoisson,  // independently of each other: at random over the time, with gaps and heaps
};
const char* to_text(Arrival arrival);
Result<Arrival> arrival_from(std::string_view text);

inline constexpr std::uint32_t kShoppersMax = 2'000'000;  // memory: about 150 bytes each
inline constexpr microseconds kDoubleClickWithin{150'000};

struct PlanTerms {
  std::uint32_t shoppers = 2'000;  // 1..kShoppersMax
  microseconds over{5'000'000};    // no meaning to a burst
  Arrival arrival = Arrival::kRamp;
  double double_click = 0;  // share of the shoppers who click twice, 0..1
  std::uint64_t seed = 1;
};

// One intended send.
struct Click {
  std::int64_t at_us = 0;     // since the start of the rush
  std::uint32_t shopper = 0;  // 0, 1, 2, … in the order of their first clicks
  bool second = false;        // the same shopper's same ask, 0..150 ms after his first
  bool operator==(const Click&) const = default;
};

struct Plan {
  PlanTerms terms;
  std::vector<Click> clicks;          // sorted by time
  std::vector<bool> double_clickers;  // by shopper; round(share * shoppers) of them
};

Plan plan_of(const PlanTerms& terms);

// What a shopper calls himself, and his idempotency key: the same seed asks with the same keys
// again.
std::string buyer_of(std::uint32_t shopper);                    // "u1", "u2", …
std::string key_of(std::uint64_t seed, std::uint32_t shopper);  // "9f…-1"

// How long to wait before an ask is sent again, after its attempt-th try (1, 2, …): 50 ms, doubled
// each time up to 2 s, give or take half; at least what the server asked for (Retry-After, at most
// 30 s are heeded).
microseconds pause_before_retry(std::uint64_t seed, std::uint32_t click, std::uint32_t attempt,
                                microseconds asked_for);

// Numbers by a seed (SplitMix64, S. Vigna), the same in every standard library.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  double share() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)

 private:
  std::uint64_t state_;
};

}  // namespace seckill
