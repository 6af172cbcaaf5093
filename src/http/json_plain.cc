#include "http/json_plain.h"

#include <algorithm>
#include <array>

namespace seckill {
namespace {

using std::string_view;

constexpr std::array<bool, 256> kTextBytes = [] {
  std::array<bool, 256> bytes{};
  for (unsigned char c = ' '; c <= '~'; ++c) bytes[c] = c != '"' && c != '\\';
  return bytes;
}();
constexpr std::ptrdiff_t kDigitsMax = 15;  // no sum of so many overflows

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Goes through a text; each call is true, and behind what it took, if that was there.
class Walk {
 public:
  explicit Walk(string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool ended() {
    skip_blanks();
    return at_ == end_;
  }
  bool sign(char sign) {
    skip_blanks();
    return take(sign);
  }
  bool text(string_view& text) {
    if (!take('"')) return false;
    const char* const begin = at_;
    while (at_ != end_ && kTextBytes[static_cast<unsigned char>(*at_)]) ++at_;
    text = {begin, at_};
    return take('"');
  }
  bool value(JsonField& field) {
    skip_blanks();
    if (at_ == end_) return false;
    if (*at_ == '"') {
      field.kind = JsonField::Kind::kText;
      return text(field.text);
    }
    if (is_digit(*at_)) {
      field.kind = JsonField::Kind::kInteger;
      return number(field.integer);
    }
    field.kind = *at_ == 'n' ? JsonField::Kind::kNull : JsonField::Kind::kOther;
    return word("null") || word("true") || word("false");
  }

 private:
  void skip_blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  // What follows is a sign or no JSON: a fraction is found there.
  bool number(std::int64_t& number) {
    const char* const begin = at_;
    for (; at_ != end_ && is_digit(*at_); ++at_) {
      if (at_ - begin == kDigitsMax) return false;
      number = number * 10 + (*at_ - '0');
    }
    return *begin != '0' || at_ - begin == 1;
  }
  bool word(string_view word) {
    if (!string_view(at_, end_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

std::optional<std::size_t> read_plain_json(string_view body, std::span<JsonField> fields) {
  Walk walk(body);
  if (!walk.sign('{')) return std::nullopt;
  std::size_t count = 0;
  if (!walk.sign('}')) {
    do {
      if (count == fields.size() || walk.ended()) return std::nullopt;
      JsonField field;
      if (!walk.text(field.name) || !walk.sign(':') || !walk.value(field)) return std::nullopt;
      const auto before = fields.first(count);
      if (std::any_of(before.begin(), before.end(),
                      [&](const JsonField& other) { return other.name == field.name; }))
        return std::nullopt;
      fields[count++] = field;
    } while (walk.sign(','));
    if (!walk.sign('}')) return std::nullopt;
  }
  if (!walk.ended()) return std::nullopt;
  return count;
}

}  // namespace seckill
