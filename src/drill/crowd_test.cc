#include "drill/crowd.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "drill/toy_shop.h"

namespace seckill {
namespace {

// Writes down what it is told.
struct Diary : Audience {
  void answered(const Attempt& attempt, std::string_view order, std::string_view reason) override {
    attempts.push_back(attempt);
    orders.emplace_back(order);
    if (!reason.empty()) ++reasons[std::string(reason)];
  }
  void settled(std::uint32_t click, Told told, std::int64_t, std::uint32_t tries,
               std::string_view) override {
    EXPECT_TRUE(settled_as.emplace(click, told).second) << "settled twice: " << click;
    tries_of[click] = tries;
    ++count[told];
  }
  void tick(std::int64_t) override {
    if (on_tick) on_tick();
  }
  std::vector<Attempt> attempts;
  std::vector<std::string> orders;
  std::map<std::string, int> reasons;
  std::map<std::uint32_t, Told> settled_as;
  std::map<std::uint32_t, std::uint32_t> tries_of;
  std::map<Told, int> count;
  std::function<void()> on_tick;
};

Plan rush(std::uint32_t shoppers, milliseconds over, double double_click = 0) {
  return plan_of({.shoppers = shoppers,
                  .over = over,
                  .arrival = over.count() == 0 ? Arrival::kBurst : Arrival::kPoisson,
                  .double_click = double_click,
                  .seed = 11});
}
Wire demo_of(const ToyShop& shop) {
  return Wire::demo({.host = "127.0.0.1", .port = shop.port(), .path = "/seckill/seckill"});
}
Wire api_of(const ToyShop& shop) {
  return Wire::api({.host = "127.0.0.1", .port = shop.port()}, "car");
}

// The whole crowd, over the demo's wire: as many wins as units, each number once, every click
// settled.
TEST(Crowd, BuysOverTheDemosWire) {
  const ToyShop shop(honest(100));
  Diary diary;
  const auto end = play(rush(1'000, milliseconds(500)), demo_of(shop), {}, diary);
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(diary.count[Told::kWon], 100);
  EXPECT_EQ(diary.count[Told::kSoldOut], 900);
  std::set<std::int32_t> numbers;
  for (const Attempt& attempt : diary.attempts) {
    if (attempt.told == Told::kWon) numbers.insert(attempt.left);
  }
  EXPECT_EQ(numbers.size(), 100u);
  EXPECT_EQ(*numbers.rbegin(), 99);
}

// (1): intended <= started <= sent <= answered.
TEST(Crowd, SendsAtTheIntendedTimes) {
  const ToyShop shop(honest(10));
  Diary diary;
  const Plan plan = rush(500, milliseconds(500));
  const auto end = play(plan, demo_of(shop), {}, diary);
  ASSERT_TRUE(end);
  for (const Attempt& attempt : diary.attempts) {
    EXPECT_EQ(attempt.intended_us, plan.clicks[attempt.click].at_us);
    EXPECT_LE(attempt.intended_us, attempt.started_us);
    EXPECT_LE(attempt.started_us, attempt.sent_us);
    EXPECT_LE(attempt.sent_us, attempt.answered_us);
  }
  EXPECT_GE(end->lasted_us, plan.clicks.back().at_us);
}

// One shopper asks again and again, each time behind an answer: one connection is enough.
TEST(Crowd, KeepsItsConnections) {
  const ToyShop shop(
      [](const ToyAsk&) -> ToyAnswer { return {toy_reply(503, R"({"code":"busy"})")}; });
  Diary diary;
  const auto end = play(rush(1, milliseconds(0)), api_of(shop), {.retries = 4}, diary);
  ASSERT_TRUE(end);
  EXPECT_EQ(diary.attempts.size(), 5u);
  EXPECT_EQ(end->connections_opened, 1u);
}

// (1), the open loop: a server that never answers the first shopper does not keep the others back.
TEST(Crowd, DoesNotWaitForTheSlow) {
  const ToyShop shop([](const ToyAsk&) -> ToyAnswer { return {}; });
  std::atomic<int> interrupts = 0;
  Diary diary;
  diary.on_tick = [&] {
    if (shop.asked().size() == 50) interrupts = 2;
  };
  const auto end =
      play(rush(50, milliseconds(100)), demo_of(shop), {.interrupts = &interrupts}, diary);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->interrupted) << "all have asked before anybody was answered";
  EXPECT_EQ(end->in_flight_most, 50u);
}

// With fewer connections than shoppers in flight the rest wait, and their time counts from the
// intended send.
TEST(Crowd, CountsTheWaitForAConnection) {
  const ToyShop shop([](const ToyAsk&) -> ToyAnswer {
    return {.bytes = toy_reply(200, "sold out!"), .after = milliseconds(50)};
  });
  Diary diary;
  const auto end = play(rush(6, milliseconds(0)), demo_of(shop), {.connections = 2}, diary);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->connections_most, 2u);
  EXPECT_EQ(diary.count[Told::kSoldOut], 6);
  const auto last =
      std::max_element(diary.attempts.begin(), diary.attempts.end(),
                       [](const Attempt& a, const Attempt& b) { return a.sent_us < b.sent_us; });
  EXPECT_GE(last->sent_us - last->intended_us, 100'000);  // two turns of 50 ms, then its own
  EXPECT_GE(last->answered_us - last->sent_us, 50'000);
}

// Keys: buyer and key of each shopper, and a second click that gets the same order.
TEST(Crowd, BuysOverTheApiAndClicksTwiceWithOneKey) {
  const ToyShop shop(honest(50));
  Diary diary;
  const Plan plan = rush(200, milliseconds(200), 0.2);
  const auto end = play(plan, api_of(shop), {}, diary);
  ASSERT_TRUE(end);
  EXPECT_EQ(diary.attempts.size(), 240u);
  std::map<std::uint32_t, std::set<std::string>> orders;
  for (std::size_t i = 0; i < diary.attempts.size(); ++i) {
    if (diary.attempts[i].told == Told::kWon)
      orders[diary.attempts[i].shopper].insert(diary.orders[i]);
  }
  EXPECT_EQ(orders.size(), 50u);
  for (const auto& [shopper, ids] : orders) EXPECT_EQ(ids.size(), 1u) << shopper;
  std::map<std::string, std::string> body_of;
  for (const ToyAsk& ask : shop.asked()) {
    ASSERT_EQ(ask.path, "/api/v1/sales/car/orders");
    const auto [known, fresh] = body_of.emplace(ask.key, ask.body);
    EXPECT_EQ(known->second, ask.body) << "one key, one buyer";
  }
  EXPECT_EQ(body_of.size(), 200u);
  EXPECT_EQ(body_of.at(key_of(11, 0)), R"({"buyer":"u1","quantity":1})");
}

TEST(Crowd, ClicksTheSecondTimeOnAnotherConnection) {
  const ToyShop shop(honest(0));
  Diary diary;
  const auto end = play(rush(100, milliseconds(300), 1), api_of(shop), {}, diary);
  ASSERT_TRUE(end);
  std::map<std::string, std::set<std::uint32_t>> connections;
  for (const ToyAsk& ask : shop.asked()) connections[ask.key].insert(ask.connection);
  for (const auto& [key, used] : connections) EXPECT_EQ(used.size(), 2u) << key;
}

// (4): 503 twice, then an order; Retry-After is heeded; without --retries it stays what it is.
TEST(Crowd, AsksAgainWithTheSameKey) {
  const auto twice_busy = [] {
    return [seen = std::map<std::string, int>()](const ToyAsk& ask) mutable -> ToyAnswer {
      const int tries = ++seen[ask.key];
      if (tries == 1) return {toy_reply(503, R"({"code":"busy"})", "Retry-After: 1\r\n")};
      if (tries == 2) return {.bytes = toy_reply(503, R"({"code":"outcome-unknown"})")};
      return {toy_reply(201, R"({"id":"ab","state":"held"})")};
    };
  };
  const ToyShop shop(twice_busy());
  Diary diary;
  ASSERT_TRUE(play(rush(10, milliseconds(20)), api_of(shop), {.retries = 3}, diary));
  EXPECT_EQ(diary.count[Told::kWon], 10);
  EXPECT_EQ(diary.attempts.size(), 30u);
  for (const Attempt& attempt : diary.attempts) {
    if (attempt.attempt == 2) {
      EXPECT_GE(attempt.intended_us, 1'000'000);
    }
  }
  const ToyShop other(twice_busy());
  Diary once;
  ASSERT_TRUE(play(rush(10, milliseconds(20)), api_of(other), {.retries = 1}, once));
  EXPECT_EQ(once.count[Told::kUnknown], 10);
  for (const auto& [click, tries] : once.tries_of) EXPECT_EQ(tries, 2u);
}

// (3): each way to fail is an error with a name, and never a win; the crowd goes on.
TEST(Crowd, CallsBrokenAnswersErrors) {
  const ToyShop shop([](const ToyAsk& ask) -> ToyAnswer {
    switch (ask.n % 6) {
      case 0: return {.bytes = "", .reset = true};
      case 1: return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[1", .hang_up = true};
      case 2: return {.bytes = "SSH-2.0-OpenSSH\r\n"};
      case 3: return {toy_reply(200, "hello")};
      case 4: return {toy_reply(500, "oops")};
      default: return {.bytes = "", .hang_up = true};
    }
  });
  Diary diary;
  ASSERT_TRUE(play(rush(60, milliseconds(100)), demo_of(shop), {}, diary));
  EXPECT_EQ(diary.count[Told::kError], 60);
  EXPECT_EQ(diary.reasons.size(), 5u);
  EXPECT_EQ(diary.reasons["not a reply: not HTTP/1.1"], 10);
  EXPECT_EQ(diary.reasons["500 oops"], 10);
}

// (5): silence ends by the timeout.
TEST(Crowd, LeavesTheSilent) {
  const ToyShop shop([](const ToyAsk& ask) -> ToyAnswer {
    return {.bytes = ask.n == 1 ? "" : toy_reply(200, "sold out!")};
  });
  Diary diary;
  ASSERT_TRUE(
      play(rush(5, milliseconds(50)), demo_of(shop), {.timeout = milliseconds(3'000)}, diary));
  EXPECT_EQ(diary.count[Told::kError], 1);
  EXPECT_EQ(diary.reasons["no answer in 3000 ms"], 1);
}

TEST(Crowd, GivesUpWaitingForAConnectionToo) {
  const ToyShop shop([](const ToyAsk&) -> ToyAnswer { return {}; });
  Diary diary;
  ASSERT_TRUE(play(rush(3, milliseconds(0)), demo_of(shop),
                   {.connections = 1, .timeout = milliseconds(100)}, diary));
  EXPECT_EQ(diary.count[Told::kError], 3);
}

// Servers that close after each reply, answer in pieces or in chunks are served as well.
TEST(Crowd, ReadsWhatOtherServersWrite) {
  const ToyShop shop([](const ToyAsk& ask) -> ToyAnswer {
    switch (ask.n % 4) {
      case 0: return {.bytes = toy_reply(200, "sold out!"), .piece = 7};
      case 1:
        return {.bytes =
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nsold \r\n4\r\nout!\r\n0\r\n\r\n",
                .piece = 11};
      case 2: return {.bytes = "HTTP/1.0 200 OK\r\n\r\nsold out!", .hang_up = true};
      default:
        return {.bytes = toy_reply(200, "sold out!", "Connection: close\r\n"), .hang_up = true};
    }
  });
  Diary diary;
  ASSERT_TRUE(play(rush(40, milliseconds(100)), demo_of(shop), {}, diary));
  EXPECT_EQ(diary.count[Told::kSoldOut], 40) << diary.reasons.begin()->first;
}

// The first interrupt stops sending and waits for what is in flight.
TEST(Crowd, StopsSendingAtTheFirstInterrupt) {
  const ToyShop shop([](const ToyAsk&) -> ToyAnswer {
    return {.bytes = toy_reply(200, "sold out!"), .after = milliseconds(400)};
  });
  std::atomic<int> interrupts = 0;
  Diary diary;
  diary.on_tick = [&] { interrupts = shop.asked().empty() ? 0 : 1; };
  const auto end =
      play(rush(1'000, milliseconds(100'000)), demo_of(shop), {.interrupts = &interrupts}, diary);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->interrupted);
  EXPECT_GT(diary.count[Told::kNotSent], 500);
  EXPECT_GT(diary.count[Told::kSoldOut], 0);
  EXPECT_EQ(diary.count[Told::kError], 0);
  EXPECT_EQ(diary.settled_as.size(), 1'000u);
  EXPECT_LT(end->lasted_us, 50'000'000);
}

// The second one does not wait: not for an answer, and not for the time-out either.
TEST(Crowd, LeavesAtTheSecondInterrupt) {
  const ToyShop shop([](const ToyAsk&) -> ToyAnswer { return {}; });
  std::atomic<int> interrupts = 0;
  Diary diary;
  diary.on_tick = [&] { interrupts = shop.asked().empty() ? 0 : 2; };
  const auto end = play(rush(1'000, milliseconds(100'000)), demo_of(shop),
                        {.timeout = milliseconds(50'000), .interrupts = &interrupts}, diary);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->interrupted);
  EXPECT_GT(diary.count[Told::kNotSent], 500);
  EXPECT_GT(diary.count[Told::kError], 0);
  EXPECT_EQ(diary.reasons["interrupted before the answer"], diary.count[Told::kError]);
  EXPECT_EQ(diary.settled_as.size(), 1'000u);
  EXPECT_LT(end->lasted_us, 50'000'000);
}

// A warm-up buys nothing, and the rush finds its connections open.
TEST(Crowd, WarmsUpWithoutBuying) {
  const ToyShop shop(honest(5));
  Diary diary;
  const auto end = play(rush(20, milliseconds(0)), api_of(shop),
                        {.connections = 20, .warmup = milliseconds(3'000)}, diary);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->connections_opened, 20u);
  EXPECT_EQ(diary.count[Told::kWon], 5);
  const std::vector<ToyAsk> asked = shop.asked();
  ASSERT_EQ(asked.size(), 40u);
  EXPECT_EQ(std::count_if(asked.begin(), asked.begin() + 20,
                          [](const ToyAsk& ask) { return ask.method == "GET"; }),
            20);
}

// (6), and nobody there.
TEST(Crowd, SpeaksOnlyToThisMachine) {
  Diary diary;
  const auto far = play(rush(1, milliseconds(1)), Wire::demo({.host = "192.0.2.1"}), {}, diary);
  EXPECT_EQ(far.error().code, Error::Code::kInvalid);
  EXPECT_NE(far.error().message.find("--allow-remote"), std::string::npos);
  std::uint16_t port = 0;
  {
    const ToyShop gone(honest(1));
    port = gone.port();
  }
  const auto nobody =
      play(rush(1, milliseconds(1)), Wire::demo({.host = "127.0.0.1", .port = port}), {}, diary);
  EXPECT_EQ(nobody.error().code, Error::Code::kUnavailable);
  EXPECT_TRUE(diary.settled_as.empty());
}

TEST(Crowd, AsksForOpenFilesItCannotHave) {
  const Status status = enough_open_files(50'000'000);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Error::Code::kInvalid);
  EXPECT_NE(status.error().message.find("ulimit -n"), std::string::npos);
  EXPECT_TRUE(enough_open_files(10));
}

// The server dies in mid-rush, with answers owed: connection errors, retries, and an end.
TEST(Crowd, SurvivesTheServersDeath) {
  auto shop = std::make_unique<ToyShop>(
      [sells = honest(100)](const ToyAsk& ask) { return ask.n <= 100 ? sells(ask) : ToyAnswer{}; });
  Diary diary;
  diary.on_tick = [&] {
    if (diary.count[Told::kWon] > 0) shop.reset();
  };
  const auto end = play(rush(300, milliseconds(300)), api_of(*shop), {.retries = 1}, diary);
  ASSERT_TRUE(end);
  EXPECT_GT(diary.count[Told::kWon], 0);
  EXPECT_GT(diary.count[Told::kError], 0);
  EXPECT_EQ(diary.settled_as.size(), 300u);
}

}  // namespace
}  // namespace seckill
