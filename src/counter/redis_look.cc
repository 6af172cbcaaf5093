// A Redis as it is: for the start, the audit and the doctor. All of it waits for answers.

#include <charconv>
#include <fmt/format.h>
#include <optional>

#include "counter/redis_call.h"

namespace seckill {
namespace {

using Code = Error::Code;

// "redis_version:7.0.15\r\n…"
std::string line_of(std::string_view info, std::string_view name) {
  const std::size_t at = info.find(fmt::format("{}:", name));
  if (at == info.npos) return {};
  const std::size_t begin = at + name.size() + 1;
  return std::string(info.substr(begin, info.find_first_of("\r\n", begin) - begin));
}

template <class Number>
std::optional<Number> number_in(const redisReply* reply) {
  if (reply == nullptr || reply->type != REDIS_REPLY_STRING) return std::nullopt;
  const std::string_view text = redis::text_of(*reply);
  Number read{};
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (error != std::errc{} || at != text.data() + text.size()) return std::nullopt;
  return read;
}

// What is not a counter of ours is none.
std::optional<Left> left_in(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements != 3) return std::nullopt;
  const auto left = number_in<std::int64_t>(reply.element[0]);
  const auto position = number_in<std::uint64_t>(reply.element[1]);
  const auto at = number_in<std::int64_t>(reply.element[2]);
  if (!left || !position || !at) return std::nullopt;
  return Left{*left, Position{*position}, RawTime{*at}};
}

Result<std::string> version_of(redis::Line& line, const RedisOptions& options) {
  const auto info = line.ask({"INFO", "server"});
  if (!info) return fail(info.error());
  if (line_of(redis::text_of(**info), "redis_mode") == "cluster") {
    return fail(redis::meaning_of("redis_mode:cluster", options));
  }
  std::string version = line_of(redis::text_of(**info), "redis_version");
  if (version.empty()) return fail(redis::meaning_of("INFO without a version", options));
  return version;
}

}  // namespace

Status redis::try_out(const RedisOptions& options) {
  auto line = redis::Line::open(options);
  if (!line) return fail(line.error());
  if (auto version = version_of(*line, options); !version) return fail(version.error());
  if (auto loaded = line->ask(redis::load()); !loaded) return fail(loaded.error());
  const auto taken = line->ask(redis::take("", {}));
  if (!taken) return fail(taken.error());
  if ((*taken)->type == REDIS_REPLY_ARRAY && (*taken)->elements == 0) return {};
  return fail(redis::meaning_of("an answer without sense", options));
}

Result<RedisLook> look_at_redis(const RedisOptions& options) {
  if (auto works = redis::try_out(options); !works) return fail(works.error());
  auto line = redis::Line::open(options);
  if (!line) return fail(line.error());
  RedisLook look;
  auto version = version_of(*line, options);
  if (!version) return fail(version.error());
  look.version = *version;
  const SteadyTime before = steady_now();
  const auto time = line->ask({"TIME"});
  if (!time) return fail(time.error());
  look.trip_us = (steady_now() - before).count();
  if ((*time)->type == REDIS_REPLY_ARRAY && (*time)->elements == 2) {
    const auto seconds = number_in<std::int64_t>((*time)->element[0]);
    const auto micros = number_in<std::int64_t>((*time)->element[1]);
    if (seconds && micros) look.skew_ms = *seconds * 1'000 + *micros / 1'000 - raw_now().ms;
  }
  // CONFIG may be renamed away: then nobody knows.
  if (const auto policy = line->ask({"CONFIG", "GET", "maxmemory-policy"});
      policy && (*policy)->type == REDIS_REPLY_ARRAY && (*policy)->elements == 2) {
    look.evicts = redis::text_of(*(*policy)->element[1]) != "noeviction";
  }
  return look;
}

Result<std::map<SaleUid, Left>> read_redis_counters(const RedisOptions& options, RecordHash journal,
                                                    const std::vector<SaleUid>& sales) {
  auto line = redis::Line::open(options);
  if (!line) return fail(line.error());
  std::map<SaleUid, Left> found;
  for (const SaleUid sale : sales) {
    const auto known = line->ask({"HMGET", redis_key_of(journal, sale), "left", "position", "at"});
    if (!known) return fail(known.error());
    if (const auto left = left_in(**known)) found[sale] = *left;
  }
  return found;
}

}  // namespace seckill
