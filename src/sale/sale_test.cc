// The sale's promises, one by one, on a journal of paper (test_shop.h).
#include "sale/sale.h"

#include <gtest/gtest.h>

#include "sale/test_shop.h"

namespace seckill {
namespace {

using enum Outcome;

PaymentId payment(const char* text) { return *PaymentId::from(text); }

// Promise 1 (I8): between the append and its coming back nobody hears anything.
TEST(Sale, TellsAYesOnlyAfterItsRecordCameBack) {
  Shop shop({terms_of(1, "car", 10)});
  const Who anna = shop.buy("car", "anna", "k1");
  EXPECT_FALSE(shop.told(anna));
  shop.shell->idle();
  EXPECT_EQ(shop.journal.turns.size(), 1u);
  EXPECT_FALSE(shop.told(anna));
  shop.journal.come_back();
  EXPECT_FALSE(shop.told(anna));
  shop.shell->pump();
  EXPECT_EQ(shop.outcome(anna), kWon);
  EXPECT_EQ(shop.verdict(anna).left, 9u);
  EXPECT_TRUE(shop.sale->quiet());
}

// Promise 3, A1: who has an order hears of it by his key, whatever the sale's state: sold out …
TEST(Sale, A1_KeysComeBeforeStateWhenSoldOut) {
  Shop shop({terms_of(1, "car", 1)});
  const Who first = shop.buy("car", "anna", "k1");
  shop.turn();
  const Who again = shop.buy("car", "anna", "k1");
  const Who other = shop.buy("car", "bert", "k1");
  const Who reused = shop.buy("car", "anna", "k1", 2);
  EXPECT_EQ(shop.outcome(again), kReplayed);
  EXPECT_EQ(shop.verdict(again).order, shop.verdict(first).order);
  EXPECT_EQ(shop.outcome(other), kSoldOut);
  EXPECT_EQ(shop.outcome(reused), kKeyReused);
}

// … paused, closed, draining, full.
TEST(Sale, A1_KeysComeBeforeStateWhenPausedClosedDrainingOrFull) {
  for (const Standing standing : {Standing::kPaused, Standing::kClosed}) {
    SaleTerms terms = terms_of(1, "car", 10);
    Shop shop({terms});
    shop.buy("car", "anna", "k1");
    shop.turn();
    terms.version = 2;
    terms.standing = standing;
    const Who pauser = shop.ask(SaleAsk{terms});
    shop.turn();
    EXPECT_EQ(shop.outcome(pauser), kSaleAccepted);
    EXPECT_EQ(shop.outcome(shop.buy("car", "bert", "k1")),
              standing == Standing::kPaused ? kPaused : kClosed);
    EXPECT_EQ(shop.outcome(shop.buy("car", "anna", "k1")), kReplayed);
    shop.journal.room_now = Room::kFull;
    EXPECT_EQ(shop.outcome(shop.buy("car", "anna", "k1")), kReplayed);
    shop.sale->drain();
    EXPECT_EQ(shop.outcome(shop.buy("car", "anna", "k1")), kReplayed);
  }
}

// Promise 3, T15: a double click waits with the first and hears of the same order; another body
// under that key is refused at once.
TEST(Sale, TwinsInFlightHearOfOneOrder) {
  Shop shop({terms_of(1, "car", 10)});
  const Who first = shop.buy("car", "anna", "k1");
  const Who gathered = shop.buy("car", "anna", "k1");
  shop.shell->idle();
  const Who flying = shop.buy("car", "anna", "k1");
  const Who other_body = shop.buy("car", "anna", "k1", 2);
  EXPECT_EQ(shop.outcome(other_body), kKeyReused);
  EXPECT_FALSE(shop.told(gathered));
  shop.turn();
  EXPECT_EQ(shop.outcome(first), kWon);
  for (const Who twin : {gathered, flying}) {
    EXPECT_EQ(shop.outcome(twin), kReplayed);
    EXPECT_EQ(shop.verdict(twin).order, shop.verdict(first).order);
  }
  EXPECT_EQ(shop.journal.turns.size(), 1u);
  EXPECT_EQ(shop.journal.turns[0].size(), 1u);
  EXPECT_EQ(shop.sale->ledger().sale(SaleUid{1})->held, 1u);
}

// Twins of one who is refused after all (another node was quicker) are refused with him.
TEST(Sale, TwinsShareARefusal) {
  Shop shop({terms_of(1, "car", 1)});
  const Who first = shop.buy("car", "anna", "k1");
  const Who twin = shop.buy("car", "anna", "k1");
  const Claim theirs = claim_of(buy_of("car", "zoe", "k9"), terms_of(1, "car", 1));
  shop.journal.write(
      {{{Node{8}, {}},
        Reserve{theirs.sale, theirs.order, theirs.buyer, theirs.key, theirs.body, 1, LogTime{}}}},
      shop.now.raw);
  shop.turn();
  EXPECT_EQ(shop.outcome(first), kSoldOut);
  EXPECT_EQ(shop.outcome(twin), kSoldOut);
}

// Promise 6: sixteen twins wait, the next is busy; once they are answered, places are free again.
TEST(Sale, BoundsTheTwinsOfAClaim) {
  Shop shop({terms_of(1, "car", 10)});
  for (int round = 0; round < 3; ++round) {
    const std::string key = "k" + std::to_string(round);
    shop.buy("car", "anna", key);
    std::vector<Who> twins;
    for (std::uint32_t n = 0; n < Twins::kPerClaimMax; ++n) {
      twins.push_back(shop.buy("car", "anna", key));
    }
    EXPECT_EQ(shop.outcome(shop.buy("car", "anna", key)), kBusy);
    shop.turn();
    for (const Who twin : twins) EXPECT_EQ(shop.outcome(twin), kReplayed);
  }
}

// Promise 4 (A10): what is in flight counts; the hopeless hear no at once and leave no record.
TEST(Sale, RefusesTheHopelessAtOnce) {
  Shop shop({terms_of(1, "car", 2), terms_of(2, "toy", 100, /*per_buyer=*/1)});
  shop.buy("car", "anna", "k1");
  shop.buy("car", "bert", "k1");
  EXPECT_EQ(shop.outcome(shop.buy("car", "carl", "k1")), kSoldOut);
  shop.buy("toy", "anna", "k1");
  EXPECT_EQ(shop.outcome(shop.buy("toy", "anna", "k2")), kLimitReached);
  EXPECT_EQ(shop.outcome(shop.buy("bus", "anna", "k1")), kUnknownSale);
  EXPECT_EQ(shop.sale->waiting(), 3u);
  shop.turn();
  EXPECT_EQ(shop.journal.turns[0].size(), 3u);
  EXPECT_EQ(shop.sale->ledger().sale(SaleUid{1})->available(), 0u);
}

// A8: the demo's wire sells only what has neither limit nor hold.
TEST(Sale, A8_SellsToTheAnonymousOnlyWithoutLimitAndHold) {
  Shop shop({terms_of(1, "car", 9), terms_of(2, "toy", 9, 1),
             terms_of(3, "hat", 9, 0, milliseconds(60'000))});
  const auto anonymous = [&](const char* sale) {
    Buy buy = buy_of(sale, "x", "y");
    buy.anonymous = true;
    return shop.ask(buy);
  };
  const Who car = anonymous("car");
  EXPECT_EQ(shop.outcome(anonymous("toy")), kNotAnonymous);
  EXPECT_EQ(shop.outcome(anonymous("hat")), kNotAnonymous);
  shop.turn();
  EXPECT_EQ(shop.outcome(car), kWon);
}

// A5: a journal that hangs sells nothing to people who left: after 10 s the claim is late.
TEST(Sale, A5_SellsNothingToWhoAskedTooLongAgo) {
  Shop shop({terms_of(1, "car", 10)});
  shop.buy("car", "anna", "k1");
  shop.shell->idle();
  const Who bert = shop.buy("car", "bert", "k1");  // gathered behind an append that hangs
  shop.pass(milliseconds(10'001));
  shop.turn();
  shop.turn();
  EXPECT_EQ(shop.outcome(bert), kLate);
  EXPECT_EQ(shop.sale->ledger().sale(SaleUid{1})->held, 1u);
  const Who again = shop.buy("car", "bert", "k1");
  shop.turn();
  EXPECT_EQ(shop.outcome(again), kWon);
}

// A6: a record that was given up as unsure and turns up late answers nobody, also when its asker
// waits again under the same key (and in the same slot): he gets the one order, by his own record.
TEST(Sale, A6_ALateRecordAnswersNobody) {
  Shop shop({terms_of(1, "car", 10)});
  const Who first = shop.buy("car", "anna", "k1");
  shop.shell->idle();
  const std::vector<Record> late = shop.journal.delay();
  shop.shell->pump();
  EXPECT_EQ(shop.outcome(first), kUnsure);
  EXPECT_EQ(shop.verdict(first).order,
            claim_of(buy_of("car", "anna", "k1"), terms_of(1, "car", 10)).order);

  const Who again = shop.buy("car", "anna", "k1");
  shop.shell->idle();
  shop.journal.write(late, shop.now.raw);
  shop.shell->pump();
  EXPECT_FALSE(shop.told(again));
  EXPECT_EQ(shop.sale->stats().stale_answers, 1u);
  shop.turn();
  EXPECT_EQ(shop.outcome(again), kReplayed);
  EXPECT_EQ(shop.sale->ledger().sale(SaleUid{1})->held, 1u);
}

// A7: PAY, CANCEL and SALE beside 100,000 claims: they are in the next turn, all three.
TEST(Sale, A7_PaymentsNeverWaitForACrowd) {
  const milliseconds hold(60'000);
  SaleTerms car = terms_of(1, "car", 200'000, 0, hold);
  Shop shop({car});
  const Who won = shop.buy("car", "anna", "k1");
  const Who won_too = shop.buy("car", "bert", "k1");
  shop.turn();
  shop.buy("car", "first", "k");
  shop.shell->idle();  // an append flies
  for (int n = 0; n < 99'999; ++n) shop.buy("car", "b" + std::to_string(n), "k");
  EXPECT_EQ(shop.outcome(shop.buy("car", "last", "k")), kBusy);  // waiting_max
  const Who pay = shop.ask(PayAsk{shop.verdict(won).order, payment("p1"), 5});
  const Who cancel = shop.ask(CancelAsk{shop.verdict(won_too).order});
  car.version = 2;
  car.stock += 1;
  const Who restock = shop.ask(SaleAsk{car});
  shop.turn();  // that append comes back, and the next one starts …
  shop.turn();
  EXPECT_EQ(shop.outcome(pay), kPaid);
  EXPECT_EQ(shop.outcome(cancel), kCancelled);
  EXPECT_EQ(shop.outcome(restock), kSaleAccepted);
  EXPECT_EQ(shop.journal.turns[2].size(), 3u + 1'024u);  // … with room for claims beside them
}

// A10: an order id needs no token, so a cancel that changes nothing must cost nothing: else one
// client fills the season with them and keeps money out of the lane.
TEST(Sale, ACancelThatChangesNothingLeavesNoRecord) {
  Shop shop({terms_of(1, "car", 100)});
  const Who anna = shop.buy("car", "anna", "k");
  const Who bert = shop.buy("car", "bert", "k");
  shop.turn();
  const OrderId gone = shop.verdict(anna).order, paid = shop.verdict(bert).order;
  shop.ask(CancelAsk{gone});
  shop.ask(PayAsk{paid, payment("p1"), 5});
  shop.turn();
  const auto turns = shop.journal.turns.size();
  EXPECT_EQ(shop.outcome(shop.ask(CancelAsk{gone})), kCancelled);
  EXPECT_EQ(shop.outcome(shop.ask(CancelAsk{paid})), kOrderState);
  shop.turn();
  EXPECT_EQ(shop.journal.turns.size(), turns);
}

// Promise 6: bounds of the two lanes; a full one does not close the other.
TEST(Sale, BoundsBothLanes) {
  SaleLimits limits{.waiting_max = 3, .lane_max = 2, .flush_at = 100};
  Shop shop({terms_of(1, "car", 100)}, limits);
  const Who won = shop.buy("car", "anna", "k1");
  shop.turn();
  const OrderId order = shop.verdict(won).order;
  for (int n = 0; n < 3; ++n) shop.buy("car", "anna", "x" + std::to_string(n));
  EXPECT_EQ(shop.outcome(shop.buy("car", "anna", "x3")), kBusy);
  EXPECT_EQ(shop.outcome(shop.buy("car", "anna", "k1")), kReplayed);  // keys before busy
  const Who pay = shop.ask(PayAsk{order, payment("p1"), 5});
  shop.ask(PayAsk{order, payment("p2"), 5});
  EXPECT_EQ(shop.outcome(shop.ask(PayAsk{order, payment("p3"), 5})), kBusy);
  EXPECT_EQ(shop.outcome(shop.ask(CancelAsk{{}})), kUnknownOrder);  // … and so is ignorance
  shop.turn();
  EXPECT_EQ(shop.told(), shop.asked());
  EXPECT_EQ(shop.outcome(pay), kPaid);
}

// J6: without a spare segment claims are refused, payments are not; when full, both are, and what
// was gathered meanwhile learns that nothing was recorded.
TEST(Sale, ShedsWhatTheJournalHasNoRoomFor) {
  Shop shop({terms_of(1, "car", 100, 0, milliseconds(60'000))});
  const Who won = shop.buy("car", "anna", "k1");
  shop.turn();
  const PayAsk pay{shop.verdict(won).order, payment("p1"), 5};
  shop.buy("car", "flying", "k1");
  shop.shell->idle();
  const Who gathered = shop.buy("car", "bert", "k1");
  shop.journal.room_now = Room::kNoClaims;
  EXPECT_EQ(shop.outcome(shop.buy("car", "carl", "k1")), kBusy);
  const Who paid = shop.ask(pay);
  shop.turn();
  EXPECT_EQ(shop.outcome(gathered), kBusy);
  shop.turn();
  EXPECT_EQ(shop.outcome(paid), kPaid);

  const Who late = shop.ask(pay);
  shop.journal.room_now = Room::kFull;
  EXPECT_EQ(shop.outcome(shop.ask(pay)), kBusy);
  shop.turn();
  EXPECT_EQ(shop.outcome(late), kBusy);
  EXPECT_EQ(shop.told(), shop.asked());
  shop.journal.room_now = Room::kPlenty;
  const Who dora = shop.buy("car", "dora", "k1");
  shop.turn();
  EXPECT_EQ(shop.outcome(dora), kWon);  // the units of those who were shed are free
}

// Promise 2 (I11): an append of unknown outcome is said to be one, to twins and payers too; then
// the units are free again, and asking again with the same key is safe.
TEST(Sale, SaysSoWhenItDoesNotKnow) {
  Shop shop({terms_of(1, "car", 1, 0, milliseconds(60'000))});
  const Who anna = shop.buy("car", "anna", "k1");
  const Who twin = shop.buy("car", "anna", "k1");
  shop.shell->idle();
  const Who bert = shop.buy("car", "bert", "k1");
  EXPECT_EQ(shop.outcome(bert), kSoldOut);  // for now
  shop.journal.lose();
  shop.shell->pump();
  EXPECT_EQ(shop.outcome(anna), kUnsure);
  EXPECT_EQ(shop.outcome(twin), kUnsure);
  EXPECT_EQ(shop.sale->stats().unsure, 1u);
  const Who again = shop.buy("car", "anna", "k1");
  shop.turn();
  EXPECT_EQ(shop.outcome(again), kWon);
}

// Promise 7: after Broken those in flight hear "unsure", those gathered "busy", and all who come
// later "busy"; the process is told to stop, once.
TEST(Sale, StopsWhenTheJournalBreaks) {
  Shop shop({terms_of(1, "car", 10)});
  shop.buy("car", "early", "k1");
  shop.turn();
  const Who anna = shop.buy("car", "anna", "k1");
  shop.shell->idle();
  const Who twin = shop.buy("car", "anna", "k1");
  const Who bert = shop.buy("car", "bert", "k1");
  shop.journal.break_down();
  shop.shell->pump();
  EXPECT_EQ(shop.outcome(anna), kUnsure);
  EXPECT_EQ(shop.outcome(twin), kUnsure);
  EXPECT_EQ(shop.outcome(bert), kBusy);
  EXPECT_EQ(shop.outcome(shop.buy("car", "carl", "k1")), kBusy);
  EXPECT_EQ(shop.outcome(shop.buy("car", "early", "k1")), kBusy);
  shop.shell->idle();
  shop.shell->pass();
  EXPECT_EQ(shop.journal.turns.size(), 2u);
  EXPECT_EQ(shop.stops, std::vector<std::string>{"disk: no"});
  EXPECT_TRUE(shop.sale->quiet());
}

// Promise 7, A14: a record that proves that this ledger must not go on: from it on nobody hears
// yes, not even for records behind it that are ours.
TEST(Sale, A14_StopsWhenTheLedgerHalts) {
  Shop shop({terms_of(1, "car", 10)});
  const Who anna = shop.buy("car", "anna", "k1");
  shop.shell->idle();
  const Who bert = shop.buy("car", "bert", "k1");
  shop.journal.write({{{Node{8}, {}}, Tick{Rules{999}, {}, {}, 0}}}, shop.now.raw);
  shop.journal.come_back();
  shop.shell->pump();
  EXPECT_EQ(shop.outcome(anna), kUnsure);
  EXPECT_EQ(shop.outcome(bert), kBusy);
  ASSERT_EQ(shop.stops.size(), 1u);
  EXPECT_FALSE(shop.stops[0].empty());
  EXPECT_EQ(shop.told(), shop.asked());
}

// Draining: nothing new, but everybody who waits gets his verdict; no ticks any more.
TEST(Sale, DrainsWhatItTookIn) {
  Shop shop({terms_of(1, "car", 10, 0, milliseconds(60'000))});
  const Who flying = shop.buy("car", "anna", "k1");
  shop.shell->idle();
  const Who gathered = shop.buy("car", "bert", "k1");
  shop.sale->drain();
  EXPECT_EQ(shop.outcome(shop.buy("car", "carl", "k1")), kBusy);
  const Who twin = shop.buy("car", "bert", "k1");
  EXPECT_FALSE(shop.sale->quiet());
  shop.turn();
  shop.turn();
  EXPECT_EQ(shop.outcome(flying), kWon);
  EXPECT_EQ(shop.outcome(gathered), kWon);
  EXPECT_EQ(shop.outcome(twin), kReplayed);
  EXPECT_TRUE(shop.sale->quiet());
  EXPECT_EQ(shop.shell->wake(), kNever);
  EXPECT_TRUE(shop.stops.empty());
}

}  // namespace
}  // namespace seckill
