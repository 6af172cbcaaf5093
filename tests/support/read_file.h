// The whole of a small file; empty when it is not there.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace seckill::testing {

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace seckill::testing
