#include "ledger/in_flight.h"

#include <gtest/gtest.h>
#include <map>
#include <utility>
#include <vector>

#include "support/dice.h"

namespace seckill {
namespace {

Claim claim(std::uint32_t sale, std::uint64_t buyer, std::uint32_t quantity) {
  Claim made;
  made.sale = SaleUid{sale};
  made.buyer_hash = {{buyer, buyer * 0x9e3779b97f4a7c15}};
  made.quantity = quantity;
  return made;
}

TEST(InFlight, KnowsNothingOfStrangers) {
  const InFlight in_flight;
  EXPECT_EQ(in_flight.units(SaleUid{1}), 0u);
  EXPECT_EQ(in_flight.orders(SaleUid{1}, {}), 0u);
}

TEST(InFlight, CountsPerSaleAndPerBuyer) {
  InFlight in_flight;
  in_flight.add(claim(1, 5, 2));
  in_flight.add(claim(1, 5, 3));
  in_flight.add(claim(1, 6, 1));
  in_flight.add(claim(2, 5, 4));
  const BuyerHash five = claim(1, 5, 1).buyer_hash;
  EXPECT_EQ(in_flight.units(SaleUid{1}), 6u);
  EXPECT_EQ(in_flight.orders(SaleUid{1}), 3u);
  EXPECT_EQ(in_flight.units(SaleUid{1}, five), 5u);
  EXPECT_EQ(in_flight.orders(SaleUid{1}, five), 2u);
  EXPECT_EQ(in_flight.units(SaleUid{2}, five), 4u);
  in_flight.remove(SaleUid{1}, five, 2);
  EXPECT_EQ(in_flight.units(SaleUid{1}, five), 3u);
  in_flight.clear();
  EXPECT_EQ(in_flight.units(SaleUid{1}), 0u);
  EXPECT_EQ(in_flight.units(SaleUid{2}, five), 0u);
}

TEST(InFlightDeathTest, StopsWhenMoreLeavesThanCame) {
  InFlight in_flight;
  in_flight.add(claim(1, 5, 2));
  EXPECT_DEATH(in_flight.remove(SaleUid{1}, claim(1, 5, 1).buyer_hash, 3), "in flight");
  EXPECT_DEATH(in_flight.remove(SaleUid{1}, claim(1, 6, 1).buyer_hash, 1), "in flight");
}

// I3: whatever comes and goes, in any order, the sums are those of what is still there.
TEST(InFlight, IsTheSumOfWhatIsStillThere) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  Dice dice(seed);
  InFlight in_flight;
  std::vector<Claim> there;
  for (int i = 0; i < 5'000; ++i) {
    if (there.empty() || dice.below(9) < 5) {
      const auto quantity = static_cast<std::uint32_t>(dice.between(1, 32));
      there.push_back(claim(static_cast<std::uint32_t>(dice.below(4)), dice.below(20), quantity));
      in_flight.add(there.back());
    } else {
      std::swap(dice.of(there), there.back());
      const Claim& gone = there.back();
      in_flight.remove(gone.sale, gone.buyer_hash, gone.quantity);
      there.pop_back();
    }
    const Claim asked = claim(static_cast<std::uint32_t>(dice.below(4)), dice.below(20), 1);
    InFlight::Sum sale, buyer;
    for (const Claim& c : there) {
      if (c.sale != asked.sale) continue;
      sale.units += c.quantity, ++sale.orders;
      if (c.buyer_hash == asked.buyer_hash) buyer.units += c.quantity, ++buyer.orders;
    }
    ASSERT_EQ(in_flight.units(asked.sale), sale.units);
    ASSERT_EQ(in_flight.orders(asked.sale), sale.orders);
    ASSERT_EQ(in_flight.units(asked.sale, asked.buyer_hash), buyer.units);
    ASSERT_EQ(in_flight.orders(asked.sale, asked.buyer_hash), buyer.orders);
  }
}

}  // namespace
}  // namespace seckill
