#include "drill/threshold.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <iterator>

#include "drill/view.h"

namespace seckill {
namespace {

std::optional<double> felt(const Tally& tally, double q) {
  if (tally.felt().count() == 0) return std::nullopt;
  return static_cast<double>(tally.felt().quantile(q));
}
std::optional<double> served(const Tally& tally, double q) {
  if (tally.served().count() == 0) return std::nullopt;
  return static_cast<double>(tally.served().quantile(q));
}
std::optional<double> share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}
template <class T>
std::optional<double> maybe(const std::optional<T>& value) {
  return value ? std::optional<double>(static_cast<double>(*value)) : std::nullopt;
}

// The figures of nobody: their names, units and helps are the same.
const std::vector<Figure>& names() {
  static const std::vector<Figure> known = [] {
    const Plan nobody = plan_of({.shoppers = 1});
    return figures_of(Tally(nobody, true, std::nullopt), 0, std::nullopt);
  }();
  return known;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

tl::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(
      Error::Code::kInvalid,
      fmt::format("drill: --threshold '{}': {}; write it as 'p99<50ms' or 'errors==0'", text, why));
}

// "50ms" in µs, "1%" as 0.01, "100" as 100. Nothing: not a number of this unit.
std::optional<double> value_of(std::string_view text, Unit unit) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == Unit::kTime) {
    if (suffix == "us") return value;
    if (suffix == "ms") return value * 1e3;
    if (suffix == "s") return value * 1e6;
    return std::nullopt;
  }
  if (unit == Unit::kShare && suffix == "%") return value / 100;
  if (unit == Unit::kPerSecond && suffix == "/s") return value;
  if (!suffix.empty()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<Figure> figures_of(const Tally& tally, std::int64_t lasted_us,
                               std::optional<std::uint32_t> server_left) {
  using enum Unit;
  const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
  const auto clicks = [&](Told told) { return count(tally.clicks(told)); };
  const auto seconds = static_cast<double>(std::max<std::int64_t>(tally.last_sent_us(), 1)) / 1e6;
  const auto lasted = static_cast<double>(std::max<std::int64_t>(lasted_us, 1)) / 1e6;
  const bool any = tally.felt().count() > 0;
  return {
      {"p50", kTime, felt(tally, 0.5), "felt latency that half of the clicks do not exceed"},
      {"p90", kTime, felt(tally, 0.9), "… that 90 % do not exceed"},
      {"p95", kTime, felt(tally, 0.95), "… that 95 % do not exceed"},
      {"p99", kTime, felt(tally, 0.99), "… that 99 % do not exceed"},
      {"p999", kTime, felt(tally, 0.999), "… that 99.9 % do not exceed"},
      {"max", kTime, felt(tally, 1), "the longest felt latency"},
      {"mean", kTime, any ? std::optional(tally.felt().mean()) : std::nullopt, "its mean"},
      {"served_p50", kTime, served(tally, 0.5), "from the real send instead of the intended one"},
      {"served_p99", kTime, served(tally, 0.99), "… that 99 % do not exceed"},
      {"served_max", kTime, served(tally, 1), "the longest"},
      {"arrived", kCount, count(tally.arrived()), "shoppers who came"},
      {"won", kCount, count(tally.won()), "units that the crowd was told it has"},
      {"sold_out", kCount, clicks(Told::kSoldOut), "clicks that heard it is sold out"},
      {"limit", kCount, clicks(Told::kLimit), "clicks beyond the buyer's limit"},
      {"busy", kCount, clicks(Told::kBusy), "clicks that were only told to come back"},
      {"unknown", kCount, clicks(Told::kUnknown), "clicks that ended without a verdict"},
      {"refused", kCount, clicks(Told::kRefused), "clicks refused for another reason (4xx)"},
      {"errors", kCount, count(tally.errors()), "unknown, refused, and clicks without any answer"},
      {"error_rate", kShare, share(tally.errors(), tally.settled_clicks()), "errors of all clicks"},
      {"retries", kCount, count(tally.retries()), "attempts beyond the first of a click"},
      {"told_twice", kCount, count(tally.duplicates().all()),
       "two orders for a key, an order for two buyers, a number told again"},
      {"rate", kPerSecond, count(tally.attempts()) / seconds, "requests sent a second"},
      {"won_rate", kPerSecond, count(tally.won()) / lasted, "units won a second"},
      {"late", kShare, share(tally.late(), tally.attempts()), "requests we sent over 5 ms late"},
      {"late_p99", kTime, static_cast<double>(tally.lateness().quantile(0.99)),
       "our own lateness that 99 % do not exceed"},
      {"sold_out_after", kTime, maybe(tally.sold_out_us()), "from the start to the last unit"},
      {"left", kCount, server_left ? maybe(server_left) : maybe(tally.remaining()),
       "units left afterwards, as the server says"},
  };
}

std::string help_on_figures() {
  std::string text;
  for (const Figure& figure : names()) {
    fmt::format_to(std::back_inserter(text), "  {:<15} {}\n", figure.name, figure.help);
  }
  return text;
}

Result<Threshold> threshold_from(std::string_view text) {
  const std::size_t at = text.find_first_of("<>=!");
  if (at == std::string_view::npos) return bad(text, "no comparison in it");
  const std::size_t end = text.find_first_not_of("<>=!", at);
  const std::string_view op = text.substr(at, end - at);
  const std::string_view name = trimmed(text.substr(0, at));
  const std::string_view value =
      end == std::string_view::npos ? std::string_view() : trimmed(text.substr(end));
  constexpr std::string_view kOps[] = {"<", "<=", ">", ">=", "==", "!="};
  if (std::find(std::begin(kOps), std::end(kOps), op) == std::end(kOps)) {
    return bad(text, fmt::format("'{}' is no comparison (< <= > >= == !=)", op));
  }
  const auto figure = std::find_if(names().begin(), names().end(),
                                   [name](const Figure& known) { return known.name == name; });
  if (figure == names().end()) {
    std::string all;
    for (const Figure& known : names()) all += fmt::format(" {}", known.name);
    return bad(text, fmt::format("no figure '{}'; there are{}", name, all));
  }
  const auto number = value_of(value, figure->unit);
  if (!number) {
    return bad(text, figure->unit == Unit::kTime ? "a time needs its unit: 50ms, 300us, 2s"
                                                 : fmt::format("'{}' is no number for it", value));
  }
  return Threshold{std::string(text), std::string(name), std::string(op), *number};
}

std::string measured_text(const Judged& judged) {
  if (!judged.measured) return "nothing";
  switch (judged.unit) {
    case Unit::kTime: return human_time(static_cast<std::int64_t>(*judged.measured));
    case Unit::kShare: return fmt::format("{:.2f} %", *judged.measured * 100);
    case Unit::kPerSecond: return fmt::format("{:.1f}/s", *judged.measured);
    case Unit::kCount: break;
  }
  return fmt::format("{:.0f}", *judged.measured);
}

Judged judge_threshold(const Threshold& threshold, const std::vector<Figure>& figures) {
  Judged judged{.text = threshold.text};
  for (const Figure& figure : figures) {
    if (figure.name != threshold.name) continue;
    judged.measured = figure.value;
    judged.unit = figure.unit;
  }
  if (!judged.measured) return judged;
  const double a = *judged.measured, b = threshold.value;
  judged.passed = threshold.op == "<"    ? a < b
                  : threshold.op == "<=" ? a <= b
                  : threshold.op == ">"  ? a > b
                  : threshold.op == ">=" ? a >= b
                  : threshold.op == "==" ? a == b
                                         : a != b;
  return judged;
}

}  // namespace seckill
