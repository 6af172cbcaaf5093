#include "journal/kafka_sender.h"

#include <fmt/format.h>
#include <iterator>

#include "base/thread_name.h"

namespace seckill::kafka {
namespace {

constexpr int kMessageTimeoutMs = 8'000;
constexpr int kLingerMs = 20;
constexpr int kFlushMs = 10;  // enough for librdkafka's own thread to hear of it

// For people who read the topic with other tools; nothing of ours reads it.
struct Key {
  std::string& to;
  void operator()(const SaleRecord& r) const { say("SALE {}", number(r.terms.uid)); }
  void operator()(const Reserve& r) const { of("RESERVE", r.sale, r.order); }
  void operator()(const Pay& r) const { of("PAY", r.order.sale(), r.order); }
  void operator()(const Cancel& r) const { of("CANCEL", r.order.sale(), r.order); }
  void operator()(const Tick&) const { say("TICK"); }

  static std::uint32_t number(SaleUid uid) { return static_cast<std::uint32_t>(uid); }
  void of(const char* kind, SaleUid sale, OrderId order) const {
    say("{} {} {}", kind, number(sale), to_text(order));
  }
  template <class... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) const {
    fmt::format_to(std::back_inserter(to), text, std::forward<Args>(args)...);
  }
};

}  // namespace

Result<std::unique_ptr<Sender>> Sender::open(const KafkaOptions& options) {
  auto client = make_client(RD_KAFKA_PRODUCER, options,
                            {{"enable.idempotence", "false"},
                             {"acks", "all"},
                             {"linger.ms", std::to_string(kLingerMs)},
                             {"max.in.flight.requests.per.connection", "1"},
                             {"message.timeout.ms", std::to_string(kMessageTimeoutMs)},
                             {"delivery.report.only.error", "true"}});
  if (!client) return fail(std::move(client.error()));
  Topic topic(rd_kafka_topic_new(client->get(), options.topic.c_str(), nullptr));
  if (!topic)
    return fail(Error::Code::kInvalid, fmt::format("journal/kafka: {}: {}", options.topic,
                                                   text_of(rd_kafka_last_error())));
  return std::unique_ptr<Sender>(new Sender(*std::move(client), std::move(topic)));
}

Sender::Sender(Client client, Topic topic)
    : client_(std::move(client)),
      topic_(std::move(topic)),
      reports_(rd_kafka_queue_get_main(client_.get())),
      flusher_([this](const std::stop_token& stop) { flush(stop); }) {}

Sender::~Sender() {
  flusher_.request_stop();
  sent_.release();
  flusher_.join();
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(client_.get(), 0);
}

rd_kafka_resp_err_t Sender::send(std::span<const Record> records,
                                 std::span<const std::vector<std::byte>> bytes,
                                 std::uintptr_t turn) {
  batch_.assign(records.size(), {});
  keys_.clear();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::size_t before = keys_.size();
    std::visit(Key{keys_}, records[i].body);
    batch_[i].key_len = keys_.size() - before;
    batch_[i].payload = const_cast<std::byte*>(bytes[i].data());
    batch_[i].len = bytes[i].size();
    batch_[i]._private = reinterpret_cast<void*>(turn);
  }
  char* key = keys_.data();
  for (rd_kafka_message_t& message : batch_) {
    message.key = key;
    key += message.key_len;
  }
  const int count = static_cast<int>(batch_.size());
  const int taken =
      rd_kafka_produce_batch(topic_.get(), 0, RD_KAFKA_MSG_F_COPY, batch_.data(), count);
  sent_.release();
  for (const rd_kafka_message_t& message : batch_)
    if (taken != count && message.err != 0) return message.err;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void Sender::purge() {
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                    RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void Sender::flush(const std::stop_token& stop) {
  name_thread("sender");
  for (;;) {
    sent_.acquire();
    if (stop.stop_requested()) return;
    rd_kafka_flush(client_.get(), kFlushMs);
  }
}

}  // namespace seckill::kafka
