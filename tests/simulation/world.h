// The simulated world: the real engine under one seed and virtual time. It runs one schedule and
// says which promise was broken, if any; the same seed plays the same schedule, event by event.
//
// Here: what every schedule has, whatever stands behind the doors. lone_world.* is one node on its
// own disk, fleet_world.* several over one log.
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
  bool shared = false;  // several nodes
  std::map<std::string, std::uint64_t> reached;
  bool operator==(const Played&) const = default;
};

class World {
 public:
  // Of so many nodes as the script says.
  static std::unique_ptr<World> of(const Script& script, Canary& canary);
  virtual ~World() = default;

  Played play();
  // How many decisions it would make.
  std::size_t plan();

 protected:
  explicit World(const Script& script) : stage_(script), witness_(stage_) {}

  // What derives from it says what there is …
  virtual void start_nodes() = 0;
  virtual void plan_faults(microseconds within) = 0;
  virtual void end_faults() = 0;
  virtual std::vector<Node*> nodes() = 0;
  virtual SimOrders& rows() = 0;
  virtual DatabaseMood& database_mood() = 0;
  // … and how the journal is read by whoever trusts nobody; it lives as long as the world.
  virtual std::unique_ptr<JournalReader> strangers_reader() = 0;
  // What time it is by the journal.
  virtual RawTime log_time() const = 0;
  // Whatever hint the nodes share says the same as the ledger, once all is at rest.
  virtual void hints_agree() {}
  // I10: so long may an answer take once nothing fails any more.
  virtual microseconds patience() const { return microseconds(8'000'000); }

  void people_come();  // the nodes are there
  template <class Fault>
  void at_some_time(std::uint64_t most, microseconds within, const char* what, Fault fault) {
    const auto times = stage_.chance.below(most + 1);
    for (std::uint64_t n = 0; n < times; ++n) {
      const auto at = stage_.chance.between(1, within.count());
      const auto decided = stage_.decision("at {} ms: {}", at / 1'000, what);
      if (!decided) continue;
      stage_.later(microseconds(at), [fault, chance = *decided]() mutable { fault(chance); });
    }
  }
  void hear(std::uint64_t call, const Verdict& verdict) { crowd_->hear(call, verdict); }
  std::uint32_t tight(std::int64_t most, std::uint32_t usual);
  SaleLimits invent_limits();
  void trouble_the_database(Chance& chance);
  bool audit_now();

  Stage stage_;
  Witness witness_;
  std::unique_ptr<Crowd> crowd_;

 private:
  microseconds begin();
  void poison_rows();
  const Ledger& decided() { return *nodes().front()->ledger(); }
  bool all_are_up();
  bool all_are_quiet();
  bool all_know_the_same();
  void settle();
  bool no_hold_is_open();
  bool rows_know_all();

  // After the faults have ended.
  void all_are_answered();    // I10
  void holds_end();           // I7
  void nothing_has_leaked();  // I3
  void rows_are_complete();   // I2
  void audit_holds();         // all of them, by other code
  void replays_are_equal();
};

}  // namespace seckill::simulation
