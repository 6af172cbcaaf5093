// Several nodes over one log (promise 8): any node answers any buyer, and none from what it knew
// before.
#include <gtest/gtest.h>
#include <random>

#include "sale/shared_log.h"
#include "sale/test_shop.h"
#include "support/dice.h"

namespace seckill {
namespace {

using enum Outcome;

class SharedSale : public ::testing::Test {
 protected:
  SharedSale() {
    log.write({{}, Tick{kNewestRules, Position{}, Digest{}, 42}}, now.raw);
    log.write({{}, SaleRecord{terms_of(1, "car", 2, /*per_buyer=*/1)}}, now.raw);
    log.write({{}, SaleRecord{terms_of(2, "toy", 5, 0, milliseconds(1'000))}}, now.raw);
    a = std::make_unique<SharedNode>(log, Node{1}, now);
    b = std::make_unique<SharedNode>(log, Node{2}, now);
  }
  void pass(milliseconds time) {
    now.raw = now.raw + time;
    now.steady = now.steady + time;
  }
  // Buys at that node, alone, to the end.
  Verdict bought(SharedNode& node, const Ask& what) {
    node.see();
    const auto who = node.ask(what);
    for (int i = 0; i < 5 && !node.heard(who); ++i) {
      pass(milliseconds(20));
      node.turn(now);
    }
    return node.told.at(who);
  }

  SharedLog log;
  Now now{RawTime{10'000'000}, SteadyTime{0}};
  std::unique_ptr<SharedNode> a, b;
};

// A2: bought at one node, asked again at another that has not seen it yet: the same order, and
// never "sold out" from an old view.
TEST_F(SharedSale, A2_TheSameKeyIsTheSameOrderAtEveryNode) {
  const Verdict won = bought(*a, buy_of("car", "anna", "k1"));
  ASSERT_EQ(won.outcome, kWon);
  ASSERT_EQ(bought(*a, buy_of("car", "bert", "k1")).outcome, kWon);  // b has seen nothing of it
  const auto again = b->ask(buy_of("car", "anna", "k1"));
  const auto late = b->ask(buy_of("car", "carl", "k1"));
  EXPECT_TRUE(b->told.empty()) << "b believes there are two left";
  b->turn(now);
  EXPECT_EQ(b->told.at(again).outcome, kReplayed);
  EXPECT_EQ(b->told.at(again).order, won.order);
  EXPECT_EQ(b->told.at(late).outcome, kSoldOut);
}

// A no is no older than its asking: a unit that came back elsewhere, before he asked, is his.
TEST_F(SharedSale, A2_NobodyIsRefusedFromAnOldView) {
  const Verdict first = bought(*a, buy_of("car", "anna", "k1"));
  bought(*a, buy_of("car", "bert", "k1"));
  b->see();
  ASSERT_EQ(bought(*a, CancelAsk{first.order}).outcome, kCancelled);  // b believes: sold out
  const auto carl = b->ask(buy_of("car", "carl", "k1"));
  EXPECT_FALSE(b->heard(carl));
  b->turn(now);  // the barrier: a unit is there after all
  EXPECT_FALSE(b->heard(carl));
  b->turn(now);  // his own record
  EXPECT_EQ(b->told.at(carl).outcome, kWon);
}

// An order that another node has granted can be paid and cancelled here, though it is news here.
TEST_F(SharedSale, A2_AnOrderOfAnotherNodeIsKnownBehindTheBarrier) {
  const Verdict won = bought(*a, buy_of("toy", "anna", "k1"));
  const auto paid = b->ask(PayAsk{won.order, *PaymentId::from("p1"), 1});
  EXPECT_FALSE(b->heard(paid));
  b->turn(now);
  b->turn(now);
  EXPECT_EQ(b->told.at(paid).outcome, kPaid);
  const auto unknown = b->ask(CancelAsk{OrderId{{1, 2}}});
  pass(milliseconds(20));
  b->turn(now);
  EXPECT_EQ(b->told.at(unknown).outcome, kUnknownOrder);
}

// Told at one node, looked at from another: there it is, in the state that was told.
TEST_F(SharedSale, A2_AnOrderOfAnotherNodeIsSeenBehindTheBarrier) {
  const Verdict won = bought(*a, buy_of("toy", "anna", "k1"));
  const auto seen = b->ask(LookAsk{won.order});
  const auto unknown = b->ask(LookAsk{OrderId{{1, 2}}});
  EXPECT_TRUE(b->told.empty());
  b->turn(now);
  EXPECT_EQ(b->told.at(seen).outcome, kFound);
  EXPECT_EQ(b->told.at(unknown).outcome, kUnknownOrder);
  ASSERT_EQ(bought(*a, CancelAsk{won.order}).outcome, kCancelled);
  const auto again = b->ask(LookAsk{won.order});
  pass(milliseconds(20));
  b->turn(now);
  EXPECT_EQ(b->told.at(again).outcome, kFound);
  EXPECT_EQ(b->shell->sale().ledger().find(won.order)->state, OrderState::kCancelled);
}

// Made at one node, looked for at another: it is there.
TEST_F(SharedSale, A2_ASaleOfAnotherNodeIsSeenBehindTheBarrier) {
  ASSERT_EQ(bought(*a, SaleAsk{terms_of(3, "hat", 1)}).outcome, kSaleAccepted);
  const auto seen = b->ask(SaleLookAsk{*SaleName::from("hat")});
  const auto unknown = b->ask(SaleLookAsk{*SaleName::from("bus")});
  EXPECT_TRUE(b->told.empty());
  b->turn(now);
  EXPECT_EQ(b->told.at(seen).outcome, kFound);
  EXPECT_EQ(b->told.at(unknown).outcome, kUnknownSale);
}

// A barrier that began before he asked proves nothing to him.
TEST_F(SharedSale, A2_ATurnThatIsUnderWayIsNoBarrierForWhoeverComesNow) {
  const auto early = b->ask(buy_of("bus", "anna", "k1"));
  b->shell->idle();
  ASSERT_FALSE(b->journal.flying.empty());
  const auto late = b->ask(buy_of("bus", "anna", "k2"));
  b->journal.land(now.raw);
  b->see();
  EXPECT_TRUE(b->heard(early));
  EXPECT_FALSE(b->heard(late));
  pass(milliseconds(20));
  b->turn(now);
  EXPECT_EQ(b->told.at(late).outcome, kUnknownSale);
}

// A crowd of the hopeless costs one TICK in 20 ms, however large it is.
TEST_F(SharedSale, ManyWhoWaitForABarrierCostOneRecord) {
  bought(*a, buy_of("car", "anna", "k1"));
  bought(*a, buy_of("car", "bert", "k1"));
  b->see();
  const auto before = b->journal.appends;
  for (int ms = 0; ms < 100; ++ms) {
    for (int n = 0; n < 10; ++n) b->ask(buy_of("car", "c" + std::to_string(ms * 10 + n), "k"));
    b->turn(now);
    pass(milliseconds(1));
    b->shell->pass();
  }
  pass(milliseconds(20));
  b->turn(now);
  EXPECT_EQ(b->told.size(), 1'000u);
  EXPECT_LE(b->journal.appends - before, 7u);
}

// The barrier's outcome is unknown: so is what he would have been told.
TEST_F(SharedSale, WithoutABarrierNobodyIsRefused) {
  const auto anna = b->ask(buy_of("bus", "anna", "k1"));
  const auto bert = b->ask(CancelAsk{OrderId{{1, 2}}});
  const auto carl = b->ask(LookAsk{OrderId{{1, 2}}});  // nothing of his could be recorded
  const auto dora = b->ask(SaleLookAsk{*SaleName::from("bus")});
  b->shell->idle();
  b->journal.give_up();
  b->shell->pump();
  EXPECT_EQ(b->told.at(anna).outcome, kUnsure);
  EXPECT_EQ(b->told.at(bert).outcome, kUnsure);
  EXPECT_EQ(b->told.at(carl).outcome, kBusy);
  EXPECT_EQ(b->told.at(dora).outcome, kBusy);
}

// The twin of a claim that is refused asked later than it was sent: he may have been told of an
// order at another node meanwhile (I5).
TEST_F(SharedSale, I5_ATwinIsNotRefusedByARecordOlderThanHisAsking) {
  const Verdict first = bought(*b, buy_of("car", "anna", "k1"));
  a->see();
  const auto carl = a->ask(buy_of("car", "carl", "k1"));
  a->shell->idle();  // on its way …
  ASSERT_EQ(bought(*b, buy_of("car", "bert", "k1")).outcome, kWon);
  a->journal.land(now.raw);  // … it comes too late: sold out
  ASSERT_EQ(bought(*b, CancelAsk{first.order}).outcome, kCancelled);
  const Verdict won = bought(*b, buy_of("car", "carl", "k1"));
  ASSERT_EQ(won.outcome, kWon);  // told at b
  const auto twin = a->ask(buy_of("car", "carl", "k1"));
  a->see(6);
  EXPECT_EQ(a->told.at(carl).outcome, kSoldOut);
  pass(milliseconds(20));
  a->turn(now);
  ASSERT_TRUE(a->heard(twin));
  EXPECT_EQ(a->told.at(twin).outcome, kReplayed);
  EXPECT_EQ(a->told.at(twin).order, won.order);
}

// Holds end by the log's clock: a node whose own runs ahead ends none early, one that runs behind
// ends them in time.
TEST_F(SharedSale, A13_HoldsEndByTheLogsClock) {
  for (const std::int64_t skew : {-3'600'000, 3'600'000}) {
    SharedNode node(log, Node{3}, now, milliseconds(skew));
    const Verdict won = bought(node, buy_of("toy", "anna", "k" + std::to_string(skew + 9'999'999)));
    ASSERT_EQ(won.outcome, kWon);
    pass(milliseconds(500));
    node.shell->pass();
    node.turn(now);
    EXPECT_EQ(node.sale->ledger().find(won.order)->state, OrderState::kHeld) << skew;
    pass(milliseconds(600));
    node.shell->pass();
    node.turn(now);
    EXPECT_EQ(node.sale->ledger().find(won.order)->state, OrderState::kExpired) << skew;
  }
}

// Whoever is looked at again is judged by the time that the barrier itself brought: the log's clock
// may have stepped, and others were told by it already.
TEST_F(SharedSale, A13_ABarrierBringsTheTime) {
  auto terms = terms_of(4, "bus", 5, 0);
  terms.starts_at = now.raw + milliseconds(60'000);
  log.write({{}, SaleRecord{terms}}, now.raw);
  b->see();
  const auto anna = b->ask(buy_of("bus", "anna", "k1"));
  b->shell->idle();
  b->journal.land(terms.starts_at);
  b->see();
  EXPECT_FALSE(b->heard(anna)) << "it has begun";
  b->shell->idle();
  b->journal.land(terms.starts_at);
  b->see();
  ASSERT_TRUE(b->heard(anna));
  EXPECT_EQ(b->told.at(anna).outcome, kWon);
}

// A7: no crowd of the hopeless keeps money out, or an operator, though they must wait for the same
// barrier.
TEST_F(SharedSale, A7_MoneyHasItsOwnPlaceBeforeTheBarrier) {
  const Verdict won = bought(*a, buy_of("toy", "anna", "k1"));
  SaleLimits limits;
  limits.waiting_max = 3;
  SharedNode small(log, Node{3}, now, milliseconds(0), nullptr, limits);
  for (int n = 0; n < 5; ++n) small.ask(buy_of("nothing", "b" + std::to_string(n), "k"));
  EXPECT_EQ(small.told.size(), 2u) << "three may wait";
  const Verdict late = bought(*a, buy_of("toy", "bert", "k1"));
  const auto known = small.ask(PayAsk{won.order, *PaymentId::from("p1"), 1});
  const auto news = small.ask(PayAsk{late.order, *PaymentId::from("p2"), 1});
  const auto change = small.ask(SaleLookAsk{*SaleName::from("car"), /*to_change=*/true});
  EXPECT_FALSE(small.heard(known));
  EXPECT_FALSE(small.heard(news));
  EXPECT_FALSE(small.heard(change));
  for (int turns = 0; turns < 3; ++turns) small.turn(now);
  ASSERT_TRUE(small.heard(known) && small.heard(news));
  EXPECT_EQ(small.told.at(known).outcome, kPaid);
  EXPECT_EQ(small.told.at(news).outcome, kPaid);
  EXPECT_EQ(small.told.at(change).outcome, kFound);
}

// A14: a node that has decided otherwise, or is newer, stops the others by its next TICK.
TEST_F(SharedSale, A14_ANodeWithOtherRulesStopsUs) {
  log.write({{Node{9}, {}}, Tick{kNewestRules, Position{2}, Digest{1234}, 1}}, now.raw);
  a->see();
  ASSERT_EQ(a->stops.size(), 1u);
  EXPECT_NE(a->stops[0].find("decided otherwise"), std::string::npos) << a->stops[0];
  SharedNode older(log, Node{5}, now);
  log.write({{Node{9}, {}}, Tick{Rules{2}, Position{}, Digest{}, 1}}, now.raw);
  older.see();
  ASSERT_EQ(older.stops.size(), 1u);
}

// Any schedule of two nodes: records that land late, twice or never, views that are old. Whoever
// was told of an order has it in every replay, one key is one order at every node, and nobody is
// refused who had been told of an order before he asked (I5, I8).
class TwoNodes {
 public:
  explicit TwoNodes(std::uint64_t seed) : random_(seed) {
    log_.write({{}, Tick{kNewestRules, Position{}, Digest{}, 42}}, now_.raw);
    log_.write({{}, SaleRecord{terms_of(1, "car", 20, 2)}}, now_.raw);
    for (std::uint64_t n = 0; n < 2; ++n)
      nodes_.push_back(std::make_unique<SharedNode>(log_, Node{n + 1}, now_));
  }
  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      learn();
      if (::testing::Test::HasFatalFailure()) return;
    }
    for (int i = 0; i < 200; ++i) {
      now_.raw = now_.raw + milliseconds(25);
      now_.steady = now_.steady + milliseconds(25);
      for (auto& node : nodes_) node->turn(now_);
      learn();
    }
    for (const Asking& one : askings_) ASSERT_TRUE(one.answered) << "always an answer (I11)";
    for (auto& node : nodes_) node->see();
    ASSERT_EQ(nodes_[0]->sale->ledger().digest(), nodes_[1]->sale->ledger().digest());
    Ledger replayed;
    Changes changes;
    for (const Entry& entry : log_.entries()) replayed.apply(entry, changes);
    for (const auto& [key, order] : told_) ASSERT_NE(replayed.find(order), nullptr);
  }

 private:
  struct Asking {
    std::size_t node;
    std::uint32_t who;
    std::string key;
    bool had_order;  // somebody had been told of it before this asking
    bool answered = false;
  };

  std::uint64_t die(std::uint64_t sides) { return random_() % sides; }

  void step() {
    const std::uint64_t what = die(20);
    SharedNode& node = *nodes_[die(2)];
    const auto micros = microseconds(static_cast<std::int64_t>(die(3'000)));
    now_.steady = now_.steady + micros;
    if (die(3) == 0) now_.raw = now_.raw + milliseconds(1);
    if (what < 9) return ask();
    if (what < 11) return cancel();
    if (what < 14) return node.shell->idle();
    if (what < 15) return node.shell->pass();
    if (what < 17) return node.see(node.journal.shown() + die(8));
    if (node.journal.flying.empty()) return;
    if (what < 18) {
      const auto lost = node.journal.give_up();
      if (die(2) == 0) late_.push_back(lost);
      if (die(2) == 0 && !late_.empty()) {
        for (const Record& record : late_.back()) log_.write(record, now_.raw);
        if (die(2) == 0) late_.pop_back();  // else it comes again, later
      }
      return node.shell->pump();
    }
    if (die(8) == 0) late_.push_back(node.journal.flying);
    node.journal.land(now_.raw);
  }

  void ask() {
    const std::string buyer = "b" + std::to_string(die(25)), key = "k" + std::to_string(die(2));
    const std::size_t at = die(2);
    const bool had = told_.count(buyer + key) > 0;
    askings_.push_back({at, 0, buyer + key, had});
    askings_.back().who = nodes_[at]->ask(buy_of("car", buyer, key));
  }

  void cancel() {
    if (told_.empty()) return;
    auto one = told_.begin();
    std::advance(one, static_cast<std::ptrdiff_t>(die(told_.size())));
    nodes_[die(2)]->ask(CancelAsk{one->second});
  }

  void learn() {
    for (Asking& one : askings_) {
      const auto& told = nodes_[one.node]->told;
      const auto heard = told.find(one.who);
      if (one.answered || heard == told.end()) continue;
      one.answered = true;
      const Verdict& verdict = heard->second;
      if (verdict.gives()) {
        const auto [at, is_new] = told_.emplace(one.key, verdict.order);
        ASSERT_EQ(at->second, verdict.order) << "one key, one order";
      } else if (one.had_order) {
        ASSERT_TRUE(verdict.outcome == kUnsure || verdict.outcome == kBusy)
            << one.key << " was told of an order, and now hears " << to_text(verdict.outcome);
      }
    }
  }

  std::mt19937_64 random_;
  Now now_{RawTime{1'000'000}, SteadyTime{0}};
  SharedLog log_;
  std::vector<std::unique_ptr<SharedNode>> nodes_;
  std::vector<Asking> askings_;
  std::map<std::string, OrderId> told_;
  std::vector<std::vector<Record>> late_;
};

TEST(SharedSaleRandom, NodesNeverContradictEachOther) {
  const std::uint64_t seed = seed_of_this_run();
  for (std::uint64_t round = 0; round < 150; ++round) {
    SCOPED_TRACE("SECKILL_SEED=" + std::to_string(seed + round));
    TwoNodes(seed + round).run(1'000);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace seckill
