// Takes a request's JSON fields by name, and collects what is wrong with them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/json_in.h"
#include "http/problem.h"

namespace seckill {

// Wrong type or value: 422 with a JSON pointer each. A name with other letters than names have: 400
// (T11). A field nobody took: 400 (T17). Nothing is thrown away silently.
class Fields {
 public:
  explicit Fields(std::span<const JsonField> fields) : fields_(fields) {}

  const JsonField* take(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
  std::optional<std::uint32_t> count(std::string_view name, std::uint32_t least,
                                     std::uint32_t most);
  std::optional<RawTime> time(std::string_view name);
  // A sale's, a buyer's or a payment's name.
  template <class Token>
  std::optional<Token> token(std::string_view name) {
    const JsonField* field = text(name);
    if (field == nullptr) return std::nullopt;
    auto token = Token::from(field->text);
    if (!token) wrong_letters(name);
    return token;
  }
  template <class Text>
  std::optional<Text> other_text(std::string_view name, std::string_view expected) {
    const JsonField* field = text(name);
    if (field == nullptr) return std::nullopt;
    auto made = Text::from(field->text);
    if (!made) wrong(name, expected);
    return made;
  }
  void require(bool there, std::string_view name);  // unless something is said of it already
  void wrong(std::string_view name, std::string_view expected);

  // After everything was taken: what to answer, if anything is wrong.
  struct Wrong {
    Problem problem;
    std::string_view detail;
    std::string members;  // "errors":[…]
  };
  std::optional<Wrong> wrong();

 private:
  const JsonField* text(std::string_view name);
  void wrong_letters(std::string_view name);

  std::span<const JsonField> fields_;
  std::uint32_t taken_ = 0;  // bit i: fields_[i]
  bool letters_ = false;
  std::string errors_;
};

}  // namespace seckill
