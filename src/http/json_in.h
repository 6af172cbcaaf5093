// A request's JSON: one flat object. simdjson reads what is not plain; what it would let pass, we
// refuse (T9).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "http/problem.h"

namespace seckill {

struct JsonField {
  enum class Kind : std::uint8_t { kText, kInteger, kNull, kOther };
  std::string_view name;
  Kind kind = Kind::kOther;
  std::string_view text;     // kText
  std::int64_t integer = 0;  // kInteger
  bool operator==(const JsonField&) const = default;
};

// Reads `{name: value, …}` of at most kFieldsMax fields, none of them twice. Deeper than 8 is
// refused while it is read, without recursion.
class JsonReader {
 public:
  static constexpr std::size_t kFieldsMax = 16;
  static constexpr std::size_t kDepthMax = 8;

  explicit JsonReader(std::size_t bytes_max);
  ~JsonReader();

  // Nothing is wrong: fields() says what is there, until the next read and as long as `body` lives,
  // which must be followed by Intake::kPadding readable bytes.
  std::optional<Refusal> read(std::string_view body);
  // The same, without the short way for plain bodies (json_plain.h).
  std::optional<Refusal> read_any(std::string_view body);
  std::span<const JsonField> fields() const { return {fields_.data(), count_}; }

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::array<JsonField, kFieldsMax> fields_;
  std::size_t count_ = 0;
};

}  // namespace seckill
