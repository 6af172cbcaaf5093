// The stage on which a simulated world plays: one seed, virtual time, what happens next, and the
// first thing that went wrong.
#pragma once

#include <cstdint>
#include <cstdio>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "chance.h"

namespace seckill::simulation {

struct Violation {
  std::string promise;  // "I2"
  std::string what;
  bool operator==(const Violation&) const = default;
};

// How many nodes: one, on a disk of its own; two to four, over one log; by the seed: so many of
// these; or either, by the seed.
inline constexpr std::uint64_t kSeveral = 0;
inline constexpr std::uint64_t kAnyNodes = 99;

// Which schedule is to be played.
struct Script {
  std::uint64_t seed = 0;
  // Of its decisions (an errand, an operator's act, a fault) these alone: what the shrinker leaves.
  std::optional<std::set<std::size_t>> only;
  bool traced = false;
  std::uint64_t nodes = kAnyNodes;
};

// Whose event it is; kNobody: the people's and the world's.
enum class NodeId : std::uint8_t { kNobody = 0 };

class Stage {
 public:
  using Event = std::function<void()>;

  explicit Stage(const Script& script) : chance(script.seed), script_(script) {}

  // ---- time ----

  Now now() const { return {{frozen_ms_.value_or(steady_.us / 1'000 + wall_ms_)}, steady_}; }
  void step_wall_clock(milliseconds by) {
    wall_ms_ += by.count();
    if (frozen_ms_) *frozen_ms_ += by.count();
  }
  void stop_wall_clock() { frozen_ms_ = now().raw.ms; }
  // It goes on from where it stood, or jumps to where it would have been.
  void let_wall_clock_go(bool jumps) {
    if (frozen_ms_ && !jumps) wall_ms_ = *frozen_ms_ - steady_.us / 1'000;
    frozen_ms_.reset();
  }

  // ---- events: (virtual time, node, what happens) ----

  void later(microseconds delay, Event event, NodeId node = NodeId::kNobody) {
    queue_.push({steady_ + delay, ++sequence_, node, std::move(event)});
  }
  // SIGSTOP: nothing happens on that node until then. Its events keep their order.
  void withhold(NodeId node, SteadyTime until) { withheld_[node] = until; }
  void go_on(NodeId node) { withheld_.erase(node); }
  bool is_withheld(NodeId node) const { return withheld_until(node) > steady_; }

  // False: nothing is left until then, or something went wrong.
  bool step(SteadyTime until) {
    if (violation_ || queue_.empty() || queue_.top().at > until) return false;
    Entry next = queue_.top();
    queue_.pop();
    steady_ = next.at;
    if (const SteadyTime wait = withheld_until(next.node); wait > steady_) {
      next.at = wait;
      queue_.push(std::move(next));
      return true;
    }
    ++events_;
    note(static_cast<std::uint64_t>(steady_.us));
    next.event();
    return true;
  }
  void play(microseconds time) {
    const SteadyTime until = steady_ + time;
    while (step(until)) {
    }
    if (!violation_) steady_ = until;
  }
  std::uint64_t events() const { return events_; }

  // ---- decisions ----

  // The next one of the plan, with a stream of its own, so that leaving it out moves no other.
  // Nothing: this script leaves it out.
  template <class... Args>
  std::optional<Chance> decision(fmt::format_string<Args...> what, Args&&... args) {
    const Chance its_own = chance.split();
    const std::size_t number = decisions_++;
    if (script_.only && !script_.only->contains(number)) return std::nullopt;
    if (script_.traced) {
      trace("plan", "{:>3}: {}", number, fmt::format(what, std::forward<Args>(args)...));
    }
    return its_own;
  }
  std::size_t decisions() const { return decisions_; }

  // ---- what went wrong ----

  // The first one counts; the play ends.
  void blame(std::string promise, std::string what) {
    if (violation_) return;
    trace("!", "{} is broken: {}", promise, what);
    violation_ = {std::move(promise), std::move(what)};
  }
  bool check(bool holds, const char* promise, std::string_view what) {
    if (!holds) blame(promise, std::string(what));
    return holds;
  }
  const std::optional<Violation>& violation() const { return violation_; }

  // ---- what it came to ----

  // For the figures of a run. The names are those of coverage.cc.
  void reached(const std::string& what, std::uint64_t times = 1) { reached_[what] += times; }
  const std::map<std::string, std::uint64_t>& reached() const { return reached_; }

  // Goes into the fingerprint: equal schedules have equal ones, on any machine.
  void note(std::uint64_t what) {
    fingerprint_ = (fingerprint_ ^ what) * 0x0000'0100'0000'01b3ULL;
    fingerprint_ ^= fingerprint_ >> 29;
  }
  std::uint64_t fingerprint() const { return fingerprint_; }

  bool traced() const { return script_.traced; }
  template <class... Args>
  void trace(std::string_view who, fmt::format_string<Args...> text, Args&&... args) const {
    if (!script_.traced) return;
    fmt::print("{:>11.6f} s  {:<10} {}\n", static_cast<double>(steady_.us) / 1e6, who,
               fmt::format(text, std::forward<Args>(args)...));
  }

  Chance chance;

 private:
  struct Entry {
    SteadyTime at;
    std::uint64_t sequence = 0;
    NodeId node{};
    Event event;
    bool operator<(const Entry& other) const {  // the queue's top is its largest
      return std::pair(other.at, other.sequence) < std::pair(at, sequence);
    }
  };

  SteadyTime withheld_until(NodeId node) const {
    const auto found = withheld_.find(node);
    return found == withheld_.end() ? SteadyTime{} : found->second;
  }

  Script script_;
  SteadyTime steady_{0};
  std::int64_t wall_ms_ = 1'800'000'000'000;
  std::optional<std::int64_t> frozen_ms_;
  std::uint64_t sequence_ = 0;
  std::uint64_t events_ = 0;
  std::size_t decisions_ = 0;
  std::uint64_t fingerprint_ = 0xcbf2'9ce4'8422'2325ULL;
  std::priority_queue<Entry> queue_;
  std::map<NodeId, SteadyTime> withheld_;
  std::optional<Violation> violation_;
  std::map<std::string, std::uint64_t> reached_;
};

}  // namespace seckill::simulation
