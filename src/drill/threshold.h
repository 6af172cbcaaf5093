// Figures by name, and what a user demands of them: p99<50ms, errors==0. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "drill/tally.h"

namespace seckill {

enum class Unit : std::uint8_t { kCount, kTime, kShare, kPerSecond };

struct Figure {
  std::string_view name;
  Unit unit = Unit::kCount;
  std::optional<double> value;  // kTime in µs, kShare 0..1; nothing: could not be measured
  std::string_view help;
};

// All figures of a drill, in the order of a report. server_left: what the server said afterwards.
std::vector<Figure> figures_of(const Tally& tally, std::int64_t lasted_us,
                               std::optional<std::uint32_t> server_left);
// One line each, for --help: "p99  felt latency that 99 % do not exceed".
std::string help_on_figures();

// NAME OP VALUE without blanks or with: OP is < <= > >= == !=; a time needs its unit (us, ms, s), a
// share may be written with %.
struct Threshold {
  std::string text;
  std::string name;
  std::string op;
  double value = 0;  // in the figure's unit, as in Figure::value
};
Result<Threshold> threshold_from(std::string_view text);

struct Judged {
  std::string text;
  std::optional<double> measured;
  Unit unit = Unit::kCount;
  bool passed = false;  // what could not be measured has not passed
};
std::string measured_text(const Judged& judged);  // "61.2 ms"; "nothing" if there was nothing
Judged judge_threshold(const Threshold& threshold, const std::vector<Figure>& figures);

}  // namespace seckill
