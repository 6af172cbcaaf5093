#include "ledger/units.h"

#include <gtest/gtest.h>
#include <set>
#include <vector>

#include "ledger/catalog.h"
#include "model/ids.h"
#include "support/dice.h"

namespace seckill {
namespace {

// Against a std::set of free numbers, through sizes on both sides of every word and level.
TEST(Units, GivesTheLowestFreeNumberWhateverCameBack) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  Dice dice(seed);
  for (const std::uint32_t stock : {1u, 63u, 64u, 65u, 100u, 4095u, 4096u, 4097u, 9000u}) {
    Units units(stock);
    std::set<std::uint32_t> free;
    std::vector<std::uint32_t> taken;
    for (std::uint32_t n = 1; n <= stock; ++n) free.insert(n);
    for (int i = 0; i < 20'000; ++i) {
      if (!free.empty() && (taken.empty() || dice.below(5) < 3)) {
        const std::uint32_t unit = units.take();
        ASSERT_EQ(unit, *free.begin()) << "of " << stock;
        free.erase(unit), taken.push_back(unit);
      } else {
        std::uint32_t& unit = dice.of(taken);
        units.give_back(unit);
        free.insert(unit);
        unit = taken.back(), taken.pop_back();
      }
      ASSERT_EQ(units.taken(), taken.size());
    }
  }
}

TEST(Units, GrowsWhileSomeAreTaken) {
  Units units(1);
  std::uint32_t given = 0;
  for (const std::uint32_t stock : {1u, 2u, 64u, 65u, 127u, 4096u, 4200u, 300'000u}) {
    units.grow(stock);
    while (units.taken() < stock) ASSERT_EQ(units.take(), ++given);
  }
  units.give_back(77);
  units.grow(300'001);
  EXPECT_EQ(units.take(), 77u);
  EXPECT_EQ(units.take(), 300'001u);
}

TEST(Units, ChainsTheUnitsOfAnOrder) {
  Units units(10'000);
  EXPECT_EQ(units.next_of(5), 0u);
  units.link(5, 9'000);
  units.link(9'000, 6);
  EXPECT_EQ(units.next_of(5), 9'000u);
  EXPECT_EQ(units.next_of(9'000), 6u);
  EXPECT_EQ(units.next_of(6), 0u);
  units.link(5, 0);
  EXPECT_EQ(units.next_of(5), 0u);
}

TEST(UnitsDeathTest, StopsAtAUnitThatComesBackTwice) {
  Units units(3);
  const std::uint32_t unit = units.take();
  units.give_back(unit);
  EXPECT_DEATH(units.give_back(unit), "I1");
}

struct Thing {
  BuyerHash id;
  int value = 0;
};

// Pointers stay good, everything is found, and there is no rehash within what was reserved.
TEST(Catalog, KeepsWhatItHoldsInItsPlace) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  Dice dice(seed);
  Catalog<Thing, BuyerHash, &Thing::id> catalog;
  EXPECT_EQ(catalog.find({}), nullptr);
  constexpr std::size_t kThings = 10'000;
  catalog.reserve(kThings);
  const std::size_t slots = catalog.slots();
  std::vector<const Thing*> placed;
  for (std::size_t i = 0; i < kThings; ++i) {
    const Thing thing{{{dice.bits(), dice.bits()}}, static_cast<int>(i)};
    EXPECT_EQ(catalog.find(thing.id), nullptr);
    placed.push_back(&catalog.add(thing));
  }
  EXPECT_EQ(catalog.slots(), slots);
  catalog.reserve(1);  // gives nothing back
  EXPECT_EQ(catalog.slots(), slots);
  catalog.reserve(4 * kThings);
  for (std::size_t i = 0; i < kThings; ++i) {
    ASSERT_EQ(placed[i]->value, static_cast<int>(i));
    ASSERT_EQ(catalog.find(placed[i]->id), placed[i]);
  }
}

// Keys that all want the last slot are told from each other, whatever else they share; and a
// catalog that was told nothing of its size grows.
TEST(Catalog, TellsNeighboursApart) {
  Catalog<Thing, BuyerHash, &Thing::id> catalog;
  catalog.reserve(1);
  const auto key = [](std::uint64_t n) {
    return BuyerHash{{n, n % 3 == 0 ? ~0ULL : 0xffff'ffff | n << 40}};
  };
  for (std::uint64_t n = 0; n < 100; ++n) {
    EXPECT_EQ(catalog.find(key(n)), nullptr);
    catalog.add({key(n), static_cast<int>(n)});
  }
  for (std::uint64_t n = 0; n < 100; ++n) {
    ASSERT_NE(catalog.find(key(n)), nullptr);
    ASSERT_EQ(catalog.find(key(n))->value, static_cast<int>(n));
  }
  EXPECT_EQ(catalog.size(), 100U);
}

}  // namespace
}  // namespace seckill
