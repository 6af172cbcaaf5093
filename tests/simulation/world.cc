#include "world.h"

#include <algorithm>

#include "audit/audit.h"
#include "fleet_world.h"
#include "lone_world.h"
#include "referee.h"

namespace seckill::simulation {

std::unique_ptr<World> World::of(const Script& script, Canary& canary) {
  const bool alone = script.nodes == kAnyNodes ? script.seed % 2 == 1 : script.nodes == 1;
  if (alone) return std::make_unique<LoneWorld>(script, canary);
  return std::make_unique<FleetWorld>(script, canary);
}

// Small bounds, so that small crowds meet them.
std::uint32_t World::tight(std::int64_t most, std::uint32_t usual) {
  const auto small = static_cast<std::uint32_t>(stage_.chance.between(1, most));
  return stage_.chance.percent(20) ? small : usual;
}

SaleLimits World::invent_limits() {
  Chance& chance = stage_.chance;
  SaleLimits limits;
  limits.waiting_max = tight(5, 1'000);
  limits.lane_max = tight(3, 100);
  limits.turn_claims = static_cast<std::uint32_t>(chance.between(1, 20));
  limits.turn_lane = static_cast<std::uint32_t>(chance.between(1, 8));
  limits.flush_at = static_cast<std::uint32_t>(chance.between(2, 20));
  limits.flush_after = microseconds(chance.between(1'000, 20'000));
  return limits;
}

void World::people_come() { crowd_ = std::make_unique<Crowd>(stage_, witness_, nodes()); }

microseconds World::begin() {
  const microseconds rush(stage_.chance.between(1'000'000, 8'000'000));
  const microseconds rest(stage_.chance.between(0, 4'000'000));
  poison_rows();
  start_nodes();
  crowd_->open(rush);
  plan_faults(rush);
  return rush + rest;
}

std::size_t World::plan() {
  begin();
  return stage_.decisions();
}

Played World::play() {
  stage_.play(begin());
  stage_.trace("world", "the faults end");
  end_faults();
  all_are_answered();
  holds_end();
  nothing_has_leaked();
  hints_agree();
  rows_are_complete();
  audit_holds();
  replays_are_equal();
  witness_.note_outcomes();
  Played played{.violation = stage_.violation(),
                .fingerprint = stage_.fingerprint(),
                .decisions = stage_.decisions(),
                .events = stage_.events(),
                .answers = witness_.answers(),
                .orders = witness_.yeses(),
                .payments = witness_.payments(),
                .shared = nodes().size() > 1,
                .reached = stage_.reached()};
  for (const Node* node : nodes()) {
    played.starts += node->starts();
    played.crashes += node->crashes();
    if (node->up()) played.records = std::max(played.records, number(node->ledger()->position()));
  }
  return played;
}

// ---- the database ----

// Rows that the shop's database refuses, for good.
void World::poison_rows() {
  if (!stage_.chance.percent(20)) return;
  auto chance = stage_.decision("the shop's database refuses some rows");
  if (!chance) return;
  DatabaseMood& mood = database_mood();
  mood.refuses_buyer = *Buyer::from(fmt::format("b{}", chance->below(6)));
  if (chance->percent(20)) mood.refuses_buyer = *Buyer::from("bot");
  if (chance->percent(50)) mood.refuses_key = *Key::from(fmt::format("k{}", chance->below(4)));
  mood.refuses_payment = *PaymentId::from(fmt::format("p{}", chance->between(1, 8)));
}

void World::trouble_the_database(Chance& chance) {
  database_mood().troubled = true;
  const auto time = chance.delay(500'000, 2'000'000);
  stage_.later(microseconds(time), [this] { database_mood().troubled = false; });
}

// ---- what must hold in the end ----

bool World::all_are_up() {
  const auto all = nodes();
  return std::all_of(all.begin(), all.end(), [](const Node* node) { return node->up(); });
}

bool World::no_hold_is_open() {
  const auto all = nodes();
  return std::all_of(all.begin(), all.end(),
                     [](const Node* node) { return node->ledger()->open_holds() == 0; });
}

bool World::all_are_quiet() {
  const auto all = nodes();
  return std::all_of(all.begin(), all.end(), [](const Node* node) { return node->quiet(); });
}

bool World::all_know_the_same() {
  const auto all = nodes();
  return std::all_of(all.begin(), all.end(), [&](const Node* node) {
    return node->ledger()->position() == decided().position();
  });
}

// A tick may be on its way just now, people may still have plans, and a node that is far away hears
// of everything a second later.
void World::settle() {
  const auto settled = [&] { return crowd_->content() && all_are_quiet() && all_know_the_same(); };
  for (int more = 0; more < 500 && !stage_.violation() && !settled(); ++more)
    stage_.play(microseconds(20'000));
}

bool World::rows_know_all() {
  const auto all = nodes();
  const auto mark = rows().mark();
  return mark && std::all_of(all.begin(), all.end(), [&](const Node* node) {
           return node->up() && node->ledger()->position() == mark->next;
         });
}

// I10: 5 s, and what a restart and a patient network take.
void World::all_are_answered() {
  stage_.play(patience());
  for (int more = 0; more < 8 && !crowd_->content(); ++more) {  // plans that people still had
    stage_.play(microseconds(1'000'000));
  }
  stage_.check(all_are_up(), "I10", "a node does not come up");
  stage_.check(crowd_->content(), "I10", "somebody waits for ever: " + crowd_->who_waits());
}

void World::holds_end() {
  // A clock that stepped back is noticed at the next tick, 30 s later at most: so much longer a
  // hold may last then (A13).
  const microseconds most = crowd_->longest_hold() + milliseconds(100'000);
  stage_.play(microseconds(7'000'000));
  for (microseconds waited{7'000'000}; waited < most; waited += milliseconds(1'000)) {
    if (stage_.violation() || no_hold_is_open()) break;
    stage_.play(microseconds(1'000'000));
  }
  if (stage_.violation()) return;
  stage_.check(no_hold_is_open(), "I7", "a hold did not end");
  settle();
  stage_.check(all_are_quiet(), "I3", "something is in flight, though nobody waits");
}

// I3: what is available can be bought, to the last unit, and not one more. A no is "for now" (I8),
// and strangers' own holds may end meanwhile: so others come after them.
void World::nothing_has_leaked() {
  for (const SaleTerms& wished : crowd_->sales()) {
    if (stage_.violation()) return;
    const SaleView* sale = decided().sale(wished.name);
    if (!stage_.check(sale != nullptr, "I2", "a sale is lost")) return;
    if (phase_at(sale->terms, log_time()) != Phase::kOpen) continue;
    const std::uint32_t available =
        std::min(sale->available(), sale->terms.orders_max - sale->orders);
    const std::uint64_t returned = sale->returned, granted = sale->units_granted;
    for (int round = 0; round < 5 && sale->available() > 0; ++round) {
      crowd_->probe(wished.name, sale->available() + 1);
      settle();
    }
    const std::uint64_t sold = sale->units_granted - granted, back = sale->returned - returned;
    stage_.check(
        available <= sold && sold <= available + back, "I3",
        fmt::format("{}: {} available, {} could be bought", wished.name.view(), available, sold));
  }
}

void World::rows_are_complete() {
  for (int more = 0; more < 100 && !rows_know_all(); ++more) {
    stage_.play(microseconds(100'000));
  }
  stage_.check(stage_.violation() || rows_know_all(), "I2", "rows are missing");
  witness_.examine_payments(rows(), database_mood().refuses_payment);
}

// A hold may end in the very moment, in a record that no node has heard of yet.
void World::audit_holds() {
  for (int more = 0; more < 100 && !stage_.violation(); ++more) {
    if (audit_now()) return;
    stage_.play(microseconds(100'000));
  }
  stage_.blame("audit", "it is not proven");
}

// Beside a crash the rows may be behind, and that is all. Whether it is proven.
bool World::audit_now() {
  const auto journal = strangers_reader();
  const auto report = audit({.journal = journal.get(), .rows = &rows()});
  if (!report) {
    stage_.blame("I9", "audit: " + report.error().message);
    return false;
  }
  for (const Check& check : report->checks) {
    const std::string example = check.examples.empty() ? "" : ": " + check.examples.front();
    stage_.check(check.holds, ("audit " + check.name).c_str(), check.says + example);
  }
  return report->proven();
}

// In chunks of any size, by fresh ledgers: the same state as the one that has lived through it all.
void World::replays_are_equal() {
  if (stage_.violation()) return;
  const auto journal = strangers_reader();
  Ledger ledger;
  Changes changes;
  Referee referee(stage_, witness_.figures(), witness_.refusals());
  for (;;) {
    const auto entries = journal->read(ledger.position(), 1 + stage_.chance.below(50));
    if (!entries) return stage_.blame("I9", entries.error().message);
    if (entries->empty()) break;
    for (const Entry& entry : *entries) {
      changes.clear();
      const Verdict verdict = ledger.apply(entry, changes);
      referee.watch(entry, verdict, changes, ledger);
    }
    witness_.examine_sums(ledger);
  }
  referee.end();
  witness_.examine(ledger);
  for (const Node* node : nodes()) {
    const bool beside = node->ledger()->position() == ledger.position();
    stage_.check(!beside || ledger.digest() == node->ledger()->digest(), "I6", "a replay differs");
  }
}

}  // namespace seckill::simulation
