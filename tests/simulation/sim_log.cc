#include "sim_log.h"

#include <algorithm>
#include <utility>

#include "base/invariant.h"
#include "model/codec.h"

namespace seckill::simulation {
namespace {

constexpr microseconds kReceiptWithin{9'500'000};
constexpr microseconds kMessageTimeout{8'000'000};
constexpr microseconds kLookEvery{30'000'000};
constexpr microseconds kReconnect{200'000};
constexpr std::size_t kTakeAtOnce = 64;

tl::unexpected<Error> away() {
  return fail(Error::Code::kUnavailable, "journal/kafka: no answer from the broker");
}

}  // namespace

KafkaOptions topic_options() {
  KafkaOptions options;
  options.brokers = "simulated:9092";
  options.topic = "seckill";
  return options;
}

// ---- start ----

Result<std::unique_ptr<SimLog>> SimLog::open(Place place, const KafkaGenesis& genesis,
                                             const Visitor& visit) {
  std::unique_ptr<SimLog> log(new SimLog(std::move(place)));
  if (!log->connected()) return away();
  if (auto safe = check_kafka_topic(log->place_.broker.look(), topic_options()); !safe) {
    return fail(std::move(safe.error()));
  }
  if (auto replayed = log->replay(genesis, visit); !replayed) {
    return fail(std::move(replayed.error()));
  }
  log->connection_ = log->connection();
  log->fetch(log->trip());
  log->look();
  return log;
}

// Another node may find the topic empty in the same moment: then there are two of them.
void SimLog::write_genesis(const KafkaGenesis& genesis) {
  place_.stage.reached("a topic is born");
  const bool twice = place_.chance.percent(20);
  if (twice) place_.stage.reached("two nodes begin the topic");
  for (std::uint64_t n = 0; n <= (twice ? 1 : 0); ++n) {
    const Record record{{genesis.node, {}}, Tick{genesis.rules, {}, {}, genesis.nonce + n}};
    Bytes bytes;
    encode(record, bytes);
    place_.broker.write_genesis(bytes);
  }
}

Status SimLog::replay(const KafkaGenesis& genesis, const Visitor& visit) {
  Broker& broker = place_.broker;
  if (broker.end() == 0) write_genesis(genesis);
  read_ = number(follower_.begin(Position{}));
  while (read_ < broker.end()) {
    entries_.clear();
    for (; read_ < broker.end() && entries_.size() < kTakeAtOnce; ++read_) {
      if (auto fine = follower_.take(broker.at(read_), entries_); !fine) return fine;
    }
    const Entry& first = entries_.front();
    if (first.position == Position{}) {
      if (!is_genesis(first.record)) {
        return fail(Error::Code::kCorrupt, "journal/kafka: topic seckill is not ours");
      }
      identity_ = hash_of(first.stamp, first.bytes);
    }
    if (auto taken = visit(entries_); !taken) return taken;
  }
  arrived_ = read_;
  return {};
}

// ---- the producer ----

// A turn goes out in one request or in two.
void SimLog::append(std::span<const Record> records, RawTime) {
  invariant(!unsure_, "one append in flight");
  receipts_.expect(records);
  ++turn_;
  since_ = place_.stage.now().steady;
  place_.later(kReceiptWithin, [this, turn = turn_] {
    if (turn != turn_ || !receipts_.missing()) return;
    place_.stage.reached("records that did not come back in time");
    give_up("its records did not come back");
  });
  const std::size_t count = records.size();
  const bool in_two = count > 1 && place_.chance.percent(20);
  if (!in_two) return send(0, count);
  place_.stage.reached("a turn in two requests");
  const std::size_t first = 1 + place_.chance.below(count - 1);
  send(0, first);
}

// The other half follows when the first is answered: one request in flight.
void SimLog::send(std::size_t from, std::size_t to) {
  Chance& chance = place_.chance;
  if (place_.stage.now().steady - since_ >= kMessageTimeout) {
    place_.stage.reached("a message timed out");
    return give_up("Local: Message timed out");
  }
  auto records = std::make_shared<std::vector<Bytes>>();
  for (std::size_t n = from; n < to; ++n) {
    const auto& bytes = receipts_.bytes()[n];
    records->emplace_back(bytes.begin(), bytes.end());
  }
  const Packet packet = std::move(records);
  const bool troubled = chance.percent(place_.broker.mood.wire);
  const auto fate = troubled ? chance.below(3) : 3;
  if (fate == 0) {  // lost on its way
    place_.stage.reached("a request is lost");
    return send_again(from, to, microseconds(chance.delay(300'000, 2'000'000)));
  }
  if (fate == 2) {  // its connection hangs: it comes again by another one, and then this one comes
    place_.stage.reached("a request comes late, and again");
    const microseconds late(chance.delay(2'000'000, 15'000'000));
    place_.stage.later(
        late, [&broker = place_.broker, packet] { broker.take(packet, [](Broker::Said) {}); });
    return send_again(from, to, microseconds(chance.delay(300'000, 2'000'000)));
  }
  if (fate == 1) place_.stage.reached("the answer to a request is lost");
  at_the_broker(packet, from, to, /*answers=*/fate != 1);
}

void SimLog::send_again(std::size_t from, std::size_t to, microseconds after) {
  place_.later(after, [this, from, to, turn = turn_] {
    if (turn == turn_ && receipts_.missing() && !unsure_) send(from, to);
  });
}

void SimLog::at_the_broker(const Packet& packet, std::size_t from, std::size_t to, bool answers) {
  const Place& place = place_;
  const microseconds there = trip(), back = trip();
  const microseconds again(place.chance.delay(100'000, 1'000'000));
  // What comes back may find the process gone: it is heard through `later`, or not at all.
  const auto heard = [this, from, to, again, turn = turn_](Broker::Said said) {
    if (turn != turn_ || !receipts_.missing() || unsure_) return;
    if (said != Broker::Said::kStored) return send_again(from, to, again);
    if (to < receipts_.count()) send(to, receipts_.count());
  };
  place.stage.later(there, [&broker = place.broker, &link = place.link, later = place.later, packet,
                            back, heard, answers] {
    const auto answer = [later, back, heard, answers](Broker::Said said) {
      later(back, [heard, said, answers] { heard(answers ? said : Broker::Said::kNothing); });
    };
    if (link.cut) return answer(Broker::Said::kNothing);
    broker.take(packet, answer);
  });
}

// Nobody knows what became of it; what was not sent yet is not sent any more.
void SimLog::give_up(std::string why) {
  if (!receipts_.missing() || unsure_) return;
  unsure_ = std::move(why);
  place_.later(microseconds(0), place_.wake);
}

// ---- the consumer ----

void SimLog::fetch(microseconds after) {
  place_.later(after, [this] { fetched(); });
}

// The broker has answered, or waits until there is more: so much is there, and will be here soon.
void SimLog::fetched() {
  Chance& chance = place_.chance;
  if (bad_ || broken_) return;
  if (!connected()) return fetch(kReconnect);
  if (connection_ != connection() && !read_again()) return place_.wake();
  std::uint64_t until = place_.broker.end();
  if (until <= arrived_) {
    return place_.broker.wait([this, later = place_.later, on_its_way = trip()] {
      later(on_its_way, [this] { fetched(); });
    });
  }
  if (until > arrived_ + 1 && chance.percent(20)) {
    until = arrived_ + 1 + chance.below(until - arrived_ - 1);
  }
  place_.later(trip(), [this, until, by = connection()] {
    if (by == connection() && connected()) {
      arrived_ = until;
      place_.wake();
    }
    fetch(microseconds(1));
  });
}

// False: the topic is not what it was.
bool SimLog::read_again() {
  connection_ = connection();
  place_.stage.reached("a node reads its last record again");
  arrived_ = read_ = number(follower_.again());
  if (read_ > place_.broker.end() && place_.stops_on_a_lost_offset) {
    bad_ = follower_.lost("offset out of range").value();
  } else if (read_ > place_.broker.end()) {
    arrived_ = read_ = number(follower_.begin(Position{place_.broker.end()}));
  }
  place_.later(trip(), [this] { check_topic(); });
  return !bad_;
}

// The topic is looked at again, now and then and after each lost connection.
void SimLog::look() {
  check_topic();
  place_.later(kLookEvery, [this] { look(); });
}

void SimLog::check_topic() {
  if (bad_ || broken_ || !connected()) return;
  Status safe = check_kafka_topic(place_.broker.look(), topic_options());
  if (safe) safe = identity_is_known();
  if (safe) return;
  bad_ = std::move(safe.error());
  place_.wake();
}

Status SimLog::identity_is_known() const {
  const TopicMessage first = place_.broker.at(0);
  if (hash_of(first.stamp, first.bytes) == identity_) return {};
  return fail(Error::Code::kCorrupt,
              "journal/kafka: topic seckill begins with another record than before: it was made "
              "anew");
}

// Records first: what came back is certain.
std::optional<JournalEvent> SimLog::poll() {
  if (broken_) return std::nullopt;
  entries_.clear();
  while (read_ < arrived_ && entries_.size() < kTakeAtOnce) {
    if (connection_ != connection()) break;
    if (auto fine = follower_.take(place_.broker.at(read_), entries_); !fine) {
      bad_ = std::move(fine.error());
      break;
    }
    ++read_;
  }
  if (!entries_.empty()) {
    if (receipts_.take(entries_)) unsure_.reset();
    return CameBack{entries_};
  }
  if (bad_) {
    broken_ = true;
    return Broken{*bad_};
  }
  if (!unsure_) return std::nullopt;
  receipts_.forget();
  return Unsure{*std::exchange(unsure_, std::nullopt)};
}

// ---- readers ----

Result<std::span<const Entry>> SimLogReader::read(Position from, std::size_t most) {
  if (broker_.mood.away || link_.cut) return away();
  if (!std::exchange(started_, true) || from != follower_.next()) {
    read_ = number(follower_.begin(from));
  } else if (epoch_ != broker_.epoch() || losses_ != link_.losses) {
    read_ = number(follower_.again());
  }
  epoch_ = broker_.epoch(), losses_ = link_.losses;
  entries_.clear();
  if (read_ > broker_.end()) return follower_.lost("offset out of range");
  for (; read_ < broker_.end() && entries_.size() < most; ++read_) {
    if (auto fine = follower_.take(broker_.at(read_), entries_); !fine)
      return fail(std::move(fine.error()));
  }
  return std::span<const Entry>(entries_);
}

}  // namespace seckill::simulation
