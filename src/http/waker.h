// Wakes the sale: when its journal has something to say, and when its own time has come.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/demo_seller.h"
#include "sale/shell.h"

namespace seckill {

class Waker {
 public:
  Waker(boost::asio::io_context& context, Shell& shell)
      : shell_(shell), journal_(context), demo_(context), timer_(context) {}
  ~Waker();

  void watch(int journal_wake_fd);  // not owned
  void watch(DemoSeller& seller);
  // Sees to it that shell.pass() comes in time. A later wish lets the earlier alarm ring in vain:
  // that is cheaper than to set it anew with every turn.
  void arm();

 private:
  void await_journal();
  void await_demo(DemoSeller& seller);
  void ring();

  Shell& shell_;
  boost::asio::posix::stream_descriptor journal_;
  boost::asio::posix::stream_descriptor demo_;
  boost::asio::steady_timer timer_;
  SteadyTime armed_ = kNever;
};

}  // namespace seckill
