#include "http/fields.h"

#include "http/json_out.h"
#include "http/time_text.h"

namespace seckill {

const JsonField* Fields::take(std::string_view name) {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name != name) continue;
    taken_ |= 1U << i;
    return &fields_[i];
  }
  return nullptr;
}

const JsonField* Fields::text(std::string_view name) {
  const JsonField* field = take(name);
  if (field == nullptr || field->kind == JsonField::Kind::kText) return field;
  wrong(name, "must be a text");
  return nullptr;
}

std::optional<std::int64_t> Fields::integer(std::string_view name, std::int64_t least,
                                            std::int64_t most) {
  const JsonField* field = take(name);
  if (field == nullptr) return std::nullopt;
  if (field->kind == JsonField::Kind::kInteger && field->integer >= least && field->integer <= most)
    return field->integer;
  wrong(name, fmt::format("must be an integer from {} to {}", least, most));
  return std::nullopt;
}

std::optional<std::uint32_t> Fields::count(std::string_view name, std::uint32_t least,
                                           std::uint32_t most) {
  const auto value = integer(name, least, most);
  if (!value) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

std::optional<RawTime> Fields::time(std::string_view name) {
  const JsonField* field = text(name);
  if (field == nullptr) return std::nullopt;
  auto at = time_from(field->text);
  if (!at) wrong(name, "must be a time as 2026-11-22T16:10:00Z");
  return at;
}

void Fields::require(bool there, std::string_view name) {
  if (!there && take(name) == nullptr) wrong(name, "is needed");
}

void Fields::wrong(std::string_view name, std::string_view expected) {
  if (!errors_.empty()) errors_ += ',';
  JsonObject error(errors_);
  error.key("pointer").append("\"/").append(name).append("\"");
  error.text("detail", expected);
  error.end();
}

void Fields::wrong_letters(std::string_view name) {
  letters_ = true;
  wrong(name, "must be 1 to 64 of A-Z a-z 0-9 _ -");
}

std::optional<Fields::Wrong> Fields::wrong() {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if ((taken_ >> i & 1) == 0)
      return Wrong{
          problems::kUnknownField, "The body has a field that this request does not have.", {}};
  }
  if (errors_.empty()) return std::nullopt;
  const Problem problem = letters_ ? problems::kIdentifier : problems::kInvalidField;
  return Wrong{problem, "Some fields do not fit: see errors.", "\"errors\":[" + errors_ + "]"};
}

}  // namespace seckill
