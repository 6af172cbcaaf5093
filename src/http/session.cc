#include "http/session.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace seckill {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::uint32_t kDrainMax = 1 << 20;

bool is_later(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

// Each of these hands the session's handle to the one who will resume it.
struct Session::Readable {
  Session& session;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const {
    session.waiting_ = handle;
    session.socket_.async_wait(
        Socket::wait_read, [who = &session](const boost::system::error_code&) { who->resume(); });
  }
  void await_resume() const noexcept {}
};

struct Session::Writable {
  Session& session;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const {
    session.waiting_ = handle;
    session.socket_.async_wait(
        Socket::wait_write, [who = &session](const boost::system::error_code&) { who->resume(); });
  }
  void await_resume() const noexcept {}
};

struct Session::Verdicts {
  Session& session;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const { session.waiting_ = handle; }
  void await_resume() const noexcept {}
};

struct Session::OthersTurn {
  Session& session;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const {
    session.waiting_ = handle;
    asio::post(session.hub_.context, [who = &session] { who->resume(); });
  }
  void await_resume() const noexcept {}
};

void Hub::ready(Session& session) {
  if (ready_.empty()) asio::post(context, [this] { resume_ready(); });
  ready_.push_back(&session);
}

void Hub::resume_ready() {
  resuming_.swap(ready_);
  office.now = machine_now();
  for (Session* session : resuming_) session->go_on();
  resuming_.clear();
}

Session::Session(Hub& hub, Socket socket)
    : hub_(hub), socket_(std::move(socket)), next_(hub.first) {
  if (next_ != nullptr) next_->prev_ = this;
  hub_.first = this;
  ++hub_.office.metrics.connections;
}

Session::~Session() {
  if (round_) {
    for (Call* call : round_->calls) hub_.office.calls.close(*call);
    hub_.rounds.give_back(std::move(round_));
  }
  if (hub_.swept == this) hub_.swept = next_;
  if (next_ != nullptr) next_->prev_ = prev_;
  (prev_ != nullptr ? prev_->next_ : hub_.first) = next_;
  --hub_.office.metrics.connections;
}

Flow Session::live(std::unique_ptr<Session> self) {
  Session& me = *self;
  me.hub_.office.now = machine_now();
  try {
    for (bool open = true; open;) {
      if (!me.more_) {
        me.expect_input();
        co_await Readable{me};
        me.receive();
      }
      me.serve();
      while (!me.all_answered()) co_await Verdicts{me};
      while (!me.send()) co_await Writable{me};
      open = me.settle();
      if (open && me.more_) co_await OthersTurn{me};
    }
    me.hand_over();
    while (me.drain_input()) co_await Readable{me};
  } catch (const std::exception&) {
    me.gone_ = true;  // no memory, most likely: this connection ends, the others go on
  }
}

void Session::resume() {
  hub_.office.now = machine_now();
  go_on();
}

void Session::enter(Stage stage, std::chrono::milliseconds limit) {
  if (stage_ == stage) return;
  stage_ = stage;
  deadline_ = hub_.office.now.steady + limit;
}

void Session::busy() {
  stage_ = Stage::kServe;
  deadline_ = kNever;
}

// ---- Deadlines ----

void Session::sweep(SteadyTime at) {
  if (at < deadline_) return;
  deadline_ = kNever;
  if (stage_ == Stage::kCalls) return expire();
  expired_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);  // resumes it
}

// Who has waited long enough is told that nobody knows; the verdict, when it comes, finds nobody.
// Nobody waits when the last verdict came in this very round: then it is to be resumed already.
void Session::expire() {
  if (pending_ == 0) return;
  for (Call* call : round_->calls) {
    if (call->state != Call::State::kWaiting) continue;
    hub_.office.calls.overdue(*call);
  }
  pending_ = 0;
  hub_.ready(*this);
}

void Session::drain(SteadyTime deadline) {
  if (stage_ == Stage::kIdle) return sweep(kNever);
  if (stage_ == Stage::kHead || stage_ == Stage::kBody) deadline_ = std::min(deadline_, deadline);
}

