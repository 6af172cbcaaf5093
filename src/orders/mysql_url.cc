#include "orders/mysql_url.h"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <utility>

#include "base/invariant.h"

namespace seckill::mysql {
namespace {

constexpr const char* kExample = "mysql://seckill@db.example:3306/seckill?ssl-mode=REQUIRED";

constexpr std::array kModes{std::pair{std::string_view("PREFERRED"), Tls::kPreferred},
                            std::pair{std::string_view("DISABLED"), Tls::kDisabled},
                            std::pair{std::string_view("REQUIRED"), Tls::kRequired},
                            std::pair{std::string_view("VERIFY_IDENTITY"), Tls::kVerifyIdentity}};

tl::unexpected<Error> wrong(std::string_view what) {
  return fail(Error::Code::kInvalid, fmt::format("{}; as in {}", what, kExample));
}

// What stands before the separator; the rest stays.
std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return head;
}

Status read_port(std::string_view text, Target& target) {
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, target.port);
  if (read.ec == std::errc{} && read.ptr == end && target.port != 0) return {};
  return wrong(fmt::format("\"{}\" is no port", text));
}

Status read_host(std::string_view text, Target& target) {
  if (text.starts_with('[')) {  // [::1]:3306
    text.remove_prefix(1);
    target.host = cut(text, ']');
    if (text.starts_with(':')) return read_port(text.substr(1), target);
    return {};
  }
  target.host = cut(text, ':');
  if (target.host.empty()) return wrong("the host is missing");
  return text.empty() ? Status{} : read_port(text, target);
}

Status read_option(std::string_view text, Target& target) {
  const std::string_view name = cut(text, '=');
  if (name == "ssl-ca") {
    target.ca = text;
    return {};
  }
  if (name != "ssl-mode") return wrong(fmt::format("\"{}\" is no option: ssl-mode, ssl-ca", name));
  std::string asked(text);
  for (char& c : asked)
    c = c == '-' ? '_' : static_cast<char>(c & ~('a' <= c && c <= 'z' ? 32 : 0));
  if (asked == "VERIFY_CA") asked = "VERIFY_IDENTITY";  // this library checks both, or neither
  for (const auto& [word, mode] : kModes) {
    if (asked != word) continue;
    target.tls = mode;
    return {};
  }
  return wrong(
      fmt::format("ssl-mode={} is none of: DISABLED, PREFERRED, REQUIRED, VERIFY_CA, "
                  "VERIFY_IDENTITY",
                  text));
}

}  // namespace

Result<Target> target_from(std::string_view url) {
  std::string_view rest = url;
  const std::string_view scheme = cut(rest, ':');
  if ((scheme != "mysql" && scheme != "mariadb") || !rest.starts_with("//")) {
    return wrong(fmt::format("\"{}\" is no mysql:// URL", url));
  }
  rest.remove_prefix(2);
  Target target;
  std::string_view place = cut(rest, '?');
  if (const std::size_t at = place.rfind('@'); at != std::string_view::npos) {
    target.user = place.substr(0, at);
    place.remove_prefix(at + 1);
    if (target.user.find(':') != std::string::npos) {
      return fail(
          Error::Code::kInvalid,
          "a password does not belong into a URL, where process lists and logs show it; put "
          "it into a file of mode 0600 and name that: --orders-password-file FILE");
    }
  }
  if (auto host = read_host(cut(place, '/'), target); !host) return fail(host.error());
  target.database = place;
  if (target.user.empty()) return wrong("the user is missing");
  if (target.database.empty()) return wrong("the database is missing");
  while (!rest.empty()) {
    if (auto option = read_option(cut(rest, '&'), target); !option) return fail(option.error());
  }
  if (target.tls == Tls::kVerifyIdentity && target.ca.empty()) {
    return wrong("to verify the server, name the file of its CA: ssl-ca=FILE");
  }
  return target;
}

std::string to_text(const Target& target) {
  const bool six = target.host.find(':') != std::string::npos;
  auto text = fmt::format("mysql://{}@{}{}{}:{}/{}", target.user, six ? "[" : "", target.host,
                          six ? "]" : "", target.port, target.database);
  for (const auto& [word, mode] : kModes) {
    if (mode == target.tls && mode != Tls::kPreferred) text += fmt::format("?ssl-mode={}", word);
  }
  if (!target.ca.empty()) {
    text += fmt::format("{}ssl-ca={}", target.tls == Tls::kPreferred ? '?' : '&', target.ca);
  }
  return text;
}

bool is_this_machine(const Target& target) {
  return target.host == "localhost" || target.host == "::1" || target.host.starts_with("127.");
}

}  // namespace seckill::mysql
