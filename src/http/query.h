// A request's query: name=value pairs whose values need no decoding, as all of ours.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace seckill {

// Calls take(name, value) for each pair; false from it, or a pair without `=`, ends in false.
template <class Take>
bool each_pair(std::string_view query, Take take) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == query.npos ? std::string_view{} : query.substr(end + 1);
    const auto equals = pair.find('=');
    if (equals == pair.npos || !take(pair.substr(0, equals), pair.substr(equals + 1))) return false;
  }
  return true;
}

// 1..1000
inline bool read_limit(std::string_view text, std::uint32_t& limit) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  return error == std::errc{} && end == text.data() + text.size() && limit >= 1 && limit <= 1000;
}

}  // namespace seckill
