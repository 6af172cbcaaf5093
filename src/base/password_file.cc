#include "base/password_file.h"

#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>

namespace seckill {

Status check_private(const std::filesystem::path& file) {
  struct stat about{};
  if (stat(file.c_str(), &about) != 0 || (about.st_mode & 077) == 0) return {};
  return fail(Error::Code::kInvalid, fmt::format("{} may be read by others; fix: chmod 600 {}",
                                                 file.string(), file.string()));
}

Result<std::string> PasswordFile::read() const {
  std::string password;
  if (path_.empty()) return password;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path_, error)) {
    return fail(
        Error::Code::kInvalid,
        fmt::format("{} is no file; it holds the password alone, mode 0600", path_.string()));
  }
  if (auto secret = check_private(path_); !secret) return fail(std::move(secret.error()));
  std::ifstream file(path_);
  if (!std::getline(file, password)) {
    return fail(Error::Code::kInvalid,
                fmt::format("{} holds no password, or may not be read", path_.string()));
  }
  if (password.ends_with('\r')) password.pop_back();
  return password;
}

}  // namespace seckill
