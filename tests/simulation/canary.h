// Bugs planted on purpose. A world in which one of them sings must be found out; if it is not, the
// checks are blind and the build is red.
//
// They are planted from outside, in the seams and at the door: nothing in src/ has a switch for
// them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "journal/journal.h"
#include "ledger/ledger.h"
#include "sim_disk.h"
#include "sim_orders.h"

namespace seckill::simulation {

// By default everything is as it should be. A null pointer: the real one.
class Canary {
 public:
  virtual ~Canary() = default;
  virtual std::unique_ptr<Disk> disk(Disk&, const std::optional<Platter::Rot>&) { return nullptr; }
  virtual std::unique_ptr<Journal> journal(Journal&, Position /*end*/) { return nullptr; }
  virtual std::unique_ptr<Orders> orders(SimOrders&) { return nullptr; }
  // What comes in may be changed, or answered at once.
  virtual std::optional<Verdict> at_the_door(Ask&, const Ledger&) { return std::nullopt; }
  virtual bool heeds_generations() const { return true; }
  virtual bool reads_only_what_is_durable() const { return true; }
  virtual bool opens_with_the_rows_bookmark() const { return true; }
};

struct CanaryName {
  std::string_view name;
  std::string_view does;
  // The promises that it breaks, one of which must be the first thing found, with a blank before
  // and behind each. Anything else is another bug, or a blind check.
  std::string_view breaks;
};
std::span<const CanaryName> canaries();
// Null: there is none of that name. "none" is the sound world.
std::unique_ptr<Canary> canary_of(std::string_view name);

}  // namespace seckill::simulation
