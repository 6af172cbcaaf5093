#include "fleet_world.h"

#include <algorithm>

#include "model/codec.h"

namespace seckill::simulation {

FleetWorld::FleetWorld(const Script& script, Canary& canary)
    : World(script),
      broker_(stage_, stage_.chance.split()),
      rows_chance_(stage_.chance.split()),
      rows_(rows_chance_, database_mood_, [this](const char* what) { stage_.reached(what); }),
      hinted_(stage_.chance.percent(75)) {
  Chance& chance = stage_.chance;
  const std::uint64_t by_the_seed = 2 + chance.below(3);
  const std::uint64_t count = script.nodes >= 2 && script.nodes <= 4 ? script.nodes : by_the_seed;
  for (std::uint64_t n = 1; n <= count; ++n) {
    SaleLimits limits = invent_limits();
    limits.shared = true;
    limits.counter = hinted_;
    nodes_.emplace_back(
        NodeId{static_cast<std::uint8_t>(n)}, stage_, witness_, canary, limits, broker_, counter_,
        [this](std::uint64_t call, const Verdict& verdict) { hear(call, verdict); });
  }
  const std::uint64_t clerks = 1 + chance.below(3);
  for (std::uint64_t n = 1; n <= clerks; ++n) {
    clerks_.emplace_back(NodeId{static_cast<std::uint8_t>(10 + n)}, stage_, canary, broker_, rows_,
                         database_mood_);
  }
  stage_.trace("plan", "{} nodes, {} consumers, {} counter", count, clerks, hinted_ ? "a" : "no");
  people_come();
}

std::vector<Node*> FleetWorld::nodes() {
  std::vector<Node*> all;
  for (LogNode& node : nodes_) all.push_back(&node);
  return all;
}

void FleetWorld::start_nodes() {
  for (LogNode& node : nodes_) node.start();
  for (Clerk& clerk : clerks_) clerk.start();
}

// The auditor's own line to the broker is sound.
std::unique_ptr<JournalReader> FleetWorld::strangers_reader() {
  return std::make_unique<SimLogReader>(broker_, sound_link_);
}

// ---- faults ----

void FleetWorld::plan_faults(microseconds within) {
  plan_node_faults(within);
  plan_broker_faults(within);
  plan_clock_faults(within);
  plan_rows_faults(within);
  if (hinted_) plan_counter_faults(within);
}

void FleetWorld::plan_node_faults(microseconds within) {
  at_some_time(4, within, "a node crashes", [this](Chance& chance) { crash(chance); });
  at_some_time(1, within, "SIGTERM", [this](Chance& chance) { any(chance).drain(); });
  if (stage_.chance.percent(25)) {
    at_some_time(2, within, "SIGSTOP", [this](Chance& chance) {
      const auto time = chance.percent(50) ? chance.between(100'000, 9'000'000)
                                           : chance.between(10'000'000, 30'000'000);
      LogNode& node = any(chance);
      node.stop_for(microseconds(time), /*when_asked=*/chance.percent(50));
    });
  }
  at_some_time(2, within, "a node is cut off", [this](Chance& chance) {
    LogNode& node = any(chance);
    node.cut_off(microseconds(chance.delay(500'000, 12'000'000)));
  });
  at_some_time(1, within, "a node is far away", [this](Chance& chance) {
    LogNode& node = any(chance);
    stage_.reached("a slow line");
    node.link.usual = microseconds(50'000), node.link.most = microseconds(1'000'000);
  });
}

void FleetWorld::plan_broker_faults(microseconds within) {
  at_some_time(2, within, "the wire is bad", [this](Chance& chance) {
    broker_.mood.wire = chance.below(60);
    const auto time = chance.delay(1'000'000, 4'000'000);
    stage_.later(microseconds(time), [this] { broker_.mood.wire = 0; });
  });
  at_some_time(1, within, "another leader", [this](Chance& chance) {
    stage_.reached("the broker is away");
    stage_.trace("broker", "is away");
    if (broker_.disaster()) return;
    broker_.restart(microseconds(chance.delay(1'000'000, 12'000'000)));
  });
  at_some_time(1, within, "too few replicas", [this](Chance& chance) {
    stage_.reached("too few replicas");
    broker_.mood.few_replicas = true;
    const auto time = chance.delay(500'000, 10'000'000);
    stage_.later(microseconds(time), [this] { broker_.mood.few_replicas = false; });
  });
  at_some_time(3, within, "a stranger writes", [this](Chance& chance) { stray_message(chance); });
  if (stage_.chance.percent(15)) {
    at_some_time(1, within, "a disaster", [this](Chance& chance) { a_disaster(chance); });
  }
}

void FleetWorld::plan_clock_faults(microseconds within) {
  const auto step = [](Chance& chance) {
    const milliseconds some(chance.between(-5'000, 5'000));
    const milliseconds much(chance.between(-1, 1) * 3'600'000);
    return chance.percent(50) ? some : much;
  };
  at_some_time(2, within, "the broker's clock steps", [this, step](Chance& chance) {
    const milliseconds by = step(chance);
    stage_.reached(by < milliseconds(0) ? "the log's clock steps back"
                                        : "the log's clock steps forward");
    stage_.trace("clock", "the broker's steps by {} ms", by.count());
    broker_.mood.skew += by;
  });
  at_some_time(2, within, "a node's clock is wrong", [this, step](Chance& chance) {
    LogNode& node = any(chance);
    node.skew = step(chance);
    stage_.reached("a node's clock is wrong");
  });
}

void FleetWorld::plan_rows_faults(microseconds within) {
  at_some_time(1, within, "the database is in trouble",
               [this](Chance& chance) { trouble_the_database(chance); });
  at_some_time(1, within, "the database loses its end", [this](Chance&) {
    if (!broker_.disaster()) rows_.go_back();
  });
  at_some_time(2, within, "a consumer crashes",
               [this](Chance& chance) { any_clerk(chance).crash(); });
  at_some_time(1, within, "a consumer is stopped", [this](Chance& chance) {
    any_clerk(chance).stop_for(microseconds(chance.delay(1'000'000, 20'000'000)));
  });
  if (stage_.chance.percent(20)) {
    at_some_time(1, within, "the rows are mixed up",
                 [this](Chance& chance) { mix_up_rows(chance); });
  }
}

void FleetWorld::plan_counter_faults(microseconds within) {
  at_some_time(2, within, "the counter is emptied", [this](Chance& chance) {
    stage_.reached("the counter is emptied");
    counter_.server.wipe();
    if (chance.percent(50)) counter_restarts();
  });
  at_some_time(2, within, "the counter goes back",
               [this](Chance& chance) { set_the_counter_back(chance); });
  at_some_time(1, within, "there are two counters",
               [this](Chance& chance) { split_the_counter(chance); });
  at_some_time(3, within, "a node's line to the counter is bad",
               [this](Chance& chance) { trouble_the_counter(chance); });
  at_some_time(1, within, "the counter's clock steps", [this](Chance& chance) {
    stage_.reached("the counter's clock steps");
    counter_.skew += milliseconds(chance.between(-10'000, 10'000));
  });
  if (stage_.chance.percent(40)) {
    at_some_time(1, within, "somebody writes nonsense into the counter",
                 [this](Chance& chance) { write_nonsense(chance); });
  }
}

void FleetWorld::crash(Chance& chance) {
  LogNode& node = any(chance);
  node.crash(Crash::kKill, chance);
  if (chance.percent(15)) node.replace_by_older();
  const auto down = chance.delay(100'000, 3'000'000);
  stage_.later(microseconds(down), [&node] { node.start(); });
}

// Text, nothing, or something that begins like a record.
void FleetWorld::stray_message(Chance& chance) {
  Bytes bytes(chance.below(60));
  for (auto& byte : bytes) byte = static_cast<std::byte>('a' + chance.below(26));
  if (chance.percent(30) && bytes.size() > 20) {
    bytes[0] = std::byte{kRecordFormat};
    bytes[1] = static_cast<std::byte>(chance.below(5));  // no TICK of any rules
  }
  stage_.reached("a message that is no record");
  broker_.scribble(std::move(bytes));
}

void FleetWorld::mix_up_rows(Chance& chance) {
  if (rows_.mixed_up() || !rows_.mark() || broker_.disaster()) return;
  const auto how = static_cast<MixUp>(chance.below(4));
  rows_.mix_up(how);
  static constexpr const char* kNames[] = {"rows of another journal", "rows ahead of the journal",
                                           "rows of another record", "rows of another digest"};
  stage_.reached(kNames[static_cast<int>(how)]);
}

// Another topic stands in the right one's place. Whoever can see it stops; then the right one comes
// back. Nobody is started meanwhile on one that may pass for a new season.
void FleetWorld::a_disaster(Chance& chance) {
  if (broker_.disaster() || broker_.mood.away || rows_.mixed_up() || !rows_.mark()) return;
  if (broker_.end() < 3) return;
  const auto which = static_cast<Disaster>(chance.below(kDisasters));
  stage_.trace("operator", "{}", to_text(which));
  stage_.reached(to_text(which));
  broker_.befall(which);
  disaster_since_ = stage_.now().steady;
  const bool passes = which == Disaster::kCutShort || which == Disaster::kMadeAnew;
  for (LogNode& node : nodes_) node.keep_down(passes);
  stage_.later(microseconds(chance.between(2'000'000, 6'000'000)), [this] { end_disaster(); });
}

void FleetWorld::end_disaster() {
  if (!broker_.disaster()) return;
  for (LogNode& node : nodes_) {
    stage_.check(!must_have_stopped(node), "I9",
                 fmt::format("a node goes on, with {}", to_text(*broker_.disaster())));
  }
  stage_.trace("operator", "brings the right topic back");
  broker_.restore();
  for (LogNode& node : nodes_) {
    node.keep_down(false);
    stage_.later(microseconds(500'000), [&node] { node.start(); });
  }
}

// Unless the faults ended before the news could be there. A tail that is gone is missed by those
// who have read it; and of one record that is missing only the next one tells.
bool FleetWorld::must_have_stopped(LogNode& node) const {
  const bool near = node.link.usual == Link{}.usual;
  const bool soon = stage_.now().steady - disaster_since_ < microseconds(1'000'000);
  if (!near || soon || !node.has_watched_since(disaster_since_)) return false;
  return broker_.disaster() != Disaster::kCutShort || node.has_seen(broker_.end() + 2);
}

// ---- the counter ----

void FleetWorld::counter_restarts() {
  for (LogNode& node : nodes_) node.reconnect_counter();
}

// A snapshot that is old is loaded, or a replica that is behind takes over; or nobody notices.
void FleetWorld::set_the_counter_back(Chance& chance) {
  const microseconds age(chance.delay(50'000, 3'000'000));
  const bool silently = chance.percent(50);
  stage_.later(age, [this, silently, old = counter_.server.lefts()] {
    if (calm_) return;
    stage_.reached(silently ? "the counter goes back in silence" : "the counter goes back");
    counter_.server.put_back(old);
    if (!silently) counter_restarts();
  });
}

void FleetWorld::split_the_counter(Chance& chance) {
  if (counter_.server.is_split()) return;
  stage_.reached("there are two counters");
  for (LogNode& node : nodes_) node.counter_trouble.side = static_cast<int>(chance.below(2));
  counter_.server.split();
  const auto survivor = static_cast<int>(chance.below(2));
  stage_.later(microseconds(chance.delay(500'000, 6'000'000)), [this, survivor] {
    if (counter_.server.is_split()) counter_.server.heal(survivor);
  });
}

void FleetWorld::trouble_the_counter(Chance& chance) {
  static constexpr const char* kNames[] = {"the counter is slow", "the counter refuses calls",
                                           "the counter does not hear", "the counter is not heard"};
  LogNode& node = any(chance);
  const auto way = chance.below(4);
  TwinMood& trouble = node.counter_trouble;
  trouble.way = static_cast<TwinMood::Way>(way);
  trouble.delay = microseconds(way == 0 ? chance.between(10'000, 120'000) : 0);
  trouble.slow_there = chance.percent(50);
  stage_.reached(kNames[way]);
  stage_.trace("counter", "{} ({})", kNames[way], node.name());
  stage_.later(microseconds(chance.delay(500'000, 6'000'000)),
               [&trouble] { trouble = {.side = trouble.side}; });
}

// Of a position that this journal never reaches: only an operator can mend it.
void FleetWorld::write_nonsense(Chance& chance) {
  stage_.reached("nonsense in the counter");
  nonsense_ = true;
  const std::int64_t left = chance.percent(70) ? 0 : 1'000'000;
  const RawTime now = stage_.now().raw;
  for (const SaleTerms& sale : crowd_->sales()) {
    counter_.server.set(sale.uid, {left, Position{1'000'000'000}, now});
  }
}

// I3: at rest it says what the ledger says. Somebody looks for an order first: what went back in
// silence is told again with the next record.
void FleetWorld::hints_agree() {
  if (!hinted_ || stage_.violation()) return;
  if (nonsense_) counter_.server.wipe();
  crowd_->look();
  for (int more = 0; more < 80 && wrong_hint(); ++more) stage_.play(microseconds(100'000));
  if (const auto wrong = wrong_hint()) stage_.blame("I3", "the counter, at rest: " + *wrong);
}

std::optional<std::string> FleetWorld::wrong_hint() const {
  for (const SaleView* sale : nodes_.front().ledger()->sales()) {
    if (sale->terms.standing == Standing::kRetired) continue;
    const auto left = counter_.server.lefts().find(sale->terms.uid);
    if (left == counter_.server.lefts().end()) return "knows nothing of a sale";
    if (left->second.left != sale->available()) {
      return fmt::format("{} left of {}, and {} are available", left->second.left,
                         sale->terms.name.view(), sale->available());
    }
  }
  return std::nullopt;
}

void FleetWorld::end_faults() {
  calm_ = true;
  if (counter_.server.is_split()) counter_.server.heal(0);
  broker_.mood = {.skew = broker_.mood.skew};
  end_disaster();
  database_mood_.troubled = false;
  for (LogNode& node : nodes_) {
    while (!stage_.violation() && node.is_stopped()) stage_.play(microseconds(1'000'000));
  }
  crowd_->calm();
  for (LogNode& node : nodes_) node.calm();
  for (Clerk& clerk : clerks_) clerk.calm();
}

}  // namespace seckill::simulation
