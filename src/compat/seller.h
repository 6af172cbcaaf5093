// Judged and recorded as the teaching demo does it, for --compat demo: its Redis key `counter` says
// who gets a unit, its Kafka topic keeps what was sold. A state machine without I/O: things happen
// to it, and it says what it wishes to be done.
//
// Many asks share one take (a script call that takes n units at once), and the units of a take are
// recorded together. Whatever is unknown stays taken: a unit that nobody was told of is a loss that
// the audit shows; one that is sold twice would be a lie.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "sale/sale.h"

namespace seckill::compat {

// One call of the counter's script: first `back` units are given back, then up to `units` are
// taken, never below 0.
struct Take {
  std::uint32_t units = 0;
  std::uint32_t back = 0;
  bool operator==(const Take&) const = default;
};

// What became of it.
struct Taken {
  enum class How : std::uint8_t {
    kDone,
    kNoKey,    // nothing was changed: there is no counter
    kRefused,  // nothing was changed
    kLost,     // sent and not answered: it may or may not have happened
  };
  How how = How::kDone;
  std::uint32_t units = 0;  // taken: at most as many as were asked for …
  std::uint32_t left = 0;   // … and what the counter says after them
};

enum class Ticket : std::uint64_t {};  // a taken unit on its way into the topic

struct Unit {
  Ticket ticket{};
  std::uint32_t left = 0;  // the counter's value after this unit: what its shopper is told
};

// What became of a unit's message.
struct Delivered {
  enum class How : std::uint8_t {
    kStored,
    kFailed,  // for certain
    kUnsure,
  };
  Ticket ticket{};
  How how = How::kStored;
};

struct AskedOne {
  Who who;
};
using Happened = std::variant<AskedOne, Idle, Taken, Delivered, Passed>;

// In this order. Spans live until the next step.
struct SellerWishes {
  std::optional<Take> take;
  std::span<const Unit> append;
  std::span<const Answer> answers;
};

struct SellerStats {
  std::uint64_t takes = 0;       // that units were asked for with
  std::uint64_t taken = 0;       // units
  std::uint64_t won = 0;         // … recorded, and told
  std::uint64_t given_back = 0;  // … whose message failed for certain, and the counter knows
  std::uint64_t unsure = 0;      // … whose message may or may not be there: they stay taken
  std::uint64_t lost_takes = 0;  // takes that were not answered: what they took stays taken
  std::uint32_t left = 0;        // the counter, as last heard
};

// Promises: (1) everybody who asks is answered once: won with the counter's value after his unit,
// sold out only if the counter said so, not started when there is no counter, busy when nothing
// became of it, unsure when nobody knows; (2) won only for a recorded unit; (3) a unit is given
// back once, and only if its message is certainly not there; (4) at most one take is in flight, at
// most waiting_max shoppers wait.
class Seller {
 public:
  static constexpr std::uint32_t kTakeMax = 1'024;  // units

  explicit Seller(std::uint32_t waiting_max) : waiting_max_(waiting_max) {}

  SellerWishes step(const Happened& event);

  bool quiet() const { return waiting() == 0 && owed_ == 0 && (!take_ || take_->back == 0); }
  std::uint32_t waiting() const {
    return static_cast<std::uint32_t>(asks_.size() + recording_.size());
  }
  const SellerStats& stats() const { return stats_; }

 private:
  struct Recording {
    Who who;
    std::uint32_t left = 0;
  };

  void happened(const AskedOne& asked);
  void happened(const Idle&);
  void happened(const Taken& taken);
  void happened(const Delivered& delivered);
  void happened(const Passed&);
  void take();
  void record(std::uint32_t units, std::uint32_t left);
  void answer_asks(std::uint32_t count, Outcome outcome);
  void answer(Who who, Outcome outcome, std::uint32_t left = 0);

  const std::uint32_t waiting_max_;
  std::deque<Who> asks_;      // the first take_->units of them are being asked for
  std::optional<Take> take_;  // in flight
  boost::unordered_flat_map<std::uint64_t, Recording> recording_;  // by ticket
  std::uint64_t tickets_ = 0;
  std::uint32_t owed_ = 0;  // units to give back, without those of the take in flight
  SellerStats stats_;

  std::optional<Take> wished_;
  std::vector<Unit> append_;
  std::vector<Answer> answers_;
};

}  // namespace seckill::compat
