// Reads the topic from any position: the consumer, the audit, and the replay at the start.
#include <fmt/format.h>
#include <optional>

#include "journal/kafka_tail.h"

namespace seckill {
namespace {

constexpr milliseconds kAnswerWithin{10'000};
constexpr milliseconds kSeenWithin{2'000};  // what this process' journal has seen is on its way
constexpr milliseconds kEndWithin{2'000};
constexpr milliseconds kOnce{100};

class KafkaReader final : public JournalReader {
 public:
  KafkaReader(std::unique_ptr<kafka::Tail> tail, KafkaOptions options, KafkaSeen seen)
      : tail_(std::move(tail)), options_(std::move(options)), seen_(std::move(seen)) {}

  Result<std::span<const Entry>> read(Position from, std::size_t most) override {
    // An end that was told is believed for as long as the broker gathers; not where nothing was
    // read yet: whoever begins anew there asks because he has heard of more.
    if (!started_ || from == Position{} || from != tail_->next()) {
      if (auto begun = tail_->start(from); !begun) return fail(std::move(begun.error()));
      started_ = true;
      end_.reset();
    }
    const SteadyTime since = steady_now();
    for (milliseconds once{0};; once = kOnce) {
      auto entries = tail_->take(most, once);
      if (!entries || !entries->empty()) return entries;
      const auto waited = steady_now() - since;
      const bool more = seen_ != nullptr && tail_->next() < seen_();
      if (tail_->at_end() && (!more || waited >= kSeenWithin) && is_end()) return entries;
      if (tail_->missing()) {
        if (auto there = tail_->was_deleted(kEndWithin); !there) return fail(there.error());
      }
      if (waited >= kAnswerWithin) {
        return fail(Error::Code::kUnavailable,
                    fmt::format("journal/kafka: record {} does not come from {} in {} s {}",
                                number(tail_->next()), options_.brokers,
                                kAnswerWithin.count() / 1000, tail_->trouble()));
      }
    }
  }

 private:
  bool is_end() {
    const End here{tail_->next(), tail_->doubts()};
    if (end_ != here && tail_->ends_here(kEndWithin)) end_ = here;
    return end_ == here;
  }

  std::unique_ptr<kafka::Tail> tail_;
  KafkaOptions options_;
  KafkaSeen seen_;
  bool started_ = false;
  // The broker was asked; of this connection, since the last start.
  struct End {
    Position at;
    std::uint64_t doubts;
    bool operator==(const End&) const = default;
  };
  std::optional<End> end_;
};

}  // namespace

Result<std::unique_ptr<JournalReader>> open_kafka_reader(KafkaOptions options, KafkaSeen seen) {
  auto tail = kafka::Tail::open(options, kafka::Tail::For::kRows);
  if (!tail) return fail(std::move(tail.error()));
  return std::make_unique<KafkaReader>(*std::move(tail), std::move(options), std::move(seen));
}

}  // namespace seckill
