#include "app/units.h"

#include <gtest/gtest.h>

namespace seckill::app {
namespace {

TEST(Units, CountsAndSizesReadAsPeopleWriteThem) {
  EXPECT_EQ(count_from("2000"), 2000u);
  EXPECT_EQ(count_from("2,000"), 2000u);
  EXPECT_EQ(count_from("20k"), 20'000u);
  EXPECT_EQ(count_from("1.5M"), 1'500'000u);
  EXPECT_EQ(size_from("64MiB"), 64u << 20);
  EXPECT_EQ(size_from("10MB"), 10'000'000u);
  EXPECT_EQ(size_from("4096"), 4096u);
  for (const char* bad :
       {"", "k", "-1", "1.5", "1e3", "0x10", "99999999999999999999", "1.2345k", "5 MiB"}) {
    EXPECT_FALSE(count_from(bad)) << bad;
  }
}

TEST(Units, DurationsAddUpTheirParts) {
  EXPECT_EQ(duration_from("250ms"), milliseconds(250));
  EXPECT_EQ(duration_from("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(duration_from("1.5s"), milliseconds(1'500));
  EXPECT_EQ(duration_from("0"), milliseconds(0));
  EXPECT_EQ(duration_from("0s"), milliseconds(0));
  for (const char* bad : {"", "5", "s", "-5s", "5 s", "1y", "5s5", "999999999d"})
    EXPECT_FALSE(duration_from(bad)) << bad;
}

// What is shown can be typed again.
TEST(Units, WhatIsPrintedReadsBack) {
  for (const std::int64_t ms : {0LL, 1LL, 999LL, 60'000LL, 5'400'250LL, 86'400'000LL}) {
    EXPECT_EQ(duration_from(to_text(milliseconds(ms))), milliseconds(ms)) << ms;
  }
  for (const std::uint64_t bytes : {1ULL, 4096ULL, 64ULL << 20, 16ULL << 30, 1000ULL}) {
    EXPECT_EQ(size_from(size_text(bytes)), bytes) << bytes;
  }
  for (const char* price : {"9.90CNY", "500JPY", "1.250KWD", "0.05USD"})
    EXPECT_EQ(to_text(*price_from(price)), price);
}

TEST(Units, PricesCountInTheCurrencysOwnMinorUnit) {
  EXPECT_EQ(price_from("9.90CNY")->minor, 990);
  EXPECT_EQ(price_from("9.9CNY")->minor, 990);
  EXPECT_EQ(price_from("9CNY")->minor, 900);
  EXPECT_EQ(price_from("500JPY")->minor, 500);
  EXPECT_EQ(price_from("1.25KWD")->minor, 1250);
  for (const char* bad : {"", "9.90", "CNY", "9.999CNY", "5.0JPY", "9.90cny", "9.9.0CNY", "-1CNY",
                          "9.CNY", "1e3CNY"}) {
    EXPECT_FALSE(price_from(bad)) << bad;
  }
}

TEST(Units, MomentsAreRelativeOrCarryTheirZone) {
  const RawTime now{1'000'000};
  EXPECT_EQ(*moment_from("now", now), now);
  EXPECT_EQ(*moment_from("+1m", now), RawTime{1'060'000});
  EXPECT_EQ(*moment_from("2026-11-22T16:10:00+08:00", now),
            *moment_from("2026-11-22T08:10:00Z", now));
  EXPECT_EQ(to_rfc3339(*moment_from("2026-11-22T08:10:00.250Z", now)), "2026-11-22T08:10:00.250Z");
  for (const char* bad : {"", "1m", "2026-11-22T16:10:00", "2026-13-01T00:00:00Z", "tomorrow",
                          "2026-11-22T25:00:00Z"}) {
    EXPECT_FALSE(moment_from(bad, now)) << bad;
  }
}

TEST(Units, AddressesHaveAHostAndAPort) {
  EXPECT_EQ(*address_from("127.0.0.1:3000"), (Address{"127.0.0.1", 3000}));
  EXPECT_EQ(*address_from(":0"), (Address{"127.0.0.1", 0}));
  EXPECT_EQ(*address_from("[::1]:80"), (Address{"::1", 80}));
  EXPECT_EQ(to_text(Address{"::1", 80}), "[::1]:80");
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "a:b"})
    EXPECT_FALSE(address_from(bad)) << bad;
}

TEST(Units, GroupsThousandsForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(2'000), "2,000");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace seckill::app
