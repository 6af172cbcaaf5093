#include "compat/redis.h"

#include <array>
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/time.h>

namespace seckill::compat {
namespace {

using Code = Error::Code;

timeval limit() { return {kRedisWithin.count() / 1'000, kRedisWithin.count() % 1'000 * 1'000}; }

tl::unexpected<Error> away(const RedisTarget& target, std::string_view why) {
  return fail(Code::kUnavailable,
              fmt::format("counter/redis: {}: {}; is --counter right?", to_text(target), why));
}

Reply flattened(const redisReply& from) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_ERROR:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_STRING:
      reply.kind = from.type == REDIS_REPLY_ERROR ? Reply::Kind::kError : Reply::Kind::kText;
      reply.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::kNumbers;
      reply.numbers.push_back(from.integer);
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::kNumbers;
      for (std::size_t i = 0; i < from.elements; ++i)
        reply.numbers.push_back(from.element[i]->integer);
      break;
    default: break;
  }
  return reply;
}

}  // namespace

void Redis::Free::operator()(redisContext* context) const { redisFree(context); }

Redis::~Redis() = default;

Result<std::unique_ptr<Redis>> Redis::open(const RedisTarget& target) {
  std::unique_ptr<Redis> redis(new Redis(target));
  if (auto connected = redis->connect(); !connected) return fail(std::move(connected.error()));
  if (auto greeted = redis->greet(); !greeted) return fail(std::move(greeted.error()));
  return redis;
}

Status Redis::connect() {
  context_.reset(redisConnectWithTimeout(target_.host.c_str(), target_.port, limit()));
  if (!context_) return away(target_, "no memory");
  if (context_->err != 0) return away(target_, context_->errstr);
  redisSetTimeout(context_.get(), limit());
  return {};
}

// Who we are, and which of its databases is meant.
Status Redis::greet() {
  Result<Reply> said = Reply{};
  if (!target_.password.empty()) {
    said = target_.user.empty() ? call({"AUTH", target_.password})
                                : call({"AUTH", target_.user, target_.password});
  }
  if (said && said->kind != Reply::Kind::kError && target_.database != 0)
    said = call({"SELECT", std::to_string(target_.database)});
  if (!said) return fail(std::move(said.error()));
  if (said->kind != Reply::Kind::kError) return {};
  return fail(Code::kInvalid, fmt::format("counter/redis: {}: {}", to_text(target_), said->text));
}

bool Redis::gone() const {
  pollfd socket{.fd = context_->fd, .events = POLLIN, .revents = 0};
  return ::poll(&socket, 1, 0) != 0;  // readable though nothing was asked: its end
}

Result<Reply> Redis::call(std::initializer_list<std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  void* raw =
      redisCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(), sizes.data());
  if (raw == nullptr) return away(target_, context_->errstr);
  const std::unique_ptr<void, decltype(&freeReplyObject)> reply(raw, freeReplyObject);
  return flattened(*static_cast<const redisReply*>(raw));
}

}  // namespace seckill::compat
