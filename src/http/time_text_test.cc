#include "http/time_text.h"

#include <gtest/gtest.h>

#include "http/control_bytes.h"

namespace seckill {
namespace {

std::string text_of(RawTime at) {
  std::string text;
  append_time(text, at);
  return text;
}

TEST(TimeText, IsRfc3339InMilliseconds) {
  EXPECT_EQ(text_of({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text_of({1'795'363'800'312}), "2026-11-22T16:10:00.312Z");
  EXPECT_EQ(http_date({1'795'363'800'312}), "Sun, 22 Nov 2026 16:10:00 GMT");
}

TEST(TimeText, ReadsWhatItWrites) {
  for (const std::int64_t ms :
       {0LL, 951'782'400'000LL, 1'795'363'800'312LL, 253'402'300'799'999LL}) {
    const auto read = time_from(text_of({ms}));
    ASSERT_TRUE(read) << ms;
    EXPECT_EQ(read->ms, ms);
  }
}

TEST(TimeText, ReadsOffsetsAndFractions) {
  const RawTime at{1'795'363'800'000};
  for (const char* text :
       {"2026-11-22T16:10:00Z", "2026-11-22t16:10:00z", "2026-11-23T00:10:00+08:00",
        "2026-11-22T11:10:00-05:00", "2026-11-22 16:10:00Z", "2026-11-22T16:10:00.000999Z"})
    EXPECT_EQ(time_from(text), at) << text;
}

TEST(TimeText, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "tomorrow", "2026-11-22", "2026-11-22T16:10:00", "2026-13-22T16:10:00Z",
        "2026-02-29T16:10:00Z", "2026-11-22T24:10:00Z", "2026-11-22T16:60:00Z",
        "2026-11-22T16:10:60Z", "2026-11-22T16:10:00.Z", "2026-11-22T16:10:00+0800",
        "2026-11-22T16:10:00Zx", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "+1m"})
    EXPECT_FALSE(time_from(text)) << text;
}

// Each byte, at each place of a text long enough for the eightfold step and its rest.
TEST(ControlBytes, AreFoundWhereverTheyStand) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 19; ++at) {
      std::string text(19, 'a');
      text[at] = static_cast<char>(byte);
      const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
      EXPECT_EQ(has_control(text), control) << byte << " at " << at;
    }
  }
}

}  // namespace
}  // namespace seckill
