// Bugs that are planted in copies of our own sources (planted.cmake). Only seckill-canaries has
// any; in seckill-simulate the list is empty and the sources are the real ones.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace seckill::simulation {

struct CanaryName {
  std::string_view name;
  std::string_view does;
  // The promises that it breaks, one of which must be the first thing found, with a blank before
  // and behind each. Anything else is another bug, or a blind check.
  std::string_view breaks;
  bool shared = false;  // it is looked for among several nodes
};

struct PlantedBug {
  CanaryName name;
  std::size_t number = 0;
};

std::span<const PlantedBug> planted_bugs();
extern bool planted[];  // the switches that the copies look at
void plant(std::size_t bug, bool sings);

}  // namespace seckill::simulation
