// The counter is a hint that nodes share: how many units of a sale are left, about. It spares the
// journal the surplus of many nodes. It may be wrong both ways; the ledger alone decides.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "model/ids.h"

namespace seckill {

inline constexpr std::size_t kWantsMax = 1'024;  // sales in one Take

// What one turn wants of one sale. No units: nothing is taken, the truth is told.
struct Want {
  SaleUid sale{};
  std::uint32_t units = 0;
  std::uint32_t available = 0;  // the ledger's truth at Take::position
};

// One call, for all that a turn wants. wants: each sale once; alive during the call only.
struct Take {
  std::uint64_t number = 0;  // ascending: the answer carries it
  Position position{};       // where the ledger stands
  std::span<const Want> wants;
};

// granted[i] <= wants[i].units. Empty: nobody knows. Number 0: no answer, but a new connection;
// what it knows may be old, or nothing at all. Lives until the next poll().
struct Counted {
  std::uint64_t number = 0;
  std::span<const std::uint32_t> granted;
};

// RedisCounter serves any number of nodes; counter_contract.h holds it and the twin to every
// numbered line. The rule, for each want, at the counter's own clock:
//   (1) a counter that is not there (or is not one) becomes `available`;
//   (2) a newer position overwrites what is left: when told (no units), or 100 ms after it was last
//   overwritten;
//   (3) an equal position overwrites it after 2 s, an older one never;
//   (4) then min(units, left) are taken. Nobody ever adds.
// Threads: belongs to the loop; calls never overlap and never wait. Errors: an answer that cannot
// be had is Counted without grants, or none at all: whoever asks has a patience of his own.
class Counter {
 public:
  virtual ~Counter() = default;

  //   (5) answers through poll(), at most once, with its number;
  //   (6) an earlier take that is not answered yet is forgotten, though it may happen all the same.
  // Needs: 1 <= wants.size() <= kWantsMax.
  virtual void take(const Take& take) = 0;

  // The next answer, or nothing.
  virtual std::optional<Counted> poll() = 0;

  // Readable when poll() may have something to say or to do; poll() clears it.
  virtual int wake_fd() const = 0;
};

}  // namespace seckill
