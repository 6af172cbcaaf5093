#include "http/listener.h"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace seckill {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int kAcceptsPerRound = 64;
constexpr std::chrono::milliseconds kRest{10};
constexpr std::string_view kShed =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
    "Content-Length: 109\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    "{\"type\":\"/docs/problems/busy\",\"title\":\"Busy, come "
    "back\",\"status\":503,\"code\":\"busy\","
    "\"detail\":\"Too many open.\"}";

Status no(std::string_view what, const HttpOptions& options, const error_code& error) {
  const bool taken = error == asio::error::address_in_use;
  return fail(taken ? Error::Code::kUnavailable : Error::Code::kInvalid,
              fmt::format("http: {} {}:{}: {}", what, options.address, options.port,
                          taken ? "it is in use" : error.message()));
}

}  // namespace

Listener::Listener(asio::io_context& context, HttpMetrics& metrics, Welcome welcome)
    : context_(context),
      metrics_(metrics),
      welcome_(std::move(welcome)),
      acceptor_(context),
      rest_(context) {}

Listener::~Listener() { close(); }

Status Listener::open(const HttpOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return no("no address:", options, error);
  const asio::ip::tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor_.native_non_blocking(true, error);
  if (error) return no("cannot listen on", options, error);
  port_ = acceptor_.local_endpoint().port();
  protocol_ = endpoint.protocol();
  loopback_ = address.is_loopback();
  connections_max_ = options.limits.connections_max;
  keep_reserve();
  await();
  return {};
}

void Listener::close() {
  error_code ignored;
  acceptor_.close(ignored);
  rest_.cancel();
  if (reserve_ >= 0) ::close(std::exchange(reserve_, -1));
}

void Listener::await() {
  acceptor_.async_wait(asio::ip::tcp::acceptor::wait_read, [this](const error_code& error) {
    if (!error && acceptor_.is_open()) accept_some();
  });
}

// A rush comes in by the hundred: many at once, but the others get their turn.
void Listener::accept_some() {
  for (int n = 0; n < kAcceptsPerRound; ++n) {
    if (!accept_one()) return;
  }
  await();
}

// False: there is nobody else now, or we rest; either has seen to what follows.
bool Listener::accept_one() {
  const int file =
      ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (file < 0) return refused(errno);
  ++metrics_.connections_accepted;
  if (metrics_.connections >= connections_max_) {
    shed(file);
    return true;
  }
  const int yes = 1;
  ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  Socket socket(context_);
  error_code error;
  socket.assign(protocol_, file, error);
  if (error) {
    shed(file);
    return true;
  }
  welcome_(std::move(socket));
  return true;
}

bool Listener::refused(int error) {
  switch (error) {
    case EAGAIN: await(); return false;
    case EMFILE:
    case ENFILE:
      if (reserve_ < 0) {
        rest();
        return false;
      }
      shed_by_reserve();
      return true;
    case ENOBUFS:
    case ENOMEM: rest(); return false;
    default: return true;  // that one has left again
  }
}

void Listener::shed(int file) {
  ++metrics_.connections_shed;
  [[maybe_unused]] const auto sent = ::send(file, kShed.data(), kShed.size(), MSG_NOSIGNAL);
  ::close(file);
}

// No file is left: the reserve gives its place to the one who waits, so that he hears "busy" and
// those who are connected go on.
void Listener::shed_by_reserve() {
  ::close(std::exchange(reserve_, -1));
  const int file =
      ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (file >= 0) shed(file);
  keep_reserve();
}

void Listener::keep_reserve() { reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

void Listener::rest() {
  rest_.expires_after(kRest);
  rest_.async_wait([this](const error_code& error) {
    if (error || !acceptor_.is_open()) return;
    if (reserve_ < 0) keep_reserve();
    accept_some();
  });
}

}  // namespace seckill
