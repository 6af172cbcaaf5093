#include <charconv>
#include <fmt/format.h>

#include "compat/redis.h"

namespace seckill::compat {
namespace {

tl::unexpected<Error> wrong(std::string_view url, std::string_view why) {
  return fail(Error::Code::kInvalid,
              fmt::format("\"{}\" {}; as in redis://127.0.0.1:6379/0", url, why));
}

template <class T>
bool read_number(std::string_view text, T& into) {
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, into);
  return read.ec == std::errc() && read.ptr == end;
}

}  // namespace

Result<RedisTarget> redis_target_from(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (url.starts_with("rediss://"))
    return wrong(url, "wants TLS, which this client (hiredis 0.14) has not");
  if (!url.starts_with(kScheme)) return wrong(url, "is not understood");
  std::string_view rest = url.substr(kScheme.size());
  RedisTarget target;
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    target.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    if (target.user.find(':') != std::string::npos)  // it is not shown again
      return wrong("redis://…",
                   "has a password in it, where process lists and logs show it; put it "
                   "into a file of mode 0600: --counter-password-file FILE");
  }
  if (const auto slash = rest.find('/'); slash != rest.npos) {
    const std::string_view database = rest.substr(slash + 1);
    if (!database.empty() && (!read_number(database, target.database) || target.database < 0))
      return wrong(url, "has no number for a database");
    rest = rest.substr(0, slash);
  }
  if (const auto colon = rest.rfind(':'); colon != rest.npos) {
    if (!read_number(rest.substr(colon + 1), target.port) || target.port == 0)
      return wrong(url, "has no port");
    rest = rest.substr(0, colon);
  }
  if (rest.empty()) return wrong(url, "names no host");
  target.host = rest;
  return target;
}

std::string to_text(const RedisTarget& target) {
  return fmt::format("redis://{}{}{}:{}/{}", target.user, target.user.empty() ? "" : "@",
                     target.host, target.port, target.database);
}

}  // namespace seckill::compat
