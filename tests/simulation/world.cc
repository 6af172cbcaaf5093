#include "world.h"

#include <algorithm>

#include "audit/audit.h"
#include "referee.h"

namespace seckill::simulation {

World::World(const Script& script, Canary& canary)
    : stage_(script),
      witness_(stage_),
      node_(NodeId{1}, stage_, witness_, canary, invent_shape(),
            [this](std::uint64_t call, const Verdict& verdict) { crowd_.hear(call, verdict); }),
      crowd_(stage_, witness_, node_) {}

// Small bounds, so that small crowds meet them.
NodeShape World::invent_shape() {
  Chance& chance = stage_.chance;
  NodeShape shape;
  shape.sector = chance.percent(50) ? 512 : 4'096;
  shape.segment_bytes = 16'384U << chance.below(4);
  if (chance.percent(15)) {
    shape.journal_max = shape.segment_bytes * static_cast<std::uint64_t>(chance.between(2, 6));
  }
  const auto tight = [&](std::int64_t most, std::uint32_t usual) {
    const auto small = static_cast<std::uint32_t>(chance.between(1, most));
    return chance.percent(20) ? small : usual;
  };
  shape.limits.waiting_max = tight(5, 1'000);
  shape.limits.lane_max = tight(3, 100);
  shape.limits.turn_claims = static_cast<std::uint32_t>(chance.between(1, 20));
  shape.limits.turn_lane = static_cast<std::uint32_t>(chance.between(1, 8));
  shape.limits.flush_at = static_cast<std::uint32_t>(chance.between(2, 20));
  shape.limits.flush_after = microseconds(chance.between(1'000, 20'000));
  shape.moves = chance.percent(10);
  shape.rival = chance.percent(20);
  stage_.trace("plan", "sectors of {}, segments of {}, season of {}, {} may wait, {} in the lane{}",
               shape.sector, shape.segment_bytes, shape.journal_max, shape.limits.waiting_max,
               shape.limits.lane_max, shape.rival ? ", two consumers" : "");
  return shape;
}

microseconds World::begin() {
  const microseconds rush(stage_.chance.between(1'000'000, 8'000'000));
  const microseconds rest(stage_.chance.between(0, 4'000'000));
  poison_rows();
  node_.start();
  crowd_.open(rush);
  plan_faults(rush);
  return rush + rest;
}

std::size_t World::plan() {
  begin();
  return stage_.decisions();
}

Played World::play() {
  stage_.play(begin());
  end_faults();
  all_are_answered();
  holds_end();
  nothing_has_leaked();
  rows_are_complete();
  audit_holds();
  replays_are_equal();
  witness_.note_outcomes();
  return {.violation = stage_.violation(),
          .fingerprint = stage_.fingerprint(),
          .decisions = stage_.decisions(),
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
  if (!stage_.chance.percent(20)) return;
  auto chance = stage_.decision("the shop's database refuses some rows");
  if (!chance) return;
  DatabaseMood& mood = node_.database_mood;
  mood.refuses_buyer = *Buyer::from(fmt::format("b{}", chance->below(6)));
  if (chance->percent(20)) mood.refuses_buyer = *Buyer::from("bot");
  if (chance->percent(50)) mood.refuses_key = *Key::from(fmt::format("k{}", chance->below(4)));
  mood.refuses_payment = *PaymentId::from(fmt::format("p{}", chance->between(1, 8)));
}

template <class Fault>
void World::at_some_time(std::uint64_t most, microseconds within, const char* what, Fault fault) {
  const auto times = stage_.chance.below(most + 1);
  for (std::uint64_t n = 0; n < times; ++n) {
    const auto at = stage_.chance.between(1, within.count());
    const auto decided = stage_.decision("at {} ms: {}", at / 1'000, what);
    if (!decided) continue;
    stage_.later(microseconds(at), [fault, chance = *decided]() mutable { fault(chance); });
  }
}

void World::plan_faults(microseconds within) {
  at_some_time(5, within, "a crash", [this](Chance& chance) { crash_soon(chance); });
  at_some_time(1, within, "SIGTERM", [this](Chance&) { node_.drain(); });
  if (stage_.chance.percent(15)) {
    at_some_time(2, within, "SIGSTOP", [this](Chance& chance) {
      const auto time = chance.percent(50) ? chance.between(100'000, 9'000'000)
                                           : chance.between(10'000'000, 30'000'000);
      node_.stop_for(microseconds(time), /*when_asked=*/chance.percent(50));
    });
  }
  at_some_time(1, within, "the database is in trouble", [this](Chance& chance) {
    node_.database_mood.troubled = true;
    const auto time = chance.delay(500'000, 2'000'000);
    stage_.later(microseconds(time), [this] { node_.database_mood.troubled = false; });
  });
  if (stage_.chance.percent(20)) {
    at_some_time(1, within, "a byte rots", [this](Chance&) { node_.rot(); });
  }
  plan_disk_faults(within);
  plan_clock_faults(within);
}

void World::plan_disk_faults(microseconds within) {
  const auto failing = [](Chance& chance, std::uint64_t most) {
    const int in = static_cast<int>(chance.below(most));
    return Failing{in, static_cast<Trouble>(chance.below(3))};
  };
  at_some_time(1, within, "the n-th write fails", [this, failing](Chance& chance) {
    node_.disk_mood.writes_fail = failing(chance, 5);
  });
  if (stage_.chance.percent(30)) {
    at_some_time(1, within, "the n-th call that waits fails", [this, failing](Chance& chance) {
      node_.disk_mood.calls_fail = failing(chance, 20);
    });
  }
  if (stage_.chance.percent(30)) {
    at_some_time(1, within, "no segment can be made, once",
                 [this](Chance&) { node_.disk_mood.next_make_fails = true; });
  }
  at_some_time(1, within, "the disk is slow", [this](Chance& chance) {
    stage_.reached("a slow disk");
    node_.disk_mood.flush_usual = microseconds(30'000);
    node_.disk_mood.flush_most = microseconds(1'000'000);
    const auto time = chance.delay(500'000, 2'000'000);
    stage_.later(microseconds(time), [this] {
      node_.disk_mood.flush_usual = DiskMood{}.flush_usual;
      node_.disk_mood.flush_most = DiskMood{}.flush_most;
    });
  });
  at_some_time(1, within, "the disk is full", [this](Chance& chance) {
    stage_.reached("a full disk");
    node_.disk_mood.full = true;
    const auto time = chance.delay(500'000, 2'000'000);
    stage_.later(microseconds(time), [this] { node_.disk_mood.full = false; });
  });
}

void World::plan_clock_faults(microseconds within) {
  at_some_time(2, within, "the wall clock steps", [this](Chance& chance) {
    const milliseconds some(chance.between(-5'000, 5'000));
    const milliseconds much(chance.between(-1, 1) * 3'600'000);
    const milliseconds step = chance.percent(50) ? some : much;
    stage_.reached(step < milliseconds(0) ? "the wall clock steps back"
                                          : "the wall clock steps forward");
    stage_.trace("clock", "the wall clock steps by {} ms", step.count());
    stage_.step_wall_clock(step);
  });
  if (!stage_.chance.percent(30)) return;
  at_some_time(1, within, "the wall clock stands still", [this](Chance& chance) {
    stage_.reached("the wall clock stands still");
    stage_.stop_wall_clock();
    const bool jumps = chance.percent(50);
    const auto time = chance.delay(1'000'000, 4'000'000);
    stage_.later(microseconds(time), [this, jumps] { stage_.let_wall_clock_go(jumps); });
  });
}

// Now, or in the midst of a write.
void World::crash_soon(Chance& chance) {
  if (!node_.up() || chance.percent(50)) return crash_now(chance);
  node_.disk_mood.in_next_write = [this, chance]() mutable {
    stage_.reached("a crash in the midst of a write");
    crash_now(chance);
  };
}

void World::crash_now(Chance& chance) {
  Chance its_own = chance.split();
  const auto how = [&] { return chance.percent(50) ? Crash::kKill : Crash::kPowerCut; };
  node_.crash(how(), its_own);
  if (node_.has_journal() && chance.percent(30)) audit_now(/*all_done=*/false);
  if (chance.percent(10)) node_.lose_power();
  if (chance.percent(20)) node_.rot();
  if (chance.percent(8)) node_.mix_up_rows();
  if (chance.percent(30)) {
    const int calls = static_cast<int>(chance.below(6));
    node_.crash_within_next_start(calls, how());
  } else if (chance.percent(10)) {
    const int calls = static_cast<int>(chance.below(12));
    node_.trouble_within_next_start({calls, static_cast<Trouble>(chance.below(3))});
  }
  const auto down = chance.delay(100'000, 1'000'000);
  stage_.later(microseconds(down), [this] { node_.start(); });
  if (!chance.percent(20)) return;
  const auto again = chance.delay(110'000, 300'000);  // right after it is up
  stage_.later(microseconds(again), [this, chance]() mutable { crash_now(chance); });
}

void World::end_faults() {
  stage_.trace("world", "the faults end");
  stage_.let_wall_clock_go(/*jumps=*/true);
  while (!stage_.violation() && stage_.is_withheld(NodeId{1})) {
    stage_.play(microseconds(1'000'000));
  }
  crowd_.calm();
  node_.calm();
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
  // A clock that stepped back is noticed at the next tick, 30 s later at most: so much longer a
  // hold may last then (A13).
  const microseconds most = crowd_.longest_hold() + milliseconds(100'000);
  stage_.play(microseconds(7'000'000));
  for (microseconds waited{7'000'000}; waited < most; waited += milliseconds(1'000)) {
    if (stage_.violation() || node_.ledger()->open_holds() == 0) break;
    stage_.play(microseconds(1'000'000));
  }
  if (stage_.violation()) return;
  stage_.check(node_.ledger()->open_holds() == 0, "I7", "a hold did not end");
  // A tick may be on its way just now.
  for (int more = 0; more < 10 && !node_.quiet(); ++more) stage_.play(microseconds(20'000));
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
    const std::uint32_t available =
        std::min(sale->available(), sale->terms.orders_max - sale->orders);
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
  witness_.examine_payments(node_.rows(), node_.database_mood.refuses_payment);
}

void World::audit_holds() {
  if (stage_.violation()) return;
  audit_now(/*all_done=*/true);
}

// Beside a crash the rows may be behind, and that is all.
void World::audit_now(bool all_done) {
  DiskMood mood;  // the auditor's own machine
  SimDisk disk(node_.platter(), stage_, stage_.chance, mood);
  FileJournalReader journal(disk);
  const auto report = audit({.journal = &journal, .rows = &node_.rows()});
  if (!report) return stage_.blame("I9", "audit: " + report.error().message);
  for (const Check& check : report->checks) {
    const std::string example = check.examples.empty() ? "" : ": " + check.examples.front();
    stage_.check(check.holds, ("audit " + check.name).c_str(), check.says + example);
  }
  stage_.check(report->proven() || !all_done, "audit", "it is not proven");
}

// In chunks of any size, by fresh ledgers: the same state as the one that has lived through it all.
void World::replays_are_equal() {
  if (stage_.violation()) return;
  DiskMood mood;  // the auditor's own machine
  SimDisk disk(node_.platter(), stage_, stage_.chance, mood);
  FileJournalReader journal(disk);
  Ledger ledger;
  Changes changes;
  Referee referee(stage_, witness_.figures(), witness_.refusals());
  for (;;) {
    const auto entries = journal.read(ledger.position(), 1 + stage_.chance.below(50));
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
  stage_.check(ledger.digest() == node_.ledger()->digest(), "I6", "a replay differs");
}

}  // namespace seckill::simulation
