#include "sale/shell.h"

#include <utility>

namespace seckill {

Shell::Shell(Sale& sale, Journal& journal, Clock clock, Tell tell, Stop stop, Counter* counter)
    : sale_(sale),
      journal_(journal),
      counter_(counter),
      clock_(std::move(clock)),
      tell_(std::move(tell)),
      stop_(std::move(stop)) {}

void Shell::ask(Who who, const Ask& ask) { this->ask(who, ask, clock_()); }

void Shell::ask(Who who, const Ask& ask, Now now) {
  step(now, Event(std::in_place_type<Asked>, who, ask));
}

void Shell::idle() { step(Idle{}); }

void Shell::pass() { step(Passed{}); }

void Shell::pump() {
  while (auto event = journal_.poll()) {
    std::visit([this](auto& happened) { step(std::move(happened)); }, *event);
  }
  if (journal_.room() != room_) step(Passed{});  // what had to wait for room may go on
}

void Shell::pump_counter() {
  while (auto counted = counter_->poll()) step(*counted);
}

void Shell::step(Now now, const Event& event) {
  sale_.room(room_ = journal_.room());
  const Wishes wishes = sale_.step(now, event);
  wake_ = wishes.wake;
  if (wishes.take != nullptr) counter_->take(*wishes.take);
  if (!wishes.append.empty()) journal_.append(wishes.append, now.raw);
  if (!wishes.answers.empty()) tell_(wishes.answers);
  if (wishes.stop && !std::exchange(stopped_, true)) stop_(sale_.why());
}

}  // namespace seckill
