// The texts made of a summary.json: one run told, two runs compared.
#include "drill/report.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

#include "drill/drill.h"
#include "drill/view.h"

namespace seckill {
namespace {

using Json = nlohmann::ordered_json;

// A path into the summary, or null where something is missing: old and new runs both tell what they
// have.
const Json& at(const Json& json, std::initializer_list<std::string_view> path) {
  static const Json nothing;
  const Json* here = &json;
  for (const std::string_view name : path) {
    const auto found = here->is_object() ? here->find(name) : here->end();
    if (found == here->end()) return nothing;
    here = &*found;
  }
  return *here;
}

std::string text(const Json& json, std::string_view unit = "") {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_boolean()) return json.get<bool>() ? "yes" : "no";
  if (!json.is_number()) return "-";
  const auto value = json.get<double>();
  if (unit == "us") return human_time(static_cast<std::int64_t>(value));
  if (unit == "share") return fmt::format("{:.2f} %", value * 100);
  if (unit == "per_second") return fmt::format("{:.1f}/s", value);
  if (value >= 0 && value == static_cast<double>(static_cast<std::uint64_t>(value))) {
    return thousands(static_cast<std::uint64_t>(value));
  }
  return fmt::format("{:.3g}", value);
}

class Page {
 public:
  template <class... Args>
  void line(fmt::format_string<Args...> form, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), form, std::forward<Args>(args)...);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void verdict(Page& page, const Json& run) {
  const Json& thresholds = at(run, {"thresholds"});
  const bool passed = at(run, {"verdict", "passed"}) == true;
  if (thresholds.empty()) {
    page.line("verdict     no thresholds were asked for (--threshold 'p99<50ms')");
  } else {
    const auto good = std::count_if(thresholds.begin(), thresholds.end(),
                                    [](const Json& one) { return at(one, {"passed"}) == true; });
    page.line("verdict     {} {} of {} thresholds hold", passed ? "✓" : "✗", good,
              thresholds.size());
  }
  for (const Json& one : thresholds) {
    page.line("            {} {}  (measured {})", at(one, {"passed"}) == true ? "✓" : "✗",
              text(at(one, {"text"})),
              text(at(one, {"measured"}), at(one, {"is_time"}) == true ? "us" : ""));
  }
  if (at(run, {"verdict", "interrupted"}) == true)
    page.line("            ! interrupted before its end");
  if (at(run, {"pace", "crowd_was_the_limit"}) == true) {
    page.line(
        "            ! the crowd machine was the limit: late sends {} of {}, its thread {} busy",
        text(at(run, {"pace", "late"})), text(at(run, {"funnel", "attempts"})),
        text(at(run, {"pace", "cpu_share"}), "share"));
  }
}

void conditions(Page& page, const Json& run) {
  const Json& c = at(run, {"conditions"});
  page.line("conditions  {} · {} shoppers, {} over {} · seed {} · {}", text(at(c, {"started_at"})),
            text(at(c, {"shoppers"})), text(at(c, {"arrival"})), text(at(c, {"over_us"}), "us"),
            at(c, {"seed"}).dump(), text(at(c, {"target"})));
  page.line("            {} · {} cores, {} · at most {} connections, {} open files",
            text(at(c, {"machine", "system"})), text(at(c, {"machine", "cores"})),
            text(at(c, {"machine", "cpu"})), text(at(c, {"connections"})),
            text(at(c, {"open_files"})));
  if (!text(at(c, {"command"})).empty()) page.line("            {}", text(at(c, {"command"})));
}

void stock(Page& page, const Json& run) {
  page.line("stock       {} at the start, {} left · sold out after {}",
            text(at(run, {"stock", "at_start"})), text(at(run, {"stock", "left"})),
            text(at(run, {"stock", "sold_out_after_us"}), "us"));
  const Json& f = at(run, {"funnel"});
  page.line("funnel      arrived {} · clicks {} · requests {} · won {} · stored {} · paid {}",
            text(at(f, {"arrived"})), text(at(f, {"clicks"})), text(at(f, {"attempts"})),
            text(at(f, {"won"})), text(at(f, {"stored"})), text(at(f, {"paid"})));
}

void latencies(Page& page, const Json& run) {
  page.line("latency     {:<12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "count", "p50", "p90",
            "p99", "p99.9", "max");
  for (const std::string_view kind : {"felt", "served"}) {
    const Json& by_outcome = at(run, {"latency", kind});
    if (!by_outcome.is_object()) continue;
    for (const auto& [outcome, l] : by_outcome.items()) {
      const auto q = [&l](std::string_view name) { return text(at(l, {name}), "us"); };
      page.line("  {:<9} {:<12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}", kind, outcome,
                text(at(l, {"count"})), q("p50_us"), q("p90_us"), q("p99_us"), q("p999_us"),
                q("max_us"));
    }
  }
}

void pace(Page& page, const Json& run) {
  const Json& p = at(run, {"pace"});
  page.line("pace        {} requests in {} · our own lateness p50 {} p99 {} max {} · late {}",
            text(at(run, {"funnel", "attempts"})), text(at(p, {"lasted_us"}), "us"),
            text(at(p, {"lateness", "p50_us"}), "us"), text(at(p, {"lateness", "p99_us"}), "us"),
            text(at(p, {"lateness", "max_us"}), "us"), text(at(p, {"late"})));
  page.line(
      "            {} connections opened, {} at once, {} requests in flight at most · {:.1f} µs of "
      "our CPU a request",
      text(at(p, {"connections_opened"})), text(at(p, {"connections_most"})),
      text(at(p, {"in_flight_most"})),
      at(p, {"cpu_us_per_request"}).is_number() ? at(p, {"cpu_us_per_request"}).get<double>() : 0);
}

void outcomes(Page& page, const Json& run) {
  page.line("outcomes    {:<12} {:>7} {:>9}", "", "status", "requests");
  for (const Json& one : at(run, {"outcomes", "by_status"})) {
    page.line("            {:<12} {:>7} {:>9}", text(at(one, {"outcome"})),
              at(one, {"status"}) == 0 ? "-" : text(at(one, {"status"})),
              text(at(one, {"attempts"})));
  }
  for (const Json& kind : at(run, {"outcomes", "errors"})) {
    std::string samples;
    for (const Json& sample : at(kind, {"samples"})) samples += " " + at(sample, {"n"}).dump();
    page.line("  error     {} × {} (requests{}{})", text(at(kind, {"count"})),
              text(at(kind, {"reason"})), samples,
              Json(at(kind, {"samples"}).size()) < at(kind, {"count"}) ? " …" : "");
  }
}

std::string chance(const Json& group) {
  return at(group, {"chance"}).is_number() ? text(at(group, {"chance"}), "share") : "-";
}

void fairness(Page& page, const Json& run) {
  std::string tenths;
  for (const Json& tenth : at(run, {"fairness", "by_arrival"})) tenths += " · " + chance(tenth);
  page.line("fairness    chance to win by order of arrival, in tenths{}", tenths);
  page.line("            double-clickers {} of {}, the others {} of {}",
            chance(at(run, {"fairness", "double_clickers"})),
            text(at(run, {"fairness", "double_clickers", "shoppers"})),
            chance(at(run, {"fairness", "single_clickers"})),
            text(at(run, {"fairness", "single_clickers", "shoppers"})));
  std::string twice;
  const Json& told_twice = at(run, {"fairness", "told_twice"});
  if (!told_twice.is_object()) return;
  for (const auto& [name, count] : told_twice.items()) {
    if (count != 0) twice += fmt::format(" · {} {}", text(count), name);
  }
  if (!twice.empty()) page.line("            ✗ told twice{}", twice);
}

void server(Page& page, const Json& run) {
  const Json& samples = at(run, {"server"});
  if (!samples.is_object()) return;
  for (const auto& [name, sample] : samples.items()) {
    // What moved, without the routes: they repeat what the outcomes say.
    if (at(sample, {"before"}) == at(sample, {"after"}) || name.starts_with("http_")) continue;
    page.line("  server    {}: {} → {}", name, text(at(sample, {"before"})),
              text(at(sample, {"after"})));
  }
}

void audit(Page& page, const Json& run) {
  const Json& found = at(run, {"audit"});
  const Json& checks = found.is_object() ? at(found, {"checks"}) : found;
  if (checks.is_null())
    return page.line("audit       not run here: seckill audit --transcript transcript.jsonl");
  if (!checks.is_array()) return page.line("audit       {}", checks.dump());
  for (const Json& check : checks) {
    page.line("  audit     {} {}: {}", at(check, {"holds"}) == true ? "✓" : "✗",
              text(at(check, {"name"})), text(at(check, {"says"})));
  }
}

Result<Json> read(std::string_view summary) {
  Json json = Json::parse(summary, nullptr, false);
  if (json.is_object() && at(json, {"format"}) == 1) return json;
  return fail(
      Error::Code::kInvalid,
      "drill: that is no summary.json of a drill (format 1); name a seckill-drill-… directory");
}

// ---- comparison ----

struct Spread {
  double least = 0, most = 0;
  bool known = false;
};

// A figure of each tenth of a run: how much it varies within one run.
Spread spread_of(const Json& run, std::string_view quantile) {
  Spread spread;
  for (const Json& tenth : at(run, {"fairness", "by_arrival"})) {
    const Json& value = at(tenth, {"felt", quantile});
    if (!value.is_number() || at(tenth, {"felt", "count"}) == 0) continue;
    const auto v = value.get<double>();
    spread.least = spread.known ? std::min(spread.least, v) : v;
    spread.most = spread.known ? std::max(spread.most, v) : v;
    spread.known = true;
  }
  return spread;
}

std::string with_spread(const Json& figure, const Spread& spread) {
  const std::string value = text(at(figure, {"value"}), text(at(figure, {"unit"})));
  if (!spread.known) return value;
  return fmt::format("{} ({} – {})", value, human_time(static_cast<std::int64_t>(spread.least)),
                     human_time(static_cast<std::int64_t>(spread.most)));
}

std::string change(const Json& a, const Json& b, const Spread& in_a, const Spread& in_b) {
  const Json &from = at(a, {"value"}), &to = at(b, {"value"});
  if (!from.is_number() || !to.is_number()) return "-";
  const auto x = from.get<double>(), y = to.get<double>();
  if (x == y) return "=";
  std::string how = x == 0 ? "new" : fmt::format("{:+.0f} %", (y - x) / x * 100);
  if (!in_a.known || !in_b.known) return how;
  const bool apart = in_a.most < in_b.least || in_b.most < in_a.least;
  return how + (apart ? " beyond the spread" : " within the spread");
}

}  // namespace

