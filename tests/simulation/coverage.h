// What a long run must have come to: a fault that never happens, or a rare branch that nobody ever
// takes, is a hole in the world. The list is whole: whatever a schedule says it reached is in it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace seckill::simulation {

using Reached = std::map<std::string, std::uint64_t>;

inline constexpr std::uint64_t kSchedulesThatReachAll = 20'000;

// What was played: one node, several, or both.
struct Kinds {
  bool alone = false;
  bool shared = false;
};

std::vector<std::string> never_reached(const Reached& reached, Kinds kinds);
std::vector<std::string> not_in_the_list(const Reached& reached);

}  // namespace seckill::simulation
