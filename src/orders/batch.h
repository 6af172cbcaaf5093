// Records become rows: what each record of a batch changed, so that any stretch of it can be
// stored.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "journal/journal.h"
#include "ledger/ledger.h"
#include "orders/orders.h"

namespace seckill {

// What one record did to the rows, as they stood right after it. A stretch of these is folded into
// Rows; a record whose rows the database refuses leaves its line in the quarantine instead.
struct Step {
  Bookmark after;  // without `last`: the consumer makes it where a stretch ends, of the record's …
  RawTime stamp;   // … stamp and bytes
  std::size_t bytes_at = 0, bytes_size = 0;
  std::vector<SaleRow> sales;
  std::vector<OrderRow> orders;
  std::vector<PaymentRow> payments;
  std::optional<QuarantineRow> quarantine;
};

// Stamps between which no sale's phase changes: most records need not look at the sales at all.
struct Calm {
  RawTime from{INT64_MAX};
  RawTime until{INT64_MIN};
  bool holds(RawTime stamp) const { return from <= stamp && stamp < until; }
};

// What `changes` says this record did; the ledger has just applied it. Texts of a new order and of
// a payment are in the record, all the rest is in the ledger. `before` is the stamp of the record
// before this one: a sale whose phase went on between the two is a changed row, too.
Step step_of(const Ledger& ledger, const Changes& changes, const Entry& entry,
             std::optional<RawTime> before, Calm& calm);

// The record's own rows are refused: its line takes their place. What time did as it was applied
// stays: sales whose phase went on, holds that ended and gave their units back.
void put_aside(Step& step, const Record& record, QuarantineRow line);
// Those, too, are refused.
void put_all_aside(Step& step);

// The first `count` steps: each changed row once, in its last state.
Rows fold(const std::deque<Step>& steps, std::size_t count);

}  // namespace seckill
