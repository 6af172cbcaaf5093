#include "drill/plan.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "model/text.h"

namespace seckill {
namespace {

TEST(Plan, TheSameSeedGivesTheSameClicksAndAnotherSeedOthers) {
  PlanTerms terms{.shoppers = 500, .arrival = Arrival::kPoisson, .double_click = 0.2, .seed = 42};
  const Plan once = plan_of(terms), again = plan_of(terms);
  EXPECT_EQ(once.clicks, again.clicks);
  terms.seed = 43;
  EXPECT_NE(plan_of(terms).clicks, once.clicks);
}

// The figures of a seed are part of what we promise: a report names its seed.
TEST(Plan, ASeedMeansTheSameOnEveryMachine) {
  const Plan plan = plan_of({.shoppers = 3, .arrival = Arrival::kPoisson, .seed = 7});
  ASSERT_EQ(plan.clicks.size(), 3u);
  EXPECT_EQ(plan.clicks[0].at_us, 83'941);
  EXPECT_EQ(plan.clicks[1].at_us, 1'949'148);
  EXPECT_EQ(plan.clicks[2].at_us, 4'503'803);
}

TEST(Plan, ARampIsEvenlySpacedAsJMetersIs) {
  const Plan plan = plan_of({.shoppers = 2'000});
  ASSERT_EQ(plan.clicks.size(), 2'000u);
  for (std::size_t i = 0; i < plan.clicks.size(); ++i) {
    EXPECT_EQ(plan.clicks[i].at_us, static_cast<std::int64_t>(i) * 2'500);
    EXPECT_EQ(plan.clicks[i].shopper, i);
  }
}

TEST(Plan, ABurstIsOneInstant) {
  const Plan plan = plan_of({.shoppers = 100, .arrival = Arrival::kBurst});
  EXPECT_EQ(plan.clicks.back().at_us, 0);
  EXPECT_EQ(plan.clicks.size(), 100u);
}

// Poisson: gaps are exponential, so their deviation equals their mean, and 1 - 1/e of them are
// shorter than it.
TEST(Plan, PoissonGapsAreExponential) {
  const Plan plan = plan_of({.shoppers = 20'000, .arrival = Arrival::kPoisson, .seed = 5});
  const double mean = 5e6 / 20'000;
  double squares = 0, shorter = 0;
  for (std::size_t i = 1; i < plan.clicks.size(); ++i) {
    const auto gap = static_cast<double>(plan.clicks[i].at_us - plan.clicks[i - 1].at_us);
    squares += (gap - mean) * (gap - mean);
    shorter += gap < mean ? 1 : 0;
  }
  EXPECT_NEAR(std::sqrt(squares / 20'000) / mean, 1, 0.03);
  EXPECT_NEAR(shorter / 20'000, 0.632, 0.02);
  EXPECT_LT(plan.clicks.back().at_us, 5'000'000);
}

TEST(Plan, DoubleClickersAreExactlyTheirShareAndClickAgainSoon) {
  const Plan plan = plan_of({.shoppers = 1'000, .double_click = 0.2, .seed = 3});
  EXPECT_EQ(plan.clicks.size(), 1'200u);
  EXPECT_EQ(std::count(plan.double_clickers.begin(), plan.double_clickers.end(), true), 200);
  EXPECT_TRUE(std::is_sorted(plan.clicks.begin(), plan.clicks.end(),
                             [](auto& a, auto& b) { return a.at_us < b.at_us; }));
  std::map<std::uint32_t, std::int64_t> first;
  for (const Click& click : plan.clicks) {
    if (!click.second) {
      first[click.shopper] = click.at_us;
      continue;
    }
    EXPECT_TRUE(plan.double_clickers[click.shopper]);
    EXPECT_GE(click.at_us - first.at(click.shopper), 0);
    EXPECT_LE(click.at_us - first.at(click.shopper), kDoubleClickWithin.count());
  }
}

// A wish for double clicks must not move the first ones: two drills stay comparable.
TEST(Plan, DoubleClicksDoNotMoveTheFirstClicks) {
  const PlanTerms plain{.shoppers = 200, .arrival = Arrival::kPoisson, .seed = 9};
  PlanTerms doubled = plain;
  doubled.double_click = 0.5;
  std::vector<Click> firsts = plan_of(doubled).clicks;
  std::erase_if(firsts, [](const Click& click) { return click.second; });
  EXPECT_EQ(firsts, plan_of(plain).clicks);
}

TEST(Plan, BuyersAndKeysAreWhatTheApiTakesAndNobodySharesOne) {
  std::set<std::string> keys;
  for (std::uint32_t shopper = 0; shopper < 1'000; ++shopper) {
    EXPECT_TRUE(Buyer::from(buyer_of(shopper)));
    EXPECT_TRUE(Key::from(key_of(UINT64_MAX, shopper)));
    keys.insert(key_of(1, shopper));
    keys.insert(key_of(2, shopper));
  }
  EXPECT_EQ(keys.size(), 2'000u);
  EXPECT_EQ(key_of(1, 5), key_of(1, 5));
}

TEST(Plan, RetriesWaitLongerEachTimeAndAsLongAsTheServerAsks) {
  for (std::uint32_t click = 0; click < 100; ++click) {
    const auto first = pause_before_retry(1, click, 1, microseconds{0});
    EXPECT_GE(first.count(), 25'000);
    EXPECT_LT(first.count(), 75'000);
    const auto late = pause_before_retry(1, click, 9, microseconds{0});
    EXPECT_GE(late.count(), 1'000'000);
    EXPECT_LE(late.count(), 3'000'000);
    EXPECT_GE(pause_before_retry(1, click, 1, microseconds{1'000'000}).count(), 1'000'000);
    EXPECT_LE(pause_before_retry(1, click, 1, microseconds{3'600'000'000}).count(), 31'000'000);
  }
  EXPECT_NE(pause_before_retry(1, 1, 1, microseconds{0}),
            pause_before_retry(1, 2, 1, microseconds{0}));
}

TEST(Plan, ArrivalsHaveNames) {
  for (const Arrival arrival : {Arrival::kRamp, Arrival::kBurst, Arrival::kPoisson}) {
    EXPECT_EQ(arrival_from(to_text(arrival)).value(), arrival);
  }
  EXPECT_EQ(arrival_from("spike").error().code, Error::Code::kInvalid);
}

}  // namespace
}  // namespace seckill
