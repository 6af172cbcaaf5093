#include "app/spell.h"

#include <algorithm>

namespace seckill::app {
namespace {

// What others call it.
std::string_view our_word(std::string_view typed) {
  for (const std::string_view theirs : {"port", "host", "bind", "address"})
    if (typed == theirs) return "listen";
  return typed;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above), above.swap(row);
  }
  return above[b.size()];
}

std::string nearest(std::string_view word_typed, const std::vector<std::string>& known) {
  const std::string_view typed = our_word(word_typed);
  std::string best;
  std::size_t least = std::max<std::size_t>(1, typed.size() / 3) + 1;  // a third of it may be wrong
  for (const std::string& word : known) {
    const std::size_t distance = edit_distance(typed, word);
    if (distance < least) least = distance, best = word;
  }
  return best;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known,
                         std::string_view prefix) {
  const std::string word = nearest(typed, known);
  return word.empty() ? "" : "; did you mean " + std::string(prefix) + word + "?";
}

}  // namespace seckill::app
