#include "node.h"

#include <algorithm>
#include <utility>

namespace seckill::simulation {

struct Node::Asked {
  Ask ask;
  std::uint64_t sale_records = 0;  // that had come back when he asked
  bool alone = false;              // nothing else was gathered or in flight
};

struct Node::Process {
  Process(Platter& platter, Stage& stage, Chance& chance, DiskMood& mood, SimDisk::Later later_,
          SimDisk::Wake wake)
      : sim_disk(platter, stage, chance, mood, std::move(later_), std::move(wake)) {}

  SimDisk sim_disk;
  std::unique_ptr<Disk> other_disk;  // a canary's
  std::unique_ptr<FileJournal> journal;
  std::unique_ptr<Journal> other_journal;
  std::unique_ptr<JournalWatch> watch;
  std::unique_ptr<Sale> sale;
  std::unique_ptr<Shell> shell;
  std::unique_ptr<Orders> other_orders;
  std::vector<std::unique_ptr<FileJournalReader>> readers;
  std::vector<std::unique_ptr<Consumer>> consumers;

  std::vector<Slot> slots;
  std::vector<std::uint32_t> free;
  std::map<Who, Asked> waiting;  // for an answer of the engine, their askers may have left
  bool idle_comes = false;
  SteadyTime wakes_at = kNever;
  bool stopping = false;
  bool draining = false;
  bool was_stopped = false;  // since it began to drain
};

Node::Node(NodeId id, Stage& stage, Witness& witness, Canary& canary, NodeShape shape, Hear hear)
    : id_(id),
      stage_(stage),
      chance_(stage.chance.split()),
      witness_(witness),
      canary_(canary),
      shape_(shape),
      hear_(std::move(hear)),
      platter_(shape.sector),
      rows_(chance_, database_mood, [this](const char* what) { stage_.reached(what); }) {
  disk_mood.forgets_directories = !canary.syncs_directories();
}

Node::~Node() = default;

// ---- start ----

void Node::start() {
  if (up()) return;
  ++starts_;
  const auto mark = rows_.bookmark();
  if (!mark) return failed_to_start(mark.error(), false, false);
  if (shape_.moves && chance_.percent(20)) {
    platter_.move_to(platter_.sector == 512 ? 4'096 : 512);
    stage_.reached("a disk with other sectors");
  }
  process_ = std::make_unique<Process>(
      platter_, stage_, chance_, disk_mood,
      [this](microseconds delay, std::function<void()> event) {
        later(delay, [event = std::move(event)](Process&) { event(); });
      },
      [this] { later(microseconds(1), [this](Process& p) { p.shell->pump(), touched(); }); });
  Process& p = *process_;
  disk_mood.calls_fail = std::exchange(next_calls_fail_, std::nullopt);
  if (fuse_) p.sim_disk.die_within(fuse_->calls, fuse_->how);

  Ledger ledger;
  auto journal = open_journal(p, ledger, *mark);
  const bool died = p.sim_disk.dead();
  const bool call_failed = p.sim_disk.failed_calls() > 0;
  const auto fuse = std::exchange(fuse_, std::nullopt);
  if (died && fuse->how == Crash::kPowerCut) {
    rows_.go_back();
    forget_what_nobody_knows();
  }
  if (!journal || died) {  // a journal may be content although the disk died under its last call
    process_.reset();
    return failed_to_start(journal ? Error{Error::Code::kUnavailable, "died"} : journal.error(),
                           died, call_failed);
  }
  stage_.check(!ledger.halted(), "I9", ledger.halted().value_or(""));
  stage_.check(rot_.empty(), "I9", "a damaged block was not noticed");
  witness_.examine(ledger);
  stage_.check(!rows_.mixed_up() || mix_up_ != MixUp::kAhead, "I9", "rows ahead were not noticed");
  note_recovery(**journal);
  p.sim_disk.die_within(-1, Crash::kKill);
  disk_mood.calls_fail.reset();
  p.journal = std::move(*journal);
  open_for_business(std::move(ledger), seckill::Node{chance_.number()});
}

Result<std::unique_ptr<FileJournal>> Node::open_journal(Process& p, Ledger& ledger,
                                                        const std::optional<Bookmark>& mark) {
  p.other_disk = canary_.disk(p.sim_disk, rot_.empty() ? nullptr : &rot_.front());
  Disk& disk = p.other_disk ? *p.other_disk : p.sim_disk;
  FileJournalOptions options{.segment_bytes = shape_.segment_bytes,
                             .journal_max = shape_.journal_max};
  if (mark && canary_.opens_with_the_rows_bookmark()) options.rows_at = mark->next;
  options.genesis.node = seckill::Node{chance_.number()};
  options.genesis.nonce = chance_.number();
  options.genesis.stamp = stage_.now().raw;
  options.say = [this](std::string_view line) {
    if (line.find("season's cap") != line.npos) stage_.reached("the season's cap");
    stage_.trace("node", "{}", line);
  };
  Changes changes;
  return FileJournal::open(disk, std::move(options), [&](std::span<const Entry> entries) {
    for (const Entry& entry : entries) {
      ledger.apply(entry, changes);
      changes.clear();
    }
    return Status{};
  });
}

void Node::note_recovery(const FileJournal& journal) {
  const Recovered& found = journal.recovered();
  if (found.is_new) stage_.reached("a journal is born");
  if (found.torn_bytes > 0) stage_.reached("a torn end is dropped");
  if (found.segments > 1) stage_.reached("a recovery over several segments");
  stage_.trace("node", "up: {} blocks in {} segments, {} torn bytes", found.blocks, found.segments,
               found.torn_bytes);
}

void Node::open_for_business(Ledger ledger, seckill::Node name) {
  Process& p = *process_;
  stage_.trace("node", "{} records, {} open holds", number(ledger.position()), ledger.open_holds());
  p.other_journal = canary_.journal(*p.journal, ledger.position());
  Journal& journal = p.other_journal ? *p.other_journal : *p.journal;
  p.watch = std::make_unique<JournalWatch>(journal, stage_);
  p.sale = std::make_unique<Sale>(std::move(ledger), name, shape_.limits);
  p.shell = std::make_unique<Shell>(
      *p.sale, *p.watch, [this] { return stage_.now(); },
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

// A stop must have a reason (I9): rot, rows that are not its own, no space, a call that failed, or
// our own death in the middle of it.
void Node::failed_to_start(const Error& error, bool died, bool call_failed) {
  stage_.trace("node", "does not start: {}", error.message);
  const bool corrupt = error.code == Error::Code::kCorrupt;
  const bool refused = corrupt && !died && was_to_be_refused();
  const bool full = error.code == Error::Code::kFull && disk_mood.full;
  const bool failed = !corrupt && call_failed;
  disk_mood.calls_fail.reset();
  if (full) stage_.reached("no space at a start");
  if (failed) stage_.reached("a call fails in its recovery");
  if (!refused && !full && !failed && error.code != Error::Code::kUnavailable) {
    return stage_.blame("I9", "stopped for nothing: " + error.message);
  }
  if (died) {
    ++crashes_, stage_.reached("died in its recovery");
    if (chance_.percent(30)) lose_power();
    if (chance_.percent(30)) {  // and again
      const int calls = static_cast<int>(chance_.below(6));
      crash_within_next_start(calls, chance_.percent(50) ? Crash::kKill : Crash::kPowerCut);
      stage_.reached("and is to die in the next recovery, too");
    }
  }
  const auto pause = chance_.delay(50'000, 1'000'000);
  stage_.later(microseconds(pause), [this] { start(); });
}

// Then somebody mends it.
bool Node::was_to_be_refused() {
  if (!rot_.empty()) {
    stage_.trace("operator", "brings the damaged blocks back from a copy");
    for (const Platter::Rot& rot : std::exchange(rot_, {})) platter_.heal(rot);
    return true;
  }
  if (!rows_.mixed_up()) return false;
  stage_.trace("operator", "brings the right rows");
  rows_.sort_out();
  return true;
}

// Rows that went back do not know a damaged last block any more: nobody could tell it from a torn
// write.
void Node::forget_what_nobody_knows() {
  const auto now_at = rows_.mark() ? rows_.mark()->next : Position{};
  std::erase_if(rot_, [&](const Platter::Rot& rot) {
    const bool unknown = rot.last && *rot.last >= now_at;
    if (unknown) platter_.heal(rot);
    return unknown;
  });
}

// ---- the end of a process ----

void Node::crash(Crash how, Chance& chance) {
  if (!up()) return;
  ++crashes_;
  stage_.reached(how == Crash::kKill ? "kill -9" : "power cut");
  stage_.trace("node", "{}", how == Crash::kKill ? "is killed" : "has its power cut");
  process_->sim_disk.die(how, chance);
  process_.reset();
  stage_.go_on(id_);
  disk_mood.writes_fail.reset();
  disk_mood.calls_fail.reset();
  disk_mood.in_next_write = nullptr;
  if (how != Crash::kPowerCut) return;
  rows_.go_back();
  forget_what_nobody_knows();
}

// SIGTERM: whoever waits is answered first, and soon.
void Node::drain() {
  if (!up() || stage_.is_withheld(id_) || std::exchange(process_->draining, true)) return;
  stage_.trace("node", "drains");
  stage_.reached("SIGTERM");
  process_->sale->drain();
  expect_drained();
  touched();
}

// Within 5 s; a stop meanwhile does not count.
void Node::expect_drained() {
  process_->was_stopped = false;
  later(microseconds(5'000'000), [this](Process& p) {
    if (p.was_stopped) return expect_drained();
    stage_.check(p.stopping, "I10", "it drains for ever");
  });
}

void Node::drained() {
  process_->stopping = true;
  later(microseconds(1'000), [this](Process&) {
    crash(Crash::kKill, chance_);
    const auto pause = chance_.delay(50'000, 500'000);
    stage_.later(microseconds(pause), [this] { start(); });
  });
}

void Node::stop_for(microseconds time, bool when_asked) {
  if (when_asked) stops_when_asked_ = time;
  if (when_asked || !up() || stage_.is_withheld(id_)) return;
  stage_.trace("node", "is stopped for {} ms", time.count() / 1'000);
  stage_.reached(time > microseconds(10'000'000) ? "SIGSTOP for more than 10 s" : "SIGSTOP");
  process_->was_stopped = true;
  stage_.withhold(id_, stage_.now().steady + time);
}

void Node::calm() {
  fuse_.reset();
  next_calls_fail_.reset();
  stops_when_asked_.reset();
  disk_mood = {};
  disk_mood.forgets_directories = !canary_.syncs_directories();
  database_mood.troubled = false;
  const bool capped = std::exchange(shape_.journal_max, NodeShape::kNoCap) != NodeShape::kNoCap;
  if (!rot_.empty() || capped) crash(Crash::kKill, chance_);
  start();
}

// The machine, while nothing runs on it.
void Node::lose_power() {
  if (up() || !rot_.empty() || rows_.mixed_up()) return;
  stage_.trace("node", "its power is cut while it is down");
  stage_.reached(platter_.names_are_in_doubt() ? "power cut while names were not synced"
                                               : "power cut while it was down");
  platter_.power_cut(chance_);
  rows_.go_back();
}

void Node::rot() {
  if (!rot_.empty() || rows_.mixed_up() || platter_.names_are_in_doubt()) return;
  rot_ = platter_.rot(chance_, rows_.mark() ? rows_.mark()->next : Position{});
  for (const Platter::Rot& rot : rot_) {
    stage_.trace("disk", "byte {} of {} rots: {}{}", rot.at, rot.block.name, rot.part,
                 rot.last ? ", of the last block" : "");
    stage_.reached(std::string("rot in ") + (rot.last ? "the last block" : rot.part));
  }
  if (rot_.size() > 1) stage_.reached("rot in two places");
  if (up() && !rot_.empty()) stage_.reached("rot beside a live process");
}

void Node::mix_up_rows() {
  if (up() || !rot_.empty() || rows_.mixed_up() || !rows_.mark()) return;
  mix_up_ = static_cast<MixUp>(chance_.below(4));
  rows_.mix_up(mix_up_);
  stage_.trace("operator", "mixes up the rows ({})", static_cast<int>(mix_up_));
  static constexpr const char* kNames[] = {"rows of another journal", "rows ahead of the journal",
                                           "rows of another record", "rows of another digest"};
  stage_.reached(kNames[static_cast<int>(mix_up_)]);
}

// A failed write is final.
void Node::stopped(const std::string& why) {
  process_->stopping = true;
  stage_.trace("node", "stops itself: {}", why);
  stage_.check(process_->sim_disk.failed_writes() > 0, "I9", "stopped for nothing: " + why);
  const auto pause = chance_.delay(1'000, 50'000);
  later(microseconds(pause), [this](Process&) {
    crash(Crash::kKill, chance_);
    const auto rest = chance_.delay(50'000, 500'000);
    stage_.later(microseconds(rest), [this] { start(); });
  });
}

// ---- its loop ----

// Not for a later process.
void Node::later(microseconds delay, std::function<void(Process&)> event) {
  stage_.later(
      delay,
      [this, epoch = starts_, event = std::move(event)] {
        if (up() && starts_ == epoch) event(*process_);
      },
      id_);
}

void Node::touched() {
  Process& p = *process_;
  witness_.examine_sums(p.sale->ledger());
  check_bounds(p);
  if (p.sale->quiet()) {
    stage_.check(p.waiting.empty(), "I11", "somebody who asked was forgotten");
    if (p.draining && !p.stopping) drained();
  }
  if (!p.idle_comes) {
    p.idle_comes = true;
    const auto soon = chance_.delay(50, 3'000);
    later(microseconds(soon), [this](Process& process) {
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
  const microseconds late(chance_.between(0, 1'000));
  later(at - stage_.now().steady + late, [this, at](Process& process) {
    if (process.wakes_at == at) process.wakes_at = kNever;
    process.shell->pass();
    touched();
  });
}

void Node::check_bounds(Process& p) {
  const SaleLimits& limits = shape_.limits;
  stage_.check(p.sale->waiting() <= limits.waiting_max + limits.lane_max, "I12",
               "more wait than may");
  stage_.check(p.watch->most() <= limits.turn_claims + limits.turn_lane, "I12",
               "a turn is larger than it may be");
  stage_.check(platter_.segment_bytes() <= shape_.journal_max, "I12",
               "the journal is larger than the season's cap");
}

void Node::consume() {
  Process& p = *process_;
  Consumer& consumer = *p.consumers[chance_.below(p.consumers.size())];
  const auto before = consumer.stats();
  const bool mixed_up = rows_.mixed_up();
  const auto transactions = rows_.transactions();
  const int failed_calls = p.sim_disk.failed_calls();
  const auto more = consumer.turn(stage_.now());
  if (consumer.stats().lost_races > before.lost_races) stage_.reached("a lost race for the rows");
  if (consumer.stats().quarantined > before.quarantined) stage_.reached("a record in quarantine");
  stage_.check(!mixed_up || rows_.transactions() == transactions, "I9",
               "rows that are not this journal's were written to");
  if (!more && !goes_on_after(more.error(), p.sim_disk.failed_calls() > failed_calls)) return;
  const auto mark = rows_.mark();
  stage_.check(rows_.mixed_up() || !mark || number(mark->next) <= p.journal->durable().load(), "I9",
               "rows are ahead of what is durable");
  const auto pause = more && *more ? chance_.delay(500, 20'000) : chance_.delay(20'000, 300'000);
  later(microseconds(pause), [this](Process&) { consume(); });
}

// The consumer stopped: was it right to? False: this process is over.
bool Node::goes_on_after(const Error& error, bool call_failed) {
  stage_.trace("consumer", "{}", error.message);
  const bool refused = error.code == Error::Code::kCorrupt && was_to_be_refused();
  const bool many = error.code == Error::Code::kFailed && database_mood.refuses();
  const bool failed = call_failed && error.code != Error::Code::kCorrupt;
  if (many || failed) {  // a person has looked
    stage_.reached(failed ? "a call fails under the consumer" : "too many records in quarantine");
    hire_consumers(*process_);
  }
  if (refused) {  // the process ends, and comes back
    crash(Crash::kKill, chance_);
    stage_.later(microseconds(100'000), [this] { start(); });
    return false;
  }
  if (many || failed || error.code == Error::Code::kUnavailable) return true;
  // What is not there was never durable, or never stored.
  const std::string& why = error.message;
  const bool lost = why.starts_with("journal: ") || why.starts_with("orders: an order's row");
  stage_.blame(lost ? "I2" : "I9", "the consumer stopped for nothing: " + why);
  return false;
}

// ---- its door ----

bool Node::ask(const Call& call) {
  if (!up() || process_->stopping) return false;
  if (stage_.is_withheld(id_)) {  // the kernel takes the connection and the bytes
    later(microseconds(0), [this, call](Process& p) {
      if (!p.stopping) take(call);
    });
  } else {
    take(call);
  }
  return true;
}

void Node::take(const Call& call) {
  Process& p = *process_;
  witness_.asked(call.ask);
  stage_.trace("door", "{}", to_text(call.ask));
  Ask ask = call.ask;
  const auto at_once = canary_.at_the_door(ask, p.sale->ledger());
  const Who who = seat(call.id);
  const Asked asked{call.ask, sale_records_at_first(call.ask), p.sale->quiet()};
  p.waiting.emplace(who, asked);
  if (at_once) {
    const Answer answer{who, *at_once};
    tell(std::span(&answer, 1));
  } else {
    p.shell->ask(who, ask);
  }
  touched();
  if (stops_when_asked_) stop_for(*std::exchange(stops_when_asked_, {}), /*when_asked=*/false);
}

// How many changes of terms had come back when this was asked, or when the claim was that it joins.
std::uint64_t Node::sale_records_at_first(const Ask& ask) const {
  std::uint64_t records = process_->watch->sale_records();
  const auto* buy = std::get_if<Buy>(&ask);
  if (buy == nullptr) return records;
  for (const auto& [who, other] : process_->waiting) {
    const auto* same = std::get_if<Buy>(&other.ask);
    if (same != nullptr && same->sale == buy->sale && same->buyer == buy->buyer &&
        same->key == buy->key) {
      records = std::min(records, other.sale_records);
    }
  }
  return records;
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
  if (!stage_.is_withheld(id_)) return let_go(call);
  later(microseconds(0), [this, call](Process&) { let_go(call); });
}

void Node::let_go(std::uint64_t call) {
  auto& slots = process_->slots;
  const auto slot =
      std::find_if(slots.begin(), slots.end(), [&](const Slot& s) { return s.call == call; });
  if (slot != slots.end()) free_slot(static_cast<std::uint32_t>(slot - slots.begin()));
}

void Node::reload(OrderId order) {
  if (!up() || process_->stopping || stage_.is_withheld(id_)) return;
  witness_.seen(order, process_->sale->ledger());
}

void Node::tell(std::span<const Answer> answers) {
  Process& p = *process_;
  for (const auto& [who, verdict] : answers) {
    const auto waiting = p.waiting.find(who);
    if (!stage_.check(waiting != p.waiting.end(), "I11", "nobody asked, or he was answered")) {
      return;
    }
    const Asked asked = waiting->second;
    const Ask& ask = asked.ask;
    p.waiting.erase(waiting);
    witness_.said(ask, verdict, p.sale->ledger());
    check_refusal(p, asked, verdict);
    stage_.note((number(verdict.position) << 8) | static_cast<std::uint64_t>(verdict.outcome));
    const Slot& slot = p.slots[who.slot];
    const bool there = slot.call && slot.generation == who.generation;
    stage_.trace("node", "{}: {}{}{}", to_text(ask), seckill::to_text(verdict.outcome),
                 verdict.gives() ? ", " + name_of(verdict.order) : "",
                 there ? "" : " (he has left)");
    if (!there) stage_.reached("an answer to somebody who has left");
    if (!slot.call || (!there && canary_.heeds_generations())) continue;
    hear_(*slot.call, verdict);
    free_slot(who.slot);
  }
}

// A no must have been needed.
// A no must have been needed.
void Node::check_refusal(const Process& p, const Asked& asked, const Verdict& verdict) {
  const Outcome said = verdict.outcome;
  const auto* buy = std::get_if<Buy>(&asked.ask);
  const bool of_sale = std::holds_alternative<SaleAsk>(asked.ask);
  if (buy == nullptr && !of_sale && said == Outcome::kBusy) {
    const bool needed = p.draining || p.stopping || !p.sale->why().empty() ||
                        p.watch->room() == Room::kFull ||
                        p.sale->waiting() >= shape_.limits.lane_max;
    stage_.check(needed, "I11", "money was turned away, and there was room (J6)");
  }
  if (buy == nullptr) return;
  const bool recorded = verdict.position < p.sale->ledger().position();
  if (!recorded && asked.alone && !verdict.gives()) witness_.refused_alone(*buy, verdict);
  // Whoever has no hope leaves no record (A10): what is in flight is counted, so that only an
  // operator who came between can make a hopeful claim a hopeless one.
  const bool hopeless =
      said == Outcome::kSoldOut || said == Outcome::kLimitReached || said == Outcome::kSaleFull;
  if (!recorded || !hopeless) return;
  stage_.reached("a hopeful claim was hopeless after all");
  stage_.check(p.watch->sale_records() != asked.sale_records, "A10",
               "a hopeless claim was recorded");
}

// ---- what the world looks at ----

const Ledger* Node::ledger() const { return up() ? &process_->sale->ledger() : nullptr; }

bool Node::quiet() const { return up() && process_->sale->quiet(); }

bool Node::rows_complete() const {
  return up() && rows_.mark() && rows_.mark()->next == process_->sale->ledger().position();
}

}  // namespace seckill::simulation
