// The contract of journal_contract.h, held by the journal in files: on a real disk, and on one in
// memory. (Over Kafka: tests/stack.)
#include "journal/journal_contract.h"

#include <gtest/gtest.h>

#include "base/file_disk.h"
#include "journal/memory_disk.h"
#include "support/temp_dir.h"

namespace seckill {
namespace {

class OnFileDisk {
 public:
  static constexpr bool kOurStamp = true;
  Journal& open() {
    journal_.reset();
    disk_.reset();
    disk_ = FileDisk::open(directory_.path()).value();
    found_.clear();
    journal_ = FileJournal::open(*disk_, small_segments(1 << 20), keeping(found_)).value();
    return *journal_;
  }
  const std::vector<Kept>& found() const { return found_; }
  std::optional<JournalEvent> event() { return await(*journal_); }
  std::unique_ptr<JournalReader> reader() {
    if (!reader_disk_) reader_disk_ = FileDiskReader::open(directory_.path()).value();
    return std::make_unique<FileJournalReader>(*reader_disk_);
  }

 private:
  TempDir directory_;
  std::unique_ptr<FileDisk> disk_;
  std::unique_ptr<FileDiskReader> reader_disk_;
  std::unique_ptr<FileJournal> journal_;
  std::vector<Kept> found_;
};

class InMemory {
 public:
  static constexpr bool kOurStamp = true;
  Journal& open() {  // each time as after a power cut
    journal_.reset();
    disk_ = std::make_unique<MemoryDisk>(disk_ ? disk_->medium : MemoryDisk::Files{});
    found_.clear();
    journal_ = FileJournal::open(*disk_, small_segments(1 << 20), keeping(found_)).value();
    return *journal_;
  }
  const std::vector<Kept>& found() const { return found_; }
  std::optional<JournalEvent> event() {
    disk_->complete();
    return journal_->poll();
  }
  std::unique_ptr<JournalReader> reader() { return std::make_unique<FileJournalReader>(*disk_); }

 private:
  std::unique_ptr<MemoryDisk> disk_;
  std::unique_ptr<FileJournal> journal_;
  std::vector<Kept> found_;
};

using Worlds = testing::Types<OnFileDisk, InMemory>;
INSTANTIATE_TYPED_TEST_SUITE_P(Files, JournalContract, Worlds);

}  // namespace
}  // namespace seckill
