// What is believed of a shared topic, message by message: the promises of follower.h.
#include "journal/follower.h"

#include <deque>
#include <gtest/gtest.h>
#include <optional>
#include <vector>

#include "journal/journal_testing.h"
#include "model/codec.h"

namespace seckill {
namespace {

class FollowerTest : public ::testing::Test {
 protected:
  TopicMessage message(std::int64_t offset, const Record& record) {
    auto& bytes = bytes_.emplace_back();
    encode(record, bytes);
    return {.offset = offset, .stamp = RawTime{1'000 + offset}, .bytes = bytes};
  }
  TopicMessage text(std::int64_t offset, const std::string& text) {
    auto& bytes = bytes_.emplace_back();
    for (const char letter : text) bytes.push_back(static_cast<std::byte>(letter));
    return {.offset = offset, .stamp = RawTime{1'000 + offset}, .bytes = bytes};
  }
  // What came of one message: an entry or none.
  Result<std::optional<Entry>> take(const TopicMessage& message) {
    std::vector<Entry> entries(1);
    const auto fine = follower.take(message, entries);
    EXPECT_LE(entries.size(), fine ? 2u : 1u) << "one is appended, or none";
    if (!fine) return fail(fine.error());
    return entries.size() == 1 ? std::nullopt : std::optional(entries.back());
  }
  std::string refused(const TopicMessage& message) {
    const auto taken = take(message);
    if (taken) return "";
    EXPECT_EQ(taken.error().code, Error::Code::kCorrupt);
    return taken.error().message;
  }

  Follower follower{"seckill"};

 private:
  std::deque<std::vector<std::byte>> bytes_;
};

TEST_F(FollowerTest, HandsOnRecordsInOrder) {
  EXPECT_EQ(follower.begin(Position{0}), Position{0});
  for (std::int64_t n = 0; n < 5; ++n) {
    const auto record = record_no(static_cast<std::uint64_t>(n));
    const auto entry = take(message(n, record));
    ASSERT_TRUE(entry && *entry);
    EXPECT_EQ((**entry).record, record);
    EXPECT_EQ((**entry).position, Position{static_cast<std::uint64_t>(n)});
  }
  EXPECT_EQ(follower.next(), Position{5});
  EXPECT_NE(refused(message(6, record_no(6))).find("compacted"), std::string::npos);
}

// (2) Cut off, it meets what it knows once more, or stops.
TEST_F(FollowerTest, MeetsTheLastRecordAgain) {
  follower.begin(Position{0});
  ASSERT_TRUE(take(message(0, record_no(0))));
  ASSERT_TRUE(take(message(1, record_no(1))));
  EXPECT_EQ(follower.again(), Position{1});
  EXPECT_TRUE(follower.doubtful());
  const auto known = take(message(1, record_no(1)));
  ASSERT_TRUE(known);
  EXPECT_FALSE(*known) << "it was handed on before";
  EXPECT_EQ(follower.next(), Position{2});
  follower.again();
  EXPECT_NE(refused(message(1, record_no(7))).find("made anew"), std::string::npos);
}

// (2) Whoever has looked at an older record goes on where he left off as if he had been cut off.
TEST_F(FollowerTest, ComesBackToWhereItLeftOff) {
  follower.begin(Position{0});
  for (std::int64_t n = 0; n < 3; ++n) {
    ASSERT_TRUE(take(message(n, record_no(static_cast<std::uint64_t>(n)))));
  }
  const auto look_back = [&] {
    EXPECT_EQ(follower.begin(Position{1}), Position{1}) << "that one nobody remembers";
    const auto older = take(message(1, record_no(1)));
    ASSERT_TRUE(older && *older);
    EXPECT_EQ((**older).position, Position{1});
    EXPECT_EQ(follower.begin(Position{3}), Position{2});
  };
  look_back();
  const auto known = take(message(2, record_no(2)));
  ASSERT_TRUE(known);
  EXPECT_FALSE(*known);
  look_back();
  EXPECT_NE(refused(message(2, record_no(7))).find("made anew"), std::string::npos);
}

// (4) A stranger's message has a place and says nothing; (3) a newer one stops us.
TEST_F(FollowerTest, CountsStrangersAndStopsAtNewerFormats) {
  follower.begin(Position{0});
  ASSERT_TRUE(take(message(0, record_no(0))));
  for (const char* words : {"", "buy 1 car", "\x01\x03 it begins like one of ours"}) {
    const auto entry = take(text(static_cast<std::int64_t>(number(follower.next())), words));
    ASSERT_TRUE(entry && *entry);
    EXPECT_EQ((**entry).record, nothing_said());
  }
  EXPECT_EQ(follower.strangers(), 3u);
  EXPECT_EQ(follower.next(), Position{4});
  auto unstamped = message(4, record_no(4));
  unstamped.stamped_by_broker = false;
  EXPECT_NE(refused(unstamped).find("LogAppendTime"), std::string::npos);
  EXPECT_NE(refused(text(4, "\x02 of the next release, no doubt")).find("upgrade"),
            std::string::npos);
}

// Receipts: ours, in order, whatever else lies between.
TEST(Receipts, AreOurOwnRecordsInOrder) {
  Receipts receipts;
  const auto records = records_from(0, 3);
  receipts.expect(records);
  std::vector<Entry> back;
  const auto comes = [&](std::size_t n) {
    back.push_back(
        {.position = Position{}, .stamp = {}, .bytes = receipts.bytes()[n], .record = {}});
  };
  comes(1), comes(0);
  EXPECT_FALSE(receipts.take(back)) << "the first, then two are missing";
  back.clear();
  comes(0), comes(1);  // the first came twice
  EXPECT_FALSE(receipts.take(back));
  EXPECT_TRUE(receipts.missing());
  back.clear();
  comes(2);
  EXPECT_TRUE(receipts.take(back));
  EXPECT_FALSE(receipts.missing());
}

}  // namespace
}  // namespace seckill
