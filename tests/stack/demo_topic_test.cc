// The demo's topic under a broker that is lost, or whose answer is not the truth: what is said of a
// unit is what became of it.
#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "compat/car_topic.h"
#include "stack/cut_wire.h"
#include "support/real_servers.h"

namespace seckill::compat {
namespace {

using How = Delivered::How;
using testing::CutWire;
using testing::RealServers;

// One broker; whoever asks for it goes over the wire.
class DemoTopic : public ::testing::Test {
 protected:
  DemoTopic() {
    ::unsetenv("KAFKA_ADVERTISED");
    options.brokers = fmt::format("127.0.0.2:{}", port);
    options.topic = "CAR_NUMBER";
    options.allow_unsafe = true;
    EXPECT_TRUE(open_topic(options));
    topic = CarTopic::open(options, 1).value();
  }
  std::optional<How> append() {
    const Unit unit{Ticket{++ticket}, 0};
    topic->append(std::span(&unit, 1));
    const SteadyTime until = steady_now() + milliseconds(10'000);
    for (;;) {
      if (const auto told = topic->poll()) {
        EXPECT_EQ(told->ticket, unit.ticket);
        return told->how;
      }
      const auto left = std::chrono::duration_cast<milliseconds>(until - steady_now());
      if (left.count() <= 0) return std::nullopt;
      pollfd waits{.fd = topic->wake_fd(), .events = POLLIN, .revents = 0};
      (void)::poll(&waits, 1, static_cast<int>(left.count()));
    }
  }
  std::int64_t recorded() {
    topic.reset();  // the wire serves one client at a time
    return look_at_kafka_topic(options, milliseconds(10'000)).value().end;
  }

  const int advertised = ::setenv("KAFKA_ADVERTISED", "127.0.0.2", 1);
  const RealServers servers{"kafka"};
  const std::uint16_t port = static_cast<std::uint16_t>(
      std::stoi(servers["KAFKA_ADDRESSES"].substr(servers["KAFKA_ADDRESSES"].find(':') + 1)));
  CutWire wire{port, "127.0.0.2", port};
  KafkaOptions options;
  std::unique_ptr<CarTopic> topic;
  std::uint64_t ticket = 0;
};

// A leader that is deposed between writing and answering says "not the leader", also of what its
// followers have: such a unit may be there. So it is not sent again, nor given back.
TEST_F(DemoTopic, WhatADeposedLeaderMayHaveWrittenIsUnsureAndNotSentAgain) {
  EXPECT_EQ(append(), How::kStored);
  // Of a ProduceResponse: one partition, number 0, and its error.
  const auto answer = [&](char error) {
    return options.topic + std::string{0, 0, 0, 1, 0, 0, 0, 0, 0, error};
  };
  wire.lie(answer(0), answer(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION));
  EXPECT_EQ(append(), How::kUnsure);
  EXPECT_TRUE(wire.is_cut());
  EXPECT_EQ(append(), How::kStored) << "it goes on";
  EXPECT_EQ(recorded(), 3);
}

// The broker is lost with the answer: it is unsure, and there once.
TEST_F(DemoTopic, AnAnswerThatIsLostIsUnsure) {
  EXPECT_EQ(append(), How::kStored);
  wire.cut("buy 1 car", CutWire::Cut::kBeforeItIsAnswered);
  EXPECT_EQ(append(), How::kUnsure);
  EXPECT_EQ(append(), How::kStored);
  EXPECT_EQ(recorded(), 3);
}

// Nobody answers: what was not sent at all failed for certain, and when the broker is back it
// sells.
TEST_F(DemoTopic, WhatWasNotSentFailed) {
  EXPECT_EQ(append(), How::kStored);
  servers.act("kill", "kafka");
  EXPECT_NE(append(), How::kStored);
  EXPECT_EQ(append(), How::kFailed);
  servers.act("restart", "kafka");
  std::optional<How> how;
  for (int i = 0; i < 20 && how != How::kStored; ++i) how = append();
  EXPECT_EQ(how, How::kStored);
}

}  // namespace
}  // namespace seckill::compat
