// Holds every journal to the numbered lines of journal.h. Each implementation brings a World: a
// journal that can be closed and opened again, a reader, and a way to wait for the next event.
//   kOurStamp: the writer's clock stamps its records; else the journal has a clock of its own.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "journal/journal_testing.h"

namespace seckill {

template <class World>
class JournalContract : public testing::Test {
 protected:
  // Appends `records`, waits for the last of them, and returns what came back. (A record may come
  // back twice: a producer that was in doubt sent it again. So it is the last one that ends the
  // wait, not their number.)
  std::vector<Kept> append(Journal& journal, std::span<const Record> records, RawTime stamp) {
    journal.append(records, stamp);
    std::vector<Kept> back;
    while (back.empty() || back.back().record != records.back()) {
      const auto event = world.event();
      EXPECT_TRUE(event && std::holds_alternative<CameBack>(*event)) << "it answers";
      if (!event || !std::holds_alternative<CameBack>(*event)) break;
      keep_all(std::get<CameBack>(*event).entries, back);
    }
    return back;
  }
  World world;
};

TYPED_TEST_SUITE_P(JournalContract);

// (3) Our own records come back, whole, in order, at the next positions, with
// our stamp or the journal's own.
TYPED_TEST_P(JournalContract, AnswersAnAppendWithItsRecords) {
  Journal& journal = this->world.open();
  std::uint64_t at = this->world.found().size();
  for (const std::size_t size : {1u, 2u, 64u, 256u}) {
    const auto records = records_from(at, size);
    const RawTime stamp{static_cast<std::int64_t>(1000 + size)};
    const auto back = this->append(journal, records, stamp);
    ASSERT_EQ(back.size(), size);
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_EQ(back[i].position, Position{at + i});
      if (TypeParam::kOurStamp) {
        EXPECT_EQ(back[i].stamp, stamp);
      }
      EXPECT_EQ(back[i].record, records[i]);
      EXPECT_EQ(decode(back[i].bytes).value(), records[i]);
    }
    at += size;
  }
  EXPECT_FALSE(journal.poll()) << "and nothing else comes";
}

// (1) What was handed back is there after the process has ended, and again after that.
TYPED_TEST_P(JournalContract, KeepsWhatItHandedBack) {
  Journal* journal = &this->world.open();
  std::vector<Kept> told = this->world.found();
  for (int life = 0; life < 3; ++life) {
    for (int turn = 0; turn < 20; ++turn) {
      const auto records = records_from(told.size(), 1 + static_cast<std::size_t>(turn) * 3);
      const auto back = this->append(*journal, records, RawTime{turn});
      told.insert(told.end(), back.begin(), back.end());
    }
    journal = &this->world.open();
    ASSERT_EQ(this->world.found(), told) << "life " << life;
  }
}

// (2) Readers from any position, in portions of any size, meet the same entries.
TYPED_TEST_P(JournalContract, ShowsEveryReaderTheSame) {
  Journal& journal = this->world.open();
  std::vector<Kept> told = this->world.found();
  for (int turn = 0; turn < 60; ++turn) {
    const auto records = records_from(told.size(), 1 + static_cast<std::size_t>(turn * 7 % 90));
    const auto back = this->append(journal, records, RawTime{turn});
    told.insert(told.end(), back.begin(), back.end());
  }
  const auto reader = this->world.reader();
  for (const std::size_t most : {1u, 10u, 5000u}) {
    for (std::size_t from = 0; from <= told.size(); from += 501) {
      const auto read = read_all(*reader, Position{from}, most);
      ASSERT_TRUE(read) << read.error().message;
      const std::vector<Kept> wanted(told.begin() + static_cast<std::ptrdiff_t>(from), told.end());
      ASSERT_EQ(*read, wanted) << "from " << from << ", " << most << " at a time";
    }
  }
}

// The largest turn of the largest records is a turn like any other.
TYPED_TEST_P(JournalContract, TakesTurnsUpToItsLimitOnly) {
  Journal& journal = this->world.open();
  EXPECT_EQ(journal.room(), Room::kPlenty);
  const auto records = records_from(0, kTurnMax);
  EXPECT_EQ(this->append(journal, records, RawTime{1}).size(), records.size());
}

REGISTER_TYPED_TEST_SUITE_P(JournalContract, AnswersAnAppendWithItsRecords, KeepsWhatItHandedBack,
                            ShowsEveryReaderTheSame, TakesTurnsUpToItsLimitOnly);

}  // namespace seckill
