// --compat demo: the same HTTP in front of the demo's own counter, topic and table.
#pragma once

#include <optional>
#include <string>

#include "app/settings.h"
#include "app/talk.h"
#include "audit/audit.h"
#include "base/log.h"

namespace seckill::app {

// Serves until a signal ends it, as `serve` does: drains, answers, lets the rows catch up.
Exit serve_demo(const Settings& settings, Log& log, Talk& talk,
                const std::optional<std::string>& port_file);

// The three figures as checks. In its sums won are messages, stored are rows.
Result<AuditReport> look_at_demo(const Settings& settings);
std::string demo_text(const AuditReport& report, const Talk& talk);

}  // namespace seckill::app
