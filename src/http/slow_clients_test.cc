// T7: people who take their time, by the hundred. Each is let go by a deadline, and nobody else
// waits for them meanwhile.
#include <array>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "http/test_front.h"

namespace seckill {
namespace {

// Seven ways to hold a connection.
enum class Slow : std::uint8_t {
  kSaysNothing,
  kHalfAHeadThenSilence,
  kHeadByteByByte,
  kHalfABodyThenSilence,
  kBodyByteByByte,
  kIdlesAfterAReply,
  kReadsNothing,
};
constexpr std::size_t kKinds = 7;
constexpr std::size_t kClients = 500;

class SlowClient {
 public:
  SlowClient(std::uint16_t port, Slow kind) : client_(port), kind_(kind) {
    if (kind == Slow::kReadsNothing) {
      const int small = 4096;
      ::setsockopt(client_.file(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    }
    begin();
  }

  // One byte more, of those who send byte by byte; never the last one.
  void trickle() const {
    if (kind_ == Slow::kHeadByteByByte || kind_ == Slow::kBodyByteByByte) [[maybe_unused]]
      const auto sent = ::send(client_.file(), "a", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  // Whether the server has ended it; what it says before is read, but by him who reads nothing.
  bool let_go() const {
    if (kind_ == Slow::kReadsNothing) return ::send(client_.file(), "a", 1, kQuiet) < 0 && broken();
    char bytes[4096];
    const auto size = ::recv(client_.file(), bytes, sizeof bytes, MSG_DONTWAIT);
    return size == 0 || (size < 0 && broken());
  }

 private:
  static constexpr int kQuiet = MSG_NOSIGNAL | MSG_DONTWAIT;
  static bool broken() { return errno == ECONNRESET || errno == EPIPE; }
  void begin() {
    const std::string body_head =
        "POST /seckill/seckill HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n";
    switch (kind_) {
      case Slow::kSaysNothing: return;
      case Slow::kHalfAHeadThenSilence: return client_.send("GET /livez HTTP/1.1\r\nHost: loc");
      case Slow::kHeadByteByByte: return client_.send("GET /livez HTTP/1.1\r\nX: ");
      case Slow::kHalfABodyThenSilence: return client_.send(body_head + "half");
      case Slow::kBodyByteByByte: return client_.send(body_head);
      case Slow::kIdlesAfterAReply: return client_.send(get("/livez"));
      case Slow::kReadsNothing: {
        std::string requests;
        for (int i = 0; i < 300; ++i) requests += get("/openapi.yaml");
        ::send(client_.file(), requests.data(), requests.size(), kQuiet);
      }
    }
  }

  Client client_;
  Slow kind_;
};

HttpOptions patient_for_moments() {
  HttpOptions options;
  HttpLimits& limits = options.limits;
  limits.body = limits.write = limits.linger = milliseconds(400);
  limits.head = limits.idle = milliseconds(3'000);  // who is served needs less
  limits.sweep = milliseconds(20);
  return options;
}

void allow_files(rlim_t count) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, count));
  ::setrlimit(RLIMIT_NOFILE, &files);
}

TEST(SlowClients, AreLetGoWhileTheOthersAreServed) {
  allow_files(4 * kClients);
  Front front({terms_of(1, "car", 100'000)}, patient_for_moments());
  std::vector<std::unique_ptr<SlowClient>> held;
  for (std::size_t i = 0; i < kClients; ++i)
    held.push_back(std::make_unique<SlowClient>(front.port(), static_cast<Slow>(i % kKinds)));

  const auto began = std::chrono::steady_clock::now();
  int served = 0;
  while (!held.empty()) {
    ASSERT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60))
        << held.size() << " are still held";
    for (const auto& client : held) client->trickle();
    std::erase_if(held, [](const auto& client) { return client->let_go(); });
    ASSERT_EQ(Client(front.port()).ask(kDemoRequest).status, 200);
    ++served;
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_GT(served, 1);
  const std::string metrics = Client(front.port()).ask(get("/metrics")).body;
  EXPECT_NE(metrics.find("\nhttp_server_open_connections 1\n"), std::string::npos) << "us alone";
}

}  // namespace
}  // namespace seckill
