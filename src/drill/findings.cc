#include "drill/findings.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "drill/view.h"

namespace seckill {
namespace {

const Json& member(const Json& json, std::string_view name) {
  static const Json nothing;
  if (json.is_object()) {
    const auto found = json.find(name);
    return found == json.end() ? nothing : *found;
  }
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return json.is_array() && whole && index < json.size() ? json[index] : nothing;
}

std::uint64_t told_twice(const Json& run) {
  std::uint64_t sum = 0;
  for (const char* how : {"two_orders_for_a_key", "order_told_to_two", "number_told_twice"})
    sum += static_cast<std::uint64_t>(number(at(run, {"fairness", "told_twice", how})));
  return sum;
}

// How many units this crowd may have been given at most. A seed that was played before asks with
// the same keys, and is told of the orders that it has: then it is all there ever was.
const Json& units_there_were(const Json& run) {
  const Json& left = at(run, {"stock", "at_start"});
  const bool again = number(at(run, {"stock", "sale_before", "orders"})) > 0 &&
                     number(at(run, {"funnel", "won"})) > number(left);
  return again ? at(run, {"stock", "sale_before", "stock"}) : left;
}

std::string sold_text(const Json& run) {
  const Json& stock = units_there_were(run);
  const std::string won = text(at(run, {"funnel", "won"}));
  return stock.is_number() ? fmt::format("{} of {} sold", won, text(stock)) : won + " sold";
}

std::string broken_why(const Json& run) {
  if (const std::uint64_t twice = told_twice(run); twice > 0)
    return fmt::format("{} orders or numbers were told twice", grouped(twice));
  const Json &stock = units_there_were(run), &won = at(run, {"funnel", "won"});
  if (stock.is_number() && number(won) > number(stock)) return sold_text(run);
  if (at(run, {"audit", "violated"}) != true) return "";
  for (const Json& check : at(run, {"audit", "checks"})) {
    if (at(check, {"holds"}) != true && at(check, {"weight"}) != "unproven")
      return fmt::format("the audit found that {} is broken: {}", text(at(check, {"name"})),
                         text(at(check, {"says"})));
  }
  return "the audit found a violation";
}

bool anybody_heard(const Json& run) {
  const Json& heard = at(run, {"outcomes", "final"});
  if (!heard.is_object()) return false;
  return std::any_of(heard.items().begin(), heard.items().end(), [](const auto& one) {
    const std::string& name = one.key();
    return name != "error" && name != "unknown" && name != "refused" && name != "busy" &&
           name != "not-sent";
  });
}

// A figure of each tenth of a run.
struct Spread {
  double least = 0, most = 0;
  bool known = false;
};

Spread spread_of(const Json& run, std::string_view figure) {
  // Of the tail only what a tenth can know: a tenth's p99.9 is its maximum.
  constexpr std::string_view kSpread[] = {"p50", "p90", "p95", "p99", "max"};
  Spread spread;
  if (std::find(std::begin(kSpread), std::end(kSpread), figure) == std::end(kSpread)) return spread;
  for (const Json& tenth : at(run, {"fairness", "by_arrival"})) {
    const Json& value = at(tenth, {"felt", std::string(figure) + "_us"});
    if (!value.is_number() || at(tenth, {"felt", "count"}) == 0) continue;
    const auto v = value.get<double>();
    spread.least = spread.known ? std::min(spread.least, v) : v;
    spread.most = spread.known ? std::max(spread.most, v) : v;
    spread.known = true;
  }
  return spread;
}

std::string spread_text(const Spread& spread) {
  return spread.known ? fmt::format("{} – {}", human_time(static_cast<std::int64_t>(spread.least)),
                                    human_time(static_cast<std::int64_t>(spread.most)))
                      : "";
}

std::string change(const Json& from, const Json& to) {
  if (!from.is_number() || !to.is_number()) return "-";
  const auto x = from.get<double>(), y = to.get<double>();
  if (x == y) return "=";
  return x == 0 ? "new" : fmt::format("{:+.0f} %", (y - x) / x * 100);
}

}  // namespace

const Json& at(const Json& json, Path path) {
  const Json* here = &json;
  for (const std::string_view name : path) here = &member(*here, name);
  return *here;
}

std::string pointer_of(Path path) {
  std::string pointer;
  for (const std::string_view name : path) {
    pointer += '/';
    for (const char c : name) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return pointer;
}

std::string text(const Json& json, std::string_view unit) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_boolean()) return json.get<bool>() ? "yes" : "no";
  if (!json.is_number()) return "-";
  const auto value = json.get<double>();
  if (unit == "us") return human_time(static_cast<std::int64_t>(value));
  if (unit == "share") return fmt::format("{:.2f} %", value * 100);
  if (unit == "per_second") return fmt::format("{:.1f}/s", value);
  if (value >= 0 && value < 1e18 && value == static_cast<double>(static_cast<std::uint64_t>(value)))
    return grouped(static_cast<std::uint64_t>(value));
  return fmt::format("{:.3g}", value);
}

