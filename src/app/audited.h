// The audit as commands use it: settings in, findings and their looks out.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/settings.h"
#include "app/talk.h"
#include "audit/audit.h"

namespace seckill::app {

struct AuditAsk {
  std::optional<SaleName> sale;  // nothing: all of them
  std::optional<std::filesystem::path> transcript;
  milliseconds wait{0};  // for rows that are behind a live server's journal
};

// Opens the parts anew for each look, and looks again while rows are behind and there is time. Rows
// that are not there yet count as behind.
Result<AuditReport> audited(const Settings& settings, const AuditAsk& ask);

Exit exit_of(const AuditReport& report);
std::string to_json(const AuditReport& report, const std::optional<SaleName>& sale);
std::string checks_text(const AuditReport& report, const Talk& talk);  // a line a check
// A line a check, then the sums: "8 of 8 checks hold for sale car (stock 100, …)".
std::string to_text(const AuditReport& report, const AuditAsk& ask, const Talk& talk);

}  // namespace seckill::app
