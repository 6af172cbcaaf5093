// What a client of Kafka costs that does nothing else: the measure for ours (scripts/bench-stack).
//   kafka_bare make BROKERS TOPIC         a topic of one partition
//   kafka_bare trip BROKERS TOPIC COUNT   one message at a time, produced and read back by a
//   consumer of the
//                                         same process; prints p50 and p99 in ms
//   kafka_bare read BROKERS TOPIC COUNT   so many messages from the beginning; prints their bytes
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <librdkafka/rdkafka.h>
#include <string>
#include <utility>
#include <vector>

namespace {

using Settings = std::vector<std::pair<const char*, std::string>>;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "kafka_bare: %s\n", what);
  std::exit(1);
}

rd_kafka_t* client(rd_kafka_type_t type, const Settings& settings) {
  std::array<char, 512> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
      die(why.data());
  }
  rd_kafka_t* made = rd_kafka_new(type, conf, why.data(), why.size());
  if (made == nullptr) die(why.data());
  return made;
}

struct Reader {
  rd_kafka_t* client;
  rd_kafka_topic_t* topic;
  rd_kafka_queue_t* queue;
};

Reader read_from(const std::string& brokers, const char* topic, std::int64_t offset) {
  Reader reader{};
  reader.client =
      client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers}, {"check.crcs", "true"}});
  reader.topic = rd_kafka_topic_new(reader.client, topic, nullptr);
  reader.queue = rd_kafka_queue_new(reader.client);
  if (rd_kafka_consume_start_queue(reader.topic, 0, offset, reader.queue) != 0) die("consume");
  return reader;
}

int make(const std::string& brokers, const char* topic) {
  std::array<char, 512> why{};
  rd_kafka_t* admin = client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}});
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic, 1, 1, why.data(), why.size());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(admin);
  rd_kafka_CreateTopics(admin, &wanted, 1, nullptr, queue);
  rd_kafka_event_t* told = rd_kafka_queue_poll(queue, 20'000);
  if (told == nullptr || rd_kafka_event_error(told) != 0) die("no topic");
  return 0;
}

int trip(const std::string& brokers, const char* topic, int count) {
  using Clock = std::chrono::steady_clock;
  const Reader reader = read_from(brokers, topic, RD_KAFKA_OFFSET_END);
  rd_kafka_t* producer = client(
      RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}, {"acks", "all"}, {"linger.ms", "0"}});
  rd_kafka_topic_t* to = rd_kafka_topic_new(producer, topic, nullptr);
  std::vector<double> took;
  std::string body(120, 'x');
  for (int i = -100; i < count; ++i) {  // the first ones warm it up
    std::memcpy(body.data(), &i, sizeof i);
    const auto begin = Clock::now();
    if (rd_kafka_produce(to, 0, RD_KAFKA_MSG_F_COPY, body.data(), body.size(), nullptr, 0,
                         nullptr) != 0)
      die("produce");
    for (bool back = false; !back;) {
      rd_kafka_message_t* message = rd_kafka_consume_queue(reader.queue, i == -100 ? 200 : 10'000);
      if (message == nullptr && i == -100) {  // the consumer may have begun behind it
        rd_kafka_produce(to, 0, RD_KAFKA_MSG_F_COPY, body.data(), body.size(), nullptr, 0, nullptr);
        continue;
      }
      if (message == nullptr) die("a message did not come back");
      back = message->err == 0 && message->len == body.size() &&
             std::memcmp(message->payload, &i, sizeof i) == 0;
      rd_kafka_message_destroy(message);
    }
    if (i >= 0)
      took.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    rd_kafka_poll(producer, 0);
  }
  std::ranges::sort(took);
  std::printf("%.4f %.4f\n", took[took.size() / 2], took[took.size() * 99 / 100]);
  return 0;
}

int read(const std::string& brokers, const char* topic, std::int64_t count) {
  const Reader reader = read_from(brokers, topic, 0);
  std::size_t bytes = 0;
  for (std::int64_t got = 0; got < count;) {
    rd_kafka_message_t* first = rd_kafka_consume_queue(reader.queue, 10'000);
    if (first == nullptr) die("the topic is shorter");
    std::array<rd_kafka_message_t*, 1'024> some{first};
    const auto more =
        rd_kafka_consume_batch_queue(reader.queue, 0, some.data() + 1, some.size() - 1);
    for (std::ptrdiff_t i = 0; i <= std::max<std::ptrdiff_t>(more, 0); ++i) {
      rd_kafka_message_t* message = some[static_cast<std::size_t>(i)];
      if (message->err == 0) {
        ++got;
        bytes += message->len;
      }
      rd_kafka_message_destroy(message);
    }
  }
  std::printf("%zu\n", bytes);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 3 ? argv[1] : "";
  int done = 1;
  if (what == "make")
    done = make(argv[2], argv[3]);
  else if (what == "trip" && argc == 5)
    done = trip(argv[2], argv[3], std::atoi(argv[4]));
  else if (what == "read" && argc == 5)
    done = read(argv[2], argv[3], std::atoll(argv[4]));
  else
    die("make|trip|read BROKERS TOPIC [COUNT]");
  std::fflush(stdout);
  std::_Exit(done);  // its threads end with it
}
