#include "app/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <span>

namespace seckill::app {
namespace {

using Code = Error::Code;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A decimal number at the start of text, as thousandths, so "1.5" keeps its half; takes what it
// read off text.
std::optional<std::uint64_t> take_thousandths(std::string_view& text) {
  std::uint64_t whole = 0;
  std::size_t at = 0;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == ',' && at > 0)); ++at) {
    if (text[at] == ',') continue;
    if (whole > 1'000'000'000'000'000) return std::nullopt;
    whole = whole * 10 + static_cast<std::uint64_t>(text[at] - '0');
  }
  if (at == 0) return std::nullopt;
  std::uint64_t thousandths = whole * 1000;
  if (at < text.size() && text[at] == '.') {
    std::uint64_t unit = 100;
    const std::size_t dot = at++;
    for (; at < text.size() && is_digit(text[at]); ++at, unit /= 10) {
      thousandths += unit * static_cast<std::uint64_t>(text[at] - '0');
    }
    if (at == dot + 1 || at > dot + 4) return std::nullopt;
  }
  text.remove_prefix(at);
  return thousandths;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// number and unit, whole: nothing when the unit is unknown, the result no whole number, or too
// large.
std::optional<std::uint64_t> amount(std::string_view text, std::span<const Unit> units) {
  const auto thousandths = take_thousandths(text);
  const auto unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == text; });
  if (!thousandths || unit == units.end()) return std::nullopt;
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(*thousandths, unit->factor, &product) || product % 1000 != 0)
    return std::nullopt;
  return product / 1000;
}

constexpr std::array kCountUnits{Unit{"", 1}, Unit{"k", 1'000}, Unit{"K", 1'000},
                                 Unit{"M", 1'000'000}};
constexpr std::array kSizeUnits{Unit{"", 1},           Unit{"B", 1},
                                Unit{"kB", 1'000},     Unit{"KB", 1'000},
                                Unit{"MB", 1'000'000}, Unit{"GB", 1'000'000'000},
                                Unit{"KiB", 1 << 10},  Unit{"MiB", 1 << 20},
                                Unit{"GiB", 1 << 30},  Unit{"TiB", 1ULL << 40}};
constexpr std::array kTimeUnits{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                                Unit{"s", 1'000}, Unit{"ms", 1}};

std::uint32_t minor_digits(std::string_view currency) {
  constexpr std::array<std::string_view, 8> none{"JPY", "KRW", "VND", "CLP",
                                                 "ISK", "PYG", "UGX", "XAF"};
  constexpr std::array<std::string_view, 5> three{"BHD", "JOD", "KWD", "OMR", "TND"};
  if (std::find(none.begin(), none.end(), currency) != none.end()) return 0;
  return std::find(three.begin(), three.end(), currency) != three.end() ? 3 : 2;
}

std::int64_t power_of_ten(std::uint32_t digits) {
  std::int64_t power = 1;
  while (digits-- > 0) power *= 10;
  return power;
}

}  // namespace

Result<std::uint64_t> count_from(std::string_view text) {
  if (const auto count = amount(text, kCountUnits)) return *count;
  return fail(Code::kInvalid, fmt::format("\"{}\" is no count; as in 2000, 20k or 1.5M", text));
}

Result<std::uint64_t> size_from(std::string_view text) {
  if (const auto size = amount(text, kSizeUnits)) return *size;
  return fail(Code::kInvalid, fmt::format("\"{}\" is no size; as in 4KiB, 64MiB or 16GiB", text));
}

Result<milliseconds> duration_from(std::string_view text) {
  if (text == "0") return milliseconds(0);
  std::uint64_t total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {  // one number and its unit after the other: 1h30m
    const std::size_t letters = rest.find_first_not_of("0123456789.");
    const std::size_t end = letters == std::string_view::npos
                                ? rest.size()
                                : std::min(rest.find_first_of("0123456789", letters), rest.size());
    const auto part = amount(rest.substr(0, end), kTimeUnits);
    if (!part || *part > 100ULL * 365 * 86'400'000) break;
    total += *part;
    rest.remove_prefix(end);
  }
  if (rest.empty() && !text.empty()) return milliseconds(static_cast<std::int64_t>(total));
  return fail(Code::kInvalid,
              fmt::format("\"{}\" is no duration; as in 250ms, 5s, 15m or 1h30m", text));
}

Result<bool> bool_from(std::string_view text) {
  if (text == "true" || text == "yes" || text == "1") return true;
  if (text == "false" || text == "no" || text == "0") return false;
  return fail(Code::kInvalid, fmt::format("\"{}\" is neither true nor false", text));
}

Result<Price> price_from(std::string_view text) {
  const auto bad = [&] {
    return fail(Code::kInvalid, fmt::format("\"{}\" is no price; as in 9.90CNY or 500JPY", text));
  };
  const std::size_t split = text.find_first_not_of("0123456789.");
  if (split == 0 || split == std::string_view::npos) return bad();
  const auto currency = Currency::from(text.substr(split));
  if (!currency || currency->empty()) return bad();

  const std::string_view amount_text = text.substr(0, split);
  const std::size_t dot = amount_text.find('.');
  const std::string_view cents = dot == std::string_view::npos ? "" : amount_text.substr(dot + 1);
  const std::uint32_t digits = minor_digits(currency->view());
  if ((dot != std::string_view::npos && cents.empty()) || cents.find('.') != std::string_view::npos)
    return bad();
  if (cents.size() > digits) {
    return fail(Code::kInvalid, fmt::format("\"{}\": {} has {} digits after the point", text,
                                            currency->view(), digits));
  }
  std::string all(amount_text.substr(0, dot));
  all += cents;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), value);
  if (error != std::errc{} || end != all.data() + all.size() || value > 1'000'000'000'000'000)
    return bad();
  const auto missing = digits - static_cast<std::uint32_t>(cents.size());
  return Price{value * power_of_ten(missing), *currency};
}

std::string to_text(const Price& price) {
  if (price.currency.empty()) return "";
  const std::uint32_t digits = minor_digits(price.currency.view());
  const std::int64_t unit = power_of_ten(digits);
  if (digits == 0) return fmt::format("{}{}", price.minor, price.currency.view());
  return fmt::format("{}.{:0{}}{}", price.minor / unit, price.minor % unit, digits,
                     price.currency.view());
}

Result<RawTime> moment_from(std::string_view text, RawTime now) {
  if (text == "now") return now;
  if (text.starts_with('+')) {
    auto later = duration_from(text.substr(1));
    if (!later) return fail(std::move(later.error()));
    return now + *later;
  }
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, read = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
                  &second, &read) == 6) {
    std::string_view rest = std::string_view(copy).substr(static_cast<std::size_t>(read));
    std::int64_t fraction = 0;
    if (rest.starts_with('.')) {
      std::string_view part =
          rest.substr(0, std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
      for (std::int64_t unit = 100; const char c : part.substr(1))
        fraction += unit * (c - '0'), unit /= 10;
      rest.remove_prefix(part.size());
    }
    int zone_hour = 0, zone_minute = 0;
    const bool offset = rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') &&
                        std::sscanf(rest.data() + 1, "%2d:%2d", &zone_hour, &zone_minute) == 2;
    if (rest == "Z" || rest == "z" || offset) {
      using namespace std::chrono;
      const year_month_day date{std::chrono::year(year),
                                std::chrono::month(static_cast<unsigned>(month)),
                                std::chrono::day(static_cast<unsigned>(day))};
      if (date.ok() && hour < 24 && minute < 60 && second < 60) {
        auto at = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) +
                  milliseconds(fraction);
        const auto zone = hours(zone_hour) + minutes(zone_minute);
        at = rest[0] == '-' ? at + zone : at - zone;
        return RawTime{duration_cast<milliseconds>(at.time_since_epoch()).count()};
      }
    }
  }
  return fail(
      Code::kInvalid,
      fmt::format("\"{}\" is no moment; as in now, +1m or 2026-11-22T16:10:00+08:00", text));
}

