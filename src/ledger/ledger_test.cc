#include "ledger/ledger.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <span>
#include <string>
#include <vector>

#include "support/story.h"
#include "support/told_journal.h"

namespace seckill {
namespace {

using enum Outcome;

std::string nth(const char* what, int n) { return what + std::to_string(n); }

// --- RESERVE

TEST(Ledger, SellsTheLowestFreeUnitAndSaysWhatIsLeft) {
  Story story = story_of(car(3));
  for (std::uint32_t n = 1; n <= 3; ++n) {
    const Verdict won = story.buy(nth("b", static_cast<int>(n)), "k");
    EXPECT_EQ(won.outcome, kWon);
    EXPECT_EQ(won.left, 3 - n);
    EXPECT_EQ(won.position, Position{1 + n});
    EXPECT_EQ(story.units(won.order), std::vector{n});
    ASSERT_EQ(story.changes.units.size(), 1u);
    EXPECT_EQ(story.changes.units[0].order, won.order);
    EXPECT_EQ(story.changes.orders, (std::vector<OrderChange>{{won.order, won.position}}));
  }
  EXPECT_EQ(story.view().sold_out_at, story.now);
  story.pass(milliseconds{1});
  EXPECT_EQ(story.buy("late", "k").outcome, kSoldOut);
  EXPECT_TRUE(story.changes.empty());
  EXPECT_EQ(story.view().first_win_at, story.now + milliseconds{-1});
}

TEST(Ledger, GivesAReturnedUnitToTheNext) {
  Story story = story_of(car(3));
  const OrderId first = story.buy("a", "k").order;
  story.buy("b", "k", 2);
  EXPECT_EQ(story.buy("c", "k").outcome, kSoldOut);
  EXPECT_EQ(story.cancel(first).outcome, kCancelled);
  ASSERT_EQ(story.changes.units.size(), 1u);
  EXPECT_EQ(story.changes.units[0].order, std::nullopt);
  EXPECT_EQ(story.buy("c", "k2").outcome, kWon);  // I8: a no was for now
  EXPECT_EQ(story.units(story.claim("c", "k2").order), std::vector{1u});
}

TEST(Ledger, GivesSeveralUnitsAscendingThoughApart) {
  Story story = story_of(car(8));
  std::vector<OrderId> orders;
  for (int n = 0; n < 6; ++n) orders.push_back(story.buy(nth("b", n), "k").order);
  story.cancel(orders[1]), story.cancel(orders[4]);
  const Verdict won = story.buy("many", "k", 4);
  EXPECT_EQ(story.units(won.order), (std::vector{2u, 5u, 7u, 8u}));
  EXPECT_EQ(won.left, 0u);
  EXPECT_EQ(story.buy("x", "k").outcome, kSoldOut);
  story.cancel(won.order);
  EXPECT_EQ(story.units(won.order), std::vector<std::uint32_t>{});
  EXPECT_EQ(story.units(story.buy("x", "k2", 3).order), (std::vector{2u, 5u, 7u}));
}

TEST(Ledger, RefusesMoreUnitsThanAreLeftAndSellsFewer) {
  Story story = story_of(car(3));
  story.buy("a", "k", 2);
  EXPECT_EQ(story.buy("b", "k", 2).outcome, kSoldOut);
  EXPECT_EQ(story.buy("b", "k2", 1).outcome, kWon);
}

// I5, A1: the key's order is the answer, whatever became of sale and order.
TEST(Ledger, KeysComeBeforeState) {
  SaleTerms terms = car(1);
  terms.hold_ms = 1000;
  Story story = story_of(terms);
  const OrderId order = story.buy("a", "k").order;
  const auto asked_again = [&] { return story.buy("a", "k"); };
  EXPECT_EQ(asked_again().outcome, kReplayed);
  EXPECT_EQ(asked_again().order, order);
  EXPECT_TRUE(story.changes.empty());
  EXPECT_EQ(story.buy("a", "k", 2).outcome, kKeyReused);
  story.stand(Standing::kPaused);
  EXPECT_EQ(asked_again().outcome, kReplayed);
  Reserve late = story.reserve("a", "k");
  late.asked_at.ms -= 60'000;
  EXPECT_EQ(story.tell(late).outcome, kReplayed);
  story.pass(milliseconds{1000});
  EXPECT_EQ(asked_again().outcome, kReplayed);
  EXPECT_EQ(story.state(order), OrderState::kExpired);
  story.stand(Standing::kClosed);
  EXPECT_EQ(asked_again().outcome, kReplayed);
  story.stand(Standing::kRetired);
  EXPECT_EQ(asked_again().outcome, kUnknownSale);
  EXPECT_EQ(story.ledger.find(order), nullptr);
}

TEST(Ledger, AWindowOpensAndCloses) {
  SaleTerms terms = car(9);
  Story story;
  terms.starts_at = story.now + milliseconds{100};
  terms.ends_at = story.now + milliseconds{200};
  story.tell(SaleRecord{terms});
  story.pass(milliseconds{99});
  EXPECT_EQ(story.buy("a", "k1").outcome, kNotStarted);
  story.pass(milliseconds{1});
  EXPECT_EQ(story.buy("a", "k1").outcome, kWon);
  story.pass(milliseconds{99});
  EXPECT_EQ(story.buy("a", "k2").outcome, kWon);
  story.pass(milliseconds{1});
  EXPECT_EQ(story.buy("a", "k3").outcome, kClosed);
  EXPECT_EQ(story.ledger.judge(story.claim("a", "k3"), {}, story.now).outcome, kClosed);
}

TEST(Ledger, PausesAndResumes) {
  Story story = story_of(car(2));
  story.stand(Standing::kPaused);
  EXPECT_EQ(story.buy("a", "k").outcome, kPaused);
  story.stand(Standing::kActive);
  EXPECT_EQ(story.buy("a", "k").outcome, kWon);
  story.stand(Standing::kClosed);
  EXPECT_EQ(story.buy("b", "k").outcome, kClosed);
}

// I4: the limit counts live units, so what came back may be had again.
TEST(Ledger, ABuyerStaysInHisLimit) {
  SaleTerms terms = car(10);
  terms.per_buyer = 3;
  Story story = story_of(terms);
  const OrderId two = story.buy("a", "k1", 2).order;
  EXPECT_EQ(story.buy("a", "k2", 2).outcome, kLimitReached);
  EXPECT_EQ(story.buy("a", "k3", 1).outcome, kWon);
  EXPECT_EQ(story.buy("a", "k4", 1).outcome, kLimitReached);
  EXPECT_EQ(story.buy("b", "k1", 3).outcome, kWon);
  story.cancel(two);
  EXPECT_EQ(story.buy("a", "k5", 2).outcome, kWon);
  EXPECT_EQ(story.buy("c", "k1", 4).outcome, kLimitReached);
}

// Decision 10: reserve-and-cancel loops end, though no unit is kept.
TEST(Ledger, ABuyerGetsThirtyTwoOrdersEver) {
  Story story = story_of(car(10));
  for (int n = 0; n < 32; ++n) {
    const Verdict won = story.buy("a", nth("k", n));
    ASSERT_EQ(won.outcome, kWon);
    story.cancel(won.order);
  }
  EXPECT_EQ(story.buy("a", "one-more").outcome, kLimitReached);
  EXPECT_EQ(story.ledger.judge(story.claim("a", "one-more"), {}, story.now).outcome, kLimitReached);
  EXPECT_EQ(story.buy("b", "k").outcome, kWon);
}

TEST(Ledger, ASaleGrantsOrdersMaxOrdersEver) {
  SaleTerms terms = car(10);
  terms.orders_max = 2;
  Story story = story_of(terms);
  story.cancel(story.buy("a", "k1").order);
  EXPECT_EQ(story.buy("a", "k2").outcome, kWon);
  EXPECT_EQ(story.buy("b", "k1").outcome, kSaleFull);
  story.change([](auto& t) { t.orders_max = 3; });
  EXPECT_EQ(story.buy("b", "k1").outcome, kWon);
}

// A5: nothing is sold to who has left; ten seconds to the millisecond, in ledger time.
TEST(Ledger, AClaimThatWaitedTooLongIsLate) {
  Story story = story_of(car(10));
  const Reserve in_time = story.reserve("a", "k"), late = story.reserve("b", "k");
  story.pass(kLateAfter);
  EXPECT_EQ(story.tell(in_time).outcome, kWon);
  story.pass(milliseconds{1});
  EXPECT_EQ(story.tell(late).outcome, kLate);
  EXPECT_EQ(story.buy("b", "k").outcome, kWon);  // asked again
}

TEST(Ledger, AForgedOrderIdTakesNothing) {
  Story story = story_of(car(10));
  const OrderId mine = story.buy("a", "k").order;
  Reserve forged = story.reserve("b", "k");
  forged.order = mine;  // another's order
  EXPECT_EQ(story.tell(forged).outcome, kNotAllowed);
  forged.order = story.claim("b", "k2").order;  // his own, of another key
  EXPECT_EQ(story.tell(forged).outcome, kNotAllowed);
  SaleTerms bus = car(5);
  bus.uid = SaleUid{8}, bus.name = *SaleName::from("bus");
  story.tell(SaleRecord{bus});
  Reserve elsewhere = story.reserve("b", "k");
  elsewhere.sale = SaleUid{8};  // an id of another sale
  EXPECT_EQ(story.tell(elsewhere).outcome, kNotAllowed);
  EXPECT_EQ(story.view().held, 1u);
}

TEST(Ledger, AQuantityIsOneToThirtyTwo) {
  Story story = story_of(car(100));
  for (const std::uint32_t quantity : {0u, 33u, 0xffff'ffffu}) {
    EXPECT_EQ(story.buy("a", nth("k", static_cast<int>(quantity % 100)), quantity).outcome,
              kNotAllowed);
    EXPECT_EQ(story.ledger.judge(story.claim("a", "j", quantity), {}, story.now).outcome,
              kNotAllowed);
  }
  EXPECT_EQ(story.buy("a", "k", 32).outcome, kWon);
}

// --- judged before

// Decision 5: what is in flight counts as taken, of the stock, of the buyer and of the orders.
TEST(Ledger, JudgesBesideWhatIsInFlight) {
  SaleTerms terms = car(4);
  terms.per_buyer = 2;
  terms.orders_max = 3;
  Story story = story_of(terms);
  InFlight in_flight;
  const auto judge = [&](const char* buyer, const char* key, std::uint32_t quantity) {
    return story.ledger.judge(story.claim(buyer, key, quantity), in_flight, story.now).outcome;
  };
  EXPECT_EQ(judge("a", "k", 2), kWon);
  in_flight.add(story.claim("a", "k", 2));
  EXPECT_EQ(judge("a", "k2", 1), kLimitReached);
  EXPECT_EQ(judge("b", "k", 2), kWon);
  in_flight.add(story.claim("b", "k", 1));
  EXPECT_EQ(judge("c", "k", 2), kSoldOut);
  EXPECT_EQ(judge("c", "k", 1), kWon);
  in_flight.add(story.claim("c", "k", 1));
  EXPECT_EQ(judge("d", "k", 1), kSaleFull);
  story.buy("a", "k", 2);
  in_flight.remove(SaleUid{7}, story.claim("a", "k").buyer_hash, 2);
  EXPECT_EQ(judge("a", "k", 2), kReplayed);
  EXPECT_EQ(judge("a", "k", 1), kKeyReused);
  EXPECT_EQ(judge("a", "k2", 1), kLimitReached);
  EXPECT_EQ(judge("d", "k", 1), kSaleFull);
}

TEST(Ledger, KnowsNoSaleThatWasNotCreated) {
  Story story = story_of(car(1));
  Claim claim = story.claim("a", "k");
  claim.sale = SaleUid{99};
  EXPECT_EQ(story.ledger.judge(claim, {}, story.now).outcome, kUnknownSale);
  Reserve reserve = story.reserve("a", "k");
  reserve.sale = SaleUid{99};
  EXPECT_EQ(story.tell(reserve).outcome, kUnknownSale);
}

// --- PAY, CANCEL

TEST(Ledger, AnOrderIsPaidOnce) {
  Story story = story_of(car(1));
  const OrderId order = story.buy("a", "k").order;
  story.pass(milliseconds{5});
  EXPECT_EQ(story.pay(order, "p1").outcome, kPaid);
  ASSERT_EQ(story.changes.payments.size(), 1u);
  EXPECT_EQ(story.changes.payments[0].outcome, PaymentOutcome::kApplied);
  EXPECT_EQ(story.changes.payments[0].id.view(), "p1");
  EXPECT_EQ(story.state(order), OrderState::kPaid);
  EXPECT_EQ(story.ledger.find(order)->ended_at, story.now);
  EXPECT_EQ(story.view().paid, 1u);
  EXPECT_EQ(story.view().held, 0u);
  EXPECT_EQ(story.units(order), std::vector{1u});

  EXPECT_EQ(story.pay(order, "p1").outcome, kPaid);  // told again
  EXPECT_TRUE(story.changes.empty());
  EXPECT_EQ(story.cancel(order).outcome, kOrderState);
  EXPECT_EQ(story.buy("b", "k").outcome, kSoldOut);
}

// I7: money too much is one instruction to give it back, per payment id.
TEST(Ledger, LateOrDoubleMoneyIsRefundedOnce) {
  Story story = story_of(car(3));
  const OrderId paid = story.buy("a", "k").order, gone = story.buy("b", "k").order;
  story.pay(paid, "p1");
  EXPECT_EQ(story.pay(paid, "p2").outcome, kRefund);
  ASSERT_EQ(story.changes.payments.size(), 1u);
  EXPECT_EQ(story.changes.payments[0].outcome, PaymentOutcome::kRefund);
  EXPECT_EQ(story.pay(paid, "p2").outcome, kRefund);
  EXPECT_TRUE(story.changes.empty());
  story.cancel(gone);
  EXPECT_EQ(story.pay(gone, "p3").outcome, kRefund);
  EXPECT_EQ(story.state(gone), OrderState::kCancelled);
  EXPECT_EQ(story.view().paid, 1u);
}

TEST(Ledger, APaymentIdBelongsToOneOrderAndAmount) {
  Story story = story_of(car(3));
  const OrderId one = story.buy("a", "k").order, two = story.buy("b", "k").order;
  story.pay(one, "p", 100);
  EXPECT_EQ(story.pay(two, "p", 100).outcome, kPaymentReused);
  EXPECT_EQ(story.pay(one, "p", 101).outcome, kPaymentReused);
  EXPECT_EQ(story.state(two), OrderState::kHeld);
  SaleTerms bus = car(5);
  bus.uid = SaleUid{8}, bus.name = *SaleName::from("bus");
  story.tell(SaleRecord{bus});
  story.stand(Standing::kClosed), story.stand(Standing::kRetired);
  const Claim ride = claim_of({bus.name, *Buyer::from("a"), *Key::from("k")}, bus);
  story.tell(
      Reserve{bus.uid, ride.order, ride.buyer, ride.key, ride.body, 1, story.ledger.clock()});
  EXPECT_EQ(story.pay(ride.order, "p", 100).outcome, kPaymentReused);  // also past retire
}

TEST(Ledger, TakesABoundedNumberOfPayments) {
  SaleTerms terms = car(1);
  terms.orders_max = 1;
  Story story = story_of(terms);
  const OrderId order = story.buy("a", "k").order;
  EXPECT_EQ(story.pay(order, "p0").outcome, kPaid);
  for (int n = 1; n < 1002; ++n) ASSERT_EQ(story.pay(order, nth("p", n)).outcome, kRefund);
  EXPECT_EQ(story.pay(order, "p1002").outcome, kSaleFull);
  EXPECT_TRUE(story.changes.empty());
  EXPECT_EQ(story.pay(order, "p0").outcome, kPaid);  // what was taken is still known
}

TEST(Ledger, CancelsOnceAndSaysSoAgain) {
  Story story = story_of(car(1));
  const OrderId order = story.buy("a", "k").order;
  EXPECT_EQ(story.cancel(order).outcome, kCancelled);
  EXPECT_EQ(story.view().returned, 1u);
  EXPECT_EQ(story.cancel(order).outcome, kCancelled);
  EXPECT_TRUE(story.changes.empty());
  EXPECT_EQ(story.view().returned, 1u);
  const OrderId unknown = story.claim("x", "k").order;
  EXPECT_EQ(story.cancel(unknown).outcome, kUnknownOrder);
  EXPECT_EQ(story.pay(unknown, "p").outcome, kUnknownOrder);
  EXPECT_EQ(story.cancel(OrderId{}).outcome, kUnknownOrder);
}

// --- SALE

TEST(Ledger, CreatesASaleOnce) {
  Story story;
  EXPECT_EQ(story.tell(SaleRecord{car(5)}).outcome, kSaleAccepted);
  EXPECT_EQ(story.changes.sales, std::vector{SaleUid{7}});
  EXPECT_EQ(story.view().position, Position{1});
  EXPECT_EQ(story.tell(SaleRecord{car(5)}).outcome, kSaleExists);
  SaleTerms same_name = car(5);
  same_name.uid = SaleUid{8};
  EXPECT_EQ(story.tell(SaleRecord{same_name}).outcome, kSaleExists);
  EXPECT_TRUE(story.changes.empty());
  EXPECT_EQ(story.ledger.sale(car(5).name), story.ledger.sale(SaleUid{7}));
  EXPECT_EQ(story.ledger.sale(SaleUid{8}), nullptr);
}

TEST(Ledger, RestocksAndWithdraws) {
  Story story = story_of(car(1));
  story.buy("a", "k");
  EXPECT_EQ(story.change([](auto& t) { t.stock = 100; }).left, 99u);
  EXPECT_EQ(story.units(story.buy("b", "k").order), std::vector{2u});
  EXPECT_EQ(story.change([](auto& t) { t.withdrawn = 99; }).outcome, kNotAllowed);
  story.pass(milliseconds{3});
  EXPECT_EQ(story.change([](auto& t) { t.withdrawn = 98; }).outcome, kSaleAccepted);
  EXPECT_EQ(story.view().sold_out_at, story.now);
  EXPECT_EQ(story.buy("c", "k").outcome, kSoldOut);
}

// Memory ends with retire: a small view stays, and the name is never used again.
TEST(Ledger, RetiresASaleWithoutOpenHolds) {
  SaleTerms terms = car(5);
  terms.hold_ms = 1000;
  Story story = story_of(terms);
  const OrderId order = story.buy("a", "k").order;
  EXPECT_EQ(story.stand(Standing::kRetired).outcome, kNotAllowed);
  story.stand(Standing::kClosed);
  EXPECT_EQ(story.stand(Standing::kRetired).outcome, kNotAllowed);
  story.pay(order, "p");
  EXPECT_EQ(story.stand(Standing::kRetired).outcome, kSaleAccepted);
  EXPECT_EQ(story.ledger.find(order), nullptr);
  EXPECT_EQ(story.view().paid, 1u);
  EXPECT_EQ(story.pay(order, "p").outcome, kUnknownOrder);
  EXPECT_EQ(story.cancel(order).outcome, kUnknownOrder);
  EXPECT_EQ(story.stand(Standing::kActive).outcome, kNotAllowed);
  EXPECT_EQ(story.tell(SaleRecord{car(5)}).outcome, kSaleExists);
}

// I12: a season's memory is bounded, and a retired sale gives its share back.
TEST(Ledger, ARetiredSaleMakesRoomInTheSeason) {
  Story story;
  SaleTerms terms = car(1);
  const auto create = [&](std::uint32_t uid, std::uint32_t orders_max) {
    terms.uid = SaleUid{uid};
    terms.name = *SaleName::from(nth("s", static_cast<int>(uid)));
    terms.orders_max = orders_max;
    return story.tell(SaleRecord{terms}).outcome;
  };
  EXPECT_EQ(create(7, kOrdersMaxMax), kSaleAccepted);
  EXPECT_EQ(create(8, kOrdersMaxMax), kSaleAccepted);
  EXPECT_EQ(create(9, 1), kSeasonFull);
  story.stand(Standing::kClosed);
  EXPECT_EQ(create(9, 1), kSeasonFull);
  story.stand(Standing::kRetired);
  EXPECT_EQ(create(9, 1), kSaleAccepted);
}

TEST(Ledger, ListsSalesInTheOrderOfCreation) {
  Story story;
  for (const std::uint32_t uid : {30u, 10u, 20u}) {
    SaleTerms terms = car(1);
    terms.uid = SaleUid{uid};
    terms.name = *SaleName::from(nth("s", static_cast<int>(uid)));
    story.tell(SaleRecord{terms});
  }
  std::vector<SaleUid> uids;
  for (const SaleView* view : story.ledger.sales()) uids.push_back(view->terms.uid);
  EXPECT_EQ(uids, (std::vector{SaleUid{30}, SaleUid{10}, SaleUid{20}}));
}

TEST(Ledger, NamesItsJournalByRecordZero) {
  Story story;
  const RecordHash zero = story.ledger.last_hash();
  EXPECT_EQ(story.ledger.identity(), zero);
  story.tick();
  EXPECT_EQ(story.ledger.identity(), zero);
  EXPECT_EQ(story.ledger.last_hash(), hash_of(story.now, story.bytes));
}

// What is foreseen of a record may have changed when its turn comes: its sale was made, closed,
// retired in between.
TEST(Ledger, DecidesManyAtOnceAsItDecidesOne) {
  testing::Story told;
  SaleTerms sale = testing::terms_of("car", 7, 5);
  const SaleTerms other = testing::terms_of("bus", 8, 1);
  const auto becomes = [&](Standing standing) {
    ++sale.version;
    sale.standing = standing;
    told.sale(sale);
  };
  told.sale(sale), told.buy(sale, "a", "k"), told.buy(sale, "a", "k"), told.buy(other, "a", "k");
  told.sale(other), told.buy(other, "a", "k"), told.buy(other, "b", "k");
  becomes(Standing::kClosed), told.buy(sale, "b", "k"), told.buy(sale, "a", "k");
  becomes(Standing::kRetired), told.buy(sale, "a", "k");
  const std::size_t first = told.size();
  told.buy(sale, "c", "k"), told.buy(other, "c", "k");

  Ledger ledger;
  Changes changes;
  std::vector<Outcome> said;
  const auto each = [&](const Entry&, const Verdict& verdict) {
    said.push_back(verdict.outcome);
    return true;
  };
  const std::span<const Entry> all(told.entries());
  ledger.apply_all(all.first(first), changes, each);
  ledger.apply_all(all.subspan(first), changes, each);
  EXPECT_EQ(said, (std::vector{kTicked, kSaleAccepted, kWon, kReplayed, kUnknownSale,  //
                               kSaleAccepted, kWon, kSoldOut,                          //
                               kSaleAccepted, kClosed, kReplayed,                      //
                               kSaleAccepted, kUnknownSale,                            //
                               kUnknownSale, kSoldOut}));
  EXPECT_EQ(ledger.position(), Position{told.size()});
}

TEST(LedgerDeathTest, StopsAtAGap) {
  Story story;
  Changes changes;
  Entry entry;
  entry.position = Position{5};
  EXPECT_DEATH(story.ledger.apply(entry, changes), "once, in order");
}

}  // namespace
}  // namespace seckill
