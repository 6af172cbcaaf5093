#include "app/token_file.h"

#include <gtest/gtest.h>
#include <set>
#include <thread>
#include <vector>

#include "support/temp_dir.h"

namespace seckill::app {
namespace {

// Two nodes of one machine start at once: they agree on one token, and nothing else is left.
TEST(TokenFile, OfSeveralMakersAtOnceOneIsBelieved) {
  for (int round = 0; round < 50; ++round) {
    const TempDir dir;
    const auto file = dir.path() / "admin.token";
    std::vector<std::string> tokens(4);
    {
      std::vector<std::jthread> makers;
      for (std::string& token : tokens)
        makers.emplace_back([&] { token = read_or_make_token(file).value_or(""); });
    }
    const std::set<std::string> different(tokens.begin(), tokens.end());
    EXPECT_EQ(different.size(), 1u);
    EXPECT_FALSE(different.contains(""));
    const std::filesystem::directory_iterator left(dir.path());
    EXPECT_EQ(std::distance(begin(left), end(left)), 1);
  }
}

}  // namespace
}  // namespace seckill::app
