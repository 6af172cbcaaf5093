#include "drill/charts.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "drill/svg.h"
#include "drill/view.h"

namespace seckill {
namespace {

// One size for all: half of a desktop's page, all of a phone's.
constexpr double kWidth = 440, kHeight = 210;
constexpr double kLeft = 52, kRight = 428, kTop = 14, kBottom = 180;
constexpr std::size_t kColumnsMax = 120;

using enum Svg::Anchor;

std::string time_tick(double us) {
  if (us < 1) return "0";
  if (us < 1'000) return fmt::format("{:g} µs", us);
  return us < 1e6 ? fmt::format("{:g} ms", us / 1e3) : fmt::format("{:g} s", us / 1e6);
}
std::string count_tick(double count) {
  return count < 1 && count > 0 ? fmt::format("{:g}", count)
                                : grouped(static_cast<std::uint64_t>(std::llround(count)));
}

using Tick = std::string (*)(double);
void grid_of_y(Svg& svg, const Axis& y, Tick label) {
  for (const double tick : y.ticks(4)) {
    svg.line(kLeft, y.place(tick), kRight, y.place(tick), "grid");
    svg.text(kLeft - 6, y.place(tick) + 4, label(tick), kEnd);
  }
}
void ticks_of_x(Svg& svg, const Axis& x, Tick label) {
  for (const double tick : x.ticks(5)) {
    const bool last = x.place(tick) > kRight - 12;
    svg.text(x.place(tick), kBottom + 18, label(tick), last ? kEnd : kMiddle);
  }
  svg.line(kLeft, kBottom, kRight, kBottom, "axis");
}

std::vector<double> column(const Json& run, std::string_view name) {
  std::vector<double> values;
  for (const Json& value : at(run, {"timeline", name})) values.push_back(number(value));
  return values;
}

double slice_us(const Json& run) {
  return std::max(number(at(run, {"timeline", "slice_ms"})), 1.0) * 1e3;
}

// Neighbours added up, until they fit.
std::size_t together(std::size_t slices) { return (slices + kColumnsMax - 1) / kColumnsMax; }

const char* class_of(std::string_view outcome) {
  if (outcome == "won" || outcome == "ended") return "won";
  if (outcome == "sold-out") return "no";
  if (outcome == "error" || outcome == "unknown" || outcome == "refused") return "bad";
  return "mild";
}

// A row of a chart of lying bars: name, bar, figure.
void lying_bar(Svg& svg, double y, std::string_view name, double share, std::string_view classes,
               const std::string& figure) {
  constexpr double kFrom = 96, kTo = 352;
  svg.text(kFrom - 10, y + 15, name, kEnd);
  svg.bar(kFrom, y, kTo - kFrom, 20, "track");
  svg.bar(kFrom, y, share * (kTo - kFrom), 20, classes);
  svg.text(kRight, y + 15, figure, kEnd, "figure");
}

struct Outcome {
  std::string name;
  double clicks = 0;
};
std::vector<Outcome> outcomes_of(const Json& run) {
  std::vector<Outcome> all;
  const Json& found = at(run, {"outcomes", "final"});
  if (!found.is_object()) return all;
  for (const auto& [name, one] : found.items()) all.push_back({name, number(at(one, {"clicks"}))});
  return all;
}

}  // namespace

std::string stock_chart(const Json& run) {
  const Json& curve = at(run, {"stock", "curve"});
  if (!curve.is_array() || curve.size() < 2) return "";
  const double stock = std::max(number(at(run, {"stock", "at_start"})), 1.0);
  const Json& sold_out = at(run, {"stock", "sold_out_after_us"});
  double end =
      std::max({number(at(run, {"pace", "lasted_us"})), number(at(curve.back(), {"0"})), 1'000.0});
  // The fall is shown, not the long evening after it.
  if (sold_out.is_number()) end = std::min(end, std::max(number(sold_out), 1'000.0) * 1.4);
  const Axis x = Axis::straight(0, end, kLeft, kRight);
  const Axis y = Axis::straight(0, stock, kBottom, kTop + 8);

  Svg svg(kWidth, kHeight, "Units left over the time of the rush");
  grid_of_y(svg, y, count_tick);
  Points points;
  double left = stock;
  for (const Json& point : curve) {
    const double at_x = x.place(number(at(point, {"0"})));
    points.emplace_back(at_x, y.place(left));
    points.emplace_back(at_x, y.place(left = number(at(point, {"1"}))));
  }
  points.emplace_back(kRight, y.place(left));
  Points area = points;
  area.emplace_back(kRight, kBottom);
  area.emplace_back(kLeft, kBottom);
  svg.path(area, "won area", true);
  svg.path(points, "won");
  ticks_of_x(svg, x, time_tick);
  if (sold_out.is_number()) {
    const double at_x = x.place(number(sold_out));
    svg.line(at_x, kTop, at_x, kBottom, "mark");
    svg.text(at_x + 6, kTop + 12, "sold out");
    svg.text(at_x + 6, kTop + 28, text(sold_out, "us"), kStart, "figure");
  }
  return svg.take();
}

std::string funnel_chart(const Json& run) {
  Svg svg(kWidth, kHeight, "From arrived over admitted, won and stored to paid");
  const double arrived = std::max(number(at(run, {"funnel", "arrived"})), 1.0);
  double y = kTop;
  for (const char* step : {"arrived", "admitted", "won", "stored", "paid"}) {
    const Json& value = at(run, {"funnel", step});
    const bool crowd = step == std::string_view("arrived");
    lying_bar(svg, y, step, std::min(number(value) / arrived, 1.0), crowd ? "no" : "won",
              text(value));
    y += 36;
  }
  return svg.take();
}

std::string quantile_chart(const Json& run) {
  constexpr const char* kNames[] = {"p50", "p75", "p90", "p95", "p99", "p999", "p9999", "max"};
  constexpr const char* kShown[] = {"p50", "p75", "p90", "p95", "p99", "99.9", "99.99", "max"};
  const double most = number(at(run, {"latency", "felt", "all", "max_us"}));
  if (most <= 0) return "";
  const double least = std::max(std::min(number(at(run, {"latency", "felt", "all", "p50_us"})),
                                         number(at(run, {"latency", "served", "all", "p50_us"}))),
                                1.0);
  const Axis y =
      Axis::by_logarithm(std::pow(10, std::floor(std::log10(least))), most * 1.3, kBottom, kTop);
  Svg svg(kWidth, kHeight, "Latency that a share of the clicks does not exceed, felt and served");
  grid_of_y(svg, y, time_tick);
  const double step = (kRight - kLeft - 40) / 7;
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    svg.text(kLeft + 20 + static_cast<double>(i) * step, kBottom + 18, kShown[i], kMiddle);
  svg.line(kLeft, kBottom, kRight, kBottom, "axis");
  for (const std::string_view kind : {"served", "felt"}) {
    Points points;
    for (std::size_t i = 0; i < std::size(kNames); ++i) {
      const double value =
          number(at(run, {"latency", kind, "all", std::string(kNames[i]) + "_us"}));
      points.emplace_back(kLeft + 20 + static_cast<double>(i) * step, y.place(value));
    }
    const char* classes = kind == "felt" ? "won" : "no";
    svg.path(points, classes);
    for (const auto& [px, py] : points) svg.dot(px, py, classes);
  }
  return svg.take();
}

std::string spectrum_chart(const Json& run) {
  const Json& felt = at(run, {"latency", "felt"});
  const double most = number(at(felt, {"all", "max_us"}));
  if (!felt.is_object() || most <= 0) return "";
  constexpr int kBars = 64;
  const double least = std::max(number(at(felt, {"all", "min_us"})), 1.0);
  const Axis x = Axis::by_logarithm(least * 0.9, most * 1.1, kLeft, kRight);
  std::vector<std::pair<const char*, std::vector<double>>> stacks;
  std::vector<double> sums(kBars);
  for (const char* classes : {"won", "no", "mild", "bad"}) {
    std::vector<double> bars(kBars);
    for (const auto& [outcome, latency] : felt.items()) {
      if (outcome == "all" || class_of(outcome) != std::string_view(classes)) continue;
      for (const Json& pair : at(latency, {"spectrum"})) {
        const double share = (x.place(number(at(pair, {"0"}))) - kLeft) / (kRight - kLeft);
        const auto i = static_cast<std::size_t>(std::min(share * kBars, kBars - 1.0));
        bars[i] += number(at(pair, {"1"}));
        sums[i] += number(at(pair, {"1"}));
      }
    }
    stacks.emplace_back(classes, std::move(bars));
  }
  const Axis y = Axis::straight(0, *std::max_element(sums.begin(), sums.end()), kBottom, kTop);
  Svg svg(kWidth, kHeight, "How many clicks felt which latency, by outcome");
  grid_of_y(svg, y, count_tick);
  std::vector<double> below(kBars);
  constexpr double kStep = (kRight - kLeft) / kBars;
  for (const auto& [classes, bars] : stacks) {
    for (std::size_t i = 0; i < kBars; ++i) {
      const double top = y.place(below[i] + bars[i]);
      svg.bar(kLeft + static_cast<double>(i) * kStep, top, kStep - 0.8, y.place(below[i]) - top,
              classes);
      below[i] += bars[i];
    }
  }
  ticks_of_x(svg, x, time_tick);
  return svg.take();
}

std::string heat_chart(const Json& run) {
  const Json& heat = at(run, {"timeline", "heat"});
  if (!heat.is_array() || heat.empty()) return "";
  const std::size_t each = together(heat.size());
  std::vector<std::vector<double>> columns((heat.size() + each - 1) / each);
  std::size_t lowest = 99, highest = 0;
  double most = 0;
  for (std::size_t i = 0; i < heat.size(); ++i) {
    std::vector<double>& to = columns[i / each];
    for (std::size_t row = 0; row < heat[i].size(); ++row) {
      if (to.size() <= row) to.resize(row + 1);
      to[row] += number(heat[i][row]);
      most = std::max(most, to[row]);
      if (to[row] > 0) lowest = std::min(lowest, row), highest = std::max(highest, row);
    }
  }
  if (most <= 0) return "";
  const double seconds = slice_us(run) * static_cast<double>(heat.size());
  const Axis x = Axis::straight(0, seconds, kLeft, kRight);
  const double row_height = (kBottom - kTop) / static_cast<double>(highest - lowest + 1);
  const double width =
      (kRight - kLeft) * static_cast<double>(each) / static_cast<double>(heat.size());
  Svg svg(kWidth, kHeight, "Felt latency over the time of the intended click");
  for (std::size_t row = lowest; row <= highest + 1; ++row) {
    const double y = kBottom - static_cast<double>(row - lowest) * row_height;
    const std::size_t every = highest - lowest > 6 ? 3 : 1;
    if ((row - lowest) % every != 0) continue;
    svg.line(kLeft, y, kRight, y, "grid");
    svg.text(kLeft - 6, y + 4, human_time(row == 0 ? 0 : std::int64_t{1} << (row - 1)), kEnd);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (std::size_t row = 0; row < columns[i].size(); ++row) {
      if (columns[i][row] <= 0) continue;
      const double at_x = kLeft + static_cast<double>(i) * width;
      svg.bar(at_x, kBottom - static_cast<double>(row - lowest + 1) * row_height,
              std::min(width, kRight - at_x), row_height, "won",
              0.12 + 0.88 * std::sqrt(columns[i][row] / most));
    }
  }
  ticks_of_x(svg, x, time_tick);
  return svg.take();
}

std::string pace_chart(const Json& run) {
  const std::vector<double> scheduled = column(run, "scheduled"), sent = column(run, "sent");
  if (scheduled.empty()) return "";
  const std::size_t each = together(scheduled.size());
  const double per_second = 1e6 / slice_us(run) / static_cast<double>(each);
  const auto rates = [&](const std::vector<double>& counts) {
    std::vector<double> sums((counts.size() + each - 1) / each);
    for (std::size_t i = 0; i < counts.size(); ++i) sums[i / each] += counts[i] * per_second;
    return sums;
  };
  const std::vector<double> wanted = rates(scheduled), done = rates(sent);
  double most = 1;
  for (const auto& all : {wanted, done})
    for (const double rate : all) most = std::max(most, rate);
  const Axis x =
      Axis::straight(0, slice_us(run) * static_cast<double>(scheduled.size()), kLeft, kRight);
  const Axis y = Axis::straight(0, most * 1.05, kBottom, kTop);
  Svg svg(kWidth, kHeight, "Requests a second: scheduled by the plan, and sent");
  grid_of_y(svg, y, count_tick);
  const double width = (kRight - kLeft) / static_cast<double>(wanted.size());
  const auto steps = [&](const std::vector<double>& values) {
    Points points;
    for (std::size_t i = 0; i < values.size(); ++i) {
      points.emplace_back(kLeft + static_cast<double>(i) * width, y.place(values[i]));
      points.emplace_back(kLeft + static_cast<double>(i + 1) * width, y.place(values[i]));
    }
    return points;
  };
  Points area = steps(wanted);
  area.emplace_back(kRight, kBottom);
  area.emplace_back(kLeft, kBottom);
  svg.path(area, "no area", true);
  svg.path(steps(done), "won");
  ticks_of_x(svg, x, time_tick);
  return svg.take();
}

std::string outcome_chart(const Json& run) {
  const std::vector<Outcome> all = outcomes_of(run);
  double sum = 0;
  for (const Outcome& one : all) sum += one.clicks;
  if (sum <= 0) return "";
  Svg svg(kWidth, kTop + static_cast<double>(all.size()) * 32, "How the clicks ended");
  double y = kTop / 2;
  for (const Outcome& one : all) {
    lying_bar(svg, y, one.name, one.clicks / sum, class_of(one.name),
              grouped(static_cast<std::uint64_t>(one.clicks)));
    y += 32;
  }
  return svg.take();
}

std::string chance_chart(const Json& run) {
  const Json& tenths = at(run, {"fairness", "by_arrival"});
  if (!tenths.is_array() || tenths.empty()) return "";
  double most = 0;
  for (const Json& tenth : tenths) most = std::max(most, number(at(tenth, {"chance"})));
  const Axis y = Axis::straight(0, most > 0 ? std::min(most * 115, 100.0) : 1, kBottom, kTop);
  Svg svg(kWidth, kHeight, "Chance to win by order of arrival, in tenths of the crowd");
  grid_of_y(svg, y, [](double percent) { return fmt::format("{:g} %", percent); });
  const double width = (kRight - kLeft) / static_cast<double>(tenths.size());
  for (std::size_t i = 0; i < tenths.size(); ++i) {
    const double top = y.place(number(at(tenths[i], {"chance"})) * 100);
    const double at_x = kLeft + static_cast<double>(i) * width;
    svg.bar(at_x + 3, top, width - 6, kBottom - top, "won");
    svg.text(at_x + width / 2, kBottom + 18, std::to_string(i + 1), kMiddle);
  }
  svg.line(kLeft, kBottom, kRight, kBottom, "axis");
  return svg.take();
}

std::string spread_chart(const Json& earlier, const Json& run) {
  constexpr const char* kNames[] = {"p50", "p90", "p95", "p99", "max"};
  double least = 1e18, most = 0;
  const auto tenths = [&](const Json& of, const std::string& name, auto f) {
    for (const Json& tenth : at(of, {"fairness", "by_arrival"})) {
      if (number(at(tenth, {"felt", "count"})) > 0) f(number(at(tenth, {"felt", name + "_us"})));
    }
  };
  for (const Json* of : {&earlier, &run}) {
    for (const char* name : kNames) {
      tenths(*of, name, [&](double v) { least = std::min(least, v), most = std::max(most, v); });
      const double whole = number(at(*of, {"figures", name, "value"}));
      least = std::min(least, whole), most = std::max(most, whole);
    }
  }
  if (most <= 0) return "";
  const Axis x = Axis::by_logarithm(std::max(least * 0.8, 1.0), most * 1.2, kLeft, kRight);
  Svg svg(kWidth, kHeight, "Felt latency of the last run and of this one, with their spread");
  double y = kTop;
  for (const double tick : x.ticks(4))
    svg.line(x.place(tick), kTop, x.place(tick), kBottom, "grid");
  for (const char* name : kNames) {
    svg.text(kLeft - 10, y + 17, name, kEnd);
    double row = y + 6;
    for (const Json* of : {&earlier, &run}) {
      const char* classes = of == &run ? "won" : "no";
      double low = 1e18, high = 0;
      tenths(*of, name, [&](double v) { low = std::min(low, v), high = std::max(high, v); });
      if (high > 0) svg.bar(x.place(low), row, x.place(high) - x.place(low), 4, classes, 0.45);
      const Json& whole = at(*of, {"figures", name, "value"});
      if (whole.is_number()) svg.dot(x.place(number(whole)), row + 2, classes);
      row += 10;
    }
    y += 33;
  }
  ticks_of_x(svg, x, time_tick);
  return svg.take();
}

}  // namespace seckill
