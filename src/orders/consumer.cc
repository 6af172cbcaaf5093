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
  if (next_.batch.empty()) {
    if (const auto trouble = std::exchange(trouble_, {})) return fail(*trouble);
    std::swap(next_, ahead_);
  }
  if (next_.batch.empty() && !stop_) {
    if (auto filled = fill(next_); !filled) return fail(std::move(filled.error()));
  }
  if (next_.batch.empty()) {
    if (stop_) return fail(*stop_);
    return look(now);
  }
  return store(now);
}

bool Consumer::ends(const Error& trouble) {
  return trouble.code == Error::Code::kCorrupt || trouble.code == Error::Code::kFailed;
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
  next_ = {}, ahead_ = {};
  stop_.reset(), trouble_.reset();
  most_ = options_.batch_max;
}

Status Consumer::begin() {
  auto mark = orders_.bookmark();
  if (!mark) return fail(std::move(mark.error()));
  bookmark_ = *mark;
  hand_ = {};
  stats_.next = bookmark_ ? bookmark_->next : Position{};
  if (bookmark_ && bookmark_->next == Position{}) return corrupt("the rows' bookmark is at 0");
  ledger_.emplace();
  return {};
}

// Goes on towards the bookmark, storing nothing: the rows know all this already.
Result<bool> Consumer::replay() {
  const std::uint64_t missing = number(bookmark_->next) - number(ledger_->position());
  auto entries =
      journal_.read(ledger_->position(), std::min<std::uint64_t>(missing, options_.batch_max));
  if (!entries) return fail(std::move(entries.error()));
  if (entries->empty()) {
    const std::string what = fmt::format(
        "the rows know {}, the journal has {}: the rows are ahead of it",
        counted(number(bookmark_->next), "record"), grouped(number(ledger_->position())));
    doubt();
    return corrupt(what);
  }
  apply(*entries, [this](const Entry& entry) { hand_.last = entry.stamp; });
  if (stop_) return fail(*stop_);
  if (auto same = check_bookmark(); !same) {
    doubt();
    return fail(std::move(same.error()));
  }
  if (ledger_->position() == bookmark_->next) stored_orders_ = orders_known();
  return true;
}

StoredOrders Consumer::orders_known() const {
  StoredOrders known{.at = ledger_->position()};
  for (const SaleView* sale : ledger_->sales())
    known.of_sales.emplace_back(sale->terms.uid, sale->orders);
  return known;
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
Status Consumer::fill(Applied& into) {
  auto entries = journal_.read(ledger_->position(), options_.batch_max);
  if (!entries) return fail(std::move(entries.error()));
  apply(*entries, [&](const Entry& entry) { into.batch.add(*ledger_, changes_, entry, hand_); });
  if (!into.batch.empty()) into.orders = orders_known();
  return {};
}

template <class Each>
void Consumer::apply(std::span<const Entry> entries, Each&& each) {
  changes_.clear();
  ledger_->apply_all(entries, changes_, [&](const Entry& entry, const Verdict&) {
    if (const auto& why = ledger_->halted()) {
      stop_ = Error{Error::Code::kCorrupt, fmt::format("orders/consumer: {}", *why)};
      return false;
    }
    each(entry);
    changes_.clear();
    return true;
  });
}

Result<bool> Consumer::store(Now now) {
  Batch& batch = next_.batch;
  const std::size_t count = std::min(most_, batch.size());
  const Step& last = batch[count - 1];
  Bookmark becomes = last.after;
  becomes.last = batch.hash_of(last);
  const Rows& rows = batch.fold(count);
  auto stored = put(becomes, rows);
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

// Behind a full batch there is probably more: if it may, the next one comes meanwhile.
Result<Stored> Consumer::put(const Bookmark& becomes, const Rows& rows) {
  const bool more = next_.batch.size() == options_.batch_max && most_ >= options_.batch_max;
  if (!options_.side_by_side || !more || !ahead_.batch.empty() || stop_ || trouble_) {
    return orders_.store(bookmark_, becomes, rows);
  }
  std::optional<Result<Stored>> stored;
  options_.side_by_side([&] { stored.emplace(orders_.store(bookmark_, becomes, rows)); },
                        [&] {
                          if (auto filled = fill(ahead_); !filled) trouble_ = filled.error();
                        });
  return std::move(*stored);
}

void Consumer::committed(const Bookmark& becomes, const Rows& rows, std::size_t count, Now now) {
  bookmark_ = becomes;
  most_ = std::min(most_ * 2, options_.batch_max);
  ++stats_.batches;
  stats_.next = becomes.next;
  if (count == next_.batch.size()) stored_orders_ = next_.orders;
  stats_.quarantined += rows.quarantine.size();
  for (const OrderRow& row : rows.orders) {
    if (row.created) stats_.waited_ms += std::max<std::int64_t>(0, now.raw.ms - row.held_at.ms);
  }
  stats_.orders_stored += static_cast<std::uint64_t>(
      std::count_if(rows.orders.begin(), rows.orders.end(), [](auto& row) { return row.created; }));
  next_.batch.drop(count);
}

// Half as many, until it is one record that is refused: that one is put aside, alone.
Status Consumer::refused(const std::string& why, Now now) {
  Batch& batch = next_.batch;
  const std::size_t count = std::min(most_, batch.size());
  if (count > 1) {
    most_ = count / 2;
    return {};
  }
  const Step& step = batch[0];
  if (!batch.is_aside()) return quarantine(why, now);
  if (step.sales.empty() && step.orders.empty()) {
    return fail(Error::Code::kFailed, "orders/consumer: the rows refuse the quarantine: " + why);
  }
  batch.put_all_aside();
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
  Batch& batch = next_.batch;
  const Position at{number(batch[0].after.next) - 1};
  const auto entry = journal_.read(at, 1);
  if (!entry) return fail(entry.error());
  if (entry->empty()) return corrupt(fmt::format("record {} has vanished", number(at)));
  const auto bytes = entry->front().bytes;
  if (hash_of(entry->front().stamp, bytes) != batch.hash_of(batch[0])) {
    return corrupt(fmt::format("record {} is another one than when it was read", number(at)));
  }
  batch.put_aside(
      entry->front().record,
      {.position = at, .error = why, .bytes = {bytes.begin(), bytes.end()}, .at = now.raw});
  quarantined_.push_back(now.steady);
  return {};
}

}  // namespace seckill
