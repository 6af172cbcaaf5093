// The topic: made with safe settings, looked at, never changed.
#include <algorithm>
#include <array>
#include <climits>
#include <fmt/format.h>
#include <thread>

#include "base/counted.h"
#include "journal/kafka_client.h"

namespace seckill {
namespace kafka {
namespace {

using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Destroys<rd_kafka_metadata_destroy>>;

tl::unexpected<Error> away(const KafkaOptions& options, std::string_view why) {
  return fail(Error::Code::kUnavailable,
              fmt::format("journal/kafka: no answer from {} ({}); is --journal right, and do its "
                          "brokers advertise an address that this host can reach?",
                          options.brokers, why));
}

tl::unexpected<Error> refused(const KafkaOptions& options, std::string_view what,
                              std::string_view right) {
  return fail(Error::Code::kInvalid,
              fmt::format("journal/kafka: this user may not {} topic {}: allow {} on it", what,
                          options.topic, right));
}

int ms(milliseconds time) { return static_cast<int>(time.count()); }

Status see_settings(rd_kafka_t* client, const KafkaOptions& options, milliseconds wait,
                    KafkaTopic& seen) {
  using Resource =
      std::unique_ptr<rd_kafka_ConfigResource_t, Destroys<rd_kafka_ConfigResource_destroy>>;
  const Resource asked(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, options.topic.c_str()));
  const Queue queue(rd_kafka_queue_new(client));
  rd_kafka_ConfigResource_t* one = asked.get();
  rd_kafka_DescribeConfigs(client, &one, 1, nullptr, queue.get());
  const Happened told(rd_kafka_queue_poll(queue.get(), ms(wait)));
  if (!told) return away(options, "its settings were asked for");
  if (rd_kafka_event_error(told.get()) != 0)
    return away(options, rd_kafka_event_error_string(told.get()));
  std::size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConfigs_result(told.get());
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  if (count != 1) return away(options, "its settings were not told");
  // Any broker answers this one, and it may hear of a topic later than those that told of it.
  const auto error = rd_kafka_ConfigResource_error(resources[0]);
  if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    return refused(options, "read the settings of", "DescribeConfigs");
  if (error != 0) return away(options, text_of(error));
  std::size_t entries = 0;
  const auto** entry = rd_kafka_ConfigResource_configs(resources[0], &entries);
  for (std::size_t i = 0; i < entries; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entry[i]);
    seen.settings[rd_kafka_ConfigEntry_name(entry[i])] = value == nullptr ? "" : value;
  }
  return {};
}

std::vector<std::string> listeners_of(const rd_kafka_metadata_t& all) {
  std::vector<std::string> listeners;
  for (int i = 0; i < all.broker_cnt; ++i) {
    listeners.push_back(fmt::format("{}:{}", all.brokers[i].host, all.brokers[i].port));
  }
  return listeners;
}

// A topic that may not be described is left out of the list of all, and so is one that is not
// there, or not there yet: asked for by its name, each says which.
Status is_not_there(rd_kafka_t* client, const KafkaOptions& options, milliseconds wait) {
  const Topic topic(rd_kafka_topic_new(client, options.topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  if (const auto error = rd_kafka_metadata(client, 0, topic.get(), &raw, ms(wait)); error != 0)
    return away(options, text_of(error));
  const Metadata one(raw);
  if (one->topic_cnt == 1 && one->topics[0].err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    return refused(options, "see", "Describe");
  if (one->topic_cnt == 1 && one->topics[0].err == 0)
    return away(options, "one of them did not know the topic yet");
  return {};
}

// All topics are asked for: to ask an old broker for one could make it.
Result<KafkaTopic> look(rd_kafka_t* client, const KafkaOptions& options, milliseconds wait) {
  KafkaTopic seen;
  const rd_kafka_metadata_t* raw = nullptr;
  if (const auto error = rd_kafka_metadata(client, 1, nullptr, &raw, ms(wait)); error != 0) {
    return away(options, text_of(error));
  }
  const Metadata all(raw);
  seen.listeners = listeners_of(*all);
  for (int i = 0; i < all->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& topic = all->topics[i];
    if (options.topic != topic.topic) continue;
    if (topic.err != 0) return away(options, text_of(topic.err));
    seen.exists = true;
    seen.partitions = topic.partition_cnt;
    seen.replication = topic.partition_cnt > 0 ? topic.partitions[0].replica_cnt : 0;
  }
  if (!seen.exists) {
    if (auto gone = is_not_there(client, options, wait); !gone)
      return fail(std::move(gone.error()));
    return seen;
  }
  if (auto told = see_settings(client, options, wait, seen); !told)
    return fail(std::move(told.error()));
  Bounds bounds;
  if (const auto error = ask_bounds(client, options.topic, 0, wait, bounds); error != 0)
    return away(options, text_of(error));
  seen.start = bounds.start;
  seen.end = bounds.end;
  return seen;
}

}  // namespace

Status create_topic(const KafkaOptions& options, std::size_t brokers) {
  using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroys<rd_kafka_NewTopic_destroy>>;
  using Asked = std::unique_ptr<rd_kafka_AdminOptions_t, Destroys<rd_kafka_AdminOptions_destroy>>;
  auto client = make_client(RD_KAFKA_PRODUCER, options, {});
  if (!client) return fail(std::move(client.error()));
  std::array<char, 512> why{};
  const int most = options.allow_unsafe ? static_cast<int>(brokers) : INT_MAX;
  const int replicas = std::min(options.replication, most);
  const NewTopic topic(
      rd_kafka_NewTopic_new(options.topic.c_str(), 1, replicas, why.data(), why.size()));
  if (!topic) return fail(Error::Code::kInvalid, fmt::format("journal/kafka: {}", why.data()));
  const std::string insync = std::to_string(std::min(options.min_insync, replicas));
  const std::array settings{std::pair("retention.ms", "-1"),
                            std::pair("retention.bytes", "-1"),
                            std::pair("cleanup.policy", "delete"),
                            std::pair("message.timestamp.type", "LogAppendTime"),
                            std::pair("unclean.leader.election.enable", "false"),
                            std::pair("min.insync.replicas", insync.c_str())};
  for (const auto& [name, value] : settings) rd_kafka_NewTopic_set_config(topic.get(), name, value);
  const Asked how(rd_kafka_AdminOptions_new(client->get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  rd_kafka_AdminOptions_set_operation_timeout(how.get(), 10'000, why.data(), why.size());
  const Queue queue(rd_kafka_queue_new(client->get()));
  rd_kafka_NewTopic_t* one = topic.get();
  rd_kafka_CreateTopics(client->get(), &one, 1, how.get(), queue.get());
  const Happened told(rd_kafka_queue_poll(queue.get(), 15'000));
  if (!told) return away(options, "a topic was to be made");
  if (rd_kafka_event_error(told.get()) != 0)
    return away(options, rd_kafka_event_error_string(told.get()));
  std::size_t count = 0;
  const auto** made =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(told.get()), &count);
  const auto error = rd_kafka_topic_result_error(made[0]);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    return {};
  const char* says = rd_kafka_topic_result_error_string(made[0]);
  return fail(Error::Code::kInvalid,
              fmt::format("journal/kafka: topic {} with {} replicas could not be made: {}{}",
                          options.topic, replicas, says == nullptr ? text_of(error) : says,
                          error == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR
                              ? fmt::format("; {} answered: start again when there are more, or, "
                                            "on a laptop with one, with --allow-unsafe-kafka",
                                            counted(brokers, "broker"))
                              : ""));
}

Result<KafkaTopic> look_at_new_topic(const KafkaOptions& options) {
  for (const SteadyTime until = steady_now() + options.start_wait;;) {
    auto seen = look_at_kafka_topic(options, options.start_wait);
    if (!seen || seen->exists) return seen;
    if (steady_now() >= until) return away(options, "a topic was made, and is not to be seen");
    std::this_thread::sleep_for(milliseconds(50));
  }
}

}  // namespace kafka

Result<std::vector<std::string>> kafka_listeners(const KafkaOptions& options, milliseconds wait) {
  auto client = kafka::make_client(RD_KAFKA_CONSUMER, options, {});
  if (!client) return fail(std::move(client.error()));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto error = rd_kafka_metadata(client->get(), 0, nullptr, &raw, kafka::ms(wait));
  if (error != 0) return kafka::away(options, kafka::text_of(error));
  const kafka::Metadata all(raw);
  return kafka::listeners_of(*all);
}

// Waits for brokers that are still starting; then what they say counts.
Result<KafkaTopic> look_at_kafka_topic(const KafkaOptions& options, milliseconds wait) {
  auto client = kafka::make_client(RD_KAFKA_CONSUMER, options, {});
  if (!client) return fail(std::move(client.error()));
  const SteadyTime until = steady_now() + wait;
  for (bool said = false;;) {
    const milliseconds once{std::clamp<std::int64_t>(wait.count(), 100, 2'000)};
    auto seen = kafka::look(client->get(), options, once);
    if (seen || seen.error().code != Error::Code::kUnavailable) return seen;
    if (!std::exchange(said, true)) {
      options.say(fmt::format("waiting for Kafka at {}, {} s at most", options.brokers,
                              wait.count() / 1'000));
    }
    if (steady_now() >= until) return seen;
    std::this_thread::sleep_for(milliseconds(50));
  }
}

}  // namespace seckill
