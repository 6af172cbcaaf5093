#include "http/visitor.h"

#include <array>
#include <charconv>
#include <fmt/format.h>

#include "http/head_field.h"
#include "http/options.h"
#include "http/query.h"

namespace seckill {
namespace {

using std::string_view;

constexpr string_view kBuyerCookie = "seckill_buyer";
constexpr string_view kLanguageCookie = "seckill_lang";
constexpr std::size_t kSecretBytes = 16;

std::string hex_of(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

bool is_secret(string_view text) {
  return text.size() == 2 * kSecretBytes && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// "a=1; b=2": the first of that name; nothing when there is none.
string_view cookie_of(string_view cookies, string_view name) {
  while (!cookies.empty()) {
    const auto end = cookies.find(';');
    string_view pair = cookies.substr(0, end);
    cookies = end == cookies.npos ? string_view{} : cookies.substr(end + 1);
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

std::optional<Language> language_from(string_view tag) {
  const string_view main = tag.substr(0, tag.find('-'));
  if (main == "zh" || main == "ZH") return Language::kChinese;
  if (main == "en" || main == "EN" || main == "*") return Language::kEnglish;
  return std::nullopt;
}

// Thousandths: "zh;q=0.8" -> 800. What cannot be read counts as nothing.
int weight_of(string_view parameters) {
  const auto at = parameters.find("q=");
  if (at == parameters.npos) return 1000;
  const string_view text = parameters.substr(at + 2);
  if (text.starts_with("1")) return 1000;
  if (!text.starts_with("0.")) return 0;
  int weight = 0;
  int unit = 100;
  for (std::size_t i = 2; i < text.size() && unit > 0; ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') break;
    weight += (text[i] - '0') * unit;
  }
  return weight;
}

// Of "fr, zh-CN;q=0.8, en;q=0.7" the one we speak that is wanted most.
Language accepted_language(string_view wanted) {
  Language best = Language::kEnglish;
  int most = 0;
  while (!wanted.empty()) {
    const auto end = wanted.find(',');
    string_view one = wanted.substr(0, end);
    wanted = end == wanted.npos ? string_view{} : wanted.substr(end + 1);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    const auto semicolon = one.find(';');
    const auto language = language_from(one.substr(0, semicolon));
    const int weight = weight_of(semicolon == one.npos ? string_view{} : one.substr(semicolon));
    if (language && weight > most) best = *language, most = weight;
  }
  return best;
}

std::optional<Language> asked_language(const Request& request) {
  std::optional<Language> asked;
  each_pair(request.query, [&](string_view name, string_view value) {
    if (name == "lang") asked = language_from(value);
    return true;
  });
  return asked;
}

std::string cookie_line(const Request& request, string_view name, string_view value,
                        string_view more) {
  const bool secure = field_of(request.head, "x-forwarded-proto").value_or("") == "https";
  return fmt::format("Set-Cookie: {}={}; Path=/; Max-Age=31536000; SameSite=Lax{}{}\r\n", name,
                     value, more, secure ? "; Secure" : "");
}

}  // namespace

Visitor visitor_of(const Request& request, const Random& random) {
  const string_view cookies = field_of(request.head, "cookie").value_or("");
  Visitor visitor;
  std::string secret(cookie_of(cookies, kBuyerCookie));
  if (!is_secret(secret)) secret.clear();
  if (secret.empty() && random) {
    std::array<std::uint8_t, kSecretBytes> drawn{};
    random(std::as_writable_bytes(std::span(drawn)));
    secret = hex_of(drawn);
    visitor.set_cookies += cookie_line(request, kBuyerCookie, secret, "; HttpOnly");
  }
  if (!secret.empty()) {
    const TokenHash hash = hash_of_token(secret);
    visitor.buyer = Buyer::from("web-" + hex_of(std::span(hash).first(12)));
  }
  if (const auto asked = asked_language(request)) {
    visitor.language = *asked;
    visitor.set_cookies += cookie_line(request, kLanguageCookie,
                                       *asked == Language::kChinese ? "zh" : "en", "; HttpOnly");
  } else if (const auto chosen = language_from(cookie_of(cookies, kLanguageCookie))) {
    visitor.language = *chosen;
  } else {
    visitor.language = accepted_language(field_of(request.head, "accept-language").value_or(""));
  }
  return visitor;
}

bool is_cross_site(const Request& request) {
  const auto site = field_of(request.head, "sec-fetch-site");
  return site && *site != "same-origin";
}

}  // namespace seckill
