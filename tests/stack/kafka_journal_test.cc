// The journal over a real Kafka: the contract of every journal, and what becomes of an append and
// of a read on bad days.
#include "journal/kafka_journal.h"

#include <gtest/gtest.h>
#include <thread>

#include "journal/journal_contract.h"
#include "stack/kafka_place.h"
#include "support/read_file.h"

namespace seckill {
namespace {

using namespace testing;

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

// Each batch in a topic's file begins with its offset (8 bytes) and how many bytes follow (4).
std::size_t batches_of(const std::string& topic, const RealServers& servers) {
  const std::string log =
      read_file(servers.directory() + "/kafka1/data/" + topic + "-0/00000000000000000000.log");
  std::size_t count = 0;
  for (std::size_t at = 0; at + 12 <= log.size(); ++count) {
    std::size_t bytes = 0;
    for (std::size_t i = 8; i < 12; ++i)
      bytes = bytes << 8 | static_cast<unsigned char>(log[at + i]);
    at += 12 + bytes;
  }
  return count;
}

// A turn reaches the topic in one request, not its first record alone and the others a trip later:
// without a linger 50 to 98 batches were written, with it 40 to 51 (the most beside much other
// work, which may stop a sender between two records).
TEST(KafkaTopic, ATurnIsOneBatch) {
  constexpr std::size_t kTurns = 40;
  const RealServers& servers = RealServers::shared();
  std::vector<Kept> found;
  const std::string topic = new_topic();
  const auto journal = opened(laptop(topic), found).value();
  const std::size_t before = batches_of(topic, servers);
  for (std::size_t turn = 0; turn < kTurns; ++turn) {
    std::vector<Kept> came;
    journal->append(records_from(1'000 * turn, 200), {});
    while (came.size() < 200) {
      const auto event = await(*journal);
      ASSERT_TRUE(event && std::holds_alternative<CameBack>(*event));
      keep_all(std::get<CameBack>(*event).entries, came);
    }
  }
  const std::size_t batches = batches_of(topic, servers) - before;
  EXPECT_GE(batches, kTurns) << "one at a time";
  EXPECT_LE(batches, kTurns * 3 / 2) << "a turn takes one trip";
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

}  // namespace
}  // namespace seckill
