#include "app/token_file.h"

#include <fmt/format.h>
#include <fstream>

#include "app/process.h"
#include "base/entropy.h"

namespace seckill::app {

Result<std::string> read_or_make_token(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    const std::string token = random_token();
    if (auto put = put_file(file, token + "\n", 0600); !put) return fail(std::move(put.error()));
    return token;
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
