#include "base/password_file.h"

#include <fstream>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace seckill {
namespace {

namespace fs = std::filesystem;

TEST(PasswordFile, IsReadAnewEachTime) {
  const TempDir dir;
  const fs::path path = dir.file("password");
  const auto write = [&](const char* text) {
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms(0600));
  };
  const PasswordFile file(path);
  const auto refusal = [&] {
    const auto read = file.read();
    return read ? "taken: " + *read : read.error().message;
  };
  EXPECT_EQ(refusal(), path.string() + " is no file; it holds the password alone, mode 0600");
  write("old\n");
  EXPECT_EQ(file.read().value(), "old");
  write("new one\r\nand more\n");
  EXPECT_EQ(file.read().value(), "new one") << "its first line, whoever wrote it";
  fs::permissions(path, fs::perms(0640));
  EXPECT_EQ(refusal(), path.string() + " may be read by others; fix: chmod 600 " + path.string());
  write("");  // as while somebody writes it in place
  EXPECT_EQ(refusal(), path.string() + " holds no password, or may not be read");
  EXPECT_EQ(PasswordFile().read().value(), "") << "none is named";
}

}  // namespace
}  // namespace seckill
