// seckill drill: a crowd, and what became of it.
#include "drill/drill.h"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>

#include "app/client.h"
#include "app/command.h"
#include "app/units.h"

namespace seckill::app {
namespace {

using Code = Error::Code;

std::atomic<int> interrupts{0};  // a signal's handler can reach nothing else

Result<double> share_from(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (percent) value /= 100;
  if (error == std::errc{} && end == text.data() + text.size() && value >= 0 && value <= 1)
    return value;
  return fail(Code::kInvalid, fmt::format("\"{}\" is no share; as in 20% or 0.2", text));
}

Result<double> rate_from(std::string_view text) {
  auto count = count_from(text);
  if (!count) return fail(std::move(count.error()));
  return static_cast<double>(*count);
}

// Reads flags one after another and keeps the first error.
class Flags {
 public:
  explicit Flags(const Args& args) : args_(args) {}

  template <class Read, class T>
  void into(std::string_view name, Read read, std::optional<T>& to) {
    if (!args_.has(name)) return;
    T value{};
    into(name, read, value);
    to = value;
  }
  template <class Read, class T>
  void into(std::string_view name, Read read, T& to) {
    auto value = args_.read(name, read, to);
    if (value) {
      to = static_cast<T>(*value);
    } else if (!error_) {
      error_ = value.error();
    }
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const Args& args_;
  std::optional<Error> error_;
};

std::string as_typed(const Args& args) {
  std::string line = "seckill drill " + args.text("SALE|URL", "");
  for (const char* flag : {"server", "users", "over", "arrival", "rate", "connections", "retries",
                           "double-click", "timeout", "warmup", "seed", "out"}) {
    if (args.has(flag)) line += fmt::format(" --{} {}", flag, args.text(flag, ""));
  }
  for (const std::string& threshold : args.all("threshold"))
    line += fmt::format(" --threshold '{}'", threshold);
  return line;
}

Result<std::uint64_t> number_from(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  return fail(Code::kInvalid, fmt::format("\"{}\" is no number", text));
}

Result<DrillOptions> options_of(const Args& args) {
  DrillOptions options;
  const char* environment = std::getenv("SECKILL_SERVER");
  options.server = args.text("server", environment != nullptr ? environment : options.server);
  const std::string target = args.text("SALE|URL", "");
  (target.find("://") != std::string::npos ? options.url : options.sale) = target;
  Flags flags(args);
  flags.into("users", count_from, options.users);
  flags.into("over", duration_from, options.over);
  flags.into("rate", rate_from, options.rate);
  flags.into("arrival", arrival_from, options.arrival);
  flags.into("double-click", share_from, options.double_click);
  flags.into("connections", count_from, options.connections);
  flags.into("retries", count_from, options.retries);
  flags.into("timeout", duration_from, options.timeout);
  flags.into("warmup", duration_from, options.warmup);
  flags.into("seed", number_from, options.seed);
  if (flags.error()) return fail(*flags.error());
  options.thresholds = args.all("threshold");
  options.out = args.text("out", "");
  options.allow_remote = args.has("allow-remote");
  options.command = as_typed(args);
  options.version = SECKILL_VERSION;
  options.interrupts = &interrupts;
  return options;
}

Exit run_drill_command(const Args& args, Talk& talk) {
  const auto options = options_of(args);
  if (!options) return talk.fail(options.error());
  struct sigaction count{};
  count.sa_handler = [](int) { interrupts.fetch_add(1); };
  sigaction(SIGINT, &count, nullptr);
  sigaction(SIGTERM, &count, nullptr);

  const auto view =
      make_view(view_terms(args.has("no-tui"), args.has("no-color"), talk.quiet()), to_stderr());
  const auto result = run_drill(*options, *view);
  if (!result) return talk.fail(result.error());
  if (talk.json()) {
    talk.result(result->summary);
  } else {
    std::string_view picture = result->picture;
    while (picture.ends_with('\n')) picture.remove_suffix(1);
    talk.result(picture);
    talk.result(fmt::format(" results {}", result->directory.string()));
  }
  for (const Judged& judged : result->thresholds) {
    talk.say(judged.passed ? talk.good("threshold " + judged.text)
                           : talk.bad("threshold " + judged.text));
  }
  if (result->interrupted) return Exit::kInterrupted;
  return result->passed ? Exit::kDone : Exit::kThreshold;
}

Exit run_report(const Args& args, Talk& talk) {
  const auto text = drill_report(args.text("DIR", ""));
  if (!text) return talk.fail(text.error());
  talk.result(*text);
  return Exit::kDone;
}

Exit run_compare(const Args& args, Talk& talk) {
  const auto text = drill_compare(args.text("A", ""), args.text("B", ""));
  if (!text) return talk.fail(text.error());
  talk.result(*text);
  return Exit::kDone;
}

}  // namespace

std::vector<Command> drill_commands() {
  return {
      {.name = "drill",
       .summary = "a crowd rushes a sale, each at his intended time; a report, thresholds",
       .examples =
           {"seckill drill car --users 2000 --over 5s",
            "seckill drill car --users 20k --over 2s --double-click 20% --threshold 'p99<50ms' "
            "--threshold 'errors==0'",
            "seckill drill http://localhost:3000/seckill/seckill    # the demo's keyless wire"},
       .words = {{"SALE|URL", "a sale of --server by its API, or a URL of the demo's wire"}},
       .flags = {server_flag(),
                 {"users", "N", "shoppers (default 2000)"},
                 {"over", "TIME", "within which they arrive (default 5s)"},
                 {"rate", "N", "arrivals a second: instead of --users or --over"},
                 {"arrival", "HOW", "ramp, burst or poisson (default ramp)"},
                 {"connections", "N", "at most so many (default as many as shoppers, up to 1,000)"},
                 {"retries", "N", "per click, with the same key (default 3, on the demo's wire 0)"},
                 {"double-click", "SHARE", "of the shoppers click twice: 20% (default none)"},
                 {"timeout", "TIME", "per attempt (default 10s)"},
                 {"warmup", "TIME", "connections are opened so long before (default not)"},
                 {"seed", "N", "the same seed plays the same crowd, with the same keys"},
                 {"threshold", "RULE", "exit 99 if it fails: 'p99<50ms', 'errors==0'; may repeat",
                  0, true},
                 {"out", "DIR", "results (default ./seckill-drill-YYYYMMDD-HHMMSS)"},
                 {"no-tui", "", "no redrawing: a line each 5 s"},
                 {"allow-remote", "", "for any host but loopback: is it yours?"}},
       .run = run_drill_command,
       .more = "Figures for thresholds\n" + help_on_figures()},
      {.name = "drill report",
       .summary = "the text of a drill that was written before",
       .examples = {"seckill drill report seckill-drill-20261122-160812"},
       .words = {{"DIR", "its results"}},
       .run = run_report},
      {.name = "drill compare",
       .summary = "two drills, figure by figure, with their spread",
       .examples = {"seckill drill compare A B"},
       .words = {{"A", "results of one"}, {"B", "results of the other"}},
       .run = run_compare}};
}

}  // namespace seckill::app
