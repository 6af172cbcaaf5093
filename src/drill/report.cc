// The texts made of a summary.json: one run told, two runs compared.
#include "drill/report.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

#include "drill/drill.h"
#include "drill/findings.h"
#include "drill/html.h"
#include "drill/view.h"

namespace seckill {
namespace {

namespace fs = std::filesystem;

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
  const Holding holding = holding_of(run);
  page.line("{} {}", holding.held == Held::kProven || holding.held == Held::kSeen ? "✓" : "✗",
            holding.sentence);
  page.line("  Measured on {}.", machine_of(run));
  if (thresholds.empty()) {
    page.line("thresholds  none were asked for (--threshold 'p99<50ms')");
  } else {
    const auto good = std::count_if(thresholds.begin(), thresholds.end(),
                                    [](const Json& one) { return at(one, {"passed"}) == true; });
    page.line("thresholds  {} {} of {} hold", passed ? "✓" : "✗", good, thresholds.size());
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
    for (const auto& one : by_outcome.items()) {
      const Json& l = one.value();
      const auto q = [&l](std::string_view name) { return text(at(l, {name}), "us"); };
      page.line("  {:<9} {:<12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}", kind, one.key(),
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

// The directories beside this one that hold a drill, those written last first.
std::vector<fs::path> newest_beside(const fs::path& directory) {
  constexpr std::size_t kLooked = 20;
  std::error_code error;
  const fs::path here = fs::weakly_canonical(directory, error);
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  for (const auto& entry : fs::directory_iterator(
           here.parent_path(), fs::directory_options::skip_permission_denied, error)) {
    std::error_code none;
    const auto time = fs::last_write_time(entry.path() / "summary.json", none);
    if (!none && entry.path() != here) found.emplace_back(time, entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> newest;
  for (std::size_t i = 0; i < std::min(found.size(), kLooked); ++i)
    newest.push_back(std::move(found[i].second));
  return newest;
}

}  // namespace

Result<std::string> report_text(std::string_view summary) {
  const auto run = read_summary(summary);
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
  const auto one = read_summary(a), two = read_summary(b);
  if (!one) return fail(one.error());
  if (!two) return fail(two.error());
  Page page;
  for (const std::string& other : other_conditions(*one, *two))
    page.line("! other conditions: {}", other);
  page.line("{:<15} {:<32} {:<32} {}", "figure", "A (spread over its tenths)", "B", "B against A");
  const auto with = [](const std::string& value, const std::string& spread) {
    return spread.empty() ? value : fmt::format("{} ({})", value, spread);
  };
  for (const Compared& row : compare(*one, *two)) {
    page.line("{:<15} {:<32} {:<32} {}{}", row.name, with(row.a, row.a_spread),
              with(row.b, row.b_spread), row.change,
              row.beyond   ? " beyond the spread"
              : row.within ? " within the spread"
                           : "");
  }
  return page.take();
}

Status draw_report(const std::filesystem::path& directory) {
  const auto summary = file_text(directory / "summary.json");
  if (!summary) return fail(summary.error());
  const auto html = report_html(*summary);
  if (!html) return fail(html.error());
  return write_file(directory / "report.html", *html);
}

Result<std::string> drill_report(const std::filesystem::path& directory) {
  const auto summary = file_text(directory / "summary.json");
  if (!summary) return fail(summary.error());
  return report_text(*summary);
}

Result<std::string> drill_summary(const std::filesystem::path& directory) {
  auto summary = file_text(directory / "summary.json");
  if (!summary) return fail(summary.error());
  if (const auto run = read_summary(*summary); !run) return fail(run.error());
  while (summary->ends_with('\n')) summary->pop_back();
  return summary;
}

Result<std::string> drill_compare(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto one = file_text(a / "summary.json"), two = file_text(b / "summary.json");
  if (!one) return fail(one.error());
  if (!two) return fail(two.error());
  return compare_text(*one, *two);
}

Status put_into_summary(const fs::path& directory, std::string_view section,
                        std::string_view json) {
  const auto old = file_text(directory / "summary.json");
  if (!old) return fail(old.error());
  auto run = read_summary(*old);
  if (!run) return fail(run.error());
  Json value = Json::parse(json, nullptr, false);
  if (value.is_discarded()) {
    return fail(Error::Code::kInvalid, fmt::format("drill: section {} is not JSON", section));
  }
  (*run)[std::string(section)] = std::move(value);
  return write_file(directory / "summary.json",
                    run->dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Status add_to_summary(const fs::path& directory, std::string_view section, std::string_view json) {
  const Status put = put_into_summary(directory, section, json);
  return put ? draw_report(directory) : put;
}

std::string last_before(const std::filesystem::path& directory) {
  const auto ours = file_text(directory / "summary.json");
  const auto run = ours ? read_summary(*ours) : Result<Json>(fail(ours.error()));
  if (!run) return "null";
  const auto started = [](const Json& one) { return text(at(one, {"conditions", "started_at"})); };
  Json last;
  for (const fs::path& other : newest_beside(directory)) {
    const auto other_text = file_text(other / "summary.json");
    const auto earlier =
        other_text ? read_summary(*other_text) : Result<Json>(fail(other_text.error()));
    if (!earlier || started(*earlier) >= started(*run)) continue;
    if (!other_conditions(*earlier, *run).empty()) continue;
    if (last.is_object() && started(last) >= started(*earlier)) continue;
    last = {{"directory", other.filename().string()},
            {"conditions", at(*earlier, {"conditions"})},
            {"figures", at(*earlier, {"figures"})},
            {"fairness", {{"by_arrival", at(*earlier, {"fairness", "by_arrival"})}}}};
  }
  return last.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace seckill
