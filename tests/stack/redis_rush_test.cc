// A rush over all three real servers, and everything that can be wrong with a counter, once each.
#include <csignal>
#include <thread>

#include "stack/mysql_place.h"
#include "stack/nodes.h"
#include "stack/redis_place.h"

namespace seckill::testing {
namespace {

// Of the one sale that there is.
std::string counter_key(const RedisOptions& redis) {
  const auto keys = tell(redis, {"KEYS", "seckill:*"});
  return keys && keys->elements == 1 ? std::string(redis::text_of(*keys->element[0])) : "";
}

// N5 to N8, N29: Redis is emptied, set back to an old state, stopped, killed and started without
// data, while a thousand units are sold by two nodes to shoppers who click twice and ask again at
// the other node. Everybody has a final answer, exactly the stock is sold, and at rest the counter
// says what is available.
TEST(RedisRush, NoStateOfItsCounterHurtsASale) {
  const RealServers servers("redis,kafka,mysql");
  const MysqlPlace place(servers);
  const auto redis = redis_at(servers["REDIS_URL"]);
  const Nodes nodes(servers, {"--counter", servers["REDIS_URL"]},
                    {"--orders", mysql::to_text(place.target()), "--orders-password-file",
                     servers["MYSQL_PASSWORD_FILE"]});
  const auto a = nodes.serve(), b = nodes.serve();
  ASSERT_TRUE(a->up() && b->up()) << a->program().err() << b->program().err();
  create_sale(*a, R"({"id":"car","stock":1000,"per_buyer":1})");
  const auto consumer = nodes.consume();

  Program at_a = nodes.crowd(*a, 7, "a1", "6s"), at_b = nodes.crowd(*b, 7, "b1", "6s");
  const auto pause = [](int ms) { std::this_thread::sleep_for(milliseconds(ms)); };
  std::string key;
  for (int i = 0; i < 1'500 && key.empty(); ++i) {
    pause(20);
    key = counter_key(redis);
  }
  ASSERT_FALSE(key.empty()) << a->program().err();
  const auto old = tell(redis, {"DUMP", key});
  pause(400);
  ASSERT_TRUE(tell(redis, {"FLUSHALL"}));
  pause(400);
  ASSERT_TRUE(tell(redis, {"RESTORE", key, "0", std::string(redis::text_of(*old)), "REPLACE"}));
  pause(400);
  servers.act("pause", "redis");
  pause(1'500);
  servers.act("resume", "redis");
  pause(400);
  servers.act("empty", "redis");
  EXPECT_EQ(at_a.wait(), 0) << at_a.err();
  EXPECT_EQ(at_b.wait(), 0) << at_b.err();
  // Whoever had no final answer asks again, with the same key, at the other node.
  EXPECT_EQ(nodes.crowd(*b, 7, "a2").wait(), 0);
  EXPECT_EQ(nodes.crowd(*a, 7, "b2").wait(), 0);

  const Ran audit = nodes.audit(
      {"audit", "car", "--transcript", nodes.told({"a1", "b1", "a2", "b2"}), "--wait", "20s"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err << consumer->err();
  for (const char* says :
       {"left = available of 1 of 1 sale", "(stock 1000, won 1000, stored 1000,"})
    EXPECT_NE(audit.out.find(says), std::string::npos) << audit.out;
  const auto metrics = a->client().ask({.path = "/metrics"});
  EXPECT_NE(metrics->body.find("seckill_dependency_up{dependency=\"redis\"} 1"), std::string::npos);
  consumer->signal(SIGTERM);
  EXPECT_EQ(consumer->wait(), 0) << consumer->err();
  EXPECT_EQ(a->stop(), 0) << a->program().err();
  EXPECT_EQ(b->stop(), 0) << b->program().err();
}

// I3: what is returned at one node, and bought at another that leaves at once, is in the counter.
TEST(RedisRush, AtRestItSaysWhatIsAvailable) {
  const RealServers& servers = RealServers::shared();
  const Nodes nodes(servers, {"--counter", servers["REDIS_URL"]});
  const auto a = nodes.serve(), b = nodes.serve();
  ASSERT_TRUE(a->up() && b->up()) << a->program().err() << b->program().err();
  create_sale(*a, R"({"id":"car","stock":50,"per_buyer":1,"hold_s":600})");
  for (int n = 0; n < 20; ++n) {
    EXPECT_EQ(buy(n % 2 == 0 ? *a : *b, "car", fmt::format("b{}", n), "k").status, 201);
  }
  EXPECT_EQ(b->stop(), 0) << b->program().err();
  EXPECT_EQ(nodes.command({"consume", "--until-empty"}).code, 0);
  const Ran audit = nodes.audit({"audit", "--wait", "10s"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
  EXPECT_NE(audit.out.find("left = available of 1 of 1 sale"), std::string::npos) << audit.out;
  EXPECT_EQ(a->stop(), 0) << a->program().err();
}

}  // namespace
}  // namespace seckill::testing
