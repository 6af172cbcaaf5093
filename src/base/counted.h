// Numbers of things, as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seckill {

// "2,000"
inline std::string grouped(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

// "1 record", "2,000 records"
inline std::string counted(std::uint64_t count, std::string_view what) {
  return grouped(count).append(" ").append(what).append(count == 1 ? "" : "s");
}

}  // namespace seckill