double number(const Json& json) { return json.is_number() ? json.get<double>() : 0; }

Result<Json> read_summary(std::string_view summary) {
  Json json = Json::parse(summary, nullptr, false);
  if (json.is_object() && at(json, {"format"}) == 1) return json;
  return fail(
      Error::Code::kInvalid,
      "drill: that is no summary.json of a drill (format 1); name a seckill-drill-… directory");
}

Holding holding_of(const Json& run) {
  if (const std::string why = broken_why(run); !why.empty())
    return {Held::kBroken, "The sale did not hold: " + why + "."};
  if (!anybody_heard(run)) return {Held::kNoVerdict, "Nobody got a verdict: nothing is shown."};
  const Json& checks = at(run, {"audit", "checks"});
  const auto hold = std::count_if(checks.begin(), checks.end(),
                                  [](const Json& check) { return at(check, {"holds"}) == true; });
  const Json& errors = at(run, {"figures", "errors", "value"});
  const std::string sold =
      sold_text(run) + ", none twice" +
      (number(errors) > 0 ? fmt::format(", but {} clicks heard no verdict", text(errors)) : "");
  if (at(run, {"audit", "proven"}) == true)
    return {Held::kProven, fmt::format("The sale held: {}; proven by the audit, {} of {} checks.",
                                       sold, hold, checks.size())};
  if (checks.is_array() && !checks.empty())
    return {Held::kUnproven,
            fmt::format("The sale is not proven: {}; {} of {} checks of the audit hold.", sold,
                        hold, checks.size())};
  return {Held::kSeen,
          fmt::format("The sale held as far as its crowd can see: {}. No audit yet.", sold)};
}

std::string machine_of(const Json& run) {
  const Json& c = at(run, {"conditions"});
  const std::string cores = text(at(c, {"machine", "cores"}));
  return fmt::format("{}, {} core{}, {}; {}", text(at(c, {"machine", "cpu"})), cores,
                     cores == "1" ? "" : "s", text(at(c, {"machine", "system"})),
                     at(c, {"same_host"}) == true ? "crowd and server on the same machine"
                                                  : "the server may be on another machine");
}

std::vector<Compared> compare(const Json& a, const Json& b) {
  std::vector<Compared> rows;
  const Json& figures = at(a, {"figures"});
  if (!figures.is_object()) return rows;
  for (const auto& [name, figure] : figures.items()) {
    const Json& other = at(b, {"figures", name});
    const std::string unit = text(at(figure, {"unit"}));
    const Spread in_a = spread_of(a, name), in_b = spread_of(b, name);
    const bool apart = in_a.most < in_b.least || in_b.most < in_a.least;
    const std::string how = change(at(figure, {"value"}), at(other, {"value"}));
    const bool spread = in_a.known && in_b.known && how != "=" && how != "-";
    rows.push_back({.name = name,
                    .unit = unit,
                    .a = text(at(figure, {"value"}), unit),
                    .b = text(at(other, {"value"}), unit),
                    .a_spread = spread_text(in_a),
                    .b_spread = spread_text(in_b),
                    .change = how,
                    .beyond = spread && apart,
                    .within = spread && !apart});
  }
  return rows;
}

std::vector<std::string> other_conditions(const Json& a, const Json& b) {
  std::vector<std::string> others;
  for (const char* name :
       {"shoppers", "over_us", "arrival", "double_click", "wire", "connections", "retries"}) {
    const Json &x = at(a, {"conditions", name}), &y = at(b, {"conditions", name});
    if (x != y) others.push_back(fmt::format("{} was {}, is {}", name, x.dump(), y.dump()));
  }
  return others;
}

}  // namespace seckill
