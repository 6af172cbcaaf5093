// One node on a disk of its own.
#pragma once

#include "file_node.h"
#include "world.h"

namespace seckill::simulation {

class LoneWorld final : public World {
 public:
  LoneWorld(const Script& script, Canary& canary);

 private:
  void start_nodes() override { node_.start(); }
  void plan_faults(microseconds within) override;
  void end_faults() override;
  std::vector<Node*> nodes() override { return {&node_}; }
  SimOrders& rows() override { return node_.rows(); }
  DatabaseMood& database_mood() override { return node_.database_mood; }
  std::unique_ptr<JournalReader> strangers_reader() override;
  RawTime log_time() const override { return stage_.now().raw; }

  NodeShape invent_shape();
  void plan_disk_faults(microseconds within);
  void plan_clock_faults(microseconds within);
  void crash_soon(Chance& chance);
  void crash_now(Chance& chance);

  FileNode node_;
};

}  // namespace seckill::simulation
