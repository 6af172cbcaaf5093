// A plain connection to Redis, with time limits: what the counter stands on. Of hiredis 0.14.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

struct redisContext;
struct redisReply;

namespace seckill::compat {

inline constexpr milliseconds kRedisWithin{1'000};  // for a connection, and for each answer

// redis://user@host:port/database; the password is in a file.
struct RedisTarget {
  std::string host;
  std::uint16_t port = 6379;
  int database = 0;
  std::string user;  // empty: the default one
  std::string password;
};
// kInvalid, with what is wrong and an example.
Result<RedisTarget> redis_target_from(std::string_view url);
std::string to_text(const RedisTarget& target);  // as it would be typed, without the password

// A reply, flattened: what our few commands say.
struct Reply {
  enum class Kind : std::uint8_t { kNil, kText, kNumbers, kError };
  Kind kind = Kind::kNil;
  std::string text;                   // of kText and kError
  std::vector<std::int64_t> numbers;  // of kNumbers: one, or an array's
};

// Threads: one owner; every call waits.
class Redis {
 public:
  static Result<std::unique_ptr<Redis>> open(const RedisTarget& target);
  ~Redis();

  // The other side has hung up, while nothing was asked.
  bool gone() const;
  // kUnavailable: sent, perhaps, and not answered; this connection is of no more use.
  Result<Reply> call(std::initializer_list<std::string_view> words);
  const RedisTarget& target() const { return target_; }

 private:
  explicit Redis(RedisTarget target) : target_(std::move(target)) {}
  Status connect();
  Status greet();

  RedisTarget target_;
  struct Free {
    void operator()(redisContext* context) const;
  };
  std::unique_ptr<redisContext, Free> context_;
};

}  // namespace seckill::compat
