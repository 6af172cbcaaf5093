// What FileJournal promises beyond Journal: room, caps, spares and a mark for the consumer.
#include "journal/file_journal.h"

#include <gtest/gtest.h>
#include <thread>

#include "base/file_disk.h"
#include "journal/journal_testing.h"
#include "journal/memory_disk.h"
#include "support/temp_dir.h"

namespace seckill {
namespace {

constexpr std::uint64_t kSegment = 64 << 10;

class FileJournalTest : public testing::Test {
 protected:
  void open(FileJournalOptions options = small_segments(kSegment)) {
    options.say = [this](std::string_view line) { said.emplace_back(line); };
    journal = FileJournal::open(disk, options, [](auto) { return Status{}; }).value();
  }
  // A turn of 10 records: about 1.2 kB, three sectors.
  JournalEvent turn() {
    journal->append(records_from(0, 10), RawTime{1});
    for (;;) {
      disk.complete_write();
      if (makes_go) disk.complete_make();
      if (auto event = journal->poll()) return *event;
    }
  }
  // Until the disk has nothing under way and the journal nothing to say.
  void settle() {
    do {
      disk.complete();
      EXPECT_FALSE(journal->poll());
    } while (disk.busy());
  }
  int turns_until(Room room) {
    int turns = 0;
    for (; journal->room() != room && turns < 1000; ++turns) turn();
    return turns;
  }

  MemoryDisk disk;
  std::unique_ptr<FileJournal> journal;
  std::vector<std::string> said;
  bool makes_go = true;
};

TEST_F(FileJournalTest, MakesASpareBeforeItIsNeeded) {
  open();
  EXPECT_TRUE(disk.busy()) << "from the start";
  EXPECT_EQ(journal->room(), Room::kPlenty) << "the first segment is empty";
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(std::holds_alternative<CameBack>(turn()));
  EXPECT_GT(journal->segments_made(), 3u);
  disk.complete();
  journal->poll();
  EXPECT_EQ(disk.cache.size(), journal->segments_made() + 1) << "one spare, never two";
}

// J6: without a spare, claims end while there is still a place for PAY and CANCEL.
TEST_F(FileJournalTest, KeepsAPlaceForMoneyWhileThereIsNoSpare) {
  open();
  makes_go = false;
  EXPECT_GT(turns_until(Room::kNoClaims), 10) << "a spare is in the making";
  EXPECT_GT(turns_until(Room::kFull), 10) << "money goes on";
  settle();
  EXPECT_EQ(journal->room(), Room::kPlenty);
}

// A restart with little room left makes its spare before it opens, rather than refuse claims; a
// full disk does not keep it from taking money.
TEST_F(FileJournalTest, OpensWithASpareWhenItWillNeedOne) {
  open();
  makes_go = false;
  turns_until(Room::kNoClaims);
  const auto left = disk.medium;
  journal.reset();
  disk = MemoryDisk(left);
  open();
  EXPECT_EQ(journal->room(), Room::kPlenty);
  EXPECT_FALSE(disk.busy());
  journal.reset();
  disk = MemoryDisk(left);
  disk.fuse = 2;  // the copy and its name, and not one thing more
  open();
  EXPECT_EQ(journal->room(), Room::kNoClaims);
  EXPECT_TRUE(disk.busy()) << "it goes on trying";
}

// The disk is full: claims end at once, making is tried again, and selling resumes by itself (I10).
TEST_F(FileJournalTest, ResumesWhenASpareCanBeMadeAgain) {
  open();
  disk.makes_fail = true;
  disk.complete_make();
  EXPECT_FALSE(journal->poll());
  EXPECT_EQ(journal->room(), Room::kNoClaims);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("no space left"), std::string::npos);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(disk.busy()) << "it asks again, and leaves the pace to the disk";
    disk.complete_make();
    EXPECT_FALSE(journal->poll());
  }
  EXPECT_EQ(said.size(), 1u) << "one line, not one a second";
  EXPECT_TRUE(std::holds_alternative<CameBack>(turn())) << "money goes on";
  disk.makes_fail = false;
  settle();
  EXPECT_EQ(journal->room(), Room::kPlenty);
}

