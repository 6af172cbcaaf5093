// seckill drill: a crowd, and what became of it.
#include "drill/drill.h"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/client.h"
#include "app/command.h"
#include "app/json_read.h"
#include "app/process.h"
#include "app/settings.h"
#include "app/units.h"
#include "model/text.h"

namespace seckill::app {
namespace {

using Code = Error::Code;

std::atomic<int> interrupts{0};  // a signal's handler can reach nothing else

Result<double> share_from(std::string_view typed) {
  std::string_view text = typed;
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (percent) value /= 100;
  if (error == std::errc{} && end == text.data() + text.size() && value > 1)
    return fail(Code::kInvalid, fmt::format("\"{}\" is more than all; at most 100%", typed));
  if (error == std::errc{} && end == text.data() + text.size() && value >= 0 && value <= 1)
    return value;
  return fail(Code::kInvalid, fmt::format("\"{}\" is no share; as in 20% or 0.2", typed));
}

Result<double> rate_from(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;  // 0.5
  auto count = count_from(text);                                               // 20k
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
  const std::string target = args.text("SALE|URL", "");
  const bool url = target.find("://") != std::string::npos;
  if (!url && target.find_first_of(":/") != std::string::npos) {
    return fail(
        Code::kInvalid,
        fmt::format("\"{}\" is no sale's name; if it is a URL, write http://{}", target, target));
  }
  (url ? options.url : options.sale) = target;
  const auto loaded = load_settings(args);
  if (!loaded) return fail(loaded.error());
  const auto server = server_of(args, loaded->settings);
  if (!server) return fail(server.error());
  options.server = "http://" + to_text(*server);
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
  options.page = !args.has("no-page");
  options.command = as_typed(args);
  options.version = SECKILL_VERSION;
  options.interrupts = &interrupts;
  return options;
}

Exit run_drill_command(const Args& args, Talk& talk) {
  auto options = options_of(args);
  if (!options) return talk.fail(options.error());
  options->color = talk.colors();
  struct sigaction count{};
  count.sa_handler = [](int) { interrupts.fetch_add(1); };
  for (const int number : ending_signals()) sigaction(number, &count, nullptr);

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
    if (!result->top_error.empty()) talk.result(" why     " + result->top_error);
    if (options->page) talk.result(" report  " + (result->directory / "report.html").string());
  }
  for (const Judged& judged : result->thresholds) {
    talk.say(judged.passed ? talk.good("threshold " + judged.text)
                           : talk.bad(fmt::format("threshold {}: measured {}", judged.text,
                                                  measured_text(judged))));
  }
  if (result->interrupted) return Exit::kInterrupted;
  if (!result->passed) return Exit::kThreshold;
  if (result->any_verdict) return Exit::kDone;
  return talk.fail({Code::kFailed, "drill: nobody got a verdict"});
}

// The figures of both, by name.
std::string compared_json(const Json& a, const Json& b) {
  const auto value = [](const Json& run, const std::string& name) -> Json {
    const Json::json_pointer at = Json::json_pointer("/figures") / name / "value";
    return run.contains(at) ? run.at(at) : Json();
  };
  Json figures = Json::object();
  if (a.contains("figures") && a["figures"].is_object()) {
    for (const auto& [name, figure] : a["figures"].items())
      figures[name] = {
          {"unit", text_of(figure, "unit")}, {"a", value(a, name)}, {"b", value(b, name)}};
  }
  return dumped({{"figures", figures}}, 2);
}

Exit run_report(const Args& args, Talk& talk) {
  const std::filesystem::path directory = args.text("DIR", "");
  const auto text = talk.json() ? drill_summary(directory) : drill_report(directory);
  if (!text) return talk.fail(text.error());
  talk.result(*text);
  if (auto drawn = draw_report(directory); !drawn) return talk.fail(drawn.error());
  talk.say("Drawn again: " + (directory / "report.html").string());
  return Exit::kDone;
}

Exit run_compare(const Args& args, Talk& talk) {
  const std::filesystem::path a = args.text("A", ""), b = args.text("B", "");
  if (talk.json()) {
    const auto one = drill_summary(a), two = drill_summary(b);
    if (!one || !two) return talk.fail(one ? two.error() : one.error());
    talk.result(compared_json(json_from(*one), json_from(*two)));
    return Exit::kDone;
  }
  const auto text = drill_compare(a, b);
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
                 {"no-page", "", "no report.html; `drill report DIR` draws it later"},
                 {"no-tui", "", "no redrawing: a line each 5 s"},
                 {"allow-remote", "", "for any host but loopback: is it yours?"},
                 {"config", "FILE", "whose server.listen is the default of --server", 'c'}},
       .run = run_drill_command,
       .more = "Figures for thresholds\n" + help_on_figures()},
      {.name = "drill report",
       .summary = "a drill that was written before: its text, and report.html drawn again",
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
