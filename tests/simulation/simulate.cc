// seckill-simulate: plays schedules of the simulated world, by seed.
//
//   seckill-simulate --seeds 1000                    a thousand schedules; exit 1 if one is broken
//   seckill-simulate --seed 42 --trace               one of them, told event by event
//   seckill-simulate --canary forget-the-key         with a planted bug; exit 0 if it is found, as
//   a
//                                                    breach of the promise that it breaks
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <map>
#include <string>
#include <unistd.h>

#include "world.h"

namespace seckill::simulation {
namespace {

struct Options {
  std::uint64_t seeds = 1'000;
  std::uint64_t first = 1;
  std::string canary = "none";
  bool trace = false;
};

// For whoever looks at a process that stopped itself (an invariant): which schedule was it?
volatile std::sig_atomic_t playing = 0;

void name_the_seed(int signal) {
  std::fprintf(stderr, "seed %ld: the process stopped itself\n", static_cast<long>(playing));
  std::signal(signal, SIG_DFL);
}

class Tally {
 public:
  void add(const Played& played) {
    ++schedules_;
    sum_.events += played.events;
    sum_.answers += played.answers;
    sum_.orders += played.orders;
    sum_.payments += played.payments;
    sum_.starts += played.starts;
    sum_.crashes += played.crashes;
    sum_.records += played.records;
    for (const auto& [what, times] : played.reached) sum_.reached[what] += times;
  }
  std::uint64_t schedules() const { return schedules_; }
  std::string text() const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    return fmt::format(
        "{} schedules, {:.0f} a second: {} events, {} answers, {} orders, {} payments, {} records, "
        "{} starts, {} crashes",
        schedules_, static_cast<double>(schedules_) / took.count(), sum_.events, sum_.answers,
        sum_.orders, sum_.payments, sum_.records, sum_.starts, sum_.crashes);
  }
  std::string reached() const {
    std::string text;
    for (const auto& [what, times] : sum_.reached) text += fmt::format("{:>9}  {}\n", times, what);
    return text;
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::uint64_t schedules_ = 0;
  Played sum_;
};

void again(const Options& options, std::uint64_t seed) {
  const std::string canary = options.canary == "none" ? "" : " --canary " + options.canary;
  fmt::print("  again: seckill-simulate --seed {} --trace{}\n", seed, canary);
}

struct Broken {
  std::uint64_t seed = 0;
  Violation violation;
};

// A world that does not obey its seed proves nothing: that is never what a canary is to break.
constexpr const char* kReplay = "replay";

// The first broken schedule, if any.
std::optional<Broken> play(const Options& options, Tally& tally) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  std::optional<Broken> broken;
  for (std::uint64_t seed = options.first; !broken && seed < options.first + options.seeds;
       ++seed) {
    playing = static_cast<std::sig_atomic_t>(seed);
    const Played played = World(seed, *canary_of(options.canary), options.trace).play();
    tally.add(played);
    if (played.violation) broken = {seed, *played.violation};
    if ((broken || seed % 100 == 0) &&
        World(seed, *canary_of(options.canary), false).play() != played) {
      broken = {seed, {kReplay, "the seed does not play the same schedule twice"}};
    }
    if (terminal && !options.trace && seed % 50 == 0) {
      fmt::print("\r\033[K{}", tally.text());
      std::fflush(stdout);
    }
  }
  if (terminal) fmt::print("\r\033[K");
  return broken;
}

int verdict_on(const CanaryName& canary, const std::optional<Broken>& broken) {
  const bool found =
      broken && canary.breaks.find(" " + broken->violation.promise + " ") != std::string_view::npos;
  fmt::print("the canary {} {}\n", canary.name,
             found    ? "was found"
             : broken ? "was NOT found: something else was"
                      : "was NOT found");
  return found ? 0 : 1;
}

int run(const Options& options) {
  Tally tally;
  const auto broken = play(options, tally);
  if (broken) {
    fmt::print("seed {}: {} is broken: {}\n", broken->seed, broken->violation.promise,
               broken->violation.what);
    again(options, broken->seed);
  }
  fmt::print("{}\n", tally.text());
  for (const CanaryName& canary : canaries()) {
    if (canary.name == options.canary) return verdict_on(canary, broken);
  }
  fmt::print("{}", tally.reached());
  if (!broken) fmt::print("every promise held\n");
  return broken ? 1 : 0;
}

}  // namespace
}  // namespace seckill::simulation

int main(int argc, char** argv) {
  using namespace seckill::simulation;
  Options options;
  std::uint64_t seed = 0;
  std::string names = "plant a bug, which must be found:";
  for (const auto& canary : canaries()) {
    names += fmt::format("\n  {}: {}", canary.name, canary.does);
  }
  CLI::App app{"seckill-simulate: the engine in a world of one seed, with crashes, rot and people"};
  app.add_option("--seeds", options.seeds, "how many schedules (1000)");
  app.add_option("--first", options.first, "the first seed (1)");
  auto* one = app.add_option("--seed", seed, "only this one");
  app.add_flag("--trace", options.trace, "tell every event");
  app.add_option("--canary", options.canary, names)->check([](const std::string& name) {
    return canary_of(name) ? std::string() : "there is no such canary: " + name;
  });
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, name_the_seed);
  if (one->count() > 0) options.first = seed, options.seeds = 1;
  return run(options);
}
