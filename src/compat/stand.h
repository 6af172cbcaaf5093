// The demo's stand: a counter in Redis, a topic in Kafka, a table in MySQL, all of them shared with
// whoever else sells there. What the program knows of compat/.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/password_file.h"
#include "compat/drift.h"
#include "counter/redis_counter.h"
#include "http/demo_seller.h"
#include "journal/kafka_journal.h"
#include "orders/mysql_url.h"

namespace seckill::compat {

struct StandOptions {
  RedisOptions counter;
  KafkaOptions topic;
  std::optional<mysql::Target> rows;  // nothing: the demo's own consumer stores them
  PasswordFile rows_password;
  std::uint64_t stock = 100;  // what the counter begins with, where nothing was sold yet
  std::uint32_t waiting_max = 100'000;
  std::uint64_t node = 0;  // of this process, in the headers of what it records
  // One line for the person on call. From any thread of ours.
  std::function<void(std::string_view)> say = [](std::string_view) {};
};

class Stand : public DemoSeller {
 public:
  using Tell = std::function<void(std::span<const Answer>)>;

  // Waits for the servers, options.topic.start_wait each. What is missing is made, and what is
  // there is never reset: the topic; database, table and bookmark; and the counter, but only where
  // the topic is empty, too. kUnavailable: a server does not answer.
  static Result<std::unique_ptr<Stand>> open(StandOptions options, Tell tell);

  struct Found {
    bool counter_made = false;
    bool topic_made = false;
    std::uint64_t messages = 0;
    std::optional<std::int64_t> counter;
  };
  virtual const Found& found() const = 0;

  // What is wrong with a part; empty: nothing.
  struct Health {
    std::string counter, topic, rows;
    std::uint64_t behind = 0;  // messages without their row
  };
  virtual Health health() const = 0;
  virtual void append_metrics(std::string& text) const = 0;
  virtual void finish(milliseconds within) = 0;  // the rows catch up
};

// For the audit: the three figures. Nothing is made or changed.
Result<Figures> look_at_stand(const StandOptions& options);

}  // namespace seckill::compat
