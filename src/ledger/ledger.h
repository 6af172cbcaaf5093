// Decided: a pure function from records to verdicts. It replays the journal and says who got what.
//
// Pure: no clock, no I/O, no randomness, nothing that depends on the order of a hash table; no
// allocation for a claim that is refused. Threads: none of its own; one owner. Promises:
//   (1) equal records give equal verdicts, changes and digests, in any chunks, on every node;
//   (2) apply is total over anything that decodes;
//   (3) judge granted, and nothing lay between: apply grants;
//   (4) I1, I3, I4, I5, I7 hold at every position (checked by invariant() in every build);
//   (5) tables are reserved by the sale's terms, when its SALE record is applied: no insert of a
//   claim rehashes.
// What it does badly: everything of a sale stays in memory until it is retired (about 100 B an
// order).
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/changes.h"
#include "ledger/in_flight.h"
#include "model/claim.h"
#include "model/order.h"
#include "model/record.h"
#include "model/verdict.h"

namespace seckill {

inline constexpr std::uint32_t kSalesMax = 10'000;  // ever, in one journal
inline constexpr std::uint32_t kOrdersTotalMax =
    40'000'000;  // sum of orders_max of sales that are not retired

class Book;  // one sale's tables, in ledger/book.h

class Ledger {
 public:
  explicit Ledger(Rules newest = kNewestRules);
  ~Ledger();

  // Would this claim be granted now, beside what is already in flight? Called for hopeful and
  // hopeless alike, before anything is recorded: whoever is refused here leaves no trace (A10).
  // Keys come before state (A1). `now` is the node's own clock.
  Verdict judge(const Claim& claim, const InFlight& in_flight, RawTime now) const;

  // The only decision. Needs: entry.position == position(). Moves the clock, returns every hold
  // that is due (A12), then decides. Fills `changes` with what rows must learn (appends; the caller
  // clears).
  Verdict apply(const Entry& entry, Changes& changes);

  // Set when a record proves that this ledger must not go on: unknown rules, or another digest at
  // the same position (A14).
  const std::optional<std::string>& halted() const { return halted_; }

  // Null when there is no such order (or its sale is retired). The pointer lives until the next
  // apply.
  const Order* find(OrderId id) const;
  // Appends the unit numbers of a live order, ascending in the order they were given.
  void units_of(const Order& order, std::vector<std::uint32_t>& units) const;
  const SaleView* sale(const SaleName& name) const;
  const SaleView* sale(SaleUid uid) const;
  // In the order of creation.
  std::vector<const SaleView*> sales() const;

  Position position() const { return position_; }  // of the next record
  LogTime clock() const { return clock_; }
  LogTime clock_at(RawTime raw) const;  // what the clock would be, were a record stamped now
  std::optional<LogTime> next_due() const;
  std::uint32_t open_holds() const;  // orders that are due one day
  Digest digest() const { return digest_; }
  RecordHash identity() const { return identity_; }    // of record 0; needs position() > 0
  RecordHash last_hash() const { return last_hash_; }  // of record position() - 1

 private:
  Position position_{};
  LogTime clock_;
  RawTime last_raw_;
  Digest digest_{};
  RecordHash identity_;
  RecordHash last_hash_;
  std::optional<std::string> halted_;
};

}  // namespace seckill
