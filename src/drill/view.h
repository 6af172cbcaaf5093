// What a person sees while the crowd runs: four lines that redraw at a terminal, a line each 5 s
// elsewhere. Talk goes to stderr; the result is printed by the command.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/counted.h"

namespace seckill {

inline constexpr std::size_t kViewColumns = 80;

// A moment of the rush. Times in µs.
struct Snapshot {
  std::string title;  // "2,000 shoppers over 5 s rush 100 of car"
  std::int64_t at_us = 0;
  std::uint32_t shoppers = 0, arrived = 0;
  std::optional<std::uint32_t> stock, remaining;
  std::vector<double> stock_track;  // share of the stock that is left, over the time so far
  std::optional<std::int64_t> sold_out_us;
  std::uint64_t won = 0, sold_out = 0, errors = 0;
  std::vector<std::pair<std::string, std::uint64_t>> others;  // limit, busy, …: only who is not 0
  std::uint64_t answered = 0;
  std::int64_t p50_us = 0, p99_us = 0, max_us = 0;  // felt
};

// The title and the lines below it, each at most 80 columns wide, without line ends.
std::vector<std::string> picture_of(const Snapshot& now, bool color);
// The same in one plain line.
std::string line_of(const Snapshot& now);

std::string human_time(std::int64_t us);        // "400 µs", "2.1 ms", "1.25 s"
std::size_t columns_of(std::string_view utf8);  // terminal columns; escape sequences take none

class View {
 public:
  virtual ~View() = default;
  virtual void show(const Snapshot& now) = 0;       // ten times a second
  virtual void say(std::string_view sentence) = 0;  // what a person should know now
  virtual void done() = 0;                          // leaves a clean line behind
};

struct ViewTerms {
  bool live = false;  // redraw: a terminal that can, and nobody said no
  bool color = false;
  bool quiet = false;  // -q: warnings only
};
// Of this process' stderr: a terminal, wide enough? TERM=dumb, NO_COLOR and --no-tui are heeded.
ViewTerms view_terms(bool no_tui, bool no_color, bool quiet);

using Write = std::function<void(std::string_view)>;
std::unique_ptr<View> make_view(const ViewTerms& terms, Write write);
Write to_stderr();

}  // namespace seckill
