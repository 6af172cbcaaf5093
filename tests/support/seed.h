// The seed of a randomized test: another one each run, printed, and replayed by SECKILL_SEED.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace seckill::testing {

inline std::uint64_t seed_of_this_run() {
  const char* asked = std::getenv("SECKILL_SEED");
  const std::uint64_t seed = asked != nullptr ? std::stoull(asked) : std::random_device{}();
  std::cout << "SECKILL_SEED=" << seed << '\n';
  return seed;
}

}  // namespace seckill::testing
