#include "app/token_file.h"

#include <fmt/format.h>
#include <fstream>
#include <utility>

#include "app/process.h"
#include "base/entropy.h"

namespace seckill::app {

Result<std::string> read_or_make_token(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    // Two nodes may start beside one directory: the first link stays, and the other reads it.
    const std::filesystem::path mine = fmt::format("{}.{}", file.string(), random_token());
    if (auto put = put_file(mine, random_token() + "\n", 0600); !put)
      return fail(std::move(put.error()));
    std::filesystem::create_hard_link(mine, file, error);
    const std::error_code linked = std::exchange(error, {});
    std::filesystem::remove(mine, error);
    if (linked && linked != std::errc::file_exists)
      return fail(Error::Code::kInvalid,
                  fmt::format("{}: cannot be made: {}", file.string(), linked.message()));
  }
  std::ifstream stream(file);
  std::string token;
  std::getline(stream, token);
  if (token.size() >= 16) return token;
  return fail(
      Error::Code::kInvalid,
      fmt::format("{}: holds no token of 16 characters or more; remove it, and a new one is made",
                  file.string()));
}

}  // namespace seckill::app
