#include "journal/file_journal.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/counted.h"
#include "base/invariant.h"
#include "journal/bytes.h"
#include "journal/walk.h"

namespace seckill {
namespace {

constexpr std::string_view kTemporary = ".tmp";  // behind a segment's name, while it is put there

constexpr const char* kNoRoom =
    "journal: full: nothing was written; free some space, or begin a new season";

Status check(const FileJournalOptions& options, std::size_t sector) {
  if (options.segment_bytes < 4 * sector || options.segment_bytes % sector != 0) {
    return fail(Error::Code::kInvalid,
                fmt::format("journal: a segment of {} bytes is too small, or no multiple of the "
                            "disk's sector ({}); set segment.size to 64MiB",
                            options.segment_bytes, sector));
  }
  return {};
}

bool is_temporary(std::string_view name) {
  return name.ends_with(kTemporary) &&
         segment_number(name.substr(0, name.size() - kTemporary.size()));
}

// Their bytes are in the block that was just made of them.
void entries_of(std::span<const std::byte> block, std::span<const Record> records, Position first,
                RawTime stamp, std::vector<Entry>& to) {
  std::span<const std::byte> left = block.subspan(kBlockHeadBytes);
  for (const Record& record : records) {
    const auto bytes = left.subspan(4, load_at<std::uint32_t>(left, 0));
    left = left.subspan(4 + bytes.size());
    to.push_back({first, stamp, bytes, record});
    first = next(first);
  }
}

}  // namespace

FileJournal::FileJournal(Disk& disk, FileJournalOptions options)
    : disk_(disk), options_(std::move(options)) {
  for (Turn& turn : turns_) turn.entries.reserve(256);
}

Result<std::unique_ptr<FileJournal>> FileJournal::open(Disk& disk, FileJournalOptions options,
                                                       const Visitor& visit) {
  if (Status good = check(options, disk.sector()); !good) return fail(good.error());
  std::unique_ptr<FileJournal> journal(new FileJournal(disk, std::move(options)));
  if (Status good = journal->recover(visit); !good) return fail(good.error());
  journal->durable_ = number(journal->next_);
  journal->make_first_spare();
  return journal;
}

Status FileJournal::recover(const Visitor& visit) {
  Walk walk(disk_);
  const auto there = walk.start();
  if (!there) return fail(there.error());
  if (!*there) return create(visit);

  std::vector<Entry> entries;
  for (;;) {
    const auto block = walk.next();
    if (!block) return fail(block.error());
    if (!*block) break;
    entries.clear();
    if (Status good = entries_of(**block, entries); !good) {
      return fail(damage_at(walk.last_block(), good.error().message));
    }
    if (Status good = visit(entries); !good) return good;
    ++recovered_.blocks;
  }
  const auto tail = walk.judge_end();
  if (!tail) return fail(tail.error());
  if (walk.position() < options_.rows_at) {
    return fail(
        damage_at(walk.place(),
                  fmt::format("the journal ends here, before record {}, but the rows know {}: rows "
                              "of another journal, or an older copy of this one ({})",
                              number(walk.position()), counted(number(options_.rows_at), "record"),
                              walk.why())));
  }
  recovered_.torn_bytes = tail->bytes;
  if (tail->bytes > 0) {
    options_.say(
        fmt::format("journal: dropped a torn last write at {}: {} bytes that nobody was "
                    "told of; nothing to do",
                    to_text(walk.place()), tail->bytes));
  }
  segment_ = walk.segment();
  offset_ = walk.place().offset;
  next_ = walk.position();
  crc_ = walk.crc();
  recovered_.segments = segment_.number;
  return keep(walk.place());
}

// From the highest number down, so that a crash in between leaves no gap.
Status FileJournal::remove_above(std::uint32_t segment) {
  const auto names = disk_.list();
  if (!names) return fail(names.error());
  for (auto name = names->rbegin(); name != names->rend(); ++name) {
    if (!is_temporary(*name) && segment_number(*name).value_or(0) <= segment) continue;
    if (Status gone = disk_.remove(*name); !gone) return gone;
  }
  return {};
}

// J3: what is kept of the last segment goes into a new file; what lies behind it goes away.
Status FileJournal::keep(const Place& end) {
  if (Status gone = remove_above(end.segment); !gone) return gone;
  const std::string name = segment_name(end.segment);
  const std::string temporary = name + std::string(kTemporary);
  std::vector<std::byte> kept(std::min(end.offset, segment_.segment_bytes));
  const auto got = disk_.read(name, 0, kept);
  if (!got) return fail(got.error());
  if (*got != kept.size()) return fail(damage_at(end, "the file has shrunk while it was read"));
  if (Status put = disk_.put(temporary, kept, segment_.segment_bytes); !put) return put;
  if (Status moved = disk_.rename(temporary, name); !moved) return moved;
  // Blocks of a segment lie on the sectors that its head names: on a disk with larger ones its rest
  // may not be touched (J1), on one with smaller ones nobody would look for a block in between.
  if (disk_.sector() != segment_.sector) offset_ = segment_.segment_bytes;
  return {};
}

// Record 0 is durable before its file has the first segment's name: a crash on the way leaves no
// journal, or this one.
Status FileJournal::create(const Visitor& visit) {
  const Genesis& genesis = options_.genesis;
  if (options_.rows_at != Position{}) {
    return fail(Error::Code::kCorrupt,
                fmt::format("journal: there is none here, but the rows know {} of one; do "
                            "not start a new one beside them: bring its segments back, or name "
                            "other rows",
                            counted(number(options_.rows_at), "record")));
  }
  const Record first{{genesis.node, {}}, Tick{genesis.rules, Position{}, Digest{}, genesis.nonce}};
  std::vector<std::byte> record;
  encode(first, record);
  segment_ = {1, static_cast<std::uint32_t>(disk_.sector()), options_.segment_bytes,
              hash_of(genesis.stamp, record)};
  std::vector<std::byte> bytes(disk_.sector());
  encode_segment_head(segment_, bytes);
  crc_ = encode_block(Position{}, genesis.stamp, 0, std::span(&first, 1), bytes);
  next_ = Position{1};
  offset_ = round_up(bytes.size(), segment_.sector);

  if (Status gone = remove_above(0); !gone) return gone;  // all of it was never written
  const std::string temporary = segment_name(1) + std::string(kTemporary);
  if (Status put = disk_.put(temporary, bytes, segment_.segment_bytes); !put) return put;
  if (Status moved = disk_.rename(temporary, segment_name(1)); !moved) return moved;
  recovered_ = {true, 1, 1, 0};
  const Entry entry{Position{}, genesis.stamp, record, first};
  return visit(std::span(&entry, 1));
}

// A start may wait: a journal that opens with little room left should not begin by refusing claims.
void FileJournal::make_first_spare() {
  const std::string name = segment_name(segment_.number + 1);
  const bool waits = free_bytes() <= segment_.segment_bytes / 2 && !capped();
  if (!waits) return make_spare();
  if (disk_.put(name, {}, options_.segment_bytes)) {
    spare_ = Spare::kReady;
    return;
  }
  if (Status gone = disk_.remove(name); !gone) options_.say(gone.error().message);
  make_spare();
}

bool FileJournal::capped() const {
  return (std::uint64_t{segment_.number} + 1) * options_.segment_bytes > options_.journal_max;
}

void FileJournal::make_spare() {
  if (!capped()) {
    spare_ = Spare::kMaking;
    return disk_.make(segment_name(segment_.number + 1), options_.segment_bytes);
  }
  spare_ = Spare::kCapped;
  options_.say(
      fmt::format("journal: the season's cap ({} bytes) allows no segment after {}: new "
                  "claims end when it is half full; raise journal_max, or begin a new "
                  "season in a new directory",
                  options_.journal_max, segment_.number));
}

void FileJournal::append(std::span<const Record> records, RawTime stamp) {
  invariant(!in_flight_, "one append in flight");
  if (broken_) {
    broken_is_news_ = true;
    return;
  }
  turn_ ^= 1;
  Turn& turn = turns_[turn_];
  const std::size_t sector = disk_.sector();
  turn.buffer.assign(sector, std::byte{0});
  const std::uint32_t crc = encode_block(next_, stamp, crc_, records, turn.buffer);
  const std::size_t block_bytes = turn.buffer.size() - sector;
  turn.buffer.resize(round_up(turn.buffer.size(), sector));
  turn.entries.clear();
  entries_of(std::span<const std::byte>(turn.buffer).subspan(sector, block_bytes), records, next_,
             stamp, turn.entries);
  in_flight_ = InFlight{Position{number(next_) + records.size()}, crc};
  send();
}

// Into this segment, or as the first block of the next one, or not at all.
void FileJournal::send() {
  std::vector<std::byte>& buffer = turns_[turn_].buffer;
  std::span<const std::byte> bytes(buffer);
  const bool fits_a_new_one = bytes.size() <= options_.segment_bytes;
  in_flight_->waits = false;
  if (const auto block = bytes.subspan(disk_.sector()); block.size() <= free_bytes()) {
    bytes = block;
  } else if (spare_ == Spare::kReady && fits_a_new_one) {
    segment_ = {segment_.number + 1, static_cast<std::uint32_t>(disk_.sector()),
                options_.segment_bytes, segment_.identity};
    encode_segment_head(segment_, buffer);
    offset_ = 0;
    make_spare();
  } else if (spare_ == Spare::kMaking && fits_a_new_one) {
    in_flight_->waits = true;
    return;
  } else {
    in_flight_->refused = true;
    bytes = {};  // an empty write: only its answer is wanted, so that wake_fd() calls for poll()
  }
  in_flight_->offset_after = offset_ + bytes.size();
  disk_.write(segment_name(segment_.number), offset_, bytes);
}

std::optional<JournalEvent> FileJournal::poll() {
  std::optional<JournalEvent> event;
  bool make_again = false;  // after the loop: a disk that fails at once must not keep us here
  while (!event) {
    const auto done = disk_.poll();
    if (!done) break;
    if (done->what == DiskDone::What::kWrite) {
      event = written(*done);
    } else {
      event = made(*done);
      make_again |= done->error.has_value();
    }
  }
  if (make_again) disk_.make(segment_name(segment_.number + 1), options_.segment_bytes);
  if (!event && std::exchange(broken_is_news_, false)) event = Broken{*broken_};
  return event;
}

std::optional<JournalEvent> FileJournal::made(const DiskDone& done) {
  const bool one_waits = in_flight_ && in_flight_->waits;
  if (!done.error) {
    spare_ = Spare::kReady;
    if (one_waits) send();
    return std::nullopt;
  }
  if (spare_ != Spare::kFailed) {
    options_.say(fmt::format("journal: no spare segment, so no new claims; trying again: {}",
                             done.error->message));
  }
  spare_ = Spare::kFailed;
  if (!one_waits) return std::nullopt;
  in_flight_.reset();
  return Unsure{kNoRoom};
}

std::optional<JournalEvent> FileJournal::written(const DiskDone& done) {
  if (!in_flight_) return std::nullopt;
  const InFlight flight = *in_flight_;
  in_flight_.reset();
  if (done.error) {
    broken_ = *done.error;
    broken_->message =
        fmt::format("journal: {}: nothing can be recorded until a restart", broken_->message);
    return Broken{*broken_};
  }
  if (flight.refused) {
    return Unsure{kNoRoom};
  }
  last_flush_us_ = done.took_us;
  next_ = flight.end;
  crc_ = flight.crc;
  offset_ = flight.offset_after;
  durable_.store(number(next_), std::memory_order_release);
  durable_.notify_all();
  return CameBack{turns_[turn_].entries};
}

// The worst turn decides: whoever was let in must find his place.
Room FileJournal::room() const {
  if (broken_) return Room::kFull;
  if (spare_ == Spare::kReady) return Room::kPlenty;
  const std::uint64_t free = free_bytes();
  const std::uint64_t worst = round_up(kBlockBytesMax, disk_.sector());
  if (free < std::min(worst, segment_.segment_bytes / 8)) return Room::kFull;
  if (spare_ == Spare::kFailed) return Room::kNoClaims;
  return free > segment_.segment_bytes / 2 ? Room::kPlenty : Room::kNoClaims;
}

}  // namespace seckill
