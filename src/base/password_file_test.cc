#include "base/password_file.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace seckill {
namespace {

TEST(PasswordFile, IsReadAnewEachTime) {
  const TempDir dir;
  const std::filesystem::path path = dir.file("password");
  const auto write = [&](const char* text) { std::ofstream(path) << text; };
  const PasswordFile file(path);
  EXPECT_EQ(file.read().error().code, Error::Code::kInvalid);
  write("old\n");
  EXPECT_EQ(file.read().value(), "old");
  write("new one\r\nand more\n");
  EXPECT_EQ(file.read().value(), "new one") << "its first line, whoever wrote it";
  write("");
  EXPECT_EQ(file.read().value(), "");
  EXPECT_EQ(PasswordFile().read().value(), "") << "none";
}

}  // namespace
}  // namespace seckill
