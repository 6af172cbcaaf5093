// A password of a server's user. It is read from its file at each login, so that whoever changes it
// there is heard without a restart, and kept nowhere; only its path is told (T27).
#pragma once

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <utility>

#include "base/result.h"

namespace seckill {

class PasswordFile {
 public:
  PasswordFile() = default;  // none: an empty password
  explicit PasswordFile(std::filesystem::path path) : path_(std::move(path)) {}

  // Its first line. kInvalid: it cannot be read. Blocks, as long as a small file takes.
  Result<std::string> read() const {
    std::string password;
    if (path_.empty()) return password;
    std::ifstream file(path_);
    if (!file)
      return fail(Error::Code::kInvalid,
                  fmt::format("password file {} cannot be read", path_.string()));
    std::getline(file, password);
    if (password.ends_with('\r')) password.pop_back();
    return password;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace seckill
