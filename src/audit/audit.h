// Audited: it replays the journal by itself and compares everything, trusting nobody. It shares
// only model/ with the rest: its own rules, written a second time and as plainly as possible, are
// also the oracle of the ledger's tests.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "model/text.h"
#include "orders/orders.h"

namespace seckill {

// One check, by name, with its numbers.
struct Check {
  std::string name;  // "oversold", "rows-missing", … stable: metrics and tests cite it
  bool holds = true;
  std::string says;                   // "100 sold <= 100 in stock"
  std::vector<std::string> examples;  // of violations: the first 10
};

// The sums of one sale, or of all.
struct AuditSums {
  std::uint64_t stock = 0, won = 0, stored = 0, paid = 0, returned = 0,
                pending = 0;  // pending: won, not stored yet
};

struct AuditReport {
  std::vector<Check> checks;
  AuditSums sums;
  Position journal_end{};
  Position rows_at{};
  bool violated() const;  // exit 4
  bool proven() const;    // exit 0: nothing violated and no row pending
};

struct AuditInputs {
  JournalReader* journal = nullptr;
  OrdersReader* rows = nullptr;        // null: rows are not audited
  std::istream* transcript = nullptr;  // null: none
  std::optional<SaleName> sale;        // nothing: all of them
};

// kCorrupt when the journal itself is damaged; a violated check is not an error but a finding.
Result<AuditReport> audit(const AuditInputs& inputs);

}  // namespace seckill
