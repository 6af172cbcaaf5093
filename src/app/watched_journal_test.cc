#include "app/watched_journal.h"

#include <deque>
#include <gtest/gtest.h>
#include <vector>

namespace seckill::app {
namespace {

// Says what it is told to say.
class Scripted final : public Journal {
 public:
  void append(std::span<const Record>, RawTime) override {}
  std::optional<JournalEvent> poll() override {
    if (events.empty()) return std::nullopt;
    JournalEvent event = std::move(events.front());
    events.pop_front();
    return event;
  }
  int wake_fd() const override { return -1; }
  Room room() const override { return Room::kPlenty; }

  std::deque<JournalEvent> events;
};

Record tick(std::uint64_t nonce) { return {.body = Tick{.nonce = nonce}}; }

struct Watched : ::testing::Test {
  void append(std::uint64_t nonce) { watched.append(std::vector{tick(nonce)}, RawTime{}); }
  void hear(JournalEvent event) {
    inner.events.push_back(std::move(event));
    EXPECT_TRUE(watched.poll());
  }
  void hear_of(std::uint64_t nonce) {
    const std::vector<Entry> entries{{.record = tick(nonce)}};
    hear(CameBack{entries});
  }
  bool unsure() const { return watched.seen().unsure.has_value(); }

  Scripted inner;
  int news = 0, turned = 0;
  WatchedJournal watched{inner, [] { return 7; }, [this] { ++news; }, [this] { ++turned; }};
};

TEST_F(Watched, TellsOfNewsAndCountsTheFlushes) {
  append(1);
  EXPECT_FALSE(watched.poll());
  hear_of(1);
  EXPECT_EQ(news, 1);
  EXPECT_EQ(watched.seen().flushes, 1u);
  EXPECT_EQ(watched.seen().flush_us, 7u);
  EXPECT_EQ(turned, 0);
}

// Once for each time that it takes no records, and once when it does again.
TEST_F(Watched, SaysWhenItTakesNoRecordsAndWhenItDoesAgain) {
  append(1);
  hear(Unsure{"away"});
  EXPECT_EQ(watched.seen().unsure, "away");
  append(2);
  hear(Unsure{"still away"});
  EXPECT_EQ(turned, 1) << "it is known";
  append(3);
  hear_of(1);
  EXPECT_TRUE(unsure()) << "what comes late was taken then";
  hear_of(4);
  EXPECT_TRUE(unsure()) << "another node's";
  EXPECT_EQ(turned, 1);
  hear_of(3);
  EXPECT_FALSE(unsure());
  EXPECT_EQ(turned, 2);
}

TEST_F(Watched, KeepsWhatBrokeIt) {
  append(1);
  hear(Broken{{Error::Code::kCorrupt, "rot"}});
  ASSERT_TRUE(watched.seen().broken);
  EXPECT_EQ(watched.seen().broken->message, "rot");
}

}  // namespace
}  // namespace seckill::app
