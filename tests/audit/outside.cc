#include "outside.h"

#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "journal/verify.h"

namespace seckill::testing {

OutsideSaid outside_audit(const TempDir& dir, const OutsideAsk& ask) {
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
  const auto report = nlohmann::json::parse(said.words, nullptr, false);
  if (!report.is_object()) return said;  // he stopped: his words say why
  for (const auto& check : report.at("checks"))
    if (!check.at("holds").get<bool>()) said.broken.insert(check.at("name").get<std::string>());
  report.at("sums").get_to(said.sums);
  return said;
}

namespace {

int exit_code_of(const Result<AuditReport>& report) {
  if (!report) return report.error().code == Error::Code::kCorrupt ? 5 : 2;
  return report->violated() ? 4 : report->proven() ? 0 : 1;
}

}  // namespace

void expect_agreement(const OutsideSaid& said, const Result<AuditReport>& ours,
                      Agreement agreement) {
  ASSERT_EQ(said.code, exit_code_of(ours)) << said.words;
  if (!ours || agreement == Agreement::kExit) return;
  std::set<std::string> mine;
  for (const auto& check : ours->checks)
    if (!check.holds) mine.insert(check.name);
  EXPECT_EQ(said.broken, mine) << said.words;
  const AuditSums& s = ours->sums;
  const std::map<std::string, std::uint64_t> sums{
      {"stock", s.stock},          {"won", s.won},
      {"stored", s.stored},        {"paid", s.paid},
      {"returned", s.returned},    {"pending", s.pending},
      {"behind", s.behind},        {"withdrawn", s.withdrawn},
      {"refunds", s.refunds},      {"quarantined", s.quarantined},
      {"unanswered", s.unanswered}};
  EXPECT_EQ(said.sums, sums) << said.words;
}

}  // namespace seckill::testing
