// The shell moves the bytes: it carries the sale's wishes to the journal and the answers to those
// who wait. It has no event loop of its own; whoever has one (the server's, a test's) calls ask(),
// idle(), pump() and pass().
#pragma once

#include <functional>
#include <span>

#include "sale/sale.h"

namespace seckill {

class Shell {
 public:
  using Clock = std::function<Now()>;                         // machine_now, or a virtual one
  using Tell = std::function<void(std::span<const Answer>)>;  // must not call back into the shell
  using Stop =
      std::function<void(const std::string& why)>;  // the journal is broken or the ledger halted

  // The first pass() is due at once: holds may have become due while the process was away. counter:
  // null, or the sale's limits say that there is one.
  Shell(Sale& sale, Journal& journal, Clock clock, Tell tell, Stop stop,
        Counter* counter = nullptr);

  void ask(Who who, const Ask& ask);  // may tell inside
  // The same, by one who has read the clock himself since he was woken.
  void ask(Who who, const Ask& ask, Now now);
  void idle();          // nothing left to read
  void pump();          // Journal::wake_fd() is readable
  void pump_counter();  // Counter::wake_fd() is readable
  void pass();          // wake() is reached
  SteadyTime wake() const { return wake_; }

  Sale& sale() { return sale_; }

 private:
  void step(const Event& event) { step(clock_(), event); }
  void step(Now now, const Event& event);

  Sale& sale_;
  Journal& journal_;
  Counter* counter_;
  Clock clock_;
  Tell tell_;
  Stop stop_;
  SteadyTime wake_{INT64_MIN};
  Room room_ = Room::kPlenty;  // at the last step
  bool stopped_ = false;
};

}  // namespace seckill
