#include "counter/redis_url.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace seckill {
namespace {

tl::unexpected<Error> wrong(std::string_view what) {
  return fail(Error::Code::kInvalid, fmt::format("{}; as in redis://127.0.0.1:6379/0", what));
}

template <class Number>
bool read(std::string_view text, Number& number) {
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end;
}

Status read_place(std::string_view place, RedisTarget& target) {
  std::string_view port;
  if (place.starts_with('[')) {  // [::1]:6379
    const std::size_t close = place.find(']');
    if (close == std::string_view::npos) return wrong("the host's ] is missing");
    target.host = place.substr(1, close - 1);
    port = place.substr(close + 1);
  } else {
    const std::size_t colon = std::min(place.find(':'), place.size());
    target.host = place.substr(0, colon);
    port = place.substr(colon);
  }
  if (target.host.empty()) return wrong("the host is missing");
  if (port.empty()) return {};
  if (!read(port.substr(1), target.port) || target.port == 0) {
    return wrong(fmt::format("\"{}\" is no port", port.substr(1)));
  }
  return {};
}

}  // namespace

Result<RedisTarget> redis_target_from(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (url.starts_with("rediss://")) {
    return wrong(
        "rediss:// needs TLS, which this build's hiredis does not have: let a tunnel (stunnel, a "
        "service mesh) encrypt and name its end here");
  }
  if (!url.starts_with(kScheme)) return wrong(fmt::format("\"{}\" is no redis:// URL", url));
  RedisTarget target;
  std::string_view rest = url.substr(kScheme.size());
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    target.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    if (target.user.find(':') != std::string::npos) {
      return fail(
          Error::Code::kInvalid,
          "a password does not belong into a URL, where process lists and logs show it; put "
          "it into a file of mode 0600 and name that: --counter-password-file FILE");
    }
  }
  if (rest.find(',') != std::string_view::npos) {
    return wrong("one Redis, not several: a cluster or sentinels are not spoken to");
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (auto place = read_place(rest.substr(0, slash), target); !place) return fail(place.error());
  if (slash + 1 < rest.size() && !read(rest.substr(slash + 1), target.database)) {
    return wrong(fmt::format("\"{}\" is no number of a database", rest.substr(slash + 1)));
  }
  return target;
}

std::string to_text(const RedisTarget& target) {
  const bool six = target.host.find(':') != std::string::npos;
  return fmt::format("redis://{}{}{}{}{}:{}/{}", target.user, target.user.empty() ? "" : "@",
                     six ? "[" : "", target.host, six ? "]" : "", target.port, target.database);
}

}  // namespace seckill
