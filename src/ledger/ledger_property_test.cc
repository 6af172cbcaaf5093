// What must hold for every journal: the ledger against random ones, and against sums made naively
// from what it shows.
#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "support/dice.h"
#include "support/record_stream.h"
#include "support/story.h"

namespace seckill {
namespace {

Claim claim_in(const Reserve& reserve, const SaleTerms& terms) {
  return {.sale = reserve.sale,
          .order = reserve.order,
          .buyer_hash = buyer_hash_of(terms, reserve.buyer),
          .body = reserve.body,
          .quantity = reserve.quantity,
          .buyer = reserve.buyer,
          .key = reserve.key};
}

// The world as rows would see it, from changes alone.
struct Witness {
  std::map<std::pair<SaleUid, std::uint32_t>, OrderId> units;
  std::set<OrderId> orders;
  std::map<std::string, PaymentChange> payments;
  std::map<OrderId, int> applied;

  void see(const Changes& changes) {
    for (const UnitChange& unit : changes.units) {
      const std::pair at{unit.sale, unit.unit};
      if (unit.order) {
        ASSERT_TRUE(units.emplace(at, *unit.order).second) << "I1: a unit was given twice";
      } else {
        ASSERT_EQ(units.erase(at), 1u) << "I3: a free unit came back";
      }
    }
    for (const OrderChange& order : changes.orders) orders.insert(order.id);
    for (const PaymentChange& payment : changes.payments) {
      const std::string id(payment.id.view());
      ASSERT_TRUE(payments.emplace(id, payment).second) << "I7: a payment id was taken twice";
      if (payment.outcome == PaymentOutcome::kApplied) {
        ASSERT_EQ(++applied[payment.order], 1) << "I7: an order was paid twice";
      }
    }
  }
};

struct Sums {
  std::uint64_t held = 0, paid = 0, returned = 0;
  std::uint32_t orders = 0;
  std::map<BuyerHash, std::uint32_t> orders_of;
};

// Every figure that the ledger shows is the sum over the orders that it shows.
void compare(const Ledger& ledger, const Witness& witness) {
  std::map<SaleUid, Sums> sums;
  std::uint32_t holds = 0;
  std::optional<LogTime> next_due;
  for (const OrderId id : witness.orders) {
    const Order* order = ledger.find(id);
    if (order == nullptr) continue;  // retired
    Sums& sum = sums[id.sale()];
    ++sum.orders;
    ASSERT_LE(++sum.orders_of[order->buyer], kOrdersPerBuyerMax);
    std::vector<std::uint32_t> units;
    ledger.units_of(*order, units);
    ASSERT_EQ(units.size(), is_live(order->state) ? order->quantity : 0);
    ASSERT_TRUE(std::is_sorted(units.begin(), units.end()));
    for (const std::uint32_t unit : units) ASSERT_EQ(witness.units.at({id.sale(), unit}), id);
    if (order->state == OrderState::kHeld) sum.held += order->quantity;
    if (order->state == OrderState::kPaid) sum.paid += order->quantity;
    if (!is_live(order->state)) sum.returned += order->quantity;
    if (order->state == OrderState::kHeld && order->hold_ms > 0) {
      ++holds;
      ASSERT_GT(order->due, ledger.clock()) << "A12: what is due has ended";
      next_due = std::min(next_due.value_or(order->due), order->due);
    }
  }
  ASSERT_EQ(ledger.open_holds(), holds);
  ASSERT_EQ(ledger.next_due(), next_due);
  std::map<SaleUid, std::uint64_t> live;
  for (const auto& [at, order] : witness.units) ++live[at.first];
  for (const SaleView* view : ledger.sales()) {
    const SaleTerms& terms = view->terms;
    ASSERT_LE(std::uint64_t{view->held} + view->paid + terms.withdrawn, terms.stock) << "I1";
    if (terms.standing == Standing::kRetired) continue;
    const Sums& sum = sums[terms.uid];
    ASSERT_EQ(view->held, sum.held);
    ASSERT_EQ(view->paid, sum.paid);
    ASSERT_EQ(view->returned, sum.returned) << "I3";
    ASSERT_EQ(view->orders, sum.orders);
    ASSERT_LE(view->orders, terms.orders_max) << "I12";
    ASSERT_EQ(live[terms.uid], sum.held + sum.paid) << "I6";
  }
}

std::uint32_t live_units_of(const Ledger& ledger, const Witness& witness, const Order& like) {
  std::uint32_t live = 0;
  for (const OrderId id : witness.orders) {
    const Order* order = ledger.find(id);
    if (order != nullptr && order->buyer == like.buyer && is_live(order->state)) {
      live += order->quantity;
    }
  }
  return live;
}

// I1 and I4, for any crowd and any order of arrival: 10,000 claims by 2,000 buyers want 100 phones.
TEST(LedgerProperty, SellsEachUnitOnceToAsManyBuyers) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  Dice dice(seed);
  SaleTerms terms = car(100);
  terms.per_buyer = 1;
  Story story = story_of(terms);
  Witness witness;
  std::set<BuyerHash> winners;
  for (int n = 0; n < 10'000; ++n) {
    const auto buyer = "b" + std::to_string(dice.below(2'000));
    const Verdict said = story.buy(buyer, "k" + std::to_string(dice.below(3)));
    witness.see(story.changes);
    if (said.outcome != Outcome::kWon) continue;
    EXPECT_TRUE(winners.insert(story.ledger.find(said.order)->buyer).second) << "nobody twice";
  }
  EXPECT_EQ(winners.size(), 100u);  // every unit, and not one more
  EXPECT_EQ(witness.units.size(), 100u);
  EXPECT_EQ(story.view().available(), 0u);
  compare(story.ledger, witness);
}

// I1, I3, I4, I6, I7 at every position of random journals.
TEST(LedgerProperty, ItsFiguresAreTheSumsOfItsOrders) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  RecordStream stream(seed, {.new_sale = 150});
  Ledger ledger;
  Witness witness;
  std::map<Outcome, int> seen;
  for (int n = 0; n < 4'000; ++n) {
    Changes changes;
    const Verdict said = ledger.apply(stream.next(), changes);
    ++seen[said.outcome];
    ASSERT_NO_FATAL_FAILURE(witness.see(changes)) << "at " << n;
    ASSERT_NO_FATAL_FAILURE(compare(ledger, witness)) << "at " << n;
    if (said.outcome != Outcome::kWon) continue;
    const Order& order = *ledger.find(said.order);
    const std::uint32_t limit = ledger.sale(order.id.sale())->terms.per_buyer;
    ASSERT_TRUE(limit == 0 || live_units_of(ledger, witness, order) <= limit) << "I4 at " << n;
  }
  EXPECT_FALSE(ledger.halted()) << *ledger.halted();
  EXPECT_GE(seen.size(), 15u) << "the stream meets most outcomes";
}

// Some records, kept with their bytes, and what the ledger said that was told them one by one.
struct Chunk {
  std::vector<Entry> entries;
  std::deque<std::vector<std::byte>> bytes;
  std::vector<Verdict> said;

