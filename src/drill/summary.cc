// summary.json: every figure of a run, for people's programs, the report and comparisons.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <thread>

#include "drill/report.h"
#include "drill/server_side.h"

namespace seckill {
namespace {

constexpr double kQuantiles[] = {0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999};
constexpr std::string_view kQuantileNames[] = {"p50", "p75", "p90", "p95", "p99", "p999", "p9999"};

template <class T>
Json maybe(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json latency(const Histogram& histogram, bool spectrum) {
  Json json = {{"count", histogram.count()}, {"mean_us", histogram.mean()}};
  json["min_us"] = histogram.min();
  for (std::size_t i = 0; i < std::size(kQuantiles); ++i) {
    json[std::string(kQuantileNames[i]) + "_us"] = histogram.quantile(kQuantiles[i]);
  }
  json["max_us"] = histogram.max();
  if (!spectrum) return json;
  // Pairs of (up to µs, how many), eight an octave: enough for a curve.
  Json pairs = Json::array();
  std::int64_t edge = -1;
  histogram.each([&](std::int64_t, std::int64_t high, std::uint64_t times) {
    if (high > edge) {
      pairs.push_back({high, 0});
      edge = high + high / 12;
    }
    pairs.back()[0] = high;
    pairs.back()[1] = pairs.back()[1].get<std::uint64_t>() + times;
  });
  json["spectrum"] = std::move(pairs);
  return json;
}

Json latencies(const Run& run) {
  Json felt = {{"all", latency(run.tally.felt(), true)}};
  Json served = {{"all", latency(run.tally.served(), true)}};
  for (const Told told : kAllTold) {
    if (const Histogram* of = run.tally.felt(told)) felt[to_text(told)] = latency(*of, true);
    if (const Histogram* of = run.tally.served(told)) served[to_text(told)] = latency(*of, false);
  }
  return {{"felt", std::move(felt)}, {"served", std::move(served)}};
}

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

Json conditions(const Run& run) {
  const PlanTerms& plan = run.plan.terms;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  utsname system{};
  uname(&system);
  Json json = {{"command", run.command}, {"version", run.version}};
  json["started_at"] =
      fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                  fmt::gmtime(static_cast<std::time_t>(run.end.started_at_ms / 1000)),
                  run.end.started_at_ms % 1000);
  json["wire"] = run.wire.keyed() ? "api" : "demo";
  json["target"] = run.url;
  json["sale"] = run.sale;
  json["shoppers"] = plan.shoppers;
  json["over_us"] = plan.over.count();
  json["arrival"] = to_text(plan.arrival);
  json["double_click"] = plan.double_click;
  json["clicks"] = run.plan.clicks.size();
  json["seed"] = plan.seed;
  json["connections"] = run.terms.connections;
  json["retries"] = run.terms.retries;
  json["timeout_ms"] = run.terms.timeout.count() / 1000;
  json["warmup_ms"] = run.terms.warmup.count() / 1000;
  json["same_host"] = !run.terms.allow_remote;
  json["open_files"] = files.rlim_cur;
  json["machine"] = {
      {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
      {"cpu", cpu_model()},
      {"cores", std::thread::hardware_concurrency()}};
  return json;
}

Json sale(const std::optional<SaleSeen>& seen) {
  if (!seen) return nullptr;
  return {{"state", seen->state}, {"stock", seen->stock}, {"available", seen->available},
          {"held", seen->held},   {"paid", seen->paid},   {"orders", seen->orders}};
}

// Pairs of (µs, units left) from the start to the last win: enough of them for a curve.
Json curve(const Run& run) {
  constexpr std::size_t kPoints = 200;
  Json points = Json::array();
  const auto stock = run.tally.stock();
  if (!stock) return points;
  points.push_back({0, *stock});
  const auto& wins = run.tally.win_times();
  const std::size_t step = wins.size() / kPoints + 1;
  for (std::size_t i = 0; i < wins.size(); i += step) {
    const std::size_t last = std::min(i + step, wins.size()) - 1;
    points.push_back({wins[last], *run.tally.remaining_at(wins[last])});
  }
  return points;
}

Json stock(const Run& run) {
  Json json = {{"at_start", maybe(run.tally.stock())}, {"left", maybe(run.tally.remaining())}};
  json["sold_out_after_us"] = maybe(run.tally.sold_out_us());
  json["curve"] = curve(run);
  json["sale_before"] = sale(run.before);
  json["sale_after"] = sale(run.after);
  return json;
}

// Columns of 100 ms.
Json timeline(const Run& run) {
  Json json = {{"slice_ms", kSliceUs / 1000}};
  for (const char* name : {"scheduled", "sent", "answered", "won", "sold_out", "errors", "left"}) {
    json[name] = Json::array();
  }
  Json heat = Json::array();
  std::int64_t end = 0;
  for (const Slice& slice : run.tally.slices()) {
    end += kSliceUs;
    json["scheduled"].push_back(slice.scheduled);
    json["sent"].push_back(slice.sent);
    json["answered"].push_back(slice.answered);
    json["won"].push_back(slice.won);
    json["sold_out"].push_back(slice.sold_out);
    json["errors"].push_back(slice.errors);
    json["left"].push_back(maybe(run.tally.remaining_at(end)));
    std::size_t rows = slice.heat.size();
    while (rows > 0 && slice.heat[rows - 1] == 0) --rows;
    heat.push_back(std::vector<std::uint32_t>(
        slice.heat.begin(), slice.heat.begin() + static_cast<std::ptrdiff_t>(rows)));
  }
  json["heat"] = std::move(heat);  // felt latency: row r of a column is [2^(r-1), 2^r) µs
  return json;
}

// arrived → admitted → won → stored → paid; what only the server knows may be null. admitted: the
// records that it let into its journal meanwhile, ticks of its clock among them.
Json funnel(const Run& run) {
  const auto grew = [&run](std::string_view name) {
    return growth(run.metrics_before, run.metrics_after, name);
  };
  Json json = {{"arrived", run.tally.arrived()}, {"clicks", run.tally.clicks_sent()}};
  json["attempts"] = run.tally.attempts();
  json["admitted"] = grew("seckill_turn_size_sum");
  json["won"] = run.tally.won();
  json["stored"] = grew("seckill_orders_stored_total");
  json["paid"] = grew(fmt::format("seckill_stock_paid{{sale=\"{}\"}}", run.sale));
  return json;
}

Json pace(const Run& run) {
  const auto requests = static_cast<double>(std::max<std::uint64_t>(run.tally.attempts(), 1));
  const auto lasted = static_cast<double>(std::max<std::int64_t>(run.end.lasted_us, 1));
  const auto cpu = static_cast<double>(run.end.cpu_us);
  Json json = {{"lasted_us", run.end.lasted_us}, {"last_sent_us", run.tally.last_sent_us()}};
  json["late_over_us"] = kLateUs;
  json["late"] = run.tally.late();
  json["crowd_was_the_limit"] = run.crowd_was_the_limit();
  json["lateness"] = latency(run.tally.lateness(), false);
  json["connection_wait"] = latency(run.tally.connection_wait(), false);
  json["connections_opened"] = run.end.connections_opened;
  json["connections_most"] = run.end.connections_most;
  json["in_flight_most"] = run.end.in_flight_most;
  json["cpu_us_per_request"] = cpu / requests;
  json["cpu_share"] = cpu / lasted;
  return json;
}

Json outcomes(const Run& run) {
  Json by_status = Json::array(), errors = Json::array(), clicks = Json::object();
  for (const auto& [what, count] : run.tally.by_status()) {
    by_status.push_back(
        {{"outcome", to_text(what.first)}, {"status", what.second}, {"attempts", count}});
  }
  for (const Told told : kAllTold) {
    if (run.tally.clicks(told) == 0) continue;
    clicks[to_text(told)] = {{"clicks", run.tally.clicks(told)},
                             {"shoppers", run.tally.shoppers(told)}};
  }
  for (const auto& [reason, kind] : run.tally.error_kinds()) {
    Json samples = Json::array();
    for (const ErrorSample& sample : kind.samples) {
      samples.push_back(
          {{"n", sample.click + 1}, {"attempt", sample.attempt}, {"at_us", sample.at_us}});
    }
    errors.push_back({{"reason", reason},
                      {"outcome", to_text(kind.told)},
                      {"count", kind.count},
                      {"samples", std::move(samples)}});
  }
  return {{"final", std::move(clicks)},
          {"by_status", std::move(by_status)},
          {"errors", std::move(errors)}};
}

Json group(const Group& group) {
  Json json = {{"shoppers", group.shoppers}, {"won", group.won}};
  json["chance"] = group.shoppers == 0 ? Json(nullptr) : Json(double(group.won) / group.shoppers);
  json["felt"] = latency(group.felt, false);
  return json;
}

Json fairness(const Run& run) {
  Json tenths = Json::array();
  for (const Group& tenth : run.tally.tenths()) tenths.push_back(group(tenth));
  const Duplicates& twice = run.tally.duplicates();
  return {{"by_arrival", std::move(tenths)},
          {"double_clickers", group(run.tally.double_clickers())},
          {"single_clickers", group(run.tally.single_clickers())},
          {"told_twice",
           {{"two_orders_for_a_key", twice.two_orders_for_a_key},
            {"order_told_to_two", twice.order_told_to_two},
            {"number_told_twice", twice.number_told_twice}}}};
}

Json server(const Run& run) {
  if (run.metrics_after.empty()) return nullptr;
  Json json = Json::object();
  for (const auto& [name, value] : run.metrics_after) {
    const auto was = run.metrics_before.find(name);
    json[name] = {{"before", was == run.metrics_before.end() ? Json(nullptr) : Json(was->second)},
                  {"after", value}};
  }
  return json;
}

Json judged(const Run& run) {
  Json json = Json::array();
  for (const Judged& one : run.thresholds) {
    json.push_back({{"text", one.text},
                    {"measured", maybe(one.measured)},
                    {"passed", one.passed},
                    {"is_time", one.unit == Unit::kTime}});
  }
  return json;
}

Json figures(const Run& run) {
  constexpr const char* kUnits[] = {"count", "us", "share", "per_second"};
  Json json = Json::object();
  for (const Figure& figure : run.figures) {
    json[std::string(figure.name)] = {{"value", maybe(figure.value)},
                                      {"unit", kUnits[static_cast<std::size_t>(figure.unit)]}};
  }
  return json;
}

}  // namespace

bool Run::crowd_was_the_limit() const {
  const bool late = tally.late() * 100 > tally.attempts();
  return late || end.cpu_us * 10 > end.lasted_us * 9;
}

bool Run::passed() const {
  for (const Judged& judged : thresholds) {
    if (!judged.passed) return false;
  }
  return true;
}

std::string summary_json(const Run& run) {
  Json json = {{"format", 1}};
  json["verdict"] = {{"passed", run.passed()}, {"interrupted", run.end.interrupted}};
  json["thresholds"] = judged(run);
  json["conditions"] = conditions(run);
  json["figures"] = figures(run);
  json["stock"] = stock(run);
  json["funnel"] = funnel(run);
  json["latency"] = latencies(run);
  json["pace"] = pace(run);
  json["outcomes"] = outcomes(run);
  json["fairness"] = fairness(run);
  json["timeline"] = timeline(run);
  json["server"] = server(run);
  json["server_side"] =
      server_side(run.metrics_before, run.metrics_after, run.tally.attempts(), run.end.lasted_us);
  json["audit"] = nullptr;
  json["last"] = nullptr;
  // Servers may say anything, also what is not UTF-8.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<SaleSeen> sale_seen(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto number = [&json](const char* name) -> std::uint32_t {
    const auto found = json.find(name);
    return found != json.end() && found->is_number_unsigned() ? found->get<std::uint32_t>() : 0;
  };
  if (!json.contains("stock") || !json.contains("available")) return std::nullopt;
  const auto state = json.find("state");
  return SaleSeen{
      .state = state != json.end() && state->is_string() ? state->get<std::string>() : "",
      .stock = number("stock"),
      .available = number("available"),
      .held = number("held"),
      .paid = number("paid"),
      .orders = number("orders"),
      .per_buyer = number("per_buyer")};
}

}  // namespace seckill
