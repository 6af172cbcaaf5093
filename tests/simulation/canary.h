// Bugs planted on purpose. A world in which one of them sings must be found out; if it is not, the
// checks are blind and the build is red.
//
// They are planted from outside: at the seams and at the door (here), or in copies of our sources
// (planted.cmake). Nothing in src/ has a switch for them.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "journal/journal.h"
#include "ledger/ledger.h"
#include "planted.h"
#include "sim_disk.h"
#include "sim_orders.h"

namespace seckill::simulation {

// By default everything is as it should be. A null pointer: the real one.
class Canary {
 public:
  virtual ~Canary() = default;
  virtual std::unique_ptr<Disk> disk(Disk&, const Platter::Rot* /*rot*/) { return nullptr; }
  virtual std::unique_ptr<Journal> journal(Journal&, Position /*end*/) { return nullptr; }
  virtual std::unique_ptr<Orders> orders(SimOrders&) { return nullptr; }
  // What comes in may be changed, or answered at once.
  virtual std::optional<Verdict> at_the_door(Ask&, const Ledger&) { return std::nullopt; }
  virtual bool syncs_directories() const { return true; }
  virtual bool heeds_generations() const { return true; }
  virtual bool reads_only_what_is_durable() const { return true; }
  virtual bool opens_with_the_rows_bookmark() const { return true; }
  virtual bool stops_on_a_lost_offset() const { return true; }
};

// All that this program knows, then some pairs of them: one must not hide the other.
std::vector<CanaryName> canaries();
// "none" is the sound world, "a+b" are two at once. Null: there is none of that name here.
std::unique_ptr<Canary> canary_of(std::string_view name);

}  // namespace seckill::simulation
