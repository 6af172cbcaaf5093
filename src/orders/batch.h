// Records become rows: what each record of a batch changed, so that any stretch of it can be
// stored.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "journal/journal.h"
#include "ledger/ledger.h"
#include "orders/orders.h"

namespace seckill {

// What one record did to the rows, as they stood right after it: its parts of the batch's lists.
struct Step {
  struct Part {
    std::size_t from = 0, end = 0;
    bool empty() const { return from == end; }
  };
  Bookmark after;  // without `last`: hash_of() makes it where a stretch ends, of the record's …
  RawTime stamp;   // … stamp and bytes
  Part bytes, sales, orders, payments;
};

// Where time stands for the rows of a ledger, whose phases it moves: the last record's stamp, and
// the stamps around it between which no sale's phase changes. Most records need not look at the
// sales at all.
struct Clockhand {
  std::optional<RawTime> last;
  RawTime calm_from{INT64_MAX};
  RawTime calm_until{INT64_MIN};
  bool is_calm(RawTime stamp) const { return calm_from <= stamp && stamp < calm_until; }
};

// Records that were applied to a ledger and are not stored yet. A stretch of them is folded into
// Rows; a record whose rows the database refuses leaves its line in the quarantine instead. Keeps
// its memory from batch to batch.
class Batch {
 public:
  // What `changes` says this record did; the ledger has just applied it. Texts of a new order and
  // of a payment are in the record, all the rest is in the ledger. A sale whose phase went on since
  // the record before this one is a changed row, too: `hand` goes from record to record.
  void add(const Ledger& ledger, const Changes& changes, const Entry& entry, Clockhand& hand);

  std::size_t size() const { return steps_.size() - first_; }
  bool empty() const { return size() == 0; }
  const Step& operator[](std::size_t n) const { return steps_[first_ + n]; }
  RecordHash hash_of(const Step& step) const;

  // The first `count` records: each changed row once, in its last state. Alive until the next call.
  const Rows& fold(std::size_t count);
  void drop(std::size_t count);  // they are stored

  // The first record's own rows are refused: its line takes their place. What time did as it was
  // applied stays: sales whose phase went on, holds that ended and gave their units back.
  void put_aside(const Record& record, QuarantineRow line);
  bool is_aside() const { return aside_.has_value(); }
  // Those, too, are refused.
  void put_all_aside();

 private:
  void add_sales(const Ledger& ledger, const Changes& changes, RawTime stamp, Clockhand& hand);
  bool is_folded(std::size_t count) const;

  std::vector<Step> steps_;
  std::size_t first_ = 0;  // that is not stored
  Rows all_;               // as the steps name them
  std::vector<std::byte> bytes_;
  std::optional<QuarantineRow> aside_;  // of the first
  Rows folded_;
};

}  // namespace seckill
