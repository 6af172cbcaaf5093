#include "compat/seller.h"

#include <algorithm>
#include <utility>

#include "base/invariant.h"

namespace seckill::compat {

SellerWishes Seller::step(const Happened& event) {
  wished_.reset();
  append_.clear();
  answers_.clear();
  std::visit([this](const auto& what) { happened(what); }, event);
  return {wished_, append_, answers_};
}

void Seller::happened(const AskedOne& asked) {
  if (waiting() >= waiting_max_) return answer(asked.who, Outcome::kBusy);
  asks_.push_back(asked.who);
  if (asks_.size() >= kTakeMax) take();
}

void Seller::happened(const Idle&) {
  if (!asks_.empty()) take();
}

// When nobody asks, what is owed goes back by itself; and how the counter stands is good to know.
void Seller::happened(const Passed&) { take(); }

void Seller::take() {
  if (take_) return;
  const auto units = static_cast<std::uint32_t>(std::min<std::size_t>(asks_.size(), kTakeMax));
  take_ = wished_ = Take{units, std::exchange(owed_, 0)};
  stats_.takes += units > 0 ? 1 : 0;
}

void Seller::happened(const Taken& taken) {
  invariant(take_.has_value(), "a take that came back was in flight");
  const Take was = *std::exchange(take_, std::nullopt);
  switch (taken.how) {
    case Taken::How::kDone:
      invariant(taken.units <= was.units, "no more is taken than was asked for");
      stats_.given_back += was.back;
      stats_.left = taken.left;
      record(taken.units, taken.left);
      answer_asks(was.units - taken.units, Outcome::kSoldOut);
      break;
    case Taken::How::kNoKey:  // what was owed, was owed to a counter that is gone
      answer_asks(was.units, Outcome::kNotStarted);
      break;
    case Taken::How::kRefused:
      owed_ += was.back;
      answer_asks(was.units, Outcome::kBusy);
      break;
    case Taken::How::kLost:  // perhaps given back, perhaps not: never twice
      ++stats_.lost_takes;
      answer_asks(was.units, Outcome::kUnsure);
      break;
  }
}

// The first of them was taken first: he is told the highest number.
void Seller::record(std::uint32_t units, std::uint32_t left) {
  stats_.taken += units;
  for (std::uint32_t before = units; before-- > 0; asks_.pop_front()) {
    const Unit unit{Ticket{++tickets_}, left + before};
    recording_.emplace(tickets_, Recording{asks_.front(), unit.left});
    append_.push_back(unit);
  }
}

void Seller::happened(const Delivered& delivered) {
  const auto at = recording_.find(static_cast<std::uint64_t>(delivered.ticket));
  invariant(at != recording_.end(), "a message is reported once");
  const Recording unit = at->second;
  recording_.erase(at);
  switch (delivered.how) {
    case Delivered::How::kStored: ++stats_.won; return answer(unit.who, Outcome::kWon, unit.left);
    case Delivered::How::kFailed: ++owed_; return answer(unit.who, Outcome::kBusy);
    case Delivered::How::kUnsure: ++stats_.unsure; return answer(unit.who, Outcome::kUnsure);
  }
}

void Seller::answer_asks(std::uint32_t count, Outcome outcome) {
  for (; count > 0; --count, asks_.pop_front()) answer(asks_.front(), outcome);
}

void Seller::answer(Who who, Outcome outcome, std::uint32_t left) {
  answers_.push_back({who, {.outcome = outcome, .left = left}});
}

}  // namespace seckill::compat
