// Recorded: the demo's topic, into which others write as well. Each message in its partition 0 is
// one sold unit, whatever it says; ours say what the demo's say, and who we are in their headers.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "compat/seller.h"
#include "journal/kafka_client.h"

namespace seckill::compat {

// Promises: (1) each unit of append() is told of once, through poll(), within kRecordedWithin and a
// little; (2) kStored: all in-sync replicas have it; kFailed: it is not there, and will not be;
// (3) nothing is sent twice: two messages would be two units. So a request that fails is not tried
// again, and what came of it may be unknown.
// What it does badly: after a change of leaders what librdkafka had put back bars the way until its
// time is over, kRecordedWithin and a little.
// Threads: belongs to the loop; no call waits.
class CarTopic {
 public:
  static constexpr milliseconds kRecordedWithin{4'000};

  // `node` names this process in the headers. Needs: the topic is there; tickets grow.
  static Result<std::unique_ptr<CarTopic>> open(const KafkaOptions& options, std::uint64_t node);
  ~CarTopic();

  void append(std::span<const Unit> units);
  std::optional<Delivered> poll();
  int wake_fd() const { return wake_.get(); }
  const std::string& trouble() const { return trouble_; }  // the last one; empty once one is stored

 private:
  struct Sent;

  CarTopic(std::unique_ptr<Sent> sent, kafka::Client client, const std::string& topic,
           std::uint64_t node);
  Delivered::How fate_of(const rd_kafka_message_t& message) const;
  rd_kafka_resp_err_t produce(const Unit& unit);
  void hear_reports();
  void ring() const;

  std::string node_;
  std::unique_ptr<Sent> sent_;  // outlives the client
  kafka::Client client_;
  kafka::Topic topic_;
  kafka::Queue reports_;
  Fd wake_;
  std::deque<Delivered> told_;
  std::string trouble_;
};

// The topic as it is; made, with one partition, if it is not there. What of it is not safe is said.
Result<KafkaTopic> open_topic(const KafkaOptions& options);

}  // namespace seckill::compat
