#include "drill/html.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "drill/charts.h"
#include "drill/findings.h"
#include "drill/html_pieces.h"
#include "drill/svg.h"
#include "drill/view.h"
#include "embedded/report_style.h"

namespace seckill {
namespace {

using namespace html;

void head(Page& page, const Json& run, const Holding& holding) {
  page.add(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; form-action 'none'; base-uri 'none'\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>{} · seckill drill</title>\n<style>\n{}</style></head>\n<body>",
      escaped(holding.sentence), embedded::report_style()[0].text);
  const bool good = holding.held == Held::kProven || holding.held == Held::kSeen;
  const std::string sale = text(at(run, {"conditions", "sale"}));
  page.add("<header><p class=\"kicker\">seckill drill · {} · {}</p>",
           sale.empty() ? words(run, {"conditions", "target"}) : escaped(sale),
           words(run, {"conditions", "started_at"}));
  page.add("<h1>{} <small>Measured on {}.</small></h1>", marked(good, escaped(holding.sentence)),
           escaped(machine_of(run)));
}

void banners(Page& page, const Json& run) {
  if (at(run, {"verdict", "interrupted"}) == true)
    page.add("<p class=\"banner\">The drill was interrupted before its end.</p>");
  if (at(run, {"pace", "crowd_was_the_limit"}) != true) return;
  page.add(
      "<p class=\"banner\"><strong>The crowd machine was the limit.</strong> {} of {} requests "
      "were "
      "sent over {} late, its thread was {} busy: the server was not asked as planned. Use fewer "
      "shoppers, more time, or another machine.</p>",
      figure(run, {"pace", "late"}), figure(run, {"funnel", "attempts"}),
      figure(run, {"pace", "late_over_us"}, "us"), figure(run, {"pace", "cpu_share"}, "share"));
}

void tiles(Page& page, const Json& run) {
  page.add("<dl class=\"tiles\">");
  const auto tile = [&page](std::string_view name, const std::string& value) {
    page.add("<div><dt>{}</dt><dd>{}</dd></div>", name, value);
  };
  tile("shoppers", figure(run, {"funnel", "arrived"}));
  tile("won", figure(run, {"funnel", "won"}));
  tile("left", figure(run, {"stock", "left"}));
  tile("sold out after", figure(run, {"stock", "sold_out_after_us"}, "us"));
  tile("felt p50", figure(run, {"figures", "p50", "value"}, "us"));
  tile("felt p99", figure(run, {"figures", "p99", "value"}, "us"));
  tile("errors", figure(run, {"figures", "errors", "value"}));
  page.add("</dl>");
}

void thresholds(Page& page, const Json& run) {
  const Json& rules = at(run, {"thresholds"});
  page.section(1, "Thresholds");
  if (!rules.is_array() || rules.empty()) {
    page.add(
        "<p class=\"soft\">None were asked for. As in <code>--threshold 'p99&lt;50ms' "
        "--threshold 'errors==0'</code></p>");
    return;
  }
  Table table("What was asked for, and what was measured", {"rule", "measured", "~verdict"});
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string n = std::to_string(i);
    const bool passed = at(rules[i], {"passed"}) == true;
    const bool is_time = at(rules[i], {"is_time"}) == true;
    table.row({"<code>" + words(run, {"thresholds", n, "text"}) + "</code>",
               figure(run, {"thresholds", n, "measured"}, is_time ? "us" : ""),
               "~" + marked(passed, passed ? "holds" : "fails")});
  }
  page.add("{}", table.take());
}

void conditions(Page& page, const Json& run) {
  page.section(2, "Conditions");
  page.add("<dl class=\"facts\">");
  const auto fact = [&page](std::string_view name, const std::string& value) {
    if (!value.empty() && value != "-") page.add("<dt>{}</dt><dd>{}</dd>", name, value);
  };
  const auto c = [&run](std::string_view name) { return words(run, {"conditions", name}); };
  const auto f = [&run](std::string_view name, std::string_view unit = "") {
    return figure(run, {"conditions", name}, unit);
  };
  const std::string command = c("command");
  fact("command", command.empty() || command == "-" ? "" : "<code>" + command + "</code>");
  fact("crowd",
       fmt::format("{} shoppers, {} over {}, {} double-click; {} clicks", f("shoppers"),
                   c("arrival"), f("over_us", "us"), f("double_click", "share"), f("clicks")));
  fact("seed", fmt::format("<data data-of=\"/conditions/seed\" value=\"{0}\">{0}</data>: the same "
                           "seed plays the same crowd, with the same keys",
                           at(run, {"conditions", "seed"}).dump()));
  fact("target", fmt::format("{}{}", c("target"),
                             at(run, {"conditions", "wire"}) == "demo" ? ", the demo's keyless wire"
                                                                       : ", over the API"));
  fact("machine", fmt::format("{}, {} cores", words(run, {"conditions", "machine", "cpu"}),
                              figure(run, {"conditions", "machine", "cores"})));
  fact("system", words(run, {"conditions", "machine", "system"}));
  fact("host", at(run, {"conditions", "same_host"}) == true
                   ? "crowd and server share this machine: they take each other's CPU"
                   : "another host was allowed");
  fact("limits",
       fmt::format("{} connections, {} retries a click, {} ms for an answer, {} open files",
                   f("connections"), f("retries"), f("timeout_ms"), f("open_files")));
  fact("warm-up", f("warmup_ms") + " ms");
  fact("version", c("version"));
  page.add("</dl>");
}

void stock(Page& page, const Json& run) {
  page.section(3, "Stock");
  Table table("Units, as the crowd was told and as the server says", {"which", "units"});
  table.row({"at the start", figure(run, {"stock", "at_start"})});
  table.row({"told to the crowd", figure(run, {"funnel", "won"})});
  table.row({"left, by what the crowd heard", figure(run, {"stock", "left"})});
  table.row({"left, says the server", figure(run, {"stock", "sale_after", "available"})});
  table.row({"held, says the server", figure(run, {"stock", "sale_after", "held"})});
  table.row({"paid, says the server", figure(run, {"stock", "sale_after", "paid"})});
  table.row({"sold out after", figure(run, {"stock", "sold_out_after_us"}, "us")});
  page.add("{}", pair(chart(stock_chart(run), "Units left, from the first intended click on."),
                      table.take()));
}

// As the share of the step before it.
std::string share_of(const Json& part, const Json& whole) {
  return part.is_number() && number(whole) > 0
             ? fmt::format("{:.1f} %", number(part) / number(whole) * 100)
             : "–";
}

void funnel(Page& page, const Json& run) {
  page.section(4, "Funnel");
  Table table("Each step, and its share of the shoppers who arrived", {"step", "count", "share"});
  const Json& arrived = at(run, {"funnel", "arrived"});
  constexpr std::pair<const char*, const char*> kSteps[] = {{"arrived", "shoppers who arrived"},
                                                            {"clicks", "clicks"},
                                                            {"attempts", "requests, with retries"},
                                                            {"admitted", "admitted to the journal"},
                                                            {"won", "units won"},
                                                            {"stored", "orders stored in rows"},
                                                            {"paid", "units paid"}};
  for (const auto& [step, name] : kSteps)
    table.row({name, figure(run, {"funnel", step}), share_of(at(run, {"funnel", step}), arrived)});
  page.add("{}", pair(chart(funnel_chart(run),
                            "The hopeless are refused at the door and leave no record. Admitted, "
                            "stored and paid are the server's figures."),
                      table.take()));
}

std::string latency_table(const Json& run, std::string_view kind, std::string_view caption) {
  Table table(caption, {"outcome", "clicks", "p50", "p90", "p95", "p99", "p99.9", "max"});
  const Json& by_outcome = at(run, {"latency", kind});
  if (!by_outcome.is_object()) return "";
  for (const auto& [outcome, latency] : by_outcome.items()) {
    std::vector<std::string> cells{escaped(outcome),
                                   figure(run, {"latency", kind, outcome, "count"})};
    for (const char* quantile : {"p50_us", "p90_us", "p95_us", "p99_us", "p999_us", "max_us"})
      cells.push_back(figure(run, {"latency", kind, outcome, quantile}, "us"));
    table.row(cells);
  }
  return table.take();
}

std::string outcome_keys() {
  return key("won", "won") + key("no", "sold out") + key("mild", "other refusals") +
         key("bad", "errors");
}

void latency(Page& page, const Json& run) {
  page.section(5, "Latency");
  page.add(
      "<p class=\"soft\">Felt: from the intended click to its final answer, retries and our own "
      "delays included. Served: from the send of a request to its answer.</p>");
  page.add("<div class=\"pair many\">{}{}{}</div>",
           chart(quantile_chart(run), key("won", "felt") + key("no", "served") +
                                          "Latency that a share of the clicks does not exceed."),
           chart(spectrum_chart(run), outcome_keys() + "Clicks by the latency they felt."),
           chart(heat_chart(run),
                 "Felt latency over time: the darker, the more clicks. Each row is twice as long "
                 "as the one below."));
  page.add("{}", latency_table(run, "felt", "Felt latency"));
  page.add("{}", latency_table(run, "served", "Served latency, by request"));
}

void pace(Page& page, const Json& run) {
  page.section(6, "Pace of the crowd");
  const auto row = [&run](Table& table, const char* name, const char* path) {
    std::vector<std::string> cells{name};
    for (const char* quantile : {"p50_us", "p99_us", "max_us"})
      cells.push_back(figure(run, {"pace", path, quantile}, "us"));
    table.row(cells);
  };
  Table late("How late the crowd itself was", {"delay", "p50", "p99", "max"});
  row(late, "late to begin", "lateness");
  row(late, "waiting for a connection", "connection_wait");
  Table counts("What it took", {"what", "figure"});
  counts.row(
      {fmt::format("requests sent over {} late", figure(run, {"pace", "late_over_us"}, "us")),
       figure(run, {"pace", "late"})});
  counts.row({"lasted", figure(run, {"pace", "lasted_us"}, "us")});
  counts.row({"requests a second", figure(run, {"figures", "rate", "value"}, "per_second")});
  counts.row({"connections at once", figure(run, {"pace", "connections_most"})});
  counts.row({"requests in flight, at most", figure(run, {"pace", "in_flight_most"})});
  counts.row({"our CPU", figure(run, {"pace", "cpu_share"}, "share")});
  page.add("{}", pair(chart(pace_chart(run), key("no", "scheduled") + key("won", "sent") +
                                                 "Requests a second, retries among the sent."),
                      late.take() + counts.take()));
}

void outcomes(Page& page, const Json& run) {
  page.section(7, "Outcomes");
  Table by_status("Requests by outcome and HTTP status", {"outcome", "status", "requests"});
  const Json& all = at(run, {"outcomes", "by_status"});
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string n = std::to_string(i);
    by_status.row(
        {words(run, {"outcomes", "by_status", n, "outcome"}),
         at(all[i], {"status"}) == 0 ? "none" : words(run, {"outcomes", "by_status", n, "status"}),
         figure(run, {"outcomes", "by_status", n, "attempts"})});
  }
  page.add("{}",
           pair(chart(outcome_chart(run), "Clicks by their final answer."), by_status.take()));
  const Json& errors = at(run, {"outcomes", "errors"});
  if (!errors.is_array() || errors.empty()) {
    page.add("<p class=\"soft\">No errors.</p>");
    return;
  }
  Table table("Errors, with the first ten of each", {"count", "~what was heard", "~first of them"});
  for (std::size_t i = 0; i < errors.size(); ++i) {
    std::string samples;
    for (const Json& sample : at(errors[i], {"samples"})) {
      samples += fmt::format("{}click {}, try {}, at {}", samples.empty() ? "" : "; ",
                             text(at(sample, {"n"})), text(at(sample, {"attempt"})),
                             text(at(sample, {"at_us"}), "us"));
    }
    const std::string n = std::to_string(i);
    table.row({figure(run, {"outcomes", "errors", n, "count"}),
               "~" + words(run, {"outcomes", "errors", n, "reason"}), "~" + escaped(samples)});
  }
  page.add("{}", table.take());
}

