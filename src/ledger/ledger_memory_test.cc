// Promise (5) and "no allocation for a claim that is refused": counted by this program's own
// operator new and calloc.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <new>
#include <string>

#include "ledger/ledger.h"
#include "support/story.h"

namespace {

struct Allocations {
  std::size_t count = 0;
  std::size_t largest = 0;
};
thread_local Allocations allocations;  // test only: what operator new was asked for

void* counted(std::size_t size) {
  ++allocations.count;
  allocations.largest = std::max(allocations.largest, size);
  void* made = std::malloc(size);
  if (made == nullptr) throw std::bad_alloc{};
  return made;
}

// Not inlined: g++ would see a pointer of new go to free().
[[gnu::noinline]] void freed(void* gone) noexcept { std::free(gone); }

}  // namespace

extern "C" void* calloc(std::size_t things, std::size_t size) noexcept {
  return std::memset(counted(things * size), 0, things * size);
}
void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* gone) noexcept { freed(gone); }
void operator delete[](void* gone) noexcept { freed(gone); }
void operator delete(void* gone, std::size_t) noexcept { freed(gone); }
void operator delete[](void* gone, std::size_t) noexcept { freed(gone); }

namespace seckill {
namespace {

TEST(LedgerMemory, ARefusalAllocatesNothing) {
  SaleTerms terms = car(2);
  terms.per_buyer = 1;
  Story story = story_of(terms);
  story.buy("a", "k");
  InFlight in_flight;
  in_flight.add(story.claim("b", "k"));
  const Claim twin = story.claim("a", "k"), limit = story.claim("a", "k2"),
              sold_out = story.claim("c", "k"), wild = story.claim("d", "k", 99);
  Claim unknown = twin;
  unknown.sale = SaleUid{1};
  const RawTime now = story.now;
  const std::size_t before = allocations.count;
  const auto judge = [&](const Claim& c) { return story.ledger.judge(c, in_flight, now).outcome; };
  const Outcome said[] = {judge(twin), judge(limit), judge(sold_out), judge(wild), judge(unknown)};
  EXPECT_EQ(allocations.count, before);
  EXPECT_EQ(said[0], Outcome::kReplayed);
  EXPECT_EQ(said[1], Outcome::kLimitReached);
  EXPECT_EQ(said[2], Outcome::kSoldOut);
  EXPECT_EQ(said[3], Outcome::kNotAllowed);
  EXPECT_EQ(said[4], Outcome::kUnknownSale);
}

// A table that grew under claims would ask for a new index of 200,000 slots or more at once. The
// SALE record does; claims only ask for chunks, and for the list of a queue's blocks.
TEST(LedgerMemory, NoClaimWaitsForATableToGrow) {
  constexpr std::uint32_t kClaims = 200'000;
  constexpr std::size_t kIndex = std::size_t{kClaims} * sizeof(std::uint32_t);
  SaleTerms terms = car(kClaims);
  terms.orders_max = kClaims;
  terms.hold_ms = 60'000;
  allocations.largest = 0;
  Story story = story_of(terms);
  EXPECT_GT(allocations.largest, kIndex);
  story.changes.orders.reserve(4), story.changes.units.reserve(4);
  allocations.largest = 0;
  for (std::uint32_t n = 0; n < kClaims; ++n) {
    ASSERT_EQ(story.buy("b" + std::to_string(n), "k").outcome, Outcome::kWon);
  }
  EXPECT_LT(allocations.largest, kIndex);
  allocations.largest = 0;
  story.change([](auto& t) { t.orders_max *= 2, t.stock *= 2; });  // here the tables grow
  EXPECT_GT(allocations.largest, kIndex);
  allocations.largest = 0;
  for (std::uint32_t n = 0; n < 20'000; ++n) story.buy("c" + std::to_string(n), "k");
  EXPECT_LT(allocations.largest, kIndex);
}

}  // namespace
}  // namespace seckill