// An append that finds no room is answered, nothing of it is written, and the journal goes on.
TEST_F(FileJournalTest, AnswersAnAppendThatDoesNotFit) {
  open();
  disk.makes_fail = true;
  disk.complete_make();
  int turns = 0;
  while (std::holds_alternative<CameBack>(turn())) ++turns;
  EXPECT_GT(turns, 30);
  const std::uint64_t end = journal->durable();
  EXPECT_EQ(end, 1u + 10u * static_cast<unsigned>(turns));
  disk.makes_fail = false;
  settle();
  ASSERT_TRUE(std::holds_alternative<CameBack>(turn()));
  std::vector<Kept> found;
  MemoryDisk after(disk.medium);
  ASSERT_TRUE(FileJournal::open(after, small_segments(kSegment), keeping(found)));
  EXPECT_EQ(found.size(), end + 10);
  EXPECT_EQ(found.back().position, Position{end + 9});
}

// A turn that meets a full segment waits for the spare that is in the making.
TEST_F(FileJournalTest, WaitsForTheSpareInTheMaking) {
  open();
  for (int i = 0; i < 1000; ++i) {
    journal->append(records_from(0, 10), RawTime{1});
    if (!disk.writes()) break;
    disk.complete_write();
    ASSERT_TRUE(journal->poll());
  }
  ASSERT_FALSE(disk.writes());
  EXPECT_FALSE(journal->poll());
  disk.complete_make();
  EXPECT_FALSE(journal->poll()) << "now it is written";
  disk.complete_write();
  const auto event = journal->poll();
  ASSERT_TRUE(event && std::holds_alternative<CameBack>(*event));
}

// The season's cap: the last segment takes claims for its first half, money to its end.
TEST_F(FileJournalTest, EndsASeasonAtItsCap) {
  auto options = small_segments(kSegment);
  options.journal_max = 3 * kSegment;
  open(options);
  EXPECT_GT(turns_until(Room::kNoClaims), 80);
  EXPECT_EQ(journal->segments_made(), 3u);
  EXPECT_GT(turns_until(Room::kFull), 10);
  while (std::holds_alternative<CameBack>(turn())) continue;
  EXPECT_EQ(disk.cache.size(), 3u) << "no byte above the cap";
  ASSERT_FALSE(said.empty());
  EXPECT_NE(said.back().find("cap"), std::string::npos) << said.back();
  MemoryDisk after(disk.medium);
  options.say = [](std::string_view) {};
  const auto again = FileJournal::open(after, options, [](auto) { return Status{}; });
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->room(), Room::kFull) << "nor after a restart";
}

TEST_F(FileJournalTest, RefusesImpossibleSegments) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1024}, kSegment + 1}) {
    const auto opened =
        FileJournal::open(disk, small_segments(bytes), [](auto) { return Status{}; });
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Error::Code::kInvalid);
  }
}

// What came back outlives the next append: the sale may append while it still looks at the last
// turn.
TEST_F(FileJournalTest, LetsTheLastTurnLiveUntilTheNextPoll) {
  open();
  const auto event = turn();
  const auto entries = std::get<CameBack>(event).entries;
  std::vector<Kept> before;
  keep_all(entries, before);
  journal->append(records_from(900, 20), RawTime{2});
  std::vector<Kept> after;
  keep_all(entries, after);
  EXPECT_EQ(before, after);
}

// The whole of it on a real disk: many segments, and a consumer on another thread that sleeps on
// durable() and reads what is confirmed.
TEST(FileJournalOnDisk, FeedsAConsumerOnAnotherThread) {
  const TempDir directory;
  const auto disk = FileDisk::open(directory.path()).value();
  const auto journal =
      FileJournal::open(*disk, small_segments(kSegment), [](auto) { return Status{}; }).value();
  constexpr std::uint64_t kEnd = 1 + 150 * 24;
  std::vector<Kept> consumed;
  std::string wrong;
  std::thread consumer([&] {
    const auto files = FileDiskReader::open(directory.path()).value();
    FileJournalReader reader(*files, [&] { return Position{journal->durable().load()}; });
    while (consumed.size() < kEnd && wrong.empty()) {
      journal->durable().wait(consumed.size());
      const auto entries = reader.read(Position{consumed.size()}, 100);
      if (!entries) {
        wrong = entries.error().message;
      } else {
        keep_all(*entries, consumed);
      }
    }
  });
  std::vector<Kept> told;
  for (int turn = 0; turn < 150; ++turn) {
    journal->append(records_from(told.size(), 24), RawTime{turn});
    const auto event = await(*journal);
    if (!event || !std::holds_alternative<CameBack>(*event)) break;
    keep_all(std::get<CameBack>(*event).entries, told);
  }
  consumer.join();
  EXPECT_EQ(wrong, "");
  ASSERT_EQ(consumed.size(), kEnd);
  EXPECT_TRUE(std::equal(told.begin(), told.end(), consumed.begin() + 1));
}

}  // namespace
}  // namespace seckill
