// Audited: it replays the journal by itself and compares everything, trusting nobody. It shares
// only model/ with the rest: its own rules, written a second time and as plainly as possible, are
// also the oracle of the ledger's tests.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "model/text.h"
#include "orders/orders.h"

namespace seckill {

// One check, by name, with its numbers. The names are stable: metrics and tests cite them.
//
//   journal          every record at its place, as its bytes say; the first and the last are the
//                    same when they are read again. (A broken block chain, and a writer who had
//                    seen more than there is, are no findings: they end the audit with kCorrupt.)
//   bookmark         the rows are of this journal, and not ahead of it (I9)
//   oversold         live units and withdrawn ones <= stock; no unit number above it (I1)
//   double           a live order has each of its units, a unit has at most one live order (I1)
//   limit            no buyer above the sale's limit (I4)
//   rows-missing     every order of the journal before the bookmark has a row (I2)
//   rows-unknown     no row of an order, unit, payment or sale that the journal does not know
//   orders-differ    each field of an order is what the replay says
//   units-differ     each unit is with whom the replay says
//   payments-differ  each payment is there, once, applied or refunded as the replay says (I7)
//   sales-differ     each field of a sale is what the replay says
//   conservation     held + paid + withdrawn + available = stock, in rows and in replay (I3, I6)
//   quarantine       what was put aside is in the journal (I6); how much there is, is a number
// with a counter:
//   counter          what it says is left is available (I3), at rest (weight: unproven, since it is
//                    a hint that may be behind; a sale that nobody has asked it for is skipped)
// with a transcript:
//   transcript       every line can be read (weight: unproven)
//   told-won         who was told of an order has it (I2)
//   told-twice       one key, one order; one order, one key (I5)
//   told-no          nobody has an order who was told no and never asked again (I5, I11)
struct Check {
  // What it means when it does not hold: a broken promise (exit 4), or that the proof is not whole
  // (exit 1).
  enum class Weight : std::uint8_t { kViolation, kUnproven };
  std::string name;
  bool holds = true;
  std::string says;                   // "100 sold <= 100 in stock"
  std::vector<std::string> examples;  // of violations: the first 10
  Weight weight = Weight::kViolation;
};

// The sums of one sale, or of all: stock in units, all others in orders. won counts every order
// ever granted; stored the rows of them; pending those beyond the bookmark (0 without rows); behind
// every row of an order, a payment or a sale that is new or another one beyond it, pending ones too
// (0 without rows, and where they know as much as was asked for). paid and returned (cancelled,
// expired) are those of the journal's end. unanswered: shoppers of the transcript who have an order
// that they have not been told of, and may still ask for.
struct AuditSums {
  std::uint64_t stock = 0, won = 0, stored = 0, paid = 0, returned = 0, pending = 0, behind = 0;
  std::uint64_t withdrawn = 0, refunds = 0, quarantined = 0, unanswered = 0;
};

struct AuditReport {
  std::vector<Check> checks;
  AuditSums sums;
  Position journal_end{};
  Position rows_at{};
  bool violated() const;  // exit 4
  bool proven() const;    // exit 0: every check holds and no row is behind
};

struct AuditInputs {
  JournalReader* journal = nullptr;
  OrdersReader* rows = nullptr;        // null: rows are not audited
  std::istream* transcript = nullptr;  // null: none
  std::optional<SaleName> sale;        // nothing: all of them
  // Rows that know so much of the journal are not behind, though a live sale goes on.
  Position asked{UINT64_MAX};
  // What is left of these sales of that journal, as the shared counter says; null: there is none. A
  // sale that it does not know misleads nobody (its next turn tells it) and is counted apart; one
  // of which it says another number, or a counter that cannot be read, leaves the check unproven:
  // it is a hint, so that is never a violation.
  std::function<Result<std::map<SaleUid, std::int64_t>>(RecordHash, const std::vector<SaleUid>&)>
      counters = nullptr;
};

// Takes no lock and waits for nobody: the rows are read in one snapshot, the journal as far as it
// reaches. kInvalid: there is no such sale. kCorrupt when the journal itself is damaged; a violated
// check is not an error but a finding.
Result<AuditReport> audit(const AuditInputs& inputs);

}  // namespace seckill
