// Did you mean: the nearest word that we know, for commands, flags and keys of the configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seckill::app {

// Least number of inserted, deleted, changed or swapped letters (Damerau-Levenshtein, adjacent
// swaps).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest known word, or empty when none is near enough to be meant.
std::string nearest(std::string_view typed, const std::vector<std::string>& known);

// "; did you mean --stock?" or empty.
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known,
                         std::string_view prefix = "");

}  // namespace seckill::app
