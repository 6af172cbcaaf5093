// What a shopper was told: the words of the drill's reports, and one line of its transcript.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace seckill {

enum class Told : std::uint8_t {
  kWon,    // an order (on the demo's wire: "[N]"), also when it is told again to the same key
  kEnded,  // the order this key had was cancelled or has expired
  kSoldOut,
  kLimit,
  kNotStarted,
  kPaused,
  kClosed,
  kFull,     // the sale's orders_max
  kBusy,     // nothing was recorded: come back
  kUnknown,  // the server does not know: ask again with the same key
  kRefused,  // a verdict that no honest shopper should meet: unknown sale, bad request, …
  kError,    // no verdict: no connection, no answer in time, or an answer that cannot be read
  kNotSent,  // the drill was interrupted before this click
};
inline constexpr std::array kAllTold = {
    Told::kWon,     Told::kEnded,  Told::kSoldOut, Told::kLimit, Told::kNotStarted,
    Told::kPaused,  Told::kClosed, Told::kFull,    Told::kBusy,  Told::kUnknown,
    Told::kRefused, Told::kError,  Told::kNotSent};
const char* to_text(Told told);  // "sold-out"

// Worth another try with the same key.
constexpr bool may_change(Told told) {
  return told == Told::kBusy || told == Told::kUnknown || told == Told::kError;
}
// Counted as an error of the drill: nobody should hear these.
constexpr bool is_error(Told told) {
  return told == Told::kUnknown || told == Told::kRefused || told == Told::kError;
}

// One request and its answer. Times are µs since the start of the rush.
struct Attempt {
  std::int64_t intended_us = 0;  // by the plan; of a retry: when its pause was over
  std::int64_t started_us = 0;   // when the crowd got to it: started - intended is its own lateness
  std::int64_t sent_us = 0;      // when it was written: sent - started is waiting for a connection
  std::int64_t answered_us = 0;
  std::uint32_t click = 0;  // index into Plan::clicks
  std::uint32_t shopper = 0;
  std::uint32_t connection = 0;
  std::uint32_t bytes = 0;    // received
  std::int32_t left = -1;     // the demo's wire: N of "[N]"
  std::uint32_t order = 0;    // index + 1 into the run's order ids; 0: none
  std::uint16_t attempt = 1;  // 1, 2, … of this click
  std::uint16_t status = 0;   // HTTP's; 0: no answer
  Told told = Told::kError;
};

}  // namespace seckill
