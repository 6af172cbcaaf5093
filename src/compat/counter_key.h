// Judged: the demo's counter, a bare Redis key that others take from as well. One script call gives
// back what is owed and takes what is there, all at once.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/result.h"
#include "compat/seller.h"
#include "counter/redis_call.h"

namespace seckill::compat {

inline constexpr const char* kCounterKey = "counter";
inline constexpr milliseconds kRedisWithin{1'000};  // for a connection, and for each answer

// Promises: (1) turn() is answered through poll() within kRedisWithin and a connection's time;
// (2) nothing is sent twice: what was sent and not answered is kLost, only what the server says it
// has not done, or what was never sent, is kRefused; (3) a missing key stays missing.
// Threads: turn(), poll() and trouble() belong to the loop; the calls wait on a thread of its own.
class CounterKey {
 public:
  explicit CounterKey(RedisOptions options);
  ~CounterKey();

  void turn(Take take);  // needs: none in flight
  std::optional<Taken> poll();
  int wake_fd() const { return wake_.get(); }
  // Why the last call did not do what it should; empty when it did.
  std::string trouble() const;

 private:
  void run();
  Taken call(Take take);
  Taken understood(const redisReply& reply, Take take);
  void note(std::string trouble);

  const RedisOptions options_;
  std::optional<redis::Line> redis_;  // of the thread
  std::string sha_;                   // of the script, as this connection's server knows it
  Fd wake_;

  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::optional<Take> asked_;
  std::optional<Taken> done_;
  std::string trouble_;
  bool ending_ = false;

  std::thread thread_;  // last: it sees everything above
};

// The key is made if it is not there: true. Whoever makes it meanwhile wins.
Result<bool> make_counter(redis::Line& redis, std::uint64_t stock);
// Nothing: there is none. kInvalid: it is no number.
Result<std::optional<std::int64_t>> read_counter(redis::Line& redis);

}  // namespace seckill::compat
