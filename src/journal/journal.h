// The journal is the order of the world: what is in it happened, in that order, once.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "base/result.h"
#include "model/record.h"

namespace seckill {

inline constexpr std::size_t kTurnMax = 2048;  // records in one append

// Records that are durable now, in order, anybody's.
struct CameBack {
  std::span<const Entry> entries;
};
// The last append may or may not appear later. The journal goes on.
struct Unsure {
  std::string why;
};
// Final: a failed write or sync is never retried; only a restart reads the truth back.
struct Broken {
  Error error;
};
using JournalEvent = std::variant<CameBack, Unsure, Broken>;

// What there is room for. PAY and CANCEL keep a place when new claims have none (J6).
enum class Room : std::uint8_t { kPlenty, kNoClaims, kFull };

// FileJournal serves one process, KafkaJournal several. journal_contract_test.cc holds each of
// them, and the simulator's, to every numbered line. Threads: belongs to the loop; calls never
// overlap and never wait.
class Journal {
 public:
  virtual ~Journal() = default;

  // Starts to put records behind everything appended before. One append in flight. `stamp` is the
  // writer's clock, and becomes every record's time stamp where the journal has none of its own.
  //   (1) what poll() has handed back survives kill -9, power cut and restart;
  //   (2) every reader meets the same records at the same, strictly increasing positions, with the
  //       same stamps;
  //   (3) append() answers through poll(): our own records come back, or Unsure, or Broken; never
  //       silence for more than 10 s.
  // Needs: 1 <= records.size() <= kTurnMax, and no append in flight.
  virtual void append(std::span<const Record> records, RawTime stamp) = 0;

  // The next thing that happened, or nothing. Spans live until the next call.
  virtual std::optional<JournalEvent> poll() = 0;

  // Readable when poll() may have something to say; poll() clears it.
  virtual int wake_fd() const = 0;

  virtual Room room() const = 0;
};

// How the consumer and the audit read: from any position, only what is durable.
class JournalReader {
 public:
  virtual ~JournalReader() = default;

  // Up to `most` entries from `from` on; empty when there is nothing more yet. Spans live until the
  // next call. kCorrupt: the journal is damaged there (I9), with segment and offset.
  virtual Result<std::span<const Entry>> read(Position from, std::size_t most) = 0;
};

}  // namespace seckill
