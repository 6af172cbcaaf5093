#include "app/delivery.h"

#include <utility>

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

// Until there is nothing new, or trouble.
bool Delivery::catch_up() {
  for (;;) {
    auto more = consumer_.turn(machine_now());
    std::unique_lock hold(mutex_);
    state_.stats = consumer_.stats();
    if (!more) {
      const bool new_trouble = !state_.trouble || state_.trouble->message != more.error().message;
      state_.trouble = more.error();
      hold.unlock();
      if (new_trouble)
        log_.error("rows-behind",
                   {{"why", more.error().message}, {"next", "selling goes on; trying again"}});
      return false;
    }
    if (std::exchange(state_.trouble, std::nullopt)) {
      hold.unlock();
      log_.info("rows-again");
    } else {
      hold.unlock();
    }
    if (!*more || out_of_time()) return true;
  }
}

void Delivery::run() {
  while (wait_for_news()) {
    if (!catch_up()) {
      const State now = state();
      if (now.trouble->code == Error::Code::kCorrupt) {
        damaged_(*now.trouble);
        return;
      }
      if (now.trouble->code == Error::Code::kFailed)
        return;  // too much in quarantine: a person must look
    }
    const std::scoped_lock hold(mutex_);
    if (finishing_ && (!news_ || machine_now().steady >= until_)) return;
  }
}

}  // namespace seckill::app
