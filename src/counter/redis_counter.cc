#include "counter/redis_counter.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fmt/format.h>
#include <netdb.h>
#include <optional>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <thread>
#include <utility>

#include "base/fd.h"
#include "base/invariant.h"
#include "counter/redis_call.h"

namespace seckill {
namespace {

using Code = Error::Code;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{2'000};
constexpr std::size_t kAnswerMax = 1 << 20;  // bytes that a liar may send before we hang up

// The server's address as numbers: the loop never waits for a name.
Result<std::string> numbers_of(const RedisTarget& target) {
  redis::Context probe(redisConnectWithTimeout(target.host.c_str(), target.port, timeval{2, 0}));
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  std::array<char, 64> text{};
  if (!probe || probe->err != 0 ||
      ::getpeername(probe->fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&peer), size, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
    return fail(Code::kUnavailable,
                fmt::format("counter/redis: {} does not answer; is it started?", to_text(target)));
  }
  return std::string(text.data());
}

class Connected final : public RedisCounter {
 public:
  Connected(RedisOptions options, std::string address, RecordHash journal)
      : options_(std::move(options)),
        address_(std::move(address)),
        keys_begin_(redis::keys_begin(journal)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    invariant(epoll_ && timer_, "an epoll and a timer");
    watch(EPOLL_CTL_ADD, timer_.get(), EPOLLIN);
    connect(steady_now());
  }

  void take(const Take& take) override;
  std::optional<Counted> poll() override;
  int wake_fd() const override { return epoll_.get(); }
  Figures figures() const override { return figures_; }

 private:
  enum class State : std::uint8_t { kDown, kConnecting, kGreeting, kReady };
  enum class Kind : std::uint8_t { kGreeting, kLoad, kTake };
  struct Expected {
    Kind kind{};
    std::uint64_t number = 0;
    SteadyTime sent;
  };

  void connect(SteadyTime now);
  void greet();
  void drive();
  void read();
  void write();
  void send(const redis::Words& words, Kind kind, std::uint64_t number = 0);
  void heed(const redisReply& reply);
  void heed_taken(const Expected& expected, const redisReply& reply);
  void refused(std::string_view error);
  void unknown();
  void hang_up(const std::string& why);
  void trouble(const std::string& what);
  void well();
  void arm();
  void watch(int act, int fd, std::uint32_t events) const;

  const RedisOptions options_;
  const std::string address_;
  const std::string keys_begin_;
  Fd epoll_, timer_;
  redis::Context context_;
  State state_ = State::kDown;
  bool wants_write_ = false;
  bool refused_ = false;           // what we asked; a new connection alone mends nothing
  std::deque<Expected> expected_;  // eldest first
  SteadyTime since_;               // connecting, or down …
  SteadyTime retry_at_ = kNever;   // … until then
  SteadyTime armed_ = kNever;      // the timer rings
  milliseconds pause_ = kFirstPause;

  std::uint64_t number_ = 0;  // of the last take
  bool open_ = false;         // it is not answered yet …
  bool answered_ = false;     // … or it is, and poll() has not said so
  bool reloaded_ = false;     // for it, the function was loaded once
  bool fresh_ = false;        // a new connection, likewise
  redis::Words words_;        // it
  std::vector<std::uint32_t> units_, granted_;
  Figures figures_;
};

void Connected::watch(int act, int fd, std::uint32_t events) const {
  epoll_event event{.events = events, .data = {.fd = fd}};
  invariant(::epoll_ctl(epoll_.get(), act, fd, &event) == 0, "an epoll takes what is open");
}

void Connected::connect(SteadyTime now) {
  since_ = now;
  context_.reset(redisConnectNonBlock(address_.c_str(), options_.target.port));
  if (!context_ || context_->err != 0) {
    return hang_up(context_ ? context_->errstr : "no memory");
  }
  redis::bound(*context_);
  state_ = State::kConnecting;
  wants_write_ = true;
  watch(EPOLL_CTL_ADD, context_->fd, EPOLLIN | EPOLLOUT);
  arm();
}

void Connected::greet() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return hang_up(std::strerror(error));
  state_ = State::kGreeting;
  const auto words = redis::login(options_);
  if (!words) return hang_up(words.error().message);
  if (!words->empty()) send(*words, Kind::kGreeting);
  if (context_) send({"SELECT", std::to_string(options_.target.database)}, Kind::kGreeting);
}

void Connected::send(const redis::Words& words, Kind kind, std::uint64_t number) {
  const std::string bytes = redis::wire(words);
  if (redisAppendFormattedCommand(context_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    return hang_up(context_->errstr);
  }
  expected_.push_back({kind, number, steady_now()});
  write();
}

void Connected::write() {
  int done = 0;
  if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return hang_up(context_->errstr);
  const bool wants = done == 0;
  if (wants != std::exchange(wants_write_, wants)) {
    watch(EPOLL_CTL_MOD, context_->fd, EPOLLIN | (wants ? EPOLLOUT : 0U));
  }
}

void Connected::take(const Take& take) {
  invariant(!take.wants.empty() && take.wants.size() <= kWantsMax, "1..kWantsMax wants");
  number_ = take.number;
  open_ = true;
  answered_ = reloaded_ = false;
  units_.clear();
  for (const Want& want : take.wants) units_.push_back(want.units);
  if (state_ != State::kReady) {
    unknown();
    return arm();
  }
  words_ = redis::take(keys_begin_, take);
  send(words_, Kind::kTake, number_);
  arm();
}

std::optional<Counted> Connected::poll() {
  drive();
  if (std::exchange(fresh_, false)) return Counted{};
  if (std::exchange(answered_, false)) return Counted{number_, granted_};
  arm();
  return std::nullopt;
}

void Connected::drive() {
  std::uint64_t expirations = 0;
  if (::read(timer_.get(), &expirations, sizeof expirations) > 0) armed_ = kNever;
  std::array<epoll_event, 2> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 0);
  for (int i = 0; i < count && context_; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd != context_->fd) continue;
    if (state_ == State::kConnecting) {
      greet();
      continue;
    }
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read();
    if (context_ && (event.events & EPOLLOUT) != 0) write();
  }
  const SteadyTime now = steady_now();
  if (state_ == State::kDown && now >= retry_at_) connect(now);
  const bool silent = !expected_.empty() && now >= expected_.front().sent + kDead;
  if (silent || (state_ == State::kConnecting && now >= since_ + kDead))
    hang_up("no answer in 1 s");
}

void Connected::read() {
  if (redisBufferRead(context_.get()) != REDIS_OK) return hang_up(context_->errstr);
  while (context_) {
    void* answer = nullptr;
    if (redisGetReplyFromReader(context_.get(), &answer) != REDIS_OK) {
      return hang_up(context_->errstr);
    }
    if (answer == nullptr) break;
    const redis::Reply reply(static_cast<redisReply*>(answer));
    heed(*reply);
  }
  if (context_ && context_->reader->len > kAnswerMax) hang_up("it sends too much");
}

void Connected::heed(const redisReply& reply) {
  if (expected_.empty()) return hang_up("it answers what was not asked");
  const Expected expected = expected_.front();
  expected_.pop_front();
  if (expected.kind == Kind::kTake) return heed_taken(expected, reply);
  if (redis::is_error(reply)) return refused(redis::text_of(reply));
  if (expected.kind == Kind::kLoad || !expected_.empty()) return;
  state_ = State::kReady;
  fresh_ = true;
  if (!refused_) well();
}

void Connected::heed_taken(const Expected& expected, const redisReply& reply) {
  const bool current = expected.number == number_ && open_;
  if (redis::is_error(reply)) {
    const std::string_view error = redis::text_of(reply);
    if (redis::says_no_function(error)) {  // restarted empty, or FUNCTION FLUSH
      if (!current) return;
      if (std::exchange(reloaded_, true)) return unknown();  // it would not load it
      send(redis::load(), Kind::kLoad);
      if (context_) send(words_, Kind::kTake, number_);
      return;
    }
    if (current) unknown();
    return refused(error);
  }
  ++figures_.calls;
  figures_.call_us += static_cast<std::uint64_t>((steady_now() - expected.sent).count());
  if (!current) return;
  unknown();  // unless all of it makes sense
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements != units_.size()) return;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const redisReply& one = *reply.element[i];
    if (one.type != REDIS_REPLY_INTEGER || one.integer < 0 || one.integer > units_[i]) {
      granted_.clear();
      return;
    }
    granted_.push_back(static_cast<std::uint32_t>(one.integer));
  }
  well();
}

