// Readers beside a writer: they see only whole blocks, and call nothing rot that is not.
#include "journal/file_reader.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "base/crc32c.h"
#include "base/file_disk.h"
#include "journal/block.h"
#include "journal/bytes.h"
#include "journal/journal_testing.h"
#include "journal/memory_disk.h"
#include "journal/verify.h"
#include "support/temp_dir.h"

namespace seckill {
namespace {

constexpr std::uint64_t kSegment = 32 << 10;

// A journal in memory with `turns` turns of 8 records.
MemoryDisk::Files journal_of(int turns) {
  MemoryDisk disk;
  const auto journal =
      FileJournal::open(disk, small_segments(kSegment), [](auto) { return Status{}; }).value();
  for (int turn = 0; turn < turns; ++turn) {
    journal->append(records_from(0, 8), RawTime{turn});
    for (std::optional<JournalEvent> event; !event; event = journal->poll()) disk.complete();
  }
  disk.complete();
  return disk.cache;
}

TEST(FileJournalReader, StopsAtTheDurablePosition) {
  MemoryDisk disk(journal_of(20));
  Position durable{0};
  FileJournalReader reader(disk, [&] { return durable; });
  EXPECT_TRUE(reader.read(Position{0}, 10).value().empty());
  durable = Position{9};
  EXPECT_EQ(read_all(reader).value().size(), 9u);
  durable = Position{161};
  EXPECT_EQ(read_all(reader, Position{9}).value().size(), 152u);
  EXPECT_TRUE(reader.read(Position{161}, 10).value().empty());
}

// What was confirmed and cannot be read is rot, without any search for a proof.
TEST(FileJournalReader, CallsDamageBeforeTheDurablePositionRot) {
  MemoryDisk disk(journal_of(20));
  auto& last = disk.cache.at(segment_name(1));
  last[MemoryDisk::kSector * 2 + 50] ^= std::byte{1};
  FileJournalReader reader(disk, [] { return Position{161}; });
  const auto read = read_all(reader);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Error::Code::kCorrupt);
  EXPECT_NE(read.error().message.find("00000001.seg), offset 1024"), std::string::npos)
      << read.error().message;
}

// Without a mark it finds the same by the blocks behind, and takes a torn end for an end.
TEST(FileJournalReader, TellsATornEndFromRot) {
  const auto whole = journal_of(90);
  const auto records_in = [](const MemoryDisk::Files& files) {
    MemoryDisk disk(files);
    FileJournalReader reader(disk);
    return read_all(reader, Position{}, 100);
  };
  ASSERT_EQ(records_in(whole).value().size(), 721u);
  const std::string last_used = std::prev(whole.end(), 2)->first;
  auto torn = whole;
  auto& bytes = torn.at(last_used);
  std::size_t end = bytes.size();
  while (bytes[end - 1] == std::byte{0}) --end;
  bytes[end - 1] ^= std::byte{1};
  EXPECT_EQ(records_in(torn).value().size(), 713u);
  auto rotten = whole;
  rotten.at(segment_name(2))[5000] ^= std::byte{1};
  const auto read = records_in(rotten);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("segment 2"), std::string::npos) << read.error().message;
}

// A block is believed whole or not at all: a record in its middle that does not decode is damage
// for whoever reads on, and never the end of the journal.
TEST(FileJournalReader, NeverTakesARecordItCannotReadForTheEnd) {
  auto files = journal_of(1);
  auto& bytes = files.at(segment_name(1));
  const std::size_t start = 2 * MemoryDisk::kSector;  // behind the head and block 0
  const std::span block = std::span(bytes).subspan(start);
  std::size_t record = kBlockHeadBytes;
  for (int n = 0; n < 3; ++n) record += 4 + load_at<std::uint32_t>(block, record);
  block[record + 4] = std::byte{77};  // a format of the future
  const std::size_t size = claimed_block_bytes(block);
  const auto crc = crc32c(block.subspan(kBlockHeadBytes, size - kBlockHeadBytes),
                          crc32c(block.first(kBlockHeadBytes - 4)));
  store_at(block, kBlockHeadBytes - 4, crc);
  MemoryDisk disk(files);
  FileJournalReader reader(disk);
  const auto read = read_all(reader, Position{}, 100);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Error::Code::kCorrupt);
  EXPECT_NE(read.error().message.find("format 77"), std::string::npos) << read.error().message;
}

