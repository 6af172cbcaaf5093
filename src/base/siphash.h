// SipHash-2-4 with 128 bits of output: a keyed hash (J.-P. Aumasson, D. J. Bernstein, 2012) for
// everything a stranger may choose: he can neither guess an id nor flood a table.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace seckill {

struct Hash128 {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;
  auto operator<=>(const Hash128&) const = default;
};

struct HashKey {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const HashKey&) const = default;
};

// hi is the reference's first eight output bytes, lo the last eight, each read little-endian.
Hash128 siphash128(const HashKey& key, std::span<const std::byte> message);

inline Hash128 siphash128(const HashKey& key, std::string_view message) {
  return siphash128(key, std::as_bytes(std::span(message)));
}

// For hash tables whose keys are already keyed hashes: no second hashing.
struct TrustHash {
  using is_avalanching = void;  // Boost.Unordered: the bits are mixed already
  std::size_t operator()(const Hash128& hash) const noexcept { return hash.lo; }
};

}  // namespace seckill
