// Words to and from a Redis: what both the loop's connection and the blocking look use of hiredis.
#pragma once

#include <hiredis/hiredis.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "counter/redis_counter.h"

namespace seckill::redis {

struct Close {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, Close>;
using Reply = std::unique_ptr<redisReply, Close>;
using Words = std::vector<std::string>;

// T33: an answer of more elements than any of ours has is an error before memory is taken for it.
void bound(redisContext& context);

std::string wire(const Words& words);              // as it is sent
Result<Words> login(const RedisOptions& options);  // AUTH …; empty: no password
Words load();                                      // FUNCTION LOAD REPLACE take.lua
Words take(const std::string& keys_begin, const Take& take);
std::string keys_begin(RecordHash journal);  // of all keys of a journal's sales

bool is_error(const redisReply& reply);
std::string_view text_of(const redisReply& reply);  // of a string, status or error
bool says_no_function(std::string_view error);

// What an error of the server means and how to mend it. kUnavailable: it may pass by itself.
Error meaning_of(std::string_view error, const RedisOptions& options);

// A connection that waits: for the start, the audit and the doctor.
class Line {
 public:
  // Connected and logged in. kUnavailable: nobody answers within that time.
  static Result<Line> open(const RedisOptions& options, milliseconds within = milliseconds(2'000));
  // No reply of it is an error.
  Result<Reply> ask(const Words& words);
  // Also an error's. kUnavailable: sent, perhaps, and not answered; this line is of no more use.
  Result<Reply> say(const Words& words);
  // The other side has hung up, while nothing was asked.
  bool gone() const;

 private:
  Line(Context context, const RedisOptions& options)
      : context_(std::move(context)), options_(options) {}

  Context context_;
  RedisOptions options_;
};

// Whether it can be our counter's home: the function is loaded and called for nothing. Blocks.
// Errors as RedisCounter::open().
Status try_out(const RedisOptions& options);

}  // namespace seckill::redis
