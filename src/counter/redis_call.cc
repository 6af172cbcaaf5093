#include "counter/redis_call.h"

#include <fmt/format.h>
#include <poll.h>

#include "embedded/take_lua.h"

namespace seckill {

std::string redis_key_of(RecordHash journal, SaleUid sale) {
  return fmt::format("{}{}}}", redis::keys_begin(journal), static_cast<std::uint32_t>(sale));
}

namespace redis {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string login_fix(const RedisOptions& options) {
  return fmt::format(
      "put the password of \"{}\" into a file of mode 0600 and name that: "
      "--counter-password-file FILE",
      options.target.user.empty() ? "default" : options.target.user);
}

std::string rights_fix(const RedisOptions& options) {
  return fmt::format(
      "as an administrator (--compat demo wants ~counter +get +setnx +decrby +evalsha +script|load "
      "+select instead): ACL SETUSER {} ~seckill:* +fcall +function|load +time +hmget +hset "
      "+hincrby +del +pexpire +info +select +config|get",
      options.target.user.empty() ? "default" : options.target.user);
}

}  // namespace

void bound(redisContext& context) {
  static const redisReplyObjectFunctions whole = *context.reader->fn;
  static redisReplyObjectFunctions bounded = [] {
    redisReplyObjectFunctions functions = whole;
    functions.createArray = [](const redisReadTask* task, int elements) -> void* {
      return elements > int{kWantsMax} ? nullptr : whole.createArray(task, elements);
    };
    return functions;
  }();
  context.reader->fn = &bounded;
}

std::string keys_begin(RecordHash journal) {
  return fmt::format("seckill:{{{}:", to_text(journal));
}

std::string wire(const Words& words) {
  std::string bytes = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words)
    fmt::format_to(std::back_inserter(bytes), "${}\r\n{}\r\n", word.size(), word);
  return bytes;
}

Result<Words> login(const RedisOptions& options) {
  const auto password = options.password.read();
  if (!password) return fail(password.error());
  if (password->empty()) return Words{};
  if (options.target.user.empty()) return Words{"AUTH", *password};
  return Words{"AUTH", options.target.user, *password};
}

Words load() { return {"FUNCTION", "LOAD", "REPLACE", std::string(embedded::take_lua()[0].text)}; }

Words take(const std::string& begin, const Take& take) {
  Words words{"FCALL", "seckill_v1_take", std::to_string(take.wants.size())};
  words.reserve(4 + 3 * take.wants.size());
  for (const Want& want : take.wants) {
    words.push_back(fmt::format("{}{}}}", begin, static_cast<std::uint32_t>(want.sale)));
  }
  words.push_back(std::to_string(number(take.position)));
  for (const Want& want : take.wants) {
    words.push_back(std::to_string(want.units));
    words.push_back(std::to_string(want.available));
  }
  return words;
}

bool is_error(const redisReply& reply) { return reply.type == REDIS_REPLY_ERROR; }

std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, reply.len);
}

bool says_no_function(std::string_view error) { return has(error, "Function not found"); }

Error meaning_of(std::string_view error, const RedisOptions& options) {
  using enum Error::Code;
  error = error.substr(0, error.find(", with args"));  // of AUTH they are the password (T27)
  const auto means = [&](Error::Code code, std::string_view what, std::string_view fix) {
    return Error{code, fmt::format("counter/redis: {} {} ({}); {}", to_text(options.target), what,
                                   error.substr(0, 200), fix)};
  };
  if (error.starts_with("WRONGPASS") || error.starts_with("NOAUTH") || has(error, "AUTH") ||
      has(error, "invalid password")) {
    return means(kInvalid, "refuses the login", login_fix(options));
  }
  if (error.starts_with("NOPERM")) {
    return means(kInvalid, "does not let this user do that", rights_fix(options));
  }
  if (has(error, "unknown command") || has(error, "unknown subcommand")) {
    return means(
        kInvalid, "has no functions: it is older than 7, or they are renamed away",
        "use a Redis or Valkey from 7 on that allows FUNCTION and FCALL, or --counter none");
  }
  if (error.starts_with("READONLY") || error.starts_with("MASTERDOWN")) {
    return means(kInvalid, "is a read-only replica", "name its primary with --counter");
  }
  if (error.starts_with("MOVED") || error.starts_with("CLUSTERDOWN") ||
      error.starts_with("CROSSSLOT") || has(error, "cluster")) {
    return means(kInvalid, "is a cluster", "name a Redis that is none with --counter");
  }
  if (has(error, "DB index is out of range")) {
    return means(kInvalid, "has no such database", "name another: redis://host:port/0");
  }
  if (error.starts_with("OOM")) {
    return means(kUnavailable, "is full",
                 "raise its maxmemory: a counter takes less than 200 bytes a sale");
  }
  if (error.starts_with("MISCONF")) {
    return means(kUnavailable, "takes no writes", "mend its snapshots: redis-cli info persistence");
  }
  return means(kUnavailable, "does not do as asked", "look into its log");
}

Result<Line> Line::open(const RedisOptions& options, milliseconds within) {
  const timeval limit{within.count() / 1'000, within.count() % 1'000 * 1'000};
  const RedisTarget& target = options.target;
  const auto silent = [&](const redisContext* context) {
    return fail(Error::Code::kUnavailable,
                fmt::format("counter/redis: {} does not answer ({}); is --counter right, and is it "
                            "started?",
                            to_text(target), context == nullptr ? "no memory" : context->errstr));
  };
  Context context(redisConnectWithTimeout(target.host.c_str(), target.port, limit));
  if (!context || context->err != 0) return silent(context.get());
  redisSetTimeout(context.get(), limit);
  bound(*context);
  Line line(std::move(context), options);
  const auto words = login(options);
  if (!words) return fail(words.error());
  if (!words->empty()) {
    if (auto in = line.ask(*words); !in) return fail(in.error());
  }
  const auto there = line.ask({"SELECT", std::to_string(target.database)});
  if (!there) return fail(there.error());
  return line;
}

Result<Reply> Line::ask(const Words& words) {
  auto reply = say(words);
  if (reply && is_error(**reply)) return fail(meaning_of(text_of(**reply), options_));
  return reply;
}

bool Line::gone() const {
  pollfd socket{.fd = context_->fd, .events = POLLIN, .revents = 0};
  return ::poll(&socket, 1, 0) != 0;  // readable though nothing was asked: its end
}

Result<Reply> Line::say(const Words& words) {
  const std::string bytes = wire(words);
  void* answer = nullptr;
  if (redisAppendFormattedCommand(context_.get(), bytes.data(), bytes.size()) != REDIS_OK ||
      redisGetReply(context_.get(), &answer) != REDIS_OK) {
    return fail(Error::Code::kUnavailable,
                fmt::format("counter/redis: {} does not answer ({}); is it a Redis?",
                            to_text(options_.target), context_->errstr));
  }
  return Reply(static_cast<redisReply*>(answer));
}

}  // namespace redis
}  // namespace seckill
