#include "lone_world.h"

namespace seckill::simulation {

LoneWorld::LoneWorld(const Script& script, Canary& canary)
    : World(script),
      node_(NodeId{1}, stage_, witness_, canary, invent_shape(),
            [this](std::uint64_t call, const Verdict& verdict) { hear(call, verdict); }) {
  people_come();
}

NodeShape LoneWorld::invent_shape() {
  Chance& chance = stage_.chance;
  NodeShape shape;
  shape.sector = chance.percent(50) ? 512 : 4'096;
  shape.segment_bytes = 16'384U << chance.below(4);
  if (chance.percent(15)) {
    shape.journal_max = shape.segment_bytes * static_cast<std::uint64_t>(chance.between(2, 6));
  }
  shape.limits = invent_limits();
  shape.moves = chance.percent(10);
  shape.rival = chance.percent(20);
  stage_.trace("plan", "sectors of {}, segments of {}, season of {}, {} may wait, {} in the lane{}",
               shape.sector, shape.segment_bytes, shape.journal_max, shape.limits.waiting_max,
               shape.limits.lane_max, shape.rival ? ", two consumers" : "");
  return shape;
}

void LoneWorld::plan_faults(microseconds within) {
  at_some_time(5, within, "a crash", [this](Chance& chance) { crash_soon(chance); });
  at_some_time(1, within, "SIGTERM", [this](Chance&) { node_.drain(); });
  if (stage_.chance.percent(15)) {
    at_some_time(2, within, "SIGSTOP", [this](Chance& chance) {
      const auto time = chance.percent(50) ? chance.between(100'000, 9'000'000)
                                           : chance.between(10'000'000, 30'000'000);
      node_.stop_for(microseconds(time), /*when_asked=*/chance.percent(50));
    });
  }
  at_some_time(1, within, "the database is in trouble",
               [this](Chance& chance) { trouble_the_database(chance); });
  if (stage_.chance.percent(20)) {
    at_some_time(1, within, "a byte rots", [this](Chance&) { node_.rot(); });
  }
  plan_disk_faults(within);
  plan_clock_faults(within);
}

void LoneWorld::plan_disk_faults(microseconds within) {
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

void LoneWorld::plan_clock_faults(microseconds within) {
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
void LoneWorld::crash_soon(Chance& chance) {
  if (!node_.up() || chance.percent(50)) return crash_now(chance);
  node_.disk_mood.in_next_write = [this, chance]() mutable {
    stage_.reached("a crash in the midst of a write");
    crash_now(chance);
  };
}

void LoneWorld::crash_now(Chance& chance) {
  Chance its_own = chance.split();
  const auto how = [&] { return chance.percent(50) ? Crash::kKill : Crash::kPowerCut; };
  node_.crash(how(), its_own);
  if (node_.has_journal() && chance.percent(30)) audit_now();
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

void LoneWorld::end_faults() {
  stage_.let_wall_clock_go(/*jumps=*/true);
  while (!stage_.violation() && stage_.is_withheld(NodeId{1})) {
    stage_.play(microseconds(1'000'000));
  }
  crowd_->calm();
  node_.calm();
}

// The auditor's own machine, which only reads.
std::unique_ptr<JournalReader> LoneWorld::strangers_reader() {
  struct Reader final : JournalReader {
    explicit Reader(LoneWorld& world)
        : disk(world.node_.platter(), world.stage_, world.stage_.chance, mood), files(disk) {}
    Result<std::span<const Entry>> read(Position from, std::size_t most) override {
      return files.read(from, most);
    }
    DiskMood mood;
    SimDisk disk;
    FileJournalReader files;
  };
  return std::make_unique<Reader>(*this);
}

}  // namespace seckill::simulation
