// Several `serve` over one topic of a real broker, and what stands beside them.
#pragma once

#include <fmt/format.h>
#include <memory>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include "support/real_servers.h"
#include "system/binary.h"

namespace seckill::testing {

inline std::string new_topic() {
  return fmt::format("nodes-{}-{}", ::getpid(), std::random_device{}());
}

class Nodes {
 public:
  // counter, rows: the flags that name them.
  explicit Nodes(const RealServers& servers, std::vector<std::string> counter = {},
                 std::vector<std::string> rows = {})
      : topic_(new_topic()),
        journal_(fmt::format("kafka://{}/{}", servers["KAFKA_ADDRESSES"], topic_)),
        counter_(std::move(counter)),
        rows_(std::move(rows)) {}

  std::unique_ptr<Server> serve(std::uint16_t port = 0) const {
    return std::make_unique<Server>(dir.path(), with(joined(counter_, rows_)), Surroundings{},
                                    port);
  }
  std::unique_ptr<Program> consume() const {
    return std::make_unique<Program>(dir.path(), with(joined({"consume"}, rows_)));
  }
  Program crowd(const Server& server, std::uint64_t seed, const std::string& out,
                const std::string& over = "3s") const {
    return Program(
        dir.path(),
        {"drill",     "car", "--server",      server.url(), "--users",        "3000",
         "--over",    over,  "--connections", "150",        "--double-click", "20%",
         "--retries", "8",   "--timeout",     "4s",         "--seed",         std::to_string(seed),
         "--out",     out,   "--quiet"});
  }
  // What these crowds were told, in one file.
  std::string told(const std::vector<std::string>& outs) const {
    std::string told;
    for (const std::string& out : outs) told += file_text(dir.path() / out / "transcript.jsonl");
    put_text(dir.file("told.jsonl"), told);
    return "told.jsonl";
  }
  Ran audit(std::vector<std::string> words) const {
    return command(joined(joined(std::move(words), counter_), rows_));
  }
  Ran command(const std::vector<std::string>& words) const { return run(dir.path(), with(words)); }
  const std::string& topic() const { return topic_; }
  std::vector<std::string> with(std::vector<std::string> words) const {
    for (const char* more : {"--allow-unsafe-kafka", "--data", "data", "--journal"})
      words.emplace_back(more);
    words.push_back(journal_);
    return words;
  }

  TempDir dir;

 private:
  static std::vector<std::string> joined(std::vector<std::string> words,
                                         const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::string topic_, journal_;
  std::vector<std::string> counter_, rows_;
};

}  // namespace seckill::testing
