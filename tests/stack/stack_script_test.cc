// scripts/stack: what it promises to whoever starts servers with it.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/clock.h"
#include "support/read_file.h"
#include "support/real_servers.h"

namespace seckill::testing {
namespace {

struct Said {
  int code = -1;
  std::string words;
};
Said stack(const std::string& arguments) {
  Said said;
  FILE* pipe = popen(fmt::format("'{}' {} 2>&1", SECKILL_STACK, arguments).c_str(), "r");
  char part[256];
  while (std::fgets(part, sizeof part, pipe) != nullptr) said.words += part;
  said.code = WEXITSTATUS(pclose(pipe));
  return said;
}

bool runs(const std::string& pid) { return kill(std::stoi(pid), 0) == 0; }

TEST(StackScript, FindsWhatRunsAndKeepsItsPorts) {
  const TempDir place;
  const auto flags =
      fmt::format("--dir '{}' --only redis --until-gone {}", place.path().string(), getpid());
  ASSERT_EQ(stack("start " + flags).code, 0);
  const auto pid = read_file(place.file("redis/pid"));
  const auto env = read_file(place.file("env"));
  EXPECT_NE(env.find("REDIS_URL=redis://127.0.0.1:"), std::string::npos);

  ASSERT_EQ(stack("start " + flags).code, 0);
  EXPECT_EQ(read_file(place.file("redis/pid")), pid);

  const auto here = fmt::format(" --dir '{}'", place.path().string());
  ASSERT_EQ(stack("restart redis" + here).code, 0);
  EXPECT_NE(read_file(place.file("redis/pid")), pid);
  EXPECT_EQ(read_file(place.file("env")), env);

  ASSERT_EQ(stack("stop" + here).code, 0);
  EXPECT_NE(stack("status" + here).words.find("redis   does not run"), std::string::npos);
}

// Two stacks that start at the same time, or one whose server is down while another one starts.
TEST(StackScript, TakesNoPortOfAnotherStack) {
  const TempDir place;
  std::filesystem::create_directory(place.file("other"));
  std::ofstream theirs(place.file("other/ports")), all(place.file("ports"));
  for (int port = 20'000; port < 32'000; ++port) {
    const bool gone = port / 100 == 210;  // its folder is
    if (!gone) theirs << "redis " << port << '\n';
    all << port << ' ' << place.file(gone ? "gone" : "other") << '\n';
  }
  theirs.close(), all.close();
  ::setenv("SECKILL_CACHE", place.path().c_str(), 1);
  const auto started = stack(
      fmt::format("start --dir '{}' --only redis --until-gone {}", place.file("own"), getpid()));
  ::unsetenv("SECKILL_CACHE");
  EXPECT_EQ(started.code, 0) << started.words;
  EXPECT_NE(read_file(place.file("own/env")).find("127.0.0.1:210"), std::string::npos);
  EXPECT_EQ(stack(fmt::format("stop --wipe --dir '{}'", place.file("own"))).code, 0);
}

TEST(StackScript, LeavesOthersFoldersAlone) {
  const TempDir place;
  std::ofstream(place.file("letter")) << "dear";
  const auto refused = stack(fmt::format("start --dir '{}' --only redis", place.path().string()));
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.words.find("holds something else"), std::string::npos) << refused.words;
  EXPECT_EQ(stack(fmt::format("stop --wipe --dir '{}'", place.path().string())).code, 0);
  EXPECT_EQ(read_file(place.file("letter")), "dear");
}

// A test that is killed leaves no server behind.
TEST(StackScript, ServersEndWithTheProcessTheyServe) {
  const TempDir place;
  const pid_t owner = fork();
  if (owner == 0) prctl(PR_SET_PDEATHSIG, SIGKILL), pause(), _exit(0);
  const auto started = stack(
      fmt::format("start --dir '{}' --only redis --until-gone {}", place.file("servers"), owner));
  const auto pid = read_file(place.file("servers/redis/pid"));
  EXPECT_EQ(started.code, 0) << started.words;
  EXPECT_TRUE(runs(pid));
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  for (int i = 0; i < 600 && runs(pid); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(runs(pid));
}

// The next run comes while the last one's servers are being put away, or are about to be: it has
// its own, as long as it lives.
TEST(StackScript, ARunRightBehindAnotherHasItsServers) {
  const TempDir place;
  const auto start = [&](pid_t owner) {
    return stack(
        fmt::format("start --dir '{}' --only redis --until-gone {}", place.file("servers"), owner));
  };
  for (const auto later : {milliseconds(0), milliseconds(300), milliseconds(700)}) {
    const pid_t before = fork();
    if (before == 0) prctl(PR_SET_PDEATHSIG, SIGKILL), pause(), _exit(0);
    ASSERT_EQ(start(before).code, 0);
    kill(before, SIGKILL);
    waitpid(before, nullptr, 0);
    std::this_thread::sleep_for(later);
    const auto started = start(getpid());
    ASSERT_EQ(started.code, 0) << started.words;
    std::this_thread::sleep_for(milliseconds(1'500));
    const auto status = stack(fmt::format("status --dir '{}'", place.file("servers")));
    EXPECT_NE(status.words.find("answers on"), std::string::npos) << status.words;
    EXPECT_EQ(stack(fmt::format("stop --wipe --dir '{}'", place.file("servers"))).code, 0);
    EXPECT_FALSE(std::filesystem::exists(place.file("servers")));
  }
}

TEST(StackScript, SharedServersAnswer) {
  const auto& servers = RealServers::shared();
  EXPECT_NE(servers["KAFKA_URL"].find("kafka://127.0.0.1:"), std::string::npos);
  EXPECT_NE(servers["MYSQL_URL"].find("mysql://seckill@127.0.0.1:"), std::string::npos);
}

}  // namespace
}  // namespace seckill::testing