  void add(Entry entry, const Verdict& verdict) {
    entry.bytes = bytes.emplace_back(entry.bytes.begin(), entry.bytes.end());
    entries.push_back(entry);
    said.push_back(verdict);
  }
  // Tells them to another ledger, all at once but for a stop on the way.
  void tell(Ledger& ledger, std::size_t stop_behind, Changes& changes) const {
    std::size_t told = 0;
    const auto each = [&](const Entry& entry, const Verdict& verdict) {
      EXPECT_EQ(entry.position, entries[told].position);
      EXPECT_EQ(verdict, said[told]) << "at " << number(entry.position);
      return ++told != stop_behind;
    };
    const std::span<const Entry> all(entries);
    ledger.apply_all(all, changes, each);
    if (stop_behind < all.size()) {
      EXPECT_EQ(told, stop_behind);
      ledger.apply_all(all.subspan(told), changes, each);
    }
    EXPECT_EQ(told, all.size());
  }
};

// Promise (1): two ledgers, one told record by record, the other any number at once. A sale is made
// in most of them and changed in many.
TEST(LedgerProperty, ReplayInAnyChunksIsTheReplayOfAll) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  RecordStream stream(seed, {.new_sale = 20});
  Dice dice(seed);
  Ledger one, other;
  Changes all, chunk;
  Chunk waiting;
  std::size_t orders = 0, units = 0, payments = 0;
  for (int n = 0; n < 30'000; ++n) {
    const Entry& entry = stream.next();
    waiting.add(entry, one.apply(entry, all));
    if (!dice.one_in(30)) continue;
    waiting.tell(other, 1 + dice.below(2 * waiting.entries.size()), chunk);
    waiting = {};
    ASSERT_EQ(one.digest(), other.digest());
    ASSERT_TRUE(std::equal(chunk.orders.begin(), chunk.orders.end(),
                           all.orders.begin() + static_cast<std::ptrdiff_t>(orders)));
    orders += chunk.orders.size(), units += chunk.units.size();
    payments += chunk.payments.size();
    ASSERT_EQ(orders, all.orders.size());
    ASSERT_EQ(units, all.units.size());
    ASSERT_EQ(payments, all.payments.size());
    chunk.clear();
    if (dice.one_in(20)) {  // a moved ledger goes on
      Ledger moved = std::move(other);
      other = std::move(moved);
    }
  }
  waiting.tell(other, waiting.entries.size(), chunk);
  EXPECT_EQ(one.digest(), other.digest());
  EXPECT_EQ(one.last_hash(), other.last_hash());
}

// Promise (2): half of the records have a field that nobody honest writes.
TEST(LedgerProperty, AppliesAnythingThatDecodes) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  RecordStream stream(seed, {.wild = 2, .odd = 5, .new_sale = 50});
  Ledger ledger;
  Witness witness;
  for (int n = 0; n < 30'000; ++n) {
    const Entry& entry = stream.next();
    const Result<Record> decoded = decode(entry.bytes);
    ASSERT_TRUE(decoded) << decoded.error().message;
    ASSERT_EQ(*decoded, entry.record);
    Changes changes;
    ledger.apply(entry, changes);
    ASSERT_NO_FATAL_FAILURE(witness.see(changes));
    if (n % 1'000 != 0) continue;
    ASSERT_NO_FATAL_FAILURE(compare(ledger, witness)) << "at " << n;
  }
  EXPECT_FALSE(ledger.halted());
}

// Promise (3), one at a time: what judge says is what apply says, unless a hold ended between.
TEST(LedgerProperty, ApplyGrantsWhatJudgeGranted) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  RecordStream stream(seed);
  Ledger ledger;
  Changes changes;
  int granted = 0, refused = 0;
  for (int n = 0; n < 30'000; ++n) {
    const Entry& entry = stream.next();
    const auto* reserve = std::get_if<Reserve>(&entry.record.body);
    const SaleView* view = reserve == nullptr ? nullptr : ledger.sale(reserve->sale);
    if (view == nullptr) {
      ledger.apply(entry, changes);
      continue;
    }
    const Verdict judged = ledger.judge(claim_in(*reserve, view->terms), {}, entry.stamp);
    const bool forged = reserve->order != order_id_of(view->terms, reserve->buyer, reserve->key);
    const bool ends = ledger.next_due() && *ledger.next_due() <= ledger.clock_at(entry.stamp);
    const Verdict said = ledger.apply(entry, changes);
    if (forged || said.outcome == Outcome::kLate) continue;
    if (judged.outcome == Outcome::kWon) {
      ASSERT_EQ(said.outcome, Outcome::kWon);
      ++granted;
    } else if (!ends) {
      ASSERT_EQ(said.outcome, judged.outcome);
      ++refused;
    }
  }
  EXPECT_GT(granted, 100);
  EXPECT_GT(refused, 100);
}

