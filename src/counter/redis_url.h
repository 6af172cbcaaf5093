// Where a Redis or Valkey is, as people type it. The password is never in here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace seckill {

struct RedisTarget {
  std::string user;  // empty: "default", or none where there is no password
  std::string host;
  std::uint16_t port = 6379;
  std::uint32_t database = 0;
  bool operator==(const RedisTarget&) const = default;
};

// redis://user@host:6379/0. kInvalid, with what is wrong and an example: a password in it, TLS
// (rediss://: hiredis 0.14 has none), several hosts.
Result<RedisTarget> redis_target_from(std::string_view url);

// As it would be typed.
std::string to_text(const RedisTarget& target);

}  // namespace seckill
