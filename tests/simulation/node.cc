#include "node.h"

#include <algorithm>
#include <utility>

namespace seckill::simulation {

struct Node::Process {
  Process(Platter& platter, Chance& chance, DiskMood& mood, SimDisk::Later later_,
          SimDisk::Wake wake)
      : sim_disk(platter, chance, mood, std::move(later_), std::move(wake)) {}

  SimDisk sim_disk;
  std::unique_ptr<Disk> other_disk;  // a canary's
  std::unique_ptr<FileJournal> journal;
  std::unique_ptr<Journal> other_journal;
  std::unique_ptr<Sale> sale;
  std::unique_ptr<Shell> shell;
  std::unique_ptr<Orders> other_orders;
  std::vector<std::unique_ptr<FileJournalReader>> readers;
  std::vector<std::unique_ptr<Consumer>> consumers;

  std::vector<Slot> slots;
  std::vector<std::uint32_t> free;
  std::map<Who, Ask> waiting;  // for an answer of the engine, their askers may have left
  bool idle_comes = false;
  SteadyTime wakes_at = kNever;
  bool stopping = false;
  bool draining = false;
};

Node::Node(Stage& stage, Witness& witness, Canary& canary, NodeShape shape, Hear hear)
    : stage_(stage),
      witness_(witness),
      canary_(canary),
      shape_(shape),
      hear_(std::move(hear)),
      platter_(shape.sector),
      rows_(stage.chance, database_mood) {}

Node::~Node() = default;

// ---- start and crash ----

void Node::start() {
  if (up()) return;
  ++starts_;
  const auto mark = rows_.bookmark();
  if (!mark) return failed_to_start(mark.error(), false);
  if (shape_.moves && stage_.chance.percent(20)) {
    platter_.sector = platter_.sector == 512 ? 4'096 : 512;
    stage_.reached("a disk with other sectors");
  }
  process_ = std::make_unique<Process>(
      platter_, stage_.chance, disk_mood,
      [this](microseconds delay, std::function<void()> event) {
        later(delay, [event = std::move(event)](Process&) { event(); });
      },
      [this] { later(microseconds(1), [this](Process& p) { p.shell->pump(), touched(); }); });
  Process& p = *process_;
  if (fuse_) p.sim_disk.die_within(fuse_->calls, fuse_->how);
  p.other_disk = canary_.disk(p.sim_disk, rot_);
  Disk& disk = p.other_disk ? *p.other_disk : p.sim_disk;

  Ledger ledger;
  Changes changes;
  FileJournalOptions options{.segment_bytes = shape_.segment_bytes};
  if (*mark && canary_.opens_with_the_rows_bookmark()) options.rows_at = (*mark)->next;
  const seckill::Node name{stage_.chance.number()};
  options.genesis = {name, stage_.chance.number(), stage_.now().raw, kNewestRules};
  options.say = [this](std::string_view line) { stage_.trace("node", "{}", line); };
  auto journal = FileJournal::open(disk, std::move(options), [&](std::span<const Entry> entries) {
    for (const Entry& entry : entries) {
      ledger.apply(entry, changes);
      changes.clear();
    }
    return Status{};
  });
  const bool died = p.sim_disk.dead();
  const auto fuse = std::exchange(fuse_, std::nullopt);
  if (died && fuse->how == Crash::kPowerCut) {
    rows_.go_back();
    const auto now_at = rows_.mark() ? rows_.mark()->next : Position{};
    // Nobody could tell it from a torn write any more.
    if (rot_ && rot_->last && *rot_->last >= now_at) platter_.heal(*std::exchange(rot_, {}));
  }
  if (!journal || died) {  // a journal may be content although the disk died under its last call
    process_.reset();
    return failed_to_start(journal ? Error{Error::Code::kUnavailable, "died"} : journal.error(),
                           died);
  }
  stage_.check(!ledger.halted(), "I9", ledger.halted().value_or(""));
  stage_.check(!rot_, "I9", "a damaged block was not noticed");
  witness_.examine(ledger);
  stage_.check(!rows_.mixed_up() || mix_up_ != MixUp::kAhead, "I9", "rows ahead were not noticed");
  p.sim_disk.die_within(-1, Crash::kKill);
  p.journal = std::move(*journal);
  p.other_journal = canary_.journal(*p.journal, ledger.position());
  stage_.trace("node", "up: {} records, {} open holds", number(ledger.position()),
               ledger.open_holds());
  p.sale = std::make_unique<Sale>(std::move(ledger), name, shape_.limits);
  p.shell = std::make_unique<Shell>(
      *p.sale, p.other_journal ? *p.other_journal : *p.journal, [this] { return stage_.now(); },
      [this](std::span<const Answer> answers) { tell(answers); },
      [this](const std::string& why) { stopped(why); });
  p.other_orders = canary_.orders(rows_);
  hire_consumers(p);
  later(microseconds(1), [this](Process&) { consume(); });
  touched();
}

void Node::hire_consumers(Process& p) {
  p.consumers.clear(), p.readers.clear();
  Orders& orders = p.other_orders ? *p.other_orders : rows_;
  for (int n = 0; n < (shape_.rival ? 2 : 1); ++n) {
    FileJournalReader::Durable durable = [&p] { return Position{p.journal->durable().load()}; };
    if (!canary_.reads_only_what_is_durable()) durable = nullptr;
    p.readers.push_back(std::make_unique<FileJournalReader>(p.sim_disk, std::move(durable)));
    p.consumers.push_back(std::make_unique<Consumer>(*p.readers.back(), orders));
  }
}

// A stop must have a reason (I9): rot, rows that are not its own, no space, or our own death in the
// middle of it.
void Node::failed_to_start(const Error& error, bool died) {
  stage_.trace("node", "does not start: {}", error.message);
  const bool refused = error.code == Error::Code::kCorrupt && !died && was_to_be_refused();
  const bool full = error.code == Error::Code::kFull && disk_mood.full;
  if (full) stage_.reached("no space at a start");
  if (!refused && !full && error.code != Error::Code::kUnavailable) {
    return stage_.blame("I9", "stopped for nothing: " + error.message);
  }
  if (died) ++crashes_, stage_.reached("died in its recovery");
  if (died && stage_.chance.percent(30)) lose_power();
  stage_.later(microseconds(stage_.chance.delay(50'000, 1'000'000)), [this] { start(); });
}

// Then somebody mends it.
bool Node::was_to_be_refused() {
  if (rot_) {
    stage_.trace("operator", "brings the damaged block back from a copy");
    platter_.heal(*std::exchange(rot_, std::nullopt));
    return true;
  }
  if (!rows_.mixed_up()) return false;
  stage_.trace("operator", "brings the right rows");
  rows_.sort_out();
  return true;
}

void Node::crash(Crash how) {
  if (!up()) return;
  ++crashes_;
  stage_.reached(how == Crash::kKill ? "kill -9" : "power cut");
  stage_.trace("node", "{}", how == Crash::kKill ? "is killed" : "has its power cut");
  process_->sim_disk.die(how);
  process_.reset();
  if (how == Crash::kPowerCut) rows_.go_back();
}

// SIGTERM: whoever waits is answered first, and soon.
void Node::drain() {
  if (!up() || std::exchange(process_->draining, true)) return;
  stage_.trace("node", "drains");
  process_->sale->drain();
  later(microseconds(5'000'000),
        [this](Process& p) { stage_.check(p.stopping, "I10", "it drains for ever"); });
  touched();
}

void Node::drained() {
  process_->stopping = true;
  later(microseconds(1'000), [this](Process&) {
    crash(Crash::kKill);
    stage_.later(microseconds(stage_.chance.delay(50'000, 500'000)), [this] { start(); });
  });
}

// The machine, while nothing runs on it.
void Node::lose_power() {
  if (up() || rot_ || rows_.mixed_up()) return;
  stage_.trace("node", "its power is cut while it is down");
  stage_.reached(platter_.names_are_in_doubt() ? "power cut while names were not synced"
                                               : "power cut while it was down");
  platter_.power_cut(stage_.chance);
  rows_.go_back();
}

void Node::rot() {
  if (up() || rot_ || rows_.mixed_up() || platter_.names_are_in_doubt()) return;
  rot_ = platter_.rot(stage_.chance, rows_.mark() ? rows_.mark()->next : Position{});
  if (!rot_) return;
  stage_.trace("disk", "byte {} of {} rots: {}{}", rot_->at, rot_->block.name, rot_->part,
               rot_->last ? ", of the last block" : "");
  stage_.reached(std::string("rot in ") + (rot_->last ? "the last block" : rot_->part));
}

void Node::mix_up_rows() {
  if (up() || rot_ || rows_.mixed_up() || !rows_.mark()) return;
  mix_up_ = static_cast<MixUp>(stage_.chance.below(4));
  rows_.mix_up(mix_up_);
  stage_.trace("operator", "mixes up the rows ({})", static_cast<int>(mix_up_));
  stage_.reached("rows that are not this journal's");
}

void Node::stopped(const std::string& why) {
  process_->stopping = true;
  stage_.trace("node", "stops itself: {}", why);
  stage_.check(std::exchange(write_failed_, false), "I9", "stopped for nothing: " + why);
  later(microseconds(stage_.chance.delay(1'000, 50'000)), [this](Process&) {
    crash(Crash::kKill);
    stage_.later(microseconds(stage_.chance.delay(50'000, 500'000)), [this] { start(); });
  });
}

// ---- its loop ----

// Not for a later process.
void Node::later(microseconds delay, std::function<void(Process&)> event) {
  stage_.later(delay, [this, epoch = starts_, event = std::move(event)] {
    if (up() && starts_ == epoch) event(*process_);
  });
}

void Node::touched() {
  Process& p = *process_;
  witness_.examine_sums(p.sale->ledger());
  stage_.check(p.sale->waiting() <= shape_.limits.waiting_max + shape_.limits.lane_max, "I12",
               "more wait than may");
  if (p.sale->quiet()) {
    stage_.check(p.waiting.empty(), "I11", "somebody who asked was forgotten");
    if (p.draining && !p.stopping) drained();
  }
  if (!p.idle_comes) {
    p.idle_comes = true;
    later(microseconds(stage_.chance.delay(50, 3'000)), [this](Process& process) {
      process.idle_comes = false;
      const auto before = process.sale->stats().turns;
      process.shell->pump();
      process.shell->idle();
      if (process.sale->stats().turns != before) touched();
    });
  }
  const SteadyTime wake = p.shell->wake();
  if (wake == kNever || wake >= p.wakes_at) return;
  const SteadyTime at = std::max(wake, stage_.now().steady);
  p.wakes_at = at;
  later(at - stage_.now().steady + microseconds(stage_.chance.between(0, 1'000)),
        [this, at](Process& process) {
          if (process.wakes_at == at) process.wakes_at = kNever;
          process.shell->pass();
          touched();
        });
}

void Node::consume() {
  Process& p = *process_;
  Consumer& consumer = *p.consumers[stage_.chance.below(p.consumers.size())];
  const auto before = consumer.stats();
  const bool mixed_up = rows_.mixed_up();
  const auto transactions = rows_.transactions();
  const auto more = consumer.turn(stage_.now());
  if (consumer.stats().lost_races > before.lost_races) stage_.reached("a lost race for the rows");
  if (consumer.stats().quarantined > before.quarantined) stage_.reached("a record in quarantine");
  stage_.check(!mixed_up || rows_.transactions() == transactions, "I9",
               "rows that are not this journal's were written to");
  if (!more) {
    stage_.trace("consumer", "{}", more.error().message);
    const bool refused = more.error().code == Error::Code::kCorrupt && was_to_be_refused();
    const bool many = more.error().code == Error::Code::kFailed && database_mood.refuses();
    if (many) hire_consumers(p);  // a person has looked
    if (!refused && !many && more.error().code != Error::Code::kUnavailable) {
      // No byte rots while a process is up: what is not there was never durable, or never stored.
      const std::string& why = more.error().message;
      const bool lost = why.starts_with("journal: ") || why.starts_with("orders: an order's row");
      return stage_.blame(lost ? "I2" : "I9", "the consumer stopped for nothing: " + why);
    }
    if (refused) {  // the process ends, and comes back
      crash(Crash::kKill);
      return stage_.later(microseconds(100'000), [this] { start(); });
    }
  }
  const auto mark = rows_.mark();
  stage_.check(rows_.mixed_up() || !mark || number(mark->next) <= p.journal->durable().load(), "I9",
               "rows are ahead of what is durable");
  const auto pause =
      more && *more ? stage_.chance.delay(500, 20'000) : stage_.chance.delay(20'000, 300'000);
  later(microseconds(pause), [this](Process&) { consume(); });
}

// ---- its door ----

bool Node::ask(const Call& call) {
  if (!up() || process_->stopping) return false;
  Process& p = *process_;
  witness_.asked(call.ask);
  Ask ask = call.ask;
  const auto at_once = canary_.at_the_door(ask, p.sale->ledger());
  const Who who = seat(call.id);
  p.waiting.emplace(who, call.ask);
  if (at_once) {
    const Answer answer{who, *at_once};
    tell(std::span(&answer, 1));
  } else {
    p.shell->ask(who, ask);
  }
  touched();
  return true;
}

Who Node::seat(std::uint64_t call) {
  Process& p = *process_;
  if (p.free.empty()) {
    p.free.push_back(static_cast<std::uint32_t>(p.slots.size()));
    p.slots.emplace_back();
  }
  const std::uint32_t slot = p.free.back();
  p.free.pop_back();
  p.slots[slot].call = call;
  return {slot, p.slots[slot].generation};
}

void Node::free_slot(std::uint32_t slot) {
  Slot& free = process_->slots[slot];
  free.call.reset();
  ++free.generation;
  process_->free.push_back(slot);
}

void Node::leave(std::uint64_t call) {
  if (!up()) return;
  auto& slots = process_->slots;
  const auto slot =
      std::find_if(slots.begin(), slots.end(), [&](const Slot& s) { return s.call == call; });
  if (slot != slots.end()) free_slot(static_cast<std::uint32_t>(slot - slots.begin()));
}

void Node::tell(std::span<const Answer> answers) {
  Process& p = *process_;
  for (const auto& [who, verdict] : answers) {
    const auto waiting = p.waiting.find(who);
    if (!stage_.check(waiting != p.waiting.end(), "I11", "nobody asked, or he was answered")) {
      return;
    }
    const Ask ask = waiting->second;
    p.waiting.erase(waiting);
    witness_.said(ask, verdict, p.sale->ledger());
    const Slot& slot = p.slots[who.slot];
    const bool there = slot.call && slot.generation == who.generation;
    stage_.trace("node", "{}: {}{}", to_text(ask), seckill::to_text(verdict.outcome),
                 there ? "" : " (he has left)");
    if (!slot.call || (!there && canary_.heeds_generations())) continue;
    hear_(*slot.call, verdict);
    free_slot(who.slot);
  }
}

// ---- what the world looks at ----

const Ledger* Node::ledger() const { return up() ? &process_->sale->ledger() : nullptr; }

bool Node::quiet() const { return up() && process_->sale->quiet(); }

bool Node::rows_complete() const {
  return up() && rows_.mark() && rows_.mark()->next == process_->sale->ledger().position();
}

}  // namespace seckill::simulation
