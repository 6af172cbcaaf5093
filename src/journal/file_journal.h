// The journal of one process, in segment files of one directory: a turn is a block, written and
// synced once.
//
// It does no I/O of its own: everything goes through a Disk, the machine's or the simulator's; no
// threads, no clock. Opening it is recovery, and hands every record to the caller's ledger on the
// way, so the files are read once. What recovery keeps of the last segment it copies into a new
// file (J3): a page that only looked durable, because a sync failed and the cache did not tell, is
// written again before anything is built on it.
//
// A spare segment is always there or in the making. When none can be made (the disk is full, or the
// season's cap is reached) room() says so while a part of the current one is still free: that part
// is for PAY and CANCEL (J6). Making a spare is tried for ever, at the pace of the disk; a failed
// write or sync of a block is final.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/disk.h"
#include "journal/journal.h"
#include "journal/segment.h"

namespace seckill {

// What makes a new journal this one and no other; not looked at where one is already.
struct Genesis {
  Node node{};
  std::uint64_t nonce = 0;  // random
  RawTime stamp;
  Rules rules = kNewestRules;
};

struct FileJournalOptions {
  std::uint64_t segment_bytes = 64 << 20;   // of segments made from now on
  std::uint64_t journal_max = 16ULL << 30;  // the season's cap; the last segment is for the end
  Position rows_at{};  // the rows' bookmark: a journal that ends before it has lost something (I9)
  Genesis genesis;
  // One line for the person on call: a torn tail that was dropped, a spare that could not be made.
  std::function<void(std::string_view)> say = [](std::string_view) {};
};

// What opening found.
struct Recovered {
  bool is_new = false;
  std::uint32_t segments = 0;
  std::uint64_t blocks = 0;
  std::uint64_t torn_bytes = 0;  // dropped
};

class FileJournal final : public Journal {
 public:
  using Visitor = std::function<Status(std::span<const Entry>)>;

  // Visits every record there is, in order, a block at a time; entries live until it returns.
  // kCorrupt: damaged, short, foreign or newer (I9), with segment and offset; a torn last block is
  // dropped and said. Whatever the visitor refuses is handed through. Needs: disk outlives it.
  static Result<std::unique_ptr<FileJournal>> open(Disk& disk, FileJournalOptions options,
                                                   const Visitor& visit);

  void append(std::span<const Record> records, RawTime stamp) override;
  std::optional<JournalEvent> poll() override;
  int wake_fd() const override { return disk_.wake_fd(); }
  Room room() const override;

  // First position that is not durable yet. For the consumer's thread, which may wait() on it: it
  // is notified at every step.
  const std::atomic<std::uint64_t>& durable() const { return durable_; }

  RecordHash identity() const { return segment_.identity; }
  const Recovered& recovered() const { return recovered_; }
  std::int64_t last_flush_us() const { return last_flush_us_; }
  std::uint64_t segments_made() const { return segment_.number; }

 private:
  enum class Spare : std::uint8_t { kMaking, kReady, kFailed, kCapped };
  // A turn on its way. Two of them take turns, so that what poll() handed out survives the next
  // append().
  struct Turn {
    std::vector<std::byte> buffer;  // one sector for a segment's head, then the block
    std::vector<Entry> entries;
  };
  struct InFlight {
    Position end{};
    std::uint32_t crc = 0;
    std::uint64_t offset_after = 0;
    bool waits = false;    // for the spare segment in the making
    bool refused = false;  // there was no room: nothing was written
  };

  FileJournal(Disk& disk, FileJournalOptions options);
  Status recover(const Visitor& visit);
  Status create(const Visitor& visit);
  Status keep(const Place& end);
  Status remove_above(std::uint32_t segment);
  void make_first_spare();
  void make_spare();
  bool capped() const;
  void send();
  std::optional<JournalEvent> written(const DiskDone& done);
  std::optional<JournalEvent> made(const DiskDone& done);
  std::uint64_t free_bytes() const { return segment_.segment_bytes - offset_; }

  Disk& disk_;
  FileJournalOptions options_;
  Recovered recovered_;
  SegmentHead segment_;       // the current one
  std::uint64_t offset_ = 0;  // where the next block goes; segment_bytes: the next segment
  Position next_{};
  std::uint32_t crc_ = 0;  // of the last block
  Spare spare_ = Spare::kMaking;
  std::array<Turn, 2> turns_;
  std::size_t turn_ = 0;
  std::optional<InFlight> in_flight_;
  std::optional<Error> broken_;
  bool broken_is_news_ = false;
  std::int64_t last_flush_us_ = 0;
  std::atomic<std::uint64_t> durable_{0};
};

}  // namespace seckill
