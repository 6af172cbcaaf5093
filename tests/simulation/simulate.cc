// seckill-simulate: plays schedules of the simulated world, by seed.
//
//   seckill-simulate --seeds 1000                    a thousand schedules; exit 1 if one is broken
//   seckill-simulate --seed 42 --trace               one of them, told event by event
//   seckill-simulate --canary forget-the-key         with a planted bug; exit 0 if it is found
#include <CLI/CLI.hpp>
#include <chrono>
#include <fmt/format.h>
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

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::uint64_t schedules_ = 0;
  Played sum_;
};

void again(const Options& options, std::uint64_t seed) {
  const std::string canary = options.canary == "none" ? "" : " --canary " + options.canary;
  fmt::print("  again: seckill-simulate --seed {} --trace{}\n", seed, canary);
}

// The first broken schedule, if any.
std::optional<std::uint64_t> play(const Options& options, Tally& tally) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  for (std::uint64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
    const auto canary = canary_of(options.canary);
    const Played played = World(seed, *canary, options.trace).play();
    tally.add(played);
    if (seed % 100 == 0 && World(seed, *canary_of(options.canary), false).play() != played) {
      fmt::print("seed {} does not play the same schedule twice\n", seed);
      return seed;
    }
    if (played.violation) {
      fmt::print("{}seed {}: {} is broken: {}\n", terminal ? "\r\033[K" : "", seed,
                 played.violation->promise, played.violation->what);
      return seed;
    }
    if (terminal && !options.trace && seed % 50 == 0) {
      fmt::print("\r\033[K{}", tally.text());
      std::fflush(stdout);
    }
  }
  if (terminal) fmt::print("\r\033[K");
  return std::nullopt;
}

int run(const Options& options) {
  Tally tally;
  const auto broken = play(options, tally);
  const bool sound = options.canary == "none";
  if (broken) again(options, *broken);
  fmt::print("{}\n", tally.text());
  if (sound) {
    if (!broken) fmt::print("every promise held\n");
    return broken ? 1 : 0;
  }
  fmt::print("the canary {} {}\n", options.canary, broken ? "was found" : "was NOT found");
  return broken ? 0 : 1;
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
  if (one->count() > 0) options.first = seed, options.seeds = 1;
  return run(options);
}
