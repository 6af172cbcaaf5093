// The journal over the simulated world's broker, as kafka_journal.* is one over Kafka: the real
// Follower and Receipts say what came and what it is; producer, fetches, time-outs and lost
// connections are made of chance here.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker.h"
#include "chance.h"
#include "journal/follower.h"
#include "journal/journal.h"

namespace seckill::simulation {

// Between one machine and the broker. It outlives the processes.
struct Link {
  bool cut = false;
  std::uint64_t losses = 0;   // grows with each cut
  microseconds usual{2'000};  // of one way
  microseconds most{40'000};
};

// The options of a production node.
KafkaOptions topic_options();

// A node's journal. It belongs to a process: what it still wants from the stage dies with that, but
// what it has sent is on its way.
class SimLog final : public Journal {
 public:
  using Later = std::function<void(microseconds delay, std::function<void()> event)>;
  struct Place {
    Stage& stage;
    Broker& broker;
    const Link& link;
    Chance& chance;
    Later later;                 // dies with the process
    std::function<void()> wake;  // poll() has something to say
    bool stops_on_a_lost_offset = true;
  };
  using Visitor = KafkaJournal::Visitor;

  // Like KafkaJournal::open.
  static Result<std::unique_ptr<SimLog>> open(Place place, const KafkaGenesis& genesis,
                                              const Visitor& visit);

  void append(std::span<const Record> records, RawTime stamp) override;
  std::optional<JournalEvent> poll() override;
  int wake_fd() const override { return -1; }
  Room room() const override { return Room::kPlenty; }

  Position next() const { return follower_.next(); }
  std::uint64_t strangers() const { return follower_.strangers(); }

 private:
  explicit SimLog(Place place) : place_(std::move(place)), follower_(topic_options().topic) {}

  Status replay(const KafkaGenesis& genesis, const Visitor& visit);
  void write_genesis(const KafkaGenesis& genesis);
  // The producer.
  void send(std::size_t from, std::size_t to);
  void send_again(std::size_t from, std::size_t to, microseconds after);
  void at_the_broker(const Packet& packet, std::size_t from, std::size_t to, bool answers);
  void give_up(std::string why);
  // The consumer.
  void fetch(microseconds after);
  void fetched();
  bool read_again();
  void look();
  void check_topic();
  Status identity_is_known() const;
  bool connected() const { return !place_.broker.mood.away && !place_.link.cut; }
  // Another one: what was fetched by the last is not believed.
  std::pair<std::uint64_t, std::uint64_t> connection() const {
    return {place_.broker.epoch(), place_.link.losses};
  }
  microseconds trip() {
    return microseconds(place_.chance.delay(place_.link.usual.count(), place_.link.most.count()));
  }

  Place place_;
  Follower follower_;
  RecordHash identity_;
  std::uint64_t read_ = 0;     // next offset to read
  std::uint64_t arrived_ = 0;  // messages before that are here
  std::pair<std::uint64_t, std::uint64_t> connection_;
  std::optional<Error> bad_;
  bool broken_ = false;
  std::vector<Entry> entries_;

  Receipts receipts_;
  std::uint64_t turn_ = 0;
  SteadyTime since_;
  std::optional<std::string> unsure_;
};

// The reader of a consumer or an auditor.
class SimLogReader final : public JournalReader {
 public:
  SimLogReader(const Broker& broker, const Link& link)
      : broker_(broker), link_(link), follower_(topic_options().topic) {}
  Result<std::span<const Entry>> read(Position from, std::size_t most) override;

 private:
  const Broker& broker_;
  const Link& link_;
  Follower follower_;
  bool started_ = false;
  std::uint64_t read_ = 0;
  std::uint64_t epoch_ = 0, losses_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace seckill::simulation
