// Time and agreement: holds that end by the ledger's clock, ticks, rules, digests.
#include <gtest/gtest.h>
#include <string>

#include "ledger/ledger.h"
#include "support/story.h"

namespace seckill {
namespace {

using enum Outcome;

// A12: any record returns what is due, in the order of (due, grant), before it decides.
TEST(Ledger, HoldsEndByTheClockInOrder) {
  SaleTerms terms = car(3);
  terms.hold_ms = 1000;
  Story story = story_of(terms);
  const OrderId first = story.buy("a", "k").order;
  const OrderId second = story.buy("b", "k").order;  // the same millisecond
  story.change([](auto& t) { t.hold_ms = 400; });    // later holds end sooner
  story.pass(milliseconds{10});
  const OrderId third = story.buy("c", "k").order;
  EXPECT_EQ(story.ledger.open_holds(), 3u);
  EXPECT_EQ(story.ledger.next_due(), LogTime{410});

  story.pass(milliseconds{989});
  EXPECT_EQ(story.buy("d", "k").outcome, kWon);  // third's unit came back with this very record
  EXPECT_EQ(story.state(third), OrderState::kExpired);
  EXPECT_EQ(story.ledger.find(third)->ended_at, story.now);
  EXPECT_EQ(story.units(story.claim("d", "k").order), std::vector{3u});
  story.pass(milliseconds{1});
  story.tick();
  ASSERT_EQ(story.changes.orders.size(), 2u);
  EXPECT_EQ(story.changes.orders[0].id, first);
  EXPECT_EQ(story.changes.orders[1].id, second);
  EXPECT_EQ(story.ledger.open_holds(), 1u);
  EXPECT_EQ(story.pay(first, "late-money").outcome, kRefund);
  EXPECT_EQ(story.cancel(second).outcome, kCancelled);
  EXPECT_EQ(story.state(second), OrderState::kExpired);
}

// I12: after a long night many holds are due at once; one record returns a bounded number of them.
TEST(Ledger, OneRecordReturnsABoundedNumberOfHolds) {
  SaleTerms terms = car(kReturnsMax + 500);
  terms.hold_ms = 1000;
  Story story = story_of(terms);
  for (std::uint32_t n = 0; n < kReturnsMax + 500; ++n) story.buy("b" + std::to_string(n), "k");
  story.pass(milliseconds{60'000});
  story.tick();
  EXPECT_EQ(story.changes.orders.size(), kReturnsMax);
  EXPECT_TRUE(story.ledger.next_due() <= story.ledger.clock());  // a tick is wanted at once
  story.tick();
  EXPECT_EQ(story.changes.orders.size(), 500u);
  EXPECT_EQ(story.view().available(), kReturnsMax + 500);
}

// I4: units that a hold gave back are not the buyer's any more.
TEST(Ledger, AnEndedHoldFreesItsBuyersLimit) {
  SaleTerms terms = car(3);
  terms.hold_ms = 1000;
  terms.per_buyer = 2;
  Story story = story_of(terms);
  story.buy("a", "k1", 2);
  story.pass(milliseconds{999});
  EXPECT_EQ(story.buy("a", "k2", 2).outcome, kLimitReached);
  story.pass(milliseconds{1});
  EXPECT_EQ(story.buy("a", "k2", 2).outcome, kWon);
  EXPECT_EQ(story.buy("a", "k3").outcome, kLimitReached);
}

TEST(Ledger, WhatIsPaidOrCancelledIsNotDue) {
  SaleTerms terms = car(3);
  terms.hold_ms = 1000;
  Story story = story_of(terms);
  const OrderId paid = story.buy("a", "k").order, gone = story.buy("b", "k").order;
  story.pass(milliseconds{100});
  story.buy("c", "k");
  story.pay(paid, "p"), story.cancel(gone);
  EXPECT_EQ(story.ledger.open_holds(), 1u);
  EXPECT_EQ(story.ledger.next_due(), LogTime{1100});
  story.pass(milliseconds{5000});
  story.tick();
  EXPECT_EQ(story.state(paid), OrderState::kPaid);
  EXPECT_EQ(story.ledger.next_due(), std::nullopt);
  EXPECT_EQ(story.ledger.open_holds(), 0u);
}

TEST(Ledger, WithoutAHoldNothingIsEverDue) {
  Story story = story_of(car(1));
  const OrderId order = story.buy("a", "k").order;
  EXPECT_EQ(story.ledger.next_due(), std::nullopt);
  for (int day = 0; day < 100; ++day) story.pass(milliseconds{86'400'000}), story.tick();
  EXPECT_EQ(story.state(order), OrderState::kHeld);
}

// A13: stamps may run back or leap; the clock neither.
TEST(Ledger, TheClockIsTheSumOfClampedSteps) {
  Story story;
  EXPECT_EQ(story.ledger.clock(), LogTime{0});
  story.pass(milliseconds{250}), story.tick();
  EXPECT_EQ(story.ledger.clock(), LogTime{250});
  story.pass(milliseconds{-3'600'000}), story.tick();
  EXPECT_EQ(story.ledger.clock(), LogTime{250});
  EXPECT_EQ(story.ledger.clock_at(story.now + milliseconds{7}), LogTime{257});
  EXPECT_EQ(story.ledger.clock_at(story.now + milliseconds{-7}), LogTime{250});
  story.pass(milliseconds{7'200'000});
  EXPECT_EQ(story.ledger.clock_at(story.now), LogTime{60'250});
  story.tick();
  EXPECT_EQ(story.ledger.clock(), LogTime{60'250});
  for (const std::int64_t ms : {INT64_MIN, INT64_MAX, INT64_MIN}) story.now = {ms}, story.tick();
  EXPECT_EQ(story.ledger.clock(), LogTime{120'250});
}

// --- TICK: rules, digests

TEST(Ledger, StopsAtRulesThatItDoesNotKnow) {
  Story story;
  story.tell(Tick{Rules{1}, {}, {}, 0});
  EXPECT_FALSE(story.ledger.halted());
  story.tell(Tick{Rules{2}, {}, {}, 0});
  ASSERT_TRUE(story.ledger.halted());
  EXPECT_NE(story.ledger.halted()->find("newer rules 2"), std::string::npos);

  Story newer{Rules{2}};
  newer.tell(Tick{Rules{2}, {}, {}, 0});
  EXPECT_FALSE(newer.ledger.halted());
  EXPECT_EQ(newer.ledger.rules(), Rules{2});
}

// A14: who decided otherwise at a position that we still know is not of our kind.
TEST(Ledger, StopsAtAnotherDigestOfTheSamePosition) {
  Story story = story_of(car(3));
  const Position there = story.ledger.position();
  const Digest then = story.ledger.digest();
  story.buy("a", "k");
  story.tell(Tick{kNewestRules, there, then, 0});
  EXPECT_FALSE(story.ledger.halted());
  story.tell(Tick{kNewestRules, there, Digest{static_cast<std::uint64_t>(then) ^ 1}, 0});
  ASSERT_TRUE(story.ledger.halted());
  EXPECT_NE(story.ledger.halted()->find("decided otherwise"), std::string::npos);
}

TEST(Ledger, RemembersTheDigestsOf4096Positions) {
  Story story = story_of(car(3));
  const Position old = story.ledger.position();
  while (number(story.ledger.position()) - number(old) < 4095) story.tick();
  const auto tell_wrong = [&](Story& to) { to.tell(Tick{kNewestRules, old, Digest{1}, 0}); };
  Story other = story_of(car(3));
  while (other.ledger.position() != story.ledger.position()) other.tick();
  tell_wrong(story);
  EXPECT_TRUE(story.ledger.halted());
  other.tick();
  tell_wrong(other);  // too long ago: nobody can say
  EXPECT_FALSE(other.ledger.halted());
}

TEST(Ledger, StopsWhenTheJournalIsShorterThanItsWriterKnew) {
  Story story;
  story.tell(Tick{kNewestRules, Position{9}, {}, 0});
  ASSERT_TRUE(story.ledger.halted());
  EXPECT_NE(story.ledger.halted()->find("cut short"), std::string::npos);
}

// Any other decision shows: another winner, amount of units, or time.
TEST(Ledger, TheDigestKnowsEveryDecision) {
  const auto after = [](auto tell) {
    SaleTerms terms = car(5);
    terms.hold_ms = 1000;
    Story story = story_of(terms);
    story.buy("a", "k");
    story.pass(milliseconds{10});
    tell(story);
    return story.ledger.digest();
  };
  const auto nothing = after([](Story& s) { s.tick(); });
  EXPECT_EQ(after([](Story& s) { s.tick(); }), nothing);
  EXPECT_NE(after([](Story& s) { s.buy("b", "k"); }), after([](Story& s) { s.buy("c", "k"); }));
  EXPECT_NE(after([](Story& s) { s.buy("b", "k"); }), after([](Story& s) { s.buy("b", "k", 2); }));
  EXPECT_NE(after([](Story& s) { s.pass(milliseconds{1}), s.tick(); }), nothing);
  EXPECT_NE(after([](Story& s) { s.pass(milliseconds{990}), s.tick(); }),
            after([](Story& s) { s.pass(milliseconds{989}), s.tick(); }));
}

}  // namespace
}  // namespace seckill
