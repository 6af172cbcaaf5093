// Randomness of tests: one number, the seed, is a whole run. Every randomized test prints it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace seckill {

// SECKILL_SEED replays a run; else each run is a new one. Printed, since a broken invariant aborts
// before a trace is shown.
inline std::uint64_t seed_of_this_run() {
  const char* given = std::getenv("SECKILL_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  std::printf("SECKILL_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

// The same throws for the same seed with every compiler: std's distributions do not promise that.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : bits_(seed) {}
  std::uint64_t bits() { return bits_(); }
  std::uint64_t below(std::uint64_t end) { return bits_() % end; }  // 0..end-1
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class List>
  auto& of(List& list) {
    return list[below(list.size())];
  }

 private:
  std::mt19937_64 bits_;
};

}  // namespace seckill
