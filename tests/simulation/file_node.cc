#include "file_node.h"

#include <algorithm>
#include <utility>

namespace seckill::simulation {

struct FileNode::Files {
  Files(Platter& platter, Stage& stage, Chance& chance, DiskMood& mood, SimDisk::Later later_,
        SimDisk::Wake wake)
      : sim_disk(platter, stage, chance, mood, std::move(later_), std::move(wake)) {}

  SimDisk sim_disk;
  std::unique_ptr<Disk> other_disk;  // a canary's
  std::unique_ptr<FileJournal> journal;
  std::unique_ptr<Journal> other_journal;
  std::unique_ptr<Orders> other_orders;
  std::vector<std::unique_ptr<FileJournalReader>> readers;
  std::vector<std::unique_ptr<Consumer>> consumers;
};

FileNode::FileNode(NodeId id, Stage& stage, Witness& witness, Canary& canary, NodeShape shape,
                   Hear hear)
    : Node(id, "node", stage, witness, canary, shape.limits, std::move(hear)),
      shape_(shape),
      platter_(shape.sector),
      rows_(chance_, database_mood, [this](const char* what) { stage_.reached(what); }) {
  disk_mood.forgets_directories = !canary.syncs_directories();
}

FileNode::~FileNode() {
  process_.reset();  // it stands on the files
}

// ---- start ----

void FileNode::start() {
  if (up()) return;
  ++starts_;
  const auto mark = rows_.bookmark();
  if (!mark) return failed_to_start(mark.error(), false, false);
  if (shape_.moves && chance_.percent(20)) {
    platter_.move_to(platter_.sector == 512 ? 4'096 : 512);
    stage_.reached("a disk with other sectors");
  }
  files_ = std::make_unique<Files>(
      platter_, stage_, chance_, disk_mood,
      [this](microseconds delay, std::function<void()> event) { later(delay, std::move(event)); },
      [this] { later(microseconds(1), [this] { process_->shell->pump(), touched(); }); });
  Files& files = *files_;
  disk_mood.calls_fail = std::exchange(next_calls_fail_, std::nullopt);
  if (fuse_) files.sim_disk.die_within(fuse_->calls, fuse_->how);

  Ledger ledger;
  auto journal = open_journal(ledger, *mark);
  const bool died = files.sim_disk.dead();
  const bool call_failed = files.sim_disk.failed_calls() > 0;
  const auto fuse = std::exchange(fuse_, std::nullopt);
  if (died && fuse->how == Crash::kPowerCut) {
    rows_.go_back();
    forget_what_nobody_knows();
  }
  if (!journal || died) {  // a journal may be content although the disk died under its last call
    files_.reset();
    return failed_to_start(journal ? Error{Error::Code::kUnavailable, "died"} : journal.error(),
                           died, call_failed);
  }
  stage_.check(!ledger.halted(), "I9", ledger.halted().value_or(""));
  stage_.check(rot_.empty(), "I9", "a damaged block was not noticed");
  witness_.examine(ledger);
  stage_.check(!rows_.mixed_up() || mix_up_ != MixUp::kAhead, "I9", "rows ahead were not noticed");
  note_recovery(**journal);
  files.sim_disk.die_within(-1, Crash::kKill);
  disk_mood.calls_fail.reset();
  files.journal = std::move(*journal);
  open(std::move(ledger));
}

Result<std::unique_ptr<FileJournal>> FileNode::open_journal(Ledger& ledger,
                                                            const std::optional<Bookmark>& mark) {
  Files& files = *files_;
  files.other_disk = canary_.disk(files.sim_disk, rot_.empty() ? nullptr : &rot_.front());
  Disk& disk = files.other_disk ? *files.other_disk : files.sim_disk;
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
    ledger.apply_all(entries, changes, [&](const Entry&, const Verdict&) {
      changes.clear();
      return true;
    });
    return Status{};
  });
}

void FileNode::note_recovery(const FileJournal& journal) {
  const Recovered& found = journal.recovered();
  if (found.is_new) stage_.reached("a journal is born");
  if (found.torn_bytes > 0) stage_.reached("a torn end is dropped");
  if (found.segments > 1) stage_.reached("a recovery over several segments");
  stage_.trace("node", "up: {} blocks in {} segments, {} torn bytes", found.blocks, found.segments,
               found.torn_bytes);
}

void FileNode::open(Ledger ledger) {
  Files& files = *files_;
  const seckill::Node name{chance_.number()};
  files.other_journal = canary_.journal(*files.journal, ledger.position());
  Journal& journal = files.other_journal ? *files.other_journal : *files.journal;
  open_for_business(std::move(ledger), name, journal);
  files.other_orders = canary_.orders(rows_);
  hire_consumers();
  later(microseconds(1), [this] { consume(); });
  touched();
}

