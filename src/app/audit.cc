// seckill audit: proves from the journal that what was promised was kept.
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/audited.h"
#include "app/parts.h"

namespace seckill::app {
namespace {

using Code = Error::Code;

Result<AuditReport> look(const Settings& settings, const AuditAsk& ask) {
  const auto journal = open_journal_reader(settings);
  if (!journal) return fail(journal.error());
  auto rows = open_rows_reader(settings);
  if (!rows && rows.error().code != Code::kUnavailable) return fail(std::move(rows.error()));
  AuditInputs inputs{
      .journal = journal->reader.get(), .rows = rows ? rows->get() : nullptr, .sale = ask.sale};
  std::ifstream transcript;
  if (ask.transcript) {
    transcript.open(*ask.transcript);
    if (!transcript)
      return fail(Code::kInvalid,
                  fmt::format("{}: no transcript to read", ask.transcript->string()));
    inputs.transcript = &transcript;
  }
  auto report = audit(inputs);
  if (report && !rows) {
    report->checks.push_back({.name = "rows",
                              .holds = false,
                              .says = "not compared: " + rows.error().message,
                              .weight = Check::Weight::kUnproven});
  }
  return report;
}

Exit run_audit(const Args& args, Talk& talk) {
  const auto loaded = load_settings(args);
  if (!loaded) return talk.fail(loaded.error());
  AuditAsk ask;
  if (const auto name = args.text("SALE")) {
    ask.sale = SaleName::from(*name);
    if (!ask.sale)
      return talk.fail({Code::kInvalid, fmt::format("\"{}\" is no sale's name", *name)});
  }
  if (const auto file = args.text("transcript")) ask.transcript = *file;
  const auto wait = args.read("wait", duration_from, milliseconds(0));
  if (!wait) return talk.fail(wait.error());
  ask.wait = *wait;
  const auto report = audited(loaded->settings, ask);
  if (!report) return talk.fail(report.error());
  talk.result(talk.json() ? to_json(*report, ask.sale) : to_text(*report, ask, talk));
  return exit_of(*report);
}

}  // namespace

Result<AuditReport> audited(const Settings& settings, const AuditAsk& ask) {
  const SteadyTime until = machine_now().steady + ask.wait;
  for (;;) {
    auto report = look(settings, ask);
    if (!report || report->proven() || report->violated() || machine_now().steady >= until)
      return report;
    std::this_thread::sleep_for(milliseconds(50));
  }
}

Exit exit_of(const AuditReport& report) {
  return report.violated() ? Exit::kViolation : report.proven() ? Exit::kDone : Exit::kFailed;
}

std::string to_json(const AuditReport& report, const std::optional<SaleName>& sale) {
  nlohmann::ordered_json json{{"sale", sale ? nlohmann::ordered_json(std::string(sale->view()))
                                            : nlohmann::ordered_json(nullptr)},
                              {"proven", report.proven()},
                              {"violated", report.violated()},
                              {"journal_end", number(report.journal_end)},
                              {"rows_at", number(report.rows_at)}};
  const AuditSums& sums = report.sums;
  json["sums"] = {{"stock", sums.stock},
                  {"won", sums.won},
                  {"stored", sums.stored},
                  {"paid", sums.paid},
                  {"returned", sums.returned},
                  {"pending", sums.pending},
                  {"withdrawn", sums.withdrawn},
                  {"refunds", sums.refunds},
                  {"quarantined", sums.quarantined},
                  {"unanswered", sums.unanswered}};
  json["checks"] = nlohmann::ordered_json::array();
  for (const Check& check : report.checks) {
    json["checks"].push_back(
        {{"name", check.name},
         {"holds", check.holds},
         {"says", check.says},
         {"weight", check.weight == Check::Weight::kViolation ? "violation" : "unproven"},
         {"examples", check.examples}});
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string to_text(const AuditReport& report, const AuditAsk& ask, const Talk& talk) {
  std::string text;
  std::size_t hold = 0;
  for (const Check& check : report.checks) {
    const std::string line = fmt::format("{:<15} {}", check.name, check.says);
    hold += check.holds ? 1 : 0;
    text += (check.holds                                 ? talk.good(line)
             : check.weight == Check::Weight::kViolation ? talk.bad(line)
                                                         : talk.mild(line)) +
            "\n";
    for (const std::string& example : check.examples) text += fmt::format("    {}\n", example);
  }
  const AuditSums& sums = report.sums;
  std::string line = fmt::format(
      "{} of {} checks hold for {} (stock {}, won {}, stored {}, paid {}, returned {})", hold,
      report.checks.size(), ask.sale ? "sale " + std::string(ask.sale->view()) : "all sales",
      sums.stock, sums.won, sums.stored, sums.paid, sums.returned);
  if (sums.pending > 0) {
    line +=
        fmt::format("; {} won and not stored yet: {}", sums.pending,
                    ask.wait.count() > 0 ? "start `seckill serve`: it stores them"
                                         : "while `seckill serve` runs, --wait 10s waits for them");
  }
  return text + (report.proven()     ? talk.good(line)
                 : report.violated() ? talk.bad(line)
                                     : talk.mild(line));
}

std::vector<Command> audit_commands() {
  auto flags =
      settings_flags({"journal", "data", "orders", "orders-password-file", "allow-unsafe-kafka"});
  flags.push_back({"transcript", "FILE",
                   "a drill's transcript.jsonl: what shoppers were told is checked, too"});
  flags.push_back(
      {"wait", "TIME", "for rows that are still behind, as in 10s (default not at all)"});
  return {{.name = "audit",
           .summary = "prove that nothing was oversold or lost; exit 0 = proven, 4 = broken",
           .examples = {"seckill audit car",
                        "seckill audit car --transcript "
                        "seckill-drill-20261122-160812/transcript.jsonl --wait 10s",
                        "seckill audit --journal file:/backup/seckill-data --json"},
           .words = {{"SALE", "one sale (default all)", false}},
           .flags = flags,
           .run = run_audit,
           .more = "It takes no lock: a live server's data and a dead one's are audited alike."}};
}

}  // namespace seckill::app
