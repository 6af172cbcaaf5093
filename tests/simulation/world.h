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
  std::uint64_t fingerprint = 0;
  std::size_t decisions = 0;
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
  World(const Script& script, Canary& canary);

  Played play();
  // How many decisions it would make.
  std::size_t plan();

 private:
  NodeShape invent_shape();
  microseconds begin();
  void poison_rows();
  void plan_faults(microseconds within);
  void plan_disk_faults(microseconds within);
  void plan_clock_faults(microseconds within);
  template <class Fault>
  void at_some_time(std::uint64_t most, microseconds within, const char* what, Fault fault);
  void crash_soon(Chance& chance);
  void crash_now(Chance& chance);
  void end_faults();

  // After the faults have ended.
  void all_are_answered();    // I10
  void holds_end();           // I7
  void nothing_has_leaked();  // I3
  void rows_are_complete();   // I2
  void audit_holds();         // all of them, by other code
  void audit_now(bool all_done);
  void replays_are_equal();

  Stage stage_;
  Witness witness_;
  Node node_;
  Crowd crowd_;
};

}  // namespace seckill::simulation
