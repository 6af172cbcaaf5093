// The journal of several processes, in one partition of one Kafka topic: positions are offsets,
// stamps are the broker's log-append time, a value is a record's bytes.
//
// The record that comes back by the tailing consumer is the receipt; delivery reports are for
// errors. The producer waits for all in-sync replicas (acks=all), has one request in flight and no
// idempotence: librdkafka before 2.3 is known to end for good after a time-out with it (A15), and
// the ledger knows duplicates. A turn may come in two requests, twice, or in part: whoever appended
// it tells by the records that come back.
//
// The topic is looked at before it is trusted, at every start, whenever the connection was lost and
// every look_every: one partition, kept for ever, never compacted, stamped by the broker, starting
// at 0, on enough replicas, with the first record that we know. And a reader that was cut off reads
// the last record it knows again before it goes on: a topic that was made anew meanwhile has
// another one there (I9). A record that the broker says is gone is asked for again for a minute: a
// leader that was cut off, and knows nothing of its successor, says so of what it has missed. (One
// that is made anew and longer than before within milliseconds is seen only by the next look:
// librdkafka says nothing then.)
//
// Whoever may write to the topic is part of what is trusted. A stranger's message is a record that
// changes nothing (nothing_said, counted); one of a newer format stops us.
//
// Of librdkafka; a build without it has kafka_absent.cc, whose open() says so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.h"

namespace seckill {

struct KafkaOptions {
  std::string brokers;  // "host:port,host:port"
  std::string topic;
  int replication = 3;  // of a topic that we make, and the least that is safe …
  int min_insync = 2;   // … likewise
  // One broker, for a laptop: fewer replicas than the above are said and not refused.
  bool allow_unsafe = false;
  std::map<std::string, std::string> client;  // handed to librdkafka; see check_kafka_setting()
  milliseconds start_wait{30'000};            // for brokers that do not answer yet
  milliseconds look_every{30'000};            // at the topic and its first record, while it runs
  milliseconds missing_for{60'000};  // until a record that is said to be gone is believed to be
  // One line for the person on call. From any thread of ours.
  std::function<void(std::string_view)> say = [](std::string_view) {};
};

// Everything that safety does not rest on may be set: security.protocol, ssl.*, sasl.*, socket.*,
// fetch.*, compression.*, … kInvalid names the one that may not, or is unknown.
Status check_kafka_setting(const std::string& name, const std::string& value);

// What makes a new topic this journal and no other. Two nodes may both write one into an empty
// topic: record 0 alone is the identity.
struct KafkaGenesis {
  Node node{};
  std::uint64_t nonce = 0;  // random
  Rules rules = kNewestRules;
};

struct KafkaFound {
  bool is_new = false;  // the topic was empty
  std::uint64_t records = 0;
  std::uint64_t strangers = 0;  // that say nothing
};

class KafkaJournal : public Journal {
 public:
  using Visitor = std::function<Status(std::span<const Entry>)>;

  // Makes the topic if it is not there, checks it, and visits every record there is, in order, a
  // portion at a time, from another thread; entries live until it returns. kUnavailable: no broker
  // answers. kInvalid: an unsafe setting of the topic, by its name. kCorrupt: cut short, foreign or
  // newer.
  static Result<std::unique_ptr<KafkaJournal>> open(KafkaOptions options, KafkaGenesis genesis,
                                                    const Visitor& visit);

  virtual const KafkaFound& found() const = 0;
  virtual Position next() const = 0;  // of the first record that poll() has not handed back
  virtual std::int64_t last_trip_us() const = 0;  // from append to its last record
  virtual std::uint64_t strangers() const = 0;    // messages so far that say nothing
};

// First position that the journal of this process has not seen, from any thread: a reader waits a
// little for what lies before it.
using KafkaSeen = std::function<Position()>;

// For the consumer and the audit; also where nothing is written. What a read says is the end was
// the end then, or up to 50 ms before; kUnavailable when no broker answers for 10 s.
Result<std::unique_ptr<JournalReader>> open_kafka_reader(KafkaOptions options,
                                                         KafkaSeen seen = nullptr);

// A topic as it is, for the check at the start and for `doctor`.
struct KafkaTopic {
  bool exists = false;
  int partitions = 0;
  int replication = 0;
  std::map<std::string, std::string> settings;
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::vector<std::string> listeners;  // what the brokers advertise, "host:port"
};
// Those alone, also where they cannot be reached.
Result<std::vector<std::string>> kafka_listeners(const KafkaOptions& options, milliseconds wait);
Result<KafkaTopic> look_at_kafka_topic(const KafkaOptions& options, milliseconds wait);

// What of it is not safe, each by the setting's name.
struct KafkaWeakness {
  std::string setting;
  std::string is;
  std::string should;
  bool laptop = false;  // allow_unsafe lets it pass
};
std::vector<KafkaWeakness> weaknesses_of(const KafkaTopic& topic, const KafkaOptions& options);
// kInvalid, kCorrupt (it does not start at 0, or is gone). What `allow_unsafe` lets pass is said.
Status check_kafka_topic(const KafkaTopic& topic, const KafkaOptions& options);

}  // namespace seckill
