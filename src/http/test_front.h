// For the tests of http: a real server on a port of its own, with a real sale and ledger behind it,
// and a journal that the test may hold back. The server turns in a thread; the test is the client.
#pragma once

#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <netinet/tcp.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "http/server.h"
#include "sale/test_shop.h"

namespace seckill {

// Paper that comes back by itself, unless it is held.
class EventJournal : public PaperJournal {
 public:
  EventJournal() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~EventJournal() override { ::close(wake_); }
  EventJournal(const EventJournal&) = delete;
  EventJournal& operator=(const EventJournal&) = delete;

  void append(std::span<const Record> records, RawTime stamp) override {
    PaperJournal::append(records, stamp);
    if (!held_) come_back();
    wake();
  }
  std::optional<JournalEvent> poll() override {
    std::uint64_t ignored = 0;
    [[maybe_unused]] const auto size = ::read(wake_, &ignored, sizeof ignored);
    return PaperJournal::poll();
  }
  int wake_fd() const override { return wake_; }

  void hold() { held_ = true; }
  void let_go() {
    held_ = false;
    if (flying()) come_back();
    wake();
  }
  void wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto size = ::write(wake_, &one, sizeof one);
  }

 private:
  int wake_;
  bool held_ = false;
};

struct Reply {
  int status = 0;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;
  std::string raw;
  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

// A raw connection: sends any bytes, reads replies; every wait ends after 20 s.
class Client {
 public:
  explicit Client(std::uint16_t port) : file_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{20, 0};
    ::setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(file_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int yes = 1;
    ::setsockopt(file_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(file_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(file_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  int file() const { return file_; }

  // As much as the peer takes.
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto size = ::send(file_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  void end_sending() const { ::shutdown(file_, SHUT_WR); }

  // Nothing: the connection ended before a whole reply.
  std::optional<Reply> read(bool to_head = false) {
    std::size_t end = std::string::npos;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return std::nullopt;
    }
    Reply reply = parse(unread_.substr(0, end + 4));
    const std::size_t length =
        to_head || reply.fields.count("content-length") == 0
            ? 0
            : static_cast<std::size_t>(std::stoul(reply.fields["content-length"]));
    while (unread_.size() < end + 4 + length) {
      if (!more()) return std::nullopt;
    }
    reply.body = unread_.substr(end + 4, length);
    reply.raw = unread_.substr(0, end + 4 + length);
    unread_.erase(0, end + 4 + length);
    return reply;
  }
  // Whatever comes next; empty: the end.
  std::string read_some() {
    if (unread_.empty()) more();
    return std::exchange(unread_, {});
  }
  Reply ask(std::string_view bytes, bool to_head = false) {
    send(bytes);
    auto reply = read(to_head);
    if (!reply) throw std::runtime_error("no reply to " + std::string(bytes.substr(0, 60)));
    return *reply;
  }
  // Whether the peer ends the connection, with nothing more to say.
  bool ended() { return unread_.empty() && !more() && unread_.empty(); }

 private:
  bool more() {
    char bytes[4096];
    const auto size = ::recv(file_, bytes, sizeof bytes, 0);
    if (size < 0 && errno == EAGAIN) throw std::runtime_error("20 s of silence");
    if (size <= 0) return false;
    unread_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }
  static Reply parse(const std::string& head) {
    Reply reply;
    reply.status = std::stoi(head.substr(9, 3));
    std::size_t at = head.find("\r\n") + 2;
    while (at + 2 < head.size()) {
      const auto end = head.find("\r\n", at);
      const auto colon = head.find(": ", at);
      std::string name = head.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      reply.fields[name] = head.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    return reply;
  }

  int file_;
  bool connected_ = false;
  std::string unread_;
};

inline std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) +
         "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view fields = "",
                        std::string_view method = "POST") {
  return std::string(method) + " " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}
inline std::string buy_request(std::string_view sale, std::string_view buyer, std::string_view key,
                               std::string_view more = "") {
  return post("/api/v1/sales/" + std::string(sale) + "/orders",
              "{\"buyer\":\"" + std::string(buyer) + "\"" + std::string(more) + "}",
              "Idempotency-Key: " + std::string(key) + "\r\n");
}
inline const std::string kDemoRequest =
    "POST /seckill/seckill HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";

// The text of a JSON member, as it stands there; empty: it is not there.
inline std::string member(const std::string& json, const std::string& name) {
  const auto at = json.find("\"" + name + "\":");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 3;
  if (json[begin] == '"') return json.substr(begin + 1, json.find('"', begin + 1) - begin - 1);
  if (json[begin] == '[') return json.substr(begin, json.find(']', begin) + 1 - begin);
  return json.substr(begin, json.find_first_of(",}", begin) - begin);
}

class Front {
 public:
  explicit Front(const std::vector<SaleTerms>& sales, HttpOptions options = {},
                 Backstage backstage = {})
      : sale_(replayed(sales), kOurNode),
        shell_(
            sale_, journal, machine_now,
            [this](std::span<const Answer> answers) { server_->tell(answers); },
            [this](const std::string&) { server_->drain(); }) {
    options.port = 0;
    options.nonce = 0xabc;
    options.random = [this](std::span<std::byte> bytes) {
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(++drawn_);
    };
    auto server =
        Server::open(context_, shell_, journal.wake_fd(), std::move(options), std::move(backstage));
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
    thread_ = std::thread([this] { server_->run(); });
  }
  ~Front() {
    if (!ended_) on_loop([this] { server_->stop(); });
    if (thread_.joinable()) thread_.join();
  }
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  std::uint16_t port() const { return server_->port(); }
  // Runs it on the server's thread, and waits for its end.
  void on_loop(std::function<void()> what) {
    std::promise<void> done;
    boost::asio::post(context_, [&] {
      what();
      done.set_value();
    });
    if (done.get_future().wait_for(std::chrono::seconds(20)) != std::future_status::ready)
      throw std::runtime_error("the loop does not turn");
  }
  void hold_journal() {
    on_loop([this] { journal.hold(); });
  }
  void let_journal_go() {
    on_loop([this] { journal.let_go(); });
  }
  // Claims that wait for the journal.
  void await_waiting(std::uint32_t count) {
    for (std::uint32_t seen = 0; seen < count;) {
      on_loop([&] { seen = sale_.waiting(); });
    }
  }
  void await_flying() {
    for (bool flying = false; !flying;) {
      on_loop([&] { flying = journal.flying(); });
    }
  }
  void drain() {
    on_loop([this] { server_->drain(); });
  }
  // After drain(): the loop has ended by itself.
  void await_end() {
    thread_.join();
    ended_ = true;
  }
  Server& server() { return *server_; }
  Sale& sale() { return sale_; }
  boost::asio::io_context& context() { return context_; }

  EventJournal journal;

 private:
  Ledger replayed(const std::vector<SaleTerms>& sales) {
    std::vector<Record> records{{{}, Tick{kNewestRules, Position{}, Digest{}, 42}}};
    for (const SaleTerms& terms : sales) records.push_back({{}, SaleRecord{terms}});
    journal.write(records, machine_now().raw);
    Ledger ledger;
    Changes changes;
    const auto event = journal.poll();
    for (const Entry& entry : std::get<CameBack>(*event).entries) ledger.apply(entry, changes);
    return ledger;
  }

  boost::asio::io_context context_{1};
  Sale sale_;
  Shell shell_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  std::uint8_t drawn_ = 0;
  bool ended_ = false;
};

}  // namespace seckill
