#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "journal/kafka_journal.h"

namespace seckill {
namespace {

constexpr std::array kOurs{"acks",
                           "request.required.acks",
                           "enable.idempotence",
                           "transactional.id",
                           "max.in.flight",
                           "max.in.flight.requests.per.connection",
                           "message.timeout.ms",
                           "delivery.timeout.ms",
                           "linger.ms",
                           "queue.buffering.max.ms",
                           "check.crcs",
                           "auto.offset.reset",
                           "isolation.level",
                           "bootstrap.servers",
                           "metadata.broker.list",
                           "enable.partition.eof",
                           "delivery.report.only.error",
                           "enable.auto.commit",
                           "enable.auto.offset.store",
                           "group.id",
                           "partitioner",
                           "allow.auto.create.topics"};

constexpr std::array kYours{
    "security.protocol",   "ssl.",        "sasl.",      "socket.",        "broker.address.",
    "client.id",           "client.rack", "reconnect.", "retry.backoff.", "connections.max.idle.ms",
    "compression.",        "batch.",      "fetch.",     "queued.",        "topic.metadata.",
    "metadata.max.age.ms", "debug",       "log_level",  "enable.ssl.",    "enable.sasl."};

}  // namespace

Status check_kafka_setting(const std::string& name, const std::string& value) {
  if (value.empty()) return fail(Error::Code::kInvalid, fmt::format("{} has no value", name));
  if (std::ranges::find(kOurs, name) != kOurs.end()) {
    return fail(Error::Code::kInvalid,
                fmt::format("{} may not be set: that nothing is lost rests on it", name));
  }
  const bool passes = std::ranges::any_of(kYours, [&](std::string_view known) {
    return known.ends_with('.') ? name.starts_with(known) : name == known;
  });
  if (passes) return {};
  return fail(
      Error::Code::kInvalid,
      fmt::format("{} is not passed on; what may be set: security.protocol, ssl.*, sasl.*, "
                  "socket.*, reconnect.*, fetch.*, compression.*, batch.*, client.id, debug",
                  name));
}

std::vector<KafkaWeakness> weaknesses_of(const KafkaTopic& topic, const KafkaOptions& options) {
  std::vector<KafkaWeakness> found;
  const auto setting = [&](const std::string& name) {
    const auto at = topic.settings.find(name);
    return at == topic.settings.end() ? std::string("unknown") : at->second;
  };
  const auto must_be = [&](const char* name, const char* value, bool laptop = false) {
    if (setting(name) != value) found.push_back({name, setting(name), value, laptop});
  };
  const auto at_least = [&](const char* name, std::int64_t is, std::int64_t least, bool laptop) {
    if (is < least)
      found.push_back({name, std::to_string(is), fmt::format("{} or more", least), laptop});
  };
  const auto number_of = [&](const char* name) {
    const std::string text = setting(name);
    char* end = nullptr;
    const long long value = std::strtoll(text.c_str(), &end, 10);
    return end == text.c_str() ? -1 : value;
  };
  if (topic.partitions != 1)
    found.push_back(
        {"partitions", std::to_string(topic.partitions), "1: there is one order", false});
  must_be("retention.ms", "-1");
  must_be("retention.bytes", "-1");
  must_be("cleanup.policy", "delete");
  must_be("message.timestamp.type", "LogAppendTime");
  must_be("unclean.leader.election.enable", "false");
  at_least("max.message.bytes", number_of("max.message.bytes"), 1'000'000, false);
  at_least("replication.factor", topic.replication, options.replication, true);
  at_least("min.insync.replicas", number_of("min.insync.replicas"), options.min_insync, true);
  return found;
}

Status check_kafka_topic(const KafkaTopic& topic, const KafkaOptions& options) {
  using Code = Error::Code;
  if (!topic.exists)
    return fail(Code::kCorrupt, fmt::format("journal/kafka: topic {} is gone", options.topic));
  if (topic.start != 0) {
    return fail(Code::kCorrupt,
                fmt::format("journal/kafka: topic {} starts at {}, not at 0: records were deleted; "
                            "restore it, or begin a new season with a new topic",
                            options.topic, topic.start));
  }
  std::string refused, passed;
  for (const KafkaWeakness& weak : weaknesses_of(topic, options)) {
    std::string& list = weak.laptop && options.allow_unsafe ? passed : refused;
    list += fmt::format("{}{} is {} and must be {}", list.empty() ? "" : "; ", weak.setting,
                        weak.is, weak.should);
  }
  if (!refused.empty()) {
    return fail(
        Code::kInvalid,
        fmt::format("journal/kafka: topic {} is not safe: {} (kafka-configs.sh --alter, or a "
                    "new topic; --allow-unsafe-kafka lets a laptop's single broker pass)",
                    options.topic, refused));
  }
  if (!passed.empty()) {
    options.say(
        fmt::format("UNSAFE, and allowed: topic {}: {}. A confirmed order is lost with its "
                    "broker's disk",
                    options.topic, passed));
  }
  return {};
}

}  // namespace seckill
