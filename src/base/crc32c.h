// CRC32C (Castagnoli; RFC 3720, appendix B.4): tells damaged bytes from whole ones, in one
// instruction per eight bytes where the processor has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace seckill {

// CRC of `bytes` behind bytes whose CRC is `before` (0: behind nothing):
// crc32c(b, crc32c(a)) == crc32c(a then b).
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

// The same without the instruction, so that tests can hold one against the other.
std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace seckill
