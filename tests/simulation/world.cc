#include "world.h"

#include <algorithm>

#include "audit/audit.h"

namespace seckill::simulation {

World::World(std::uint64_t seed, Canary& canary, bool traced)
    : stage_(seed, traced),
      witness_(stage_),
      node_(stage_, witness_, canary, invent_shape(),
            [this](std::uint64_t call, const Verdict& verdict) { crowd_.hear(call, verdict); }),
      crowd_(stage_, witness_, node_) {}

// Small bounds, so that small crowds meet them.
NodeShape World::invent_shape() {
  Chance& chance = stage_.chance;
  NodeShape shape;
  shape.sector = chance.percent(50) ? 512 : 4'096;
  shape.segment_bytes = 16'384U << chance.below(4);
  shape.limits.waiting_max = static_cast<std::uint32_t>(chance.percent(20) ? 5 : 1'000);
  shape.limits.lane_max = static_cast<std::uint32_t>(chance.percent(20) ? 3 : 100);
  shape.limits.turn_claims = static_cast<std::uint32_t>(chance.between(1, 20));
  shape.limits.turn_lane = static_cast<std::uint32_t>(chance.between(1, 4));
  shape.limits.flush_at = static_cast<std::uint32_t>(chance.between(2, 20));
  shape.moves = chance.percent(10);
  shape.rival = chance.percent(20);
  return shape;
}

Played World::play() {
  const microseconds rush(stage_.chance.between(1'000'000, 8'000'000));
  poison_rows();
  node_.start();
  crowd_.open(rush);
  plan_faults(rush);
  stage_.play(rush + microseconds(stage_.chance.between(0, 4'000'000)));
  end_faults();
  all_are_answered();
  holds_end();
  nothing_has_leaked();
  rows_are_complete();
  audit_holds();
  replays_are_equal();
  return {.violation = stage_.violation(),
          .events = stage_.events(),
          .answers = witness_.answers(),
          .orders = witness_.yeses(),
          .payments = witness_.payments(),
          .starts = node_.starts(),
          .crashes = node_.crashes(),
          .records = node_.ledger() == nullptr ? 0 : number(node_.ledger()->position()),
          .reached = stage_.reached()};
}

// ---- faults ----

// Rows that the shop's database refuses, for good.
void World::poison_rows() {
  Chance& chance = stage_.chance;
  if (!chance.percent(15)) return;
  DatabaseMood& mood = node_.database_mood;
  mood.refuses_buyer = *Buyer::from(fmt::format("b{}", chance.below(6)));
  mood.refuses_key = *Key::from(fmt::format("k{}", chance.below(4)));
  mood.refuses_payment = *PaymentId::from(fmt::format("p{}", chance.between(1, 8)));
}

void World::plan_faults(microseconds within) {
  Chance& chance = stage_.chance;
  const auto at_some_time = [&](std::uint64_t most, std::function<void()> fault) {
    const auto times = chance.below(most + 1);
    for (std::uint64_t n = 0; n < times; ++n) {
      stage_.later(microseconds(chance.between(1, within.count())), fault);
    }
  };
  const auto for_a_while = [this](auto begin, auto end) {
    return [this, begin, end] {
      begin();
      stage_.later(microseconds(stage_.chance.delay(500'000, 2'000'000)), end);
    };
  };
  at_some_time(5, [this] { crash_now(); });
  at_some_time(1, [this] { node_.drain(); });
  at_some_time(1, [this] {
    stage_.trace("disk", "will fail the next sync");
    node_.fail_next_write();
  });
  at_some_time(1, for_a_while(
                      [this] {
                        stage_.trace("disk", "is slow");
                        node_.disk_mood.flush_usual = microseconds(30'000);
                        node_.disk_mood.flush_most = microseconds(1'000'000);
                      },
                      [this] {
                        node_.disk_mood.flush_usual = DiskMood{}.flush_usual;
                        node_.disk_mood.flush_most = DiskMood{}.flush_most;
                      }));
  at_some_time(1, for_a_while([this] { node_.disk_mood.full = true; },
                              [this] { node_.disk_mood.full = false; }));
  at_some_time(1, for_a_while([this] { node_.database_mood.troubled = true; },
                              [this] { node_.database_mood.troubled = false; }));
  at_some_time(1, [this] {
    const milliseconds step(stage_.chance.percent(50) ? stage_.chance.between(-5'000, 5'000)
                                                      : stage_.chance.between(-1, 1) * 3'600'000);
    stage_.trace("clock", "the wall clock steps by {} ms", step.count());
    stage_.step_wall_clock(step);
  });
}

void World::crash_now() {
  Chance& chance = stage_.chance;
  const auto how = [&] { return chance.percent(50) ? Crash::kKill : Crash::kPowerCut; };
  node_.crash(how());
  if (node_.has_journal() && chance.percent(30)) audit_now(/*all_done=*/false);
  if (chance.percent(10)) node_.lose_power();
  if (chance.percent(25)) node_.rot();
  if (chance.percent(8)) node_.mix_up_rows();
  if (chance.percent(30)) {
    node_.crash_within_next_start(static_cast<int>(chance.below(6)), how());
  }
  stage_.later(microseconds(chance.delay(100'000, 1'000'000)), [this] { node_.start(); });
  if (chance.percent(20)) {  // and again, right after it is up
    stage_.later(microseconds(chance.delay(110'000, 300'000)), [this] { crash_now(); });
  }
}

void World::end_faults() {
  stage_.trace("world", "the faults end");
  node_.disk_mood = {};
  node_.database_mood.troubled = false;
  node_.calm();
  crowd_.calm();
  node_.start();
}

// ---- what must hold in the end ----

// I10: 5 s, and what a restart and a patient network take.
void World::all_are_answered() {
  stage_.play(microseconds(8'000'000));
  for (int more = 0; more < 8 && !crowd_.content(); ++more) {  // plans that people still had
    stage_.play(microseconds(1'000'000));
  }
  stage_.check(node_.up(), "I10", "the node does not come up");
  stage_.check(crowd_.content(), "I10", "somebody waits for ever: " + crowd_.who_waits());
}

void World::holds_end() {
  stage_.play(microseconds(7'000'000));
  if (stage_.violation()) return;
  stage_.check(node_.ledger()->open_holds() == 0, "I7", "a hold did not end");
  stage_.check(node_.quiet(), "I3", "something is in flight, though nobody waits");
}

// I3: what is available can be bought, to the last unit, and not one more. A no is "for now" (I8),
// and strangers' own holds may end meanwhile: so others come after them.
void World::nothing_has_leaked() {
  for (const SaleTerms& wished : crowd_.sales()) {
    if (stage_.violation()) return;
    const SaleView* sale = node_.ledger()->sale(wished.name);
    if (!stage_.check(sale != nullptr, "I2", "a sale is lost")) return;
    if (phase_at(sale->terms, stage_.now().raw) != Phase::kOpen) continue;
    const std::uint32_t available = sale->available();
    const std::uint64_t returned = sale->returned, granted = sale->units_granted;
    for (int round = 0; round < 5 && sale->available() > 0; ++round) {
      crowd_.probe(wished.name, sale->available() + 1);
      for (int more = 0; more < 50 && !crowd_.content(); ++more) {
        stage_.play(microseconds(100'000));
      }
    }
    const std::uint64_t sold = sale->units_granted - granted, back = sale->returned - returned;
    stage_.check(
        available <= sold && sold <= available + back, "I3",
        fmt::format("{}: {} available, {} could be bought", wished.name.view(), available, sold));
  }
}

void World::rows_are_complete() {
  for (int more = 0; more < 100 && !node_.rows_complete(); ++more) {
    stage_.play(microseconds(100'000));
  }
  stage_.check(stage_.violation() || node_.rows_complete(), "I2", "rows are missing");
}

void World::audit_holds() {
  if (stage_.violation()) return;
  audit_now(/*all_done=*/true);
}

// Beside a crash the rows may be behind, and that is all.
void World::audit_now(bool all_done) {
  SimDisk disk(node_.platter(), stage_.chance, node_.disk_mood, nullptr, nullptr);
  FileJournalReader journal(disk);
  const auto report = audit({.journal = &journal, .rows = &node_.rows()});
  if (!report) return stage_.blame("I9", "audit: " + report.error().message);
  for (const Check& check : report->checks) {
    const std::string example = check.examples.empty() ? "" : ": " + check.examples.front();
    stage_.check(check.holds, ("audit " + check.name).c_str(), check.says + example);
  }
  stage_.check(report->proven() || !all_done, "audit", "it is not proven");
}

void World::note_retirement(const Ledger& ledger, const Entry& entry, const Changes& changes) {
  const auto* record = std::get_if<SaleRecord>(&entry.record.body);
  if (record == nullptr || record->terms.standing != Standing::kRetired) return;
  const SaleView* sale = ledger.sale(record->terms.uid);
  if (sale == nullptr || sale->position != entry.position) return;
  stage_.reached("a sale was retired");
  const auto its = [&](const OrderChange& it) { return it.id.sale() == record->terms.uid; };
  if (std::any_of(changes.orders.begin(), changes.orders.end(), its)) {
    stage_.reached("a hold ended with the record that retired its sale");
  }
}

// In chunks of any size, by fresh ledgers: the same state as the one that has lived through it all.
void World::replays_are_equal() {
  if (stage_.violation()) return;
  SimDisk disk(node_.platter(), stage_.chance, node_.disk_mood, nullptr, nullptr);
  FileJournalReader journal(disk);
  Ledger ledger;
  Changes changes;
  for (;;) {
    const auto entries = journal.read(ledger.position(), 1 + stage_.chance.below(50));
    if (!entries) return stage_.blame("I9", entries.error().message);
    if (entries->empty()) break;
    for (const Entry& entry : *entries) {
      changes.clear();
      ledger.apply(entry, changes);
      note_retirement(ledger, entry, changes);
    }
    witness_.examine_sums(ledger);
  }
  witness_.examine(ledger);
  stage_.check(ledger.digest() == node_.ledger()->digest(), "I6", "a replay differs");
}

}  // namespace seckill::simulation
