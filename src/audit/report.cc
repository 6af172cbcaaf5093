#include "audit/report.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace seckill {
namespace {

std::string of_what(const std::optional<SaleName>& sale) {
  return sale ? fmt::format("sale {}", sale->view()) : "all sales";
}

const char* result_of(const AuditReport& report) {
  if (report.violated()) return "violated";
  return report.proven() ? "proven" : "unproven";
}

// Names and sentences hold what strangers chose (a transcript's buyer): nothing of it may end a
// JSON text.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// … nor move a terminal's cursor.
std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::string check_as_json(const Check& check) {
  std::string examples;
  for (const auto& example : check.examples) {
    examples += (examples.empty() ? "" : ",") + quoted(example);
  }
  return fmt::format(R"({{"name":{},"holds":{},"says":{},"examples":[{}]}})", quoted(check.name),
                     check.holds, quoted(check.says), examples);
}

}  // namespace

std::string to_text(const AuditReport& report, const std::optional<SaleName>& sale,
                    TextStyle style) {
  const char* yes = style.marks_only_ascii ? "ok" : "✓";
  const char* no = style.marks_only_ascii ? "NO" : "✗";
  std::string out;
  auto to = std::back_inserter(out);
  std::size_t hold = 0;
  for (const Check& check : report.checks) {
    hold += check.holds ? 1 : 0;
    if (check.holds && !style.all_checks) continue;
    fmt::format_to(to, "{} {:<16} {}\n", check.holds ? yes : no, check.name, printable(check.says));
    for (const auto& example : check.examples) {
      fmt::format_to(to, "    {}\n", printable(example));
    }
  }
  const AuditSums& sums = report.sums;
  const bool all = hold == report.checks.size();
  fmt::format_to(
      to, "{} {} of {} checks hold for {} (stock {}, won {}, stored {}, paid {}, returned {}",
      all ? yes : no, hold, report.checks.size(), of_what(sale), sums.stock, sums.won, sums.stored,
      sums.paid, sums.returned);
  if (sums.pending > 0) fmt::format_to(to, ", not stored yet {}", sums.pending);
  if (sums.quarantined > 0) fmt::format_to(to, ", in quarantine {}", sums.quarantined);
  if (sums.unanswered > 0) fmt::format_to(to, ", not told yet {}", sums.unanswered);
  return out + ")\n";
}

std::string to_json(const AuditReport& report, const std::optional<SaleName>& sale) {
  std::string checks;
  for (const Check& check : report.checks) {
    checks += (checks.empty() ? "" : ",") + check_as_json(check);
  }
  const AuditSums& sums = report.sums;
  return fmt::format(
      R"({{"result":"{}","sale":{},"journal_end":{},"rows_at":{},"sums":{{"stock":{},"withdrawn":{},)"
      R"("won":{},"stored":{},"pending":{},"paid":{},"returned":{},"refunds":{},"quarantined":{},)"
      R"("unanswered":{}}},"checks":[{}]}})",
      result_of(report), sale ? quoted(sale->view()) : "null", number(report.journal_end),
      number(report.rows_at), sums.stock, sums.withdrawn, sums.won, sums.stored, sums.pending,
      sums.paid, sums.returned, sums.refunds, sums.quarantined, sums.unanswered, checks);
}

}  // namespace seckill
