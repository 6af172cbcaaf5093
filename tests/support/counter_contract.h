// Holds every implementation of Counter to the numbered lines of counter.h. Each brings its Parts:
// connections to one server, a look at its numbers, and a way to make them older.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "counter/left.h"

namespace seckill::counter_contract {

inline constexpr milliseconds kEqualAgain{1'999};  // an equal position does not overwrite before

template <class Parts>
struct CounterContract : ::testing::Test {
  std::vector<std::uint32_t> take(Counter& counter, std::uint64_t position,
                                  const std::vector<Want>& wants) {
    counter.take({++number, Position{position}, wants});
    const Counted counted = parts.answer(counter);
    EXPECT_EQ(counted.number, number);
    return {counted.granted.begin(), counted.granted.end()};
  }
  // Of one sale.
  std::uint32_t take(Counter& counter, std::uint64_t position, std::uint32_t units,
                     std::uint32_t available) {
    const auto granted = take(counter, position, {{kCar, units, available}});
    EXPECT_EQ(granted.size(), 1u);
    return granted.empty() ? 0 : granted[0];
  }
  std::int64_t left(SaleUid sale = kCar) {
    const auto lefts = parts.lefts({sale});
    const auto found = lefts.find(sale);
    return found == lefts.end() ? -1 : found->second.left;
  }

  // What `act` returns when all of it happened in less than `time`, which the server's clock must
  // not have gone on by; each try begins from nothing.
  template <class Act>
  auto within(milliseconds time, const Act& act) {
    for (int tries = 1;; ++tries) {
      parts.wipe();
      const SteadyTime since = steady_now();
      auto seen = act();
      const bool in_time = steady_now() - since < time;
      EXPECT_TRUE(in_time || tries < 100) << "this machine is too slow";
      if (in_time || tries == 100) return seen;
    }
  }

  static constexpr SaleUid kCar{1}, kToy{4'000'000'000};
  Parts parts;
  std::uint64_t number = 0;
};
TYPED_TEST_SUITE_P(CounterContract);

#define SECKILL_CONNECT                              \
  const auto counter = this->parts.connect();        \
  ASSERT_EQ(this->parts.answer(*counter).number, 0u) \
      << "a new connection says so: what it knows may be old"

TYPED_TEST_P(CounterContract, P1_WhatIsNotThereIsTheLedgersTruth) {
  SECKILL_CONNECT;
  EXPECT_EQ(this->take(*counter, 10, 3, 100), 3u);
  EXPECT_EQ(this->left(), 97);
  this->parts.spoil(this->kCar);  // no counter of ours
  EXPECT_EQ(this->take(*counter, 10, 2, 50), 2u);
  EXPECT_EQ(this->left(), 48);
  this->parts.wipe();
  EXPECT_EQ(this->take(*counter, 5, 1, 7), 1u) << "also from an older position";
  EXPECT_EQ(this->left(), 6);
}

TYPED_TEST_P(CounterContract, P2_ANewerPositionOverwritesTenTimesASecond) {
  SECKILL_CONNECT;
  const auto at_once = this->within(milliseconds(99), [&] {
    this->take(*counter, 10, 10, 10);
    return this->take(*counter, 11, 1, 5);
  });
  EXPECT_EQ(at_once, 0u) << "not yet";
  this->parts.age(this->kCar, milliseconds(101));
  EXPECT_EQ(this->take(*counter, 12, 1, 5), 1u);
  EXPECT_EQ(this->left(), 4);
  EXPECT_EQ(this->take(*counter, 13, 0, 77), 0u);
  EXPECT_EQ(this->left(), 77) << "told, at once";
}

TYPED_TEST_P(CounterContract, P3_AnEqualPositionOverwritesAfterTwoSecondsAnOlderNever) {
  SECKILL_CONNECT;
  const auto early = this->within(milliseconds(499), [&] {
    this->take(*counter, 10, 10, 10);
    this->parts.age(this->kCar, milliseconds(1'500));
    return std::vector{this->take(*counter, 10, 1, 10), this->take(*counter, 10, 0, 10)};
  });
  EXPECT_EQ(early, (std::vector{0u, 0u}));
  EXPECT_EQ(this->left(), 0);
  this->parts.age(this->kCar, milliseconds(600));
  EXPECT_EQ(this->take(*counter, 10, 1, 10), 1u);
  this->parts.age(this->kCar, milliseconds(1'000'000));
  EXPECT_EQ(this->take(*counter, 9, 0, 500), 0u);
  EXPECT_EQ(this->left(), 9);
  this->parts.age(this->kCar, milliseconds(-1'000'000'000));  // stamped by a clock that ran ahead
  EXPECT_EQ(this->take(*counter, 10, 1, 30), 1u);
  EXPECT_EQ(this->left(), 29);
}

TYPED_TEST_P(CounterContract, P4_WhatIsLeftIsTakenOfEachSaleAndNobodyAdds) {
  SECKILL_CONNECT;
  const auto toy = this->kToy, car = this->kCar;
  const auto granted = this->within(kEqualAgain, [&] {
    return std::vector{this->take(*counter, 10, {{car, 4, 6}, {toy, 2, 10'000'000}}),
                       this->take(*counter, 10, {{toy, 5, 1}, {car, 4, 1}}),
                       this->take(*counter, 10, {{car, 32, 10}})};
  });
  EXPECT_EQ(granted, (std::vector<std::vector<std::uint32_t>>{{4, 2}, {5, 2}, {0}}));
  EXPECT_EQ(this->left(car), 0);
  EXPECT_EQ(this->left(toy), 9'999'993);
}

TYPED_TEST_P(CounterContract, P4_TwoNodesTakeFromOne) {
  const auto a = this->parts.connect(), b = this->parts.connect();
  (void)this->parts.answer(*a), (void)this->parts.answer(*b);
  const auto taken = this->within(kEqualAgain, [&] {
    std::uint32_t sum = 0;
    for (int n = 0; n < 10; ++n) {
      sum += this->take(*a, 10, 3, 40);
      sum += this->take(*b, 10, 2, 40);
    }
    return sum;
  });
  EXPECT_EQ(taken, 40u);
}

TYPED_TEST_P(CounterContract, P5_P6_TheLastTakeIsAnsweredOnce) {
  SECKILL_CONNECT;
  const std::vector<Want> wants{{this->kCar, 1, 10}};
  const auto left = this->within(kEqualAgain, [&] {
    for (int n = 0; n < 3; ++n) counter->take({++this->number, Position{10}, wants});
    EXPECT_EQ(this->parts.answer(*counter).number, this->number);
    return this->left();
  });
  EXPECT_EQ(left, 7) << "the first two happened all the same";
  EXPECT_FALSE(counter->poll().has_value());
}

TYPED_TEST_P(CounterContract, ManySalesAreOneCall) {
  SECKILL_CONNECT;
  std::vector<Want> wants;
  for (std::uint32_t n = 1; n <= kWantsMax; ++n) wants.push_back({SaleUid{n}, 1, n});
  EXPECT_EQ(this->take(*counter, 10, wants), std::vector<std::uint32_t>(kWantsMax, 1));
  EXPECT_EQ(this->left(SaleUid{kWantsMax}), std::int64_t{kWantsMax} - 1);
}

REGISTER_TYPED_TEST_SUITE_P(CounterContract, P1_WhatIsNotThereIsTheLedgersTruth,
                            P2_ANewerPositionOverwritesTenTimesASecond,
                            P3_AnEqualPositionOverwritesAfterTwoSecondsAnOlderNever,
                            P4_WhatIsLeftIsTakenOfEachSaleAndNobodyAdds, P4_TwoNodesTakeFromOne,
                            P5_P6_TheLastTakeIsAnsweredOnce, ManySalesAreOneCall);

}  // namespace seckill::counter_contract
