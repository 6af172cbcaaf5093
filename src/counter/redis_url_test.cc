#include "counter/redis_url.h"

#include <gtest/gtest.h>

namespace seckill {
namespace {

// What people type, and what it means; it is shown as it would be typed again.
TEST(RedisUrl, SaysWhereARedisIs) {
  const struct {
    const char* typed;
    RedisTarget means;
    const char* shown;
  } kTable[] = {
      {"redis://127.0.0.1", {"", "127.0.0.1", 6379, 0}, "redis://127.0.0.1:6379/0"},
      {"redis://app@redis:7000/3", {"app", "redis", 7000, 3}, "redis://app@redis:7000/3"},
      {"redis://[::1]:6380/", {"", "::1", 6380, 0}, "redis://[::1]:6380/0"},
  };
  for (const auto& row : kTable) {
    const auto target = redis_target_from(row.typed);
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(*target, row.means);
    EXPECT_EQ(to_text(*target), row.shown);
  }
}

TEST(RedisUrl, RefusesByNameWhatItCannotDo) {
  const struct {
    const char* typed;
    const char* says;
  } kTable[] = {
      {"rediss://cache.example:6380", "TLS"},
      {"redis://app:secret@redis:6379", "--counter-password-file"},
      {"redis://a:1,b:2", "cluster"},
      {"redis://:6379", "the host is missing"},
      {"redis://h:0", "no port"},
      {"redis://h:66000", "no port"},
      {"redis://h/x", "no number of a database"},
      {"redis://[::1", "] is missing"},
      {"http://h", "no redis:// URL"},
  };
  for (const auto& row : kTable) {
    const auto target = redis_target_from(row.typed);
    ASSERT_FALSE(target) << row.typed;
    EXPECT_EQ(target.error().code, Error::Code::kInvalid);
    EXPECT_NE(target.error().message.find(row.says), std::string::npos) << target.error().message;
    EXPECT_EQ(target.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace seckill
