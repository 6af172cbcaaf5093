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

class Stage {
 public:
  using Event = std::function<void()>;

  Stage(std::uint64_t seed, bool traced) : chance(seed), traced_(traced) {}

  Now now() const { return {{steady_.us / 1'000 + wall_ms_}, steady_}; }
  void step_wall_clock(milliseconds by) { wall_ms_ += by.count(); }

  void later(microseconds delay, Event event) {
    queue_.push({steady_ + delay, ++sequence_, std::move(event)});
  }
  // False: nothing is left until then, or something went wrong.
  bool step(SteadyTime until) {
    if (violation_ || queue_.empty() || queue_.top().at > until) return false;
    const Entry next = queue_.top();
    queue_.pop();
    steady_ = next.at;
    ++events_;
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

  // The first one counts; the play ends.
  void blame(std::string promise, std::string what) {
    trace("!", "{} is broken: {}", promise, what);
    if (!violation_) violation_ = {std::move(promise), std::move(what)};
  }
  bool check(bool holds, const char* promise, std::string_view what) {
    if (!holds) blame(promise, std::string(what));
    return holds;
  }
  const std::optional<Violation>& violation() const { return violation_; }

  // What this schedule came to, for the figures of a run.
  void reached(const std::string& what) { ++reached_[what]; }
  const std::map<std::string, std::uint64_t>& reached() const { return reached_; }

  bool traced() const { return traced_; }
  template <class... Args>
  void trace(std::string_view who, fmt::format_string<Args...> text, Args&&... args) const {
    if (!traced_) return;
    fmt::print("{:>11.6f} s  {:<10} {}\n", static_cast<double>(steady_.us) / 1e6, who,
               fmt::format(text, std::forward<Args>(args)...));
  }

  Chance chance;

 private:
  struct Entry {
    SteadyTime at;
    std::uint64_t sequence = 0;
    Event event;
    bool operator<(const Entry& other) const {  // the queue's top is its largest
      return std::pair(other.at, other.sequence) < std::pair(at, sequence);
    }
  };

  bool traced_;
  SteadyTime steady_{0};
  std::int64_t wall_ms_ = 1'800'000'000'000;
  std::uint64_t sequence_ = 0;
  std::uint64_t events_ = 0;
  std::priority_queue<Entry> queue_;
  std::optional<Violation> violation_;
  std::map<std::string, std::uint64_t> reached_;
};

}  // namespace seckill::simulation
