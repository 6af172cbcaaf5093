#include "http/call.h"

namespace seckill {

Call* Calls::open(Caller& caller) {
  if (free_.empty()) {
    if (made_ >= most_) return nullptr;
    chunks_.push_back(std::make_unique<Call[]>(kChunk));
    for (std::uint32_t i = kChunk; i-- > 0;) {
      chunks_.back()[i].who = {made_ + i, 1};
      free_.push_back(made_ + i);
    }
    made_ += kChunk;
  }
  Call& call = at(free_.back());
  free_.pop_back();
  ++active_;
  call.caller = &caller;
  call.state = Call::State::kOpen;
  return &call;
}

void Calls::overdue(Call& call) {
  renew(call);
  call.verdict = {.outcome = Outcome::kUnsure};
  call.state = Call::State::kAnswered;
}

void Calls::renew(Call& call) {
  if (++call.who.generation == 0) call.who.generation = 1;
}

void Calls::close(Call& call) {
  renew(call);
  call.state = Call::State::kFree;
  call.caller = nullptr;
  call.lane.reset();
  free_.push_back(call.who.slot);
  --active_;
}

Call* Calls::waiting(Who who) {
  if (who.slot >= made_) return nullptr;
  Call& call = at(who.slot);
  return call.who == who && call.state == Call::State::kWaiting ? &call : nullptr;
}

}  // namespace seckill
