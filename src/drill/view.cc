#include "drill/view.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <sys/ioctl.h>
#include <unistd.h>

namespace seckill {
namespace {

constexpr std::size_t kBar = 20;
constexpr std::int64_t kLineEveryUs = 5'000'000;

constexpr std::string_view kDim = "\033[2m", kGreen = "\033[32m", kRed = "\033[31m",
                           kBold = "\033[1m", kPlain = "\033[0m";

std::string paint(std::string_view text, std::string_view paint, bool color) {
  return color ? fmt::format("{}{}{}", paint, text, kPlain) : std::string(text);
}

// Fills up with blanks to so many columns.
std::string padded(std::string text, std::size_t columns) {
  const std::size_t has = columns_of(text);
  if (has < columns) text.append(columns - has, ' ');
  return text;
}

// Heights of eighths, as many columns as the track has; nothing is blank.
std::string spark(const std::vector<double>& track) {
  constexpr std::string_view kHeights[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  for (const double share : track) {
    text += kHeights[static_cast<std::size_t>(std::ceil(std::clamp(share, 0.0, 1.0) * 8))];
  }
  return text;
}

std::string bar(std::uint64_t part, std::uint64_t whole) {
  const std::uint64_t full = whole == 0 ? 0 : std::min<std::uint64_t>(part * kBar / whole, kBar);
  std::string text;
  for (std::uint64_t i = 0; i < full; ++i) text += "█";
  return text;
}

std::string stock_line(const Snapshot& now) {
  const std::string what =
      !now.stock       ? "nobody has won yet"
      : !now.remaining ? grouped(*now.stock)
                       : fmt::format("{} of {}", grouped(*now.remaining), grouped(*now.stock));
  std::string line = fmt::format(" stock   {}  {}", padded(spark(now.stock_track), kBar), what);
  if (now.sold_out_us && now.stock != 0) {
    line = padded(line + "  ", 48) + "sold out after " + human_time(*now.sold_out_us);
  }
  return line;
}

std::string arrived_line(const Snapshot& now, bool color) {
  const std::string errors = fmt::format("errors {}", grouped(now.errors));
  const std::string head = fmt::format(
      " arrived {}  {}", padded(bar(now.arrived, now.shoppers), kBar), grouped(now.arrived));
  return fmt::format("{} {} · sold out {} · {}", padded(head, 38),
                     paint("won " + grouped(now.won), kGreen, color), grouped(now.sold_out),
                     now.errors > 0 ? paint(errors, kRed, color) : errors);
}

std::string others_text(const Snapshot& now) {
  std::string text;
  for (const auto& [name, count] : now.others) {
    fmt::format_to(std::back_inserter(text), "{}{} {}", text.empty() ? "" : " · ", name,
                   grouped(count));
  }
  return text;
}

std::string latency_text(const Snapshot& now) {
  if (now.answered == 0) return "no answer yet";
  return fmt::format("p50 {} · p99 {} · max {}", human_time(now.p50_us), human_time(now.p99_us),
                     human_time(now.max_us));
}

// Cuts at so many columns; no cut inside a character.
std::string cut(std::string line) {
  std::size_t columns = 0;
  bool escape = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    if (c == 0x1b) escape = true;
    if (!escape && (c & 0xc0) != 0x80 && ++columns > kViewColumns) {
      return line.substr(0, i) + (line.find('\033') < i ? std::string(kPlain) : "");
    }
    if (escape && c == 'm') escape = false;
  }
  return line;
}

class Live : public View {
 public:
  Live(const ViewTerms& terms, Write write) : terms_(terms), write_(std::move(write)) {}

  void show(const Snapshot& now) override {
    std::string text = clear();
    const auto lines = picture_of(now, terms_.color);
    for (const std::string& line : lines) text += line + "\n";
    drawn_ = lines.size();
    write_(text);
  }
  void say(std::string_view sentence) override { write_(fmt::format("{}{}\n", clear(), sentence)); }
  void done() override { write_(clear()); }  // the command prints the last picture as its result

 private:
  std::string clear() {
    return drawn_ == 0 ? "" : fmt::format("\033[{}A\r\033[J", std::exchange(drawn_, 0));
  }
  ViewTerms terms_;
  Write write_;
  std::size_t drawn_ = 0;
};

class Plain : public View {
 public:
  Plain(const ViewTerms& terms, Write write) : terms_(terms), write_(std::move(write)) {}

  void show(const Snapshot& now) override {
    if (terms_.quiet || now.at_us < next_us_) return;
    next_us_ = (now.at_us / kLineEveryUs + 1) * kLineEveryUs;
    write_(line_of(now) + "\n");
  }
  void say(std::string_view sentence) override { write_(fmt::format("{}\n", sentence)); }
  void done() override {}

 private:
  ViewTerms terms_;
  Write write_;
  std::int64_t next_us_ = kLineEveryUs;
};

}  // namespace

std::string human_time(std::int64_t us) {
  const auto time = static_cast<double>(us);
  if (us < 1'000) return fmt::format("{} µs", us);
  if (us < 100'000) return fmt::format("{:.1f} ms", time / 1e3);
  if (us < 1'000'000) return fmt::format("{:.0f} ms", time / 1e3);
  if (us % 1'000'000 == 0) return fmt::format("{} s", us / 1'000'000);
  return fmt::format("{:.2f} s", time / 1e6);
}

std::size_t columns_of(std::string_view utf8) {
  std::size_t columns = 0;
  bool escape = false;
  for (const char byte : utf8) {
    const auto c = static_cast<unsigned char>(byte);
    if (c == 0x1b) escape = true;
    if (!escape && (c & 0xc0) != 0x80) ++columns;
    if (escape && c == 'm') escape = false;
  }
  return columns;
}

std::vector<std::string> picture_of(const Snapshot& now, bool color) {
  std::vector<std::string> lines = {
      paint("Drill: " + now.title, kBold, color),
      stock_line(now),
      arrived_line(now, color),
      fmt::format(" latency {}   {}", latency_text(now),
                  paint("(felt, from intended send)", kDim, color)),
  };
  if (!now.others.empty()) lines.insert(lines.begin() + 3, " also    " + others_text(now));
  for (std::string& line : lines) line = cut(std::move(line));
  return lines;
}

std::string line_of(const Snapshot& now) {
  const std::string others = others_text(now);
  return fmt::format(
      "drill {:.0f} s · arrived {} of {} · won {} · sold out {} · errors {}{}{} · {}",
      static_cast<double>(now.at_us) / 1e6, grouped(now.arrived), grouped(now.shoppers),
      grouped(now.won), grouped(now.sold_out), grouped(now.errors), others.empty() ? "" : " · ",
      others, latency_text(now));
}

ViewTerms view_terms(bool no_tui, bool no_color, bool quiet) {
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  const char* term = std::getenv("TERM");
  const bool terminal = isatty(STDERR_FILENO) == 1;
  winsize size{};  // a line that wraps cannot be drawn over
  const bool narrow =
      ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_col < kViewColumns;
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return {.live = terminal && !narrow && !dumb && !no_tui && !quiet,
          .color = terminal && !dumb && !no_color && !is_set("NO_COLOR"),
          .quiet = quiet};
}

std::unique_ptr<View> make_view(const ViewTerms& terms, Write write) {
  if (terms.live) return std::make_unique<Live>(terms, std::move(write));
  return std::make_unique<Plain>(terms, std::move(write));
}

Write to_stderr() {
  return [](std::string_view text) {
    // A view is not worth an error: what cannot be shown is not shown.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  };
}

}  // namespace seckill
