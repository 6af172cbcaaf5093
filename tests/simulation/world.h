// The simulated world: the real engine under one seed and virtual time. It runs one schedule and
// says which promise was broken, if any; the same seed plays the same schedule, event by event.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "canary.h"
#include "crowd.h"
#include "node.h"
#include "stage.h"
#include "witness.h"

namespace seckill::simulation {

struct Played {
  std::optional<Violation> violation;
  std::uint64_t events = 0;
  std::uint64_t answers = 0;
  std::uint64_t orders = 0;  // told of
  std::uint64_t payments = 0;
  std::uint64_t starts = 0;
  std::uint64_t crashes = 0;
  std::uint64_t records = 0;
  std::map<std::string, std::uint64_t> reached;
  bool operator==(const Played&) const = default;
};

class World {
 public:
  World(std::uint64_t seed, Canary& canary, bool traced);

  Played play();

 private:
  NodeShape invent_shape();
  void poison_rows();
  void plan_faults(microseconds within);
  void crash_now();
  void end_faults();

  // After the faults have ended.
  void all_are_answered();    // I10
  void holds_end();           // I7
  void nothing_has_leaked();  // I3
  void rows_are_complete();   // I2
  void audit_holds();         // all of them, by other code
  void audit_now(bool all_done);
  void replays_are_equal();
  void note_retirement(const Ledger& ledger, const Entry& entry, const Changes& changes);

  Stage stage_;
  Witness witness_;
  Node node_;
  Crowd crowd_;
};

}  // namespace seckill::simulation
