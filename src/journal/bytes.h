// Numbers as little-endian bytes, for the journal's formats.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace seckill {

static_assert(std::endian::native == std::endian::little, "the journal's bytes are little-endian");

template <class T>
  requires std::is_trivially_copyable_v<T>
T load_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class T>
  requires std::is_trivially_copyable_v<T>
void store_at(std::span<std::byte> bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

}  // namespace seckill
