#include "app/client.h"

#include <functional>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "app/settings.h"

namespace seckill::app {
namespace {

// A server that says what a test wants: one connection, one request, one reply, so often as there
// are replies.
class Oracle {
 public:
  explicit Oracle(std::vector<std::string> replies) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&at), size), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    ::listen(fd_, 8);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this, replies = std::move(replies)] {
      for (const std::string& reply : replies) answer(reply);
    });
  }
  ~Oracle() {
    ::shutdown(fd_, SHUT_RDWR);  // ends an accept that nobody comes to
    thread_.join();
    ::close(fd_);
  }
  Address address() const { return {"127.0.0.1", port_}; }
  std::string url() const { return "http://" + to_text(address()); }
  const std::vector<std::string>& asked() {  // after the replies
    return asked_;
  }

 private:
  void answer(const std::string& reply) {
    const int peer = ::accept(fd_, nullptr, nullptr);
    if (peer < 0) return;
    char bytes[4096];
    std::string asked;
    while (asked.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = ::read(peer, bytes, sizeof bytes);
      if (n <= 0) break;
      asked.append(bytes, static_cast<std::size_t>(n));
    }
    asked_.push_back(asked);
    [[maybe_unused]] const ssize_t written = ::write(peer, reply.data(), reply.size());
    ::close(peer);
  }
  int fd_;
  std::uint16_t port_ = 0;
  std::vector<std::string> asked_;
  std::thread thread_;
};

std::string reply(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A server in between may say anything: an error of a line, never an exception.
TEST(Client, ReadsProblemsOfAnyType) {
  for (const char* body :
       {R"({"code":404})", R"({"code":{},"detail":[1]})", R"({"errors":[{"pointer":1},7,null]})",
        R"({"errors":{"a":1}})", "[]", "7", "null", "no JSON", ""}) {
    Oracle oracle({reply(404, body)});
    Client client(oracle.address(), "");
    const auto asked = client.expect({.path = "/x"});
    ASSERT_FALSE(asked);
    EXPECT_NE(asked.error().message, "") << body;
  }
}

TEST(Client, SentencesBecomeOneSentence) {
  Oracle oracle({reply(401, R"({"code":"token-wrong","detail":"This is not the token."})")});
  Client client(oracle.address(), "");
  const auto asked = client.expect({.path = "/x"});
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().message.find("token-wrong: This is not the token; run this"), 0u)
      << asked.error().message;
}

// Goal: every command that shows what a server said survives a server that says something else.
TEST(Client, CommandsSurviveListsOfAnyType) {
  for (const char* body :
       {R"({"sales":[{"id":1,"state":[],"stock":"many","currency":7,"price_minor":-1.5}]})",
        R"({"sales":{"a":1}})", R"({"sales":[7,null,[]],"orders":[[1],"x"],"has_more":"no"})",
        R"({"id":{},"state":"scheduled","starts_at":5,"server_time":[]})", "[]", "7", "null"}) {
    const std::vector<std::vector<std::string>> commands{{"sale", "list"},
                                                         {"sale", "show", "car"},
                                                         {"sale", "start", "car"},
                                                         {"sale", "create", "car", "--stock", "1"},
                                                         {"orders", "list", "--sale", "car"},
                                                         {"orders", "show", std::string(32, '0')},
                                                         {"payments", "list"}};
    for (std::vector<std::string> typed : commands) {
      Oracle oracle({reply(200, body)});
      typed.insert(typed.end(), {"--server", oracle.url()});
      testing::internal::CaptureStdout();
      testing::internal::CaptureStderr();
      EXPECT_NO_THROW(run_command_line(typed)) << typed[0] << " " << typed[1] << " of " << body;
      testing::internal::GetCapturedStdout();
      testing::internal::GetCapturedStderr();
    }
  }
}

// Another season's token beside us must not lock out whoever needs none.
TEST(Client, AWrongTokenIsLeftOutAtLoopback) {
  Oracle oracle({reply(401, R"({"code":"token-wrong"})"), reply(200, "{}")});
  Client client(oracle.address(), "0123456789abcdef");
  const auto asked = client.ask({.path = "/x"});
  ASSERT_TRUE(asked) << asked.error().message;
  EXPECT_EQ(asked->status, 200);
  ASSERT_EQ(oracle.asked().size(), 2u);
  EXPECT_NE(oracle.asked()[0].find("Authorization"), std::string::npos);
  EXPECT_EQ(oracle.asked()[1].find("Authorization"), std::string::npos);
}

// The token goes in clear: to this machine only, or where somebody said so.
TEST(Client, TheTokenStaysOnThisMachine) {
  Args nothing, journal, config;
  journal.put("journal", "file:data");
  config.put("config", "seckill.toml");
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"})
    EXPECT_TRUE(may_have_token(nothing, {host, 80})) << host;
  for (const char* host : {"192.0.2.1", "example.com", "localhost.example.com", "127.example.com",
                           "::2", "0.0.0.0", "127.0.0.1.example.com", ""}) {
    EXPECT_FALSE(may_have_token(nothing, {host, 80})) << host;
    EXPECT_TRUE(may_have_token(journal, {host, 80})) << host;
    EXPECT_TRUE(may_have_token(config, {host, 80})) << host;
  }
}

TEST(Client, TalksToWhereServeWouldListen) {
  Settings settings;
  settings.listen = {"0.0.0.0", 4321};
  EXPECT_EQ(*server_of({}, settings), (Address{"127.0.0.1", 4321}));
  settings.listen = {"::", 0};
  EXPECT_EQ(*server_of({}, settings), (Address{"::1", 3000}));
  Args args;
  args.put("server", "127.0.0.1:9");
  EXPECT_EQ(*server_of(args, settings), (Address{"127.0.0.1", 9}));
}

}  // namespace
}  // namespace seckill::app
