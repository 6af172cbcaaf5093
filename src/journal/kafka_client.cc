#include "journal/kafka_client.h"

#include <array>
#include <fmt/format.h>

namespace seckill::kafka {

Result<Client> make_client(rd_kafka_type_t type, const KafkaOptions& options, const Settings& ours,
                           const std::function<void(rd_kafka_conf_t*)>& prepare) {
  using Conf = std::unique_ptr<rd_kafka_conf_t, Destroys<rd_kafka_conf_destroy>>;
  const Conf conf(rd_kafka_conf_new());
  std::array<char, 512> why{};
  const auto set = [&](const std::string& name, const std::string& value) -> Status {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) ==
        RD_KAFKA_CONF_OK)
      return {};
    return fail(Error::Code::kInvalid, fmt::format("journal/kafka: {}", why.data()));
  };
  for (const auto& [name, value] : options.client) {
    // A producer's setting means nothing to a consumer, and would be a line on stderr.
    const bool of_consumer = name.starts_with("fetch.") || name.starts_with("queued.");
    const bool of_producer = name.starts_with("batch.") || name.starts_with("compression.") ||
                             name.starts_with("retry.");
    if (type == RD_KAFKA_CONSUMER ? of_producer : of_consumer) continue;
    if (auto done = set(name, value); !done) return fail(std::move(done.error()));
  }
  const Settings always{{"bootstrap.servers", options.brokers},
                        {"log_level", "0"},  // what matters comes as an event, and is said once
                        {"socket.nagle.disable", "true"},
                        {"reconnect.backoff.ms", "50"},
                        {"reconnect.backoff.max.ms", "1000"},
                        {"topic.metadata.refresh.interval.ms", "10000"}};
  for (const Settings& some : {always, ours}) {
    for (const auto& [name, value] : some) {
      if (name != "bootstrap.servers" && options.client.count(name) > 0) continue;
      if (auto done = set(name, value); !done) return fail(std::move(done.error()));
    }
  }
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  rd_kafka_conf_t* given = rd_kafka_conf_dup(conf.get());
  if (prepare) prepare(given);
  rd_kafka_t* client = rd_kafka_new(type, given, why.data(), why.size());
  if (client == nullptr) {
    rd_kafka_conf_destroy(given);
    return fail(Error::Code::kInvalid, fmt::format("journal/kafka: {}", why.data()));
  }
  return Client(client);
}

static rd_kafka_resp_err_t ask_offset(rd_kafka_t* client, const std::string& topic, int partition,
                                      milliseconds wait, std::int64_t& offset) {
  using List = std::unique_ptr<rd_kafka_topic_partition_list_t,
                               Destroys<rd_kafka_topic_partition_list_destroy>>;
  const List one(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(one.get(), topic.c_str(), partition)->offset = offset;
  const auto error = rd_kafka_offsets_for_times(client, one.get(), static_cast<int>(wait.count()));
  offset = one->elems[0].offset;
  return error != 0 ? error : one->elems[0].err;
}

// Two asks: a list may name a partition only once.
rd_kafka_resp_err_t ask_bounds(rd_kafka_t* client, const std::string& topic, int partition,
                               milliseconds wait, Bounds& bounds) {
  bounds = {RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END};
  const auto error = ask_offset(client, topic, partition, wait, bounds.start);
  return error != 0 ? error : ask_offset(client, topic, partition, wait, bounds.end);
}

}  // namespace seckill::kafka
