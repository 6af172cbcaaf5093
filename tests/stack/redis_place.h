// A Redis for tests: a line to one that runs, and one of a test's own, with any settings.
#pragma once

#include <arpa/inet.h>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/fd.h"
#include "counter/redis_call.h"
#include "system/binary.h"

namespace seckill::testing {

inline RedisOptions redis_at(const std::string& url, PasswordFile password = {}) {
  return {.target = redis_target_from(url).value(), .password = std::move(password)};
}

// Nothing: it was refused, and why is in `error`.
inline redis::Reply tell(const RedisOptions& options, const redis::Words& words,
                         std::string* error = nullptr) {
  auto line = redis::Line::open(options);
  auto reply = line ? line->ask(words) : Result<redis::Reply>(fail(line.error()));
  if (reply) return *std::move(reply);
  if (error != nullptr) *error = reply.error().message;
  return nullptr;
}

// `redis-server` with these settings, empty at each start; nothing of it outlives the test.
class LoneRedis {
 public:
  explicit LoneRedis(std::vector<std::string> settings = {}) : settings_(std::move(settings)) {
    // Of a cluster, port + 10,000 must be a port, too.
    while (port_ == 0 || port_ > 55'000) port_ = any_free_port();
  }
  static bool is_installed() { return std::filesystem::exists(kServer); }

  void start() {
    std::vector<std::string> words{
        "--port", std::to_string(port_),    "--bind", "127.0.0.1", "--save", "", "--appendonly",
        "no",     "--enable-debug-command", "yes"};
    words.insert(words.end(), settings_.begin(), settings_.end());
    server_.reset();
    server_ = std::make_unique<Program>(dir_.path(), words, Surroundings{.command = {kServer}});
    for (int i = 0; i < 500 && !answers(); ++i) std::this_thread::sleep_for(milliseconds(20));
  }
  void signal(int number) const { server_->signal(number); }
  void kill() {
    server_->signal(SIGKILL);
    server_->wait();
  }
  std::string url() const { return fmt::format("redis://127.0.0.1:{}/0", port_); }

 private:
  static constexpr const char* kServer = "/usr/bin/redis-server";
  static std::uint16_t any_free_port() {
    const Fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in any{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof any;
    const bool bound = ::bind(probe.get(), reinterpret_cast<sockaddr*>(&any), size) == 0 &&
                       ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&any), &size) == 0;
    return bound ? ntohs(any.sin_port) : 0;
  }
  bool answers() const {
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in at{
        .sin_family = AF_INET, .sin_port = htons(port_), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  }

  TempDir dir_;
  std::vector<std::string> settings_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Program> server_;
};

// The counter's next word; it may take its time.
inline std::optional<Counted> word_of(Counter& counter, milliseconds wait = milliseconds(10'000)) {
  const SteadyTime until = steady_now() + wait;
  for (;;) {
    if (auto counted = counter.poll()) return counted;
    const auto left = std::chrono::duration_cast<milliseconds>(until - steady_now());
    if (left.count() <= 0) return std::nullopt;
    pollfd waits{.fd = counter.wake_fd(), .events = POLLIN, .revents = 0};
    (void)::poll(&waits, 1, static_cast<int>(left.count()));
  }
}

}  // namespace seckill::testing
