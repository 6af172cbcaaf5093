#include "app/delivery.h"

#include <utility>

#include "base/thread_name.h"

namespace seckill::app {

Delivery::Delivery(Consumer& consumer, Log& log, std::function<void(Error)> damaged)
    : consumer_(consumer), log_(log), damaged_(std::move(damaged)), thread_([this] { run(); }) {}

Delivery::~Delivery() { finish(milliseconds(0)); }

void Delivery::news() {
  {
    const std::scoped_lock hold(mutex_);
    news_ = true;
  }
  changed_.notify_one();
}

void Delivery::finish(milliseconds within) {
  {
    const std::scoped_lock hold(mutex_);
    finishing_ = true;
    until_ = machine_now().steady + within;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Delivery::State Delivery::state() const {
  const std::scoped_lock hold(mutex_);
  return state_;
}

bool Delivery::out_of_time() const {
  const std::scoped_lock hold(mutex_);
  return finishing_ && machine_now().steady >= until_;
}

bool Delivery::wait_for_news() {
  std::unique_lock hold(mutex_);
  const bool in_trouble = state_.trouble.has_value();
  const auto something = [&] { return finishing_ || (news_ && !in_trouble); };
  if (in_trouble) {
    changed_.wait_for(hold, kPause, something);  // then try again
  } else {
    changed_.wait(hold, something);
    if (!finishing_) changed_.wait_for(hold, kGather, [&] { return finishing_; });
  }
  news_ = false;
  return !(finishing_ && in_trouble);
}

// Until there is nothing new, or trouble. A replay up to the bookmark stores nothing for as many
// turns as it has batches; beyond that, turns that store nothing are trouble, too: a COMMIT whose
// outcome stays unknown must not spin.
bool Delivery::catch_up() {
  std::uint64_t batches = consumer_.stats().batches;
  for (std::uint64_t idle = 0;; ++idle) {
    const Now before = machine_now();
    const std::uint64_t stored = consumer_.stats().orders_stored;
    auto more = consumer_.turn(before);
    const ConsumerStats& stats = consumer_.stats();
    const microseconds took = machine_now().steady - before.steady;
    const auto orders = static_cast<std::int64_t>(stats.orders_stored - stored);
    const bool committed = std::exchange(batches, stats.batches) != stats.batches;
    if (committed) idle = 0;
    if (more && *more && idle > number(stats.next) / consumer_.batch_max() + kIdleTurnsMax) {
      more =
          fail(Error::Code::kUnavailable, "orders: nothing could be stored; is their disk well?");
    }
    note(more ? std::nullopt : std::optional(more.error()), orders * took.count() / 1'000,
         committed ? took : microseconds(0));
    if (!more) return false;
    if (!*more || out_of_time()) return true;
  }
}

// Trouble is said when it begins, changes and ends.
void Delivery::note(std::optional<Error> trouble, std::int64_t committing_ms,
                    microseconds storing) {
  std::optional<Error> before = trouble;
  {
    const std::scoped_lock hold(mutex_);
    state_.stats = consumer_.stats();
    committing_ms_ += committing_ms;
    state_.store_delay_ms = state_.stats.waited_ms + committing_ms_;
    state_.trouble.swap(before);
    state_.storing_us += static_cast<std::uint64_t>(storing.count());
    if (state_.stored.at != consumer_.stored_orders().at) state_.stored = consumer_.stored_orders();
  }
  if (trouble && (!before || before->message != trouble->message)) say(*trouble);
  if (!trouble && before) log_.info("rows-again");
}

// What the person on call needs to know: does this mend itself?
void Delivery::say(const Error& trouble) {
  if (!Consumer::ends(trouble)) {
    log_.error("rows-behind",
               {{"why", trouble.message}, {"next", "selling goes on; trying again"}});
  } else if (trouble.code == Error::Code::kCorrupt) {
    log_.error("rows-stopped",
               {{"why", trouble.message}, {"next", "this process ends; see the runbook"}});
  } else {
    log_.error("rows-stopped",
               {{"why", trouble.message},
                {"next",
                 "selling goes on, no row is stored any more: mend what refuses them "
                 "(table quarantine says which), then restart"}});
  }
}

void Delivery::run() {
  name_thread("rows");
  while (wait_for_news()) {
    if (!catch_up()) {
      const Error trouble = *state().trouble;
      if (trouble.code == Error::Code::kCorrupt) damaged_(trouble);
      if (Consumer::ends(trouble)) return;
    }
    const std::scoped_lock hold(mutex_);
    if (finishing_ && (!news_ || machine_now().steady >= until_)) return;
  }
}

}  // namespace seckill::app