// ---- Input ----

void Session::expect_input() {
  const HttpLimits& limits = hub_.office.options.limits;
  if (!round_) return enter(Stage::kIdle, limits.idle);
  if (round_->intake.awaits_body()) return enter(Stage::kBody, limits.body);
  enter(Stage::kHead, limits.head);
}

void Session::receive() {
  if (expired_) return overdue_input();
  if (!round_) round_ = hub_.rounds.lend();
  const auto room = round_->intake.room();
  const auto size = ::recv(socket_.native_handle(), room.data(), room.size(), 0);
  if (size > 0) {
    round_->intake.received(static_cast<std::size_t>(size));
  } else if (size == 0 || (!is_later(errno) && errno != EINTR)) {
    gone_ = true;
  }
}

void Session::overdue_input() {
  if (stage_ == Stage::kIdle) {
    gone_ = true;
  } else {
    refuse({problems::kTimeout, "The request did not come in time."});
  }
}

// ---- Requests ----

void Session::serve() {
  more_ = false;
  if (gone_ || closing_) return;
  Round& round = *round_;
  for (std::uint32_t n = 0; n < hub_.office.options.limits.requests_per_round; ++n) {
    const auto found = round.intake.next();
    if (found == Intake::Found::kMore) return greet_body();
    const bool first = round.calls.empty();
    if (found == Intake::Found::kRefused && first) return refuse(round.intake.refusal());
    if (found == Intake::Found::kRefused || !serve_one()) break;
    if (closing_) return;
  }
  more_ = true;
}

// Claims of one read wait side by side; anything else waits until those before it are answered, so
// that it sees what they did. False: not now.
bool Session::serve_one() {
  Round& round = *round_;
  const Request& request = round.intake.request();
  const Routed to = route_of(request.path);
  const bool claim = is_claim(to.route, request.method);
  if (!claim && !round.calls.empty()) return false;
  Call* call = hub_.office.calls.open(*this);
  if (call == nullptr && !round.calls.empty()) return false;
  busy();
  closing_ = !request.keep_alive || hub_.office.draining;
  if (call == nullptr) {
    serve_without_slot(request);
    return true;
  }
  call->close = closing_;
  call->http_1_0 = request.http_1_0;
  call->began = hub_.office.now.steady;
  call->request_id = hub_.office.options.nonce + ++hub_.requests;
  const std::size_t before = round.out.size();
  Step step = hub_.api.ask(*call, request, to, round.out);
  if (hub_.office.stream) {
    stream_ = std::make_unique<StreamAsk>(std::move(*hub_.office.stream));
    hub_.office.stream.reset();
    closing_ = true;
  }
  round.intake.consume();
  if (step == Step::kReplied && !round.calls.empty()) return keep_for_its_turn(*call, before);
  while (step == Step::kAnswered && round.calls.empty()) step = hub_.api.reply(*call, round.out);
  if (step == Step::kReplied) {
    hub_.office.calls.close(*call);
    return true;
  }
  round.calls.push_back(call);
  return claim;
}

// A claim that was refused at once, behind others that wait: its reply must not overtake theirs.
bool Session::keep_for_its_turn(Call& call, std::size_t begin) {
  if (!call.lane) call.lane = std::make_unique<CallLane>();
  call.lane->written = round_->out.substr(begin);
  round_->out.resize(begin);
  call.state = Call::State::kAnswered;
  round_->calls.push_back(&call);
  return true;
}

Call Session::fresh_call() const {
  Call call;
  call.close = closing_;
  call.began = hub_.office.now.steady;
  call.request_id = hub_.office.options.nonce + ++hub_.requests;
  return call;
}

void Session::serve_without_slot(const Request& request) {
  Call call = fresh_call();
  call.http_1_0 = request.http_1_0;
  hub_.api.refuse(call, {problems::kBusy, "Nothing was recorded. Ask again."}, round_->out);
  round_->intake.consume();
}

