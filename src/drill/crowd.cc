#include "drill/crowd.h"

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <fmt/format.h>
#include <memory>
#include <queue>
#include <sys/resource.h>
#include <utility>
#include <variant>
#include <vector>

#include "base/invariant.h"
#include "drill/endpoint.h"

namespace seckill {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

constexpr std::int64_t kSweepUs = 20'000;   // deadlines and interrupts are looked at
constexpr int kSweepsATick = 5;             // the audience is told
constexpr std::int64_t kTimerRestUs = 50;   // sends that are nearer together share a wake-up
constexpr std::uint32_t kWarmingMax = 128;  // at once: some servers' queue for accept is short
constexpr std::uint32_t kNobody = UINT32_MAX;
constexpr std::int64_t kNotYet = INT64_MIN;

// A click that is to be sent, for the first time or again.
struct Due {
  std::int64_t at_us = 0;
  std::int64_t started_us = kNotYet;  // when we got to it
  std::uint32_t click = 0;
  std::uint16_t attempt = 1;
  Told last = Told::kNotSent;  // what the attempt before was told
  bool operator>(const Due& other) const { return at_us > other.at_us; }
};

struct Connection {
  Connection(asio::io_context& loop, std::uint32_t number) : socket(loop), index(number) {}
  enum class State : std::uint8_t { kClosed, kConnecting, kFree, kBusy, kWarming };

  tcp::socket socket;
  std::uint32_t index;
  std::uint32_t life = 0;  // the handler of an earlier life finds another number and does nothing
  State state = State::kClosed;
  bool warming = false;  // this life began in the warm-up, without a click
  Due due;               // while connecting or busy
  std::int64_t sent_us = 0;
  std::int64_t deadline_us = INT64_MAX;
  std::string out;
  std::string in;  // empty unless a reply comes in pieces
  std::array<char, 2048> piece;
};
using State = Connection::State;

std::int64_t cpu_of_this_thread() {
  rusage used{};
  getrusage(RUSAGE_THREAD, &used);
  const auto us = [](const timeval& t) { return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_usec; };
  return us(used.ru_utime) + us(used.ru_stime);
}

Heard no_verdict(std::string reason) { return {.told = Told::kError, .reason = std::move(reason)}; }

class Crowd {
 public:
  Crowd(const Plan& plan, const Wire& wire, const CrowdTerms& terms, Audience& audience)
      : plan_(plan), wire_(wire), terms_(terms), audience_(audience) {}

  Result<CrowdEnd> run();

 private:
  // The plan's side: when.
  void pump();
  void arm();
  void start(Due due);
  void tick(std::int64_t at);
  void sweep();
  void stop_sending();
  void abandon();

  // The connections' side: where.
  Connection* take_free(std::uint32_t avoid);
  Connection* take_closed();
  void open(Connection& c);
  void warm_some();
  void connected(Connection& c, error_code ec);
  void send(Connection& c, Due due);
  void write(Connection& c);
  void read(Connection& c);
  void got(Connection& c, error_code ec, std::size_t size);
  void release(Connection& c);
  void drop(Connection& c);

  // The answers' side: what.
  void broken(Connection& c, std::string reason);
  void replied(Connection& c, const Reply& reply);
  void over(const Due& due, std::int64_t sent_us, const Connection& c, const Reply& reply,
            const Heard& heard);
  void settle(const Due& due, Told told, std::uint32_t attempts, std::string_view reason);
  void finish();

  // µs since the rush began; negative in the warm-up.
  std::int64_t now() const {
    return std::chrono::duration_cast<microseconds>(Steady::now() - zero_).count();
  }
  bool stopped() const { return stage_ > 0; }

  const Plan& plan_;
  const Wire& wire_;
  const CrowdTerms& terms_;
  Audience& audience_;

  asio::io_context loop_{1};
  asio::steady_timer pump_timer_{loop_}, sweep_timer_{loop_};
  tcp::endpoint endpoint_;
  Steady::time_point zero_;
  CrowdEnd end_;

