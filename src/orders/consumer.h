// The consumer reads what is durable, applies it to a ledger of its own, and stores what changed,
// with its bookmark.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "orders/batch.h"
#include "orders/orders.h"

namespace seckill {

// What a consumer has done, for metrics. All monotone but next.
struct ConsumerStats {
  Position next{};                  // first record that is not in the rows
  std::uint64_t orders_stored = 0;  // rows of orders created
  std::uint64_t batches = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t lost_races = 0;
  std::int64_t waited_ms = 0;  // of those orders: from their stamp to the turn that stored them
};

// Orders of each sale that the rows know of, at one position: those that were granted by the
// records before it, put aside or not.
struct StoredOrders {
  Position at{};
  std::vector<std::pair<SaleUid, std::uint32_t>> of_sales;
};

// Promises: (1) rows never run ahead of what the reader hands out, and may fall behind by any
// number; (2) on any doubt (a lost race, an unknown COMMIT, rows that went back, which is looked
// for once a second while nothing is new) the ledger in memory is thrown away and replayed up to
// the bookmark; a database that cannot be reached or is full leaves no doubt: the same batch is
// tried again at the next turn; (3) rows of another journal, or ahead of it, or with another digest
// at the bookmark: kCorrupt, nothing stored (J7, I9); (4) a record whose row is refused is
// quarantined alone, with the bookmark behind it; what time did as it was applied is stored all the
// same (unless that is refused, too); more than 10 a minute: kFailed. Bounded: kBatchMax records a
// turn. Threads: one owner; calls wait for reader and rows.
class Consumer {
 public:
  static constexpr std::size_t kBatchMax = 1'024;
  static constexpr std::size_t kQuarantinedMax = 10;
  static constexpr microseconds kQuarantineWindow{60'000'000};
  static constexpr microseconds kLookEvery{1'000'000};

  Consumer(JournalReader& journal, Orders& orders) : journal_(journal), orders_(orders) {}

  // One bounded step: read, apply, store. True when there was something to do; false: nothing new.
  // `now` dates quarantined records and counts them per minute.
  Result<bool> turn(Now now);

  const ConsumerStats& stats() const { return stats_; }
  // As new as the bookmark, but while a refused row is searched for.
  const StoredOrders& stored_orders() const { return stored_orders_; }

 private:
  void doubt();
  void note_stored();
  Status begin();
  Result<bool> replay();
  Status check_bookmark() const;
  Status fill();
  Result<bool> look(Now now);
  void apply(const Entry& entry);
  Result<bool> store(Now now);
  void committed(const Bookmark& becomes, const Rows& rows, std::size_t count, Now now);
  Status refused(const std::string& why, Now now);
  Status quarantine(const std::string& why, Now now);

  JournalReader& journal_;
  Orders& orders_;
  ConsumerStats stats_;
  StoredOrders stored_orders_;

  std::optional<Ledger> ledger_;      // none: in doubt
  std::optional<Bookmark> bookmark_;  // what the rows said
  std::optional<RawTime> last_stamp_;
  SteadyTime looked_{INT64_MIN / 2};
  std::optional<Error> stop_;  // a record behind the steps says that this ledger must not go on
  Batch batch_;                // applied to the ledger, not stored yet
  std::size_t most_ =
      kBatchMax;  // steps to store at once: less while a refused row is searched for
  Changes changes_;
  std::deque<SteadyTime> quarantined_;  // within the last minute
};

}  // namespace seckill
