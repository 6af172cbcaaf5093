// Reading ahead: the rows are those of a consumer that does one thing after the other, whichever of
// the two is done first, in batches of any size.
#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <random>
#include <thread>

#include "support/consumer_rig.h"
#include "support/dice.h"

namespace seckill {
namespace {

using namespace testing;

using Act = std::function<void()>;

ConsumerOptions any_way(std::mt19937_64& random) {
  constexpr std::array<std::size_t, 5> kSizes{1, 2, 7, 64, 300};
  ConsumerOptions options{.batch_max = kSizes[random() % kSizes.size()]};
  switch (random() % 3) {
    case 0:
      options.side_by_side = [](const Act& store, const Act& read) {
        const std::jthread beside(read);
        store();
      };
      break;
    case 1:
      options.side_by_side = [](const Act& store, const Act& read) { store(), read(); };
      break;
    default: options.side_by_side = [](const Act& store, const Act& read) { read(), store(); };
  }
  return options;
}

void refuse(const Rig& rig, std::string_view buyer) {
  (void)rig.orders();
  rig.run(
      fmt::format("CREATE TRIGGER no BEFORE INSERT ON orders WHEN NEW.buyer_id = '{}'"
                  " BEGIN SELECT RAISE(ABORT, 'the shop says no'); END",
                  buyer));
}

// N17-N19, N22: it dies at any moment, races with another, and meets rows that are refused.
TEST(ConsumerAhead, ComesToTheSameRows) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 6; ++round) {
    auto story = random_story(seed + static_cast<std::uint64_t>(round), 1'500);
    const auto extra = terms_of("extra", 11, 5);
    story.sale(extra);
    story.buy(extra, "poison", "k");
    for (int n = 0; n < 100; ++n) story.tick();
    Rig whole(story), rig(story);
    for (const Rig* each : {&whole, &rig}) refuse(*each, "poison");
    ASSERT_TRUE(whole.consume());

    for (std::size_t shown = 1; shown < story.size(); shown += 1 + random() % 400) {
      story.show(shown);
      const auto one = rig.orders(), two = rig.orders();
      Consumer first(story, *one, any_way(random)), second(story, *two, any_way(random));
      for (auto turns = random() % 12; turns-- > 0;) {
        ASSERT_TRUE((random() % 2 == 0 ? first : second).turn(kNow));
        const auto mark = rig.rows().mark;
        ASSERT_LE(number(mark.value_or(Bookmark{}).next), shown);
      }
    }
    story.show(SIZE_MAX);
    const auto to = rig.orders();
    Consumer last(story, *to, any_way(random));
    ASSERT_TRUE(Rig::finish(last));
    EXPECT_EQ(rig.rows().mark, whole.rows().mark);
    Rows is = rig.rows().rows, should = whole.rows().rows;
    for (Rows* each : {&is, &should}) {
      ASSERT_EQ(each->quarantine.size(), 1u);
      each->quarantine[0].error.clear();  // which names the file
    }
    EXPECT_EQ(is, should);
    EXPECT_EQ(last.stored_orders().at, rig.rows().mark->next);
  }
}

// A full batch says that there is more; one that is not full waits for nobody.
TEST(ConsumerAhead, ReadsOnOnlyBehindAFullBatch) {
  auto story = random_story(1, 98);
  Rig rig(story);
  const auto to = rig.orders();
  int ahead = 0;
  const auto side_by_side = [&](const Act& store, const Act& read) { ++ahead, read(), store(); };
  Consumer consumer(story, *to, {.batch_max = 40, .side_by_side = side_by_side});
  story.show(39);
  ASSERT_TRUE(Rig::finish(consumer));
  EXPECT_EQ(ahead, 0);
  story.show(79);
  ASSERT_TRUE(consumer.turn(kNow).value());
  EXPECT_EQ(ahead, 1);
  EXPECT_EQ(consumer.stats().next, Position{79});
  EXPECT_EQ(consumer.stored_orders().at, Position{79});
}

// What it knows of a sale's orders is of the rows, not of what was read meanwhile.
TEST(ConsumerAhead, TellsTheOrdersOfTheRows) {
  Story story;
  const auto terms = phone();
  story.sale(terms);
  for (int n = 0; n < 6; ++n) story.buy(terms, std::to_string(n), "k");
  Rig rig(story);
  const auto to = rig.orders();
  Consumer consumer(
      story, *to,
      {.batch_max = 4, .side_by_side = [](const Act& store, const Act& read) { read(), store(); }});
  ASSERT_TRUE(consumer.turn(kNow).value());
  EXPECT_EQ(consumer.stored_orders().at, Position{4});
  EXPECT_EQ(consumer.stored_orders().of_sales.at(0).second, 2u);
  ASSERT_TRUE(Rig::finish(consumer));
  EXPECT_EQ(consumer.stored_orders().of_sales.at(0).second, 6u);
}

// Time goes on from batch to batch: a sale that the last one brought ends in this one.
TEST(ConsumerAhead, SeesASaleEnd) {
  Story story;
  story.tick();
  auto terms = phone();
  terms.ends_at = Story::kStart + milliseconds(60'000);
  story.sale(terms);
  story.tick();
  for (int n = 0; n < 2; ++n) story.after(milliseconds(30'000)).tick();
  Rig rig(story);
  const auto to = rig.orders();
  Consumer consumer(
      story, *to,
      {.batch_max = 2, .side_by_side = [](const Act& store, const Act& read) { read(), store(); }});
  ASSERT_TRUE(Rig::finish(consumer));
  EXPECT_EQ(rig.rows().rows.sales.at(0).state, Phase::kClosed);
}

// The journal's trouble is told once the batch before it is stored.
TEST(ConsumerAhead, TellsTheTroubleOfReading) {
  struct Away : JournalReader {
    explicit Away(JournalReader& to) : real(to) {}
    Result<std::span<const Entry>> read(Position from, std::size_t most) override {
      if (++calls == 2) return fail(Error::Code::kUnavailable, "away");
      return real.read(from, most);
    }
    JournalReader& real;
    int calls = 0;
  };
  auto story = random_story(2, 100);
  Rig rig(story);
  const auto to = rig.orders();
  Away away(story);
  Consumer consumer(away, *to,
                    {.batch_max = 40,
                     .side_by_side = [](const Act& store, const Act& read) { store(), read(); }});
  ASSERT_TRUE(consumer.turn(kNow).value());
  EXPECT_EQ(rig.rows().mark->next, Position{40});
  EXPECT_EQ(consumer.turn(kNow).error().code, Error::Code::kUnavailable);
  ASSERT_TRUE(Rig::finish(consumer));
  EXPECT_EQ(rig.rows().mark->next, Position{story.size()});
}

// A14: a record of newer rules stops it, after all that came before is stored.
TEST(ConsumerAhead, StopsAtNewerRules) {
  auto story = random_story(6, 100);
  const auto before = story.size();
  story.add(Tick{.rules = Rules{999}});
  story.tick();
  std::mt19937_64 random(seed_of_this_run());
  for (int round = 0; round < 8; ++round) {
    Rig rig(story);
    const auto to = rig.orders();
    Consumer consumer(story, *to, any_way(random));
    EXPECT_EQ(Rig::finish(consumer).error().code, Error::Code::kCorrupt);
    EXPECT_EQ(rig.rows().mark->next, Position{before});
  }
}

}  // namespace
}  // namespace seckill