Result<std::string> report_text(std::string_view summary) {
  const auto run = read(summary);
  if (!run) return fail(run.error());
  Page page;
  verdict(page, *run);
  conditions(page, *run);
  stock(page, *run);
  latencies(page, *run);
  pace(page, *run);
  outcomes(page, *run);
  fairness(page, *run);
  server(page, *run);
  audit(page, *run);
  return page.take();
}

Result<std::string> compare_text(std::string_view a, std::string_view b) {
  const auto one = read(a), two = read(b);
  if (!one) return fail(one.error());
  if (!two) return fail(two.error());
  Page page;
  for (const char* name :
       {"shoppers", "over_us", "arrival", "double_click", "wire", "connections", "retries"}) {
    const Json &x = at(*one, {"conditions", name}), &y = at(*two, {"conditions", name});
    if (x != y) page.line("! other conditions: {} was {}, is {}", name, x.dump(), y.dump());
  }
  page.line("{:<15} {:<32} {:<32} {}", "figure", "A (spread over its tenths)", "B", "B against A");
  const Json& figures = at(*one, {"figures"});
  if (!figures.is_object()) return page.take();
  for (const auto& [name, figure] : figures.items()) {
    const Json& other = at(*two, {"figures", name});
    // Of the tail only what a tenth can know: a tenth's p99.9 is its maximum.
    const bool spreads =
        name == "p50" || name == "p90" || name == "p95" || name == "p99" || name == "max";
    const Spread in_a = spreads ? spread_of(*one, name + "_us") : Spread();
    const Spread in_b = spreads ? spread_of(*two, name + "_us") : Spread();
    page.line("{:<15} {:<32} {:<32} {}", name, with_spread(figure, in_a), with_spread(other, in_b),
              change(figure, other, in_a, in_b));
  }
  return page.take();
}

