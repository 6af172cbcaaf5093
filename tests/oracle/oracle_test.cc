// The ledger is compared with the audit's replay over a million random records: verdict by verdict,
// and state by state at the end. SECKILL_SEED replays a run.
#include <array>
#include <gtest/gtest.h>

#include "audit/replay.h"
#include "ledger/ledger.h"
#include "model/codec.h"
#include "support/dice.h"
#include "support/record_stream.h"

namespace seckill {
namespace {

using audit_replay::Replay;

constexpr std::uint64_t kRecords = 250'000;  // of each of four streams

// What the rules say is the same, however they are written.
void expect_same(const Verdict& ledger, const Verdict& replay) {
  if (ledger == replay) return;
  EXPECT_STREQ(to_text(ledger.outcome), to_text(replay.outcome));
  EXPECT_EQ(to_text(ledger.order), to_text(replay.order));
  EXPECT_EQ(ledger.left, replay.left);
  EXPECT_EQ(ledger.position, replay.position);
}

void expect_same_sales(const Ledger& ledger, const Replay& replay) {
  const auto views = ledger.sales();
  ASSERT_EQ(views.size(), replay.sales().size());
  for (const SaleView* view : views) {
    const auto* sale = replay.sale(view->terms.uid);
    ASSERT_NE(sale, nullptr);
    EXPECT_EQ(view->terms, sale->terms);
    EXPECT_EQ(view->position, sale->position);
    EXPECT_EQ(view->held, sale->held);
    EXPECT_EQ(view->paid, sale->paid);
    EXPECT_EQ(view->returned, sale->returned);
    EXPECT_EQ(view->orders, sale->orders);
  }
}

void expect_same_order(const Ledger& ledger, const audit_replay::Order& order) {
  const Order* found = ledger.find(order.id);
  if (order.sale->retired()) {
    EXPECT_EQ(found, nullptr);
    return;
  }
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->state, order.state);
  EXPECT_EQ(found->quantity, order.quantity);
  EXPECT_EQ(found->body, order.body);
  EXPECT_EQ(found->held_at, order.held_at);
  EXPECT_EQ(found->ended_at, order.moved_at);
  EXPECT_EQ(found->hold_ms, order.hold_ms);
  EXPECT_EQ(found->due, order.due);
  EXPECT_EQ(found->position, order.position);
  std::vector<std::uint32_t> units;
  ledger.units_of(*found, units);
  EXPECT_EQ(units, order.units);
}

// Every record of the stream is applied to both.
void compare(std::uint64_t seed, StreamShape shape) {
  SCOPED_TRACE(seed);
  RecordStream stream(seed, shape);
  Ledger ledger;
  Replay replay;
  Changes changes;
  std::array<std::uint64_t, 64> seen{};
  for (std::uint64_t n = 0; n < kRecords; ++n) {
    const Entry& entry = stream.next();
    changes.clear();
    const Verdict said = ledger.apply(entry, changes);
    expect_same(said, replay.apply(entry));
    if (::testing::Test::HasFailure()) {
      FAIL() << "at record " << n << " of kind " << entry.record.body.index();
    }
    ++seen[static_cast<std::size_t>(said.outcome)];
    ASSERT_EQ(ledger.clock(), replay.clock());
  }
  expect_same_sales(ledger, replay);
  for (const auto& [id, order] : replay.orders()) {
    expect_same_order(ledger, order);
    if (::testing::Test::HasFailure()) FAIL() << "order " << to_text(id);
  }
  EXPECT_FALSE(ledger.halted());
  EXPECT_FALSE(replay.stopped());
  // A stream that never reaches a rule proves nothing about it.
  for (const Outcome each :
       {Outcome::kWon,          Outcome::kReplayed,   Outcome::kSoldOut,
        Outcome::kLimitReached, Outcome::kPaused,     Outcome::kClosed,
        Outcome::kSaleFull,     Outcome::kKeyReused,  Outcome::kLate,
        Outcome::kPaid,         Outcome::kRefund,     Outcome::kPaymentReused,
        Outcome::kCancelled,    Outcome::kOrderState, Outcome::kUnknownOrder,
        Outcome::kSaleAccepted, Outcome::kSaleExists, Outcome::kVersionConflict,
        Outcome::kNotAllowed,   Outcome::kTicked}) {
    EXPECT_GT(seen[static_cast<std::size_t>(each)], 0u) << to_text(each);
  }
}

struct OracleStream {
  const char* name;
  StreamShape shape;

