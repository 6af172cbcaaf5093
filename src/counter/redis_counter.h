// The counter in a Redis or Valkey (7 or later: it needs functions): a hash {left, position, at}
// for each sale, under the key seckill:{<journal id>:<sale uid>}. take.lua is the rule, one FCALL a
// turn.
//
// What it holds may vanish, go back or be two at any time: it is a hint. So no answer is waited
// for, nothing is asked twice, and a connection that does not answer for kDead is given up and made
// anew, later and later. A server that has forgotten the function gets it again.
//
// What it does badly: the host's name is looked up once, at the start; the password's file is read
// by the loop, at each login, so it should be a local one; and neither TLS nor a cluster is spoken
// (hiredis 0.14).
//
// Of hiredis; a build without it has redis_absent.cc, whose open() says so.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/password_file.h"
#include "counter/counter.h"
#include "counter/left.h"
#include "counter/redis_url.h"

namespace seckill {

struct RedisOptions {
  RedisTarget target;
  PasswordFile password;
  milliseconds start_wait{30'000};  // for a server that does not answer yet
  // One line for the person on call.
  std::function<void(std::string_view)> say = [](std::string_view) {};
};

// The key of a sale's counter: what `redis-cli hgetall` wants.
std::string redis_key_of(RecordHash journal, SaleUid sale);

class RedisCounter : public Counter {
 public:
  static constexpr milliseconds kDead{1'000};

  // Logs in, loads the function, tries it. kUnavailable: no answer within start_wait, which is said
  // at once. kInvalid: wrong login or rights, no functions, a replica, a cluster; each with its
  // repair.
  static Result<std::unique_ptr<RedisCounter>> open(RedisOptions options, RecordHash journal);

  struct Figures {
    bool up = false;
    std::string trouble;        // the last one; empty while all is well
    std::uint64_t calls = 0;    // that were answered …
    std::uint64_t call_us = 0;  // … and their time
  };
  virtual Figures figures() const = 0;
};

// For the audit: what is there. Blocks; changes nothing.
Result<std::map<SaleUid, Left>> read_redis_counters(const RedisOptions& options, RecordHash journal,
                                                    const std::vector<SaleUid>& sales);

// For `doctor`. Loads the function, changes nothing else.
struct RedisLook {
  std::string version;       // "7.0.15"
  std::int64_t skew_ms = 0;  // its clock less ours
  std::int64_t trip_us = 0;
  bool evicts = false;  // maxmemory-policy may throw counters away
};
Result<RedisLook> look_at_redis(const RedisOptions& options);

}  // namespace seckill
