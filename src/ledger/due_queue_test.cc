#include "ledger/due_queue.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "support/dice.h"

namespace seckill {
namespace {

// A12: every node returns holds in the same order, however they came; a sale that is retired leaves
// nothing behind (I12).
TEST(DueQueue, IsSortedByDueTimeThenByGrant) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  Dice dice(seed);
  DueQueue queue;
  std::vector<std::pair<LogTime, Position>> expected;
  std::size_t retired = 0;
  for (std::uint64_t n = 0; n < 5'000; ++n) {
    const LogTime due{dice.between(0, 300)};
    const std::uint64_t sale = 1 + dice.below(3);
    queue.add({due, Position{n}, {{sale << 32, n}}});
    if (sale == 2) ++retired;
    if (sale != 2) expected.emplace_back(due, Position{n});
  }
  EXPECT_EQ(queue.size(), expected.size() + retired);
  queue.forget(SaleUid{2});
  EXPECT_EQ(queue.size(), expected.size());
  std::sort(expected.begin(), expected.end());
  for (const auto& [due, granted] : expected) {
    ASSERT_NE(queue.top(), nullptr);
    ASSERT_EQ(queue.top()->due, due);
    ASSERT_EQ(queue.top()->granted, granted);
    queue.pop();
  }
  EXPECT_EQ(queue.top(), nullptr);
}

}  // namespace
}  // namespace seckill
