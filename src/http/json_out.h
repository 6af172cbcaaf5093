// Replies' JSON, appended to a string: objects of known shape, so there is no tree to build.
#pragma once

#include <concepts>
#include <fmt/format.h>
#include <iterator>
#include <string>
#include <string_view>

#include "http/time_text.h"

namespace seckill {

// Escapes what JSON must have escaped. Bytes above 0x7f pass: texts are UTF-8 by the time they are
// here.
void append_json_text(std::string& to, std::string_view text);

// {"a":1,"b":"x"}: commas are put where they belong. Names are ours and need no escaping.
class JsonObject {
 public:
  explicit JsonObject(std::string& to) : to_(to) { to_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  JsonObject& text(std::string_view name, std::string_view value) {
    append_json_text(key(name), value);
    return *this;
  }
  JsonObject& token(std::string_view name, std::string_view value) {  // needs no escaping
    key(name).append("\"").append(value).append("\"");
    return *this;
  }
  JsonObject& number(std::string_view name, std::integral auto value) {
    const fmt::format_int digits(value);
    key(name).append(digits.data(), digits.size());
    return *this;
  }
  JsonObject& truth(std::string_view name, bool value) {
    return raw(name, value ? "true" : "false");
  }
  JsonObject& time(std::string_view name, RawTime value) {
    key(name) += '"';
    append_time(to_, value);
    to_ += '"';
    return *this;
  }
  JsonObject& raw(std::string_view name, std::string_view json) {
    key(name) += json;
    return *this;
  }
  // Begins a field whose value the caller appends to the string.
  std::string& key(std::string_view name) {
    if (!first_) to_ += ',';
    first_ = false;
    to_.append("\"").append(name).append("\":");
    return to_;
  }
  void end() { to_ += '}'; }

 private:
  std::string& to_;
  bool first_ = true;
};

}  // namespace seckill