void fairness(Page& page, const Json& run) {
  page.section(8, "Fairness");
  Table table("Who came when, and who won",
              {"part of the crowd", "shoppers", "won", "chance", "felt p50"});
  const auto row = [&](const std::string& name, auto... path) {
    table.row({name, figure(run, {"fairness", path..., "shoppers"}),
               figure(run, {"fairness", path..., "won"}),
               figure(run, {"fairness", path..., "chance"}, "share"),
               number(at(run, {"fairness", path..., "felt", "count"})) > 0
                   ? figure(run, {"fairness", path..., "felt", "p50_us"}, "us")
                   : "–"});
  };
  const std::size_t tenths = at(run, {"fairness", "by_arrival"}).size();
  for (std::size_t i = 0; i < tenths; ++i) {
    const std::string n = std::to_string(i);
    row(fmt::format("tenth {}", i + 1), "by_arrival", std::string_view(n));
  }
  row("double-clickers", "double_clickers");
  row("the others", "single_clickers");
  Table twice("Told twice: each of them breaks a promise", {"what", "count"});
  constexpr std::pair<const char*, const char*> kTwice[] = {
      {"two_orders_for_a_key", "two orders for one key"},
      {"order_told_to_two", "one order told to two buyers"},
      {"number_told_twice", "the same number told again"}};
  for (const auto& [name, says] : kTwice)
    twice.row({says, figure(run, {"fairness", "told_twice", name})});
  page.add("{}",
           pair(chart(chance_chart(run),
                      "Chance to win by order of arrival: first come, first served falls from "
                      "left to right.") +
                    twice.take(),
                table.take()));
}