  std::size_t next_click_ = 0;
  std::int64_t next_due_us_ = INT64_MAX;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> retries_;
  std::deque<Due> waiting_;  // for a connection
  std::size_t settled_ = 0;
  int sweeps_ = 0;
  int stage_ = 0;  // 0 sending, 1 waiting for what is in flight, 2 leaving
  bool done_ = false;

  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> free_, closed_;    // indices; the last one is the warmest
  std::vector<std::uint32_t> last_connection_;  // by shopper: where his first click went
  std::uint32_t open_ = 0, busy_ = 0, warming_ = 0, warmed_ = 0;
};

Result<CrowdEnd> Crowd::run() {
  auto endpoint = endpoint_of(loop_, wire_.address(), terms_.allow_remote);
  if (!endpoint) return fail(endpoint.error());
  endpoint_ = *endpoint;
  loop_.restart();
  if (plan_.terms.double_click > 0) last_connection_.assign(plan_.terms.shoppers, kNobody);
  const std::int64_t cpu = cpu_of_this_thread();
  zero_ = Steady::now() + terms_.warmup;
  end_.started_at_ms = machine_now().raw.ms + terms_.warmup.count() / 1000;
  if (terms_.warmup.count() > 0) warm_some();
  sweep();
  pump();
  loop_.run();
  invariant(settled_ == plan_.clicks.size(), "every click of a plan is settled");
  end_.cpu_us = cpu_of_this_thread() - cpu;
  return end_;
}

// ---- when ----

// Sends whatever is due, then sleeps until the next one is.
void Crowd::pump() {
  const std::int64_t at = now();
  while (!stopped() && next_click_ < plan_.clicks.size() && plan_.clicks[next_click_].at_us <= at) {
    const auto click = static_cast<std::uint32_t>(next_click_++);
    start({.at_us = plan_.clicks[click].at_us, .click = click});
  }
  while (!retries_.empty() && retries_.top().at_us <= at) {
    const Due due = retries_.top();
    retries_.pop();
    start(due);
  }
  arm();
}

void Crowd::arm() {
  next_due_us_ = next_click_ < plan_.clicks.size() ? plan_.clicks[next_click_].at_us : INT64_MAX;
  if (!retries_.empty()) next_due_us_ = std::min(next_due_us_, retries_.top().at_us);
  if (next_due_us_ == INT64_MAX || done_) return;
  pump_timer_.expires_at(zero_ + microseconds(std::max(next_due_us_, now() + kTimerRestUs)));
  pump_timer_.async_wait([this](error_code ec) {
    if (!ec && !done_) pump();
  });
}

void Crowd::start(Due due) {
  if (due.started_us == kNotYet) due.started_us = now();  // else it has waited for a connection
  // A second click comes from another tab: not on the connection of the first, if there is a
  // choice.
  const Click& click = plan_.clicks[due.click];
  if (Connection* c = take_free(click.second ? last_connection_[click.shopper] : kNobody)) {
    return send(*c, due);
  }
  if (Connection* c = take_closed()) {
    c->due = due;
    c->deadline_us = due.started_us + terms_.timeout.count();
    return open(*c);
  }
  if (Connection* c = take_free(kNobody)) return send(*c, due);
  waiting_.push_back(due);
}

// One coarse look at all deadlines instead of a timer each.
void Crowd::tick(std::int64_t at) {
  for (std::size_t i = 0; i < connections_.size() && !done_; ++i) {
    Connection& c = *connections_[i];
    if (c.deadline_us > at) continue;
    broken(c, fmt::format("no answer in {} ms", terms_.timeout.count() / 1000));
  }
  while (!waiting_.empty() && waiting_.front().started_us + terms_.timeout.count() <= at) {
    const Due due = waiting_.front();
    waiting_.pop_front();
    settle(due, Told::kError, due.attempt - 1u, "no free connection in time: raise --connections");
  }
  if (!done_) audience_.tick(at);
}

void Crowd::sweep() {
  const int asked = terms_.interrupts == nullptr ? 0 : terms_.interrupts->load();
  if (asked >= 1 && stage_ == 0) stop_sending();
  if (asked >= 2 && stage_ == 1) abandon();
  if (done_) return;
  if (++sweeps_ % kSweepsATick == 0) tick(now());
  if (done_) return;
  sweep_timer_.expires_after(microseconds(kSweepUs));
  sweep_timer_.async_wait([this](error_code ec) {
    if (!ec && !done_) sweep();
  });
}

void Crowd::stop_sending() {
  stage_ = 1;
  end_.interrupted = true;
  while (next_click_ < plan_.clicks.size()) {
    settle({.click = static_cast<std::uint32_t>(next_click_++)}, Told::kNotSent, 0, "interrupted");
  }
  for (; !retries_.empty(); retries_.pop()) {
    settle(retries_.top(), retries_.top().last, retries_.top().attempt - 1u, "interrupted");
  }
  for (; !waiting_.empty(); waiting_.pop_front()) {
    settle(waiting_.front(), waiting_.front().last, waiting_.front().attempt - 1u, "interrupted");
  }
}

void Crowd::abandon() {
  stage_ = 2;
  for (const auto& c : connections_) {
    if (!done_ && (c->state == State::kBusy || c->state == State::kConnecting)) {
      broken(*c, "interrupted before the answer");
    }
  }
}

// ---- where ----

Connection* Crowd::take_free(std::uint32_t avoid) {
  if (free_.empty()) return nullptr;
  if (free_.back() == avoid) {
    if (free_.size() == 1) return nullptr;
    std::swap(free_.back(), free_[free_.size() - 2]);
  }
  Connection& c = *connections_[free_.back()];
  free_.pop_back();
  return &c;
}

Connection* Crowd::take_closed() {
  if (!closed_.empty()) {
    Connection& c = *connections_[closed_.back()];
    closed_.pop_back();
    return &c;
  }
  if (connections_.size() >= terms_.connections) return nullptr;
  const auto index = static_cast<std::uint32_t>(connections_.size());
  connections_.push_back(std::make_unique<Connection>(loop_, index));
  return connections_.back().get();
}

void Crowd::open(Connection& c) {
  c.state = State::kConnecting;
  end_.connections_most = std::max(end_.connections_most, ++open_);
  ++end_.connections_opened;
  c.socket.async_connect(endpoint_, [this, &c, life = c.life](error_code ec) {
    if (life == c.life) connected(c, ec);
  });
}

void Crowd::warm_some() {
  while (warming_ < kWarmingMax && warmed_ < terms_.connections && now() < 0) {
    Connection* c = take_closed();
    if (c == nullptr) return;
    ++warming_;
    ++warmed_;
    c->warming = true;
    c->deadline_us = now() + terms_.timeout.count();
    open(*c);
  }
}

void Crowd::connected(Connection& c, error_code ec) {
  if (ec) return broken(c, "no connection: " + ec.message());
  c.socket.non_blocking(true, ec);
  c.socket.set_option(tcp::no_delay(true), ec);
  if (c.warming) {
    c.state = State::kWarming;
    c.out = wire_.warm_up();
    write(c);
  } else {
    c.state = State::kFree;
    send(c, c.due);
  }
  if (c.state == State::kBusy || c.state == State::kWarming) read(c);
}

void Crowd::send(Connection& c, Due due) {
  c.state = State::kBusy;
  c.due = due;
  end_.in_flight_most = std::max(end_.in_flight_most, ++busy_);
  const Click& click = plan_.clicks[due.click];
  if (!last_connection_.empty() && !click.second) last_connection_[click.shopper] = c.index;
  wire_.request(buyer_of(click.shopper),
                wire_.keyed() ? key_of(plan_.terms.seed, click.shopper) : std::string(), c.out);
  c.sent_us = now();
  c.deadline_us = c.sent_us + terms_.timeout.count();
  write(c);
}

// At once as a rule: a request is smaller than any socket's buffer.
void Crowd::write(Connection& c) {
  error_code ec;
  const std::size_t size = c.socket.write_some(asio::buffer(c.out), ec);
  if (ec && ec != asio::error::would_block) return broken(c, "not sent: " + ec.message());
  if (size == c.out.size()) return;
  asio::async_write(c.socket, asio::buffer(c.out) + size,
                    [this, &c, life = c.life](error_code failed, std::size_t) {
                      if (failed && life == c.life) broken(c, "not sent: " + failed.message());
                    });
}

// A read is always under way, so that a server's hanging up is noticed before the next send.
void Crowd::read(Connection& c) {
  c.socket.async_read_some(asio::buffer(c.piece),
                           [this, &c, life = c.life](error_code ec, std::size_t size) {
                             if (life == c.life) got(c, ec, size);
                           });
}

void Crowd::got(Connection& c, error_code ec, std::size_t size) {
  if (c.state == State::kFree) {  // hung up, or speaks unasked: gone either way
    free_.erase(std::find(free_.begin(), free_.end(), c.index));
    return drop(c);
  }
  std::string_view bytes(c.piece.data(), size);
  if (!c.in.empty()) bytes = c.in.append(bytes);
  const ReadReply read_so_far = read_reply(bytes, bool(ec));
  if (const auto* bad = std::get_if<Malformed>(&read_so_far)) {
    return broken(c, fmt::format("not a reply: {}", bad->why));
  }
  const auto* reply = std::get_if<Reply>(&read_so_far);
  if (reply == nullptr) {
    if (ec) return broken(c, "the connection ended before the reply: " + ec.message());
    if (c.in.empty()) c.in = bytes;
    return read(c);
  }
  const bool reusable = reply->keep_alive && !ec && reply->size == bytes.size();
  replied(c, *reply);
  c.in.clear();
  if (done_) return;
  if (!reusable) return drop(c);
  release(c);
  if (c.state == State::kBusy || c.state == State::kFree) read(c);
  if (now() >= next_due_us_) pump();
}

// The answer is heard, the connection may serve the next shopper.
void Crowd::release(Connection& c) {
  c.state = State::kFree;
  c.deadline_us = INT64_MAX;
  if (waiting_.empty()) return free_.push_back(c.index);
  const Due due = waiting_.front();
  waiting_.pop_front();
  send(c, due);
}

void Crowd::drop(Connection& c) {
  error_code ignored;
  c.socket.close(ignored);
  ++c.life;
  c.state = State::kClosed;
  c.deadline_us = INT64_MAX;
  c.warming = false;
  c.in.clear();
  closed_.push_back(c.index);
  --open_;
  if (waiting_.empty() || done_) return;
  const Due due = waiting_.front();
  waiting_.pop_front();
  start(due);  // opens it again
}

// ---- what ----

void Crowd::broken(Connection& c, std::string reason) {
  const State was = c.state;
  if (c.warming) {
    --warming_;
  } else if (was == State::kBusy || was == State::kConnecting) {
    if (was == State::kBusy) --busy_;
    const std::int64_t sent = was == State::kBusy ? c.sent_us : now();
    over(c.due, sent, c, Reply(), no_verdict(std::move(reason)));
  }
  if (done_) return;
  drop(c);
  if (now() < 0) warm_some();
}

void Crowd::replied(Connection& c, const Reply& reply) {
  if (c.warming) {
    c.warming = false;
    --warming_;
    return warm_some();
  }
  --busy_;
  over(c.due, c.sent_us, c, reply, wire_.heard(reply));
}

void Crowd::over(const Due& due, std::int64_t sent_us, const Connection& c, const Reply& reply,
                 const Heard& heard) {
  const std::int64_t at = now();
  const Attempt attempt{.intended_us = due.at_us,
                        .started_us = due.started_us,
                        .sent_us = sent_us,
                        .answered_us = at,
                        .click = due.click,
                        .shopper = plan_.clicks[due.click].shopper,
                        .connection = c.index,
                        .bytes = static_cast<std::uint32_t>(reply.size),
                        .left = heard.left,
                        .attempt = due.attempt,
                        .status = reply.status,
                        .told = heard.told};
  audience_.answered(attempt, heard.order, heard.reason);
  if (!may_change(heard.told) || due.attempt > terms_.retries || stopped()) {
    return settle(due, heard.told, due.attempt, heard.reason);
  }
  const microseconds pause =
      pause_before_retry(plan_.terms.seed, due.click, due.attempt, reply.retry_after);
  retries_.push({.at_us = at + pause.count(),
                 .click = due.click,
                 .attempt = static_cast<std::uint16_t>(due.attempt + 1),
                 .last = heard.told});
  if (retries_.top().at_us < next_due_us_) arm();
}

void Crowd::settle(const Due& due, Told told, std::uint32_t attempts, std::string_view reason) {
  audience_.settled(due.click, told, now(), attempts, reason);
  if (++settled_ == plan_.clicks.size()) finish();
}

void Crowd::finish() {
  done_ = true;
  end_.lasted_us = now();
  for (const auto& c : connections_) {
    error_code ignored;
    ++c->life;
    c->socket.close(ignored);
  }
  pump_timer_.cancel();
  sweep_timer_.cancel();
}

}  // namespace

Result<CrowdEnd> play(const Plan& plan, const Wire& wire, const CrowdTerms& terms,
                      Audience& audience) {
  if (plan.clicks.empty() || terms.connections == 0) {
    return fail(Error::Code::kInvalid,
                "drill: nobody to send; use --users and --connections above 0");
  }
  if (Status files = enough_open_files(terms.connections); !files) return fail(files.error());
  return Crowd(plan, wire, terms, audience).run();
}

}  // namespace seckill
