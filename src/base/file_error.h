// What a system call on a file could not do, as a sentence and as what to do about it.
#pragma once

#include <string_view>

#include "base/result.h"

namespace seckill {

// number: errno. "disk: cannot write DIR/lock: No space left on device; free space, then start
// again".
Error file_error(std::string_view doing, std::string_view path, int number);

}  // namespace seckill
