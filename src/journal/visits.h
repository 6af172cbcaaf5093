// A portion of a journal is visited while the next one is read.
#pragma once

#include <functional>
#include <future>
#include <semaphore>
#include <span>
#include <thread>
#include <utility>

#include "base/invariant.h"
#include "base/result.h"
#include "base/thread_name.h"
#include "model/record.h"

namespace seckill {

// One visit at a time, in order, by a thread that lasts: one for each portion took a tenth of the
// time in which a node joins. Threads: one owner, who calls; `visit` is called by ours. A visit
// under way is waited for at the end, so the entries must outlive this.
class Visits {
 public:
  using Visit = std::function<Status(std::span<const Entry>)>;

  explicit Visits(const Visit& visit) : visit_(visit) {}
  Visits(const Visits&) = delete;
  Visits& operator=(const Visits&) = delete;
  ~Visits() {
    if (done_.valid()) done_.wait();
    asked_.release();  // for nothing: it ends
    thread_.join();
  }

  // Needs: outcome() has told of the one before.
  void start(std::span<const Entry> entries) {
    invariant(!done_.valid(), "one visit at a time");
    next_ = std::packaged_task<Status()>([this, entries] { return visit_(entries); });
    done_ = next_.get_future();
    asked_.release();
  }

  // What became of the visit that was started, when it has ended; fine if none was. Throws what
  // `visit` threw.
  Status outcome() { return done_.valid() ? done_.get() : Status(); }

 private:
  void run() {
    name_thread("visits");
    for (;;) {
      asked_.acquire();
      auto task = std::move(next_);
      if (!task.valid()) return;
      task();
    }
  }

  const Visit& visit_;
  std::packaged_task<Status()> next_;  // from start() until run() has taken it
  std::future<Status> done_;
  std::binary_semaphore asked_{0};
  std::thread thread_{[this] { run(); }};
};

}  // namespace seckill
