#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <fmt/format.h>
#include <sys/resource.h>
#include <variant>

#include "drill/crowd.h"
#include "drill/endpoint.h"

namespace seckill {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Runs what was started on loop; false: not done in time.
bool done_in(asio::io_context& loop, microseconds time) {
  loop.restart();
  loop.run_for(time);
  return loop.stopped();
}

Error nobody_there(const Address& address, std::string_view why) {
  return {Error::Code::kUnavailable,
          fmt::format("drill: nobody answers at http://{}: {}; is `seckill serve` running there?",
                      address.authority(), why)};
}

}  // namespace

Result<tcp::endpoint> endpoint_of(asio::io_context& loop, const Address& address,
                                  bool allow_remote) {
  error_code ec;
  tcp::resolver resolver(loop);
  const auto found = resolver.resolve(address.host, std::to_string(address.port), ec);
  if (ec) return fail(nobody_there(address, ec.message()));
  std::string why = "no address";
  for (const auto& entry : found) {
    tcp::endpoint endpoint = entry.endpoint();
    if (!allow_remote && !endpoint.address().is_loopback()) {
      return fail(
          Error::Code::kInvalid,
          fmt::format("drill: {} is not this machine; a crowd can hurt a stranger's server: "
                      "add --allow-remote if it is yours",
                      address.authority()));
    }
    tcp::socket socket(loop);
    error_code outcome = asio::error::timed_out;
    socket.async_connect(endpoint, [&outcome](error_code result) { outcome = result; });
    if (!done_in(loop, std::chrono::seconds(1))) {
      socket.close(ec);
      loop.run();  // hands the cancelled handler back
      outcome = asio::error::timed_out;
    }
    if (!outcome) return endpoint;
    why = outcome.message();
  }
  return fail(nobody_there(address, why));
}

Result<Fetched> fetch(const Address& address, std::string_view request, microseconds timeout,
                      bool allow_remote) {
  asio::io_context loop;
  auto endpoint = endpoint_of(loop, address, allow_remote);
  if (!endpoint) return fail(endpoint.error());
  tcp::socket socket(loop);
  error_code ec;
  socket.connect(*endpoint, ec);
  if (!ec) asio::write(socket, asio::buffer(request), ec);
  if (ec) return fail(nobody_there(address, ec.message()));
  const auto until = std::chrono::steady_clock::now() + timeout;
  std::string bytes;
  std::array<char, 4096> some;
  for (;;) {
    std::size_t got = 0;
    socket.async_read_some(asio::buffer(some), [&ec, &got](error_code result, std::size_t n) {
      ec = result;
      got = n;
    });
    const auto left =
        std::chrono::duration_cast<microseconds>(until - std::chrono::steady_clock::now());
    if (!done_in(loop, std::max(left, microseconds{0}))) {
      socket.close(ec);
      loop.run();
      return fail(nobody_there(address, "no reply in time"));
    }
    bytes.append(some.data(), got);
    ReadReply read = read_reply(bytes, bool(ec));
    if (const auto* reply = std::get_if<Reply>(&read)) {
      return Fetched{reply->status, std::string(reply->body)};
    }
    if (const auto* bad = std::get_if<Malformed>(&read))
      return fail(nobody_there(address, bad->why));
    if (ec) return fail(nobody_there(address, "the reply broke off"));
  }
}

Status enough_open_files(std::uint32_t connections) {
  constexpr rlim_t kOthers = 64;  // files, terminals, the loop's own
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  const rlim_t wanted = connections + kOthers;
  if (limit.rlim_cur >= wanted) return {};
  const rlim_t was = limit.rlim_cur;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (limit.rlim_cur >= wanted && setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return fail(
      Error::Code::kInvalid,
      fmt::format("drill: {} connections need {} open files, this process may have {} "
                  "(hard limit {}); use --connections {} or less, or raise it: ulimit -n {}",
                  connections, wanted, was, limit.rlim_max,
                  limit.rlim_max > kOthers ? limit.rlim_max - kOthers : 1, wanted));
}

}  // namespace seckill
