// The outside auditor (scripts/audit-outside) beside ours: both judge the same journal, rows and
// transcript, and must say the same.
#pragma once

#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <sys/wait.h>

#include "audit/audit.h"
#include "journal/verify.h"
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
  nlohmann::json report;
  std::string words;
};

// Writes what a stranger may read, and lets him.
inline OutsideSaid outside_audit(const TempDir& dir, const OutsideAsk& ask) {
  std::ofstream dump(dir.file("dump.jsonl"));
  for (const Entry& entry : ask.entries) dump << to_json_line(entry) << '\n';
  dump.close();
  std::ofstream(dir.file("told.jsonl")) << ask.transcript;
  std::string command =
      fmt::format("{}/scripts/audit-outside --json --dump {} --orders {} {} {} 2>&1",
                  SECKILL_SOURCE_DIR, dir.file("dump.jsonl"), ask.rows, ask.sale,
                  ask.transcript.empty() ? "" : "--transcript " + dir.file("told.jsonl"));
  OutsideSaid said;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said.words += static_cast<char>(c);
  const int status = ::pclose(pipe);
  said.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  said.report = nlohmann::json::parse(said.words, nullptr, false);
  return said;
}

inline int exit_code_of(const Result<AuditReport>& report) {
  if (!report) return report.error().code == Error::Code::kCorrupt ? 5 : 2;
  return report->violated() ? 4 : report->proven() ? 0 : 1;
}

inline void expect_agreement(const OutsideSaid& said, const Result<AuditReport>& ours,
                             Agreement agreement = Agreement::kWhole) {
  ASSERT_EQ(said.code, exit_code_of(ours)) << said.words;
  if (!ours || agreement == Agreement::kExit) return;
  std::set<std::string> theirs, mine;
  for (const auto& check : said.report.at("checks"))
    if (!check.at("holds").get<bool>()) theirs.insert(check.at("name").get<std::string>());
  for (const auto& check : ours->checks)
    if (!check.holds) mine.insert(check.name);
  EXPECT_EQ(theirs, mine) << said.words;
  const AuditSums& s = ours->sums;
  const nlohmann::json sums{{"stock", s.stock},
                            {"won", s.won},
                            {"stored", s.stored},
                            {"paid", s.paid},
                            {"returned", s.returned},
                            {"pending", s.pending},
                            {"withdrawn", s.withdrawn},
                            {"refunds", s.refunds},
                            {"quarantined", s.quarantined},
                            {"unanswered", s.unanswered}};
  EXPECT_EQ(said.report.at("sums"), sums) << said.words;
}

}  // namespace seckill::testing
