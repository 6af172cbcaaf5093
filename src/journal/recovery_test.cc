// What recovery makes of a directory: a table of good and bad days (decision 8, I9).
#include <gtest/gtest.h>
#include <utility>

#include "base/crc32c.h"
#include "journal/bytes.h"
#include "journal/journal_testing.h"
#include "journal/memory_disk.h"
#include "journal/verify.h"

namespace seckill {
namespace {

using testing::Test;

std::vector<std::byte>& file(MemoryDisk& disk, std::uint32_t segment) {
  return disk.cache.at(segment_name(segment));
}

// Where the blocks of a segment start, and how long they are.
std::vector<std::pair<std::uint64_t, std::size_t>> blocks_of(std::span<const std::byte> segment) {
  std::vector<std::pair<std::uint64_t, std::size_t>> blocks;
  for (std::size_t at = MemoryDisk::kSector; at < segment.size();) {
    const auto block = read_block(segment.subspan(at));
    if (!block) break;
    blocks.emplace_back(at, block->bytes());
    at += round_up(block->bytes(), MemoryDisk::kSector);
  }
  return blocks;
}

class Recovery : public Test {
 protected:
  // A journal with `turns` turns of growing size; told: what it handed back.
  void run(int turns, FileJournalOptions options = small_segments(16 << 10)) {
    auto journal = FileJournal::open(disk, std::move(options), keeping(told)).value();
    for (int turn = 0; turn < turns; ++turn) {
      const auto records = records_from(told.size(), 1 + static_cast<std::size_t>(turn % 13));
      journal->append(records, RawTime{turn});
      for (std::optional<JournalEvent> event; !event;) {
        disk.complete();
        event = journal->poll();
        if (event) keep_all(std::get<CameBack>(*event).entries, told);
      }
    }
    disk.complete();
  }

  Result<std::unique_ptr<FileJournal>> open(FileJournalOptions options = small_segments(16 << 10)) {
    found.clear();
    options.say = [this](std::string_view line) { said += line; };
    return FileJournal::open(disk, std::move(options), keeping(found));
  }

  // Opening is refused as damage, and the sentence holds all of these.
  void expect_corrupt(std::initializer_list<const char*> words,
                      const FileJournalOptions& options = small_segments(16 << 10)) {
    const auto before = disk.cache;
    const auto opened = open(options);
    ASSERT_FALSE(opened) << "it opened";
    EXPECT_EQ(opened.error().code, Error::Code::kCorrupt) << opened.error().message;
    for (const char* word : words) {
      EXPECT_NE(opened.error().message.find(word), std::string::npos) << opened.error().message;
    }
    EXPECT_EQ(disk.cache, before) << "what is damaged is not touched";
    if (disk.cache.empty()) return;
    const auto verified = verify(disk);
    if (options.rows_at != Position{} || !verified) return;
    EXPECT_TRUE(verified->damage.has_value());
  }

  // The next power-on: only the medium is left.
  void restart() { disk = MemoryDisk(disk.cache); }

  // Opened on a disk with other sectors, it appends and is whole; the old segment is not touched.
  void move_to_sectors_of(std::size_t bytes) {
    restart();
    disk.sector_bytes = bytes;
    const auto kept = file(disk, 1);
    {
      auto journal = open().value();
      ASSERT_EQ(found, told);
      journal->append(records_from(700, 3), RawTime{9});
      for (std::optional<JournalEvent> event; !event; event = journal->poll()) disk.complete();
    }
    EXPECT_EQ(file(disk, 1), kept);
    const auto medium = disk.medium;
    disk = MemoryDisk(medium);
    ASSERT_TRUE(open());
    EXPECT_EQ(found.size(), told.size() + 3);
  }

