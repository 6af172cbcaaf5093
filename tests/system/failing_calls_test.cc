// The n-th system call fails, in a fresh directory and again in recovery: whatever the process
// makes of it, what was told comes back. strace injects the error; its counts are per thread, so
// every thread of the server meets its own n-th.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <ostream>
#include <set>
#include <thread>
#include <unistd.h>

#include "system/torture.h"

namespace seckill::testing {
namespace {

constexpr const char* kStrace = "/usr/bin/strace";

struct FailingCall {
  const char* name;
  const char* call;
  const char* error;
  std::vector<int> when;
  std::vector<int> may_exit{};  // beside 1, 2 and 3

  friend std::ostream& operator<<(std::ostream& to, const FailingCall& of) { return to << of.name; }
};

// The calls of the journal, and of what stands beside it: rows, lock, tokens. Recovery writes and
// renames few files, so small numbers meet it; the flusher syncs once a turn.
const std::vector<FailingCall>& failing_calls() {
  static const std::vector<FailingCall> calls{
      {"Write", "pwrite64", "EIO", {1, 2, 3, 5, 13, 40}},
      {"WriteFull", "pwrite64", "ENOSPC", {1, 4, 21}},
      {"Sync", "fdatasync", "EIO", {1, 2, 3, 7, 25}},
      {"SyncOfFileAndDirectory", "fsync", "EIO", {1, 2, 3}},
      {"Open", "openat", "EIO", {9, 18, 22, 25, 28, 31}},
      {"OpenWithoutFiles", "openat", "EMFILE", {20, 24, 27}},
      {"Rename", "renameat,rename", "EIO", {1, 2}},
      {"Remove", "unlinkat,unlink", "EIO", {1, 2}},
      {"Truncate", "ftruncate", "EIO", {1, 2}},
      {"Make", "mkdir", "EACCES", {1}},
      {"Read", "pread64", "EIO", {1, 4, 9}, {5}},  // SQLite calls what it cannot read malformed
      {"List", "getdents64", "EIO", {1, 2}},
      {"Map", "mmap", "ENOMEM", {30, 40, 50}, {66}},  // 66: TSan, without memory for itself
  };
  return calls;
}

Surroundings injected(const FailingCall& of, int when, const std::string& log) {
  return {.environment = {{"SECKILL_SEGMENT_SIZE", "1MiB"},
                          {"ASAN_OPTIONS", "detect_leaks=0"}},  // it cannot look under a tracer
          .command = {kStrace, "-D", "-f", "-qq", "--seccomp-bpf", "-o", log, "-e",
                      fmt::format("trace={}", of.call), "-e",
                      fmt::format("inject={}:error={}:when={}", of.call, of.error, when),
                      SECKILL_BINARY}};
}

bool may_trace() {
  const TempDir dir;
  return access(kStrace, X_OK) == 0 &&
         run(dir.path(), {}, {.command = {kStrace, "-f", "-qq", "-o", "/dev/null", "/bin/true"}})
                 .code == 0;
}

int injected_in(const std::filesystem::path& log) {
  const std::string text = file_text(log);
  int count = 0;
  for (auto at = text.find("(INJECTED)"); at != std::string::npos;
       at = text.find("(INJECTED)", at + 1))
    ++count;
  return count;
}

// A server under faults ends in order, with an exit code that says why, or goes on.
void expect_ended_in_order(Torture& torture, const FailingCall& of) {
  if (!torture.server().program().ended()) torture.kill();
  const int code = torture.server().program().wait();
  std::set<int> allowed{1, 2, 3, 127, 137};  // 127: the loader's; 137: ours
  allowed.insert(of.may_exit.begin(), of.may_exit.end());
  EXPECT_TRUE(allowed.contains(code)) << code << ": " << torture.server().program().err();
}

void live_under_faults(Torture& torture, const FailingCall& of, int when, const std::string& log) {
  torture.start(injected(of, when, log));
  if (!torture.told())
    torture.open("car", {.shoppers = 300, .stock = 150, .connections = 8, .over = "300ms"});
  if (torture.told() && !torture.rushes()) torture.rush();
  while (torture.rushes() && !torture.server().program().ended())
    std::this_thread::sleep_for(milliseconds(5));
  expect_ended_in_order(torture, of);
}

struct FailingCalls : ::testing::TestWithParam<FailingCall> {};

TEST_P(FailingCalls, LoseNobody) {
  if (!may_trace()) GTEST_SKIP() << "strace may not trace here: is ptrace allowed?";
  int faults = 0;
  for (const int when : GetParam().when) {
    SCOPED_TRACE(fmt::format("{} {} at call {}", GetParam().call, GetParam().error, when));
    Torture torture(static_cast<std::uint64_t>(when));
    const std::string log = torture.dir().file("strace");
    for (int life = 1; life <= 2; ++life) {  // the first in a fresh directory, the next in recovery
      live_under_faults(torture, GetParam(), when, log);
      faults += injected_in(log);
    }
    torture.restart();
    if (!HasFatalFailure()) torture.prove();
    if (HasFatalFailure()) return;
  }
  fmt::print("{} injected {} times\n", GetParam().call, faults);
  EXPECT_GT(faults, 0) << "none of these calls was ever made: the numbers are wrong";
}

INSTANTIATE_TEST_SUITE_P(Each, FailingCalls, ::testing::ValuesIn(failing_calls()),
                         [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace seckill::testing
