// One sale's counter and its rule, as take.lua has it: for the twin, which tests and the simulated
// world use in Redis' place.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "counter/counter.h"

namespace seckill {

inline constexpr milliseconds kOverwriteNewer{100};
inline constexpr milliseconds kOverwriteEqual{2'000};

struct Left {
  std::int64_t left = 0;
  Position position{};
  RawTime at;  // when it was last overwritten, by the counter's clock
  bool operator==(const Left&) const = default;
};

// Promises (2) and (3). A clock that ran back proves nothing: then the ledger is believed.
inline bool overwrites(const Left& known, const Want& want, Position position, RawTime now) {
  if (position < known.position) return false;
  if (now < known.at) return true;
  const milliseconds age = now - known.at;
  if (position == known.position) return age >= kOverwriteEqual;
  return want.units == 0 || age >= kOverwriteNewer;
}

// What is granted of want.units.
inline std::uint32_t take_from(std::optional<Left>& counter, const Want& want, Position position,
                               RawTime now) {
  if (!counter || overwrites(*counter, want, position, now)) {
    counter = Left{want.available, position, now};
  }
  const std::int64_t granted = std::clamp<std::int64_t>(counter->left, 0, want.units);
  counter->left -= granted;
  return static_cast<std::uint32_t>(granted);
}

}  // namespace seckill
