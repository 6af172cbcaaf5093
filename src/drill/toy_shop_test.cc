#include "drill/toy_shop.h"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <thread>

#include "drill/crowd.h"
#include "drill/reply.h"

namespace seckill {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::string header(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(fmt::format("\r\n{}: ", name));
  if (at == std::string_view::npos) return {};
  const std::size_t from = at + name.size() + 4;
  return std::string(head.substr(from, head.find("\r\n", from) - from));
}

}  // namespace

class ToyShop::Inside {
 public:
  explicit Inside(Manner manner)
      : manner_(std::move(manner)), acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}) {
    accept();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Inside() {
    loop_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::vector<ToyAsk> asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

 private:
  struct Session : std::enable_shared_from_this<Session> {
    Session(Inside& shop, tcp::socket from) : in(shop), socket(std::move(from)), timer(in.loop_) {}

    void read() {
      socket.async_read_some(asio::buffer(piece),
                             [self = shared_from_this()](error_code ec, std::size_t size) {
                               if (ec) return;
                               self->bytes.append(self->piece.data(), size);
                               self->serve();
                             });
    }

    void serve() {
      const std::size_t end = bytes.find("\r\n\r\n");
      if (end == std::string::npos) return read();
      const std::string head = bytes.substr(0, end + 2);
      const std::string length = header(head, "Content-Length");
      const std::size_t size = end + 4 + (length.empty() ? 0 : std::stoul(length));
      if (bytes.size() < size) return read();
      const std::size_t blank = head.find(' ');
      ToyAsk ask{.connection = number,
                 .method = head.substr(0, blank),
                 .path = head.substr(blank + 1, head.find(' ', blank + 1) - blank - 1),
                 .key = header(head, "Idempotency-Key"),
                 .body = bytes.substr(end + 4, size - end - 4)};
      bytes.erase(0, size);
      answer = in.answer_to(std::move(ask));
      if (answer.after.count() == 0) return write(0);
      timer.expires_after(answer.after);
      timer.async_wait([self = shared_from_this()](error_code) { self->write(0); });
    }

    void write(std::size_t from) {
      if (answer.reset) {
        socket.set_option(asio::socket_base::linger(true, 0));
        return socket.close();
      }
      const std::size_t most = answer.piece == 0 ? answer.bytes.size() : answer.piece;
      const std::size_t size = std::min(most, answer.bytes.size() - from);
      error_code ec;
      asio::write(socket, asio::buffer(answer.bytes.data() + from, size), ec);
      if (ec || (from + size == answer.bytes.size() && answer.hang_up)) return socket.close();
      if (from + size == answer.bytes.size()) return bytes.empty() ? read() : serve();
      timer.expires_after(std::chrono::milliseconds(1));
      timer.async_wait(
          [self = shared_from_this(), next = from + size](error_code) { self->write(next); });
    }

    Inside& in;
    tcp::socket socket;
    asio::steady_timer timer;
    std::uint32_t number = 0;
    std::string bytes;
    std::array<char, 4096> piece{};
    ToyAnswer answer;
  };

  void accept() {
    acceptor_.async_accept([this](error_code ec, tcp::socket socket) {
      if (ec) return;
      socket.set_option(tcp::no_delay(true));
      const auto session = std::make_shared<Session>(*this, std::move(socket));
      session->number = ++sessions_;
      session->read();
      accept();
    });
  }

  ToyAnswer answer_to(ToyAsk ask) {
    const std::scoped_lock lock(mutex_);
    ask.n = static_cast<std::uint32_t>(asked_.size()) + 1;
    asked_.push_back(std::move(ask));
    return manner_(asked_.back());
  }

  Manner manner_;
  asio::io_context loop_{1};
  tcp::acceptor acceptor_;
  std::uint32_t sessions_ = 0;
  mutable std::mutex mutex_;
  std::vector<ToyAsk> asked_;
  std::thread thread_;
};

ToyShop::ToyShop(Manner manner) : inside_(std::make_unique<Inside>(std::move(manner))) {}
ToyShop::~ToyShop() = default;
std::uint16_t ToyShop::port() const { return inside_->port(); }
std::string ToyShop::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port(), path);
}
std::vector<ToyAsk> ToyShop::asked() const { return inside_->asked(); }

std::string toy_reply(int status, std::string_view body, std::string_view more_headers) {
  return fmt::format("HTTP/1.1 {} Toy\r\n{}Content-Length: {}\r\n\r\n{}", status, more_headers,
                     body.size(), body);
}

ToyShop::Manner honest(std::uint32_t stock) {
  struct Books {
    std::uint32_t stock, left;
    std::map<std::string, std::string> orders;  // by key
  };
  return [books =
              std::make_shared<Books>(Books{stock, stock, {}})](const ToyAsk& ask) -> ToyAnswer {
    if (ask.method == "GET" && ask.path == "/metrics") {
      return {toy_reply(200, fmt::format("# HELP x y\nseckill_stock_remaining{{sale=\"car\"}} {}\n",
                                         books->left))};
    }
    if (ask.method == "GET") {
      return {toy_reply(200, fmt::format(R"({{"id":"car","stock":{},"available":{}}})",
                                         books->stock, books->left))};
    }
    const bool api = !ask.key.empty();
    if (const auto old = books->orders.find(ask.key); api && old != books->orders.end()) {
      return {toy_reply(200, old->second, "Idempotent-Replayed: true\r\n")};
    }
    if (books->left == 0) {
      if (!api) return {toy_reply(200, "sold out!", "Content-Type: text/html\r\n")};
      return {toy_reply(409, R"({"title":"Sold out","status":409,"code":"sold-out"})")};
    }
    --books->left;
    if (!api) return {toy_reply(200, fmt::format("[{}]", books->left))};
    const std::string order = fmt::format(R"({{"id":"{:032x}","sale":"car","state":"held"}})",
                                          books->stock - books->left);
    books->orders[ask.key] = order;
    return {toy_reply(201, order)};
  };
}

namespace {

std::string ask(const ToyShop& shop, std::string_view request) {
  const Address address{.host = "127.0.0.1", .port = shop.port()};
  const auto fetched = fetch(address, request, microseconds{5'000'000}, false);
  return fetched ? fmt::format("{} {}", fetched->status, fetched->body) : fetched.error().message;
}

// The toy is what other tests measure by, so it is tested itself.
TEST(ToyShop, SellsHonestlyOverBothWires) {
  const ToyShop shop(honest(2));
  const std::string_view demo = "POST /seckill/seckill HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string_view api =
      "POST /api/v1/sales/car/orders HTTP/1.1\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}";
  EXPECT_EQ(ask(shop, demo), "200 [1]");
  EXPECT_TRUE(ask(shop, api).starts_with("201 {\"id\":\"00"));
  EXPECT_TRUE(ask(shop, api).starts_with("200 {\"id\":\"00"));
  EXPECT_EQ(ask(shop, demo), "200 sold out!");
  EXPECT_EQ(shop.asked().size(), 4u);
}

}  // namespace
}  // namespace seckill
