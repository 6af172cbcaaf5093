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
// What it does badly: everything of a sale stays in memory until it is retired (160 to 200 B an
// order, with its buyer and hold), and its payments for the whole season.
//
// The order of reasons (the audit has the same, written a second time):
//   RESERVE  unknown-sale (or retired) · not-allowed (the order id is not that of sale, buyer and
//            key) · replayed / key-reused (A1) · late · not-allowed (quantity) · paused ·
//            not-started · closed · limit-reached · sale-full · sold-out · won
//            (judge: the same, but for the order id, which claim_of made, and late)
//   PAY      unknown-order (or its sale is retired) · this payment id was taken: for this order
//            and amount the same outcome again, else payment-reused · sale-full (payments) ·
//            paid, if held · refund
//   CANCEL   unknown-order · cancelled (also if it had ended before) · order-state, if paid
//   SALE     see terms_check.h
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

struct At;
class Book;      // one sale's tables, in ledger/book.h
class DueQueue;  // in ledger/due_queue.h
class Payments;  // in ledger/payments.h
struct Wanted;

class Ledger {
 public:
  explicit Ledger(Rules newest = kNewestRules);
  Ledger(Ledger&& other) noexcept;
  Ledger& operator=(Ledger&& other) noexcept;
  ~Ledger();

  // Would this claim be granted now, beside what is already in flight? Called for hopeful and
  // hopeless alike, before anything is recorded: whoever is refused here leaves no trace (A10).
  // Keys come before state (A1). `now` is the node's own clock.
  Verdict judge(const Claim& claim, const InFlight& in_flight, RawTime now) const;

  // The same for a buyer nobody knows: he has no key to come back with, so it needs no hash of him.
  Verdict judge_stranger(SaleUid sale, std::uint32_t quantity, const InFlight& in_flight,
                         RawTime now) const;

  // The only decision. Needs: entry.position == position(). Moves the clock, returns the holds
  // that are due (A12; kReturnsMax at once), then decides. Fills `changes` with what rows must
  // learn (appends; the caller clears).
  Verdict apply(const Entry& entry, Changes& changes) {
    return apply(entry, foresee(entry), changes);
  }
  // The same for all of them, or up to one at which each(entry, verdict) says no. Quicker where
  // there are many: what the next ones look for is fetched from memory while this one is decided.
  template <class Each>
  void apply_all(std::span<const Entry> entries, Changes& changes, Each&& each) {
    std::array<Foreseen, kForesight> soon;
    for (std::size_t i = 0; i < entries.size() + kForesight; ++i) {
      Foreseen& at = soon[i % kForesight];
      if (i >= kForesight) {
        const Entry& entry = entries[i - kForesight];
        if (!each(entry, apply(entry, at, changes))) return;
      }
      if (i < entries.size()) at = foresee(entries[i]);
    }
  }

  // Set when a record proves that this ledger must not go on: unknown rules, or another digest at
  // the same position (A14). apply stays total, but nobody should listen to it any more.
  const std::optional<std::string>& halted() const { return halted_; }

  // Null when there is no such order (or its sale is retired). The pointer lives until the next
  // apply.
  const Order* find(OrderId id) const;
  // Appends the unit numbers of a live order, ascending in the order they were given.
  template <class Units>
  void units_of(const Order& order, Units& units) const {
    for (std::uint32_t unit = order.first_unit, n = order.quantity; unit != 0;) {
      units.push_back(unit);
      unit = --n == 0 ? 0 : unit_after(order, unit);
    }
  }
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
  Rules rules() const { return rules_; }             // of the newest writer so far
  RecordHash identity() const { return identity_; }  // of record 0; needs position() > 0
  RecordHash last_hash() const;                      // of record position() - 1

 private:
  static constexpr std::uint64_t kDigestsKept = 4096;  // positions back, for the ticks of others

  struct NameHash {
    std::size_t operator()(const SaleName& name) const noexcept {
      return std::hash<std::string_view>{}(name.view());
    }
  };

  // What a RESERVE will look for in its sale's book: hashes under the sale's secret, which never
  // changes, so they may be made at any time before. book is null: not made.
  struct Foreseen {
    const Book* book = nullptr;
    OrderId order;
    BuyerHash buyer;
  };
  static constexpr std::size_t kForesight = 8;  // records: a microsecond, some waits for memory

  Foreseen foresee(const Entry& entry) const;
  static Foreseen foresee(const Reserve& reserve, const Book& book);
  Verdict apply(const Entry& entry, const Foreseen& foreseen, Changes& changes);

  Book* book(SaleUid uid) const;
  std::uint32_t unit_after(const Order& order, std::uint32_t unit) const;
  Verdict verdict(Outcome outcome, const Book* book, OrderId order = {}) const;
  std::optional<Outcome> known(const Book& book, const Wanted& wanted) const;

  void return_due(const At& at, Changes& changes);
  void prune_due();
  Verdict decide(const SaleRecord& sale, const At& at, Changes& changes);
  Verdict decide(const Reserve& reserve, Foreseen foreseen, const At& at, Changes& changes);
  Verdict decide(const Pay& pay, const At& at, Changes& changes);
  Verdict decide(const Cancel& cancel, const At& at, Changes& changes);
  Verdict decide(const Tick& tick, const At& at, Changes& changes);
  Outcome take_money(Book& book, const Pay& pay, const At& at, Changes& changes);
  void set_terms(Book* book, const SaleTerms& terms, const At& at);
  std::uint64_t orders_total() const;  // that sales may grant which are not retired
  void halt(std::string why);

  Position position_{};
  LogTime clock_;
  RawTime last_raw_;
  Digest digest_{};
  RecordHash identity_;
  std::vector<std::byte> last_bytes_;  // of record position() - 1: few ask for its hash
  Rules newest_;
  Rules rules_{};
  std::optional<std::string> halted_;

  std::vector<std::unique_ptr<Book>> books_;  // in the order of creation
  boost::unordered_flat_map<std::uint32_t, Book*> by_uid_;
  mutable Book* recent_ = nullptr;  // looked for last: most often it is the same again
  boost::unordered_flat_map<SaleName, Book*, NameHash> by_name_;
  std::unique_ptr<DueQueue> due_;
  std::unique_ptr<Payments> payments_;
  std::vector<Digest> digests_;  // digests_[p % kDigestsKept]: at position p
  std::uint32_t holds_ = 0;
};

}  // namespace seckill
