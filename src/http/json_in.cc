#include "http/json_in.h"

#include <simdjson.h>

#include "base/invariant.h"
#include "http/json_plain.h"

namespace seckill {
namespace {

namespace dom = simdjson::dom;

constexpr Refusal malformed(std::string_view detail) { return {problems::kMalformed, detail}; }

JsonField field_of(std::string_view name, dom::element value) {
  JsonField field{.name = name};
  std::string_view text;
  std::int64_t integer = 0;
  if (!value.get(text)) {
    field.kind = JsonField::Kind::kText;
    field.text = text;
  } else if (!value.get(integer) && value.is_int64()) {
    field.kind = JsonField::Kind::kInteger;
    field.integer = integer;
  } else if (value.is_null()) {
    field.kind = JsonField::Kind::kNull;
  }
  return field;
}

}  // namespace

struct JsonReader::Parser {
  dom::parser parser;
};

JsonReader::JsonReader(std::size_t bytes_max) : parser_(std::make_unique<Parser>()) {
  const auto error = parser_->parser.allocate(bytes_max, kDepthMax);
  invariant(error == simdjson::SUCCESS, "a JSON parser for small bodies can be made");
}

JsonReader::~JsonReader() = default;

std::optional<Refusal> JsonReader::read(std::string_view body) {
  if (body.size() > parser_->parser.capacity()) return read_any(body);
  const auto count = read_plain_json(body, fields_);
  if (!count) return read_any(body);
  count_ = *count;
  return std::nullopt;
}

std::optional<Refusal> JsonReader::read_any(std::string_view body) {
  count_ = 0;
  if (body.starts_with("\xef\xbb\xbf")) return malformed("The body begins with a BOM.");
  dom::element root;
  if (const auto error = parser_->parser.parse(body.data(), body.size(), false).get(root))
    return malformed(error == simdjson::DEPTH_ERROR ? "The JSON is too deep."
                                                    : "The body is no JSON.");
  dom::object object;
  if (root.get(object)) return malformed("The body is no JSON object.");
  for (const auto field : object) {
    if (count_ == kFieldsMax)
      return Refusal{problems::kUnknownField, "There are more fields than any request has."};
    for (const JsonField& before : fields()) {
      if (before.name == field.key) return malformed("A name is there twice.");
    }
    fields_[count_++] = field_of(field.key, field.value);
  }
  return std::nullopt;
}

}  // namespace seckill