  friend std::ostream& operator<<(std::ostream& to, const OracleStream& of) {
    return to << of.name;
  }
};

class Oracle : public ::testing::TestWithParam<OracleStream> {};

TEST_P(Oracle, AgreesWithTheLedgerOnEveryRecord) { compare(seed_of_this_run(), GetParam().shape); }

INSTANTIATE_TEST_SUITE_P(
    Streams, Oracle,
    ::testing::Values(OracleStream{"Usual", {}}, OracleStream{"Calm", {.wild = 400, .odd = 0}},
                      OracleStream{"Wild", {.wild = 5, .odd = 10}},
                      OracleStream{"ManySales", {.wild = 40, .odd = 100, .new_sale = 60}}),
    [](const auto& stream) { return stream.param.name; });

// Bounds that a random crowd does not come to, told to both.
struct Both {
  Ledger ledger;
  Replay replay;
  Changes changes;

  // One more record at this time; both say the same, and this is it.
  template <class Body>
  Outcome tell(Body body, RawTime now = RawTime{1'000'000}) {
    const Record record{.body = body};
    std::vector<std::byte> bytes;
    encode(record, bytes);
    const Entry entry{ledger.position(), now, bytes, record};
    const Verdict said = ledger.apply(entry, changes);
    expect_same(said, replay.apply(entry));
    return said.outcome;
  }
  Outcome buy(const SaleTerms& terms, const std::string& buyer, const std::string& key) {
    const Claim claim = claim_of({terms.name, *Buyer::from(buyer), *Key::from(key), 1}, terms);
    return tell(
        Reserve{claim.sale, claim.order, claim.buyer, claim.key, claim.body, 1, ledger.clock()});
  }
};

SaleTerms terms_no(std::uint32_t n, std::uint32_t orders_max) {
  return {.uid = SaleUid{n},
          .name = *SaleName::from("sale-" + std::to_string(n)),
          .stock = 100,
          .orders_max = orders_max};
}

TEST(OracleBounds, AgreeOnOrdersEverOfABuyer) {
  Both both;
  const auto terms = terms_no(1, 100);
  both.tell(SaleRecord{terms});
  for (int n = 0; n < 32; ++n) EXPECT_EQ(both.buy(terms, "ann", std::to_string(n)), Outcome::kWon);
  EXPECT_EQ(both.buy(terms, "ann", "32"), Outcome::kLimitReached);
  EXPECT_EQ(both.buy(terms, "bob", "0"), Outcome::kWon);
}

TEST(OracleBounds, AgreeOnPaymentsOfASale) {
  Both both;
  const auto terms = terms_no(1, 2);
  both.tell(SaleRecord{terms});
  both.buy(terms, "ann", "k");
  const auto order = order_id_of(terms, *Buyer::from("ann"), *Key::from("k"));
  const auto pay = [&](int n) {
    return both.tell(Pay{order, *PaymentId::from("p" + std::to_string(n)), 1});
  };
  EXPECT_EQ(pay(0), Outcome::kPaid);
  for (int n = 1; n < 1'004; ++n) EXPECT_EQ(pay(n), Outcome::kRefund);
  EXPECT_EQ(pay(1'004), Outcome::kSaleFull);
  EXPECT_EQ(pay(3), Outcome::kRefund) << "asked again";
}

TEST(OracleBounds, AgreeOnTheSeason) {
  Both both;
  for (std::uint32_t n = 1; n <= 2; ++n) both.tell(SaleRecord{terms_no(n, kOrdersMaxMax)});
  EXPECT_EQ(both.tell(SaleRecord{terms_no(3, 1)}), Outcome::kSeasonFull) << "orders";
  for (const auto standing : {Standing::kClosed, Standing::kRetired}) {
    auto terms = terms_no(2, kOrdersMaxMax);
    terms.version = standing == Standing::kClosed ? 2 : 3;
    terms.standing = standing;
    EXPECT_EQ(both.tell(SaleRecord{terms}), Outcome::kSaleAccepted);
  }
  for (std::uint32_t n = 3; n <= 10'000; ++n) {
    ASSERT_EQ(both.tell(SaleRecord{terms_no(n, 1)}), Outcome::kSaleAccepted) << n;
  }
  EXPECT_EQ(both.tell(SaleRecord{terms_no(10'001, 1)}), Outcome::kSeasonFull) << "sales";
}

TEST(OracleBounds, AgreeOnLateness) {
  Both both;
  const auto terms = terms_no(1, 100);
  both.tell(SaleRecord{terms});
  const auto ask = [&](const std::string& key, std::int64_t waited) {
    const Claim claim = claim_of({terms.name, *Buyer::from("ann"), *Key::from(key), 1}, terms);
    const Reserve reserve{claim.sale, claim.order, claim.buyer, claim.key,
                          claim.body, 1,           LogTime{0}};
    return both.tell(reserve, RawTime{1'000'000 + waited});
  };
  EXPECT_EQ(ask("a", 10'000), Outcome::kWon);
  EXPECT_EQ(ask("b", 10'001), Outcome::kLate);
}

}  // namespace
}  // namespace seckill
