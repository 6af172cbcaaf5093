// What admins list, read from the rows by a thread of its own: the loop never waits for a database.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "orders/orders.h"

namespace seckill::app {

// The reply's body, as http/backstage.h writes it down. Pure.
std::string to_json(const Page<OrderRow>& page);
std::string to_json(const Page<PaymentRow>& page);

// Promises: (1) `done` is called once, on this thread, with JSON or an error; (2) at most
// kWaitingMax questions wait: more hear kUnavailable at once (I12).
class Lists {
 public:
  static constexpr std::size_t kWaitingMax = 64;
  using Open = std::function<Result<std::unique_ptr<OrdersReader>>()>;
  using Done = std::function<void(Result<std::string>)>;

  explicit Lists(Open open);  // rows are opened when they are first asked for, or fail to answer
  ~Lists();                   // whoever still waits hears kUnavailable

  void ask(const OrdersQuery& query, Done done);
  void ask(const PaymentsQuery& query, Done done);

 private:
  using Question = std::function<Result<std::string>(OrdersReader&)>;
  struct Waiting {
    Question question;
    Done done;
  };
  void put(Question question, Done done);
  void run();
  Result<std::string> answer(const Question& question);

  Open open_;
  std::unique_ptr<OrdersReader> rows_;

  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool stopping_ = false;

  std::thread thread_;  // last: it sees everything above
};

}  // namespace seckill::app
