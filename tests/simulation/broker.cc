#include "broker.h"

#include <algorithm>
#include <utility>

#include "model/codec.h"

namespace seckill::simulation {
namespace {

Bytes bytes_of(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

Bytes bytes_of(const Record& record) {
  Bytes bytes;
  encode(record, bytes);
  return bytes;
}

}  // namespace

const char* to_text(Disaster disaster) {
  switch (disaster) {
    case Disaster::kCutShort: return "a topic that was cut short";
    case Disaster::kMadeAnew: return "a topic that was made anew";
    case Disaster::kForeign: return "a foreign topic";
    case Disaster::kTooNew: return "a record of a newer format";
    case Disaster::kNewerRules: return "a record of newer rules";
    case Disaster::kOtherStamps: return "a record that its writer stamped";
    case Disaster::kTwoPartitions: return "a second partition";
    case Disaster::kRetention: return "a topic that forgets";
    case Disaster::kStartIsGone: return "a topic that does not start at 0";
  }
  return "";
}

void Broker::append(Bytes bytes, bool by_broker) {
  topic_.log.push_back({clock(), std::move(bytes), by_broker});
}

// Where its last record ends.
std::uint64_t Broker::store(const std::vector<Bytes>& records) {
  for (const Bytes& bytes : records) append(bytes);
  return topic_.log.size();
}

void Broker::take(const Packet& packet, const std::function<void(Said)>& answer) {
  if (mood.away || disaster_) return answer(Said::kNothing);
  const bool short_of_replicas = mood.few_replicas;
  if (short_of_replicas && chance_.percent(70)) return answer(Said::kTooFewReplicas);
  const std::uint64_t end = store(*packet);
  const microseconds replicated(chance_.delay(3'000, 200'000));
  stage_.later(replicated, [this, end, epoch = epoch_, short_of_replicas, answer] {
    if (epoch != epoch_) return answer(Said::kNothing);  // its leader is gone; it may be, too
    if (short_of_replicas) stage_.reached("stored, though replicas were too few");
    topic_.end = std::max(topic_.end, end);
    tell_those_who_wait();
    answer(short_of_replicas ? Said::kTooFewReplicas : Said::kStored);
  });
}

void Broker::scribble(Bytes bytes) {
  if (mood.away || disaster_) return;
  append(std::move(bytes));
  topic_.end = topic_.log.size();
  tell_those_who_wait();
}

void Broker::tell_those_who_wait() {
  for (const auto& more : std::exchange(waiting_, {})) more();
}

void Broker::write_genesis(const Bytes& bytes) { scribble(bytes); }

TopicMessage Broker::at(std::uint64_t offset) const {
  const Message& message = topic_.log[offset];
  return {static_cast<std::int64_t>(offset), message.stamp, message.by_broker, message.bytes};
}

KafkaTopic Broker::look() const {
  return {.exists = true,
          .partitions = topic_.partitions,
          .replication = 3,
          .settings = {{"retention.ms", topic_.retention},
                       {"retention.bytes", "-1"},
                       {"cleanup.policy", "delete"},
                       {"message.timestamp.type", "LogAppendTime"},
                       {"unclean.leader.election.enable", "false"},
                       {"max.message.bytes", "1048588"},
                       {"min.insync.replicas", "2"}},
          .start = topic_.start,
          .end = static_cast<std::int64_t>(topic_.end),
          .listeners = {}};
}

// Another leader: what was not replicated may be gone, and was told to nobody.
void Broker::restart(microseconds away) {
  ++epoch_;
  if (topic_.log.size() > topic_.end) {
    const auto survive = chance_.below(topic_.log.size() - topic_.end + 1);
    if (topic_.end + survive < topic_.log.size()) stage_.reached("an unreplicated tail is lost");
    topic_.log.resize(topic_.end + survive);
    topic_.end = topic_.log.size();
  }
  mood.away = true;
  tell_those_who_wait();
  stage_.later(away, [this, outage = ++outages_] {
    if (outage == outages_) mood.away = false;
  });
}

// ---- disasters ----

Bytes Broker::any_text() { return bytes_of(fmt::format("buy 1 car, {}", chance_.below(1'000))); }

void Broker::befall(Disaster disaster) {
  ++epoch_;
  topic_.log.resize(topic_.end);  // what is in flight is lost, or stays
  right_one_ = topic_;
  disaster_ = disaster;
  std::uint64_t records = topic_.end;
  switch (disaster) {
    case Disaster::kCutShort:
      topic_.log.resize(records - std::min(records - 1, 1 + chance_.below(8)));
      break;
    case Disaster::kMadeAnew:
    case Disaster::kForeign:
      if (chance_.percent(50)) records = 1 + chance_.below(records * 2);
      topic_.log.clear();
      if (disaster == Disaster::kMadeAnew) {
        append(bytes_of(Record{{seckill::Node{chance_.number()}, {}},
                               Tick{kNewestRules, Position{}, Digest{}, chance_.number()}}));
      }
      while (topic_.log.size() < records) append(any_text());
      break;
    case Disaster::kTooNew: {
      Bytes newer = bytes_of(Record{{}, Tick{kNewestRules, Position{}, Digest{}, 1}});
      newer[0] = std::byte{kRecordFormat + 1};
      append(std::move(newer));
      break;
    }
    case Disaster::kNewerRules: {
      const Rules newer{static_cast<std::uint16_t>(static_cast<std::uint16_t>(kNewestRules) + 1)};
      append(bytes_of(Record{{}, Tick{newer, Position{}, Digest{}, chance_.number()}}));
      break;
    }
    case Disaster::kOtherStamps: append(any_text(), /*by_broker=*/false); break;
    case Disaster::kTwoPartitions: topic_.partitions = 2; break;
    case Disaster::kRetention: topic_.retention = "604800000"; break;
    case Disaster::kStartIsGone: topic_.start = static_cast<std::int64_t>(records / 2 + 1); break;
  }
  topic_.end = topic_.log.size();
  tell_those_who_wait();
}

void Broker::restore() {
  if (!disaster_) return;
  ++epoch_;
  topic_ = *std::move(right_one_);
  right_one_.reset();
  disaster_.reset();
  tell_those_who_wait();
}

}  // namespace seckill::simulation
