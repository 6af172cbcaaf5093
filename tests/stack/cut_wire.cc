#include "stack/cut_wire.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include "base/invariant.h"

namespace seckill::testing {
namespace {

constexpr int kLookMs = 50;  // so often it is asked whether to stop

sockaddr_in local(const char* at, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = inet_addr(at);
  return address;
}

// Of the same length, so that every frame stays as long as it says.
std::string replaced(std::string_view in, std::string_view word, std::string_view by) {
  std::string out(in);
  for (auto at = out.find(word); at != std::string::npos; at = out.find(word, at + by.size()))
    out.replace(at, word.size(), by);
  return out;
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

CutWire::CutWire(std::uint16_t server_port, const char* at, std::uint16_t port)
    : server_port_(server_port), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  auto address = local(at, port);
  socklen_t size = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  invariant(::bind(listener_.get(), where, size) == 0 && ::listen(listener_.get(), 8) == 0 &&
                ::getsockname(listener_.get(), where, &size) == 0,
            "a test may listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

CutWire::~CutWire() {
  stop_ = true;
  thread_.join();
}

void CutWire::cut(std::string word, Cut how, bool deaf) {
  word_ = std::move(word);
  deaf_ = deaf;
  heard_ = 0;
  cut_ = how;
  has_word_ = true;
}

void CutWire::lie(std::string word, std::string lie) {
  lie_ = std::move(lie);
  cut(std::move(word), Cut::kLie);
}

void CutWire::run() {
  while (!stop_) {
    pollfd ready{listener_.get(), POLLIN, 0};
    if (::poll(&ready, 1, kLookMs) <= 0) continue;
    Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (is_deaf_) continue;
    Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = local("127.0.0.1", server_port_);
    if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      continue;
    joins_.emplace_back(
        [this, client = std::move(client), server = std::move(server)] { join(client, server); });
  }
  for (std::thread& one : joins_) one.join();
}

void CutWire::join(const Fd& client, const Fd& server) {
  std::string garbled;  // what the server heard for word_, until it answers
  while (!stop_) {
    std::array<pollfd, 2> ready{pollfd{client.get(), POLLIN, 0}, pollfd{server.get(), POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), kLookMs) <= 0) continue;
    if (ready[0].revents != 0 && !pass(client.get(), server.get(), true, garbled)) return;
    if (ready[1].revents != 0 && !pass(server.get(), client.get(), false, garbled)) return;
  }
}

// False: this connection is over. What a client says in one go is short, and comes in one piece.
bool CutWire::pass(int from, int to, bool is_client, std::string& garbled) {
  std::array<char, 65536> bytes;
  const auto got = ::recv(from, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  const std::string_view said(bytes.data(), static_cast<std::size_t>(got));
  if (!is_client && !garbled.empty())
    return send_all(to, replaced(said, std::exchange(garbled, {}), word_));
  if (is_client && has_word_ && said.find(word_) != std::string_view::npos) ++heard_;
  const bool is_its_turn = is_client == (cut_ != Cut::kLie);
  if (!is_its_turn || cut_ == Cut::kNever || said.find(word_) == std::string_view::npos)
    return send_all(to, said);
  const Cut how = cut_.exchange(Cut::kNever);
  if (how == Cut::kNever) return send_all(to, said);  // another client was first
  if (how == Cut::kLie) return send_all(to, replaced(said, word_, lie_));
  is_deaf_ = deaf_.load();
  if (how == Cut::kGarbled) {
    garbled = word_;
    garbled.back() = 'z';
    return send_all(to, replaced(said, word_, garbled));
  }
  if (how == Cut::kBeforeItIsAnswered && send_all(to, said))
    (void)::recv(to, bytes.data(), bytes.size(), 0);  // it was done
  return false;
}

}  // namespace seckill::testing
