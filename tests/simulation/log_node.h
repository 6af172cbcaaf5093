// A node of several: it stands on the shared log, with a clock of its own, which may be wrong.
// Nothing of it survives its process but its line to the broker.
#pragma once

#include <memory>
#include <string>

#include "broker.h"
#include "node.h"
#include "sim_counter.h"
#include "sim_log.h"

namespace seckill::simulation {

// What the nodes share beside the log.
struct SharedCounter {
  TwinServer server;
  milliseconds skew{0};  // of its clock
};

class LogNode final : public Node {
 public:
  LogNode(NodeId id, Stage& stage, Witness& witness, Canary& canary, const SaleLimits& limits,
          Broker& broker, SharedCounter& counter, Hear hear);
  ~LogNode() override;

  void start() override;
  void crash(Crash how, Chance& chance) override;
  // The next start is that of an older program: it must not come up.
  void replace_by_older() { older_ = true; }
  void keep_down(bool down) { kept_down_ = down; }
  void calm();

  void cut_off(microseconds time);
  bool has_seen(std::uint64_t records) const;

  void reconnect_counter();

  Link link;
  TwinMood counter_trouble;
  milliseconds skew{0};  // of its clock

 private:
  void check_stop(const std::string& why) override;
  Now clock() const override {
    const Now now = stage_.now();
    return {now.raw + skew, now.steady};
  }
  Result<std::unique_ptr<SimLog>> open_log(Ledger& ledger, seckill::Node name);
  void failed_to_start(const Error& error, bool older);
  std::unique_ptr<SimCounter> open_counter();
  SimLog::Later while_it_lives();

  Broker& broker_;
  SharedCounter& shared_counter_;
  std::unique_ptr<SimLog> log_;
  std::unique_ptr<Journal> other_log_;  // a canary's
  std::unique_ptr<SimCounter> counter_;
  std::uint64_t cuts_ = 0;
  bool older_ = false;
  bool kept_down_ = false;
};

}  // namespace seckill::simulation