void FileNode::hire_consumers() {
  Files& files = *files_;
  files.consumers.clear(), files.readers.clear();
  Orders& orders = files.other_orders ? *files.other_orders : rows_;
  for (int n = 0; n < (shape_.rival ? 2 : 1); ++n) {
    FileJournalReader::Durable durable = [&files] {
      return Position{files.journal->durable().load()};
    };
    if (!canary_.reads_only_what_is_durable()) durable = nullptr;
    files.readers.push_back(
        std::make_unique<FileJournalReader>(files.sim_disk, std::move(durable)));
    files.consumers.push_back(std::make_unique<Consumer>(*files.readers.back(), orders));
  }
}

// A stop must have a reason (I9): rot, rows that are not its own, no space, a call that failed, or
// our own death in the middle of it.
void FileNode::failed_to_start(const Error& error, bool died, bool call_failed) {
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
  start_again(microseconds(50'000), microseconds(1'000'000));
}

// Then somebody mends it.
bool FileNode::was_to_be_refused() {
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
void FileNode::forget_what_nobody_knows() {
  const auto now_at = rows_.mark() ? rows_.mark()->next : Position{};
  std::erase_if(rot_, [&](const Platter::Rot& rot) {
    const bool unknown = rot.last && *rot.last >= now_at;
    if (unknown) platter_.heal(rot);
    return unknown;
  });
}

// ---- the end of a process ----

void FileNode::crash(Crash how, Chance& chance) {
  if (!up()) return;
  stage_.reached(how == Crash::kKill ? "kill -9" : "power cut");
  stage_.trace("node", "{}", how == Crash::kKill ? "is killed" : "has its power cut");
  files_->sim_disk.die(how, chance);
  end_process();
  files_.reset();
  disk_mood.writes_fail.reset();
  disk_mood.calls_fail.reset();
  disk_mood.in_next_write = nullptr;
  if (how != Crash::kPowerCut) return;
  rows_.go_back();
  forget_what_nobody_knows();
}

void FileNode::calm() {
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
void FileNode::lose_power() {
  if (up() || !rot_.empty() || rows_.mixed_up()) return;
  stage_.trace("node", "its power is cut while it is down");
  stage_.reached(platter_.names_are_in_doubt() ? "power cut while names were not synced"
                                               : "power cut while it was down");
  platter_.power_cut(chance_);
  rows_.go_back();
}

void FileNode::rot() {
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

void FileNode::mix_up_rows() {
  if (up() || !rot_.empty() || rows_.mixed_up() || !rows_.mark()) return;
  mix_up_ = static_cast<MixUp>(chance_.below(4));
  rows_.mix_up(mix_up_);
  stage_.trace("operator", "mixes up the rows ({})", static_cast<int>(mix_up_));
  static constexpr const char* kNames[] = {"rows of another journal", "rows ahead of the journal",
                                           "rows of another record", "rows of another digest"};
  stage_.reached(kNames[static_cast<int>(mix_up_)]);
}

// A failed write is final.
void FileNode::check_stop(const std::string& why) {
  stage_.check(files_->sim_disk.failed_writes() > 0, "I9", "stopped for nothing: " + why);
}

void FileNode::check_bounds() {
  Node::check_bounds();
  stage_.check(platter_.segment_bytes() <= shape_.journal_max, "I12",
               "the journal is larger than the season's cap");
}

// ---- its consumers ----

void FileNode::consume() {
  Files& files = *files_;
  Consumer& consumer = *files.consumers[chance_.below(files.consumers.size())];
  const auto before = consumer.stats();
  const bool mixed_up = rows_.mixed_up();
  const auto transactions = rows_.transactions();
  const int failed_calls = files.sim_disk.failed_calls();
  const auto more = consumer.turn(stage_.now());
  if (consumer.stats().lost_races > before.lost_races) stage_.reached("a lost race for the rows");
  if (consumer.stats().quarantined > before.quarantined) stage_.reached("a record in quarantine");
  stage_.check(!mixed_up || rows_.transactions() == transactions, "I9",
               "rows that are not this journal's were written to");
  if (!more && !goes_on_after(more.error(), files.sim_disk.failed_calls() > failed_calls)) return;
  const auto mark = rows_.mark();
  stage_.check(rows_.mixed_up() || !mark || number(mark->next) <= files.journal->durable().load(),
               "I9", "rows are ahead of what is durable");
  const auto pause = more && *more ? chance_.delay(500, 20'000) : chance_.delay(20'000, 300'000);
  later(microseconds(pause), [this] { consume(); });
}

// The consumer stopped: was it right to? False: this process is over.
bool FileNode::goes_on_after(const Error& error, bool call_failed) {
  stage_.trace("consumer", "{}", error.message);
  const bool refused = error.code == Error::Code::kCorrupt && was_to_be_refused();
  const bool many = error.code == Error::Code::kFailed && database_mood.refuses();
  const bool failed = call_failed && error.code != Error::Code::kCorrupt;
  if (many || failed) {  // a person has looked
    stage_.reached(failed ? "a call fails under the consumer" : "too many records in quarantine");
    hire_consumers();
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

bool FileNode::rows_complete() const {
  return up() && rows_.mark() && rows_.mark()->next == process_->sale->ledger().position();
}

}  // namespace seckill::simulation
