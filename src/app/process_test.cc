#include "app/process.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "app/parts.h"
#include "base/file_disk.h"
#include "support/temp_dir.h"

namespace seckill::app {
namespace {

// A listener on a free port.
int listener(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), size), 0);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  ::listen(fd, 1);
  port = ntohs(at.sin_port);
  return fd;
}

// A server that was killed a moment ago: its port becomes free while we look.
TEST(Process, WaitsForAPortWhoseOwnerIsEnding) {
  std::uint16_t port = 0;
  const int fd = listener(port);
  EXPECT_FALSE(port_is_free({"127.0.0.1", port})) << "without waiting, it is taken";
  std::thread ending([fd] {
    std::this_thread::sleep_for(milliseconds(5));  // a try or two later
    ::close(fd);
  });
  const auto free = port_is_free({"127.0.0.1", port}, PortWait{.owner = milliseconds(20'000)});
  EXPECT_TRUE(free) << free.error().message;
  ending.join();
}

TEST(Process, AnOwnerThatStaysIsNamedSoon) {
  std::uint16_t port = 0;
  const int fd = listener(port);
  const SteadyTime since = machine_now().steady;
  const PortWait wait{.ending = milliseconds(60'000)};
  const auto free = port_is_free({"127.0.0.1", port}, wait);
  ASSERT_FALSE(free);
  EXPECT_NE(free.error().message.find("pid " + std::to_string(::getpid())), std::string::npos)
      << free.error().message;
  EXPECT_LT(machine_now().steady - since, wait.ending);
  ::close(fd);
}

TEST(Process, WaitsForALockWhoseOwnerIsEnding) {
  const TempDir dir;
  Settings settings;
  settings.journal_dir = dir.path();
  settings.orders_file = dir.path() / "orders.db";
  auto holder = FileDisk::open(dir.path().string());
  ASSERT_TRUE(holder);
  std::thread ending([&holder] {
    std::this_thread::sleep_for(milliseconds(5));  // a try or two later
    holder->reset();
  });
  Log log({});
  const auto parts = open_parts(settings, Node{1}, log);
  EXPECT_TRUE(parts) << parts.error().message;
  ending.join();
}

}  // namespace
}  // namespace seckill::app
