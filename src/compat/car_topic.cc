#include "compat/car_topic.h"

#include <atomic>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <utility>

namespace seckill::compat {
namespace {

constexpr std::string_view kValue = "buy 1 car";
constexpr std::uint64_t kOne = 1;

void add(rd_kafka_headers_t* headers, const char* name, const std::string& value) {
  rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
}

Ticket ticket_of(const rd_kafka_message_t& message) {
  return Ticket{reinterpret_cast<std::uintptr_t>(message._private)};
}

// What a broker says before it writes anything.
bool is_refusal(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS ||
         error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
         error == RD_KAFKA_RESP_ERR_INVALID_RECORD || error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
}

// To set no retries is too little: what a broker answers with "not the leader", librdkafka puts
// back in its queue, though a leader that is deposed says so also of what it has written. So it is
// put back for longer than it lives. (What has outlived message.timeout.ms is thrown out each
// second, before anything is sent.)
kafka::Settings settings_of_ours() {
  const std::string never = std::to_string((3 * CarTopic::kRecordedWithin).count());
  kafka::Settings ours{{"enable.idempotence", "false"},
                       {"acks", "all"},
                       {"linger.ms", "0"},
                       {"max.in.flight.requests.per.connection", "1"},
                       {"message.send.max.retries", "0"},
                       {"message.timeout.ms", std::to_string(CarTopic::kRecordedWithin.count())},
                       {"retry.backoff.ms", never}};
  constexpr int kHasLongestBackoff = 0x02'03'00'00;
  if (rd_kafka_version() >= kHasLongestBackoff) ours.emplace_back("retry.backoff.max.ms", never);
  return ours;
}

}  // namespace

// The last ticket of those that were given to librdkafka, and of those that it may have sent; its
// own thread notes the latter, when it has sent a request and before it can hear of it.
struct CarTopic::Sent {
  std::atomic<std::uint64_t> given{0}, perhaps{0};

  static rd_kafka_resp_err_t note(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t request,
                                  std::int16_t, std::int32_t, std::size_t, void* sent) {
    constexpr std::int16_t kProduce = 0;
    auto& [given, perhaps] = *static_cast<Sent*>(sent);
    if (request == kProduce) perhaps = given.load();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  static rd_kafka_resp_err_t begin(rd_kafka_t* client, const rd_kafka_conf_t*, void* sent, char*,
                                   std::size_t) {
    return rd_kafka_interceptor_add_on_request_sent(client, "seckill", note, sent);
  }
};

Result<std::unique_ptr<CarTopic>> CarTopic::open(const KafkaOptions& options, std::uint64_t node) {
  KafkaOptions allowed = options;  // for the journal, where a pause is the operator's choice
  std::erase_if(allowed.client,
                [](const auto& setting) { return setting.first.starts_with("retry.backoff."); });
  auto sent = std::make_unique<Sent>();
  const auto watch = [&sent](rd_kafka_conf_t* conf) {
    rd_kafka_conf_interceptor_add_on_new(conf, "seckill", Sent::begin, sent.get());
  };
  auto client = kafka::make_client(RD_KAFKA_PRODUCER, allowed, settings_of_ours(), watch);
  if (!client) return fail(std::move(client.error()));
  return std::unique_ptr<CarTopic>(
      new CarTopic(std::move(sent), *std::move(client), options.topic, node));
}

CarTopic::CarTopic(std::unique_ptr<Sent> sent, kafka::Client client, const std::string& topic,
                   std::uint64_t node)
    : node_(fmt::format("{:016x}", node)),
      sent_(std::move(sent)),
      client_(std::move(client)),
      topic_(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr)),
      reports_(rd_kafka_queue_get_main(client_.get())),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  rd_kafka_queue_io_event_enable(reports_.get(), wake_.get(), &kOne, sizeof kOne);
}

// That nothing was written, librdkafka believes whoever says it; we believe what cannot be a lie.
Delivered::How CarTopic::fate_of(const rd_kafka_message_t& message) const {
  if (message.err == 0) return Delivered::How::kStored;
  const bool sent = static_cast<std::uint64_t>(ticket_of(message)) <= sent_->perhaps;
  const bool failed = rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED &&
                      (!sent || is_refusal(message.err));
  return failed ? Delivered::How::kFailed : Delivered::How::kUnsure;
}

CarTopic::~CarTopic() = default;

rd_kafka_resp_err_t CarTopic::produce(const Unit& unit) {
  sent_->given = static_cast<std::uint64_t>(unit.ticket);
  rd_kafka_headers_t* headers = rd_kafka_headers_new(3);
  add(headers, "seckill-node", node_);
  add(headers, "seckill-unit", std::to_string(static_cast<std::uint64_t>(unit.ticket)));
  add(headers, "seckill-left", std::to_string(unit.left));
  const auto error = rd_kafka_producev(
      client_.get(), RD_KAFKA_V_RKT(topic_.get()), RD_KAFKA_V_PARTITION(0),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_VALUE(const_cast<char*>(kValue.data()), kValue.size()),
      RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(static_cast<std::uintptr_t>(unit.ticket))),
      RD_KAFKA_V_END);
  if (error != 0) rd_kafka_headers_destroy(headers);
  return error;
}

void CarTopic::append(std::span<const Unit> units) {
  for (const Unit& unit : units) {
    const auto error = produce(unit);
    if (error == 0) continue;  // its report will come
    trouble_ = fmt::format("compat/kafka: {}", kafka::text_of(error));
    told_.push_back({unit.ticket, Delivered::How::kFailed});
    ring();
  }
}

std::optional<Delivered> CarTopic::poll() {
  if (told_.empty()) hear_reports();
  if (told_.empty()) return std::nullopt;
  const Delivered first = told_.front();
  told_.pop_front();
  return first;
}

void CarTopic::hear_reports() {
  std::uint64_t rings = 0;
  [[maybe_unused]] const auto got = ::read(wake_.get(), &rings, sizeof rings);
  while (const kafka::Happened event{rd_kafka_queue_poll(reports_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_ERROR)
      trouble_ = fmt::format("compat/kafka: {}", rd_kafka_event_error_string(event.get()));
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
    while (const auto* message = rd_kafka_event_message_next(event.get())) {
      const Delivered::How how = fate_of(*message);
      trouble_ = how == Delivered::How::kStored
                     ? std::string()
                     : fmt::format("compat/kafka: {}", kafka::text_of(message->err));
      told_.push_back({ticket_of(*message), how});
    }
  }
}

void CarTopic::ring() const {
  [[maybe_unused]] const auto put = ::write(wake_.get(), &kOne, sizeof kOne);
}

Result<KafkaTopic> open_topic(const KafkaOptions& options) {
  auto seen = look_at_kafka_topic(options, options.start_wait);
  if (!seen) return seen;
  if (!seen->exists) {
    if (auto made = kafka::create_topic(options, seen->listeners.size()); !made)
      return fail(std::move(made.error()));
    options.say(fmt::format("topic {} made at {}", options.topic, options.brokers));
    seen = kafka::look_at_new_topic(options);
    if (!seen) return seen;
  }
  for (const KafkaWeakness& weak : weaknesses_of(*seen, options))
    options.say(fmt::format("topic {}, taken as it is: {} is {}, safe would be {}", options.topic,
                            weak.setting, weak.is, weak.should));
  return seen;
}

}  // namespace seckill::compat
