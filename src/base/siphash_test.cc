#include "base/siphash.h"

#include <array>
#include <gtest/gtest.h>

namespace seckill {
namespace {

// The reference implementation's vectors (vectors_sip128): key 00 01 … 0f, message 00 01 … n-1.
TEST(SipHash, AgreesWithTheReferenceVectors) {
  HashKey key;
  std::array<std::byte, 16> message{};
  for (std::size_t i = 0; i < 16; ++i) {
    key.bytes[i] = static_cast<std::uint8_t>(i);
    message[i] = static_cast<std::byte>(i);
  }
  const auto of = [&](std::size_t size) { return siphash128(key, std::span(message).first(size)); };
  EXPECT_EQ(of(0), (Hash128{0xe6a825ba047f81a3, 0x930255c71472f66d}));
  EXPECT_EQ(of(1), (Hash128{0x44af996bd8c187da, 0x45fc229b11597634}));
  EXPECT_NE(of(8), of(9));
}

}  // namespace
}  // namespace seckill
