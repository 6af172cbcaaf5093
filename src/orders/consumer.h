// The consumer reads what is durable, applies it to a ledger of its own, and stores what changed,
// with its bookmark.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

#include "base/result.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "orders/orders.h"

namespace seckill {

// What a consumer has done, for metrics. All monotone but next.
struct ConsumerStats {
  Position next{};                  // first record that is not in the rows
  std::uint64_t orders_stored = 0;  // rows of orders created
  std::uint64_t batches = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t lost_races = 0;
};

// Promises: (1) rows never run ahead of what the reader hands out, and may fall behind by any
// number; (2) on any doubt (a lost race, an unknown COMMIT, an unreachable database) the ledger in
// memory is thrown away and replayed up to the bookmark; (3) rows of another journal, or ahead of
// it, or with another digest at the bookmark: kCorrupt, nothing stored (J7, I9); (4) a record whose
// row is refused is quarantined alone, in the transaction of its neighbours; more than 10 a minute:
// kFailed. Bounded: kBatchMax records a turn. Threads: one owner; calls wait for reader and rows.
class Consumer {
 public:
  static constexpr std::size_t kBatchMax = 1000;

  Consumer(JournalReader& journal, Orders& orders);

  // One bounded step: read, apply, store. True when there was something to do; false: nothing new.
  // `now` dates quarantined records and counts them per minute.
  Result<bool> turn(Now now);

  const ConsumerStats& stats() const { return stats_; }

 private:
  // … (the implementer's)
  JournalReader& journal_;
  Orders& orders_;
  ConsumerStats stats_;
};

}  // namespace seckill
