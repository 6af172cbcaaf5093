#include "drill/threshold.h"

#include <gtest/gtest.h>

namespace seckill {
namespace {

bool holds(std::string_view text, double measured, std::string_view name) {
  return judge_threshold(threshold_from(text).value(), {{name, Unit::kCount, measured, ""}}).passed;
}

TEST(Threshold, ComparesAsWritten) {
  EXPECT_TRUE(holds("errors==0", 0, "errors"));
  EXPECT_FALSE(holds("errors==0", 1, "errors"));
  EXPECT_TRUE(holds("won!=3", 2, "won"));
  EXPECT_TRUE(holds(" won >= 100 ", 100, "won"));
  EXPECT_FALSE(holds("won>100", 100, "won"));
  EXPECT_TRUE(holds("rate>=99.5/s", 99.5, "rate"));
  EXPECT_TRUE(holds("p99<50ms", 49'999, "p99"));
  EXPECT_FALSE(holds("p99<50ms", 50'000, "p99"));
  EXPECT_TRUE(holds("max<=2s", 2e6, "max"));
  EXPECT_TRUE(holds("p50<300us", 299, "p50"));
  EXPECT_TRUE(holds("late<1%", 0.009, "late"));
  EXPECT_FALSE(holds("late<0.009", 0.009, "late"));
}

TEST(Threshold, SaysWhatIsWrong) {
  const auto wrong = [](std::string_view text, std::string_view part) {
    const auto threshold = threshold_from(text);
    ASSERT_FALSE(threshold) << text;
    EXPECT_EQ(threshold.error().code, Error::Code::kInvalid);
    EXPECT_NE(threshold.error().message.find(part), std::string::npos) << threshold.error().message;
  };
  wrong("p99", "no comparison");
  wrong("p98<1ms", "no figure 'p98'; there are p50 ");
  wrong("p99<50", "needs its unit");
  wrong("p99=<50ms", "'=<' is no comparison");
  wrong("errors=0", "'=' is no comparison");
  wrong("errors==none", "no number");
  wrong("errors==0ms", "no number");
  wrong("errors==", "no number");
  wrong("", "no comparison");
}

// A promise that could not be measured is not kept.
TEST(Threshold, FailsWhenNothingWasMeasured) {
  const auto threshold = threshold_from("p99<50ms").value();
  const Plan plan = plan_of({.shoppers = 1});
  const Judged judged = judge_threshold(threshold, figures_of(Tally(plan, true, 1), 0, 1));
  EXPECT_FALSE(judged.measured);
  EXPECT_FALSE(judged.passed);
}

TEST(Threshold, TellsWhatWasMeasured) {
  EXPECT_EQ(measured_text({.measured = 61'200, .unit = Unit::kTime}), "61.2 ms");
  EXPECT_EQ(measured_text({.measured = 0.015, .unit = Unit::kShare}), "1.50 %");
  EXPECT_EQ(measured_text({.measured = 5, .unit = Unit::kCount}), "5");
  EXPECT_EQ(measured_text({}), "nothing");
}

TEST(Threshold, HelpNamesEveryFigure) {
  const std::string help = help_on_figures();
  const Plan plan = plan_of({.shoppers = 1});
  for (const Figure& figure : figures_of(Tally(plan, true, 1), 0, 1)) {
    EXPECT_NE(help.find(figure.name), std::string::npos);
    EXPECT_TRUE(
        threshold_from(std::string(figure.name) + "<1" + (figure.unit == Unit::kTime ? "s" : "")));
  }
}

}  // namespace
}  // namespace seckill