  MemoryDisk disk;
  std::vector<Kept> told;
  std::vector<Kept> found;
  std::string said;
};

TEST_F(Recovery, MakesAJournalWhereThereIsNone) {
  const auto journal = open();
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_TRUE((*journal)->recovered().is_new);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(std::get<Tick>(found[0].record.body).nonce, 4711u);
  EXPECT_EQ((*journal)->identity(), hash_of(found[0].stamp, found[0].bytes));
  EXPECT_EQ((*journal)->durable().load(), 1u);
}

TEST_F(Recovery, FindsEverythingAndTheSameIdentity) {
  run(90);
  restart();
  const auto journal = open();
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_EQ(found, told);
  EXPECT_GT((*journal)->recovered().segments, 3u);
  EXPECT_EQ((*journal)->identity(), hash_of(told[0].stamp, told[0].bytes));
  EXPECT_TRUE(said.empty()) << said;
}

// A crash anywhere in the making of the first segment: no journal, or this one.
TEST_F(Recovery, StartsOverAHalfMadeFirstSegment) {
  for (int fuse = 0; fuse < 4; ++fuse) {
    disk = MemoryDisk();
    disk.fuse = fuse;
    const bool opened = open().has_value();
    EXPECT_EQ(opened, fuse >= 2);
    restart();
    const auto journal = open();
    ASSERT_TRUE(journal) << journal.error().message;
    EXPECT_EQ(found.size(), 1u);
  }
  for (const std::size_t size : {0u, 1000u, 16u << 10}) {  // another program's half-done copy
    disk = MemoryDisk({{segment_name(1), std::vector<std::byte>(size)}});
    ASSERT_TRUE(open());
    EXPECT_EQ(found.size(), 1u);
  }
}

// J2: the last block, with any one of its sectors not written, or garbled.
TEST_F(Recovery, DropsATornLastBlock) {
  run(13);  // ends with its longest turn
  const std::uint32_t last_segment = static_cast<std::uint32_t>(disk.cache.size()) - 1;
  const auto [at, bytes] = blocks_of(file(disk, last_segment)).back();
  const std::size_t last_turn = 13;
  const auto whole = disk.cache;
  int cases = 0;
  for (std::uint64_t sector = at; sector < at + bytes; sector += MemoryDisk::kSector) {
    for (const std::byte value : {std::byte{0}, std::byte{0xa5}}) {
      disk = MemoryDisk(whole);
      std::fill_n(file(disk, last_segment).begin() + static_cast<long>(sector), MemoryDisk::kSector,
                  value);
      said.clear();
      const auto journal = open();
      ASSERT_TRUE(journal) << journal.error().message;
      EXPECT_EQ(found, std::vector<Kept>(told.begin(), told.end() - last_turn));
      const bool traces = bytes > MemoryDisk::kSector || value != std::byte{0};
      EXPECT_EQ(said.find("torn") != std::string::npos, traces) << said;
      EXPECT_EQ((*journal)->recovered().torn_bytes > 0, traces);
      ++cases;
    }
  }
  EXPECT_GE(cases, 4);
}

// The torn tail is gone for good: what is appended over it is found, and nothing else.
TEST_F(Recovery, GoesOnBehindATornBlock) {
  run(13);
  const std::uint32_t last = static_cast<std::uint32_t>(disk.cache.size()) - 1;
  file(disk, last)[blocks_of(file(disk, last)).back().first + 100] ^= std::byte{1};
  told.clear();
  run(5);
  restart();
  ASSERT_TRUE(open());
  EXPECT_EQ(found, told);
}

// J2: whatever byte of whatever block but the last is flipped: rot, by segment and offset.
TEST_F(Recovery, StopsAtRotInAnOldBlock) {
  run(40);
  const auto whole = disk.cache;
  const std::uint32_t last = static_cast<std::uint32_t>(whole.size()) - 1;
  ASSERT_GE(last, 3u);
  for (std::uint32_t segment = 1; segment <= last; ++segment) {
    auto blocks = blocks_of(whole.at(segment_name(segment)));
    if (segment == last) blocks.pop_back();
    for (const auto& [at, bytes] : blocks) {
      for (const std::size_t byte : {std::size_t{0}, std::size_t{9}, bytes - 1}) {
        disk = MemoryDisk(whole);
        file(disk, segment)[at + byte] ^= std::byte{0x10};
        const std::string offset = "offset " + std::to_string(at) + ":";
        expect_corrupt({segment_name(segment).c_str(), offset.c_str(), "runbook"});
      }
    }
  }
}

TEST_F(Recovery, StopsAtALostOldBlock) {
  run(43);
  const auto whole = disk.cache;
  int cases = 0;
  for (std::uint32_t segment = 1; segment < whole.size(); ++segment) {
    const auto blocks = blocks_of(whole.at(segment_name(segment)));
    for (std::size_t i = 1; i + 1 < blocks.size(); ++i, ++cases) {
      disk = MemoryDisk(whole);
      const auto [at, bytes] = blocks[i];
      std::fill_n(file(disk, segment).begin() + static_cast<long>(at), bytes, std::byte{0});
      const std::string offset = "offset " + std::to_string(at) + ":";
      expect_corrupt({segment_name(segment).c_str(), offset.c_str()});
    }
  }
  EXPECT_GT(cases, 20);
}

// The last blocks of a full segment are gone, the next one goes on.
TEST_F(Recovery, StopsAtALostEndOfAnOldSegment) {
  run(40);
  const auto [at, bytes] = blocks_of(file(disk, 2)).back();
  std::fill_n(file(disk, 2).begin() + static_cast<long>(at), round_up(bytes, 512), std::byte{0});
  expect_corrupt({"segment 2", "records", "are missing"});
}

TEST_F(Recovery, StopsAtADamagedHead) {
  run(40);
  const auto whole = disk.cache;
  const auto last = static_cast<std::uint32_t>(whole.size()) - 1;
  for (std::uint32_t segment = 1; segment < last; ++segment) {
    disk = MemoryDisk(whole);
    file(disk, segment)[12] ^= std::byte{1};
    expect_corrupt({segment_name(segment).c_str()});
  }
}

// A segment's head and its first block are one write: with nothing behind them, a bad head is torn,
// however whole the block may be. That holds for one write only: two cannot have been under way.
TEST_F(Recovery, DropsAFirstBlockWhoseHeadIsTorn) {
  run(13);
  std::size_t last_turn = 0;
  std::uint32_t last = 0;
  do {
    const std::size_t before = told.size();
    restart();
    told.clear();
    run(1);
    last_turn = told.size() - before;
    last = static_cast<std::uint32_t>(disk.cache.size()) - 1;
  } while (last == 1 || blocks_of(file(disk, last)).size() != 1);
  const auto whole = disk.cache;
  file(disk, last)[12] ^= std::byte{1};
  ASSERT_TRUE(open());
  EXPECT_EQ(found, std::vector<Kept>(told.begin(), told.end() - static_cast<long>(last_turn)));

  disk = MemoryDisk(whole);
  file(disk, last)[MemoryDisk::kSector + 50] ^= std::byte{1};
  const auto [at, bytes] = blocks_of(file(disk, last - 1)).back();
  file(disk, last - 1)[at + bytes - 1] ^= std::byte{1};
  expect_corrupt({segment_name(last - 1).c_str(), "durable before"});
}

TEST_F(Recovery, StopsAtAMissingSegment) {
  run(40);
  const auto whole = disk.cache;
  ASSERT_GE(whole.size(), 4u);
  disk.cache.erase(segment_name(1));
  expect_corrupt({"segment 1 ", "missing"});
  disk = MemoryDisk(whole);
  disk.cache.erase(segment_name(2));
  expect_corrupt({"segment 2 ", "missing"});
}

TEST_F(Recovery, StopsAtASegmentOfAnotherJournal) {
  run(40);
  MemoryDisk mine = std::exchange(disk, MemoryDisk());
  auto options = small_segments(16 << 10);
  options.genesis.nonce = 1;
  told.clear();
  run(40, options);
  mine.cache[segment_name(2)] = file(disk, 2);
  disk = MemoryDisk(mine.cache);
  expect_corrupt({"segment 2", "another journal"});
}

// The same journal, restored from two copies that went different ways.
TEST_F(Recovery, StopsAtAnotherCopyOfItself) {
  run(30);
  const auto common = disk.cache;
  auto copy = MemoryDisk(common);
  run(30);
  const auto mine = disk.cache;
  disk = MemoryDisk(common);
  std::vector<Kept> ignored;
  {
    auto journal = FileJournal::open(disk, small_segments(16 << 10), keeping(ignored)).value();
    for (int turn = 0; turn < 60; ++turn) {
      journal->append(records_from(9000, 3), RawTime{turn});
      for (std::optional<JournalEvent> event; !event; event = journal->poll()) disk.complete();
    }
    disk.complete();
  }
  const auto last = static_cast<std::uint32_t>(std::min(mine.size(), disk.cache.size())) - 1;
  auto mixed = mine;
  mixed[segment_name(last)] = file(disk, last);
  disk = MemoryDisk(mixed);
  expect_corrupt({segment_name(last).c_str()});
}

// A whole block at the right position, out of another copy: only its successor's link tells.
TEST_F(Recovery, StopsAtABlockThatWasSwapped) {
  run(2);
  const auto common = disk.cache;
  const auto with_a_turn_of = [&](std::uint64_t n) {
    disk = MemoryDisk(common);
    std::vector<Kept> ignored;
    auto journal = FileJournal::open(disk, small_segments(16 << 10), keeping(ignored)).value();
    for (int turn = 0; turn < 2; ++turn) {
      journal->append(records_from(n, 1), RawTime{5});
      for (std::optional<JournalEvent> event; !event; event = journal->poll()) disk.complete();
    }
    return file(disk, 1);
  };
  const auto other = with_a_turn_of(4);
  auto mine = with_a_turn_of(9);
  const auto blocks = blocks_of(mine);
  const auto [at, bytes] = blocks.at(blocks.size() - 2);
  std::copy_n(other.begin() + static_cast<long>(at), MemoryDisk::kSector,
              mine.begin() + static_cast<long>(at));
  disk = MemoryDisk({{segment_name(1), mine}});
  expect_corrupt({"segment 1", "does not follow the one before it"});
}

TEST_F(Recovery, StopsAtARenamedAndAtAForeignFile) {
  run(40);
  const auto whole = disk.cache;
  disk.cache[segment_name(3)] = whole.at(segment_name(2));
  expect_corrupt({"segment 3", "holds segment 2"});
  disk = MemoryDisk(whole);
  disk.cache["backup.seg"] = {};
  expect_corrupt({"backup.seg"});
  disk = MemoryDisk();
  disk.cache[segment_name(1)] = std::vector<std::byte>(5000, std::byte{'x'});
  expect_corrupt({"segment 1", "no segment of ours"});
}

TEST_F(Recovery, StopsAtASegmentThatWasCutShort) {
  run(40);
  const auto whole = disk.cache;
  file(disk, 2).resize(8 << 10);
  expect_corrupt({"segment 2", "8192 bytes", "copied only in part"});
  disk = MemoryDisk(whole);
  disk.cache[segment_name(1)].clear();
  expect_corrupt({"segment 1"});
}

TEST_F(Recovery, StopsAtANewerFormat) {
  run(20);
  const auto whole = disk.cache;
  auto& head = file(disk, 1);
  store_at(std::span(head), 4, std::uint16_t{2});
  store_at(std::span(head), 40, crc32c(std::span(head).first(40)));
  expect_corrupt({"segment 1", "newer"});

  disk = MemoryDisk(whole);  // a newer block, at the very end: not torn, since its CRC is right
  const std::uint32_t last = static_cast<std::uint32_t>(disk.cache.size()) - 1;
  auto& bytes = file(disk, last);
  const auto [at, size] = blocks_of(bytes).back();
  const auto block = std::span(bytes).subspan(at, size);
  store_at(block, 4, std::uint16_t{2});
  store_at(block, 36, crc32c(block.subspan(40), crc32c(block.first(36))));
  expect_corrupt({segment_name(last).c_str(), "newer"});
}

// I9: rows that know more than the journal holds, whether it ends cleanly, torn, or is gone.
TEST_F(Recovery, StopsWhenTheRowsAreAhead) {
  run(20);
  auto options = small_segments(16 << 10);
  options.rows_at = Position{told.size()};
  restart();
  ASSERT_TRUE(open(options)) << "rows at the end are not ahead";
  disk.complete();
  options.rows_at = Position{told.size() + 1};
  restart();
  expect_corrupt({"rows"}, options);

  options.rows_at = Position{told.size()};
  const std::uint32_t last = static_cast<std::uint32_t>(disk.cache.size()) - 1;
  const auto [at, size] = blocks_of(file(disk, last)).back();
  file(disk, last)[at + size - 1] ^= std::byte{1};
  expect_corrupt({"rows", segment_name(last).c_str(), "CRC"}, options);

  disk = MemoryDisk();
  expect_corrupt({"rows"}, options);
}

// A spare that was only half made when the power went, or holds half of its first write.
TEST_F(Recovery, RemakesAHalfMadeSpare) {
  run(30);
  const auto whole = disk.cache;
  const std::string spare = whole.rbegin()->first;
  for (const std::size_t size : {0u, 777u, 16u << 10}) {
    disk = MemoryDisk(whole);
    disk.cache[spare].assign(size, std::byte{0});
    if (size > 1000) std::fill_n(disk.cache[spare].begin() + 512, 512, std::byte{3});
    restart();
    ASSERT_TRUE(open());
    EXPECT_EQ(found, told);
    disk.complete();
    EXPECT_EQ(disk.cache[spare], std::vector<std::byte>(16 << 10)) << "made anew";
  }
}

// J3. A sync fails, the process stops, and the cache still shows the block: the next start finds
// and keeps it, so it must be on the medium before anything is built on it.
TEST_F(Recovery, TrustsTheMediumAndNotTheCache) {
  run(5);
  {
    auto journal = open().value();
    disk.complete();
    disk.sync_fails = true;
    journal->append(records_from(500, 4), RawTime{9});
    disk.complete();
    const auto event = journal->poll();
    ASSERT_TRUE(event && std::holds_alternative<Broken>(*event));
    journal->append(records_from(600, 1), RawTime{9});
    const auto again = journal->poll();
    EXPECT_TRUE(again && std::holds_alternative<Broken>(*again)) << "it stays broken";
    EXPECT_EQ(journal->room(), Room::kFull);
  }
  disk.sync_fails = false;
  ASSERT_TRUE(open());
  ASSERT_EQ(found.size(), told.size() + 4) << "the cache shows it";
  const auto promised = found;
  disk = MemoryDisk(disk.medium);
  ASSERT_TRUE(open());
  EXPECT_EQ(found, promised) << "and so does the medium";
}

// J1: a directory that moves to a disk with larger sectors goes on in a new segment.
// Nor does a directory that moves to a disk with smaller sectors put blocks where the segment's
// readers do not look.
TEST_F(Recovery, NeverSharesASegmentBetweenSectorSizes) {
  for (const auto& [was, is] : {std::pair{512u, 4096u}, std::pair{4096u, 512u}}) {
    SCOPED_TRACE(was);
    disk = MemoryDisk();
    told.clear();
    disk.sector_bytes = was;
    run(4);
    move_to_sectors_of(is);
  }
}

// Whatever the ledger refuses while it replays is the answer, and nothing on the disk changes.
TEST_F(Recovery, HandsTheVisitorsRefusalThrough) {
  run(5);
  const auto before = disk.cache;
  const auto opened = FileJournal::open(disk, small_segments(16 << 10), [](auto) {
    return Status(fail(Error::Code::kCorrupt, "unknown rules"));
  });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "unknown rules");
  EXPECT_EQ(disk.cache, before);
}

}  // namespace
}  // namespace seckill
