// The journal over a real Kafka: the contract of every journal, and what only a topic can do to us.
#include "journal/kafka_journal.h"

#include <array>
#include <atomic>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <mutex>
#include <poll.h>
#include <random>
#include <thread>

#include "journal/journal_contract.h"
#include "journal/kafka_client.h"
#include "stack/cut_wire.h"
#include "support/real_servers.h"

namespace seckill {
namespace {

using testing::CutWire;
using testing::RealServers;

std::string new_topic() {
  static std::atomic<int> count{0};
  return fmt::format("journal-{}-{}-{}", ::getpid(), std::random_device{}(), ++count);
}

KafkaOptions laptop(const std::string& topic, const RealServers& servers = RealServers::shared()) {
  KafkaOptions options;
  options.brokers = servers["KAFKA_ADDRESSES"];
  options.topic = topic;
  options.allow_unsafe = true;
  return options;
}

KafkaGenesis genesis_of(std::uint64_t node) { return {Node{node}, node * 4711 + 1}; }

class OverKafka {
 public:
  static constexpr bool kOurStamp = false;
  Journal& open() {
    journal_.reset();
    found_.clear();
    journal_ = KafkaJournal::open(laptop(topic_), genesis_of(1), keeping(found_)).value();
    return *journal_;
  }
  const std::vector<Kept>& found() const { return found_; }
  std::optional<JournalEvent> event() { return await(*journal_); }
  std::unique_ptr<JournalReader> reader() { return open_kafka_reader(laptop(topic_)).value(); }