std::string to_rfc3339(RawTime at) {
  const std::int64_t seconds = at.ms >= 0 ? at.ms / 1000 : (at.ms - 999) / 1000;
  const std::time_t time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     at.ms - seconds * 1000);
}

std::string to_local_clock(RawTime at) {
  const std::time_t time = static_cast<std::time_t>(at.ms / 1000);
  std::tm parts{};
  localtime_r(&time, &parts);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string to_text(milliseconds length) {
  std::int64_t rest = length.count();
  if (rest == 0) return "0s";
  std::string made;
  for (const Unit& unit : kTimeUnits) {
    const auto factor = static_cast<std::int64_t>(unit.factor);
    if (rest < factor) continue;
    made += fmt::format("{}{}", rest / factor, unit.name);
    rest %= factor;
  }
  return made;
}

std::string size_text(std::uint64_t bytes) {
  for (const auto& [name, factor] : {Unit{"TiB", 1ULL << 40}, Unit{"GiB", 1 << 30},
                                     Unit{"MiB", 1 << 20}, Unit{"KiB", 1 << 10}}) {
    if (bytes >= factor && bytes % factor == 0) return fmt::format("{}{}", bytes / factor, name);
  }
  return fmt::format("{}B", bytes);
}

Result<Address> address_from(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::uint32_t port = 65'536;
  if (colon != std::string_view::npos) {
    const char* end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc{} || read != end) port = 65'536;
  }
  if (port > 65'535) {
    return fail(
        Code::kInvalid,
        fmt::format("\"{}\" is no address; as in 127.0.0.1:3000, or :0 for any free port", text));
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return Address{host.empty() ? "127.0.0.1" : std::string(host), static_cast<std::uint16_t>(port)};
}

std::string to_text(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port)
            : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace seckill::app
