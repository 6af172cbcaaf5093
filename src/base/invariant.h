// A belief of ours that turns out false is a bug: the process stops, in every build, before it
// tells a lie.
#pragma once

#include <string_view>

namespace seckill {

// Prints the belief to stderr and aborts.
[[noreturn]] void invariant_broken(std::string_view belief, const char* file, int line);

inline void invariant(bool holds, std::string_view belief, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  if (!holds) [[unlikely]]
    invariant_broken(belief, file, line);
}

}  // namespace seckill
