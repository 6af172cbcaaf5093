// seckill audit: proves from the journal that what was promised was kept.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>

#include "app/audited.h"
#include "app/compat.h"
#include "app/parts.h"
#include "app/process.h"
#include "app/units.h"
#include "base/fd.h"
#include "drill/drill.h"

namespace seckill::app {
namespace {

namespace fs = std::filesystem;
using Code = Error::Code;

Result<std::map<SaleUid, std::int64_t>> lefts_of(const Settings& settings, RecordHash journal,
                                                 const std::vector<SaleUid>& sales) {
  const auto found = read_redis_counters(redis_options(settings), journal, sales);
  if (!found) return fail(found.error());
  std::map<SaleUid, std::int64_t> lefts;
  for (const auto& [uid, known] : *found) lefts[uid] = known.left;
  return lefts;
}

Result<AuditReport> look(const Settings& settings, const AuditAsk& ask, Position asked) {
  if (settings.compat.demo) return look_at_demo(settings);
  const auto journal = open_journal_reader(settings);
  if (!journal) return fail(journal.error());
  auto rows = open_rows_reader(settings);
  if (!rows && rows.error().code != Code::kUnavailable) return fail(std::move(rows.error()));
  AuditInputs inputs{.journal = journal->reader.get(),
                     .rows = rows ? rows->get() : nullptr,
                     .sale = ask.sale,
                     .asked = asked};
  if (settings.counter) {
    inputs.counters = [&settings](RecordHash id, const std::vector<SaleUid>& sales) {
      return lefts_of(settings, id, sales);
    };
  }
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

std::string metrics_text(const AuditReport& report, const AuditAsk& ask) {
  constexpr std::string_view kName = "seckill_audit_violations";
  std::string text = fmt::format(
      "# HELP {0} 1 for a check that the last audit found broken, else 0.\n# TYPE {0} gauge\n",
      kName);
  for (const Check& check : report.checks) {
    const bool broken = !check.holds && check.weight == Check::Weight::kViolation;
    text += fmt::format("{}{{sale=\"{}\",check=\"{}\"}} {}\n", kName,
                        ask.sale ? ask.sale->view() : "", check.name, broken ? 1 : 0);
  }
  return text;
}

// One line, in one write behind what others have written: no lock is needed, and none is taken.
Status append_line(const fs::path& file, const std::string& line) {
  const Fd fd(::open(file.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644));
  const ssize_t written = fd ? ::write(fd.get(), line.data(), line.size()) : -1;
  if (written == static_cast<ssize_t>(line.size())) return {};
  return fail(Code::kFailed, fmt::format("{}: cannot be written whole: {}", file.string(),
                                         written < 0 ? std::strerror(errno) : "no space"));
}

// Where the finding is kept, as asked: a log of audits, a metric for Prometheus, a drill's report.
Status keep(const AuditReport& report, const AuditAsk& ask, const Args& args) {
  if (const auto file = args.text("record")) {
    const std::string result = report.violated() ? "violated" : report.proven() ? "proven" : "open";
    const std::string line = fmt::format(
        "{{\"at\":\"{}\",\"result\":\"{}\",\"audit\":{}}}\n", to_rfc3339(machine_now().raw), result,
        nlohmann::ordered_json::parse(to_json(report, ask.sale)).dump());
    if (auto kept = append_line(*file, line); !kept) return kept;
  }
  if (const auto file = args.text("metrics")) {
    if (auto kept = put_file(*file, metrics_text(report, ask), 0644); !kept) return kept;
  }
  if (const auto drill = args.text("drill"))
    return add_to_summary(*drill, "audit", to_json(report, ask.sale));
  return {};
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
  if (const auto drill = args.text("drill")) {
    if (ask.transcript)
      return talk.fail(
          {Code::kInvalid, "--drill brings its own transcript: leave out one of them"});
    ask.transcript = fs::path(*drill) / "transcript.jsonl";
  }
  const auto report = audited(loaded->settings, ask);
  if (!report) return talk.fail(report.error());
  talk.result(talk.json()                    ? to_json(*report, ask.sale)
              : loaded->settings.compat.demo ? demo_text(*report, talk)
                                             : to_text(*report, ask, talk));
  if (auto kept = keep(*report, ask, args); !kept) {
    const Exit unkept = talk.fail(kept.error());
    return report->violated() ? exit_of(*report) : unkept;  // the finding weighs more
  }
  return exit_of(*report);
}

}  // namespace

Result<AuditReport> audited(const Settings& settings, const AuditAsk& ask) {
  const SteadyTime until = machine_now().steady + ask.wait;
  for (Position asked{UINT64_MAX};;) {
    auto report = look(settings, ask, asked);
    const bool final = report && report->violated() && !settings.compat.demo;
    if (!report || report->proven() || final || machine_now().steady >= until) return report;
    asked = std::min(asked, report->journal_end);
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
  json["sums"] = {{"stock", sums.stock},          {"won", sums.won},
                  {"stored", sums.stored},        {"paid", sums.paid},
                  {"returned", sums.returned},    {"pending", sums.pending},
                  {"behind", sums.behind},        {"withdrawn", sums.withdrawn},
                  {"refunds", sums.refunds},      {"quarantined", sums.quarantined},
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

std::string checks_text(const AuditReport& report, const Talk& talk) {
  std::string text;
  for (const Check& check : report.checks) {
    const std::string line = fmt::format("{:<15} {}", check.name, check.says);
    text += (check.holds                                 ? talk.good(line)
             : check.weight == Check::Weight::kViolation ? talk.bad(line)
                                                         : talk.mild(line)) +
            "\n";
    for (const std::string& example : check.examples) text += fmt::format("    {}\n", example);
  }
  return text;
}

std::string to_text(const AuditReport& report, const AuditAsk& ask, const Talk& talk) {
  std::string text = checks_text(report, talk);
  const auto hold = std::count_if(report.checks.begin(), report.checks.end(),
                                  [](const Check& check) { return check.holds; });
  const AuditSums& sums = report.sums;
  std::string line = fmt::format(
      "{} of {} checks hold for {} (stock {}, won {}, stored {}, paid {}, returned {})", hold,
      report.checks.size(), ask.sale ? "sale " + std::string(ask.sale->view()) : "all sales",
      sums.stock, sums.won, sums.stored, sums.paid, sums.returned);
  if (sums.behind > 0) {
    line += fmt::format("; {} behind the journal, {} of them won and not stored yet: {}",
                        counted(sums.behind, "row"), grouped(sums.pending),
                        ask.wait.count() > 0
                            ? "does `seckill serve` run, or `consume` over Kafka? /readyz says why"
                            : "while `seckill serve` runs, --wait 10s waits for them");
  } else if (sums.pending > 0) {
    line += fmt::format("; {} more won since it was asked", grouped(sums.pending));
  }
  return text + (report.proven()     ? talk.good(line)
                 : report.violated() ? talk.bad(line)
                                     : talk.mild(line));
}

std::vector<Command> audit_commands() {
  auto flags =
      settings_flags({"journal", "data", "orders", "orders-password-file", "allow-unsafe-kafka",
                      "counter", "counter-password-file", "compat", "stock", "no-legacy-rows"});
  flags.push_back({"transcript", "FILE",
                   "a drill's transcript.jsonl: what shoppers were told is checked, too"});
  flags.push_back({"drill", "DIR",
                   "a drill's results: its transcript is checked, and its report gets the table"});
  flags.push_back({"record", "FILE", "append the finding as a line of JSON"});
  flags.push_back(
      {"metrics", "FILE",
       "write seckill_audit_violations{sale,check}, for Prometheus' textfile collector"});
  flags.push_back(
      {"wait", "TIME", "for rows that are still behind, as in 10s (default not at all)"});
  return {{.name = "audit",
           .summary = "prove that nothing was oversold or lost; exit 0 = proven, 4 = broken",
           .examples = {"seckill audit car",
                        ("seckill audit car --transcript "
                         "seckill-drill-20261122-160812/transcript.jsonl --wait 10s"),
                        "seckill audit car --drill seckill-drill-20261122-160812",
                        ("seckill audit car --record audits.jsonl --metrics "
                         "/var/lib/node_exporter/seckill.prom"),
                        "seckill audit --journal file:/backup/seckill-data --json",
                        "seckill audit --counter redis://127.0.0.1:6379/0 --wait 5s"},
           .words = {{"SALE", "one sale (default all)", false}},
           .flags = flags,
           .run = run_audit,
           .more = "It takes no lock: a live server's data and a dead one's are audited alike."}};
}

}  // namespace seckill::app
