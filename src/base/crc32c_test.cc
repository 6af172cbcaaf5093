#include "base/crc32c.h"

#include <array>
#include <gtest/gtest.h>
#include <random>
#include <string_view>
#include <vector>

namespace seckill {
namespace {

std::array<std::byte, 32> thirty_two(std::uint8_t first, int step) {
  std::array<std::byte, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(first + step * static_cast<int>(i));
  }
  return bytes;
}

// The vectors of RFC 3720, B.4, and the check value of the catalogue of CRCs.
TEST(Crc32c, KnowsTheVectorsOfRfc3720) {
  EXPECT_EQ(crc32c(thirty_two(0x00, 0)), 0x8a9136aau);
  EXPECT_EQ(crc32c(thirty_two(0xff, 0)), 0x62a8ab43u);
  EXPECT_EQ(crc32c(thirty_two(0x00, 1)), 0x46dd794eu);
  EXPECT_EQ(crc32c(thirty_two(0x1f, -1)), 0x113fdb5cu);
  EXPECT_EQ(crc32c(std::as_bytes(std::span(std::string_view("123456789")))), 0xe3069283u);
  EXPECT_EQ(crc32c({}), 0u);
}

// Every length and alignment goes the same way by instruction and by table, whole or in two parts.
TEST(Crc32c, InstructionAndTableAgree) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes(400);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t size = 0; size + from <= bytes.size(); size += 1 + size / 8) {
      const std::span<const std::byte> part(bytes.data() + from, size);
      const std::uint32_t whole = crc32c(part);
      EXPECT_EQ(whole, crc32c_by_table(part));
      EXPECT_EQ(whole, crc32c(part.subspan(size / 3), crc32c(part.first(size / 3))));
    }
  }
}

}  // namespace
}  // namespace seckill
