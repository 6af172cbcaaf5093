// All randomness of a world: one seed, the same numbers on every machine. Whole numbers only, by an
// algorithm that is written here: no std::uniform_*, whose algorithm is a library's own affair, and
// no floating point. Two draws never stand in one call's arguments: their order is the compiler's.
#pragma once

#include <cstdint>

namespace seckill::simulation {

// splitmix64 (S. Vigna, 2015).
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t number() {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebULL;
    return z ^ (z >> 31);
  }
  // Another stream: whatever is drawn from it moves nothing here.
  Chance split() { return Chance(number() ^ 0x5eed'5eed'5eed'5eedULL); }

  std::uint64_t below(std::uint64_t bound) { return number() % bound; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  bool percent(std::uint64_t of_hundred) { return below(100) < of_hundred; }
  // Mostly small, now and then large: what waiting times look like.
  std::int64_t delay(std::int64_t usual, std::int64_t most) {
    return percent(95) ? between(1, usual) : between(usual, most);
  }

 private:
  std::uint64_t state_;
};

}  // namespace seckill::simulation
