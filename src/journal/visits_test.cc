#include "journal/visits.h"

#include <gtest/gtest.h>
#include <semaphore>
#include <stdexcept>
#include <vector>

namespace seckill {
namespace {

std::vector<Entry> portion(std::uint64_t from) {
  std::vector<Entry> entries(3);
  for (std::uint64_t n = 0; n < entries.size(); ++n) entries[n].position = Position{from + n};
  return entries;
}

TEST(Visits, VisitEachPortionOnceInOrderBesideTheOwner) {
  std::vector<Position> seen;
  const Visits::Visit visit = [&, owner = std::this_thread::get_id()](std::span<const Entry> some) {
    EXPECT_NE(std::this_thread::get_id(), owner);
    for (const Entry& entry : some) seen.push_back(entry.position);
    return Status();
  };
  std::vector<Position> expected;
  Visits visits(visit);
  EXPECT_TRUE(visits.outcome()) << "of none";
  for (std::uint64_t from = 0; from < 300; from += 3) {
    const auto entries = portion(from);
    for (const Entry& entry : entries) expected.push_back(entry.position);
    visits.start(entries);
    EXPECT_TRUE(visits.outcome());
    EXPECT_EQ(seen, expected);
  }
}

TEST(Visits, HandARefusalThroughAndGoOn) {
  const Visits::Visit visit = [](std::span<const Entry> some) -> Status {
    if (some.front().position == Position{3}) return fail(Error::Code::kCorrupt, "not this one");
    if (some.front().position == Position{6}) throw std::runtime_error("no room");
    return {};
  };
  Visits visits(visit);
  const auto first = portion(0), refused = portion(3), thrown = portion(6);
  visits.start(refused);
  const Status said = visits.outcome();
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().message, "not this one");
  visits.start(thrown);
  EXPECT_THROW((void)visits.outcome(), std::runtime_error);
  visits.start(first);
  EXPECT_TRUE(visits.outcome());
}

// Whoever gives up on the way: the visit's entries live until it has ended.
TEST(Visits, AreWaitedForAtTheEnd) {
  std::binary_semaphore begun{0};
  bool ended = false;
  const Visits::Visit visit = [&](std::span<const Entry> some) {
    begun.release();
    std::this_thread::sleep_for(milliseconds(30));
    ended = some.size() == 3;
    return Status();
  };
  const auto entries = portion(0);
  {
    Visits visits(visit);
    visits.start(entries);
    begun.acquire();
  }
  EXPECT_TRUE(ended);
}

TEST(VisitsDeathTest, AreOneAtATime) {
  const Visits::Visit visit = [](std::span<const Entry>) { return Status(); };
  const auto entries = portion(0);
  EXPECT_DEATH(
      {
        Visits visits(visit);
        visits.start(entries);
        visits.start(entries);
      },
      "one visit at a time");
}

}  // namespace
}  // namespace seckill
