// Reads a file journal from any position: the consumer inside `serve`, and the audit beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/disk.h"
#include "journal/journal.h"
#include "journal/walk.h"

namespace seckill {

// Reading on where the last read ended costs nothing extra; any other position costs a look at the
// segments' first blocks and a walk through one of them.
// With `durable` (FileJournal::durable(), from any thread) it reads what is confirmed, and whatever
// is not whole there is rot. Without it, it reads every whole block there is, also one whose flush
// is still under way, and stops where nothing follows: only then it looks whether that is an end or
// rot, which costs a look at the rest of the segment.
// Memory: about 3 MiB. Threads: one owner; calls wait for the disk. Needs: disk outlives it.
class FileJournalReader final : public JournalReader {
 public:
  using Durable = std::function<Position()>;
  explicit FileJournalReader(DiskReader& disk, Durable durable = nullptr);

  Result<std::span<const Entry>> read(Position from, std::size_t most) override;

 private:
  Status gather(Position from, std::size_t most);
  Result<bool> take_block(Position from);
  Result<bool> at_end();
  std::span<const Entry> hand_out(Position from, std::size_t most);

  DiskReader& disk_;
  Durable durable_;
  std::optional<Walk> walk_;      // none: look for the place first
  std::vector<std::byte> bytes_;  // of entries_; never grows beyond what is reserved
  std::vector<Entry> entries_;
};

}  // namespace seckill
