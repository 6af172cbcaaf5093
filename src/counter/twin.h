// The counter's twin, for tests and the simulated world: a server in memory that can be emptied,
// set back, split into two primaries, slow, or silent; and a node's connection to it.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "base/invariant.h"
#include "counter/left.h"

namespace seckill {

// The numbers, as a Redis holds them. After split() there are two primaries, equal at first; a node
// on the other side asks the second.
class TwinServer {
 public:
  using Lefts = std::map<SaleUid, Left>;

  void wipe() { lefts_[0].clear(), lefts_[1].clear(); }  // FLUSHALL, or restarted empty
  const Lefts& lefts(int side = 0) const { return lefts_[primary(side)]; }
  void put_back(Lefts lefts) { lefts_[0] = lefts_[1] = std::move(lefts); }  // a stale snapshot
  void set(SaleUid sale, Left left) { lefts_[0][sale] = lefts_[1][sale] = left; }
  void split() { split_ = true, lefts_[1] = lefts_[0]; }
  void heal(int survivor) { split_ = false, lefts_[0] = lefts_[primary_of(survivor)]; }
  bool is_split() const { return split_; }

  std::uint32_t take(int side, const Want& want, Position position, RawTime now) {
    Lefts& lefts = lefts_[primary(side)];
    const auto known = lefts.find(want.sale);
    auto left = known == lefts.end() ? std::optional<Left>() : known->second;
    const std::uint32_t granted = take_from(left, want, position, now);
    lefts[want.sale] = *left;
    return granted;
  }

 private:
  static std::size_t primary_of(int side) { return side == 0 ? 0 : 1; }
  std::size_t primary(int side) const { return split_ ? primary_of(side) : 0; }

  Lefts lefts_[2];
  bool split_ = false;
};

// What is wrong with a connection just now. Fields may change at any time.
struct TwinMood {
  enum class Way : std::uint8_t {
    kAnswers,
    kRefuses,  // unknown, at once: no connection, READONLY, OOM
    kLost,     // the call never arrives
    kUnheard,  // it is done there, but the answer never arrives
  };
  Way way = Way::kAnswers;
  microseconds delay{0};    // until the answer; at least 50 ms is as good as silence
  bool slow_there = false;  // the call is what is slow, not its answer: it is done late
  int side = 0;             // of a split server
};

// Promises of counter.h. It has no loop: whoever plays calls poll() at answers_at().
class TwinCounter final : public Counter {
 public:
  using Clock = std::function<Now()>;

  // The server's clock is `clock`'s raw time. The mood and the server outlive it.
  TwinCounter(TwinServer& server, const TwinMood& mood, Clock clock)
      : server_(server), mood_(mood), clock_(std::move(clock)) {}

  void take(const Take& take) override {
    invariant(!take.wants.empty() && take.wants.size() <= kWantsMax, "1..kWantsMax wants");
    invariant(take.number > number_, "numbers ascend");
    if (undone_) execute();  // it was under way
    ++takes;
    number_ = take.number;
    position_ = take.position;
    wants_.assign(take.wants.begin(), take.wants.end());
    granted_.clear();
    side_ = mood_.side;
    at_ = mood_.way == TwinMood::Way::kAnswers || mood_.way == TwinMood::Way::kRefuses
              ? clock_().steady + mood_.delay
              : kNever;
    undone_ = mood_.way == TwinMood::Way::kAnswers || mood_.way == TwinMood::Way::kUnheard;
    if (undone_ && !mood_.slow_there) execute();
  }
  std::optional<Counted> poll() override {
    if (fresh_) {
      fresh_ = false;
      return Counted{};
    }
    if (clock_().steady < at_) return std::nullopt;
    at_ = kNever;
    if (undone_) execute();
    return Counted{number_, granted_};
  }
  int wake_fd() const override { return -1; }

  // A new connection: what was asked is not answered, and the server may have forgotten.
  void reconnect() { fresh_ = true, undone_ = false, at_ = kNever; }
  SteadyTime answers_at() const { return fresh_ ? SteadyTime{INT64_MIN} : at_; }

  std::uint64_t takes = 0;

 private:
  void execute() {
    undone_ = false;
    granted_.clear();
    for (const Want& want : wants_) {
      granted_.push_back(server_.take(side_, want, position_, clock_().raw));
    }
  }

  TwinServer& server_;
  const TwinMood& mood_;
  Clock clock_;
  bool fresh_ = true;  // the first connection is one, too
  bool undone_ = false;
  std::uint64_t number_ = 0;
  Position position_{};
  int side_ = 0;
  std::vector<Want> wants_;
  std::vector<std::uint32_t> granted_;
  SteadyTime at_ = kNever;
};

}  // namespace seckill
