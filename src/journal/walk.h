// What the bytes of a journal mean, told once for all who read them: recovery, consumer, audit,
// `journal verify`.
//
// A walk goes from block to block and believes one only if its CRC is right, it starts where the
// last one ended, and it names the last one's CRC. Where no such block follows, judge_end() tells
// the three ends apart (J2): nothing more yet; a torn last write, which is dropped; rot, which
// stops everything. One write is in flight at a time, so whatever lies behind a block proves that
// block was durable: a bad block with a whole one behind it, or with a used segment behind it, is
// rot.
//
// Beside a live writer it may see a block half-written, or a later one before an earlier one. So
// before it says "damaged" it looks once more: what is seen ahead proves that everything before it
// is whole by now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/disk.h"
#include "journal/block.h"
#include "journal/segment.h"

namespace seckill {

// One file, read through a buffer.
class Window {
 public:
  explicit Window(DiskReader& disk) : disk_(&disk) {}
  void open(std::string name) { name_ = std::move(name), forget(); }
  void forget() { filled_ = 0; }  // what it has read may be older than what is there
  // Fewer than `bytes` only at the end of the file. Lives until the next call.
  Result<std::span<const std::byte>> at(std::uint64_t offset, std::size_t bytes);

 private:
  DiskReader* disk_;
  std::string name_;
  std::vector<std::byte> buffer_;
  std::uint64_t start_ = 0;
  std::size_t filled_ = 0;
};

// What lies behind the last whole block.
struct Tail {
  bool grew = false;        // a whole block after all: a live writer; call next() again
  std::uint64_t bytes = 0;  // of a torn write, which never became durable; 0: a clean end
  Place place;
};

class Walk {
 public:
  explicit Walk(DiskReader& disk) : disk_(disk), window_(disk), ahead_(disk) {}

  // Goes to record 0. False: there is no journal yet (no segment, or one that was never written).
  // kCorrupt: a segment is missing, foreign, newer or damaged.
  Result<bool> start();
  // Goes to the block that holds `at`, or into the last segment if none does; next() then walks up
  // to it. Trusts what lies before.
  Status seek(Position at);

  // The next whole block, or nothing: see judge_end(). Its payload lives until the next call.
  // kCorrupt, naming segment and offset.
  Result<std::optional<Block>> next();
  Result<Tail> judge_end();

  Position position() const { return spot_.next; }                   // of the next record
  std::uint32_t crc() const { return spot_.crc; }                    // of the last block
  Place place() const { return {spot_.head.number, spot_.offset}; }  // behind the last block
  const Place& last_block() const { return last_block_; }            // where it starts
  const SegmentHead& segment() const { return spot_.head; }  // the last one with a whole block
  const char* why() const { return why_; }                   // no block was found at place()

  // Numbers of the segments there are, ascending. kCorrupt: a file that only looks like one.
  Result<std::vector<std::uint32_t>> segments();

 private:
  // Behind the last block that was believed.
  struct Spot {
    SegmentHead head;
    std::uint64_t offset = 0;
    Position next{};
    std::uint32_t crc = 0;
  };
  struct Found {
    std::optional<Place> whole;  // the first whole block that was written later than the next one
    std::uint64_t used_end = 0;  // behind the last byte that is not zero
  };
  struct Behind {
    std::optional<Place> whole;  // as in Found, in any segment
    bool used_here = false;      // in the segment where the walk stands
    int used_segments = 0;
    std::uint64_t bytes = 0;
  };
  Result<std::optional<Block>> here();
  Result<bool> look_ahead();
  void enter(const SegmentHead& head, Window& window);
  Status accept(const Block& block);
  bool follows(const Block& block) const {
    return block.first == spot_.next && block.predecessor == spot_.crc;
  }
  Status check_chain(const Block& block, const Place& at) const;
  Status check_head(const SegmentHead& head, std::uint32_t number);
  Result<Behind> survey();
  Result<Found> scan(std::uint32_t number, std::uint64_t from);
  Result<bool> never_written(const std::vector<std::uint32_t>& numbers);

  DiskReader& disk_;
  Window window_;
  Window ahead_;
  Spot spot_;
  Place last_block_;
  const char* why_ = "";
  Place ahead_place_;           // where look_ahead() stopped …
  const char* ahead_why_ = "";  // … and why
};

// "journal: segment 2 (00000002.seg), offset 4096: …; do not restart: see the runbook"
Error damage_at(const Place& place, std::string_view why);

}  // namespace seckill
