// A password of a server's user. It is read from its file at each login, so that whoever changes it
// there is heard without a restart, and kept nowhere; only its path is told (T27).
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "base/result.h"

namespace seckill {

// T34: a secret that others may read is none. kInvalid, with the repair; what is not there is fine.
Status check_private(const std::filesystem::path& file);

class PasswordFile {
 public:
  PasswordFile() = default;  // none: an empty password
  explicit PasswordFile(std::filesystem::path path) : path_(std::move(path)) {}

  // Its first line. kInvalid: no file, others may read it, it holds nothing. Blocks for as long as
  // a small local file takes.
  Result<std::string> read() const;

 private:
  std::filesystem::path path_;
};

}  // namespace seckill
