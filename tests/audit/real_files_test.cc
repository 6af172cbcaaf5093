// The audit over a journal in real files, beside its writer and after somebody damaged them.
#include <filesystem>
#include <fstream>
#include <map>

#include "base/file_disk.h"
#include "doctored.h"
#include "journal/file_journal.h"
#include "journal/file_reader.h"
#include "journal/journal_testing.h"

namespace seckill {
namespace {

using namespace testing;

// The sale of a Told, journaled record by record: each is a block of its own.
struct RealFiles : ::testing::Test {
  Told told;
  TempDir dir;
  std::string folder = dir.file("journal");
  std::string rows = dir.file("orders.db");

  static FileJournalOptions options() {
    auto made = small_segments();
    made.genesis.stamp = Story::kStart;
    return made;
  }
  void SetUp() override {
    auto disk = FileDisk::open(folder).value();
    auto journal = FileJournal::open(*disk, options(), [](auto) { return Status{}; }).value();
    for (std::size_t n = 1; n < told.story.size(); ++n) {
      const Entry& entry = told.story.entries()[n];
      journal->append({&entry.record, 1}, entry.stamp);
      for (bool back = false; !back;) {
        const auto event = await(*journal);
        ASSERT_TRUE(event && !std::holds_alternative<Broken>(*event));
        back = std::holds_alternative<CameBack>(*event);
      }
    }
    ASSERT_TRUE(consume());
    ASSERT_TRUE(audited()->proven()) << "beside its writer";
  }

  Status consume() {
    auto disk = FileDiskReader::open(folder).value();
    FileJournalReader reader(*disk);
    auto orders = SqliteOrders::open(rows).value();
    Consumer consumer(reader, *orders);
    for (;;) {
      auto turn = consumer.turn({});
      if (!turn) return fail(turn.error());
      if (!*turn) return {};
    }
  }
  Result<AuditReport> audited() {
    auto disk = FileDiskReader::open(folder).value();
    FileJournalReader reader(*disk);
    auto stored = SqliteOrdersReader::open(rows).value();
    return audit({.journal = &reader, .rows = stored.get()});
  }
  // Flips a bit of the record that holds this text.
  void damage(std::string_view text) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(file)), {});
      const auto at = bytes.find(text);
      if (at == std::string::npos) continue;
      file.clear();
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(bytes[at] ^ 1));
      return;
    }
    FAIL() << text << " is in no file";
  }
};

TEST_F(RealFiles, ProveTheSaleWhenTheWriterIsGone) {
  const auto report = audited().value();
  EXPECT_TRUE(report.proven()) << to_text(report);
  EXPECT_EQ(report.sums.won, 6u);
  EXPECT_EQ(number(report.journal_end), told.story.size());
}

// Rot in the middle is damage, by segment and offset; no check can stand on such a journal.
TEST_F(RealFiles, StopTheAuditAtRot) {
  damage("bob");
  const auto report = audited();
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, Error::Code::kCorrupt);
  EXPECT_EQ(consume().error().code, Error::Code::kCorrupt);
}

// The last block was garbled, and the rows know it: they are ahead of what is left.
TEST_F(RealFiles, CatchRowsAheadOfATornEnd) {
  told.story.buy(told.car, "the-last", "k1");
  {
    auto disk = FileDisk::open(folder).value();
    auto journal = FileJournal::open(*disk, options(), [](auto) { return Status{}; }).value();
    journal->append({&told.story.entries().back().record, 1}, told.story.entries().back().stamp);
    while (!std::holds_alternative<CameBack>(await(*journal).value())) {
    }
  }
  ASSERT_TRUE(consume());
  ASSERT_TRUE(audited()->proven());
  damage("the-last");
  const auto report = audited().value();
  EXPECT_TRUE(report.violated()) << to_text(report);
  const auto& bookmark = report.checks.at(1);
  EXPECT_EQ(bookmark.name, "bookmark");
  EXPECT_FALSE(bookmark.holds);
  EXPECT_EQ(consume().error().code, Error::Code::kCorrupt);
}

}  // namespace
}  // namespace seckill
