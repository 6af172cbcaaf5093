// When turns start (the flush rule, ticks), and how those who wait for them are kept.
#include "sale/turn.h"

#include <gtest/gtest.h>

#include "sale/test_shop.h"

namespace seckill {
namespace {

using enum Outcome;

void crowd(Shop& shop, int from, int to) {
  for (int n = from; n < to; ++n) shop.buy("car", "b" + std::to_string(n), "k");
}

// The flush rule as a table: how many gather, how long since the last start, is anything left to
// read, does a turn start?
TEST(Turn, StartsWhenIdleOrManyOrLate) {
  const struct {
    int waiting;
    milliseconds passed;
    bool idle, starts;
  } kTable[] = {
      {1, milliseconds(0), true, true},      // idle is immediate
      {1, milliseconds(0), false, false},    // something is left to read: gather
      {255, milliseconds(4), false, false},  // not many enough, not late enough
      {256, milliseconds(0), false, true},   // many
      {1, milliseconds(5), false, true},     // late
      {0, milliseconds(5), true, false},     // nobody
  };
  for (const auto& row : kTable) {
    SCOPED_TRACE(row.waiting);
    Shop shop({terms_of(1, "car", 1'000)});
    crowd(shop, 0, row.waiting);
    shop.pass(row.passed);
    row.idle ? shop.shell->idle() : shop.shell->pass();
    EXPECT_EQ(shop.journal.turns.size(), row.starts ? 1u : 0u);
  }
}

// While an append flies nothing starts, whatever gathers; when it is done, the rule is asked again.
TEST(Turn, FollowsTheLastOneWhenThatIsDone) {
  Shop shop({terms_of(1, "car", 10'000)});
  crowd(shop, 0, 1);
  shop.shell->idle();
  crowd(shop, 1, 300);
  shop.pass(milliseconds(50));
  shop.shell->idle();
  EXPECT_EQ(shop.shell->wake(), kNever);
  EXPECT_EQ(shop.journal.turns.size(), 1u);
  shop.journal.come_back();
  shop.shell->pump();  // many wait: no need to be idle
  ASSERT_EQ(shop.journal.turns.size(), 2u);
  EXPECT_EQ(shop.journal.turns[1].size(), 299u);

  crowd(shop, 300, 310);
  shop.journal.come_back();
  shop.shell->pump();  // few wait, and it is not late: gather on …
  EXPECT_EQ(shop.journal.turns.size(), 2u);
  EXPECT_EQ(shop.shell->wake(), shop.now.steady + microseconds(5'000));  // … until then
  shop.pass(milliseconds(5));
  shop.shell->pass();
  EXPECT_EQ(shop.journal.turns.size(), 3u);
}

bool is_tick(const std::vector<Record>& turn) {
  return turn.size() == 1 && std::holds_alternative<Tick>(turn[0].body);
}

// Promise 5: a hold that is due ends although nobody asks, when it is due and not before; the unit
// can be sold again.
TEST(Turn, ATickEndsAHoldThatIsDue) {
  Shop shop({terms_of(1, "car", 1, 0, milliseconds(700))});
  shop.buy("car", "anna", "k1");
  shop.turn();
  EXPECT_EQ(shop.shell->wake(), shop.now.steady + milliseconds(700));
  shop.pass(milliseconds(699));
  shop.shell->pass();
  EXPECT_EQ(shop.journal.turns.size(), 1u);
  EXPECT_EQ(shop.shell->wake(), shop.now.steady + milliseconds(1));
  shop.pass(milliseconds(1));
  shop.shell->pass();
  ASSERT_EQ(shop.journal.turns.size(), 2u);
  EXPECT_TRUE(is_tick(shop.journal.turns[1]));
  shop.turn();
  EXPECT_EQ(shop.sale->ledger().sale(SaleUid{1})->available(), 1u);
  const Who bert = shop.buy("car", "bert", "k1");
  shop.turn();
  EXPECT_EQ(shop.outcome(bert), kWon);
}

// Promise 5: 1 s after the last turn, once; every 30 s while holds are open; it says where the
// ledger stands.
TEST(Turn, TicksAfterATurnAndWhileHoldsAreOpen) {
  Shop shop({terms_of(1, "car", 9, 0, milliseconds(3'600'000))});
  shop.buy("car", "anna", "k1");
  shop.turn();
  EXPECT_EQ(shop.shell->wake(), shop.now.steady + milliseconds(1'000));
  shop.pass(milliseconds(1'000));
  shop.shell->pass();
  ASSERT_EQ(shop.journal.turns.size(), 2u);
  ASSERT_TRUE(is_tick(shop.journal.turns[1]));
  const Tick& tick = std::get<Tick>(shop.journal.turns[1][0].body);
  EXPECT_EQ(tick.rules, kNewestRules);
  EXPECT_EQ(tick.position, shop.sale->ledger().position());
  EXPECT_EQ(tick.digest, shop.sale->ledger().digest());
  shop.turn();
  for (std::size_t turns = 3; turns < 6; ++turns) {
    EXPECT_EQ(shop.shell->wake(), shop.now.steady + milliseconds(30'000));
    shop.pass(milliseconds(30'000));
    shop.shell->pass();
    ASSERT_EQ(shop.journal.turns.size(), turns);
    ASSERT_TRUE(is_tick(shop.journal.turns.back()));
    shop.turn();
  }
}

// A tick that was given up and turns up late is not taken for the one in flight: else two appends
// would fly.
TEST(Turn, ALateTickIsNotTakenForTheNext) {
  Shop shop({terms_of(1, "car", 9, 0, milliseconds(3'600'000))});
  shop.buy("car", "anna", "k1");
  shop.turn();
  shop.pass(milliseconds(30'000));
  shop.shell->pass();
  const std::vector<Record> late = shop.journal.delay();
  shop.shell->pump();
  shop.pass(milliseconds(30'000));
  shop.shell->pass();
  ASSERT_EQ(shop.journal.turns.size(), 3u);
  shop.journal.write(late, shop.now.raw);
  shop.shell->pump();
  shop.buy("car", "bert", "k1");
  shop.shell->idle();
  EXPECT_EQ(shop.journal.turns.size(), 3u) << "the next is in flight";
  shop.turn();
  shop.turn();
  EXPECT_TRUE(shop.sale->quiet());
}

// A journal that fails at once (it is full, say) is asked again every 5 ms, and not for ever in one
// step.
TEST(Turn, ATickThatFailsIsNotRepeatedAtOnce) {
  Shop shop({terms_of(1, "car", 9, 0, milliseconds(100))});
  shop.buy("car", "anna", "k1");
  shop.turn();
  shop.pass(milliseconds(100));
  shop.shell->pass();
  shop.journal.lose();
  shop.shell->pump();
  EXPECT_EQ(shop.journal.turns.size(), 2u);
  EXPECT_EQ(shop.shell->wake(), shop.now.steady + milliseconds(5));
}

// A hold that became due while the journal was full ends as soon as there is room, though nobody
// asks and nothing comes back.
TEST(Turn, ATickThatHadNoRoomGoesWhenThereIs) {
  Shop shop({terms_of(1, "car", 9, 0, milliseconds(100))});
  shop.buy("car", "anna", "k1");
  shop.turn();
  shop.journal.room_now = Room::kFull;
  shop.pass(milliseconds(100));
  shop.shell->pass();
  EXPECT_EQ(shop.journal.turns.size(), 1u);
  shop.journal.room_now = Room::kPlenty;
  shop.shell->pump();
  EXPECT_EQ(shop.journal.turns.size(), 2u);
}

// Promise 5: a journal that takes no records is tried again, a second after the last append or once
// that is given up; until something came back, and no longer.
TEST(Turn, TicksUntilAJournalTakesRecordsAgain) {
  Shop shop({terms_of(1, "car", 9)});
  shop.buy("car", "anna", "k1");
  shop.shell->idle();
  for (std::size_t turns = 2; turns < 5; ++turns) {
    shop.journal.lose();
    shop.shell->pump();
    EXPECT_EQ(shop.shell->wake(), shop.now.steady + milliseconds(1'000));
    shop.pass(milliseconds(1'000));
    shop.shell->pass();
    ASSERT_EQ(shop.journal.turns.size(), turns);
    ASSERT_TRUE(is_tick(shop.journal.turns.back()));
    EXPECT_TRUE(shop.sale->quiet()) << "whoever ends does not wait for it";
  }
  shop.turn();
  EXPECT_EQ(shop.shell->wake(), kNever);
}

// … and where nothing is held, a quiet sale writes nothing more than one tick.
TEST(Turn, AQuietSaleWritesNothing) {
  Shop shop({terms_of(1, "car", 9)});
  shop.buy("car", "anna", "k1");
  shop.turn();
  shop.pass(milliseconds(1'000));
  shop.turn();
  EXPECT_EQ(shop.journal.turns.size(), 2u);
  EXPECT_EQ(shop.shell->wake(), kNever);
  shop.pass(milliseconds(3'600'000));
  shop.turn();
  EXPECT_EQ(shop.journal.turns.size(), 2u);
}

// A13, N27: a wall clock that steps back an hour stops no hold for an hour: within a second a tick
// tells the ledger of the new time, which then goes on.
TEST(Turn, A13_AClockSetBackStopsNoHold) {
  Shop shop({terms_of(1, "car", 1, 0, milliseconds(5'000))});
  shop.buy("car", "anna", "k1");
  shop.turn();
  shop.now.raw = shop.now.raw + milliseconds(-3'600'000);
  for (int step = 0; step < 70; ++step) {
    shop.pass(milliseconds(100));
    shop.turn();
  }
  EXPECT_EQ(shop.sale->ledger().sale(SaleUid{1})->available(), 1u);
  EXPECT_LT(shop.journal.turns.size(), 10u);
}

// A process that was away while a hold became due says so as soon as it is up.
TEST(Turn, ARestartedSaleTicksAtOnceForHoldsThatAreOpen) {
  Shop shop({terms_of(1, "car", 1, 0, milliseconds(5'000))});
  shop.buy("car", "anna", "k1");
  shop.turn();
  Ledger replayed;
  Changes changes;
  for (const Entry& entry : shop.journal.entries()) replayed.apply(entry, changes);
  Sale sale(std::move(replayed), Node{8});
  shop.pass(milliseconds(60'000));
  const Wishes wishes = sale.step(shop.now, Passed{});
  ASSERT_EQ(wishes.append.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Tick>(wishes.append[0].body));
}

// A line keeps its order while it grows, takes and drops.
TEST(Line, KeepsItsOrder) {
  Line<int> line;
  int pushed = 0, popped = 0;
  for (int round = 0; round < 2'000; ++round) {
    for (int n = 0; n < round % 7; ++n) line.push(pushed++);
    const auto taken = line.gathered() / 2;
    for (std::size_t n = 0; n < taken; ++n) line.take();
    for (std::size_t n = 0; n < taken; ++n, line.pop()) EXPECT_EQ(line.front(), popped++);
  }
  EXPECT_EQ(line.size(), static_cast<std::size_t>(pushed - popped));
  std::size_t dropped = 0;
  line.drop_gathered([&](int one) { EXPECT_EQ(one, popped + static_cast<int>(dropped++)); });
  EXPECT_EQ(line.size(), 0u);
  EXPECT_GT(dropped, 0u);
}

}  // namespace
}  // namespace seckill
