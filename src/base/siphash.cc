#include "base/siphash.h"

#include <bit>
#include <cstring>

namespace seckill {
namespace {

std::uint64_t load(const void* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;  // little-endian hosts only, asserted below
}

static_assert(std::endian::native == std::endian::little, "the journal's bytes are little-endian");

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
    v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
    v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
  }

  std::uint64_t finish(std::uint8_t mark_v1_or_v2, bool first) {
    (first ? v2 : v1) ^= mark_v1_or_v2;
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

Hash128 siphash128(const HashKey& key, std::span<const std::byte> message) {
  const std::uint64_t k0 = load(key.bytes.data());
  const std::uint64_t k1 = load(key.bytes.data() + 8);
  State state{k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL ^ 0xee,
              k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL};
  const auto absorb = [&state](std::uint64_t word) {
    state.v3 ^= word;
    state.round();
    state.round();
    state.v0 ^= word;
  };
  const std::size_t whole = message.size() & ~std::size_t{7};
  for (std::size_t at = 0; at < whole; at += 8) absorb(load(message.data() + at));
  std::uint64_t last = std::uint64_t{message.size() & 0xff} << 56;
  if (whole < message.size())  // nothing's address may be null
    std::memcpy(&last, message.data() + whole, message.size() - whole);
  absorb(last);
  const std::uint64_t hi = state.finish(0xee, true);
  const std::uint64_t lo = state.finish(0xdd, false);
  return {hi, lo};
}

}  // namespace seckill
