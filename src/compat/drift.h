// Audited: three figures that ought to be one. The demo keeps what it sold in three places, and
// what dies between two of them is lost; we say so, with the numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/audit.h"

namespace seckill::compat {

struct Figures {
  std::uint64_t stock = 0;              // units ever put on sale: --stock
  std::optional<std::int64_t> counter;  // nothing: there is no such key
  std::uint64_t messages = 0;           // of partition 0, ever
  std::uint64_t astray = 0;             // in other partitions, where nobody looks
  std::optional<std::uint64_t> rows;    // nothing: not asked for
  std::optional<std::uint64_t> stored;  // messages whose rows our bookmark says are there
};

// The checks, by name:
// - counter: the key is there, and says no more than the stock; unproven where it is missing.
// - oversold: messages <= stock. That is Redis' promise here, not ours.
// - drift: as many messages as the counter went down by.
// - astray: no message where neither consumer reads.
// - rows: a row for each message, and no more; unproven while they are merely behind.
std::vector<Check> drift(const Figures& figures);

}  // namespace seckill::compat
