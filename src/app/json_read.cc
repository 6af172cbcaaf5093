#include "app/json_read.h"

#include <nlohmann/json.hpp>

namespace seckill::app {
namespace {

const Json& member(const Json& json, std::string_view key) {
  static const Json nothing;
  if (!json.is_object()) return nothing;
  const auto at = json.find(key);
  return at == json.end() ? nothing : *at;
}

}  // namespace

Json json_from(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json() : json;
}

std::string text_of(const Json& json, std::string_view key, std::string_view otherwise) {
  const Json& value = member(json, key);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return dumped(value);
  return std::string(otherwise);
}

std::uint64_t count_of(const Json& json, std::string_view key) {
  const Json& value = member(json, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

bool truth_of(const Json& json, std::string_view key) { return member(json, key) == Json(true); }

const Json& list_of(const Json& json, std::string_view key) {
  static const Json empty = Json::array();
  const Json& value = member(json, key);
  return value.is_array() ? value : empty;
}

std::string dumped(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace seckill::app