// The last take is answered: nobody knows.
void Connected::unknown() {
  open_ = false;
  answered_ = true;
  granted_.clear();
}

// What may pass is asked again in a second; else another server may answer when we come again. So
// do we where the greeting was refused: nothing is asked before it.
void Connected::refused(std::string_view error) {
  const Error means = redis::meaning_of(error, options_);
  if (state_ == State::kGreeting) return hang_up(means.message);
  refused_ = true;
  if (means.code == Code::kUnavailable) return trouble(means.message);
  hang_up(means.message);
}

void Connected::hang_up(const std::string& why) {
  if (open_) unknown();
  expected_.clear();
  context_.reset();
  state_ = State::kDown;
  retry_at_ = steady_now() + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
  trouble(why.starts_with("counter/")
              ? why
              : fmt::format("counter/redis: {}: {}", to_text(options_.target), why));
  arm();
}

// Said once, until all is well again.
void Connected::trouble(const std::string& what) {
  figures_.up = false;
  if (figures_.trouble.empty()) options_.say(what + "; selling goes on without it");
  figures_.trouble = what;
}

void Connected::well() {
  if (!figures_.trouble.empty()) options_.say(to_text(options_.target) + " counts again");
  figures_.trouble.clear();
  figures_.up = true;
  refused_ = false;
  pause_ = kFirstPause;
}

// An earlier alarm may ring in vain: that is cheaper than to set it anew with every call.
void Connected::arm() {
  SteadyTime at = kNever;
  if (state_ == State::kDown) at = retry_at_;
  if (state_ == State::kConnecting) at = since_ + kDead;
  if (!expected_.empty()) at = std::min(at, expected_.front().sent + kDead);
  if (fresh_ || answered_) at = SteadyTime{1};  // at once
  if (at >= armed_) return;
  armed_ = at;
  const itimerspec when{
      .it_value = {.tv_sec = at.us / 1'000'000, .tv_nsec = at.us % 1'000'000 * 1'000}};
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace

Result<std::unique_ptr<RedisCounter>> RedisCounter::open(RedisOptions options, RecordHash journal) {
  const SteadyTime until = steady_now() + options.start_wait;
  for (bool said = false;; said = true) {
    const Status works = redis::try_out(options);
    if (works) break;
    if (works.error().code != Code::kUnavailable || steady_now() >= until) {
      return fail(works.error());
    }
    if (!said) options.say("waiting for it: " + works.error().message);
    std::this_thread::sleep_for(milliseconds(200));
  }
  auto address = numbers_of(options.target);
  if (!address) return fail(address.error());
  return std::make_unique<Connected>(std::move(options), *std::move(address), journal);
}

}  // namespace seckill
