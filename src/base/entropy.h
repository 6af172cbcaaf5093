// Randomness of the kernel: secrets, nonces and names that nobody may guess.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/siphash.h"

namespace seckill {

// Never fails: a kernel without randomness is no place to keep secrets, and an invariant says so.
void fill_random(std::span<std::byte> bytes);

std::uint64_t random_u64();
HashKey random_hash_key();
std::string random_token();  // 256 bits in 64 hex digits: a bearer token

}  // namespace seckill
