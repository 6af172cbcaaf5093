#include "compat/keeper.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/thread_name.h"

namespace seckill::compat {
namespace {

constexpr milliseconds kGather{100};    // a rush makes few transactions
constexpr milliseconds kPause{1'000};   // in trouble
constexpr milliseconds kWithin{2'000};  // for the topic's answers
constexpr std::size_t kAtOnce = 1'000;  // rows of a transaction
constexpr milliseconds kMessages{500};  // for messages that are known to be there

}  // namespace

Keeper::Keeper(std::unique_ptr<TopicReader> reader, std::string topic,
               std::optional<RowsPlace> place, Say say)
    : reader_(std::move(reader)),
      topic_(std::move(topic)),
      place_(std::move(place)),
      say_(std::move(say)),
      thread_([this] { run(); }) {}

Keeper::~Keeper() { finish(milliseconds(0)); }

Keeper::State Keeper::state() const {
  const std::scoped_lock hold(mutex_);
  return state_;
}

void Keeper::finish(milliseconds within) {
  {
    const std::scoped_lock hold(mutex_);
    if (!std::exchange(finishing_, true)) until_ = steady_now() + within;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// At the end everything that is there is stored, if time allows.
void Keeper::run() {
  name_thread("rows");
  bool more = true;
  while (more) {
    more = wait(kGather);
    look();
    const State seen = state();
    const bool nothing_new = rows_ && seen.next >= seen.end;
    if (!place_ || !seen.topic_trouble.empty() || nothing_new) continue;
    store();
    if (!state().rows_trouble.empty() && more) more = wait(kPause);
  }
}

bool Keeper::wait(milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return finishing_; });
  return !finishing_;
}

void Keeper::look() {
  const auto ends = reader_->ends(kWithin);
  if (ends) {
    const std::scoped_lock hold(mutex_);
    state_.end = ends->end;
  }
  note(&State::topic_trouble, ends ? std::string() : ends.error().message);
}

void Keeper::store() {
  Result<bool> done = true;
  while (done && *done && !out_of_time()) done = store_some();
  if (!done) rows_.reset(), identity_.reset();  // all is looked at anew
  note(&State::rows_trouble, done ? std::string() : done.error().message);
}

bool Keeper::out_of_time() const {
  const std::scoped_lock hold(mutex_);
  return steady_now() >= until_;
}

// The bookmark says where to go on; whoever else moved it has stored what we would have.
Status Keeper::meet_rows() {
  if (!identity_) {
    auto identity = reader_->identity(kWithin);
    if (!identity) return fail(std::move(identity.error()));
    identity_ = *identity;
  }
  if (!rows_) {
    auto opened = LegacyRows::open(place_->target, place_->password, topic_);
    if (!opened) return fail(std::move(opened.error()));
    rows_ = *std::move(opened);
  }
  return {};
}

// False: there is nothing to store now.
Result<bool> Keeper::store_some() {
  if (auto met = meet_rows(); !met) return fail(std::move(met.error()));
  const auto from = rows_->next(identity_, state().end);
  if (!from) return fail(from.error());
  if (*from > state().end) look();  // others have seen more than we had
  const std::uint64_t end = state().end;
  if (*from > end && state().topic_trouble.empty()) {
    return fail(Error::Code::kCorrupt,
                fmt::format("compat: {} messages of topic {} are stored, and it has {}: it was cut "
                            "short or made anew",
                            *from, topic_, end));
  }
  {
    const std::scoped_lock hold(mutex_);
    state_.next = *from;
  }
  if (*from >= end) return false;
  const auto portion = reader_->read(*from, kAtOnce, kMessages);
  if (!portion) return fail(portion.error());
  if (portion->dates.empty()) return false;
  const auto stored = rows_->store(identity_, *from, portion->next, portion->dates);
  if (!stored) return fail(stored.error());
  const std::scoped_lock hold(mutex_);
  state_.next = portion->next;
  state_.end = std::max(state_.end, portion->next);
  state_.stored += *stored ? portion->dates.size() : 0;
  return true;
}

void Keeper::note(std::string State::* trouble, const std::string& says) {
  {
    const std::scoped_lock hold(mutex_);
    if (state_.*trouble == says) return;
    state_.*trouble = says;
  }
  say_(says.empty()
           ? "well again: " + std::string(trouble == &State::rows_trouble ? "rows" : "topic")
           : says);
}

}  // namespace seckill::compat
