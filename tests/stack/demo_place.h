// A demo's stack of one test: a Redis of its own, and in servers that others use, too, a topic and
// a database of MariaDB; and `seckill serve --compat demo` over it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "stack/mysql_place.h"
#include "stack/redis_place.h"
#include "support/real_servers.h"
#include "system/binary.h"

namespace seckill::testing {

class DemoPlace {
 public:
  // Of Kafka and MariaDB; they outlive it.
  explicit DemoPlace(const RealServers& servers)
      : servers_(servers),
        redis_("redis"),
        rows_(servers),
        topic_(fmt::format("CAR_NUMBER-{}-{}", ::getpid(), std::random_device{}())) {}

  std::unique_ptr<Server> serve(std::vector<std::string> more = {}) const {
    return std::make_unique<Server>(dir.path(), with(std::move(more)), surroundings());
  }
  Ran audit(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), "audit");
    return run(dir.path(), with(std::move(more)), surroundings());
  }
  // The demo's flags, but for the topic's name, which is in the surroundings.
  std::vector<std::string> with(std::vector<std::string> words) const {
    for (const std::string& more :
         {std::string("--compat"), std::string("demo"), std::string("--data"), std::string("data"),
          std::string("--counter"), redis_["REDIS_URL"], std::string("--journal"),
          "kafka://" + servers_["KAFKA_ADDRESSES"], std::string("--orders"),
          mysql::to_text(rows_.target()), std::string("--orders-password-file"),
          servers_["MYSQL_PASSWORD_FILE"]})
      words.push_back(more);
    return words;
  }
  Surroundings surroundings() const {
    return {
        .environment = {{"SECKILL_COMPAT_TOPIC", topic_}, {"SECKILL_JOURNAL_START_WAIT", "20s"}}};
  }

  // By another connection.
  redis::Reply redis(const redis::Words& words) const {
    return tell(redis_at(redis_["REDIS_URL"]), words);
  }
  std::string counter() const { return std::string(redis::text_of(*redis({"GET", "counter"}))); }

  // What a command of another hand writes, each line.
  Ran by_hand(const std::string& words) const {
    return run(dir.path(), {"-c", words}, {.command = {"/bin/bash"}});
  }
  // The topic as the demo's own consumer reads it: partition 0, values as text.
  std::vector<std::string> values() const {
    const Ran read = by_hand(
        fmt::format("kcat -C -q -e -b {} -t {} -p 0 -o beginning -f '%s\\n'", brokers(), topic_));
    EXPECT_EQ(read.code, 0) << read.err;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < read.out.size();) {
      const std::size_t end = read.out.find('\n', at);
      lines.push_back(read.out.substr(at, end - at));
      at = end + 1;
    }
    return lines;
  }
  std::int64_t rows() const {
    auto db = rows_.root();
    auto asked = db->prepare("SELECT COUNT(*) FROM seckill");
    return asked && asked->step() ? asked->number(0) : -1;
  }

  const MysqlPlace& database() const { return rows_; }
  const std::string& topic() const { return topic_; }
  const RealServers& redis_server() const { return redis_; }
  std::string brokers() const { return servers_["KAFKA_ADDRESSES"]; }

  TempDir dir;

 private:
  const RealServers& servers_;
  const RealServers redis_;
  const MysqlPlace rows_;
  const std::string topic_;
};

}  // namespace seckill::testing
