#include "drill/view.h"

#include <cstdlib>
#include <gtest/gtest.h>

namespace seckill {
namespace {

Snapshot rush() {
  return {.title = "2,000 shoppers over 5 s rush 100 of car (the demo's JMeter plan)",
          .at_us = 5'000'000,
          .shoppers = 2'000,
          .arrived = 2'000,
          .stock = 100,
          .remaining = 0,
          .stock_track = {1, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.01, 0, 0},
          .sold_out_us = 250'000,
          .won = 100,
          .sold_out = 1'900,
          .answered = 2'000,
          .p50_us = 400,
          .p99_us = 2'100,
          .max_us = 6'000};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// experience.md's picture.
TEST(View, DrawsTheRush) {
  EXPECT_EQ(joined(picture_of(rush(), false)),
            "Drill: 2,000 shoppers over 5 s rush 100 of car (the demo's JMeter plan)\n"
            " stock   ███▇▆▅▄▄▃▂▁▁          0 of 100         sold out after 250 ms\n"
            " arrived ████████████████████  2,000   won 100 · sold out 1,900 · errors 0\n"
            " latency p50 400 µs · p99 2.1 ms · max 6.0 ms   (felt, from intended send)\n");
}

TEST(View, DrawsAnEmptyRush) {
  EXPECT_EQ(joined(picture_of({.title = "1 shopper over 5 s rush car", .shoppers = 1}, false)),
            "Drill: 1 shopper over 5 s rush car\n"
            " stock                         nobody has won yet\n"
            " arrived                       0       won 0 · sold out 0 · errors 0\n"
            " latency no answer yet   (felt, from intended send)\n");
}

// What was sold out before it began did not sell out in it.
TEST(View, KnowsThatNothingWasLeftAtTheStart) {
  Snapshot late = rush();
  late.stock = late.remaining = 0;
  EXPECT_EQ(joined(picture_of(late, false)).find("sold out after"), std::string::npos);
}

// Whatever the numbers, with colours and without.
TEST(View, StaysWithin80Columns) {
  Snapshot huge = rush();
  huge.title = std::string(200, 'x') + "é";
  huge.shoppers = huge.arrived = 2'000'000;
  huge.stock = huge.remaining = 10'000'000;
  huge.stock_track.assign(20, 1);
  huge.won = huge.sold_out = huge.errors = 4'000'000'000;
  huge.p50_us = huge.p99_us = huge.max_us = 3'599'999'999;
  for (const char* name : {"limit", "not-started", "paused", "closed", "busy", "not-sent"}) {
    huge.others.emplace_back(name, 2'000'000);
  }
  for (const bool color : {false, true}) {
    for (const std::string& line : picture_of(huge, color))
      EXPECT_LE(columns_of(line), 80u) << line;
  }
  EXPECT_EQ(picture_of(huge, false).size(), 5u);
}

// Colours may be gone, words may not.
TEST(View, ColoursAddNothingButColours) {
  const auto plain = picture_of(rush(), false), painted = picture_of(rush(), true);
  for (std::size_t i = 0; i < plain.size(); ++i)
    EXPECT_EQ(columns_of(plain[i]), columns_of(painted[i]));
  EXPECT_EQ(joined(plain).find('\033'), std::string::npos);
  EXPECT_NE(joined(painted).find('\033'), std::string::npos);
}

TEST(View, WithoutATerminalSaysALineEach5Seconds) {
  std::string said;
  const auto view = make_view({}, [&said](std::string_view text) { said += text; });
  for (std::int64_t at = 0; at <= 11'000'000; at += 100'000) {
    Snapshot now = rush();
    now.at_us = at;
    view->show(now);
  }
  view->done();
  EXPECT_EQ(said,
            "drill 5 s · arrived 2,000 of 2,000 · won 100 · sold out 1,900 · errors 0 · "
            "p50 400 µs · p99 2.1 ms · max 6.0 ms\n"
            "drill 10 s · arrived 2,000 of 2,000 · won 100 · sold out 1,900 · errors 0 · "
            "p50 400 µs · p99 2.1 ms · max 6.0 ms\n");
}

TEST(View, QuietSaysOnlyWhatMatters) {
  std::string said;
  const auto view = make_view({.quiet = true}, [&said](std::string_view text) { said += text; });
  view->show(rush());
  view->say("late");
  EXPECT_EQ(said, "late\n");
}

// Live: each picture takes the place of the one before, a sentence stands above it, nothing is
// left.
TEST(View, LiveRedrawsInPlaceAndLeavesNothing) {
  std::string said;
  const auto view = make_view({.live = true}, [&said](std::string_view text) { said += text; });
  view->show(rush());
  EXPECT_EQ(said, joined(picture_of(rush(), false)));
  said.clear();
  view->show(rush());
  EXPECT_EQ(said, "\033[4A\r\033[J" + joined(picture_of(rush(), false)));
  said.clear();
  view->say("hello");
  view->done();
  EXPECT_EQ(said, "\033[4A\r\033[Jhello\n");
}

// Tests have no terminal on stderr, or TERM=dumb says so: never live.
TEST(View, HeedsTheEnvironment) {
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(view_terms(false, false, false).live);
  EXPECT_FALSE(view_terms(false, false, false).color);
  setenv("TERM", "xterm", 1);
  EXPECT_FALSE(view_terms(true, false, false).live);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(view_terms(false, false, false).color);
  unsetenv("NO_COLOR");
}

TEST(View, NumbersAreForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(human_time(43), "43 µs");
  EXPECT_EQ(human_time(400), "400 µs");
  EXPECT_EQ(human_time(250'000), "250 ms");
  EXPECT_EQ(human_time(5'000'000), "5 s");
  EXPECT_EQ(human_time(1'250'000), "1.25 s");
}

}  // namespace
}  // namespace seckill
