// Times are added and subtracted: also those that somebody made up. UBSan watches.
#include "base/clock.h"

#include <gtest/gtest.h>

namespace seckill {
namespace {

TEST(Clock, AddsAndSubtracts) {
  EXPECT_EQ((RawTime{1'000} + milliseconds(5)).ms, 1'005);
  EXPECT_EQ(RawTime{1'000} - RawTime{1'005}, milliseconds(-5));
  EXPECT_EQ((SteadyTime{-7} + microseconds(10)).us, 3);
}

// A block's stamp is read from a file: whatever it is, a hold is added to it.
TEST(Clock, SumsEndWhereNumbersDo) {
  EXPECT_EQ(RawTime{INT64_MAX} + milliseconds(1), RawTime{INT64_MAX});
  EXPECT_EQ(RawTime{INT64_MIN} + milliseconds(-1), RawTime{INT64_MIN});
  EXPECT_EQ(RawTime{INT64_MAX} - RawTime{INT64_MIN}, milliseconds(INT64_MAX));
  EXPECT_EQ(RawTime{INT64_MIN} - RawTime{INT64_MAX}, milliseconds(INT64_MIN));
  EXPECT_EQ(kNever + microseconds(1), kNever);
}

}  // namespace
}  // namespace seckill
