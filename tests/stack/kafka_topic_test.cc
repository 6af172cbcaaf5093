// What a topic must be to hold a journal of ours: looked at when it is opened, and ever again.
#include <gtest/gtest.h>
#include <mutex>
#include <poll.h>
#include <thread>

#include "journal/kafka_client.h"
#include "stack/kafka_place.h"

namespace seckill {
namespace {

using namespace testing;

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
