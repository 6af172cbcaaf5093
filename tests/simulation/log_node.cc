#include "log_node.h"

#include <utility>

namespace seckill::simulation {

LogNode::LogNode(NodeId id, Stage& stage, Witness& witness, Canary& canary,
                 const SaleLimits& limits, Broker& broker, SharedCounter& counter, Hear hear)
    : Node(id, fmt::format("node {}", static_cast<int>(id)), stage, witness, canary, limits,
           std::move(hear)),
      broker_(broker),
      shared_counter_(counter) {}

LogNode::~LogNode() {
  process_.reset();  // it stands on the log
}

void LogNode::start() {
  if (up() || kept_down_) return;
  ++starts_;
  const bool older = std::exchange(older_, false);
  const seckill::Node name{chance_.number()};
  Ledger ledger(older ? Rules{0} : kNewestRules);
  auto log = open_log(ledger, name);
  if (!log) return failed_to_start(log.error(), older);
  if (!stage_.check(!older, "I9", "an older program came up")) return;
  if (!stage_.check(!broker_.disaster(), "I9", "it starts on a topic that is not its own")) return;
  witness_.examine(ledger);
  log_ = *std::move(log);
  other_log_ = canary_.journal(*log_, ledger.position());
  if (limits_.counter) counter_ = open_counter();
  open_for_business(std::move(ledger), name, other_log_ ? *other_log_ : *log_, counter_.get());
  touched();
}

// As `serve` does: all that the topic holds, applied, and no further than the ledger goes.
Result<std::unique_ptr<SimLog>> LogNode::open_log(Ledger& ledger, seckill::Node name) {
  SimLog::Place place{.stage = stage_,
                      .broker = broker_,
                      .link = link,
                      .chance = chance_,
                      .later = while_it_lives(),
                      .wake = [this] { process_->shell->pump(), touched(); },
                      .stops_on_a_lost_offset = canary_.stops_on_a_lost_offset()};
  const KafkaGenesis genesis{.node = name, .nonce = chance_.number()};
  Changes changes;
  return SimLog::open(std::move(place), genesis, [&](std::span<const Entry> entries) -> Status {
    ledger.apply_all(entries, changes, [&](const Entry&, const Verdict&) {
      changes.clear();
      return !ledger.halted();
    });
    if (ledger.halted()) return fail(Error::Code::kCorrupt, "ledger: " + *ledger.halted());
    return {};
  });
}

SimLog::Later LogNode::while_it_lives() {
  return [this, epoch = starts_](microseconds delay, std::function<void()> event) {
    if (starts_ == epoch) later(delay, std::move(event));
  };
}

std::unique_ptr<SimCounter> LogNode::open_counter() {
  const auto its_clock = [this] {
    const Now now = stage_.now();
    return Now{now.raw + shared_counter_.skew, now.steady};
  };
  return std::make_unique<SimCounter>(
      SimCounter::Place{.server = shared_counter_.server,
                        .trouble = counter_trouble,
                        .chance = chance_,
                        .clock = its_clock,
                        .later = while_it_lives(),
                        .wake = [this] { process_->shell->pump_counter(), touched(); }});
}

// A stop must have a reason (I9).
void LogNode::failed_to_start(const Error& error, bool older) {
  stage_.trace(name_, "does not start: {}", error.message);
  if (older) stage_.reached("an older program does not start");
  if (broker_.disaster())
    stage_.reached("a start is refused on " + std::string(to_text(*broker_.disaster())));
  const bool away = error.code == Error::Code::kUnavailable;
  if (!away && !older && !broker_.disaster()) {
    return stage_.blame("I9", "stopped for nothing: " + error.message);
  }
  start_again(microseconds(100'000), microseconds(1'000'000));
}

void LogNode::crash(Crash, Chance&) {
  if (!up()) return;
  stage_.reached("a node is killed");
  stage_.trace(name_, "is killed");
  end_process();
  counter_.reset();
  other_log_.reset();
  log_.reset();
}

void LogNode::check_stop(const std::string& why) {
  stage_.check(broker_.disaster().has_value(), "I9", "stopped for nothing: " + why);
}

void LogNode::cut_off(microseconds time) {
  stage_.reached("a node is cut off");
  stage_.trace(name_, "is cut off for {} ms", time.count() / 1'000);
  link.cut = true;
  ++link.losses;
  disturbed_until_ = std::max(disturbed_until_, stage_.now().steady + time);
  stage_.later(time, [this, cut = ++cuts_] {
    if (cut == cuts_) link.cut = false;
  });
}

void LogNode::reconnect_counter() {
  if (counter_) counter_->reconnect();
}

bool LogNode::has_seen(std::uint64_t records) const {
  return up() && number(log_->next()) >= records;
}

void LogNode::calm() {
  link = {};
  counter_trouble = {.side = counter_trouble.side};
  ++cuts_;
  older_ = false;
  skew = milliseconds(0);
  stops_when_asked_.reset();
  start();
}

}  // namespace seckill::simulation
