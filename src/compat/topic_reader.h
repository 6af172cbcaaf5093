// The demo's topic as its consumer reads it: partition 0, from an offset on, a message at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "compat/legacy_rows.h"
#include "journal/kafka_client.h"

namespace seckill::compat {

struct Ends {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

// Messages that follow each other, and where the next one is.
struct Portion {
  std::vector<RawTime> dates;
  std::uint64_t next = 0;
};

// Threads: one owner; every call waits, as long as it says.
class TopicReader {
 public:
  static Result<std::unique_ptr<TopicReader>> open(const KafkaOptions& options);
  ~TopicReader();

  // Of a partition, as it is now.
  Result<Ends> ends(milliseconds within, int partition = 0);
  // kCorrupt: what was there has been deleted.
  Result<Portion> read(std::uint64_t from, std::size_t most, milliseconds within);
  // Nothing: the first message is not there, yet or any more.
  Result<Identity> identity(milliseconds within);

 private:
  TopicReader(KafkaOptions options, kafka::Client client, kafka::Client look);
  Status seek(std::uint64_t from);
  void hear_errors();

  const KafkaOptions options_;
  kafka::Client client_;
  kafka::Client look_;  // a client that tails answers questions late
  kafka::Topic topic_;
  kafka::Queue events_;
  bool started_ = false;
  std::uint64_t at_ = 0;
};

}  // namespace seckill::compat
