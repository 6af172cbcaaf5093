// One connection, from its first byte to its last: a loop that reads what there is, serves all
// whole requests of it, waits for their verdicts, and writes the replies together, in order.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "http/api.h"
#include "http/flow.h"
#include "http/office.h"
#include "http/round.h"
#include "http/streams.h"

namespace seckill {

class Session;

// What connections share.
class Hub {
 public:
  Hub(boost::asio::io_context& the_context, Office& the_office, Api& the_api)
      : context(the_context),
        office(the_office),
        api(the_api),
        streams(context, office),
        rounds(office.options.limits) {}

  // It is resumed by the loop, not from within the sale's step.
  void ready(Session& session);

  boost::asio::io_context& context;
  Office& office;
  Api& api;
  Streams streams;
  Rounds rounds;
  Session* first = nullptr;  // of all
  Session* swept = nullptr;  // where the sweep goes on; null: from the first
  std::uint64_t requests = 0;

 private:
  void resume_ready();
  std::vector<Session*> ready_;
  std::vector<Session*> resuming_;
};

class Session final : public Caller {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;

  Session(Hub& hub, Socket socket);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  static Flow live(std::unique_ptr<Session> self);

  void answered() override;         // one of its calls has its verdict
  void sweep(SteadyTime now);       // is its time over?
  void drain(SteadyTime deadline);  // idle: ends at once
  void resume();                    // by the loop: reads the clock
  void go_on() { std::exchange(waiting_, nullptr).resume(); }
  void abandon() { waiting_.destroy(); }  // the frame, and with it the session
  Session* next() const { return next_; }

 private:
  enum class Stage : std::uint8_t { kIdle, kHead, kBody, kServe, kCalls, kWrite, kLinger };
  struct Readable;
  struct Writable;
  struct Verdicts;
  struct OthersTurn;

  void enter(Stage stage, std::chrono::milliseconds limit);
  void busy();
  void expect_input();
  void receive();
  void overdue_input();
  void serve();
  bool serve_one();
  bool keep_for_its_turn(Call& call, std::size_t begin);
  void serve_without_slot(const Request& request);
  void refuse(const Refusal& refusal);
  void greet_body();
  void finish();
  bool all_answered();
  bool send();
  bool settle();
  void hand_over();
  bool drain_input();
  void expire();
  Call fresh_call() const;

  Hub& hub_;
  Socket socket_;
  Session* prev_ = nullptr;
  Session* next_ = nullptr;
  std::coroutine_handle<> waiting_;
  std::unique_ptr<Round> round_;       // null while idle
  std::unique_ptr<StreamAsk> stream_;  // its reply goes on as a live stream
  SteadyTime deadline_ = kNever;
  std::uint32_t pending_ = 0;  // calls that wait, while stage_ is kCalls
  std::uint32_t drained_ = 0;  // bytes, while lingering
  Stage stage_ = Stage::kServe;
  bool more_ = false;     // there may be whole requests in the buffer still
  bool closing_ = false;  // ends when its replies are written
  bool refused_ = false;  // … and there may be input that nobody will read
  bool gone_ = false;     // ends now
  bool expired_ = false;  // its deadline has passed
};

}  // namespace seckill