Result<std::string> drill_report(const std::filesystem::path& directory) {
  const auto summary = file_text(directory / "summary.json");
  if (!summary) return fail(summary.error());
  return report_text(*summary);
}

Result<std::string> drill_summary(const std::filesystem::path& directory) {
  auto summary = file_text(directory / "summary.json");
  if (!summary) return fail(summary.error());
  if (const auto run = read(*summary); !run) return fail(run.error());
  while (summary->ends_with('\n')) summary->pop_back();
  return summary;
}

Result<std::string> drill_compare(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto one = file_text(a / "summary.json"), two = file_text(b / "summary.json");
  if (!one) return fail(one.error());
  if (!two) return fail(two.error());
  return compare_text(*one, *two);
}

Status add_to_summary(const std::filesystem::path& directory, std::string_view section,
                      std::string_view json) {
  const auto old = file_text(directory / "summary.json");
  if (!old) return fail(old.error());
  auto run = read(*old);
  if (!run) return fail(run.error());
  Json value = Json::parse(json, nullptr, false);
  if (value.is_discarded()) {
    return fail(Error::Code::kInvalid, fmt::format("drill: section {} is not JSON", section));
  }
  (*run)[std::string(section)] = std::move(value);
  return write_file(directory / "summary.json",
                    run->dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace seckill