// Promise (3), a turn at a time: whoever is admitted beside what is in flight is granted.
TEST(LedgerProperty, EverybodyWhoWasAdmittedToATurnWins) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  Dice dice(seed);
  SaleTerms terms = car(60);
  terms.per_buyer = 4;
  terms.orders_max = 200;
  Story story = story_of(terms);
  std::vector<OrderId> orders;
  for (int turn = 0; turn < 200; ++turn) {
    InFlight in_flight;
    std::vector<Reserve> admitted;
    for (int n = 0; n < 20; ++n) {
      const auto buyer = "b" + std::to_string(dice.below(40));
      const auto key = "k" + std::to_string(dice.below(1'000'000));
      const auto quantity = static_cast<std::uint32_t>(dice.between(1, 4));
      const Claim claim = story.claim(buyer, key, quantity);
      const Verdict judged = story.ledger.judge(claim, in_flight, story.now);
      if (judged.outcome != Outcome::kWon) continue;
      in_flight.add(claim);
      admitted.push_back(story.reserve(buyer, key, quantity));
    }
    for (const Reserve& reserve : admitted) {
      const Verdict said = story.tell(reserve);
      ASSERT_EQ(said.outcome, Outcome::kWon) << to_text(said.outcome);
      orders.push_back(said.order);
    }
    for (int n = 0; n < 5 && !orders.empty(); ++n) story.cancel(dice.of(orders));
  }
  EXPECT_GE(orders.size(), 60u);
  EXPECT_LE(orders.size(), 200u);
}

}  // namespace
}  // namespace seckill
