// Enters: bytes become claims, verdicts become bytes; whoever comes beyond our strength is told so
// at once. The server is also the loop's owner: it turns until it is stopped, or drained.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "http/backstage.h"
#include "http/options.h"
#include "sale/shell.h"

namespace boost::asio {
class io_context;
}

namespace seckill {

// Promises: (1) every complete request is answered, in the order of its connection, with a verdict
// or with "unknown: ask again" before the deadline (I11); (2) bytes that two readers could read
// differently are refused and the connection closed (T1-T6); (3) connections, requests in progress,
// and what each may hold are bounded (I12), and one connection gets at most requests_per_round
// before the others' turn; (4) no open-file limit stops the accepting (T36); (5) nothing is
// allocated for a claim that is refused.
// Threads: all of it belongs to the loop's thread. The context must not run once the server is
// destroyed.
class Server {
 public:
  // Binds and listens. kUnavailable: the port is taken; kInvalid: the address is none of ours.
  // `journal_wake_fd` is Journal::wake_fd(): readable means shell.pump().
  static Result<std::unique_ptr<Server>> open(boost::asio::io_context& context, Shell& shell,
                                              int journal_wake_fd, HttpOptions options,
                                              Backstage backstage);
  ~Server();

  // The shell's Tell: whoever waits for one of these answers gets it in this turn of the loop.
  void tell(std::span<const Answer> answers);

  // From now on: this deadline for requests that come, these tokens. Its other options are for
  // good.
  void renew(std::chrono::milliseconds request, TokenHash admin, TokenHash till);

  // Turns the loop until stop(), or until drain() is done: nobody connected, the sale quiet.
  void run();

  // Accepts nobody new, is not ready, finishes what is in progress, closes what idles.
  void drain();
  // run() returns at once. What is in progress stays unanswered.
  void stop();

  std::uint16_t port() const;

  class Impl;

 private:
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seckill
