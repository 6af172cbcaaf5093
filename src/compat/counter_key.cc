#include "compat/counter_key.h"

#include <charconv>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <utility>

#include "base/invariant.h"
#include "base/thread_name.h"

namespace seckill::compat {
namespace {

using Code = Error::Code;

// KEYS: the counter. ARGV: units to give back, units to take. Answers {taken, left}, or nothing
// where there is no counter. Below 0 (others may have gone there) nothing is taken.
constexpr std::string_view kScript = R"(
local value = redis.call('GET', KEYS[1])
if not value then return false end
if not string.match(value, '^-?%d+$') or tonumber(value) > 4294967295 then
  return redis.error_reply('ERR ' .. KEYS[1] .. ' is no number of units')
end
local left = tonumber(value) + tonumber(ARGV[1])
local taken = math.min(tonumber(ARGV[2]), math.max(left, 0))
local change = taken - tonumber(ARGV[1])
if change ~= 0 then redis.call('DECRBY', KEYS[1], change) end
return {taken, math.max(left - taken, 0)})";

}  // namespace

CounterKey::CounterKey(RedisOptions options)
    : options_(std::move(options)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  invariant(static_cast<bool>(wake_), "there is a file for the counter's bell");
  thread_ = std::thread([this] { run(); });
}

CounterKey::~CounterKey() {
  {
    const std::scoped_lock hold(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void CounterKey::turn(Take take) {
  {
    const std::scoped_lock hold(mutex_);
    invariant(!asked_ && !done_, "one take in flight");
    asked_ = take;
  }
  changed_.notify_one();
}

std::optional<Taken> CounterKey::poll() {
  std::uint64_t rings = 0;
  [[maybe_unused]] const auto got = ::read(wake_.get(), &rings, sizeof rings);
  const std::scoped_lock hold(mutex_);
  return std::exchange(done_, std::nullopt);
}

std::string CounterKey::trouble() const {
  const std::scoped_lock hold(mutex_);
  return trouble_;
}

void CounterKey::note(std::string trouble) {
  const std::scoped_lock hold(mutex_);
  trouble_ = std::move(trouble);
}

void CounterKey::run() {
  name_thread("counter");
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ending_ || asked_; });
    if (ending_) return;
    const Take take = *std::exchange(asked_, std::nullopt);
    lock.unlock();
    const Taken taken = call(take);
    lock.lock();
    done_ = taken;
    static constexpr std::uint64_t kOne = 1;
    [[maybe_unused]] const auto put = ::write(wake_.get(), &kOne, sizeof kOne);
  }
}

// A server that does not know the script (any more) has done nothing: it is told, and asked again.
Taken CounterKey::call(Take take) {
  if (redis_ && redis_->gone()) redis_.reset();
  for (int tries = 0; tries < 2; ++tries) {
    if (!redis_) {
      auto opened = redis::Line::open(options_, kRedisWithin);
      if (!opened) return note(opened.error().message), Taken{.how = Taken::How::kRefused};
      redis_ = *std::move(opened);
      sha_.clear();
    }
    if (sha_.empty()) {
      const auto loaded = redis_->ask({"SCRIPT", "LOAD", std::string(kScript)});
      if (!loaded) {
        redis_.reset();
        return note(loaded.error().message), Taken{.how = Taken::How::kRefused};
      }
      sha_ = redis::text_of(**loaded);
    }
    const auto reply = redis_->say(
        {"EVALSHA", sha_, "1", kCounterKey, std::to_string(take.back), std::to_string(take.units)});
    if (!reply) {
      redis_.reset();
      return note(reply.error().message), Taken{.how = Taken::How::kLost};
    }
    if (!redis::is_error(**reply) || !redis::text_of(**reply).starts_with("NOSCRIPT"))
      return understood(**reply, take);
    sha_.clear();
  }
  return note("counter/redis: it forgets our script"), Taken{.how = Taken::How::kRefused};
}

Taken CounterKey::understood(const redisReply& reply, Take take) {
  if (reply.type == REDIS_REPLY_NIL) {
    note(fmt::format("counter/redis: {} has no key `{}`: SET {} 100 puts a hundred units on sale",
                     to_text(options_.target), kCounterKey, kCounterKey));
    return {.how = Taken::How::kNoKey};
  }
  if (redis::is_error(reply)) {
    const Error means = redis::meaning_of(redis::text_of(reply), options_);
    if (means.code == Code::kInvalid) redis_.reset();  // another may answer when we come again
    return note(means.message), Taken{.how = Taken::How::kRefused};
  }
  const bool pair = reply.type == REDIS_REPLY_ARRAY && reply.elements == 2 &&
                    reply.element[0]->type == REDIS_REPLY_INTEGER &&
                    reply.element[1]->type == REDIS_REPLY_INTEGER;
  const auto taken = pair ? reply.element[0]->integer : -1;
  const auto left = pair ? reply.element[1]->integer : -1;
  if (taken < 0 || taken > take.units || left < 0 ||
      left > UINT32_MAX) {  // not our script's answer
    note("counter/redis: an answer that makes no sense");
    return {.how = Taken::How::kLost};
  }
  note({});
  return {.how = Taken::How::kDone,
          .units = static_cast<std::uint32_t>(taken),
          .left = static_cast<std::uint32_t>(left)};
}

Result<bool> make_counter(redis::Line& redis, std::uint64_t stock) {
  const auto made = redis.ask({"SETNX", kCounterKey, std::to_string(stock)});
  if (!made) return fail(made.error());
  return (*made)->integer == 1;
}

Result<std::optional<std::int64_t>> read_counter(redis::Line& redis) {
  const auto found = redis.ask({"GET", kCounterKey});
  if (!found) return fail(found.error());
  if ((*found)->type == REDIS_REPLY_NIL) return std::optional<std::int64_t>();
  const std::string_view text = redis::text_of(**found);
  std::int64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && at == text.data() + text.size()) return std::optional(value);
  return fail(Code::kInvalid,
              fmt::format("counter/redis: the key `{}` is no number: {}", kCounterKey, text));
}

}  // namespace seckill::compat
