// The power goes at any moment, also while recovery is at work; what was handed back stays.
#include <gtest/gtest.h>

#include "journal/journal_testing.h"
#include "journal/memory_disk.h"
#include "journal/verify.h"
#include "support/dice.h"

namespace seckill {
namespace {

constexpr std::uint64_t kSegment = 12 << 10;

// One life of a journal: it recovers, takes a random number of turns and dies.
class Life {
 public:
  Life(MemoryDisk& disk, std::mt19937_64& random, std::vector<Kept>& told)
      : disk_(disk), random_(random), told_(told) {}

  // What recovery found must begin with all that was told in earlier lives.
  ::testing::AssertionResult recover() {
    std::vector<Kept> found;
    auto opened = FileJournal::open(disk_, small_segments(kSegment), keeping(found));
    if (!opened) return ::testing::AssertionFailure() << opened.error().message;
    if (found.size() < told_.size() || !std::equal(told_.begin(), told_.end(), found.begin())) {
      return ::testing::AssertionFailure()
             << "told " << told_.size() << " records, found " << found.size();
    }
    journal_ = std::move(*opened);
    told_ = found;  // whoever replays them tells them to others: they must stay, too
    return ::testing::AssertionSuccess();
  }

  void work() {
    for (auto steps = random_() % 60; steps > 0; --steps) {
      if (random_() % 3 == 0) disk_.complete_make();
      if (random_() % 2 == 0) disk_.complete_write();
      if (auto event = journal_->poll()) {
        waiting_ = false;
        if (const auto* back = std::get_if<CameBack>(&*event)) keep_all(back->entries, told_);
      }
      if (waiting_ || random_() % 2 == 0) continue;
      journal_->append(records_from(random_() % 1000, 1 + random_() % 24),
                       RawTime{static_cast<std::int64_t>(random_() % 1000)});
      waiting_ = true;
    }
  }

 private:
  MemoryDisk& disk_;
  std::mt19937_64& random_;
  std::vector<Kept>& told_;
  std::unique_ptr<FileJournal> journal_;
  bool waiting_ = false;
};

// I2, for 40 journals of 8 lives each. Between two lives the power cut tears and garbles what was
// under way; every second recovery is itself cut short at a random operation, and cut again.
TEST(Crash, LosesNothingThatWasHandedBack) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::size_t images = 0, records = 0, torn = 0;
  for (int run = 0; run < 40; ++run) {
    MemoryDisk disk;
    std::vector<Kept> told;
    for (int life = 0; life < 8; ++life, ++images) {
      while (random() % 2 == 0) {  // dies within recovery
        disk.fuse = static_cast<int>(random() % 4);
        std::vector<Kept> ignored;
        const auto opened =
            FileJournal::open(disk, small_segments(kSegment), keeping(ignored)).has_value();
        disk = MemoryDisk(disk.after_power_cut(random));
        ++images;
        ASSERT_TRUE(!opened || ignored.size() >= told.size());
      }
      const auto before = verify(disk);
      if (before && before->torn_bytes > 0) ++torn;
      Life one(disk, random, told);
      ASSERT_TRUE(one.recover()) << "run " << run << ", life " << life;
      one.work();
      disk = MemoryDisk(disk.after_power_cut(random));
    }
    records += told.size();
  }
  RecordProperty("images", static_cast<int>(images));
  EXPECT_GT(images, 320u);
  EXPECT_GT(records, 7'000u);
  EXPECT_GT(torn, 20u) << "the test would show nothing if nothing were torn";
}

}  // namespace
}  // namespace seckill
