#include "compat/topic_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace seckill::compat {
namespace {

using Code = Error::Code;

RawTime date_of(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t ms = rd_kafka_message_timestamp(&message, &type);
  return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? raw_now() : RawTime{ms};
}

Hash128 hash_of(const rd_kafka_message_t& message) {
  std::string bytes(static_cast<const char*>(message.payload), message.len);
  const std::int64_t ms = rd_kafka_message_timestamp(&message, nullptr);
  bytes.append(reinterpret_cast<const char*>(&ms), sizeof ms);
  return siphash128(HashKey{}, bytes);
}

bool is_lost(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
         error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

}  // namespace

Result<std::unique_ptr<TopicReader>> TopicReader::open(const KafkaOptions& options) {
  auto client = kafka::make_client(RD_KAFKA_CONSUMER, options,
                                   {{"auto.offset.reset", "error"},
                                    {"check.crcs", "true"},
                                    {"enable.auto.commit", "false"},
                                    {"enable.auto.offset.store", "false"},
                                    {"allow.auto.create.topics", "false"},
                                    {"fetch.wait.max.ms", "100"},
                                    {"queued.max.messages.kbytes", "16384"}});
  if (!client) return fail(std::move(client.error()));
  auto look = kafka::make_client(RD_KAFKA_CONSUMER, options, {});
  if (!look) return fail(std::move(look.error()));
  return std::unique_ptr<TopicReader>(
      new TopicReader(options, *std::move(client), *std::move(look)));
}

TopicReader::TopicReader(KafkaOptions options, kafka::Client client, kafka::Client look)
    : options_(std::move(options)),
      client_(std::move(client)),
      look_(std::move(look)),
      topic_(rd_kafka_topic_new(client_.get(), options_.topic.c_str(), nullptr)),
      events_(rd_kafka_queue_get_main(client_.get())) {}

TopicReader::~TopicReader() {
  if (started_) rd_kafka_consume_stop(topic_.get(), 0);
}

Result<Ends> TopicReader::ends(milliseconds within, int partition) {
  kafka::Bounds is;
  const auto error = kafka::ask_bounds(look_.get(), options_.topic, partition, within, is);
  if (error == 0)
    return Ends{static_cast<std::uint64_t>(is.start), static_cast<std::uint64_t>(is.end)};
  return fail(Code::kUnavailable, fmt::format("compat/kafka: topic {} at {}: {}", options_.topic,
                                              options_.brokers, kafka::text_of(error)));
}

Status TopicReader::seek(std::uint64_t from) {
  if (std::exchange(started_, true)) rd_kafka_consume_stop(topic_.get(), 0);
  at_ = from;
  if (rd_kafka_consume_start(topic_.get(), 0, static_cast<std::int64_t>(from)) == 0) return {};
  started_ = false;
  return fail(Code::kFailed,
              fmt::format("compat/kafka: {}", kafka::text_of(rd_kafka_last_error())));
}

Result<Portion> TopicReader::read(std::uint64_t from, std::size_t most, milliseconds within) {
  if (!started_ || at_ != from) {
    if (auto sought = seek(from); !sought) return fail(std::move(sought.error()));
  }
  hear_errors();
  Portion portion{.dates = {}, .next = from};
  const SteadyTime until = steady_now() + within;
  while (portion.dates.size() < most) {  // the first is waited for
    const bool first = portion.dates.empty();
    const auto left = std::max<std::int64_t>((until - steady_now()).count() / 1'000, 0);
    const kafka::Message message(
        rd_kafka_consume(topic_.get(), 0, first ? static_cast<int>(left) : 0));
    if (!message) break;
    if (is_lost(message->err)) {
      return fail(Code::kCorrupt,
                  fmt::format("compat/kafka: topic {} has no message {} any more: it was cut short "
                              "or made anew",
                              options_.topic, at_));
    }
    if (message->err != 0) continue;  // it heals by itself, or ends() says what is wrong
    portion.dates.push_back(date_of(*message));
    portion.next = at_ = static_cast<std::uint64_t>(message->offset) + 1;
  }
  return portion;
}

Result<Identity> TopicReader::identity(milliseconds within) {
  const auto seen = ends(within);
  if (!seen) return fail(seen.error());
  if (seen->start != 0 || seen->end == 0) return Identity();
  if (auto sought = seek(0); !sought) return fail(std::move(sought.error()));
  for (const SteadyTime until = steady_now() + within; steady_now() < until;) {
    const kafka::Message message(
        rd_kafka_consume(topic_.get(), 0, static_cast<int>(within.count())));
    if (!message || message->err != 0) continue;
    at_ = 1;
    if (message->offset == 0) return Identity(hash_of(*message));
    return Identity();
  }
  return fail(Code::kUnavailable, fmt::format("compat/kafka: topic {}: its first message does not "
                                              "come",
                                              options_.topic));
}

// They are not said: ends() knows better. But somebody has to take them.
void TopicReader::hear_errors() {
  while (const kafka::Happened event{rd_kafka_queue_poll(events_.get(), 0)}) continue;
}

}  // namespace seckill::compat
