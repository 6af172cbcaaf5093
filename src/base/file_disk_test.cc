// Holds FileDisk to the numbered lines of disk.h, and to a clear sentence on each bad day.
#include "base/file_disk.h"

#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support/temp_dir.h"

namespace seckill {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string text_of(DiskReader& disk, std::string_view name, std::uint64_t offset,
                    std::size_t size) {
  std::vector<std::byte> bytes(size);
  const auto got = disk.read(name, offset, bytes);
  if (!got) return got.error().message;
  return {reinterpret_cast<const char*>(bytes.data()), *got};
}

DiskDone await(FileDisk& disk) {
  for (;;) {
    if (auto done = disk.poll()) return *done;
    pollfd wake{disk.wake_fd(), POLLIN, 0};
    if (::poll(&wake, 1, 60'000) != 1) return {DiskDone::What::kWrite, Error{{}, "silence"}, 0};
  }
}

bool readable(int fd) {
  pollfd wake{fd, POLLIN, 0};
  return ::poll(&wake, 1, 0) == 1;
}

// Runs `child` in a process of its own and hands back what it returned.
int in_a_child(const std::function<int()>& child) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(child());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// (1) and (3): done means it is there, and only where it was put.
TEST(FileDisk, WritesWhereItWasTold) {
  const TempDir directory;
  const auto disk = FileDisk::open(directory.path()).value();
  disk->make("a", 3 * 4096);
  EXPECT_FALSE(await(*disk).error);
  disk->write("a", 4096, bytes_of("hello"));
  const DiskDone done = await(*disk);
  EXPECT_EQ(done.what, DiskDone::What::kWrite);
  EXPECT_FALSE(done.error);
  EXPECT_GT(done.took_us, 0);
  EXPECT_FALSE(readable(disk->wake_fd())) << "poll() clears it";

  const auto reader = FileDiskReader::open(directory.path()).value();
  EXPECT_EQ(text_of(*reader, "a", 4096, 5), "hello");
  EXPECT_EQ(text_of(*reader, "a", 0, 4096), std::string(4096, '\0'));
  EXPECT_EQ(text_of(*reader, "a", 4101, 9000), std::string(3 * 4096 - 4101, '\0')) << "to its end";
}

// A crowd has taken every file: the spare is open since it was made, so the journal goes on in it.
TEST(FileDisk, WritesAMadeFileWithoutANewDescriptor) {
  const TempDir directory;
  EXPECT_EQ(in_a_child([&] {
              const auto disk = FileDisk::open(directory.path()).value();
              disk->make("a", 4096);
              if (await(*disk).error) return 1;
              disk->write("a", 0, bytes_of("in a"));
              if (await(*disk).error) return 2;
              disk->make("spare", 4096);
              if (await(*disk).error) return 3;
              const auto next = static_cast<rlim_t>(::dup(disk->wake_fd()));
              ::close(static_cast<int>(next));
              rlimit usual{};
              ::getrlimit(RLIMIT_NOFILE, &usual);
              const rlimit no_more{next, usual.rlim_max};
              ::setrlimit(RLIMIT_NOFILE, &no_more);
              if (::dup(disk->wake_fd()) >= 0) return 5;
              disk->write("spare", 0, bytes_of("in the spare"));
              const bool written = !await(*disk).error;
              ::setrlimit(RLIMIT_NOFILE, &usual);  // UBSan opens a pipe when the threads end
              return written ? 0 : 4;
            }),
            0);
  const auto reader = FileDiskReader::open(directory.path()).value();
  EXPECT_EQ(text_of(*reader, "spare", 0, 12), "in the spare");
}

// (2) A made file is zeros, whole, and there is no second one of that name.
TEST(FileDisk, MakesFilesOfZeros) {
  const TempDir directory;
  const auto disk = FileDisk::open(directory.path()).value();
  disk->make("a", 1'000'000);
  EXPECT_EQ(await(*disk).what, DiskDone::What::kMake);
  EXPECT_EQ(disk->size("a").value(), 1'000'000u);
  struct stat facts{};
  ASSERT_EQ(::stat(directory.file("a").c_str(), &facts), 0);
  EXPECT_GE(facts.st_blocks * 512, 1'000'000) << "really written, not only promised";
  disk->make("a", 4096);
  EXPECT_TRUE(await(*disk).error) << "what is there is not made again";
  EXPECT_EQ(disk->size("a").value(), 1'000'000u);
}

TEST(FileDisk, WritesAndMakesAtTheSameTime) {
  const TempDir directory;
  const auto disk = FileDisk::open(directory.path()).value();
  ASSERT_TRUE(disk->put("a", {}, 4096));
  disk->make("b", 1 << 20);
  disk->write("a", 0, bytes_of("x"));
  const DiskDone first = await(*disk), second = await(*disk);
  EXPECT_NE(first.what, second.what);
  EXPECT_FALSE(first.error || second.error);
}

TEST(FileDisk, PutsRenamesAndRemoves) {
  const TempDir directory;
  const auto disk = FileDisk::open(directory.path()).value();
  ASSERT_TRUE(disk->put("a.tmp", bytes_of("old and long"), 100));
  ASSERT_TRUE(disk->put("a.tmp", bytes_of("new"), 50)) << "a left-over is written anew";
  ASSERT_TRUE(disk->rename("a.tmp", "a"));
  EXPECT_EQ(text_of(*disk, "a", 0, 100), "new" + std::string(47, '\0'));
  EXPECT_EQ(disk->list().value(), (std::vector<std::string>{"a", "lock"}));
  // A name that means another file now: reads and writes follow it.
  ASSERT_TRUE(disk->put("b", bytes_of("b"), 10));
  disk->write("a", 0, bytes_of("A"));
  EXPECT_FALSE(await(*disk).error);
  ASSERT_TRUE(disk->rename("b", "a"));
  disk->write("a", 1, bytes_of("!"));
  EXPECT_FALSE(await(*disk).error);
  EXPECT_EQ(text_of(*disk, "a", 0, 2), "b!");
  ASSERT_TRUE(disk->remove("a"));
  EXPECT_FALSE(disk->size("a"));
  EXPECT_FALSE(disk->remove("a"));
}

// (4) After a failed write, everything is refused with the same words.
TEST(FileDisk, NeverTriesAFailedWriteAgain) {
  const TempDir directory;
  const auto disk = FileDisk::open(directory.path()).value();
  ASSERT_TRUE(disk->put("there", {}, 4096));
  disk->write("nowhere", 0, bytes_of("x"));
  const auto first = await(*disk).error;
  ASSERT_TRUE(first);
  EXPECT_NE(first->message.find("nowhere"), std::string::npos) << first->message;
  disk->write("there", 0, bytes_of("x"));
  const auto second = await(*disk).error;
  ASSERT_TRUE(second);
  EXPECT_EQ(second->message, first->message);
  EXPECT_EQ(text_of(*disk, "there", 0, 1), std::string(1, '\0'));
}

// J1: a page is written back as a whole, so no two blocks may share one.
TEST(FileDisk, HasSectorsNoSmallerThanAPage) {
  const TempDir directory;
  const auto disk = FileDisk::open(directory.path()).value();
  EXPECT_GE(disk->sector(), 4096u);
  EXPECT_EQ(disk->sector() & (disk->sector() - 1), 0u);
}

TEST(FileDisk, MakesItsDirectoryForItsOwnerOnly) {
  const TempDir directory;
  const std::string path = directory.file("some/where/data");
  ASSERT_TRUE(FileDisk::open(path));
  struct stat facts{};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
}

TEST(FileDisk, BelongsToOneProcess) {
  const TempDir directory;
  auto disk = FileDisk::open(directory.path()).value();
  const std::string pid = "(pid " + std::to_string(::getpid()) + ")";
  EXPECT_EQ(in_a_child([&] {
              const auto second = FileDisk::open(directory.path());
              if (second || second.error().code != Error::Code::kUnavailable) return 1;
              const std::string& says = second.error().message;
              const bool named = says.find(pid) != std::string::npos &&
                                 says.find("base_test") != std::string::npos;
              return named ? 0 : 2;
            }),
            0);
  EXPECT_TRUE(FileDiskReader::open(directory.path())) << "readers need no lock";
  disk.reset();
  EXPECT_TRUE(FileDisk::open(directory.path())) << "and it is free again";
}

// The lock of a process that was killed is no lock.
TEST(FileDisk, IsNotHeldByTheDead) {
  const TempDir directory;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    [[maybe_unused]] const auto held = FileDisk::open(directory.path());
    [[maybe_unused]] const auto n = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(FileDisk::open(directory.path()));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_TRUE(FileDisk::open(directory.path()));
  ::close(ready[0]), ::close(ready[1]);
}

TEST(FileDisk, SaysWhyADirectoryCannotBeUsed) {
  const TempDir directory;
  const std::string file = directory.file("file");
  std::ofstream(file) << "x";
  for (const std::string& path : {file, file + "/data", std::string("/proc/seckill-data")}) {
    const auto disk = FileDisk::open(path);
    ASSERT_FALSE(disk);
    EXPECT_EQ(disk.error().code, Error::Code::kInvalid) << disk.error().message;
    EXPECT_NE(disk.error().message.find(path), std::string::npos) << disk.error().message;
  }
  const auto reader = FileDiskReader::open(directory.file("nothing"));
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, Error::Code::kInvalid);
}

// Tests often run as root, whom no mode bits stop: a read-only mount does. 77: may not mount here.
TEST(FileDisk, SaysThatADirectoryIsReadOnly) {
  const TempDir directory;
  const int result = in_a_child([&] {
    const char* path = directory.path().c_str();
    if (::unshare(CLONE_NEWNS) != 0) return 77;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (::mount("tmpfs", path, "tmpfs", MS_RDONLY, nullptr) != 0) return 77;
    const auto disk = FileDisk::open(path);
    const bool clear = !disk && disk.error().code == Error::Code::kInvalid &&
                       disk.error().message.find("Read-only") != std::string::npos;
    return clear ? 0 : 1;
  });
  if (result == 77) GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(result, 0);
}

// The start on a full disk, a spare that does not fit, and the same disk with space again (5).
TEST(FileDisk, SaysThatTheDiskIsFullAndGoesOnWhenItIsNot) {
  const TempDir directory;
  const int result = in_a_child([&] {
    const std::string path = directory.path();
    if (::unshare(CLONE_NEWNS) != 0) return 77;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") != 0) return 77;
    const auto disk = FileDisk::open(path).value();
    const Status put = disk->put("big", {}, 4 << 20);
    if (put || put.error().code != Error::Code::kFull) return 1;
    if (!disk->remove("big")) return 2;
    disk->make("spare", 4 << 20);
    const auto error = await(*disk).error;
    if (!error || error->message.find("No space left") == std::string::npos) return 3;
    if (disk->size("spare")) return 4;  // it gave its space back
    if (::mount("tmpfs", path.c_str(), "tmpfs", MS_REMOUNT, "size=16m") != 0) return 77;
    disk->make("spare", 4 << 20);
    if (await(*disk).error) return 5;
    return disk->size("spare").value() == 4 << 20 ? 0 : 6;
  });
  if (result == 77) GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(result, 0);
}

// The same everywhere, by a limit on the size of files: EFBIG in place of ENOSPC.
TEST(FileDisk, SaysThatALimitIsReached) {
  const TempDir directory;
  EXPECT_EQ(in_a_child([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit{1 << 20, 1 << 20};
              ::setrlimit(RLIMIT_FSIZE, &limit);
              const auto disk = FileDisk::open(directory.path()).value();
              disk->make("spare", 4 << 20);
              const auto error = await(*disk).error;
              if (!error || error->code != Error::Code::kFull) return 1;
              return disk->size("spare") ? 2 : 0;
            }),
            0);
}

}  // namespace
}  // namespace seckill