void Session::refuse(const Refusal& refusal) {
  closing_ = refused_ = true;
  Call call = fresh_call();
  hub_.api.refuse(call, refusal, round_->out);
}

// "100 Continue" when the head is accepted and the body awaited, or the refusal at once (T5).
void Session::greet_body() {
  Round& round = *round_;
  if (!round.intake.awaits_body() || !round.calls.empty() || !round.intake.take_expectation())
    return;
  const Request& request = round.intake.request();
  if (const auto why = hub_.api.at_the_door(request, route_of(request.path))) return refuse(*why);
  round.out += kContinue;
}

// ---- Verdicts ----

void Session::answered() {
  if (stage_ == Stage::kCalls && pending_ > 0 && --pending_ == 0) hub_.ready(*this);
}

// Writes what can be written. False: some of its calls wait, and it is resumed when none does.
bool Session::all_answered() {
  while (round_ && !round_->calls.empty()) {
    busy();
    const auto& calls = round_->calls;
    pending_ = static_cast<std::uint32_t>(std::count_if(
        calls.begin(), calls.end(), [](Call* c) { return c->state == Call::State::kWaiting; }));
    if (pending_ > 0) {
      enter(Stage::kCalls, hub_.office.options.limits.request);
      return false;
    }
    finish();
  }
  return true;
}

void Session::finish() {
  auto& calls = round_->calls;
  auto done = calls.begin();
  for (; done != calls.end(); ++done) {
    Step step = Step::kAnswered;
    if (const auto& lane = (*done)->lane; lane && !lane->written.empty()) {
      round_->out += lane->written;
      step = Step::kReplied;
    }
    while (step == Step::kAnswered) step = hub_.api.reply(**done, round_->out);
    if (step == Step::kWaits) break;
    hub_.office.calls.close(**done);
  }
  calls.erase(calls.begin(), done);
}

// ---- Output ----

// False: the peer takes no more for now.
bool Session::send() {
  if (!round_ || gone_) return true;
  Round& round = *round_;
  if (expired_ && stage_ == Stage::kWrite) gone_ = true;
  while (round.sent < round.out.size() && !gone_) {
    const auto size = ::send(socket_.native_handle(), round.out.data() + round.sent,
                             round.out.size() - round.sent, MSG_NOSIGNAL);
    if (size >= 0) {
      round.sent += static_cast<std::size_t>(size);
      busy();
    } else if (is_later(errno)) {
      enter(Stage::kWrite, hub_.office.options.limits.write);
      return false;
    } else if (errno != EINTR) {
      gone_ = true;
    }
  }
  round.out.clear();
  round.sent = 0;
  return true;
}

// False: nothing can follow.
bool Session::settle() {
  if (gone_ || closing_) return false;
  if (!round_->intake.empty()) return true;
  more_ = false;
  hub_.rounds.give_back(std::move(round_));
  return !hub_.office.draining;
}

// A live stream's socket leaves us: what follows its head is no reply of ours.
void Session::hand_over() {
  if (!stream_ || gone_) return;
  gone_ = true;
  boost::system::error_code failed;
  const int file = socket_.release(failed);
  if (!failed) hub_.streams.adopt(file, *stream_);
}

// Closing while input is unread would reset the connection, and the peer might lose the reply: so
// it is told first that no more will come, and what it still sends is read for a moment.
bool Session::drain_input() {
  if (gone_ || !(refused_ || (round_ && !round_->intake.empty()))) return false;
  if (stage_ != Stage::kLinger) {
    expired_ = false;
    ::shutdown(socket_.native_handle(), SHUT_WR);
    enter(Stage::kLinger, hub_.office.options.limits.linger);
  }
  std::array<char, 4096> unread;
  while (!expired_ && drained_ < kDrainMax) {
    const auto size = ::recv(socket_.native_handle(), unread.data(), unread.size(), 0);
    if (size < 0 && is_later(errno)) return true;
    if (size <= 0) return false;
    drained_ += static_cast<std::uint32_t>(size);
  }
  return false;
}

}  // namespace seckill
