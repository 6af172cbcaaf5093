// Rows and a journal that do not belong together (I9): the consumer stops and says so, and touches
// nothing.
#include <filesystem>
#include <gtest/gtest.h>

#include "support/consumer_rig.h"

namespace seckill {
namespace {

using namespace testing;

// (3), J7: rows of another journal are not touched.
TEST(Consumer, StopsAtRowsOfAnotherJournal) {
  Story other(/*nonce=*/2), story(/*nonce=*/1);
  for (auto* each : {&other, &story}) each->sale(phone());
  Rig rig(other);
  ASSERT_TRUE(rig.consume());
  Rig mixed(story);
  std::filesystem::copy_file(rig.file(), mixed.file());
  const auto error = mixed.error_of_consume();
  EXPECT_EQ(error.code, Error::Code::kCorrupt);
  EXPECT_NE(error.message.find("of another journal"), std::string::npos) << error.message;
  EXPECT_EQ(mixed.rows().mark, rig.rows().mark);
}

// (3), I9: the journal lost its end, or was replaced by a shorter one.
TEST(Consumer, StopsAtRowsAheadOfTheJournal) {
  auto story = random_story(3, 100);
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  story.show(60);
  const auto error = rig.error_of_consume();
  EXPECT_EQ(error.code, Error::Code::kCorrupt);
  EXPECT_NE(error.message.find("ahead"), std::string::npos) << error.message;
}

// (3): the same number of records, but the last one is another one.
TEST(Consumer, StopsAtAnotherHistory) {
  auto story = random_story(4, 100);
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  story.entries().back().record.body = Tick{.rules = kNewestRules};
  story.reseal();
  const auto error = rig.error_of_consume();
  EXPECT_EQ(error.code, Error::Code::kCorrupt);
  EXPECT_NE(error.message.find("not the one that the rows were stored from"), std::string::npos);
}

// (3), A14: the same records, another state: the rows were written by other rules.
TEST(Consumer, StopsAtAnotherDigest) {
  auto story = random_story(5, 100);
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  rig.run("UPDATE bookmark SET digest = digest + 1");
  EXPECT_EQ(rig.error_of_consume().code, Error::Code::kCorrupt);
}

// A14: a record of newer rules stops it, after what came before is stored.
TEST(Consumer, StopsAtNewerRules) {
  auto story = random_story(6, 100);
  const auto before = story.size();
  story.add(Tick{.rules = Rules{999}});
  story.tick();
  Rig rig(story);
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(rig.error_of_consume().code, Error::Code::kCorrupt);
    EXPECT_EQ(rig.rows().mark->next, Position{before});
  }
}

}  // namespace
}  // namespace seckill
