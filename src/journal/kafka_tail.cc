#include "journal/kafka_tail.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <thread>

namespace seckill::kafka {
namespace {

// Messages that wait for us. A librdkafka before 2.2 that had so many looks for more only up to a
// second after there is room again, unless it is sent anew; see fetch().
constexpr std::size_t kQueuedMax = 100'000;
constexpr std::size_t kQueueWasFull = kQueuedMax * 9 / 10;
constexpr const char* kGatheredBytes = "65536";
constexpr const char* kGatheredMs = "50";

// So often a record that is missing is asked for again.
constexpr milliseconds kSeekAgain{500};
constexpr milliseconds kSaidLately{10 * kSeekAgain};  // whoever was cut off meanwhile asks anew

// The broker that we asked does not hold what we were to read.
bool says_missing(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
         error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE || error == RD_KAFKA_RESP_ERR__BAD_MSG;
}

}  // namespace

Result<std::unique_ptr<Tail>> Tail::open(KafkaOptions options, For use) {
  const bool gathers = use == For::kRows;
  auto client = make_client(RD_KAFKA_CONSUMER, options,
                            {{"auto.offset.reset", "error"},
                             {"check.crcs", "true"},
                             {"enable.auto.commit", "false"},
                             {"enable.auto.offset.store", "false"},
                             {"allow.auto.create.topics", "false"},
                             {"enable.partition.eof", use == For::kReceipts ? "false" : "true"},
                             {"fetch.min.bytes", gathers ? kGatheredBytes : "1"},
                             // a start elsewhere waits for it
                             {"fetch.wait.max.ms", gathers ? kGatheredMs : "100"},
                             {"fetch.error.backoff.ms", "50"},
                             {"queued.min.messages", std::to_string(kQueuedMax)},
                             {"queued.max.messages.kbytes", "65536"}});
  if (!client) return fail(std::move(client.error()));
  Topic topic(rd_kafka_topic_new(client->get(), options.topic.c_str(), nullptr));
  if (!topic)
    return fail(Error::Code::kInvalid, fmt::format("journal/kafka: {}: {}", options.topic,
                                                   text_of(rd_kafka_last_error())));
  Queue fetched(rd_kafka_queue_new(client->get()));
  Queue events(rd_kafka_queue_get_main(client->get()));
  return std::unique_ptr<Tail>(new Tail(std::move(options), *std::move(client), std::move(topic),
                                        std::move(fetched), std::move(events)));
}

Tail::Tail(KafkaOptions options, Client client, Topic topic, Queue fetched, Queue events)
    : options_(std::move(options)),
      client_(std::move(client)),
      topic_(std::move(topic)),
      fetched_(std::move(fetched)),
      events_(std::move(events)),
      follower_(options_.topic) {}

Tail::~Tail() {
  taken_.clear(), before_.clear();
  if (started_) rd_kafka_consume_stop(topic_.get(), 0);
}

void Tail::wake(int event_fd) {
  static constexpr std::uint64_t kOne = 1;
  rd_kafka_queue_io_event_enable(fetched_.get(), event_fd, &kOne, sizeof kOne);
  rd_kafka_queue_io_event_enable(events_.get(), event_fd, &kOne, sizeof kOne);
}

Status Tail::start(Position from, std::optional<RecordHash> before) {
  missing_since_.reset();
  return seek(follower_.begin(from, before));
}

Status Tail::seek(Position at) {
  taken_.clear();
  at_end_ = shaken_ = false;
  const auto offset = static_cast<std::int64_t>(number(at));
  if (std::exchange(started_, true)) rd_kafka_consume_stop(topic_.get(), 0);
  if (rd_kafka_consume_start_queue(topic_.get(), 0, offset, fetched_.get()) == 0) return {};
  started_ = false;
  return fail(Error::Code::kFailed,
              fmt::format("journal/kafka: {}", text_of(rd_kafka_last_error())));
}

// Errors are heard after the fetch: what was fetched behind a lost connection is not believed.
Result<std::span<const Entry>> Tail::take(std::size_t most, milliseconds wait) {
  std::swap(taken_, before_);
  taken_.clear();
  if (!shaken_) fetch(most, wait);
  hear_errors();
  if (const SteadyTime now = steady_now(); shaken_ && now < seek_at_) {
    std::this_thread::sleep_for(std::min<microseconds>(wait, seek_at_ - now));
    return std::span<const Entry>();
  }
  if (shaken_) {
    if (auto sought = seek(follower_.again()); !sought) return fail(std::move(sought.error()));
    return std::span<const Entry>();
  }
  for (const Message& message : taken_.messages) {
    if (auto fine = add(*message); !fine) return fail(std::move(fine.error()));
    if (shaken_) break;  // the next take() seeks
  }
  return std::span<const Entry>(taken_.entries);
}

bool Tail::ends_here(milliseconds wait) const {
  Bounds bounds;
  return ask_bounds(client_.get(), options_.topic, 0, wait, bounds) == 0 &&
         bounds.end <= static_cast<std::int64_t>(number(next()));
}

Status Tail::was_deleted(milliseconds wait) const {
  Bounds bounds;
  if (ask_bounds(client_.get(), options_.topic, 0, wait, bounds) != 0 ||
      bounds.start <= static_cast<std::int64_t>(number(next())))
    return {};
  return follower_.lost(fmt::format("it starts at {}", bounds.start));
}

void Tail::fetch(std::size_t most, milliseconds wait) {
  const std::size_t waiting = rd_kafka_queue_length(fetched_.get());
  full_ = full_ || waiting >= kQueueWasFull;
  if (waiting == 0 && std::exchange(full_, false)) {
    shaken_ = true;  // take() seeks
    return;
  }
  std::array<rd_kafka_message_t*, kTakeMax> some;
  most = std::min(most, some.size());
  if (wait > milliseconds(0)) {  // a batch would wait until it is full
    auto* first = rd_kafka_consume_queue(fetched_.get(), static_cast<int>(wait.count()));
    if (first == nullptr) return;
    taken_.messages.emplace_back(first);
  }
  const auto got =
      rd_kafka_consume_batch_queue(fetched_.get(), 0, some.data(), most - taken_.messages.size());
  for (std::ptrdiff_t i = 0; i < got; ++i)
    taken_.messages.emplace_back(some[static_cast<std::size_t>(i)]);
}

void Tail::hear_errors() {
  while (const Happened event{rd_kafka_queue_poll(events_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_ERROR) continue;
    happened(rd_kafka_event_error(event.get()), rd_kafka_event_error_string(event.get()));
  }
}

void Tail::happened(rd_kafka_resp_err_t error, const char* says) {
  trouble_ = fmt::format("{} ({})", says == nullptr ? "" : says, rd_kafka_err2name(error));
  ++doubts_;
  at_end_ = false;
  shaken_ = true;
}

// A leader that was cut off does not know what its successor has taken, and a librdkafka before 2.1
// cannot tell the two apart: it is asked again, and a look at all brokers' metadata finds the right
// one within seconds. What stays missing is lost.
Status Tail::is_missing() {
  const SteadyTime now = steady_now();
  if (!missing_since_ || now - *missing_said_ > kSaidLately) missing_since_ = now;
  missing_said_ = now;
  if (missing_since_ == now) {
    options_.say(fmt::format("record {} of topic {} is missing, says a broker: {}; asking again",
                             number(next()), options_.topic, trouble_));
  }
  if (now - *missing_since_ >= options_.missing_for) return follower_.lost(trouble_);
  seek_at_ = now + kSeekAgain;
  return {};
}

Status Tail::add(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    at_end_ = !follower_.doubtful() && message.offset == static_cast<std::int64_t>(number(next()));
    return {};
  }
  if (message.err == 0) return add_record(message);
  happened(message.err, rd_kafka_message_errstr(&message));
  return says_missing(message.err) ? is_missing() : Status{};
}

Status Tail::add_record(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t kind{};
  const RawTime stamp{rd_kafka_message_timestamp(&message, &kind)};
  trouble_.clear();
  missing_since_.reset();
  at_end_ = false;
  return follower_.take({.offset = message.offset,
                         .stamp = stamp,
                         .stamped_by_broker = kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
                         .bytes = {static_cast<const std::byte*>(message.payload), message.len}},
                        taken_.entries);
}

}  // namespace seckill::kafka
