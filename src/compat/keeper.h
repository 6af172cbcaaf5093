// Delivered: a thread that follows the demo's topic and stores a row for each of its messages.
// Selling never waits for it.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/password_file.h"
#include "compat/legacy_rows.h"
#include "compat/topic_reader.h"

namespace seckill::compat {

struct RowsPlace {
  mysql::Target target;
  PasswordFile password;
};

// Promises: (1) whatever is wrong is tried again each kPause, said once, and stays in state()
// meanwhile; rows of another topic, or of one that was cut short, are left as they are; (2)
// finish() catches up within its bound.
// Threads: the constructor starts one; everything else belongs to the loop.
class Keeper {
 public:
  using Say = std::function<void(std::string_view)>;

  // No place: it only looks at the topic. Needs: `reader` is nobody else's.
  Keeper(std::unique_ptr<TopicReader> reader, std::string topic, std::optional<RowsPlace> place,
         Say say);
  ~Keeper();

  struct State {
    std::uint64_t end = 0;     // of the topic, as last seen
    std::uint64_t next = 0;    // message to store
    std::uint64_t stored = 0;  // rows, by this process
    std::string topic_trouble, rows_trouble;
  };
  State state() const;
  void finish(milliseconds within);

 private:
  void run();
  bool wait(milliseconds time);  // false: the end
  void look();
  void store();
  Result<bool> store_some();
  bool out_of_time() const;
  Status meet_rows();
  void note(std::string State::* trouble, const std::string& says);

  std::unique_ptr<TopicReader> reader_;
  const std::string topic_;
  const std::optional<RowsPlace> place_;
  const Say say_;
  std::unique_ptr<LegacyRows> rows_;
  Identity identity_;

  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  State state_;
  SteadyTime until_ = kNever;
  bool finishing_ = false;

  std::thread thread_;  // last: it sees everything above
};

}  // namespace seckill::compat
