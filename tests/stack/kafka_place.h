// A topic for a test of the journal over Kafka, and who else may touch it.
#pragma once

#include <array>
#include <atomic>
#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include "journal/journal_testing.h"
#include "journal/kafka_journal.h"
#include "stack/cut_wire.h"
#include "support/real_servers.h"

namespace seckill::testing {

inline std::string new_topic() {
  static std::atomic<int> count{0};
  return fmt::format("journal-{}-{}-{}", ::getpid(), std::random_device{}(), ++count);
}

inline KafkaOptions laptop(const std::string& topic,
                           const RealServers& servers = RealServers::shared()) {
  KafkaOptions options;
  options.brokers = servers["KAFKA_ADDRESSES"];
  options.topic = topic;
  options.allow_unsafe = true;
  return options;
}

inline KafkaGenesis genesis_of(std::uint64_t node) { return {Node{node}, node * 4711 + 1}; }

// What other programs do to a topic.
class Stranger {
 public:
  explicit Stranger(const RealServers& servers = RealServers::shared()) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char why[512];
    rd_kafka_conf_set(conf, "bootstrap.servers", servers["KAFKA_ADDRESSES"].c_str(), why,
                      sizeof why);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    queue_ = rd_kafka_queue_new(client_);
  }
  ~Stranger() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_destroy(client_);
  }
  void make(const std::string& topic, const std::map<std::string, std::string>& settings,
            int partitions = 1) {
    char why[512];
    auto* asked = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why, sizeof why);
    for (const auto& [name, value] : settings)
      rd_kafka_NewTopic_set_config(asked, name.c_str(), value.c_str());
    auto* how = rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_operation_timeout(how, 10'000, why, sizeof why);
    rd_kafka_CreateTopics(client_, &asked, 1, how, queue_);
    done();
    rd_kafka_AdminOptions_destroy(how);
    rd_kafka_NewTopic_destroy(asked);
  }
  void add_partition(const std::string& topic) {
    char why[512];
    auto* asked = rd_kafka_NewPartitions_new(topic.c_str(), 2, why, sizeof why);
    rd_kafka_CreatePartitions(client_, &asked, 1, nullptr, queue_);
    done();
    rd_kafka_NewPartitions_destroy(asked);
  }
  void drop(const std::string& topic) {
    auto* asked = rd_kafka_DeleteTopic_new(topic.c_str());
    rd_kafka_DeleteTopics(client_, &asked, 1, nullptr, queue_);
    done();
    rd_kafka_DeleteTopic_destroy(asked);
  }
  void trim(const std::string& topic, std::int64_t before) {
    auto* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = before;
    auto* asked = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(client_, &asked, 1, nullptr, queue_);
    done();
    rd_kafka_DeleteRecords_destroy(asked);
    rd_kafka_topic_partition_list_destroy(list);
  }
  // For everybody: all but this.
  void deny(const std::string& topic, rd_kafka_AclOperation_t operation) {
    char why[512];
    const auto rule = [&](auto what, auto permission) {
      return rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str(),
                                     RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:ANONYMOUS", "*", what,
                                     permission, why, sizeof why);
    };
    std::array rules{rule(RD_KAFKA_ACL_OPERATION_ALL, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW),
                     rule(operation, RD_KAFKA_ACL_PERMISSION_TYPE_DENY)};
    rd_kafka_CreateAcls(client_, rules.data(), rules.size(), nullptr, queue_);
    done();
    rd_kafka_AclBinding_destroy_array(rules.data(), rules.size());
  }
  void allow_all(const std::string& topic) {
    char why[512];
    auto* rules = rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_TOPIC, topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, nullptr, nullptr,
        RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, why, sizeof why);
    rd_kafka_DeleteAcls(client_, &rules, 1, nullptr, queue_);
    done();
    rd_kafka_AclBinding_destroy(rules);
  }
  void say(const std::string& topic, const std::string& value) {
    ASSERT_EQ(rd_kafka_producev(client_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              0);
    ASSERT_EQ(rd_kafka_flush(client_, 10'000), 0);
  }

 private:
  void done() {
    auto* event = rd_kafka_queue_poll(queue_, 20'000);
    ASSERT_NE(event, nullptr);
    ASSERT_EQ(rd_kafka_event_error(event), 0) << rd_kafka_event_error_string(event);
    rd_kafka_event_destroy(event);
  }
  rd_kafka_t* client_;
  rd_kafka_queue_t* queue_;
};

inline const std::map<std::string, std::string> kSafe{{"retention.ms", "-1"},
                                                      {"cleanup.policy", "delete"},
                                                      {"message.timestamp.type", "LogAppendTime"}};

inline Result<std::unique_ptr<KafkaJournal>> opened(const KafkaOptions& options,
                                                    std::vector<Kept>& found) {
  return KafkaJournal::open(options, genesis_of(9), keeping(found));
}

inline Error refusal(const KafkaOptions& options) {
  std::vector<Kept> found;
  const auto journal = opened(options, found);
  EXPECT_FALSE(journal) << options.topic << " was to be refused";
  return journal ? Error{Error::Code::kFailed, "accepted"} : journal.error();
}

// A broker that all its clients reach by a wire.
struct Wired {
  Wired() {
    ::setenv("KAFKA_ADVERTISED", "127.0.0.2", 1);
    servers = std::make_unique<RealServers>("kafka");
    ::unsetenv("KAFKA_ADVERTISED");
    options = laptop(new_topic(), *servers);
    const auto colon = options.brokers.find(':');
    const auto port = static_cast<std::uint16_t>(std::stoi(options.brokers.substr(colon + 1)));
    wire = std::make_unique<CutWire>(port, "127.0.0.2", port);
    options.brokers = fmt::format("127.0.0.2:{}", port);
  }
  std::unique_ptr<RealServers> servers;
  std::unique_ptr<CutWire> wire;
  KafkaOptions options;
};

}  // namespace seckill::testing
