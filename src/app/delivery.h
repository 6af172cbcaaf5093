// Delivered: the consumer's thread inside `serve`. It follows what is durable, and selling never
// waits for it.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.h"
#include "orders/consumer.h"

namespace seckill::app {

// Promises: (1) it turns the consumer whenever there is news, and gathers for kGather so that a
// rush makes few transactions; (2) rows that cannot be reached, refuse us or have no space are
// tried again each kPause, said once; (3) damage (kCorrupt) is told to `damaged`, once, and ends
// it; too much in quarantine (kFailed) ends it until a restart, which is said, and stays in
// state(): selling goes on, rows are a view; (4) finish() catches up within its bound. Threads: the
// constructor starts one; news(), stats() and finish() belong to the loop's.
class Delivery {
 public:
  static constexpr milliseconds kGather{50};
  static constexpr milliseconds kPause{1'000};
  static constexpr std::uint64_t kIdleTurnsMax = 32;  // while a refused row is searched for

  // `damaged` is called on the delivery's thread. Needs: consumer and log outlive it.
  Delivery(Consumer& consumer, Log& log, std::function<void(Error)> damaged);
  ~Delivery();

  void news();  // more records are durable
  // Stores what is durable, for at most this long, then ends the thread.
  void finish(milliseconds within);

  struct State {
    ConsumerStats stats;
    std::int64_t store_delay_ms = 0;  // of all orders stored: from the journal's stamp to COMMIT
    std::optional<Error> trouble;     // the present one
    StoredOrders stored;
    std::uint64_t storing_us = 0;  // sum of the turns that committed, reading included
  };
  State state() const;

 private:
  void run();
  bool wait_for_news();  // false: the end
  bool catch_up();       // false: in trouble
  void note(std::optional<Error> trouble, std::int64_t committing_ms, microseconds storing);
  void say(const Error& trouble);
  bool out_of_time() const;

  Consumer& consumer_;
  Log& log_;
  std::function<void(Error)> damaged_;

  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  bool news_ = true;
  bool finishing_ = false;
  SteadyTime until_ = kNever;
  State state_;
  std::int64_t committing_ms_ = 0;  // the last part of store_delay_ms: the turn itself

  std::thread thread_;  // last: it sees everything above
};

}  // namespace seckill::app
