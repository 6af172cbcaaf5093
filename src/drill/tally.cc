#include "drill/tally.h"

#include <algorithm>
#include <bit>

namespace seckill {
namespace {

void record(std::unique_ptr<Histogram>& histogram, std::int64_t us) {
  if (!histogram) histogram = std::make_unique<Histogram>();
  histogram->record(us);
}

}  // namespace

Tally::Tally(const Plan& plan, bool keyed, std::optional<std::uint32_t> available_before)
    : plan_(plan), keyed_(keyed), available_before_(available_before), tenths_(10) {
  shoppers_.resize(plan.terms.shoppers);
  for (const Click& click : plan.clicks) {
    ++slice_at(click.at_us).scheduled;
    if (click.second) continue;
    ++tenth_of(click.shopper).shoppers;
    ++clickers(click.shopper).shoppers;
  }
}

Slice& Tally::slice_at(std::int64_t at_us) {
  const auto at = static_cast<std::size_t>(std::max<std::int64_t>(at_us, 0) / kSliceUs);
  const std::size_t i = std::min(at, kSlicesMax - 1);
  if (i >= slices_.size()) slices_.resize(i + 1);
  return slices_[i];
}

Group& Tally::tenth_of(std::uint32_t shopper) {
  return tenths_[std::uint64_t{shopper} * 10 / plan_.terms.shoppers];
}

std::uint32_t Tally::answered(const Attempt& attempt, std::string_view order,
                              std::string_view reason) {
  Shopper& shopper = shoppers_[attempt.shopper];
  ++attempts_;
  if (attempt.attempt > 1) ++retries_;
  if (!std::exchange(shopper.seen, true)) ++arrived_;
  ++by_status_[{attempt.told, attempt.status}];
  ++slice_at(attempt.sent_us).sent;
  ++slice_at(attempt.answered_us).answered;
  last_sent_us_ = std::max(last_sent_us_, attempt.sent_us);
  const std::int64_t late_by = attempt.started_us - attempt.intended_us;
  lateness_.record(late_by);
  if (late_by > kLateUs) ++late_;
  waits_.record(attempt.sent_us - attempt.started_us);
  if (attempt.status != 0) {
    served_all_.record(attempt.answered_us - attempt.sent_us);
    record(served_[index(attempt.told)], attempt.answered_us - attempt.sent_us);
  }
  if (!reason.empty()) {
    complain(reason, attempt.told, {attempt.click, attempt.attempt, attempt.answered_us});
  }
  if (attempt.told == Told::kSoldOut) first_no_us_ = std::min(first_no_us_, attempt.answered_us);
  if (attempt.told != Told::kWon && attempt.told != Told::kEnded) return 0;
  if (keyed_) return order_of(shopper, attempt, order);
  number(attempt.left);
  win(attempt.shopper, attempt.answered_us);
  return 0;
}

// One key, one order; one order, one buyer (I5).
std::uint32_t Tally::order_of(Shopper& shopper, const Attempt& attempt, std::string_view order) {
  if (shopper.order != 0 && orders_[shopper.order - 1] == order) return shopper.order;
  orders_.emplace_back(order);
  const auto number = static_cast<std::uint32_t>(orders_.size());
  const auto [known, fresh] = shopper_of_order_.emplace(order, attempt.shopper);
  if (fresh) win(attempt.shopper, attempt.answered_us);
  if (!fresh && known->second != attempt.shopper) ++duplicates_.order_told_to_two;
  if (shopper.order != 0 && !std::exchange(shopper.two_orders, true)) {
    ++duplicates_.two_orders_for_a_key;
  }
  if (shopper.order == 0) shopper.order = number;
  return number;
}

void Tally::number(std::int32_t left) {
  left_least_ = std::min(left_least_, left);
  left_most_ = std::max(left_most_, left);
  if (++numbers_[left] > 1) ++duplicates_.number_told_twice;
}

void Tally::win(std::uint32_t shopper, std::int64_t at_us) {
  win_times_.push_back(at_us);
  ++slice_at(at_us).won;
  if (std::exchange(shoppers_[shopper].won, true)) return;
  ++tenth_of(shopper).won;
  ++clickers(shopper).won;
}

void Tally::settled(std::uint32_t click, Told told, std::int64_t at_us, std::uint32_t attempts,
                    std::string_view reason) {
  const Click& one = plan_.clicks[click];
  Shopper& shopper = shoppers_[one.shopper];
  ++settled_;
  ++clicks_[index(told)];
  if (told != Told::kNotSent) {
    ++clicks_sent_;
    if (!std::exchange(shopper.seen, true)) ++arrived_;
    if (shopper.best != Told::kNotSent) --shoppers_told_[index(shopper.best)];
    shopper.best = std::min(shopper.best, told);
    ++shoppers_told_[index(shopper.best)];
  }
  Slice& slice = slice_at(at_us);
  if (told == Told::kSoldOut) ++slice.sold_out;
  if (is_error(told)) ++slice.errors;
  if (attempts == 0 && told != Told::kNotSent) complain(reason, told, {click, 0, at_us});
  if (told == Told::kError || told == Told::kNotSent) return;  // never answered
  const std::int64_t felt = at_us - one.at_us;
  felt_all_.record(felt);
  record(felt_[index(told)], felt);
  tenth_of(one.shopper).felt.record(felt);
  clickers(one.shopper).felt.record(felt);
  const auto row = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(felt)));
  ++slice_at(one.at_us).heat[std::min(row, kHeatRows - 1)];
}

void Tally::complain(std::string_view reason, Told told, ErrorSample sample) {
  auto kind = error_kinds_.find(reason);
  if (kind == error_kinds_.end()) {
    const bool room = error_kinds_.size() < kErrorKindsMax;
    kind = error_kinds_.emplace(room ? reason : "other", ErrorKind{told, 0, {}}).first;
  }
  ++kind->second.count;
  if (kind->second.samples.size() < kSamplesPerError) kind->second.samples.push_back(sample);
}

std::uint64_t Tally::errors() const {
  std::uint64_t sum = 0;
  for (const Told told : kAllTold) sum += is_error(told) ? clicks(told) : 0;
  return sum;
}

std::optional<std::uint32_t> Tally::stock() const {
  if (available_before_) return available_before_;
  if (left_most_ >= 0) return static_cast<std::uint32_t>(left_most_) + 1;
  return std::nullopt;
}

std::optional<std::uint32_t> Tally::remaining() const {
  if (left_most_ >= 0) return static_cast<std::uint32_t>(left_least_);
  return remaining_at(INT64_MAX);
}

std::optional<std::uint32_t> Tally::remaining_at(std::int64_t at_us) const {
  const auto before = stock();
  if (!before) return std::nullopt;
  const auto later = std::upper_bound(win_times_.begin(), win_times_.end(), at_us);
  const auto won = static_cast<std::uint64_t>(later - win_times_.begin());
  return won >= *before ? 0 : *before - static_cast<std::uint32_t>(won);
}

std::optional<std::int64_t> Tally::sold_out_us() const {
  std::int64_t at = first_no_us_;
  if (const auto before = stock(); before && *before > 0 && won() >= *before) {
    at = std::min(at, win_times_[*before - 1]);
  }
  if (at == INT64_MAX) return std::nullopt;
  return at;
}

}  // namespace seckill
