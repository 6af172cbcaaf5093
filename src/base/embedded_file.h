// A text file that lives in the binary, put there by cmake/embed.cmake.
#pragma once

#include <string_view>

namespace seckill {

struct EmbeddedFile {
  std::string_view name;  // without its folder
  std::string_view text;
};

}  // namespace seckill
