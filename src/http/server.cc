#include "http/server.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <utility>

#include "base/invariant.h"
#include "http/listener.h"
#include "http/session.h"
#include "http/waker.h"

namespace seckill {

namespace asio = boost::asio;

namespace {

constexpr int kSweepSlice = 256;  // sessions

}  // namespace

class Server::Impl {
 public:
  Impl(asio::io_context& context, Shell& shell, HttpOptions options, Backstage backstage)
      : office_(shell, std::move(options), std::move(backstage)),
        hub_(context, office_, api_),
        waker_(context, shell),
        listener_(context, office_.metrics,
                  [this](Session::Socket socket) { welcome(std::move(socket)); }),
        sweeper_(context) {
    office_.replies.set_date(raw_now());
  }
  ~Impl() {
    while (hub_.first != nullptr) hub_.first->abandon();
  }

  Status open(int journal_wake_fd) {
    if (auto listening = listener_.open(office_.options); !listening) return listening;
    office_.loopback = listener_.is_loopback();
    waker_.watch(journal_wake_fd);
    if (office_.backstage.demo != nullptr) waker_.watch(*office_.backstage.demo);
    sweep_later(office_.options.limits.sweep);
    return {};
  }

  void renew(std::chrono::milliseconds request, TokenHash admin, TokenHash till) {
    office_.options.limits.request = request;
    office_.options.admin_token = admin;
    office_.options.till_token = till;
  }

  void tell(std::span<const Answer> answers) {
    for (const Answer& answer : answers) {
      Call* call = office_.calls.waiting(answer.who);
      if (call == nullptr) continue;  // he was told that nobody knows (A6)
      call->verdict = answer.verdict;
      call->state = Call::State::kAnswered;
      call->caller->answered();
    }
  }

  void run() {
    hub_.context.restart();
    while (!stopped_ && !drained()) {
      hub_.context.poll();
      office_.shell.idle();
      if (office_.backstage.demo != nullptr) office_.backstage.demo->idle();
      waker_.arm();
      if (!stopped_ && !drained()) hub_.context.run_one();
    }
  }

  void drain() {
    if (std::exchange(office_.draining, true)) return;
    listener_.close();
    hub_.streams.close_all();
    const SteadyTime soon = steady_now() + milliseconds(1'000);
    for (Session* session = hub_.first; session != nullptr; session = session->next())
      session->drain(soon);
  }

  void stop() { stopped_ = true; }
  std::uint16_t port() const { return listener_.port(); }

 private:
  bool drained() const {
    const DemoSeller* demo = office_.backstage.demo;
    return office_.draining && hub_.first == nullptr && office_.shell.sale().quiet() &&
           (demo == nullptr || demo->quiet());
  }

  void welcome(Session::Socket socket) {
    auto session = std::make_unique<Session>(hub_, std::move(socket));
    Session::live(std::move(session));
  }

  // One walk over all deadlines instead of a timer each.
  // In slices: whoever waits for a verdict does not wait until ten thousand who are silent have
  // been looked at.
  void sweep_later(milliseconds pause) {
    sweeper_.expires_after(pause);
    sweeper_.async_wait([this](const boost::system::error_code& error) {
      if (!error) sweep();
    });
  }

  void sweep() {
    const Now now = machine_now();
    if (hub_.swept == nullptr) {
      office_.replies.set_date(now.raw);
      hub_.swept = hub_.first;
    }
    for (int i = 0; i < kSweepSlice && hub_.swept != nullptr; ++i)
      std::exchange(hub_.swept, hub_.swept->next())->sweep(now.steady);
    sweep_later(hub_.swept != nullptr ? milliseconds(1) : office_.options.limits.sweep);
  }

  Office office_;
  Api api_{office_};
  Hub hub_;
  Waker waker_;
  Listener listener_;
  asio::steady_timer sweeper_;
  bool stopped_ = false;
};

Result<std::unique_ptr<Server>> Server::open(asio::io_context& context, Shell& shell,
                                             int journal_wake_fd, HttpOptions options,
                                             Backstage backstage) {
  auto impl = std::make_unique<Impl>(context, shell, std::move(options), std::move(backstage));
  if (auto opened = impl->open(journal_wake_fd); !opened) return fail(std::move(opened.error()));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
void Server::tell(std::span<const Answer> answers) { impl_->tell(answers); }
void Server::renew(std::chrono::milliseconds request, TokenHash admin, TokenHash till) {
  impl_->renew(request, admin, till);
}
void Server::run() { impl_->run(); }
void Server::drain() { impl_->drain(); }
void Server::stop() { impl_->stop(); }
std::uint16_t Server::port() const { return impl_->port(); }

}  // namespace seckill
