// Several nodes over one log, consumers of their own, and whatever may come between them.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "broker.h"
#include "clerk.h"
#include "log_node.h"
#include "world.h"

namespace seckill::simulation {

class FleetWorld final : public World {
 public:
  FleetWorld(const Script& script, Canary& canary);

 private:
  void start_nodes() override;
  void plan_faults(microseconds within) override;
  void end_faults() override;
  std::vector<Node*> nodes() override;
  SimOrders& rows() override { return rows_; }
  DatabaseMood& database_mood() override { return database_mood_; }
  std::unique_ptr<JournalReader> strangers_reader() override;
  RawTime log_time() const override { return broker_.clock(); }
  microseconds patience() const override { return microseconds(30'000'000); }
  void hints_agree() override;

  LogNode& any(Chance& chance) { return nodes_[chance.below(nodes_.size())]; }
  Clerk& any_clerk(Chance& chance) { return clerks_[chance.below(clerks_.size())]; }
  void plan_node_faults(microseconds within);
  void plan_broker_faults(microseconds within);
  void plan_clock_faults(microseconds within);
  void plan_rows_faults(microseconds within);
  void plan_counter_faults(microseconds within);
  void crash(Chance& chance);
  void stray_message(Chance& chance);
  void a_disaster(Chance& chance);
  void end_disaster();
  bool must_have_stopped(LogNode& node) const;
  void mix_up_rows(Chance& chance);
  void counter_restarts();
  void set_the_counter_back(Chance& chance);
  void split_the_counter(Chance& chance);
  void trouble_the_counter(Chance& chance);
  void write_nonsense(Chance& chance);
  std::optional<std::string> wrong_hint() const;

  Broker broker_;
  DatabaseMood database_mood_;
  Chance rows_chance_;
  SimOrders rows_;
  const Link sound_link_{};  // of strangers
  const bool hinted_;        // there is a counter
  SharedCounter counter_;
  bool nonsense_ = false;  // was written into it
  bool calm_ = false;
  std::deque<LogNode> nodes_;
  std::deque<Clerk> clerks_;
  SteadyTime disaster_since_;
};

}  // namespace seckill::simulation
