// The outside auditor (scripts/audit-outside) beside ours: both judge the same journal, rows and
// transcript, and must say the same.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>

#include "audit/audit.h"
#include "support/temp_dir.h"

namespace seckill::testing {

// kExit: the same exit code; kWhole: the same broken checks and the same sums, too.
enum class Agreement : std::uint8_t { kExit, kWhole };

struct OutsideAsk {
  std::span<const Entry> entries;
  std::string rows;  // the file
  std::string transcript;
  std::string sale;  // "": all
};

struct OutsideSaid {
  int code = -1;
  std::set<std::string> broken;  // checks
  std::map<std::string, std::uint64_t> sums;
  std::string words;
};

// Writes what a stranger may read, and lets him.
OutsideSaid outside_audit(const TempDir& dir, const OutsideAsk& ask);

// Fails the test where they differ.
void expect_agreement(const OutsideSaid& said, const Result<AuditReport>& ours,
                      Agreement agreement = Agreement::kWhole);

}  // namespace seckill::testing
