// librdkafka's handles, owned. Only kafka_*.cc see this.
#pragma once

#include <functional>
#include <librdkafka/rdkafka.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "journal/kafka_journal.h"

namespace seckill::kafka {

template <auto Destroy>
struct Destroys {
  template <class T>
  void operator()(T* handle) const {
    Destroy(handle);
  }
};
using Client = std::unique_ptr<rd_kafka_t, Destroys<rd_kafka_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroys<rd_kafka_topic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroys<rd_kafka_queue_destroy>>;
using Happened = std::unique_ptr<rd_kafka_event_t, Destroys<rd_kafka_event_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, Destroys<rd_kafka_message_destroy>>;

using Settings = std::vector<std::pair<std::string, std::string>>;

// With the operator's settings first and ours on top. Errors and delivery reports come as events on
// its main queue. `prepare` sets what is no text. kInvalid: librdkafka does not take a setting.
Result<Client> make_client(rd_kafka_type_t type, const KafkaOptions& options, const Settings& ours,
                           const std::function<void(rd_kafka_conf_t*)>& prepare = {});

inline const char* text_of(rd_kafka_resp_err_t error) { return rd_kafka_err2str(error); }

// Where a partition begins and ends, as its leader says within about twice `wait`.
// (rd_kafka_query_watermark_offsets() waits for as long as the leader is away, whatever it is
// given.)
struct Bounds {
  std::int64_t start = 0, end = 0;
};
rd_kafka_resp_err_t ask_bounds(rd_kafka_t* client, const std::string& topic, int partition,
                               milliseconds wait, Bounds& bounds);

// Makes the topic with safe settings; one that is there already is fine. With allow_unsafe there
// are no more replicas than brokers.
Status create_topic(const KafkaOptions& options, std::size_t brokers);

// As look_at_kafka_topic, of a topic that was just made: a broker may take a while to know it.
// kUnavailable: after start_wait it does not.
Result<KafkaTopic> look_at_new_topic(const KafkaOptions& options);

}  // namespace seckill::kafka
