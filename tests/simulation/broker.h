// The shared log of the simulated world: a broker with one topic of one partition. It stamps what
// comes in, hands out what is replicated, and is slow, away or short of replicas when its mood says
// so. And there is the day on which somebody puts another topic in its place.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chance.h"
#include "journal/follower.h"
#include "journal/kafka_journal.h"
#include "stage.h"

namespace seckill::simulation {

using Bytes = std::vector<std::byte>;
using Packet = std::shared_ptr<const std::vector<Bytes>>;  // on the wire it belongs to nobody

struct BrokerMood {
  bool away = false;          // nobody answers
  bool few_replicas = false;  // what comes in is refused, or stored all the same
  std::uint64_t wire = 0;     // of a hundred requests so many are lost, late, or their answers are
  milliseconds skew{0};       // of its clock
};

// What somebody did to the topic, until the right one is brought back. Nothing is written to it
// meanwhile.
enum class Disaster : std::uint8_t {
  kCutShort,     // an acknowledged tail is gone: an unclean leader
  kMadeAnew,     // another journal's records, perhaps more than there were
  kForeign,      // somebody's texts
  kTooNew,       // a record of a newer format behind the last one
  kNewerRules,   // a newer release was tried: its TICK is behind the last one
  kOtherStamps,  // the last record was stamped by its writer
  kTwoPartitions,
  kRetention,
  kStartIsGone,  // the first records were deleted
};
inline constexpr std::uint64_t kDisasters = 9;
const char* to_text(Disaster disaster);

class Broker {
 public:
  enum class Said : std::uint8_t { kStored, kTooFewReplicas, kNothing };

  Broker(Stage& stage, Chance chance) : stage_(stage), chance_(chance) {}

  // A request has come in. Its answer is said when its records are replicated.
  void take(const Packet& packet, const std::function<void(Said)>& answer);
  // Somebody who is none of ours writes.
  void scribble(Bytes bytes);

  std::uint64_t end() const { return topic_.end; }  // what is replicated: nobody sees more
  TopicMessage at(std::uint64_t offset) const;
  KafkaTopic look() const;
  RawTime clock() const { return stage_.now().raw + mood.skew; }
  // Grows with each connection that everybody loses.
  std::uint64_t epoch() const { return epoch_; }
  void restart(microseconds away);
  // Called once, when there is more, or the connection is lost.
  void wait(std::function<void()> more) { waiting_.push_back(std::move(more)); }
  void write_genesis(const Bytes& bytes);

  void befall(Disaster disaster);
  const std::optional<Disaster>& disaster() const { return disaster_; }
  void restore();

  BrokerMood mood;

 private:
  struct Message {
    RawTime stamp;
    Bytes bytes;
    bool by_broker = true;
  };
  struct Topic {
    std::deque<Message> log;  // addresses stay
    std::uint64_t end = 0;
    int partitions = 1;
    std::int64_t start = 0;
    std::string retention = "-1";
  };

  std::uint64_t store(const std::vector<Bytes>& records);
  void append(Bytes bytes, bool by_broker = true);
  Bytes any_text();
  void tell_those_who_wait();

  Stage& stage_;
  Chance chance_;
  Topic topic_;
  std::optional<Topic> right_one_;  // during a disaster
  std::optional<Disaster> disaster_;
  std::uint64_t epoch_ = 0;
  std::uint64_t outages_ = 0;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace seckill::simulation
