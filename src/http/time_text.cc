#include "http/time_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>

namespace seckill {
namespace {

using namespace std::chrono;

constexpr std::int64_t kLastMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

struct Civil {
  int year;
  unsigned month, day, weekday;
  std::int64_t hour, minute, second, ms;
};

Civil civil_of(RawTime at) {
  const sys_time<milliseconds> time{milliseconds(std::clamp<std::int64_t>(at.ms, 0, kLastMs))};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return {int(date.year()),          unsigned(date.month()),    unsigned(date.day()),
          weekday{day}.c_encoding(), clock.hours().count(),     clock.minutes().count(),
          clock.seconds().count(),   clock.subseconds().count()};
}

// Takes `digits` decimal digits off the front, or says nothing.
std::optional<int> number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == any_of.npos) return false;
  text.remove_prefix(1);
  return true;
}

// ".312499" -> 312; nothing there -> 0.
std::optional<int> fraction(std::string_view& text) {
  if (!take(text, ".")) return 0;
  int ms = 0;
  int scale = 100;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    ms += scale * (text[digits] - '0');
    scale /= 10;
  }
  text.remove_prefix(digits);
  if (digits == 0 || digits > 9) return std::nullopt;
  return ms;
}

std::optional<minutes> offset(std::string_view& text) {
  if (take(text, "Zz")) return minutes(0);
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto h = number(text, 2);
  if (!h || !take(text, ":")) return std::nullopt;
  const auto m = number(text, 2);
  if (!m || *h > 23 || *m > 59) return std::nullopt;
  const minutes east = hours(*h) + minutes(*m);
  return west ? -east : east;
}

}  // namespace

// By hand: every reply to a buyer has two or three of these.
void append_time(std::string& to, RawTime at) {
  const Civil c = civil_of(at);
  std::array<char, 24> text;
  std::size_t size = 0;
  const auto put = [&](std::int64_t value, std::size_t digits, char behind) {
    for (std::size_t i = digits; i-- > 0; value /= 10)
      text[size + i] = static_cast<char>('0' + value % 10);
    size += digits;
    text[size++] = behind;
  };
  put(c.year, 4, '-');
  put(c.month, 2, '-');
  put(c.day, 2, 'T');
  put(c.hour, 2, ':');
  put(c.minute, 2, ':');
  put(c.second, 2, '.');
  put(c.ms, 3, 'Z');
  to.append(text.data(), size);
}

std::string http_date(RawTime at) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil c = civil_of(at);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[c.weekday], c.day,
                     kMonths[c.month - 1], c.year, c.hour, c.minute, c.second);
}

std::optional<RawTime> time_from(std::string_view text) {
  const auto y = number(text, 4);
  if (!y || !take(text, "-")) return std::nullopt;
  const auto mo = number(text, 2);
  if (!mo || !take(text, "-")) return std::nullopt;
  const auto d = number(text, 2);
  if (!d || !take(text, "Tt ")) return std::nullopt;
  const auto h = number(text, 2);
  if (!h || !take(text, ":")) return std::nullopt;
  const auto mi = number(text, 2);
  if (!mi || !take(text, ":")) return std::nullopt;
  const auto s = number(text, 2);
  if (!s) return std::nullopt;
  const auto ms = fraction(text);
  if (!ms) return std::nullopt;
  const auto east = offset(text);
  if (!east || !text.empty() || *h > 23 || *mi > 59 || *s > 59) return std::nullopt;
  const year_month_day date{year(*y), month(unsigned(*mo)), day(unsigned(*d))};
  if (!date.ok()) return std::nullopt;
  const auto time = sys_days(date) + hours(*h) + minutes(*mi) + seconds(*s) + milliseconds(*ms);
  const RawTime at{duration_cast<milliseconds>((time - *east).time_since_epoch()).count()};
  if (at.ms < 0 || at.ms > kLastMs) return std::nullopt;
  return at;
}

}  // namespace seckill
