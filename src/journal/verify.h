// What `seckill journal verify` and `seckill journal dump` say about a file journal, a live
// server's, too.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/disk.h"
#include "journal/journal.h"

namespace seckill {

struct Verified {
  std::uint32_t segments = 0;
  std::uint64_t blocks = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of blocks, without what fills their sectors
  std::uint64_t torn_bytes =
      0;  // of a last write that never became durable: the next start drops it
  RecordHash identity;
  Position end{};
  RawTime first_stamp;
  RawTime last_stamp;
  std::optional<Error> damage;  // the figures above are of what lies before it
};

// kInvalid: there is no journal. Other errors: the disk cannot be read.
Result<Verified> verify(DiskReader& disk);

// Every record from `from` on. Stops at what `each` refuses, and at damage (kCorrupt).
Status dump(DiskReader& disk, Position from, const std::function<Status(const Entry&)>& each);

// One line, without its end. Numbers that JSON's readers would round (nodes, digests, nonces) and
// ids are hex texts; stamps are milliseconds since 1970; a sale's secret is "***".
std::string to_json_line(const Entry& entry);

}  // namespace seckill
