// The seller in a world of one seed: a counter and a topic that lose answers, fail, and are shared
// with a foreign seller; processes that are killed.
#include "compat/seller.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "support/dice.h"

namespace seckill::compat {
namespace {

Who who(std::uint32_t n) { return {n, 1}; }

std::vector<Outcome> outcomes_of(const SellerWishes& wishes) {
  std::vector<Outcome> all;
  for (const Answer& answer : wishes.answers) all.push_back(answer.verdict.outcome);
  return all;
}

// n asks, gathered into one take.
Take take_of(Seller& seller, std::uint32_t n) {
  for (std::uint32_t i = 0; i < n; ++i) EXPECT_TRUE(seller.step(AskedOne{who(i)}).answers.empty());
  return seller.step(Idle{}).take.value();
}

TEST(Seller, ManyAsksShareOneTake) {
  Seller seller(100);
  EXPECT_EQ(take_of(seller, 5), (Take{5, 0}));
  EXPECT_FALSE(seller.step(Idle{}).take) << "one in flight";
  const SellerWishes wishes = seller.step(Taken{.units = 3, .left = 0});
  ASSERT_EQ(wishes.append.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(wishes.append[i].left, 2 - i);
  EXPECT_EQ(outcomes_of(wishes), std::vector(2, Outcome::kSoldOut));
  EXPECT_EQ(wishes.answers[0].who, who(3)) << "who came first is served first";
}

// Promise (2): nobody has won before his message is stored.
TEST(Seller, AWinIsRecordedFirst) {
  Seller seller(100);
  take_of(seller, 1);
  const SellerWishes taken = seller.step(Taken{.units = 1, .left = 41});
  EXPECT_TRUE(taken.answers.empty());
  const SellerWishes told = seller.step(Delivered{taken.append[0].ticket});
  ASSERT_EQ(told.answers.size(), 1u);
  EXPECT_EQ(told.answers[0].verdict.outcome, Outcome::kWon);
  EXPECT_EQ(told.answers[0].verdict.left, 41u);
  EXPECT_TRUE(seller.quiet());
}

// Promise (3), and what is unknown stays taken.
TEST(Seller, OnlyWhatFailedForCertainGoesBackAndOnce) {
  Seller seller(100);
  take_of(seller, 2);
  const SellerWishes taken = seller.step(Taken{.units = 2, .left = 0});
  const Ticket first = taken.append[0].ticket, second = taken.append[1].ticket;
  EXPECT_EQ(outcomes_of(seller.step(Delivered{first, Delivered::How::kFailed})),
            std::vector{Outcome::kBusy});
  EXPECT_EQ(outcomes_of(seller.step(Delivered{second, Delivered::How::kUnsure})),
            std::vector{Outcome::kUnsure});
  EXPECT_FALSE(seller.quiet()) << "a unit is owed";
  EXPECT_EQ(seller.step(Passed{}).take, (Take{0, 1}));
  (void)seller.step(Taken{.how = Taken::How::kRefused});
  EXPECT_EQ(take_of(seller, 1), (Take{1, 1})) << "nothing was changed: it is owed still";
  (void)seller.step(Taken{.how = Taken::How::kLost});
  EXPECT_EQ(seller.step(Passed{}).take, (Take{0, 0})) << "perhaps it went back: never twice";
}

TEST(Seller, NoCounterIsNeverSoldOut) {
  Seller seller(100);
  take_of(seller, 2);
  EXPECT_EQ(outcomes_of(seller.step(Taken{.how = Taken::How::kNoKey})),
            std::vector(2, Outcome::kNotStarted));
}

TEST(Seller, WhoComesBeyondItsStrengthIsToldSo) {
  Seller seller(2);
  take_of(seller, 2);
  EXPECT_EQ(outcomes_of(seller.step(AskedOne{who(9)})), std::vector{Outcome::kBusy});
}

// Redis, Kafka, a foreign seller, and sellers of ours that are killed and begin anew.
class World {
 public:
  explicit World(std::uint64_t seed) : dice_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    calm_ = true;
    for (int i = 0; i < 10'000 && !(seller_->quiet() && !take_); ++i) step();
  }

  static constexpr std::int64_t kStock = 300;
  std::int64_t counter = kStock;
  std::int64_t messages = 0;
  std::int64_t lost = 0;  // units that were taken and will never be recorded
  std::map<Outcome, int> told;
  std::set<std::uint32_t> unanswered;
  std::uint32_t asked = 0;

 private:
  bool chance(std::uint64_t of_thousand) { return dice_.below(1'000) < of_thousand; }

  void step() {
    const auto dice = dice_.below(10);
    if (!calm_ && chance(5)) return kill();
    if (!calm_ && dice < 3) return ask();
    if (!calm_ && dice == 3) return foreigner();
    if (dice < 6) return heard(seller_->step(Idle{}));
    if (dice == 6) return heard(seller_->step(Passed{}));
    if (dice < 9) return answer_take();
    deliver();
  }

  void ask() {
    unanswered.insert(asked);
    heard(seller_->step(AskedOne{who(asked++)}));
  }

  void foreigner() {
    if (counter > 0) --counter, ++messages;
  }

  // What is in flight may still happen, or not.
  void kill() {
    if (take_ && chance(500)) lost += execute(*take_).units;
    for (std::size_t i = 0; i < flying_.size(); ++i) chance(500) ? ++messages : ++lost;
    take_.reset();
    flying_.clear();
    unanswered.clear();  // their connection is cut: nobody told them anything
    lost += std::exchange(owed_, 0);
    seller_.emplace(50);
  }

  Taken execute(const Take& take) {
    counter += take.back;
    const auto units = static_cast<std::uint32_t>(
        std::min<std::int64_t>(take.units, std::max<std::int64_t>(counter, 0)));
    counter -= units;
    owed_ -= take.back;
    return {.units = units, .left = static_cast<std::uint32_t>(counter)};
  }

  void answer_take() {
    if (!take_) return;
    const Take take = *std::exchange(take_, std::nullopt);
    if (!calm_ && chance(100)) return heard(seller_->step(Taken{.how = Taken::How::kRefused}));
    if (!calm_ && chance(100)) {
      const bool happened = chance(500);
      if (happened) lost += execute(take).units;
      if (!happened) lost += take.back, owed_ -= take.back;  // given up, to be safe
      return heard(seller_->step(Taken{.how = Taken::How::kLost}));
    }
    heard(seller_->step(execute(take)));
  }

  void deliver() {
    if (flying_.empty()) return;
    const auto at = static_cast<std::ptrdiff_t>(dice_.below(flying_.size()));  // in any order
    const Ticket ticket = flying_[static_cast<std::size_t>(at)];
    flying_.erase(flying_.begin() + at);
    if (!calm_ && chance(100)) {
      ++owed_;
      return heard(seller_->step(Delivered{ticket, Delivered::How::kFailed}));
    }
    if (!calm_ && chance(100)) {
      chance(500) ? ++messages : ++lost;
      return heard(seller_->step(Delivered{ticket, Delivered::How::kUnsure}));
    }
    ++messages;
    heard(seller_->step(Delivered{ticket}));
  }

  void heard(const SellerWishes& wishes) {
    if (wishes.take) {
      EXPECT_FALSE(take_) << "one take in flight";
      take_ = wishes.take;
    }
    for (const Unit& unit : wishes.append) flying_.push_back(unit.ticket);
    for (const Answer& answer : wishes.answers) {
      EXPECT_EQ(unanswered.erase(answer.who.slot), 1u) << "everybody is answered once";
      ++told[answer.verdict.outcome];
      if (answer.verdict.outcome == Outcome::kSoldOut) {
        EXPECT_LE(counter, 0);
      }
    }
  }

  Dice dice_;
  std::optional<Seller> seller_{50};
  std::optional<Take> take_;
  std::vector<Ticket> flying_;
  std::int64_t owed_ = 0;  // failed for certain, and not given back yet
  bool calm_ = false;
};

// I1, I11 and the drift, for any order of things: what left the counter is recorded or known to be
// lost, never more than the stock is sold, and who still waits is answered.
TEST(Seller, WhateverHappensNothingIsSoldTwice) {
  const std::uint64_t first = seed_of_this_run();
  for (int run = 0; run < 300; ++run) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(run);
    SCOPED_TRACE(seed);
    World world(seed);
    world.run(3'000);
    EXPECT_TRUE(world.unanswered.empty());
    EXPECT_LE(world.messages, World::kStock);
    EXPECT_EQ(World::kStock - world.counter, world.messages + world.lost);
    EXPECT_LE(world.told[Outcome::kWon], world.messages);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace seckill::compat
