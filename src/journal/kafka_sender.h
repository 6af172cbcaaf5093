// Hands a turn to librdkafka so that it leaves as one batch: one request, one write at the broker.
#pragma once

#include <cstdint>
#include <semaphore>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "journal/kafka_client.h"

namespace seckill::kafka {

// Left to itself librdkafka sends a turn's first record as soon as it has it, and the others when
// that one has come back: two trips. So it is told to linger, and rd_kafka_flush() ends that once
// the whole turn is in its queue. A flush blocks, so a thread of ours calls it. Should it be late,
// the turn leaves by itself after 20 ms: only latency rests on the thread.
// Threads: one owner; its own thread only flushes.
class Sender {
 public:
  static Result<std::unique_ptr<Sender>> open(const KafkaOptions& options);
  ~Sender();  // what has not left does not leave any more

  // bytes[i] is records[i], encoded. Each message's key says for people what it is; its report
  // carries `turn`. An error: some of them were not taken; which, the topic will tell.
  rd_kafka_resp_err_t send(std::span<const Record> records,
                           std::span<const std::vector<std::byte>> bytes, std::uintptr_t turn);
  void purge();

  rd_kafka_t* client() const { return client_.get(); }
  rd_kafka_queue_t* reports() const { return reports_.get(); }  // of what failed

 private:
  Sender(Client client, Topic topic);
  void flush(const std::stop_token& stop);

  Client client_;
  Topic topic_;
  Queue reports_;
  std::vector<rd_kafka_message_t> batch_;
  std::string keys_;
  std::counting_semaphore<> sent_{0};
  std::jthread flusher_;
};

}  // namespace seckill::kafka
