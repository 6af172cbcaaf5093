// seckill-simulate: plays schedules of the simulated world, by seed. seckill-canaries is the same
// program, with bugs planted in copies of the sources.
//
//   seckill-simulate --seeds 20000               so many schedules; exit 1 if one is broken
//   seckill-simulate --nodes 3                   of three nodes over one log; else by the seed
//   seckill-simulate --seed 42 --trace           one of them, told event by event
//   seckill-simulate --shrink 42                 the least of it that is still broken, told
//   seckill-canaries --canary forget-the-key     with a planted bug; exit 0 if it is found, as a
//                                                breach of a promise that it breaks
//   seckill-canaries --canaries                  all of them, as a table
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <unistd.h>

#include "apart.h"
#include "coverage.h"
#include "world.h"

namespace seckill::simulation {
namespace {

struct Options {
  Seeds seeds{1, 1'000};
  bool one = false;
  std::string known;  // a file of seeds that are played first
  std::string only;
  std::string canary = "none";
  bool trace = false;
};

std::string nodes_text(std::uint64_t nodes) {
  if (nodes == kAnyNodes) return "";
  return nodes == kSeveral ? " --nodes several" : fmt::format(" --nodes {}", nodes);
}

// For whoever looks at a process that stopped itself (an invariant): which schedule was it?
volatile std::sig_atomic_t playing = 0;

void name_the_seed(int signal) {
  std::fprintf(stderr, "seed %ld: the process stopped itself; seckill-simulate --shrink %ld\n",
               static_cast<long>(playing), static_cast<long>(playing));
  std::signal(signal, SIG_DFL);
}

class Tally {
 public:
  void add(const Played& played) {
    ++schedules_;
    ++(played.shared ? shared_ : alone_);
    Stage mixed({.seed = sum_.fingerprint});
    mixed.note(played.fingerprint);
    sum_.fingerprint = mixed.fingerprint();
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
  Kinds kinds() const { return {.alone = alone_ > 0, .shared = shared_ > 0}; }
  const Reached& reached() const { return sum_.reached; }
  std::string text() const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    return fmt::format(
        "{} schedules, {:.0f} a second: {} events, {} answers, {} orders, {} payments, {} records, "
        "{} starts, {} crashes; fingerprint {:016x}",
        schedules_, static_cast<double>(schedules_) / took.count(), sum_.events, sum_.answers,
        sum_.orders, sum_.payments, sum_.records, sum_.starts, sum_.crashes, sum_.fingerprint);
  }
  std::string table() const {
    std::string text;
    for (const auto& [what, times] : sum_.reached) text += fmt::format("{:>10}  {}\n", times, what);
    return text;
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::uint64_t schedules_ = 0, alone_ = 0, shared_ = 0;
  Played sum_;
};

std::string again(const Options& options, std::uint64_t seed, const std::string& only = "") {
  std::string text = fmt::format("seed {}{}", seed, nodes_text(options.seeds.nodes));
  if (!only.empty()) text += " --only " + only;
  if (options.canary == "none") return "seckill-simulate --" + text;
  return "seckill-canaries --canary " + options.canary + " --" + text;
}

int report(const Options& options, const Finding& found) {
  fmt::print("seed {}: {} is broken: {}\n  again: {} --trace\n", found.seed,
             found.violation.promise, found.violation.what, again(options, found.seed));
  return 1;
}

// ---- the sound world ----

// A world that does not obey its seed proves nothing.
std::optional<Finding> play_one(const Options& options, std::uint64_t seed, bool twice,
                                Tally& tally) {
  playing = static_cast<std::sig_atomic_t>(seed);
  Script script{
      .seed = seed, .only = std::nullopt, .traced = options.trace, .nodes = options.seeds.nodes};
  if (!options.only.empty()) script.only = numbers_from(options.only);
  const auto canary = canary_of(options.canary);
  const Played played = World::of(script, *canary)->play();
  tally.add(played);
  if (played.violation) return Finding{seed, *played.violation};
  if (!twice) return std::nullopt;
  script.traced = false;
  if (World::of(script, *canary)->play() == played) return std::nullopt;
  return Finding{seed, {"replay", "the seed does not play the same schedule twice"}};
}

// "615 1  what it found", a line each: the seed and how many nodes.
std::vector<Seeds> known_seeds(const std::string& file) {
  std::vector<Seeds> seeds;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    Seeds one;
    std::istringstream(line) >> one.first >> one.nodes;
    seeds.push_back(one);
  }
  return seeds;
}

void show_progress(const Tally& tally, bool terminal) {
  const auto each = terminal ? 50U : 10'000U;
  if (tally.schedules() % each != 0) return;
  fmt::print("{}{}{}", terminal ? "\r\033[K" : "", tally.text(), terminal ? "" : "\n");
  std::fflush(stdout);
}

int judge_coverage(const Tally& tally) {
  const auto missing = never_reached(tally.reached(), tally.kinds());
  const auto unknown = not_in_the_list(tally.reached());
  const bool must = tally.schedules() >= kSchedulesThatReachAll;
  for (const std::string& name : missing) fmt::print("never reached: {}\n", name);
  for (const std::string& name : unknown) fmt::print("not in coverage.cc: {}\n", name);
  if (!missing.empty() && !must) {
    fmt::print("({} schedules must reach all; these were {})\n", kSchedulesThatReachAll,
               tally.schedules());
  }
  return !unknown.empty() || (must && !missing.empty()) ? 1 : 0;
}

int play_all(const Options& options) {
  const bool terminal = isatty(STDOUT_FILENO) != 0 && !options.trace;
  Tally tally;
  for (const Seeds& known : known_seeds(options.known)) {
    Options with = options;
    with.seeds = known;
    if (const auto found = play_one(with, known.first, true, tally)) return report(with, *found);
  }
  for (std::uint64_t n = 0; n < options.seeds.count; ++n) {
    const std::uint64_t seed = options.seeds.first + n;
    const bool twice = options.one || seed % 100 == 0;
    if (const auto found = play_one(options, seed, twice, tally)) {
      if (terminal) fmt::print("\r\033[K");
      fmt::print("{}\n", tally.text());
      return report(options, *found);
    }
    if (!options.one) show_progress(tally, terminal);
  }
  if (terminal) fmt::print("\r\033[K");
  fmt::print("{}\n{}every promise held\n", tally.text(), tally.table());
  return options.one ? 0 : judge_coverage(tally);
}

// ---- planted bugs ----

std::uint64_t nodes_of(const CanaryName& canary) { return canary.shared ? kSeveral : 1; }

// A finding that its seed shows again, and that is what the bug breaks.
bool is_found(const CanaryName& canary, const std::optional<Finding>& found) {
  return found && canary.breaks.find(" " + found->violation.promise + " ") != canary.breaks.npos &&
         play_apart({found->seed, 1, nodes_of(canary)}, std::string(canary.name)) == found;
}

int find_one(Options options, const CanaryName& canary) {
  options.seeds.nodes = nodes_of(canary);
  const auto found = play_apart(options.seeds, options.canary);
  if (found) report(options, *found);
  const bool right = is_found(canary, found);
  fmt::print("the canary {} {}\n", canary.name,
             right   ? "was found"
             : found ? "was NOT found: something else was, or not twice"
                     : "was NOT found");
  return right ? 0 : 1;
}

int find_all(Options options) {
  int missed = 0;
  for (const CanaryName& canary : canaries()) {
    options.seeds.nodes = nodes_of(canary);
    const auto found = play_apart(options.seeds, std::string(canary.name));
    const bool right = is_found(canary, found);
    missed += right ? 0 : 1;
    const std::string where = found ? std::to_string(found->seed) : "-";
    fmt::print("| `{}` | {} | {} | {}: {} |{}\n", canary.name, canary.does, where,
               found ? found->violation.promise : "", found ? found->violation.what : "",
               right ? "" : " **not found**");
    std::fflush(stdout);
  }
  fmt::print("{} canaries, {} not found\n", canaries().size(), missed);
  return missed == 0 ? 0 : 1;
}

int run(const Options& options) {
  if (!options.one && options.canary != "none") {
    for (const CanaryName& canary : canaries()) {
      if (canary.name == options.canary) return find_one(options, canary);
    }
  }
  return play_all(options);
}

// ---- the shortest story ----

int tell_the_least(Options options, std::uint64_t seed) {
  const auto shrunk = shrink(seed, options.seeds.nodes, options.canary);
  if (!shrunk) {
    fmt::print("seed {}: every promise held: nothing to shrink\n", seed);
    return 1;
  }
  options.only = to_text(shrunk->only);
  fmt::print("seed {}: {} of {} decisions are enough\n  again: {} --trace\n", seed,
             shrunk->only.size(), shrunk->decisions, again(options, seed, options.only));
  std::fflush(stdout);
  options.trace = options.one = true;
  options.seeds = {seed, 1, options.seeds.nodes};
  Tally tally;
  const auto found = play_one(options, seed, false, tally);
  return found ? report(options, *found) : 0;
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
  app.add_option("--seeds", options.seeds.count, "how many schedules (1000)");
  app.add_option("--first", options.seeds.first, "the first seed (1)");
  const std::map<std::string, std::uint64_t> nodes{
      {"1", 1}, {"2", 2}, {"3", 3}, {"4", 4}, {"several", kSeveral}, {"any", kAnyNodes}};
  app.add_option("--known", options.known, "a file of seeds that are played before all others");
  app.add_option("--nodes", options.seeds.nodes,
                 "1, on a disk of its own; 2 to 4, over one log; several; by the seed (any)")
      ->transform(CLI::CheckedTransformer(nodes));
  auto* one = app.add_option("--seed", seed, "only this one");
  app.add_option("--only", options.only, "of its decisions these alone: 3,7,12-14")
      ->check([](const std::string& text) {
        return numbers_from(text) ? std::string() : "not a list of numbers: " + text;
      });
  auto* least = app.add_option("--shrink", seed, "of a broken one the least that breaks, told");
  app.add_flag("--trace", options.trace, "tell every event");
  app.add_option("--canary", options.canary, names)->check([](const std::string& name) {
    return canary_of(name) ? std::string() : "there is no such canary here: " + name;
  });
  bool table = false;
  app.add_flag("--canaries", table, "find all of them, and print a table");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, name_the_seed);
  if (least->count() > 0) return tell_the_least(options, seed);
  if (table) return find_all(options);
  if (one->count() > 0) options.seeds = {seed, 1, options.seeds.nodes}, options.one = true;
  return run(options);
}
