// Plays schedules in a process of its own: an invariant that stops it, or a crash, is a finding
// like any other.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "stage.h"

namespace seckill::simulation {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
  std::uint64_t nodes = kAnyNodes;
};

struct Finding {
  std::uint64_t seed = 0;
  Violation violation;
  bool operator==(const Finding&) const = default;
};

// The first schedule that is broken, if any.
std::optional<Finding> play_apart(const Seeds& seeds, const std::string& canary,
                                  const std::optional<std::set<std::size_t>>& only = {});

// Leaves out whatever the schedule does not need to break the same promise: halves of its
// decisions, then quarters, down to single ones (A. Zeller's delta debugging). Nothing: it is not
// broken.
struct Shrunk {
  Finding finding;
  std::set<std::size_t> only;
  std::size_t decisions = 0;  // that the whole schedule has
};
std::optional<Shrunk> shrink(std::uint64_t seed, std::uint64_t nodes, const std::string& canary);

// "3,7,12-14", both ways.
std::string to_text(const std::set<std::size_t>& numbers);
std::optional<std::set<std::size_t>> numbers_from(const std::string& text);

}  // namespace seckill::simulation
