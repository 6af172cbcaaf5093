// Takes connections in, as many as there may be, and goes on when there are no more files (T36).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "http/http_metrics.h"
#include "http/options.h"

namespace seckill {

class Listener {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;
  using Welcome = std::function<void(Socket)>;

  Listener(boost::asio::io_context& context, HttpMetrics& metrics, Welcome welcome);
  ~Listener();

  Status open(const HttpOptions& options);
  void close();
  std::uint16_t port() const { return port_; }
  bool is_loopback() const { return loopback_; }

 private:
  void await();
  void accept_some();
  bool accept_one();
  bool refused(int error);
  void shed(int file);
  void shed_by_reserve();
  void keep_reserve();
  void rest();

  boost::asio::io_context& context_;
  HttpMetrics& metrics_;
  Welcome welcome_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp protocol_ = boost::asio::ip::tcp::v4();
  boost::asio::steady_timer rest_;
  std::uint32_t connections_max_ = 0;
  std::uint16_t port_ = 0;
  int reserve_ = -1;  // a file kept open for the moment when there are no more
  bool loopback_ = false;
};

}  // namespace seckill
