#include "http/waker.h"

#include <algorithm>
#include <chrono>

namespace seckill {

Waker::~Waker() {
  if (journal_.is_open()) journal_.release();
  if (demo_.is_open()) demo_.release();
}

void Waker::watch(int journal_wake_fd) {
  if (journal_wake_fd < 0) return;
  journal_.assign(journal_wake_fd);
  await_journal();
}

void Waker::await_journal() {
  journal_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        shell_.pump();
                        await_journal();
                      });
}

void Waker::watch(DemoSeller& seller) {
  demo_.assign(seller.wake_fd());
  await_demo(seller);
}

void Waker::await_demo(DemoSeller& seller) {
  demo_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [this, &seller](const boost::system::error_code& error) {
                     if (error) return;
                     seller.pump();
                     await_demo(seller);
                   });
}

void Waker::arm() {
  const SteadyTime wake = shell_.wake();
  if (wake >= armed_) return;
  armed_ = wake;
  timer_.expires_at(
      std::chrono::steady_clock::time_point(microseconds(std::max<std::int64_t>(wake.us, 0))));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ring();
  });
}

void Waker::ring() {
  armed_ = kNever;
  if (shell_.wake() <= steady_now()) shell_.pass();
}

}  // namespace seckill
