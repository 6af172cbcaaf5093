// Fields of a request's head that only pages ask for: found when they are wanted, so that a claim
// pays nothing for them.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

namespace seckill {

// The value of the field of this name (in lower case) in a head that was scanned already; nothing:
// it is not there, or there twice, and then nobody knows which is meant.
inline std::optional<std::string_view> field_of(std::string_view head, std::string_view name) {
  const auto is_name = [&](std::string_view line) {
    return line.size() > name.size() && line[name.size()] == ':' &&
           std::equal(name.begin(), name.end(), line.begin(), [](char wanted, char is) {
             return wanted == (is >= 'A' && is <= 'Z' ? static_cast<char>(is + 32) : is);
           });
  };
  std::optional<std::string_view> found;
  for (auto at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    if (!is_name(line)) continue;
    if (found) return std::nullopt;
    std::string_view value = line.substr(name.size() + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    found = value;
  }
  return found;
}

}  // namespace seckill
