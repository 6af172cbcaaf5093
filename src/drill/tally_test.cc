#include "drill/tally.h"

#include <gtest/gtest.h>

namespace seckill {
namespace {

// A crowd of ten, one each 100 ms; events are made by hand.
struct Scene {
  explicit Scene(bool keyed, std::optional<std::uint32_t> stock, double double_click = 0)
      : plan(plan_of({.shoppers = 10,
                      .over = milliseconds(1'000),
                      .double_click = double_click,
                      .seed = 1})),
        tally(plan, keyed, stock) {}

  struct What {
    Told told = Told::kWon;
    std::string order;
    std::int32_t left = -1;
    std::uint16_t attempt = 1;
    bool last = true;
    std::uint16_t status = 200;
    std::int64_t late_us = 0;
    std::string reason;
  };
  // The click is sent 1 ms after it was begun and answered 2 ms later.
  std::uint32_t happens(std::uint32_t click, const What& what) {
    const std::int64_t at = plan.clicks[click].at_us;
    const Attempt attempt{.intended_us = at,
                          .started_us = at + what.late_us,
                          .sent_us = at + what.late_us + 1'000,
                          .answered_us = at + what.late_us + 3'000,
                          .click = click,
                          .shopper = plan.clicks[click].shopper,
                          .left = what.left,
                          .attempt = what.attempt,
                          .status = what.status,
                          .told = what.told};
    const std::uint32_t order = tally.answered(attempt, what.order, what.reason);
    if (what.last) tally.settled(click, what.told, attempt.answered_us, what.attempt, what.reason);
    return order;
  }
  Plan plan;
  Tally tally;
};

// (1), (3), (4): a sale of three over the API.
TEST(Tally, CountsASale) {
  Scene scene(true, 3);
  for (std::uint32_t click = 0; click < 3; ++click) {
    EXPECT_EQ(scene.happens(click, {.order = std::string(1, static_cast<char>('a' + click))}),
              click + 1);
  }
  for (std::uint32_t click = 3; click < 10; ++click) scene.happens(click, {.told = Told::kSoldOut});
  const Tally& tally = scene.tally;
  EXPECT_EQ(tally.won(), 3u);
  EXPECT_EQ(tally.clicks(Told::kWon), 3u);
  EXPECT_EQ(tally.clicks(Told::kSoldOut), 7u);
  EXPECT_EQ(tally.shoppers(Told::kSoldOut), 7u);
  EXPECT_EQ(tally.arrived(), 10u);
  EXPECT_EQ(tally.settled_clicks(), 10u);
  EXPECT_EQ(tally.errors(), 0u);
  EXPECT_EQ(tally.remaining(), 0u);
  EXPECT_EQ(tally.remaining_at(150'000), 1u);
  EXPECT_EQ(tally.sold_out_us(), 203'000);
  EXPECT_EQ(tally.felt().max(), 3'000);
  EXPECT_EQ(tally.served().max(), 2'000);
  EXPECT_EQ(tally.felt(Told::kWon)->count(), 3u);
  EXPECT_EQ(tally.felt(Told::kLimit), nullptr);
  EXPECT_EQ(tally.duplicates().all(), 0u);
  EXPECT_EQ(tally.orders().size(), 3u);
}

TEST(Tally, PutsEventsIntoSlicesOf100Ms) {
  Scene scene(true, 3);
  scene.happens(0, {.order = "a"});
  scene.happens(4, {.told = Told::kSoldOut});
  scene.happens(9, {.told = Told::kError, .status = 0, .reason = "refused"});
  const auto& slices = scene.tally.slices();
  ASSERT_EQ(slices.size(), 10u);
  for (const Slice& slice : slices) EXPECT_EQ(slice.scheduled, 1u);
  EXPECT_EQ(slices[0].won, 1u);
  EXPECT_EQ(slices[4].sold_out, 1u);
  EXPECT_EQ(slices[4].sent, 1u);
  EXPECT_EQ(slices[9].errors, 1u);
  EXPECT_EQ(slices[4].heat[12], 1u) << "3,000 µs lie in [2048, 4096)";
}

// (2): the best a shopper was told is what he counts as; (3): the second telling is no second win.
TEST(Tally, CountsADoubleClickerOnce) {
  Scene scene(true, 5, 1);
  ASSERT_EQ(scene.plan.clicks.size(), 20u);
  std::uint32_t first = 0, second = 0;
  for (std::uint32_t click = 0; click < 20; ++click) {
    if (scene.plan.clicks[click].shopper == 3)
      (scene.plan.clicks[click].second ? second : first) = click;
  }
  scene.happens(second, {.told = Told::kSoldOut});
  EXPECT_EQ(scene.tally.shoppers(Told::kSoldOut), 1u);
  scene.happens(first, {.order = "a"});
  EXPECT_EQ(scene.tally.shoppers(Told::kSoldOut), 0u);
  EXPECT_EQ(scene.tally.shoppers(Told::kWon), 1u);
  EXPECT_EQ(scene.tally.clicks(Told::kSoldOut), 1u);
  EXPECT_EQ(scene.tally.arrived(), 1u);
  EXPECT_EQ(scene.tally.double_clickers().shoppers, 10u);
  EXPECT_EQ(scene.tally.double_clickers().won, 1u);
  EXPECT_EQ(scene.tally.single_clickers().shoppers, 0u);
}

TEST(Tally, TellsTheSameOrderTwiceAndCountsItOnce) {
  Scene scene(true, 5);
  EXPECT_EQ(scene.happens(0, {.order = "a", .last = false}), 1u);
  EXPECT_EQ(scene.happens(0, {.order = "a", .attempt = 2}), 1u);
  EXPECT_EQ(scene.tally.won(), 1u);
  EXPECT_EQ(scene.tally.retries(), 1u);
  EXPECT_EQ(scene.tally.duplicates().all(), 0u);
}

// Broken servers: two orders for a key, one order for two buyers, one number twice.
TEST(Tally, FindsWhatWasToldTwice) {
  Scene keyed(true, 5);
  keyed.happens(0, {.order = "a", .last = false});
  keyed.happens(0, {.order = "b", .attempt = 2});
  keyed.happens(1, {.order = "a"});
  EXPECT_EQ(keyed.tally.duplicates().two_orders_for_a_key, 1u);
  EXPECT_EQ(keyed.tally.duplicates().order_told_to_two, 1u);
  Scene demo(false, std::nullopt);
  demo.happens(0, {.left = 9});
  demo.happens(1, {.left = 8});
  demo.happens(2, {.left = 8});
  EXPECT_EQ(demo.tally.duplicates().number_told_twice, 1u);
  EXPECT_EQ(demo.tally.won(), 3u);
}

TEST(Tally, LearnsTheStockFromTheDemosNumbers) {
  Scene scene(false, std::nullopt);
  EXPECT_FALSE(scene.tally.stock());
  scene.happens(1, {.left = 1});
  scene.happens(0, {.left = 2});
  EXPECT_EQ(scene.tally.stock(), 3u);
  EXPECT_EQ(scene.tally.remaining(), 1u);
  scene.happens(2, {.left = 0});
  EXPECT_EQ(scene.tally.remaining(), 0u);
  EXPECT_TRUE(scene.tally.sold_out_us());
}

TEST(Tally, KeepsTenSamplesOfEachErrorAndFewKinds) {
  const Plan plan = plan_of({.shoppers = 200});
  Tally tally(plan, true, std::nullopt);
  for (std::uint32_t click = 0; click < 200; ++click) {
    const std::string reason = click < 100 ? "no answer" : "kind " + std::to_string(click);
    tally.answered({.click = click, .shopper = click}, "", reason);
    tally.settled(click, Told::kError, 0, 1, reason);
  }
  EXPECT_EQ(tally.errors(), 200u);
  EXPECT_EQ(tally.error_kinds().at("no answer").count, 100u);
  EXPECT_EQ(tally.error_kinds().at("no answer").samples.size(), 10u);
  EXPECT_EQ(tally.error_kinds().size(), kErrorKindsMax + 1);
  EXPECT_EQ(tally.error_kinds().at("other").count, 200 - 100 - (kErrorKindsMax - 1));
  EXPECT_EQ(tally.felt().count(), 0u) << "who was not answered has no latency";
  EXPECT_EQ(tally.served().count(), 0u);
}

// Lateness is the crowd's own; it is felt as well.
TEST(Tally, CountsItsOwnLateness) {
  Scene scene(true, 5);
  scene.happens(0, {.told = Told::kSoldOut, .late_us = kLateUs});
  scene.happens(1, {.told = Told::kSoldOut, .late_us = kLateUs + 1});
  EXPECT_EQ(scene.tally.late(), 1u);
  EXPECT_EQ(scene.tally.lateness().max(), kLateUs + 1);
  EXPECT_EQ(scene.tally.felt().max(), kLateUs + 3'001);
  EXPECT_EQ(scene.tally.served().max(), 2'000);
}

TEST(Tally, ShowsTheChanceByOrderOfArrival) {
  Scene scene(true, 1);
  scene.happens(0, {.order = "a"});
  for (std::uint32_t click = 1; click < 10; ++click) scene.happens(click, {.told = Told::kSoldOut});
  const auto& tenths = scene.tally.tenths();
  ASSERT_EQ(tenths.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(tenths[i].shoppers, 1u);
    EXPECT_EQ(tenths[i].won, i == 0 ? 1u : 0u);
    EXPECT_EQ(tenths[i].felt.count(), 1u);
  }
}

TEST(Tally, DoesNotCountWhoWasNeverSent) {
  Scene scene(true, 1);
  scene.tally.settled(5, Told::kNotSent, 0, 0, "interrupted");
  scene.tally.settled(6, Told::kError, 700'000, 0, "no free connection");
  EXPECT_EQ(scene.tally.arrived(), 1u);
  EXPECT_EQ(scene.tally.errors(), 1u);
  EXPECT_EQ(scene.tally.clicks(Told::kNotSent), 1u);
  EXPECT_EQ(scene.tally.error_kinds().at("no free connection").count, 1u);
  EXPECT_EQ(scene.tally.error_kinds().size(), 1u);
}

}  // namespace
}  // namespace seckill