TEST(FileJournalReader, SaysThatThereIsNoJournal) {
  MemoryDisk disk;
  FileJournalReader reader(disk);
  EXPECT_EQ(reader.read(Position{}, 1).error().code, Error::Code::kInvalid);
  EXPECT_EQ(verify(disk).error().code, Error::Code::kInvalid);
}

// An audit beside a live server, over and over, through many segments: no read calls anything rot,
// and each sees at least what was confirmed before it began. Between its bursts the writer waits
// for an audit: one that is slower than the writer would follow it without end.
TEST(FileJournalReader, ReadsBesideALiveWriter) {
  const TempDir directory;
  const auto disk = FileDisk::open(directory.path()).value();
  const auto journal =
      FileJournal::open(*disk, small_segments(kSegment), [](auto) { return Status{}; }).value();
  std::atomic<bool> done{false};
  std::string wrong;
  constexpr int kBursts = 4;
  std::atomic<int> audits{0};
  std::thread auditor([&] {
    const auto files = FileDiskReader::open(directory.path()).value();
    while (!done && wrong.empty()) {
      const std::uint64_t confirmed = journal->durable();
      FileJournalReader reader(*files);
      const auto read = read_all(reader, Position{confirmed / 2}, 500);
      const auto verified = verify(*files);
      if (!read) {
        wrong = read.error().message;
      } else if (!verified || verified->damage) {
        wrong = verified ? verified->damage->message : verified.error().message;
      } else if (read->size() < confirmed - confirmed / 2 || verified->records < confirmed) {
        wrong = "it saw less than what was confirmed";
      }
      ++audits;
      audits.notify_one();
    }
    audits += kBursts;  // whatever ended it, nobody waits for more
    audits.notify_one();
  });
  bool fine = true;
  for (int turn = 0; turn < kBursts * 100 && fine; ++turn) {
    journal->append(records_from(0, 1 + static_cast<std::size_t>(turn % 40)), RawTime{turn});
    const auto event = await(*journal);
    fine = event && std::holds_alternative<CameBack>(*event);
    if (turn % 100 == 99) {
      for (int seen = audits; seen <= turn / 100; seen = audits) audits.wait(seen);
    }
  }
  EXPECT_TRUE(fine);
  done = true;
  auditor.join();
  EXPECT_EQ(wrong, "");
  EXPECT_GT(journal->segments_made(), 5u);
}

TEST(Verify, CountsWhatIsThere) {
  MemoryDisk disk(journal_of(90));
  const auto verified = verify(disk).value();
  EXPECT_FALSE(verified.damage);
  EXPECT_EQ(verified.records, 721u);
  EXPECT_EQ(verified.blocks, 91u);
  EXPECT_EQ(verified.end, Position{721});
  EXPECT_EQ(verified.segments, disk.cache.size() - 1);
  EXPECT_EQ(verified.torn_bytes, 0u);
  EXPECT_EQ(verified.first_stamp, RawTime{1'700'000'000'000});
  EXPECT_EQ(verified.last_stamp, RawTime{89});
}

TEST(Verify, CountsUpToTheDamage) {
  MemoryDisk disk(journal_of(90));
  disk.cache.at(segment_name(2))[5000] ^= std::byte{1};
  const auto verified = verify(disk).value();
  ASSERT_TRUE(verified.damage);
  EXPECT_EQ(verified.damage->code, Error::Code::kCorrupt);
  EXPECT_GT(verified.records, 100u);
  EXPECT_LT(verified.records, 721u);
}

// One line a record, valid JSON of plain parts, and never a secret.
TEST(Dump, PrintsEachRecordAndMasksSecrets) {
  MemoryDisk disk(journal_of(2));
  std::string lines;
  ASSERT_TRUE(dump(disk, Position{0}, [&](const Entry& entry) {
    lines += to_json_line(entry) + "\n";
    return Status{};
  }));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 17);
  EXPECT_NE(lines.find(R"({"position":0,"stamp":1700000000000,"node":"0000000000000001","slot":0,)"
                       R"("generation":0,"kind":"TICK","rules":1,"at":0,)"
                       R"("digest":"0000000000000000","nonce":"0000000000001267"})"),
            std::string::npos)
      << lines;
  EXPECT_NE(lines.find(R"("title":"A \"fast\" car \\ 0","secret":"***")"), std::string::npos);
  EXPECT_EQ(lines.find("5a5a"), std::string::npos);
  for (const char* kind : {"SALE", "RESERVE", "PAY", "CANCEL"}) {
    EXPECT_NE(lines.find(std::string(R"("kind":")") + kind), std::string::npos);
  }
}

}  // namespace
}  // namespace seckill
