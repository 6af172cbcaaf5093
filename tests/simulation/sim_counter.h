// A node's line to the shared counter's twin: as slow, deaf or mute as its trouble says, and
// otherwise as quick as a server next door.
#pragma once

#include <functional>
#include <utility>

#include "chance.h"
#include "counter/twin.h"

namespace seckill::simulation {

// It belongs to a process: what it still wants from the stage dies with that, but what the server
// has heard is done.
class SimCounter final : public Counter {
 public:
  using Later = std::function<void(microseconds delay, std::function<void()> event)>;
  struct Place {
    TwinServer& server;
    const TwinMood& trouble;
    Chance& chance;
    TwinCounter::Clock clock;    // the server's
    Later later;                 // dies with the process
    std::function<void()> wake;  // poll() has something to say
  };

  explicit SimCounter(Place place)
      : place_(std::move(place)), twin_(place_.server, mood_, place_.clock) {
    wake_later();  // it is connected
  }

  void take(const Take& take) override {
    mood_ = place_.trouble;
    mood_.delay += microseconds(place_.chance.delay(400, 5'000));
    twin_.take(take);
    wake_later();
  }
  std::optional<Counted> poll() override { return twin_.poll(); }
  int wake_fd() const override { return -1; }

  void reconnect() {
    twin_.reconnect();
    wake_later();
  }

 private:
  void wake_later() {
    const SteadyTime at = twin_.answers_at(), now = place_.clock().steady;
    if (at == kNever) return;
    place_.later(at < now ? microseconds(0) : at - now, place_.wake);
  }

  Place place_;
  TwinMood mood_;
  TwinCounter twin_;
};

}  // namespace seckill::simulation