 private:
  const std::string topic_ = new_topic();
  std::unique_ptr<KafkaJournal> journal_;
  std::vector<Kept> found_;
};

}  // namespace
INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, JournalContract, OverKafka);
namespace {

// What other programs do to a topic.
class Stranger {
 public:
  explicit Stranger(const RealServers& servers = RealServers::shared()) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char why[512];
    rd_kafka_conf_set(conf, "bootstrap.servers", servers["KAFKA_ADDRESSES"].c_str(), why,
                      sizeof why);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    queue_ = rd_kafka_queue_new(client_);
  }
  ~Stranger() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_destroy(client_);
  }
  void make(const std::string& topic, const std::map<std::string, std::string>& settings,
            int partitions = 1) {
    char why[512];
    auto* asked = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why, sizeof why);
    for (const auto& [name, value] : settings)
      rd_kafka_NewTopic_set_config(asked, name.c_str(), value.c_str());
    auto* how = rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_operation_timeout(how, 10'000, why, sizeof why);
    rd_kafka_CreateTopics(client_, &asked, 1, how, queue_);
    done();
    rd_kafka_AdminOptions_destroy(how);
    rd_kafka_NewTopic_destroy(asked);
  }
  void add_partition(const std::string& topic) {
    char why[512];
    auto* asked = rd_kafka_NewPartitions_new(topic.c_str(), 2, why, sizeof why);
    rd_kafka_CreatePartitions(client_, &asked, 1, nullptr, queue_);
    done();
    rd_kafka_NewPartitions_destroy(asked);
  }
  void drop(const std::string& topic) {
    auto* asked = rd_kafka_DeleteTopic_new(topic.c_str());
    rd_kafka_DeleteTopics(client_, &asked, 1, nullptr, queue_);
    done();
    rd_kafka_DeleteTopic_destroy(asked);
  }
  void trim(const std::string& topic, std::int64_t before) {
    auto* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = before;
    auto* asked = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(client_, &asked, 1, nullptr, queue_);
    done();
    rd_kafka_DeleteRecords_destroy(asked);
    rd_kafka_topic_partition_list_destroy(list);
  }
  // For everybody: all but this.
  void deny(const std::string& topic, rd_kafka_AclOperation_t operation) {
    char why[512];
    const auto rule = [&](auto what, auto permission) {
      return rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str(),
                                     RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:ANONYMOUS", "*", what,
                                     permission, why, sizeof why);
    };
    std::array rules{rule(RD_KAFKA_ACL_OPERATION_ALL, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW),
                     rule(operation, RD_KAFKA_ACL_PERMISSION_TYPE_DENY)};
    rd_kafka_CreateAcls(client_, rules.data(), rules.size(), nullptr, queue_);
    done();
    rd_kafka_AclBinding_destroy_array(rules.data(), rules.size());
  }
  void allow_all(const std::string& topic) {
    char why[512];
    auto* rules = rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_TOPIC, topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, nullptr, nullptr,
        RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, why, sizeof why);
    rd_kafka_DeleteAcls(client_, &rules, 1, nullptr, queue_);
    done();
    rd_kafka_AclBinding_destroy(rules);
  }
  void say(const std::string& topic, const std::string& value) {
    ASSERT_EQ(rd_kafka_producev(client_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              0);
    ASSERT_EQ(rd_kafka_flush(client_, 10'000), 0);
  }

 private:
  void done() {
    auto* event = rd_kafka_queue_poll(queue_, 20'000);
    ASSERT_NE(event, nullptr);
    ASSERT_EQ(rd_kafka_event_error(event), 0) << rd_kafka_event_error_string(event);
    rd_kafka_event_destroy(event);
  }
  rd_kafka_t* client_;
  rd_kafka_queue_t* queue_;
};

const std::map<std::string, std::string> kSafe{{"retention.ms", "-1"},
                                               {"cleanup.policy", "delete"},
                                               {"message.timestamp.type", "LogAppendTime"}};

Result<std::unique_ptr<KafkaJournal>> opened(const KafkaOptions& options,
                                             std::vector<Kept>& found) {
  return KafkaJournal::open(options, genesis_of(9), keeping(found));
}

Error refusal(const KafkaOptions& options) {
  std::vector<Kept> found;
  const auto journal = opened(options, found);
  EXPECT_FALSE(journal) << options.topic << " was to be refused";
  return journal ? Error{Error::Code::kFailed, "accepted"} : journal.error();
}

// Each setting on which safety rests is refused by its name; a laptop's single broker passes only
// where that is said, and is said loudly.
TEST(KafkaTopic, UnsafeSettingsAreRefusedByName) {
  Stranger stranger;
  const std::map<std::string, std::string> unsafe{{"retention.ms", "604800000"},
                                                  {"retention.bytes", "1000000"},
                                                  {"cleanup.policy", "compact"},
                                                  {"message.timestamp.type", "CreateTime"},
                                                  {"unclean.leader.election.enable", "true"},
                                                  {"max.message.bytes", "1000"}};
  for (const auto& [name, value] : unsafe) {
    auto settings = kSafe;
    settings[name] = value;
    const std::string topic = new_topic();
    stranger.make(topic, settings);
    const Error why = refusal(laptop(topic));
    EXPECT_EQ(why.code, Error::Code::kInvalid);
    EXPECT_NE(why.message.find(fmt::format("{} is {}", name, value)), std::string::npos)
        << why.message;
  }
  const std::string two = new_topic();
  stranger.make(two, kSafe, 2);
  EXPECT_NE(refusal(laptop(two)).message.find("partitions is 2"), std::string::npos);

  const std::string lonely = new_topic();
  stranger.make(lonely, kSafe);
  auto strict = laptop(lonely);
  strict.allow_unsafe = false;
  const Error why = refusal(strict);
  EXPECT_NE(why.message.find("replication.factor is 1"), std::string::npos) << why.message;
  EXPECT_NE(why.message.find("min.insync.replicas is 1"), std::string::npos) << why.message;
  auto loud = laptop(lonely);
  std::string said;
  loud.say = [&](std::string_view line) { said += line; };
  std::vector<Kept> found;
  EXPECT_TRUE(opened(loud, found));
  EXPECT_NE(said.find("UNSAFE"), std::string::npos) << said;
}

// Records deleted at its start, another program's topic, a newer format: stop, with the reason.
TEST(KafkaTopic, WhatIsNoWholeJournalOfOursIsRefused) {
  Stranger stranger;
  std::vector<Kept> found;
  const std::string cut = new_topic();
  ASSERT_TRUE(opened(laptop(cut), found));
  stranger.say(cut, "one more");
  stranger.trim(cut, 1);
  Error why = refusal(laptop(cut));
  EXPECT_EQ(why.code, Error::Code::kCorrupt);
  EXPECT_NE(why.message.find("starts at 1"), std::string::npos) << why.message;

  const std::string foreign = new_topic();
  stranger.make(foreign, kSafe);
  stranger.say(foreign, "buy 1 car");
  why = refusal(laptop(foreign));
  EXPECT_EQ(why.code, Error::Code::kCorrupt);
  EXPECT_NE(why.message.find("not ours"), std::string::npos) << why.message;

  const std::string newer = new_topic();
  ASSERT_TRUE(opened(laptop(newer), found));
  stranger.say(newer, "\x02\x02" + std::string(60, 'x'));
  why = refusal(laptop(newer));
  EXPECT_EQ(why.code, Error::Code::kCorrupt);
  EXPECT_NE(why.message.find("format 2"), std::string::npos) << why.message;
}

// A broker that all its clients reach by a wire.
struct Wired {
  Wired() {
    ::setenv("KAFKA_ADVERTISED", "127.0.0.2", 1);
    servers = std::make_unique<RealServers>("kafka");
    ::unsetenv("KAFKA_ADVERTISED");
    options = laptop(new_topic(), *servers);
    const auto colon = options.brokers.find(':');
    const auto port = static_cast<std::uint16_t>(std::stoi(options.brokers.substr(colon + 1)));
    wire = std::make_unique<CutWire>(port, "127.0.0.2", port);
    options.brokers = fmt::format("127.0.0.2:{}", port);
  }
  std::unique_ptr<RealServers> servers;
  std::unique_ptr<CutWire> wire;
  KafkaOptions options;
};

// One of several brokers may hear of a topic later than the others: what it does not know yet is no
// finding, and it is asked again. The wire makes the only one forget the topic, once.
TEST(KafkaTopic, ABrokerThatDoesNotKnowTheTopicYetIsAskedAgain) {
  const Wired kafka;
  ASSERT_TRUE(kafka::create_topic(kafka.options, 1));
  kafka.wire->cut(kafka.options.topic, CutWire::Cut::kGarbled);
  const auto seen = kafka::look_at_new_topic(kafka.options);
  EXPECT_TRUE(kafka.wire->is_cut()) << "it was asked about the topic";
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_TRUE(seen->exists);
  EXPECT_EQ(seen->settings.at("retention.ms"), "-1");
  EXPECT_EQ(seen->end, 0);
}

// A leader that was cut off says that what its successor has taken is not there. The wire asks for
// what is really not there, once; then it is there. For as long as it is not, nobody is told a yes;
// and a record that stays away is lost.
TEST(KafkaTopic, ARecordThatIsMissingIsAskedForAgain) {
  for (const bool patient : {true, false}) {
    Wired kafka;
    if (!patient) kafka.options.missing_for = milliseconds(0);
    std::vector<Kept> found;
    const auto journal = opened(kafka.options, found).value();
    const auto next = static_cast<char>(number(journal->next()));
    kafka.wire->cut(std::string(7, '\0') + next, CutWire::Cut::kGarbled);  // the offset to fetch
    for (int i = 0; i < 100 && !kafka.wire->is_cut(); ++i)
      std::this_thread::sleep_for(milliseconds(50));
    ASSERT_TRUE(kafka.wire->is_cut());
    journal->append(records_from(0, 3), {});
    std::size_t came = 0;
    std::optional<JournalEvent> event;
    while (came < 3 && (event = await(*journal)) && std::holds_alternative<CameBack>(*event))
      came += std::get<CameBack>(*event).entries.size();
    ASSERT_TRUE(event);
    if (patient) {
      EXPECT_EQ(came, 3u);
    } else {
      ASSERT_TRUE(std::holds_alternative<Broken>(*event));
      const Error& why = std::get<Broken>(*event).error;
      EXPECT_EQ(why.code, Error::Code::kCorrupt);
      EXPECT_NE(why.message.find("is not there any more"), std::string::npos) << why.message;
    }
  }
}

// Where a reader ends, rows may seem to be ahead of the journal, and an audit ends: that there is
// no more is asked for in so many words, and again when it is not answered.
TEST(KafkaTopic, AnEndIsAskedFor) {
  const Wired kafka;
  std::vector<Kept> found;
  ASSERT_TRUE(opened(kafka.options, found));
  const auto reader = open_kafka_reader(kafka.options).value();
  ASSERT_EQ(reader->read(Position{}, 10)->size(), 1u);
  // "The first offset", as it is asked for together with the last one; the broker refuses another.
  kafka.wire->cut(std::string(7, '\xff') + '\xfe', CutWire::Cut::kGarbled);
  const auto nothing = reader->read(Position{1}, 10);
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_TRUE(nothing->empty());
  EXPECT_GE(kafka.wire->heard(), 2) << "asked, refused, and asked again";
}

// A stranger's message has a place like any other record, says nothing, and is counted.
TEST(KafkaTopic, AStrangersMessageSaysNothing) {
  Stranger stranger;
  std::vector<Kept> found;
  const std::string topic = new_topic();
  auto journal = opened(laptop(topic), found).value();
  stranger.say(topic, "buy 1 car");
  std::vector<Kept> came;
  while (came.empty()) {
    const auto event = await(*journal);
    ASSERT_TRUE(event && std::holds_alternative<CameBack>(*event));
    keep_all(std::get<CameBack>(*event).entries, came);
  }
  EXPECT_EQ(came.at(0).position, Position{1});
  EXPECT_EQ(came.at(0).record, nothing_said());
  EXPECT_EQ(came.at(0).bytes.size(), 9u);
  EXPECT_EQ(journal->strangers(), 1u);
  const auto reader = open_kafka_reader(laptop(topic)).value();
  const auto all = read_all(*reader).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1], came[0]);
}

// A reader that stood at the end of an empty topic reads the first record as soon as somebody else
// has seen it: "the rows are ahead" would be said of a journal that only begins.
TEST(KafkaTopic, AnEmptyTopicThatBeginsIsReadAtOnce) {
  for (int round = 0; round < 4; ++round) {
    const KafkaOptions options = laptop(new_topic());
    Stranger().make(options.topic, kSafe);
    const auto reader = open_kafka_reader(options).value();
    ASSERT_TRUE(reader->read(Position{}, 10).value().empty());
    std::vector<Kept> found;
    const auto journal = opened(options, found).value();
    EXPECT_EQ(found.size(), 1u);
    EXPECT_FALSE(reader->read(Position{}, 10).value().empty());
  }
}

// Two nodes meet at an empty topic: both write a first record, and read the same journal.
TEST(KafkaTopic, TwoNodesBeginOneJournal) {
  for (int round = 0; round < 3; ++round) {
    const std::string topic = new_topic();
    std::vector<Kept> found[2];
    std::unique_ptr<KafkaJournal> nodes[2];
    std::thread threads[2];
    for (std::uint64_t i = 0; i < 2; ++i) {
      threads[i] = std::thread([&, i] {
        nodes[i] = KafkaJournal::open(laptop(topic), genesis_of(i + 1), keeping(found[i])).value();
      });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_FALSE(found[0].empty() || found[1].empty());
    EXPECT_EQ(found[0][0], found[1][0]) << "one identity";
    // Each sees what the other one writes, in the same order.
    nodes[0]->append(records_from(100, 3), {});
    nodes[1]->append(records_from(200, 3), {});
    for (int i = 0; i < 2; ++i) {
      const auto has = [&](std::uint64_t no) {
        return std::ranges::any_of(found[i],
                                   [&](auto& kept) { return kept.record == record_no(no); });
      };
      while (!has(102) || !has(202)) {
        const auto event = await(*nodes[i]);
        ASSERT_TRUE(event && std::holds_alternative<CameBack>(*event));
        keep_all(std::get<CameBack>(*event).entries, found[i]);
      }
    }
    const std::size_t both = std::min(found[0].size(), found[1].size());
    for (std::size_t i = 0; i < both; ++i) EXPECT_EQ(found[0][i], found[1][i]);
  }
}

// Deleted and made anew under a running node, and even longer than before: it must not go on.
TEST(KafkaTopic, ATopicMadeAnewStopsUs) {
  Stranger stranger;
  std::vector<Kept> found;
  auto options = laptop(new_topic());
  options.look_every = milliseconds(500);
  auto journal = opened(options, found).value();
  stranger.drop(options.topic);
  std::this_thread::sleep_for(milliseconds(300));
  stranger.make(options.topic, kSafe);
  for (int i = 0; i < 5; ++i) stranger.say(options.topic, "another world");
  std::optional<JournalEvent> event;
  while ((event = await(*journal)) && !std::holds_alternative<Broken>(*event)) {
  }
  ASSERT_TRUE(event) << "it notices by itself";
  EXPECT_EQ(std::get<Broken>(*event).error.code, Error::Code::kCorrupt);
}

// A setting that becomes unsafe while it runs, or a second partition: the same.
TEST(KafkaTopic, ATopicMadeUnsafeStopsUs) {
  Stranger stranger;
  std::vector<Kept> found;
  auto options = laptop(new_topic());
  options.look_every = milliseconds(500);
  auto journal = opened(options, found).value();
  // It looks again and again, also where nothing else wakes it: nobody polls unasked.
  std::optional<JournalEvent> event;
  const auto run = [&](milliseconds time) {
    for (const SteadyTime until = steady_now() + time; !event && steady_now() < until;) {
      pollfd wakes{.fd = journal->wake_fd(), .events = POLLIN, .revents = 0};
      if (::poll(&wakes, 1, 100) > 0) event = journal->poll();
      if (event && !std::holds_alternative<Broken>(*event)) event.reset();
    }
  };
  run(milliseconds(2'000));
  EXPECT_FALSE(event);
  stranger.add_partition(options.topic);
  run(milliseconds(20'000));
  ASSERT_TRUE(event) << "it notices by itself";
  EXPECT_NE(std::get<Broken>(*event).error.message.find("partitions is 2"), std::string::npos);
}

// Rights that are taken away while it runs (a rule that is replaced is gone for a moment) say
// nothing of the topic: it is not "gone", and whoever can still write and read sells on. At a start
// they are refused by name, and nobody tries to make the topic.
TEST(KafkaTopic, RightsThatAreTakenAwayAreSaidAndStopNobody) {
  ::setenv("KAFKA_SETTINGS",
           "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
           "allow.everyone.if.no.acl.found=true",
           1);
  const RealServers servers("kafka");
  ::unsetenv("KAFKA_SETTINGS");
  Stranger stranger(servers);
  std::vector<Kept> found;
  auto options = laptop(new_topic(), servers);
  options.look_every = milliseconds(200);
  std::mutex mutex;
  std::string said;
  options.say = [&](std::string_view line) {
    const std::scoped_lock hold(mutex);
    said.append(line).append("\n");
  };
  const auto is_said = [&](std::string_view words) {
    const std::scoped_lock hold(mutex);
    return said.find(words) != std::string::npos;
  };
  auto journal = opened(options, found).value();
  const auto appended = [&](std::uint64_t no) {
    for (int tries = 0; tries < 8; ++tries) {  // a client believes for seconds what it was refused
      journal->append(records_from(no, 1), {});
      const auto event = await(*journal);
      if (!event || std::holds_alternative<Broken>(*event)) return false;
      if (std::holds_alternative<CameBack>(*event)) return true;
    }
    return false;
  };
  const auto runs_until = [&](std::string_view words) {
    for (int i = 0; i < 300 && !is_said(words); ++i) {
      std::this_thread::sleep_for(milliseconds(50));
      if (const auto event = journal->poll(); event && std::holds_alternative<Broken>(*event))
        return false;
    }
    return is_said(words);
  };
  stranger.deny(options.topic, RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS);
  EXPECT_TRUE(runs_until("allow DescribeConfigs on it")) << said;
  EXPECT_TRUE(appended(1));
  Error why = refusal(options);
  EXPECT_EQ(why.code, Error::Code::kInvalid);
  EXPECT_NE(why.message.find("allow DescribeConfigs on it"), std::string::npos) << why.message;

  stranger.allow_all(options.topic);
  stranger.deny(options.topic, RD_KAFKA_ACL_OPERATION_DESCRIBE);
  EXPECT_TRUE(runs_until("allow Describe on it")) << said;
  why = refusal(options);
  EXPECT_EQ(why.code, Error::Code::kInvalid);
  EXPECT_NE(why.message.find("allow Describe on it"), std::string::npos) << why.message;

  stranger.allow_all(options.topic);
  EXPECT_TRUE(appended(2));
}

// A turn reaches the topic in one request, not its first record alone and the others a trip later.
// The broker stamps a batch once, so records of two batches have two stamps, more often than not:
// without a linger 10 and 16 of 40 turns had one stamp, with it 33 to 40.
TEST(KafkaTopic, ATurnIsOneBatch) {
  constexpr std::size_t kTurns = 40;
  std::vector<Kept> found;
  const auto journal = opened(laptop(new_topic()), found).value();
  std::size_t whole = 0;
  for (std::size_t turn = 0; turn < kTurns; ++turn) {
    std::vector<Kept> came;
    journal->append(records_from(1'000 * turn, 200), {});
    while (came.size() < 200) {
      const auto event = await(*journal);
      ASSERT_TRUE(event && std::holds_alternative<CameBack>(*event));
      keep_all(std::get<CameBack>(*event).entries, came);
    }
    if (came.front().stamp == came.back().stamp) ++whole;
  }
  EXPECT_GE(whole, kTurns * 2 / 3) << "a turn takes one trip";
}

// The broker stops for longer than an append waits: the turn's outcome is unknown, and the journal
// goes on when it is back. Nothing is handed back twice.
TEST(KafkaTopic, AnAppendOfUnknownOutcomeIsUnsureAndTheJournalGoesOn) {
  std::vector<Kept> found;
  const std::string topic = new_topic();
  const RealServers servers("kafka");
  auto journal = opened(laptop(topic, servers), found).value();
  servers.act("pause", "kafka");
  const SteadyTime since = steady_now();
  journal->append(records_from(0, 5), {});
  const auto event = await(*journal);
  EXPECT_TRUE(event && std::holds_alternative<Unsure>(*event));
  // The bound is await()'s: it gives up after 10 s of silence. A slow machine may add to this one.
  EXPECT_LE((steady_now() - since).count(), 30'000'000) << "never silent for more than 10 s";
  servers.act("resume", "kafka");
  std::optional<Kept> last;
  for (int tries = 0; tries < 5 && !last; ++tries) {
    journal->append(records_from(50, 1), {});
    for (bool over = false; !over;) {
      const auto next_event = await(*journal);
      ASSERT_TRUE(next_event && !std::holds_alternative<Broken>(*next_event));
      over = std::holds_alternative<Unsure>(*next_event);
      if (over) continue;
      std::vector<Kept> came;
      keep_all(std::get<CameBack>(*next_event).entries, came);
      for (const Kept& kept : came) {
        found.push_back(kept);
        if (kept.record == record_no(50)) last = kept, over = true;
      }
    }
  }
  ASSERT_TRUE(last) << "selling resumes";
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].position, Position{i});
}

// kill -9 of the broker between turns: what came back before is there, and positions go on.
TEST(KafkaTopic, ABrokerThatDiesAndComesBackLosesNothing) {
  std::vector<Kept> found;
  const std::string topic = new_topic();
  const RealServers servers("kafka");
  auto journal = opened(laptop(topic, servers), found).value();
  const auto append = [&](std::uint64_t no) {
    for (int tries = 0; tries < 8; ++tries) {
      journal->append(records_from(no, 1), {});
      for (;;) {
        const auto event = await(*journal);
        ASSERT_TRUE(event && !std::holds_alternative<Broken>(*event))
            << (event ? std::get<Broken>(*event).error.message : "silence");
        if (std::holds_alternative<Unsure>(*event)) break;
        keep_all(std::get<CameBack>(*event).entries, found);
        if (found.back().record == record_no(no)) return;
      }
    }
    FAIL() << "it never came back";
  };
  for (std::uint64_t no = 0; no < 20; ++no) append(no);
  servers.act("kill", "kafka");
  servers.act("restart", "kafka");
  for (std::uint64_t no = 20; no < 40; ++no) append(no);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].position, Position{i});
  const auto reader = open_kafka_reader(laptop(topic, servers)).value();
  EXPECT_EQ(read_all(*reader).value(), found);
}

TEST(KafkaSettings, ThoseThatSafetyRestsOnMayNotBeSet) {
  for (const char* name : {"acks", "enable.idempotence", "auto.offset.reset", "check.crcs"}) {
    const auto set = check_kafka_setting(name, "1");
    ASSERT_FALSE(set);
    EXPECT_NE(set.error().message.find(name), std::string::npos);
  }
  EXPECT_FALSE(check_kafka_setting("plugin.library.paths", "x.so"));
  EXPECT_TRUE(check_kafka_setting("security.protocol", "sasl_ssl"));
  EXPECT_TRUE(check_kafka_setting("fetch.max.bytes", "1000000"));
}

}  // namespace
}  // namespace seckill
