// Counts what the crowd was told: every figure of a drill's report, and none of its looks. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/histogram.h"
#include "drill/plan.h"
#include "drill/told.h"

namespace seckill {

inline constexpr std::int64_t kSliceUs = 100'000;
inline constexpr std::size_t kSlicesMax = 36'000;  // an hour; what is later counts in the last
inline constexpr std::int64_t kLateUs = 5'000;  // a send that our own crowd began so late is late
inline constexpr std::size_t kSamplesPerError = 10;
inline constexpr std::size_t kErrorKindsMax = 50;  // more kinds are counted as "other"
inline constexpr std::size_t kHeatRows = 24;  // of powers of two: row r holds [2^(r-1), 2^r) µs

// 100 ms of the rush. By their own times: scheduled and arrived by the plan, sent by the sending,
// the rest by the answer (felt latency: by the plan, so that a column shows who came then).
struct Slice {
  std::uint32_t scheduled = 0;  // clicks
  std::uint32_t sent = 0;       // attempts
  std::uint32_t answered = 0;   // attempts
  std::uint32_t won = 0;        // units
  std::uint32_t sold_out = 0;   // clicks
  std::uint32_t errors = 0;     // clicks
  std::array<std::uint32_t, kHeatRows> heat{};
};

struct ErrorSample {
  std::uint32_t click = 0;
  std::uint16_t attempt = 0;
  std::int64_t at_us = 0;
};
struct ErrorKind {
  Told told = Told::kError;
  std::uint64_t count = 0;           // attempts, and clicks that were never sent
  std::vector<ErrorSample> samples;  // the first ten
};

// A part of the crowd: did it have the same chance as the others?
struct Group {
  std::uint32_t shoppers = 0;
  std::uint32_t won = 0;
  Histogram felt;
};

// Two told the same, or one told two things: each of them is a broken promise of the server (I1,
// I5).
struct Duplicates {
  std::uint32_t two_orders_for_a_key = 0;  // shoppers who were told two different orders
  std::uint32_t order_told_to_two = 0;     // order ids told to a second buyer
  std::uint32_t number_told_twice = 0;     // the demo's wire: the same [N] told again
  std::uint32_t all() const { return two_orders_for_a_key + order_told_to_two + number_told_twice; }
};

// Promises: (1) every settled click is counted once, under its final answer; (2) a shopper counts
// once, with the best he was told (an order before a no, a no before an error); (3) won counts
// units: different orders over the API, [N] answers over the demo's wire; (4) felt counts from the
// intended send of the click's first attempt to its final answer, served from the sending of an
// attempt to its answer; who was never answered is in neither; (5) memory is bounded by the plan.
class Tally {
 public:
  Tally(const Plan& plan, bool keyed, std::optional<std::uint32_t> available_before);

  // Returns the index + 1 of the order among orders(), 0 without one.
  std::uint32_t answered(const Attempt& attempt, std::string_view order, std::string_view reason);
  void settled(std::uint32_t click, Told told, std::int64_t at_us, std::uint32_t attempts,
               std::string_view reason);

  // ---- figures ----
  std::uint64_t clicks(Told told) const { return clicks_[index(told)]; }
  std::uint32_t shoppers(Told told) const { return shoppers_told_[index(told)]; }
  std::uint64_t won() const { return win_times_.size(); }
  std::uint64_t errors() const;
  std::uint32_t arrived() const { return arrived_; }  // shoppers who were sent, or tried to
  std::uint64_t clicks_sent() const { return clicks_sent_; }
  std::uint64_t attempts() const { return attempts_; }
  std::uint64_t retries() const { return retries_; }
  std::uint64_t late() const { return late_; }
  std::uint64_t settled_clicks() const { return settled_; }
  std::int64_t last_sent_us() const { return last_sent_us_; }

  const Histogram& felt() const { return felt_all_; }
  const Histogram& served() const { return served_all_; }
  const Histogram* felt(Told told) const { return felt_[index(told)].get(); }      // null: none
  const Histogram* served(Told told) const { return served_[index(told)].get(); }  // null: none
  const Histogram& lateness() const { return lateness_; }      // started - intended
  const Histogram& connection_wait() const { return waits_; }  // sent - started
  const std::vector<Slice>& slices() const { return slices_; }
  const std::map<std::pair<Told, std::uint16_t>, std::uint64_t>& by_status() const {
    return by_status_;
  }
  const std::map<std::string, ErrorKind, std::less<>>& error_kinds() const { return error_kinds_; }
  const std::vector<Group>& tenths() const { return tenths_; }  // by order of arrival
  const Group& double_clickers() const { return double_; }
  const Group& single_clickers() const { return single_; }
  const Duplicates& duplicates() const { return duplicates_; }
  const std::vector<std::string>& orders() const { return orders_; }
  const std::vector<std::int64_t>& win_times() const { return win_times_; }  // ascending

  // Stock, as far as this crowd can know it: what was there before (told by the server, or the
  // first [N] plus one), less what it won; over the demo's wire the least [N] heard.
  std::optional<std::uint32_t> stock() const;
  std::optional<std::uint32_t> remaining() const;
  std::optional<std::uint32_t> remaining_at(std::int64_t at_us) const;
  // When the last unit was told, or somebody heard "sold out".
  std::optional<std::int64_t> sold_out_us() const;

 private:
  struct Shopper {
    std::uint32_t order = 0;  // index + 1
    Told best = Told::kNotSent;
    bool seen = false, won = false, two_orders = false;
  };
  static std::size_t index(Told told) { return static_cast<std::size_t>(told); }
  Slice& slice_at(std::int64_t at_us);
  std::uint32_t order_of(Shopper& shopper, const Attempt& attempt, std::string_view order);
  void number(std::int32_t left);
  void win(std::uint32_t shopper, std::int64_t at_us);
  void complain(std::string_view reason, Told told, ErrorSample sample);
  Group& tenth_of(std::uint32_t shopper);
  Group& clickers(std::uint32_t shopper) {
    return plan_.double_clickers[shopper] ? double_ : single_;
  }

  const Plan& plan_;
  bool keyed_;
  std::optional<std::uint32_t> available_before_;

  std::array<std::uint64_t, kAllTold.size()> clicks_{};
  std::array<std::uint32_t, kAllTold.size()> shoppers_told_{};
  std::uint32_t arrived_ = 0;
  std::uint64_t clicks_sent_ = 0, attempts_ = 0, retries_ = 0, late_ = 0, settled_ = 0;
  std::int64_t last_sent_us_ = 0;
  Histogram felt_all_, served_all_, lateness_, waits_;
  std::array<std::unique_ptr<Histogram>, kAllTold.size()> felt_, served_;
  std::vector<Slice> slices_;
  std::map<std::pair<Told, std::uint16_t>, std::uint64_t> by_status_;
  std::map<std::string, ErrorKind, std::less<>> error_kinds_;
  std::vector<Group> tenths_;
  Group double_, single_;
  Duplicates duplicates_;

  std::vector<Shopper> shoppers_;
  std::vector<std::string> orders_;
  std::unordered_map<std::string, std::uint32_t> shopper_of_order_;
  std::unordered_map<std::int32_t, std::uint32_t> numbers_;  // [N] → how often
  std::vector<std::int64_t> win_times_;                      // ascending
  std::int32_t left_least_ = INT32_MAX, left_most_ = -1;
  std::int64_t first_no_us_ = INT64_MAX;
};

}  // namespace seckill
