// kill -9 at random moments, in recovery, too; stops, drains, and limits of the machine: the same
// shoppers ask again with their keys, and both auditors prove what they were told.
// SECKILL_SEED replays the dice; SECKILL_ROUNDS makes it longer (scripts/torture).
#include "system/torture.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sys/mount.h>
#include <sys/resource.h>
#include <thread>

#include "support/dice.h"

namespace seckill::testing {
namespace {

int rounds_of_this_run() {
  const char* given = std::getenv("SECKILL_ROUNDS");
  return given != nullptr ? std::atoi(given) : 25;
}

void wait_ms(std::uint64_t ms) { std::this_thread::sleep_for(milliseconds(ms)); }

// How a server dies in a round, and how often it did.
enum class Death : std::uint8_t { kKilled, kKilledTwice, kStoppedThenKilled, kDrained };
constexpr std::array kDeaths{"killed", "killed, and again in recovery", "stopped, then killed",
                             "drained"};

struct Round {
  Torture& torture;
  std::mt19937_64& dice;

  Death choose() {
    const auto die = dice() % 10;
    return die < 5   ? Death::kKilled
           : die < 7 ? Death::kKilledTwice
           : die < 9 ? Death::kStoppedThenKilled
                     : Death::kDrained;
  }
  void die(Death how) {
    wait_ms(dice() % 400);  // the moment of death: the dice's
    switch (how) {
      case Death::kKilled: torture.kill(); break;
      case Death::kKilledTwice:
        torture.kill();
        torture.die_in_recovery(microseconds(dice() % 60'000));
        break;
      case Death::kStoppedThenKilled:
        torture.server().program().signal(SIGSTOP);
        wait_ms(dice() % 200);
        torture.kill();
        break;
      case Death::kDrained: EXPECT_EQ(torture.server().stop(), 0); break;
    }
  }
};

// I1, I2, I5, I8, I11: all rounds share one directory.
TEST(Torture, NothingIsLostOrSoldTwiceWhateverTheMomentOfDeath) {
  const std::uint64_t seed = seed_of_this_run();
  SCOPED_TRACE(fmt::format("SECKILL_SEED={}", seed));
  std::mt19937_64 dice(seed);
  Torture torture(seed);
  std::array<int, kDeaths.size()> counts{};
  const int rounds = rounds_of_this_run();
  torture.restart();
  for (int round = 1; round <= rounds && !HasFatalFailure(); ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    ASSERT_TRUE(torture.open(fmt::format("car{}", round)));
    torture.rush();
    torture.wait_for_first_sale();
    Round play{torture, dice};
    const Death how = play.choose();
    play.die(how);
    ++counts[static_cast<std::size_t>(how)];
    torture.restart();
    torture.prove();
    if (round % 25 == 0) fmt::print("{} of {} rounds proven by both auditors\n", round, rounds);
    std::fflush(stdout);
  }
  for (std::size_t i = 0; i < counts.size(); ++i)
    fmt::print("{:6} times {}\n", counts[i], kDeaths[i]);
  EXPECT_EQ(torture.server().stop(), 0);
}

// Who is stopped for a while loses nobody: no fault at all, only slowness.
TEST(Torture, AStopInMidRushLosesNobody) {
  Torture torture(1);
  torture.restart();
  ASSERT_TRUE(torture.open("car"));
  torture.rush();
  torture.wait_for_first_sale();
  for (int i = 0; i < 3; ++i) {
    torture.server().program().signal(SIGSTOP);
    wait_ms(250);
    torture.server().program().signal(SIGCONT);
    wait_ms(50);
  }
  torture.prove();
  EXPECT_EQ(torture.server().stop(), 0) << torture.server().program().err();
}

TEST(Torture, ATermInMidRushDrains) {
  Torture torture(2);
  torture.restart();
  ASSERT_TRUE(torture.open("car"));
  torture.rush();
  torture.wait_for_first_sale();
  EXPECT_EQ(torture.server().stop(), 0) << torture.server().program().err();
  torture.restart();
  torture.prove();
}

TEST(Torture, ACrowdBeyondTheOpenFilesIsServedInTheEnd) {
  Torture torture(3);
  ASSERT_TRUE(torture.start({.open_files = 48}));
  ASSERT_TRUE(torture.open("car"));
  torture.rush();
  torture.end_rush();
  torture.kill();
  torture.restart();
  torture.prove();
}

// Journal and rows share a disk that is full in mid-rush. Nobody is lied to; with space again, all
// that was told is there.
TEST(Torture, ADiskThatFillsUpInMidRushLosesNobody) {
  Torture torture(5);
  const auto data = torture.dir().path() / "data";
  if (!small_disk(torture.dir().path(), "size=8m"))
    GTEST_SKIP() << "needs root, for a small file system of its own";
  const Surroundings small{.environment = {{"SECKILL_SEGMENT_SIZE", "1MiB"}}};
  torture.restart(small);
  ASSERT_TRUE(torture.open("car", {.shoppers = 900, .stock = 600, .connections = 4}));
  put_text(data / "ballast", std::string(5600 << 10, 'x'));
  torture.rush();
  torture.end_rush();
  torture.kill();
  std::filesystem::remove(data / "ballast");
  torture.restart(small);
  torture.prove();
  torture.kill();
  umount(data.c_str());
}

std::uint64_t address_space(pid_t pid) {
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  std::uint64_t pages = 0;
  statm >> pages;
  return pages * 4096;
}

// Memory ends in mid-rush, a little later each time: whatever the allocation that fails, what was
// told comes back.
TEST(Torture, AMemoryThatEndsLosesNobody) {
  Torture torture(4);
  torture.restart();
  int ended = 0;
  for (const std::uint64_t more : {0, 16, 64, 256, 1024, 4096, 16384}) {
    SCOPED_TRACE(fmt::format("{} KiB more", more));
    ASSERT_TRUE(torture.open(fmt::format("car{}", more), {.shoppers = 3'000, .stock = 1'000}));
    torture.rush();
    torture.wait_for_first_sale();
    const pid_t pid = torture.server().program().pid();
    const rlim_t most = address_space(pid) + (more << 10);
    for (const auto which : {RLIMIT_AS, RLIMIT_DATA}) {
      const rlimit limit{most, most};
      ASSERT_EQ(prlimit(pid, which, &limit, nullptr), 0);
    }
    // A sale for which there is no memory: its tables are made when its record is applied.
    (void)torture.server().client().ask(
        {.method = "POST",
         .path = "/api/v1/sales",
         .body = fmt::format(R"({{"id":"large{}","stock":1000000}})", more)});
    wait_ms(200);
    if (torture.server().program().ended()) ++ended;
    torture.kill();
    torture.restart();
    torture.prove();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(ended, 0) << "a limit that nobody meets shows nothing";
}

}  // namespace
}  // namespace seckill::testing
