#include "base/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace seckill {

void invariant_broken(std::string_view belief, const char* file, int line) {
  std::fprintf(stderr, "seckill: a bug of ours: this should hold: %.*s (%s:%d)\n",
               static_cast<int>(belief.size()), belief.data(), file, line);
  std::abort();
}

}  // namespace seckill
