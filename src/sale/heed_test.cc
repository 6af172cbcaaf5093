// The counter may be wrong both ways (promise 9): too low, too high, emptied, stale, silent, two of
// it. Who wins is decided by the ledger all the same, and everybody who can be served is served.
#include <gtest/gtest.h>

#include "counter/twin.h"
#include "sale/shared_log.h"
#include "sale/test_shop.h"
#include "support/dice.h"

namespace seckill {
namespace {

using enum Outcome;

class HeededCounter : public ::testing::Test {
 protected:
  HeededCounter() {
    log.write({{}, Tick{kNewestRules, Position{}, Digest{}, 42}}, now.raw);
    log.write({{}, SaleRecord{terms_of(1, "car", 3)}}, now.raw);
    log.write({{}, SaleRecord{terms_of(2, "toy", 500, 0, milliseconds(60'000))}}, now.raw);
    a = std::make_unique<SharedNode>(log, Node{1}, now, milliseconds(0), &counter_a);
    b = std::make_unique<SharedNode>(log, Node{2}, now, milliseconds(0), &counter_b);
    for (SharedNode* node : {a.get(), b.get()}) node->shell->pump_counter();  // connected
  }
  void pass(milliseconds time) {
    now.raw = now.raw + time;
    now.steady = now.steady + time;
  }
  // Time passes in small steps, and both nodes do what they wish.
  void play(milliseconds time) {
    for (auto left = time.count(); left > 0; left -= 10) {
      pass(milliseconds(10));
      for (SharedNode* node : {a.get(), b.get()}) {
        node->see();
        node->shell->pass();
        node->turn(now);
      }
    }
  }
  std::uint32_t buy(SharedNode& node, const char* sale, const std::string& buyer) {
    return node.ask(buy_of(sale, buyer, "k"));
  }
  // Two claims in a row: a turn that waits for the counter.
  std::uint32_t buy_two(SharedNode& node, const char* sale, const std::string& buyer) {
    const auto first = buy(node, sale, buyer);
    buy(node, sale, "beside-" + buyer);
    return first;
  }
  std::uint32_t left(std::uint32_t sale) {
    const auto& lefts = server.lefts();
    const auto found = lefts.find(SaleUid{sale});
    return found == lefts.end() ? 9'999 : static_cast<std::uint32_t>(found->second.left);
  }
  std::uint32_t available(std::uint32_t sale) {
    return a->sale->ledger().sale(SaleUid{sale})->available();
  }

  SharedLog log;
  Now now{RawTime{10'000'000}, SteadyTime{0}};
  TwinServer server;
  TwinMood mood_a, mood_b;
  TwinCounter counter_a{server, mood_a, [this] { return now; }};
  TwinCounter counter_b{server, mood_b, [this] { return now; }};
  std::unique_ptr<SharedNode> a, b;
};

// One call for all that a turn wants, of each sale what its claims want together.
TEST_F(HeededCounter, IsAskedOnceATurn) {
  a->see();
  const auto before = counter_a.takes;
  buy(*a, "car", "anna"), buy(*a, "toy", "anna"), buy(*a, "toy", "bert");
  a->shell->idle();
  EXPECT_EQ(counter_a.takes, before + 1);
  EXPECT_TRUE(a->journal.flying.empty()) << "not before it has answered";
  EXPECT_EQ(left(1), 2u);
  EXPECT_EQ(left(2), 498u);
  a->shell->pump_counter();
  EXPECT_EQ(a->journal.flying.size(), 3u) << "and then at once, although nobody is idle";
}

// Its no would spare a record and cost a barrier, which is one, too. It is told soon.
TEST_F(HeededCounter, IsNotAskedForAClaimThatGoesAlone) {
  a->see();
  server.set(SaleUid{1}, {0, Position{1'000'000'000}, now.raw});
  const auto before = counter_a.takes;
  const auto anna = buy(*a, "toy", "anna");
  a->shell->idle();
  EXPECT_EQ(a->journal.flying.size(), 1u) << "at once";
  const auto bert = buy(*a, "car", "bert");
  a->turn(now);
  EXPECT_EQ(a->told.at(anna).outcome, kWon);
  a->turn(now);
  EXPECT_EQ(a->told.at(bert).outcome, kWon) << "whatever the counter says";
  EXPECT_EQ(counter_a.takes, before);
  play(milliseconds(210));
  EXPECT_EQ(left(2), 499u);
}

// Two who ask as soon as they are answered: one of them is always in flight, and is told of.
TEST_F(HeededCounter, IsToldOfThoseWhoComeAloneWithoutEnd) {
  a->see();
  const auto before = counter_a.takes;
  buy(*a, "toy", "first");
  a->shell->idle();
  for (int n = 0; n < 100; ++n) {
    buy(*a, "toy", "b" + std::to_string(n));
    a->journal.land(now.raw);
    a->see();
    a->shell->idle();
    ASSERT_EQ(a->journal.flying.size(), 1u) << "the next one";
    pass(milliseconds(10));
  }
  EXPECT_LT(left(2), 430u);
  EXPECT_GE(left(2), 400u);
  EXPECT_LE(counter_a.takes, before + 6) << "five times a second";
}

// What a record changed is told soon; what may have been set back in silence a little later.
TEST_F(HeededCounter, IsToldTheRestLater) {
  play(milliseconds(2'000));
  server.set(SaleUid{2}, {7, a->sale->ledger().position(), now.raw});
  buy(*a, "car", "anna");
  play(milliseconds(400));
  EXPECT_EQ(left(1), 2u);
  EXPECT_EQ(left(2), 7u);
  play(milliseconds(1'300));
  EXPECT_EQ(left(2), 500u);
}

// Money and returns go while a claim waits for the counter; they are never asked for.
TEST_F(HeededCounter, KeepsNoMoneyWaiting) {
  const auto anna = buy(*a, "toy", "anna");
  play(milliseconds(100));
  const OrderId order = a->told.at(anna).order;
  mood_a.way = TwinMood::Way::kLost;
  buy_two(*a, "toy", "bert");
  a->shell->idle();
  const auto paid = a->ask(PayAsk{order, *PaymentId::from("p1"), 1});
  a->turn(now);
  EXPECT_EQ(a->told.at(paid).outcome, kPaid);
  EXPECT_TRUE(a->sale->hint().waits());
}

// It says 0 where there are three: nobody hears "sold out", and all are served soon.
TEST_F(HeededCounter, ItsNoIsNoWordToAnybody) {
  a->see(), b->see();
  server.set(SaleUid{1}, {0, b->sale->ledger().position(), now.raw});
  std::vector<std::uint32_t> asked;
  for (const char* buyer : {"anna", "bert", "carl"}) asked.push_back(buy(*a, "car", buyer));
  const auto twin = buy(*a, "car", "carl");
  a->turn(now);
  EXPECT_TRUE(a->told.empty());
  EXPECT_EQ(a->sale->stats().put_off, 3u);
  play(milliseconds(400));
  for (const auto who : asked) EXPECT_EQ(a->told.at(who).outcome, kWon);
  EXPECT_EQ(a->told.at(twin).outcome, kReplayed);
}

// A position that the journal will never reach is never overwritten: somebody wrote nonsense, or it
// is another journal's. It is not believed for ever.
TEST_F(HeededCounter, WrongForEverItStopsNoSale) {
  server.set(SaleUid{2}, {0, Position{1'000'000'000}, now.raw});
  const auto anna = buy_two(*a, "toy", "anna"), bert = buy_two(*b, "toy", "bert");
  play(milliseconds(2'000));
  EXPECT_EQ(a->told.at(anna).outcome, kWon);
  EXPECT_EQ(b->told.at(bert).outcome, kWon);
  EXPECT_GE(a->sale->hint().doubts(), 1u);
  const auto carl = buy_two(*a, "toy", "carl");  // …: now and then it is asked again
  play(milliseconds(3'000));
  EXPECT_EQ(a->told.at(carl).outcome, kWon);
}

// It says a thousand where there are three: the ledger sells three.
TEST_F(HeededCounter, TooHighItSellsNothingThatIsNotThere) {
  a->see(), b->see();
  for (int n = 0; n < 3; ++n) {
    server.set(SaleUid{1}, {1'000, Position{1'000'000'000}, now.raw});
    for (int i = 0; i < 3; ++i) {
      buy(*a, "car", "a" + std::to_string(n * 3 + i));
      buy(*b, "car", "b" + std::to_string(n * 3 + i));
    }
    play(milliseconds(100));
  }
  int won = 0;
  for (const SharedNode* node : {a.get(), b.get()}) {
    ASSERT_EQ(node->told.size(), 9u);
    for (const auto& [who, verdict] : node->told) won += verdict.gives() ? 1 : 0;
  }
  EXPECT_EQ(won, 3);
}

// What it is for: four nodes' surplus leaves no records.
TEST_F(HeededCounter, SparesTheSurplus) {
  a->see(), b->see();
  for (int i = 0; i < 3; ++i) {
    buy(*a, "car", "a" + std::to_string(i));
    buy(*b, "car", "b" + std::to_string(i));
  }
  a->shell->idle(), b->shell->idle();
  a->shell->pump_counter(), b->shell->pump_counter();
  EXPECT_EQ(a->journal.flying.size(), 3u);
  EXPECT_EQ(b->sale->stats().put_off, 3u) << "b knows of nothing, but the counter does";
}

// Silence costs its patience once, then nothing for a second.
TEST_F(HeededCounter, SilentItIsWaitedForOnceASecond) {
  a->see();
  mood_a.way = TwinMood::Way::kLost;
  const auto before = counter_a.takes;
  const auto anna = buy_two(*a, "toy", "anna");
  a->shell->idle();
  EXPECT_EQ(a->shell->wake(), now.steady + Hint::kPatience);
  pass(milliseconds(49));
  a->shell->pass();
  EXPECT_TRUE(a->journal.flying.empty());
  pass(milliseconds(1));
  a->shell->pass();
  a->turn(now);
  EXPECT_EQ(a->told.at(anna).outcome, kWon);
  for (int n = 0; n < 90; ++n) {
    const auto who = buy_two(*a, "toy", "b" + std::to_string(n));
    a->turn(now);
    EXPECT_EQ(a->told.at(who).outcome, kWon) << "at once";
    pass(milliseconds(10));
  }
  EXPECT_EQ(counter_a.takes, before + 1);
  pass(milliseconds(150));
  buy_two(*a, "toy", "carl");
  a->turn(now);
  EXPECT_EQ(a->sale->hint().asks(), 2u);
}

TEST_F(HeededCounter, RefusedItIsNotWaitedFor) {
  mood_a.way = TwinMood::Way::kRefuses;
  const auto anna = buy_two(*a, "car", "anna");
  a->turn(now);
  EXPECT_EQ(a->told.at(anna).outcome, kWon);
  EXPECT_EQ(a->sale->hint().unknown(), 1u);
}

// An answer that comes after its time is nobody's.
TEST_F(HeededCounter, TooLateItsAnswerIsDropped) {
  a->see();
  mood_a.delay = milliseconds(200);
  server.set(SaleUid{2}, {0, Position{1'000'000}, now.raw});
  const auto anna = buy_two(*a, "toy", "anna");
  a->shell->idle();
  pass(milliseconds(60));
  a->shell->pass();
  ASSERT_EQ(a->journal.flying.size(), 2u);
  pass(milliseconds(200));
  const auto bert = buy(*a, "toy", "bert");
  a->shell->pump_counter();  // it says 0, of anna's and her neighbour's, which are in flight
  EXPECT_EQ(a->sale->stats().put_off, 0u);
  a->turn(now);
  a->turn(now);
  EXPECT_EQ(a->told.at(anna).outcome, kWon);
  EXPECT_EQ(a->told.at(bert).outcome, kWon);
}

// I3: once all is quiet it says what the ledger says: after wins, returns, lost appends, and when
// it was emptied or set back and connected anew.
TEST_F(HeededCounter, I3_AtRestItSaysWhatTheLedgerSays) {
  std::vector<std::uint32_t> asked;
  for (int n = 0; n < 20; ++n) asked.push_back(buy(*a, "toy", "b" + std::to_string(n)));
  play(milliseconds(30));
  const auto stale = server.lefts();
  play(milliseconds(4'000));
  EXPECT_EQ(left(2), 480u);
  b->ask(CancelAsk{a->told.at(asked[0]).order});
  buy_two(*a, "toy", "late");
  a->shell->idle();
  a->shell->pump_counter();
  ASSERT_EQ(left(2), 478u);
  a->journal.give_up();  // taken there, and never sold
  a->shell->pump();
  play(milliseconds(4'000));
  ASSERT_EQ(available(2), 481u);
  EXPECT_EQ(left(2), 481u);

  server.put_back(stale);
  counter_a.reconnect(), counter_b.reconnect();
  play(milliseconds(3'000));
  EXPECT_EQ(left(2), 481u);
  server.wipe();
  counter_a.reconnect(), counter_b.reconnect();
  play(milliseconds(3'000));
  EXPECT_EQ(left(2), 481u);
  EXPECT_EQ(left(1), 3u);
}

// … and when it would not hear (it was full, or loaded its data), though nobody buys any more.
TEST_F(HeededCounter, I3_WhatItRefusedToHearIsToldAgain) {
  play(milliseconds(2'000));
  ASSERT_EQ(left(1), 3u);
  mood_a.way = mood_b.way = TwinMood::Way::kRefuses;
  buy_two(*a, "car", "anna");
  play(milliseconds(10'000));
  ASSERT_EQ(available(1), 1u);
  EXPECT_EQ(left(1), 3u);
  const auto takes = counter_a.takes;
  play(milliseconds(10'000));
  EXPECT_LE(counter_a.takes - takes, 7u) << "patiently";
  mood_a.way = mood_b.way = TwinMood::Way::kAnswers;
  play(milliseconds(3'000));
  EXPECT_EQ(left(1), 1u);
}

// Whoever waits for the counter when there is no room any more, or when it drains, hears so.
TEST_F(HeededCounter, NobodyIsForgottenWhileItThinks) {
  mood_a.way = TwinMood::Way::kLost;
  const auto anna = buy_two(*a, "toy", "anna");
  a->shell->idle();
  ASSERT_TRUE(a->sale->hint().waits());
  a->sale->drain();
  EXPECT_FALSE(a->sale->quiet());
  pass(milliseconds(60));
  a->shell->pass();
  a->turn(now);
  EXPECT_EQ(a->told.at(anna).outcome, kWon);
  EXPECT_TRUE(a->sale->quiet());
}

// The last word of a node that leaves is the truth.
TEST_F(HeededCounter, I3_WhoDrainsTellsItFirst) {
  const auto anna = buy_two(*a, "toy", "anna");
  a->turn(now);
  a->ask(CancelAsk{a->told.at(anna).order});
  ASSERT_EQ(left(2), 498u);
  a->sale->drain();
  a->turn(now);
  EXPECT_EQ(left(2), 499u);
}

// So is that of one who has seen others' records, and adds none.
TEST_F(HeededCounter, I3_WhoDrainsTellsWhatOthersDid) {
  buy_two(*a, "car", "anna");
  a->turn(now);
  b->see();
  server.set(SaleUid{1}, {7, Position{1}, now.raw});
  b->sale->drain();
  b->shell->pass();
  EXPECT_EQ(left(1), 1u);
}

// Without other nodes it is asked, too, and its no is looked at again behind a barrier.
TEST(HeededAlone, ANodeAloneHeedsItLikewise) {
  SaleLimits limits;
  limits.counter = true;
  TwinServer server;
  TwinMood mood;
  Shop shop({terms_of(1, "car", 2)}, limits);
  TwinCounter counter(server, mood, [&] { return shop.now; });
  std::map<Who, Outcome> told;
  Shell shell(
      *shop.sale, shop.journal, [&] { return shop.now; },
      [&](std::span<const Answer> answers) {
        for (const Answer& answer : answers) told[answer.who] = answer.verdict.outcome;
      },
      [](const std::string&) {}, &counter);
  server.set(SaleUid{1}, {0, shop.sale->ledger().position(), shop.now.raw});
  shell.ask({1, 1}, buy_of("car", "anna", "k"));
  shell.ask({1, 2}, buy_of("car", "bert", "k"));
  for (int n = 0; n < 30; ++n) {
    shell.idle();
    shell.pump_counter();
    if (shop.journal.flying()) shop.journal.come_back();
    shell.pump();
    shop.pass(milliseconds(10));
  }
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ((told[{1, 1}]), kWon);
  EXPECT_EQ((told[{1, 2}]), kWon);
  EXPECT_GE(shop.sale->stats().put_off, 2u);
}

// Any schedule of three nodes over one log and a counter that is emptied, set back, split, slow,
// silent: nobody is told a no while a unit is his, one key is one order, everybody is answered, and
// when it is quiet all is sold and the counter says so.
class Rush {
 public:
  explicit Rush(std::uint64_t seed) : dice_(seed) {
    log_.write({{}, Tick{kNewestRules, Position{}, Digest{}, 42}}, now_.raw);
    log_.write({{}, SaleRecord{terms_of(1, "car", kStock, 1)}}, now_.raw);
    for (std::uint64_t n = 0; n < kNodes; ++n) {
      moods_.push_back(std::make_unique<TwinMood>());
      moods_.back()->side = static_cast<int>(n % 2);
      counters_.push_back(
          std::make_unique<TwinCounter>(server_, *moods_.back(), [this] { return now_; }));
      nodes_.push_back(std::make_unique<SharedNode>(log_, Node{n + 1}, now_, milliseconds(0),
                                                    counters_.back().get()));
    }
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    for (auto& mood : moods_) mood->way = TwinMood::Way::kAnswers, mood->delay = microseconds(0);
    if (server_.is_split()) server_.heal(static_cast<int>(dice_.below(2)));
    rest(400);
    for (int n = 0; n < 60; ++n) ask("late" + std::to_string(n));  // more than there can be
    rest(600);
    check();
  }

 private:
  static constexpr std::uint32_t kStock = 40;
  static constexpr std::uint64_t kNodes = 3;

  void pass(microseconds time) {
    spent_ = spent_ + time;
    now_.steady = now_.steady + time;
    now_.raw = RawTime{10'000'000 + spent_.us / 1'000};
  }
  void ask(const std::string& buyer) {
    nodes_[dice_.below(kNodes)]->ask(buy_of("car", buyer, "k"));
    ++asked_;
  }
  void step() {
    pass(microseconds(dice_.between(0, 8'000)));
    SharedNode& node = *nodes_[dice_.below(kNodes)];
    const auto what = dice_.below(24);
    if (what < 8) return ask("b" + std::to_string(dice_.below(60)));
    if (what < 12) return node.shell->idle();
    if (what < 14) return node.shell->pass();
    if (what < 17) return node.see(node.journal.shown() + dice_.below(8));
    if (what < 20) return node.shell->pump_counter();
    if (what < 22 && !node.journal.flying.empty()) {
      if (!dice_.one_in(6)) return node.journal.land(now_.raw);
      node.journal.give_up();
      return node.shell->pump();
    }
    if (what == 22 && dice_.one_in(3)) trouble();
  }
  void trouble() {
    const std::size_t at = dice_.below(kNodes);
    TwinMood& mood = *moods_[at];
    switch (dice_.below(7)) {
      case 0: return server_.wipe();
      case 1: snapshot_ = server_.lefts(); break;
      case 2: return server_.put_back(snapshot_);
      case 3: return server_.is_split() ? server_.heal(0) : server_.split();
      case 4: mood.way = static_cast<TwinMood::Way>(dice_.below(4)); break;
      case 5: mood.delay = microseconds(dice_.between(0, 70'000)); break;
      default: counters_[at]->reconnect();
    }
    mood.slow_there = dice_.one_in(2);
  }
  void rest(int turns) {
    for (int i = 0; i < turns; ++i) {
      pass(milliseconds(10));
      for (auto& node : nodes_) {
        node->see();
        node->shell->pass();
        node->turn(now_);
      }
    }
  }
  void check() {
    std::size_t told = 0, won = 0;
    std::map<OrderId, int> orders;
    for (auto& node : nodes_) {
      node->see();
      told += node->told.size();
      for (const auto& [who, verdict] : node->told) {
        if (verdict.outcome == kWon) ++won, ++orders[verdict.order];
      }
    }
    ASSERT_EQ(told, asked_) << "always an answer (I11)";
    ASSERT_EQ(won, orders.size()) << "an order is won once";
    const SaleView* car = nodes_[0]->sale->ledger().sale(SaleUid{1});
    ASSERT_EQ(car->available(), 0u) << "whoever could be served was";
    ASSERT_EQ(car->held, kStock);
    const auto left = server_.lefts().find(SaleUid{1});
    if (left != server_.lefts().end()) {  // emptied, and nobody has asked since
      ASSERT_EQ(left->second.left, 0) << "I3";
    }
  }

  Dice dice_;
  Now now_{RawTime{10'000'000}, SteadyTime{0}};
  SteadyTime spent_{0};
  SharedLog log_;
  TwinServer server_;
  TwinServer::Lefts snapshot_;
  std::vector<std::unique_ptr<TwinMood>> moods_;
  std::vector<std::unique_ptr<TwinCounter>> counters_;
  std::vector<std::unique_ptr<SharedNode>> nodes_;
  std::size_t asked_ = 0;
};

TEST(HeededRandom, NoCounterIsWrongEnoughToMatter) {
  const std::uint64_t seed = seed_of_this_run();
  for (std::uint64_t round = 0; round < 150; ++round) {
    SCOPED_TRACE("SECKILL_SEED=" + std::to_string(seed + round));
    Rush(seed + round).run(600);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace seckill
