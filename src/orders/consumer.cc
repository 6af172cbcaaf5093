#include "orders/consumer.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/counted.h"
#include "model/codec.h"

namespace seckill {
namespace {

constexpr const char* kRebuild =
    "if this is the right journal, move the rows away: they are rebuilt from it";

tl::unexpected<Error> corrupt(std::string what) {
  return fail(Error::Code::kCorrupt, fmt::format("orders/consumer: {}; {}", what, kRebuild));
}

}  // namespace

Result<bool> Consumer::turn(Now now) {
  if (!ledger_) {
    if (auto begun = begin(); !begun) return fail(std::move(begun.error()));
  }
  if (bookmark_ && ledger_->position() < bookmark_->next) return replay();
  if (batch_.empty() && !stop_) {
    if (auto filled = fill(); !filled) return fail(std::move(filled.error()));
  }
  if (batch_.empty()) {
    if (stop_) return fail(*stop_);
    return look(now);
  }
  return store(now);
}

// Nothing is new. Are the rows still where they were left? A database may have lost its last
// transactions under us.
Result<bool> Consumer::look(Now now) {
  if (now.steady < looked_ + kLookEvery) return false;
  auto mark = orders_.bookmark();
  if (!mark) return fail(std::move(mark.error()));
  looked_ = now.steady;
  if (*mark == bookmark_) return false;
  doubt();
  return true;
}

// Whatever we believed may be wrong: begin again from what the rows say.
void Consumer::doubt() {
  ledger_.reset();
  batch_ = {};
  stop_.reset();
  most_ = kBatchMax;
}

Status Consumer::begin() {
  auto mark = orders_.bookmark();
  if (!mark) return fail(std::move(mark.error()));
  bookmark_ = *mark;
  last_stamp_.reset();
  stats_.next = bookmark_ ? bookmark_->next : Position{};
  if (bookmark_ && bookmark_->next == Position{}) return corrupt("the rows' bookmark is at 0");
  ledger_.emplace();
  return {};
}

// Goes on towards the bookmark, storing nothing: the rows know all this already.
Result<bool> Consumer::replay() {
  const std::uint64_t missing = number(bookmark_->next) - number(ledger_->position());
  auto entries = journal_.read(ledger_->position(), std::min<std::uint64_t>(missing, kBatchMax));
  if (!entries) return fail(std::move(entries.error()));
  if (entries->empty()) {
    const std::string what = fmt::format(
        "the rows know {}, the journal has {}: the rows are ahead of it",
        counted(number(bookmark_->next), "record"), grouped(number(ledger_->position())));
    doubt();
    return corrupt(what);
  }
  for (const Entry& entry : *entries) {
    apply(entry);
    if (stop_) return fail(*stop_);
  }
  if (auto same = check_bookmark(); !same) {
    doubt();
    return fail(std::move(same.error()));
  }
  if (ledger_->position() == bookmark_->next) note_stored();
  return true;
}

// Needs: the ledger is at the bookmark.
void Consumer::note_stored() {
  stored_orders_.at = ledger_->position();
  stored_orders_.of_sales.clear();
  for (const SaleView* sale : ledger_->sales())
    stored_orders_.of_sales.emplace_back(sale->terms.uid, sale->orders);
}

// Are these rows of this journal, and has the ledger come to the same state as when it wrote them?
Status Consumer::check_bookmark() const {
  if (ledger_->identity() != bookmark_->journal) {
    return corrupt(fmt::format("the rows are of another journal: of {}, and this one is {}",
                               to_text(bookmark_->journal), to_text(ledger_->identity())));
  }
  if (ledger_->position() < bookmark_->next) return {};
  if (ledger_->last_hash() != bookmark_->last) {
    return corrupt(fmt::format("record {} is not the one that the rows were stored from",
                               number(bookmark_->next) - 1));
  }
  if (ledger_->digest() != bookmark_->digest || ledger_->clock() != bookmark_->clock) {
    return corrupt(
        fmt::format("the ledger's state at record {} is not the one that the rows were "
                    "stored from: other rules wrote them",
                    number(bookmark_->next)));
  }
  return {};
}

// The next records, applied: each becomes a step, up to one that stops us.
Status Consumer::fill() {
  auto entries = journal_.read(ledger_->position(), kBatchMax);
  if (!entries) return fail(std::move(entries.error()));
  for (const Entry& entry : *entries) {
    const auto before = last_stamp_;
    apply(entry);
    if (stop_) return {};
    batch_.add(*ledger_, changes_, entry, before);
  }
  return {};
}

void Consumer::apply(const Entry& entry) {
  changes_.clear();
  (void)ledger_->apply(entry, changes_);
  last_stamp_ = entry.stamp;
  if (const auto& why = ledger_->halted()) {
    stop_ = Error{Error::Code::kCorrupt, fmt::format("orders/consumer: {}", *why)};
  }
}

Result<bool> Consumer::store(Now now) {
  const std::size_t count = std::min(most_, batch_.size());
  const Step& last = batch_[count - 1];
  Bookmark becomes = last.after;
  becomes.last = batch_.hash_of(last);
  const Rows& rows = batch_.fold(count);
  auto stored = orders_.store(bookmark_, becomes, rows);
  if (!stored) return fail(std::move(stored.error()));  // nothing is stored: try again later
  switch (stored->what) {
    case Stored::What::kCommitted: committed(becomes, rows, count, now); return true;
    case Stored::What::kLostRace: ++stats_.lost_races; [[fallthrough]];
    case Stored::What::kUnknown: doubt(); return true;
    case Stored::What::kRefused: break;
  }
  if (auto done = refused(stored->why, now); !done) return fail(std::move(done.error()));
  return true;
}

void Consumer::committed(const Bookmark& becomes, const Rows& rows, std::size_t count, Now now) {
  bookmark_ = becomes;
  most_ = std::min(most_ * 2, kBatchMax);
  ++stats_.batches;
  stats_.next = becomes.next;
  if (count == batch_.size()) note_stored();
  stats_.quarantined += rows.quarantine.size();
  for (const OrderRow& row : rows.orders) {
    if (row.created) stats_.waited_ms += std::max<std::int64_t>(0, now.raw.ms - row.held_at.ms);
  }
  stats_.orders_stored += static_cast<std::uint64_t>(
      std::count_if(rows.orders.begin(), rows.orders.end(), [](auto& row) { return row.created; }));
  batch_.drop(count);
}

// Half as many, until it is one record that is refused: that one is put aside, alone.
Status Consumer::refused(const std::string& why, Now now) {
  const std::size_t count = std::min(most_, batch_.size());
  if (count > 1) {
    most_ = count / 2;
    return {};
  }
  const Step& step = batch_[0];
  if (!batch_.is_aside()) return quarantine(why, now);
  if (step.sales.empty() && step.orders.empty()) {
    return fail(Error::Code::kFailed, "orders/consumer: the rows refuse the quarantine: " + why);
  }
  batch_.put_all_aside();
  return {};
}

Status Consumer::quarantine(const std::string& why, Now now) {
  while (!quarantined_.empty() && now.steady - quarantined_.front() >= kQuarantineWindow) {
    quarantined_.pop_front();
  }
  if (quarantined_.size() >= kQuarantinedMax) {
    return fail(
        Error::Code::kFailed,
        fmt::format("orders/consumer: more than {} records refused within a minute, the last "
                    "one: {}; look at table quarantine",
                    kQuarantinedMax, why));
  }
  const Position at{number(batch_[0].after.next) - 1};
  const auto entry = journal_.read(at, 1);
  if (!entry) return fail(entry.error());
  if (entry->empty()) return corrupt(fmt::format("record {} has vanished", number(at)));
  const auto bytes = entry->front().bytes;
  if (hash_of(entry->front().stamp, bytes) != batch_.hash_of(batch_[0])) {
    return corrupt(fmt::format("record {} is another one than when it was read", number(at)));
  }
  batch_.put_aside(
      entry->front().record,
      {.position = at, .error = why, .bytes = {bytes.begin(), bytes.end()}, .at = now.raw});
  quarantined_.push_back(now.steady);
  return {};
}

}  // namespace seckill
