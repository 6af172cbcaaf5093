// A whole connection: bytes in, bytes out, through the real session and all routes, with a real
// sale behind them and a journal on paper. Whatever comes: every reply is one whole reply with
// fields of ours only, nothing follows a reply that says `close`, the connection ends when its peer
// does, no secret comes out, and the same bytes cut differently get the same answers.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cctype>
#include <set>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "fuzz/fuzz.h"
#include "http/session.h"
#include "sale/test_shop.h"

namespace seckill::fuzz {
namespace {

constexpr std::string_view kSecret = "planted-secret!!";

std::vector<SaleTerms> sales() {
  std::vector<SaleTerms> all{terms_of(1, "car", 5),
                             terms_of(2, "phone", 3, 2, milliseconds(60'000))};
  for (SaleTerms& terms : all)
    std::copy(kSecret.begin(), kSecret.end(), terms.secret.bytes.begin());
  return all;
}

HttpOptions options() {
  HttpOptions options;
  options.admin_token = hash_of_token("planted-admin");
  options.random = [](std::span<std::byte> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::byte>(kSecret[i % kSecret.size()]);
  };
  return options;
}

// One connection and all that is behind it.
class World {
 public:
  World()
      : sale_(replayed(), kOurNode),
        shell_(
            sale_, journal_, [] { return Now{RawTime{1'000'000}, SteadyTime{0}}; },
            [this](std::span<const Answer> answers) { tell(answers); },
            [](const std::string&) { invariant(false, "nothing halts the sale"); }),
        office_(shell_, options(), {}),
        api_(office_),
        hub_(context_, office_, api_) {
    office_.loopback = true;
    office_.replies.set_date(RawTime{1'000'000});
    int ends[2];
    invariant(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0,
              "two ends of a connection");
    peer_ = ends[0];
    Session::Socket socket(context_);
    socket.assign(boost::asio::ip::tcp::v4(), ends[1]);
    auto session = std::make_unique<Session>(hub_, std::move(socket));
    Session::live(std::move(session));
  }
  ~World() {
    while (hub_.first != nullptr) hub_.first->abandon();
    ::close(peer_);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Everything the peer is told for these bytes, sent `step` at a time.
  std::string talk(std::string_view bytes, std::size_t step) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, step);
      const auto sent = ::send(peer_, piece.data(), piece.size(), MSG_NOSIGNAL);
      turn();
      if (sent < 0 && errno != EAGAIN) break;  // it has been left
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    ::shutdown(peer_, SHUT_WR);
    for (int i = 0; i < 10'000 && hub_.first != nullptr; ++i) turn();
    invariant(hub_.first == nullptr, "I10 a connection ends when its peer does");
    invariant(office_.calls.active() == 0, "I12 its calls end with it");
    hear();
    return std::move(heard_);
  }

 private:
  Ledger replayed() {
    std::vector<Record> records{{{}, Tick{kNewestRules, Position{}, Digest{}, 42}}};
    for (const SaleTerms& terms : sales()) records.push_back({{}, SaleRecord{terms}});
    journal_.write(records, RawTime{1'000'000});
    Ledger ledger;
    Changes changes;
    const auto event = journal_.poll();
    for (const Entry& entry : std::get<CameBack>(*event).entries) ledger.apply(entry, changes);
    return ledger;
  }
  void tell(std::span<const Answer> answers) {
    for (const Answer& answer : answers) {
      Call* call = office_.calls.waiting(answer.who);
      if (call == nullptr) continue;
      call->verdict = answer.verdict;
      call->state = Call::State::kAnswered;
      call->caller->answered();
    }
  }
  // Until nothing moves any more.
  void turn() {
    for (bool moves = true; moves;) {
      context_.restart();
      moves = context_.poll() > 0;
      shell_.idle();
      if (journal_.flying()) journal_.come_back(), moves = true;
      shell_.pump();
      moves = hear() || moves;
    }
  }
  bool hear() {
    char bytes[16384];
    const auto size = ::recv(peer_, bytes, sizeof bytes, 0);
    if (size <= 0) return false;
    heard_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  boost::asio::io_context context_{1};
  PaperJournal journal_;
  Sale sale_;
  Shell shell_;
  Office office_;
  Api api_;
  Hub hub_;
  int peer_ = -1;
  std::string heard_;
};

const std::set<std::string_view> kFields{"Allow",
                                         "Cache-Control",
                                         "Connection",
                                         "Content-Length",
                                         "Content-Type",
                                         "Date",
                                         "ETag",
                                         "Location",
                                         "Retry-After",
                                         "WWW-Authenticate",
                                         "X-Request-Id",
                                         "Idempotent-Replayed",
                                         "Vary",
                                         "Accept-Query",
                                         "Content-Security-Policy",
                                         "X-Content-Type-Options"};

struct Reply {
  int status = 0;
  bool close = false;
  std::size_t body = 0;
};

Reply read_head(std::string_view head) {
  invariant(head.starts_with("HTTP/1.1 "), "a reply begins where the last one ends");
  Reply reply;
  for (const char c : head.substr(9, 3)) {
    invariant(c >= '0' && c <= '9', "a status is three digits");
    reply.status = reply.status * 10 + (c - '0');
  }
  head.remove_prefix(head.find("\r\n") + 2);
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    const auto colon = line.find(": ");
    invariant(colon != line.npos && kFields.contains(line.substr(0, colon)), line);
    invariant(line.find_first_of("\r\n") == line.npos, "a field is one line");
    if (line.starts_with("Content-Length: ")) reply.body = std::stoul(std::string(line.substr(16)));
    if (line == "Connection: close") reply.close = true;
    head.remove_prefix(end + 2);
  }
  return reply;
}

// The statuses of all replies; 201 and 200 are one: who asks again beside himself hears either.
std::vector<int> statuses(std::string_view heard) {
  std::vector<int> all;
  bool closed = false;
  while (!heard.empty()) {
    invariant(!closed, "nothing follows a reply that says close");
    const auto end = heard.find("\r\n\r\n");
    invariant(end != heard.npos, "a reply has a whole head");
    const Reply reply = read_head(heard.substr(0, end + 2));
    heard.remove_prefix(end + 4);
    const bool to_head = heard.empty() || heard.starts_with("HTTP/1.1 ");
    invariant(to_head || reply.body <= heard.size(), "a reply has a whole body");
    if (!to_head) heard.remove_prefix(reply.body);
    closed = reply.close;
    if (reply.status != 100) all.push_back(reply.status == 201 ? 200 : reply.status);
  }
  return all;
}

}  // namespace
}  // namespace seckill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seckill;
  fuzz::Input input(data, std::min<std::size_t>(size, 32 << 10));
  const std::size_t step = 1 + input.byte() * 4UL;
  const std::string_view bytes = input.text();
  const std::string whole = fuzz::World().talk(bytes, bytes.size() + 1);
  const std::string pieces = fuzz::World().talk(bytes, std::max(step, bytes.size() / 256));
  for (const std::string& heard : {whole, pieces}) {
    invariant(heard.find("planted") == heard.npos || bytes.find("planted") != bytes.npos,
              "T27 no secret comes out");
  }
  const auto one = fuzz::statuses(whole), other = fuzz::statuses(pieces);
  // Who expects "100 Continue" may be refused before his body, which then ends the connection.
  const bool expects =
      std::ranges::search(bytes, std::string_view("EXPECT"), {}, ::toupper).begin() != bytes.end();
  invariant(expects || one == other, "the same, however it is cut");
  return 0;
}