std::string bytes_of(const Json& run) {
  const Json& bytes = at(run, {"server_side", "resident_bytes"});
  if (!bytes.is_number()) return "–";
  return fmt::format("<data data-of=\"/server_side/resident_bytes\" value=\"{}\">{:.1f} MB</data>",
                     bytes.dump(), number(bytes) / 1e6);
}

void server(Page& page, const Json& run) {
  page.section(9, "Server side");
  if (!at(run, {"server_side"}).is_object()) {
    page.add("<p class=\"soft\">The server showed no /metrics, or was gone at the end.</p>");
    return;
  }
  const auto f = [&run](std::string_view name, std::string_view unit = "") {
    return figure(run, {"server_side", name}, unit);
  };
  Table work("Work, from its /metrics before and after", {"what", "figure"});
  work.row({"CPU a request", f("cpu_us_per_request", "us")});
  work.row({"CPU, of one core", f("cpu_share", "share")});
  work.row({"resident memory", bytes_of(run)});
  work.row({"a decision, in the mean", f("decision_mean_us", "us")});
  work.row({"turns", f("turns")});
  work.row({"records a turn", f("records_per_turn")});
  work.row({"a flush, in the mean", f("flush_mean_us", "us")});
  Table rows("Queues, and the way to the rows", {"what", "figure"});
  rows.row({"claims waiting, afterwards", f("waiting")});
  rows.row({"orders won and not stored yet", f("pending_orders")});
  rows.row({"records not in the rows yet", f("lag_records")});
  rows.row({"from order to row, in the mean", f("store_delay_mean_us", "us")});
  rows.row({"appends of unknown end", f("unsure")});
  rows.row({"records in quarantine", f("quarantined")});
  rows.row({"connections shed", f("shed_connections")});
  page.add("<div class=\"pair\">{}{}</div>", work.take(), rows.take());
  const Json& parts = at(run, {"server_side", "dependencies"});
  if (parts.is_array() && !parts.empty()) {
    Table times("Parts it called", {"call", "calls", "mean"});
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string n = std::to_string(i);
      times.row({words(run, {"server_side", "dependencies", n, "operation"}),
                 figure(run, {"server_side", "dependencies", n, "calls"}),
                 figure(run, {"server_side", "dependencies", n, "mean_us"}, "us")});
    }
    page.add("{}", times.take());
  }
  Table samples("Samples that moved", {"~sample", "before", "after"});
  const Json& moved = at(run, {"server"});
  if (!moved.is_object()) return;
  for (const auto& [name, sample] : moved.items()) {
    if (at(sample, {"before"}) == at(sample, {"after"})) continue;
    samples.row({"~<code>" + escaped(name) + "</code>", figure(run, {"server", name, "before"}),
                 figure(run, {"server", name, "after"})});
  }
  page.add("<details><summary>All samples that moved</summary>{}</details>", samples.take());
}

