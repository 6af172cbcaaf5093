// Rows that refuse a record (N22): it goes aside, and its neighbours are stored.
#include <algorithm>
#include <gtest/gtest.h>

#include "support/consumer_rig.h"

namespace seckill {
namespace {

using namespace testing;

// I9: another journal was put in its place between the record was applied and its row refused: what
// is put aside is the record that was applied, or nothing.
TEST(Consumer, PutsNoOtherRecordAside) {
  struct Swapped : JournalReader {
    Swapped(JournalReader& first, JournalReader& then) : now(&first), later(&then) {}
    Result<std::span<const Entry>> read(Position from, std::size_t most) override {
      if (most == 1) now = later;
      return now->read(from, most);
    }
    JournalReader *now, *later;
  };
  Story story, other;
  const auto terms = phone();
  for (Story* each : {&story, &other}) each->sale(terms);
  story.buy(terms, "poison", "k");
  other.tick();
  Rig rig(story);
  (void)rig.orders();
  rig.run(
      "CREATE TRIGGER no BEFORE INSERT ON orders WHEN NEW.buyer_id = 'poison'"
      " BEGIN SELECT RAISE(ABORT, 'the shop says no'); END");
  auto to = rig.orders();
  Swapped swapped(story, other);
  Consumer consumer(swapped, *to);
  const auto finished = Rig::finish(consumer);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, Error::Code::kCorrupt);
  EXPECT_TRUE(rig.rows().rows.quarantine.empty());
}

// N22: a row that the shop's own trigger refuses is put aside with its bytes, its neighbours are
// stored, and later records of that order go on without a row.
TEST(Consumer, PutsARefusedRecordAside) {
  Story story;
  const auto terms = phone();
  story.sale(terms);
  const auto ann = story.buy(terms, "ann", "k");
  const auto poison = story.buy(terms, "poison", "k");
  const auto bob = story.buy(terms, "bob", "k");
  for (int n = 0; n < 1'500; ++n) story.tick();
  story.after(milliseconds(60'000)).tick();
  Rig rig(story);
  (void)rig.orders();
  rig.run(
      "CREATE TRIGGER no BEFORE INSERT ON orders WHEN NEW.buyer_id = 'poison'"
      " BEGIN SELECT RAISE(ABORT, 'the shop says no'); END");
  auto to = rig.orders();
  Consumer consumer(story, *to);
  ASSERT_TRUE(Rig::finish(consumer));

  const auto all = rig.rows();
  EXPECT_EQ(all.mark->next, Position{story.size()});
  ASSERT_EQ(all.rows.quarantine.size(), 1u);
  EXPECT_EQ(all.rows.quarantine[0].position, Position{3});
  EXPECT_NE(all.rows.quarantine[0].error.find("the shop says no"), std::string::npos);
  const auto bytes = story.entries()[3].bytes;
  EXPECT_TRUE(std::ranges::equal(all.rows.quarantine[0].bytes, bytes));
  EXPECT_EQ(consumer.stats().quarantined, 1u);
  EXPECT_EQ(all.find(poison), nullptr);
  EXPECT_EQ(all.find(ann)->state, OrderState::kExpired);
  EXPECT_EQ(all.find(bob)->state, OrderState::kExpired);
  EXPECT_EQ(all.rows.orders.size(), 2u);
}

// What a refused record did not cause is stored: the hold that it found due, the unit that came
// back, and the sale that opened meanwhile.
TEST(Consumer, KeepsWhatARefusedRecordDidNotCause) {
  Story story;
  const auto terms = phone();
  auto toy = terms_of("toy", 9, 1);
  toy.starts_at = Story::kStart + milliseconds(30'000);
  story.sale(terms);
  story.sale(toy);
  const auto ann = story.buy(terms, "ann", "k", 2);
  const auto poison = story.after(milliseconds(60'000)).buy(terms, "poison", "k");
  const auto bob = story.buy(terms, "bob", "k");
  Rig rig(story);
  (void)rig.orders();
  rig.run(
      "CREATE TRIGGER no BEFORE INSERT ON orders WHEN NEW.buyer_id = 'poison'"
      " BEGIN SELECT RAISE(ABORT, 'no'); END");
  ASSERT_TRUE(rig.consume());
  const auto all = rig.rows();
  EXPECT_EQ(all.rows.quarantine.size(), 1u);
  EXPECT_EQ(all.find(poison), nullptr);
  EXPECT_EQ(all.find(ann)->state, OrderState::kExpired);
  const auto toy_row = std::ranges::find(all.rows.sales, toy.name,
                                         [](const SaleRow& row) { return row.terms.name; });
  ASSERT_NE(toy_row, all.rows.sales.end());
  EXPECT_EQ(toy_row->state, Phase::kOpen);
  EXPECT_TRUE(all.find(ann)->units.empty());
  EXPECT_EQ(all.find(bob)->units, UnitNumbers{2u}) << "1 was the poison's";
}

// Where even that is refused, the record goes aside with all it did, and the rest goes on.
TEST(Consumer, GoesOnWhenWhatTimeDidIsRefusedToo) {
  Story story;
  const auto terms = phone();
  story.sale(terms);
  const auto ann = story.buy(terms, "ann", "k");
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  rig.run("CREATE TRIGGER no BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'no'); END");
  story.after(milliseconds(60'000)).tick();
  const auto bob = story.buy(terms, "bob", "k");
  ASSERT_TRUE(rig.consume());
  const auto all = rig.rows();
  EXPECT_EQ(all.mark->next, Position{story.size()});
  EXPECT_EQ(all.rows.quarantine.size(), 1u);
  EXPECT_EQ(all.find(ann)->state, OrderState::kHeld);
  EXPECT_EQ(all.find(bob)->state, OrderState::kHeld);
}

// Ten a minute are a nuisance, eleven are a database that is not ours any more: stop and say so.
TEST(Consumer, StopsWhenTooManyAreRefused) {
  Story story;
  const auto terms = terms_of("car", 3, 100);
  story.sale(terms);
  for (int n = 0; n < 25; ++n) story.buy(terms, "buyer", std::to_string(n));
  Rig rig(story);
  (void)rig.orders();
  rig.run("CREATE TRIGGER no BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'no'); END");
  auto to = rig.orders();
  Consumer consumer(story, *to);
  const auto stopped = Rig::finish(consumer);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, Error::Code::kFailed);
  EXPECT_NE(stopped.error().message.find("quarantine"), std::string::npos);
  EXPECT_LE(rig.rows().rows.quarantine.size(), 10u);

  // A minute later it may go on.
  Now later{.raw = kNow.raw, .steady = kNow.steady + Consumer::kQuarantineWindow};
  for (;;) {
    later.steady = later.steady + microseconds(7'000'000);
    const auto turn = consumer.turn(later);
    ASSERT_TRUE(turn.has_value()) << turn.error().message;
    if (!*turn) break;
  }
  EXPECT_EQ(rig.rows().rows.quarantine.size(), 25u);
}

}  // namespace
}  // namespace seckill
