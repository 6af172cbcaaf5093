// T33: what listens where Kafka, MySQL or Redis should is something else, or lies. Whoever dials it
// hears so in time, holds little memory, and lives.
#include <arpa/inet.h>
#include <atomic>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <ostream>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "counter/redis_counter.h"
#include "journal/kafka_journal.h"
#include "orders/mysql_orders.h"
#include "support/temp_dir.h"
#include "system/binary.h"

namespace seckill::testing {
namespace {

// What it says when somebody comes, then each time that it is spoken to.
struct Lie {
  std::string name;
  std::string first;
  std::string then;
  bool closes = false;  // behind `first`
};

void PrintTo(const Lie& lie, std::ostream* out) { *out << lie.name; }

// 127.0.0.1, one guest after the other, until it goes out of scope.
class Liar {
 public:
  explicit Liar(const Lie& lie) : lie_(lie), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* const where = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(::bind(listener_.get(), where, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    EXPECT_EQ(::getsockname(listener_.get(), where, &size), 0);
    thread_ = std::thread([this] { run(); });
  }
  ~Liar() {
    stop_ = true;
    thread_.join();
  }
  Liar(const Liar&) = delete;
  Liar& operator=(const Liar&) = delete;
  std::uint16_t port() const { return ntohs(address_.sin_port); }
  int guests() const { return guests_; }

 private:
  bool readable(int fd) {
    pollfd one{fd, POLLIN, 0};
    while (!stop_ && ::poll(&one, 1, 50) == 0) {
    }
    return !stop_;
  }
  void run() {
    while (readable(listener_.get())) {
      const Fd guest(::accept(listener_.get(), nullptr, nullptr));
      ++guests_;
      say(guest.get(), lie_.first);
      char heard[4096];
      while (!lie_.closes && readable(guest.get()) && ::recv(guest.get(), heard, 4096, 0) > 0)
        say(guest.get(), lie_.then);
    }
  }
  static void say(int to, const std::string& words) {
    (void)::send(to, words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  Lie lie_;
  Fd listener_;
  sockaddr_in address_{};
  std::atomic<bool> stop_{false};
  std::atomic<int> guests_{0};
  std::thread thread_;
};

std::string bytes(std::initializer_list<int> all) {
  std::string text;
  for (const int one : all) text += static_cast<char>(one);
  return text;
}

// MariaDB's greeting, as libmariadb wants it.
std::string greeting() {
  const std::string body = bytes({10}) + "5.5.5-10.11.6-MariaDB" + bytes({0, 1, 0, 0, 0}) +
                           "12345678" + bytes({0, 0xff, 0xf7, 45, 2, 0, 0xff, 0x81, 21}) +
                           std::string(10, '\0') + "123456789012" + bytes({0}) +
                           "mysql_native_password" + bytes({0});
  return bytes({static_cast<int>(body.size()), 0, 0, 0}) + body;
}

const std::string kOk = bytes({7, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0});

std::vector<Lie> lies() {
  return {{"silence", "", ""},
          {"closed_at_once", "", "", true},
          {"http", "HTTP/1.1 400 Bad Request\r\n\r\n", ""},
          {"zeros", std::string(1 << 16, '\0'), std::string(1 << 16, '\0')},
          {"ones", std::string(1 << 16, '\xff'), std::string(1 << 16, '\xff')},
          {"a_length_of_2_GiB", "", bytes({0x7f, 0xff, 0xff, 0xff}) + std::string(1 << 16, 'x')},
          {"a_packet_of_16_MiB", bytes({0xff, 0xff, 0xff, 0}) + std::string(1 << 16, 'x'), "x"},
          {"half_a_greeting", greeting().substr(0, 30), ""},
          {"a_greeting_and_rubbish", greeting(), std::string(100, '\xfe')},
          {"always_ok", greeting(), kOk},
          {"always_plus_ok", "", "+OK\r\n"},
          {"an_array_of_2_G", "", "*2147483647\r\n:1\r\n:1\r\n"}};
}

class LyingPeer : public ::testing::TestWithParam<Lie> {
 protected:
  // In KiB, the most that this process ever held.
  static long held() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return used.ru_maxrss;
  }
  void TearDown() override {
    for (int i = 0; i < 600 && liar.guests() == 0; ++i)  // who hung up is still a guest
      std::this_thread::sleep_for(milliseconds(50));
    EXPECT_GT(liar.guests(), 0);
    EXPECT_LT(held() - held_before, 100 << 10) << "KiB";
    EXPECT_LT((steady_now() - since).count(), 60'000'000) << "us";
  }
  LyingPeer() { put_secret(dir.file("password"), "password\n"); }

  const TempDir dir;
  const PasswordFile password{dir.file("password")};
  const Liar liar{GetParam()};
  const long held_before = held();
  const SteadyTime since = steady_now();
};

TEST_P(LyingPeer, IsNoDatabase) {
  mysql::Target target;
  target.host = "127.0.0.1";
  target.port = liar.port();
  target.database = "seckill";
  target.tls = mysql::Tls::kDisabled;
  const auto opened = MysqlOrders::open(target, password);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message.find("password"), std::string::npos) << opened.error().message;
}

TEST_P(LyingPeer, IsNoKafka) {
  KafkaOptions options;
  options.brokers = "127.0.0.1:" + std::to_string(liar.port());
  options.topic = "journal";
  options.start_wait = milliseconds(1'000);
  // Again, should its threads not have come to dial within the second.
  int tries = 0;
  do {
    const auto opened = KafkaJournal::open(options, {Node{1}, 1}, [](auto) { return Status{}; });
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Error::Code::kUnavailable) << opened.error().message;
  } while (liar.guests() == 0 && ++tries < 20);
}

TEST_P(LyingPeer, IsNoRedis) {
  RedisOptions options;
  options.target = {.host = "127.0.0.1", .port = liar.port()};
  options.password = password;
  options.start_wait = milliseconds(1'000);
  const auto opened = RedisCounter::open(options, RecordHash{});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message.find("password\""), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Of, LyingPeer, ::testing::ValuesIn(lies()),
                         [](const auto& lie) { return lie.param.name; });

}  // namespace
}  // namespace seckill::testing
