// A `seckill consume` of the simulated world: a process that reads the shared log and stores the
// rows. Several of them race on one bookmark.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker.h"
#include "canary.h"
#include "orders/consumer.h"
#include "sim_log.h"
#include "sim_orders.h"
#include "stage.h"

namespace seckill::simulation {

class Clerk {
 public:
  Clerk(NodeId id, Stage& stage, Canary& canary, Broker& broker, SimOrders& rows,
        const DatabaseMood& mood);
  ~Clerk();

  void start();
  void crash();
  void stop_for(microseconds time);
  void calm();
  bool up() const { return process_ != nullptr; }

  Link link;

 private:
  struct Process;

  void later(microseconds delay, std::function<void()> event);
  ConsumerOptions invent_options();
  void consume();
  bool goes_on_after(const Error& error);
  bool was_to_be_refused();
  void start_again(microseconds after);

  const NodeId id_;
  const std::string name_;
  Stage& stage_;
  Chance chance_;
  Canary& canary_;
  Broker& broker_;
  SimOrders& rows_;
  const DatabaseMood& mood_;
  std::unique_ptr<Process> process_;
  std::uint64_t starts_ = 0;
};

}  // namespace seckill::simulation