void audit(Page& page, const Json& run) {
  const Json& found = at(run, {"audit"});
  const Json& checks = found.is_object() ? at(found, {"checks"}) : found;
  page.section(10, "Audit");
  if (!checks.is_array()) {
    page.add(
        "<p>Not audited yet. Beside the server's data: <code>seckill audit {} --drill "
        "DIR</code></p>",
        words(run, {"conditions", "sale"}));
    return;
  }
  Table table("Journal, rows and transcript, compared by a replay of its own",
              {"check", "~finding"});
  for (const Json& check : checks) {
    std::string says = escaped(text(at(check, {"says"})));
    for (const Json& example : at(check, {"examples"}))
      says += "<br><code>" + escaped(text(example)) + "</code>";
    table.row(
        {marked(at(check, {"holds"}) == true, escaped(text(at(check, {"name"})))), "~" + says});
  }
  page.add("{}", table.take());
}

void last(Page& page, const Json& run) {
  const Json& earlier = at(run, {"last"});
  page.section(11, "Against the last run");
  if (!earlier.is_object()) {
    page.add(
        "<p class=\"soft\">There is no earlier run of the same plan beside this one. Any two: "
        "<code>seckill drill compare A B</code></p>");
    return;
  }
  page.add(
      "<p class=\"soft\">{} of {}. Spread: the least and the most of a run's tenths by arrival. "
      "A difference within the spread is no news.</p>",
      words(run, {"last", "directory"}), words(run, {"last", "conditions", "started_at"}));
  Table table("Figures of both",
              {"figure", "last", "spread", "this", "spread", "change", "~news?"});
  for (const Compared& one : compare(earlier, run)) {
    if (one.a_spread.empty() && one.change == "=") continue;
    table.row({one.name, figure(run, {"last", "figures", one.name, "value"}, one.unit),
               one.a_spread, figure(run, {"figures", one.name, "value"}, one.unit), one.b_spread,
               one.change,
               one.beyond   ? "~<strong>beyond the spread</strong>"
               : one.within ? "~within the spread"
                            : "~"});
  }
  page.add("{}{}",
           chart(spread_chart(earlier, run),
                 key("no", "last run") + key("won", "this run") +
                     "Felt latency: the dot is the whole run, the bar its spread."),
           table.take());
}

}  // namespace

Result<std::string> report_html(std::string_view summary) {
  const auto run = read_summary(summary);
  if (!run) return fail(run.error());
  Page page;
  head(page, *run, holding_of(*run));
  banners(page, *run);
  page.add("</header><main>");
  tiles(page, *run);
  thresholds(page, *run);
  conditions(page, *run);
  stock(page, *run);
  funnel(page, *run);
  latency(page, *run);
  pace(page, *run);
  outcomes(page, *run);
  fairness(page, *run);
  server(page, *run);
  audit(page, *run);
  last(page, *run);
  page.close();
  page.add(
      "</main><footer>Every figure here stands in <code>summary.json</code>. Beside it: "
      "<code>transcript.jsonl</code> and <code>requests.csv</code> (each request), "
      "<code>latency.hgrm</code> (HdrHistogram), <code>results.jtl</code> (JMeter). "
      "<code>seckill drill report DIR</code> draws this page again.</footer></body></html>");
  return page.take();
}

}  // namespace seckill
