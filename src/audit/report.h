// Audited: what was found, for people and for programs.
#pragma once

#include <string>

#include "audit/audit.h"

namespace seckill {

struct TextStyle {
  bool marks_only_ascii = false;  // "ok"/"NO" instead of ✓/✗
  bool all_checks = true;         // false: only those that do not hold
};

// A line a check, broken ones with their examples, and a line of sums:
// "✓ 13 of 13 checks hold for sale car (stock 100, won 100, stored 100, paid 0, returned 0)".
std::string to_text(const AuditReport& report, const std::optional<SaleName>& sale,
                    TextStyle style = {});

// One object: result ("proven" | "unproven" | "violated"), journal_end, rows_at, sums, checks.
std::string to_json(const AuditReport& report, const std::optional<SaleName>& sale);

}  // namespace seckill
