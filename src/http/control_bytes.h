// Bytes that may stand in no head: eight at a time, since every request is looked through.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace seckill {

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

// Whether there is a control character other than HTAB.
inline bool has_control(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t below_blank = (word - kOnes * 0x20) & ~word & kHighs;
    const std::uint64_t other = word ^ (kOnes * 0x7f);
    const std::uint64_t is_delete = (other - kOnes) & ~other & kHighs;
    if ((below_blank | is_delete) == 0) continue;
    for (const char c : text.substr(at, 8)) {  // perhaps only a HTAB
      if (is_control(c)) return true;
    }
  }
  for (const char c : text.substr(at)) {
    if (is_control(c)) return true;
  }
  return false;
}

}  // namespace seckill
