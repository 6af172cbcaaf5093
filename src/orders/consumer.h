// The consumer reads what is durable, applies it to a ledger of its own, and stores what changed,
// with its bookmark.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
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

struct ConsumerOptions {
  std::size_t batch_max = 1'024;  // records that are read, applied and stored at once
  // Runs both, side by side or one after the other, and returns when both are done. If it is set, a
  // full batch is stored by the first while the second reads and applies the next one: that much
  // more memory, and reader and rows must share nothing. A turn lasts as long as the slower one.
  std::function<void(const std::function<void()>&, const std::function<void()>&)> side_by_side;
};

// Promises: (1) rows never run ahead of what the reader hands out, and may fall behind by any
// number; (2) on any doubt (a lost race, an unknown COMMIT, rows that went back, which is looked
// for once a second while nothing is new) the ledger in memory is thrown away and replayed up to
// the bookmark; a database that cannot be reached or is full leaves no doubt: the same batch is
// tried again at the next turn; (3) rows of another journal, or ahead of it, or with another digest
// at the bookmark: kCorrupt, nothing stored (J7, I9); (4) a record whose row is refused is
// quarantined alone, with the bookmark behind it; what time did as it was applied is stored all the
// same (unless that is refused, too); more than 10 a minute: kFailed. Bounded: batch_max records a
// turn, and as many read ahead. Threads: one owner, and during its turn() those of side_by_side;
// calls wait for reader and rows.
class Consumer {
 public:
  static constexpr std::size_t kQuarantinedMax = 10;
  static constexpr microseconds kQuarantineWindow{60'000'000};
  static constexpr microseconds kLookEvery{1'000'000};

  Consumer(JournalReader& journal, Orders& orders, ConsumerOptions options = {})
      : journal_(journal), orders_(orders), options_(std::move(options)) {}

  // One bounded step: read, apply, store. True when there was something to do; false: nothing new.
  // `now` dates quarantined records and counts them per minute.
  Result<bool> turn(Now now);
  // No time heals this trouble of a turn: damage, or more in quarantine than a person may be left
  // alone with. All else is tried again, also what would be a wrong setting at the start (a login,
  // a right, a certificate): it was right then, and somebody is changing it.
  static bool ends(const Error& trouble);

  const ConsumerStats& stats() const { return stats_; }
  std::size_t batch_max() const { return options_.batch_max; }
  // As new as the bookmark, but while a refused row is searched for.
  const StoredOrders& stored_orders() const { return stored_orders_; }

 private:
  // Applied to the ledger, not stored yet; and the orders that it knew behind them.
  struct Applied {
    Batch batch;
    StoredOrders orders;
  };

  void doubt();
  StoredOrders orders_known() const;
  Status begin();
  Result<bool> replay();
  Status check_bookmark() const;
  Status fill(Applied& into);
  Result<bool> look(Now now);
  // Up to one that stops us; each(entry) finds what it changed in changes_.
  template <class Each>
  void apply(std::span<const Entry> entries, Each&& each);
  Result<bool> store(Now now);
  Result<Stored> put(const Bookmark& becomes, const Rows& rows);
  void committed(const Bookmark& becomes, const Rows& rows, std::size_t count, Now now);
  Status refused(const std::string& why, Now now);
  Status quarantine(const std::string& why, Now now);

  JournalReader& journal_;
  Orders& orders_;
  const ConsumerOptions options_;
  ConsumerStats stats_;
  StoredOrders stored_orders_;

  std::optional<Ledger> ledger_;      // none: in doubt
  std::optional<Bookmark> bookmark_;  // what the rows said
  Clockhand hand_;
  SteadyTime looked_{INT64_MIN / 2};
  std::optional<Error> stop_;     // a record behind the steps says that this ledger must not go on
  Applied next_, ahead_;          // ahead_ follows next_
  std::optional<Error> trouble_;  // of reading ahead
  std::size_t most_ =
      options_.batch_max;  // steps at once: less while a refused row is searched for
  Changes changes_;
  std::deque<SteadyTime> quarantined_;  // within the last minute
};

}  // namespace seckill
