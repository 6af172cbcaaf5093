// --compat demo over real servers, beside others who sell and read there in the demo's own manner.
#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "stack/demo_place.h"

namespace seckill::testing {
namespace {

app::HttpReply buy_one(const Server& server) {
  return server.client().ask({.method = "POST", .path = "/seckill/seckill"}).value();
}

Program crowd(const DemoPlace& place, const Server& server, int users, const std::string& out) {
  return Program(place.dir.path(), {"drill", server.url("/seckill/seckill"), "--users",
                                    std::to_string(users), "--over", "1s", "--connections", "100",
                                    "--timeout", "8s", "--out", out, "--quiet"});
}

int won_in(const DemoPlace& place, const std::string& out) {
  const std::string told = file_text(place.dir.path() / out / "transcript.jsonl");
  int won = 0;
  for (std::size_t at = 0; (at = told.find("\"outcome\":\"won\"", at)) != std::string::npos; ++at)
    ++won;
  return won;
}

void expect_rows(const DemoPlace& place, std::int64_t rows) {
  for (int i = 0; i < 600 && place.rows() != rows; ++i)
    std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(place.rows(), rows);
}

// On an empty stack everything is made; the replies are the demo's, byte for byte.
TEST(Demo, AnEmptyStackSellsAtOnce) {
  const DemoPlace place(RealServers::shared());
  const auto server = place.serve({"--stock", "2"});
  ASSERT_TRUE(server->up()) << server->program().err();
  for (const char* left : {"[1]", "[0]"}) {
    const auto won = buy_one(*server);
    EXPECT_EQ(won.status, 200);
    EXPECT_EQ(won.header("Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(won.body, left);
  }
  const auto none = buy_one(*server);
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(none.body, "sold out!");
  EXPECT_EQ(place.counter(), "0");
  EXPECT_EQ(place.values(), std::vector<std::string>(2, "buy 1 car"));
  expect_rows(place, 2);
  const Ran audit = place.audit({"--stock", "2", "--wait", "20s"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
  for (const char* path : {"/livez", "/readyz", "/metrics"})
    EXPECT_EQ(server->client().ask({.path = path}).value().status, 200) << path;
  EXPECT_EQ(server->client().ask({.path = "/api/v1/sales"}).value().status, 404);
  EXPECT_EQ(server->stop(), 0) << server->program().err();
  const Server plain(place.dir.path());
  EXPECT_TRUE(plain.up()) << "its token is no stranger's file";
}

// The old service sells from the same hundred at the same time, the old consumer reads what both
// have written: together exactly a hundred.
TEST(Demo, WithTheOldServiceItSellsAHundredTogether) {
  const DemoPlace place(RealServers::shared());
  const auto server = place.serve();
  ASSERT_TRUE(server->up()) << server->program().err();
  Program old(place.dir.path(),
              {place.redis_server()["REDIS_PORT"], "0", place.brokers(), place.topic(), "60"},
              {.command = {SECKILL_SOURCE_DIR "/tests/stack/demo/old_service"}});
  for (int i = 0; i < 20'000 && place.counter() == "100"; ++i)
    std::this_thread::sleep_for(milliseconds(1));
  Program ours = crowd(place, *server, 400, "ours");
  EXPECT_EQ(ours.wait(), 0) << ours.err();
  ASSERT_EQ(old.wait(), 0) << old.err();
  const int theirs = std::stoi(old.out());
  EXPECT_GT(theirs, 0);
  EXPECT_EQ(won_in(place, "ours") + theirs, 100);
  EXPECT_EQ(place.counter(), "0");
  EXPECT_EQ(place.values(), std::vector<std::string>(100, "buy 1 car"));
  expect_rows(place, 100);
  const Ran audit = place.audit({"--wait", "20s"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
  EXPECT_EQ(server->stop(), 0);
}

// A missing key is never "sold out!"; and what is there is never reset, nor made where something
// was sold.
TEST(Demo, WithoutACounterNothingIsSoldAndNothingIsReset) {
  const DemoPlace place(RealServers::shared());
  auto server = place.serve();
  ASSERT_TRUE(server->up()) << server->program().err();
  EXPECT_EQ(buy_one(*server).body, "[99]");
  (void)place.redis({"DEL", "counter"});
  const auto none = buy_one(*server);
  EXPECT_EQ(none.status, 503);
  EXPECT_EQ(field(none.body, "code"), "not-started");
  EXPECT_NE(none.header("Retry-After"), "");
  EXPECT_EQ(place.audit().code, 1) << "what was taken, nobody knows";
  EXPECT_EQ(server->stop(), 0);

  server = place.serve();
  ASSERT_TRUE(server->up()) << server->program().err();
  EXPECT_EQ(buy_one(*server).status, 503) << "the topic is not empty: no new counter";
  (void)place.redis({"SET", "counter", "7"});
  EXPECT_EQ(buy_one(*server).body, "[6]");
  EXPECT_EQ(server->stop(), 0);

  server = place.serve({"--stock", "50"});
  ASSERT_TRUE(server->up()) << server->program().err();
  EXPECT_EQ(buy_one(*server).body, "[5]");
  (void)place.redis({"SET", "counter", "many"});
  EXPECT_EQ(buy_one(*server).status, 503) << "no number";
  (void)place.redis({"SET", "counter", "-3"});
  EXPECT_EQ(buy_one(*server).body, "sold out!");
  EXPECT_EQ(place.counter(), "-3");
  expect_rows(place, 3);
  EXPECT_EQ(server->stop(), 0);
}

// Rows that the old consumer has stored are not stored again; with --no-legacy-rows none are ours.
TEST(Demo, RowsThatAreThereCount) {
  const DemoPlace place(RealServers::shared());
  auto server = place.serve({"--no-legacy-rows"});
  ASSERT_TRUE(server->up()) << server->program().err();
  for (int n = 0; n < 5; ++n) EXPECT_EQ(buy_one(*server).status, 200);
  EXPECT_EQ(server->stop(), 0);
  EXPECT_EQ(place.rows(), -1) << "no table was made";
  const auto db = place.database().root();
  must(db, "CREATE TABLE seckill (id INT AUTO_INCREMENT PRIMARY KEY, date TIMESTAMP)");
  must(db, "INSERT INTO seckill (date) VALUES (NOW()), (NOW()), (NOW())");
  EXPECT_EQ(place.audit().code, 1) << "two behind";

  server = place.serve();
  ASSERT_TRUE(server->up()) << server->program().err();
  expect_rows(place, 5);
  EXPECT_EQ(place.audit({"--wait", "20s"}).code, 0);
  must(db, "INSERT INTO seckill (date) VALUES (NOW())");
  const Ran twice = place.audit();
  EXPECT_EQ(twice.code, 4);
  EXPECT_NE(twice.out.find("1 were stored twice"), std::string::npos) << twice.out;
  EXPECT_EQ(server->stop(), 0);
}

// Killed in mid-rush: never oversold, and what was lost between counter and topic is shown.
TEST(Demo, AKilledServerLosesUnitsAndTheAuditSaysHowMany) {
  const DemoPlace place(RealServers::shared());
  auto server = place.serve({"--stock", "1000"});
  ASSERT_TRUE(server->up()) << server->program().err();
  Program first = crowd(place, *server, 1'500, "first");
  for (int i = 0; i < 6'000 && place.counter() == "1000"; ++i)
    std::this_thread::sleep_for(milliseconds(1));
  server->kill();
  (void)first.wait();
  server = place.serve({"--stock", "1000"});
  ASSERT_TRUE(server->up()) << server->program().err();
  EXPECT_EQ(crowd(place, *server, 1'500, "second").wait(), 0);
  EXPECT_EQ(server->stop(), 0);

  const auto recorded = static_cast<int>(place.values().size());
  EXPECT_EQ(place.counter(), "0");
  EXPECT_LE(recorded, 1'000) << "never oversold";
  EXPECT_LE(won_in(place, "first") + won_in(place, "second"), recorded) << "every win is recorded";
  const Ran audit = place.audit({"--stock", "1000", "--wait", recorded == 1'000 ? "20s" : "0s"});
  EXPECT_EQ(audit.code, recorded == 1'000 ? 0 : 4) << audit.out << audit.err;
  EXPECT_NE(audit.out.find(fmt::format("1000 taken, {} recorded", recorded)), std::string::npos)
      << audit.out;
  EXPECT_EQ(place.rows(), recorded);
}

// Two of ours sell from one counter into one topic, and store into one table: a row for each
// message, whoever of them comes first.
TEST(Demo, TwoOfThemShareEverything) {
  const DemoPlace place(RealServers::shared());
  const auto a = place.serve({"--stock", "300"}), b = place.serve({"--stock", "300"});
  ASSERT_TRUE(a->up() && b->up()) << a->program().err() << b->program().err();
  Program at_a = crowd(place, *a, 300, "a"), at_b = crowd(place, *b, 300, "b");
  EXPECT_EQ(at_a.wait(), 0) << at_a.err();
  EXPECT_EQ(at_b.wait(), 0) << at_b.err();
  EXPECT_EQ(won_in(place, "a") + won_in(place, "b"), 300);
  expect_rows(place, 300);
  const Ran audit = place.audit({"--stock", "300", "--wait", "20s"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
  EXPECT_EQ(a->stop(), 0) << a->program().err();
  EXPECT_EQ(b->stop(), 0) << b->program().err();
  EXPECT_EQ(place.rows(), 300);
}

// A counter behind a password: without it a start ends with what to do.
TEST(Demo, LogsInAtItsCounter) {
  const DemoPlace place(RealServers::shared());
  LoneRedis redis({"--requirepass", "sesame"});
  redis.start();
  std::vector<std::string> words = place.with({});
  *(std::find(words.begin(), words.end(), "--counter") + 1) = redis.url();
  auto refused = words;
  refused.insert(refused.begin(), {"serve", "--listen", "127.0.0.1:0"});
  const Ran without = run(place.dir.path(), refused, place.surroundings());
  EXPECT_EQ(without.code, 2) << without.err;
  EXPECT_NE(without.err.find("--counter-password-file"), std::string::npos) << without.err;

  put_secret(place.dir.file("redis.pw"), "sesame\n");
  words.insert(words.end(), {"--counter-password-file", place.dir.file("redis.pw")});
  const Server server(place.dir.path(), words, place.surroundings());
  ASSERT_TRUE(server.up());
  EXPECT_EQ(buy_one(server).body, "[99]");
  words.insert(words.begin(), {"audit", "--wait", "20s"});
  const Ran audit = run(place.dir.path(), words, place.surroundings());
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
}

// Kafka is gone: 503 in time, and what is certainly not recorded goes back to the counter.
TEST(Demo, WithoutKafkaNobodyWinsAndUnitsGoBack) {
  const RealServers servers("kafka,mysql");
  const DemoPlace place(servers);
  const auto server = place.serve();
  ASSERT_TRUE(server->up()) << server->program().err();
  EXPECT_EQ(buy_one(*server).body, "[99]");
  servers.act("kill", "kafka");
  for (int n = 0; n < 3; ++n) EXPECT_EQ(buy_one(*server).status, 503);
  servers.act("restart", "kafka");
  app::HttpReply won;
  for (int i = 0; i < 60 && won.status != 200; ++i) won = buy_one(*server);
  EXPECT_EQ(won.status, 200) << won.body << server->program().err();
  EXPECT_EQ(server->stop(), 0);
  const auto recorded = static_cast<int>(place.values().size());
  EXPECT_LE(recorded, 100 - std::stoi(place.counter())) << "nothing is recorded that was not taken";
  EXPECT_GE(std::stoi(place.counter()), 100 - 2 - 4) << "what was not recorded went back";
}

// Redis is gone, and comes back as it was.
TEST(Demo, WithoutRedisNobodyWins) {
  const DemoPlace place(RealServers::shared());
  const auto server = place.serve();
  ASSERT_TRUE(server->up()) << server->program().err();
  EXPECT_EQ(buy_one(*server).body, "[99]");
  place.redis_server().act("kill", "redis");
  EXPECT_EQ(buy_one(*server).status, 503);
  place.redis_server().act("restart", "redis");
  EXPECT_EQ(buy_one(*server).body, "[98]");
  expect_rows(place, 2);
  EXPECT_EQ(place.audit({"--wait", "20s"}).code, 0);
  EXPECT_EQ(server->stop(), 0);
}

// A Redis that is still loading lets us in, and refuses all else: it is waited for as one that does
// not answer, and its counter stays what it was. It would load for a minute, and is let go as soon
// as it is waited for.
TEST(Demo, ALoadingRedisIsWaitedFor) {
  if (!LoneRedis::is_installed()) GTEST_SKIP() << "redis-server is not installed";
  const DemoPlace place(RealServers::shared());
  LoneRedis redis({"--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"});
  redis.start();
  const auto there = redis_at(redis.url());
  ASSERT_TRUE(tell(there, {"DEBUG", "POPULATE", "60000"}));
  ASSERT_TRUE(tell(there, {"SET", "counter", "7"}));
  ASSERT_TRUE(tell(there, {"SAVE"}));
  redis.kill();
  redis.start();
  std::string error;
  ASSERT_FALSE(tell(there, {"GET", "counter"}, &error));
  ASSERT_NE(error.find("LOADING"), std::string::npos) << error;
  auto words = place.with({"--no-legacy-rows"});
  *(std::find(words.begin(), words.end(), "--counter") + 1) = redis.url();
  const auto is_waited_for = [&] {
    for (const auto& [name, text] : contents(place.dir.path()))
      if (text.find("waiting, 20 s at most") != std::string::npos) return true;
    return false;
  };
  const std::jthread operator_waits([&](const std::stop_token& stop) {
    while (!is_waited_for() && !stop.stop_requested())
      std::this_thread::sleep_for(milliseconds(20));
    EXPECT_TRUE(tell(there, {"CONFIG", "SET", "key-load-delay", "0"}));
  });
  Server server(place.dir.path(), words, place.surroundings());
  ASSERT_TRUE(server.up()) << server.program().err();
  EXPECT_TRUE(is_waited_for()) << server.program().err();
  EXPECT_EQ(buy_one(server).body, "[6]");
}

// The primary is demoted, which closes no connection, and its address leads to another one: the
// next who comes is refused, whoever comes then buys there.
TEST(Demo, ADemotedRedisIsLeftForThePrimaryAtItsAddress) {
  if (!LoneRedis::is_installed()) GTEST_SKIP() << "redis-server is not installed";
  for (const char* serves_stale : {"yes", "no"}) {
    const DemoPlace place(RealServers::shared());
    const auto server = place.serve({"--no-legacy-rows"});
    ASSERT_TRUE(server->up()) << server->program().err();
    EXPECT_EQ(buy_one(*server).body, "[99]");
    LoneRedis primary;
    primary.start();
    const auto there = redis_at(primary.url());
    (void)tell(there, {"SET", "counter", "42"});
    (void)place.redis({"CONFIG", "SET", "replica-serve-stale-data", serves_stale});
    (void)place.redis({"REPLICAOF", "127.0.0.1", "1"});
    EXPECT_EQ(buy_one(*server).status, 503);
    ASSERT_TRUE(place.redis({"CONFIG", "SET", "port", "0"}));
    ASSERT_TRUE(tell(there, {"CONFIG", "SET", "port", place.redis_server()["REDIS_PORT"]}));
    app::HttpReply won;
    for (int i = 0; i < 3 && won.status != 200; ++i) won = buy_one(*server);
    EXPECT_EQ(won.body, "[41]") << serves_stale << server->program().err();
    EXPECT_EQ(server->stop(), 0);
  }
}

TEST(Demo, WhatItNeedsIsSaidByName) {
  const TempDir dir;
  for (const auto& [words, missing] :
       {std::pair{std::vector<std::string>{}, "--counter"},
        std::pair{std::vector<std::string>{"--counter", "redis://127.0.0.1:1"}, "--journal"},
        std::pair{std::vector<std::string>{"--counter", "redis://127.0.0.1:1", "--journal",
                                           "kafka://127.0.0.1:1"},
                  "--orders"}}) {
    std::vector<std::string> all{"serve", "--compat", "demo", "--listen", "127.0.0.1:0"};
    all.insert(all.end(), words.begin(), words.end());
    const Ran ran = run(dir.path(), all);
    EXPECT_EQ(ran.code, 2) << ran.err;
    EXPECT_NE(ran.err.find(missing), std::string::npos) << ran.err;
  }
  const Ran away = run(dir.path(),
                       {"serve", "--compat", "demo", "--counter", "redis://127.0.0.1:1",
                        "--journal", "kafka://127.0.0.1:1", "--no-legacy-rows"},
                       {.environment = {{"SECKILL_JOURNAL_START_WAIT", "1s"},
                                        {"SECKILL_SERVER_LISTEN", "127.0.0.1:0"}}});
  EXPECT_EQ(away.code, 3) << away.err;
}

}  // namespace
}  // namespace seckill::testing
