// Several `serve` over one Kafka topic, with `consume` beside them, and what kills them: the real
// binary, a real broker, rows in SQLite.
#include "stack/nodes.h"

#include <csignal>
#include <gtest/gtest.h>
#include <thread>

namespace seckill::testing {
namespace {

// Any node answers any buyer: what one node has told is true at the other, at once.
TEST(Nodes, AnyNodeAnswersAnyBuyer) {
  const Nodes nodes(RealServers::shared());
  const auto a = nodes.serve(), b = nodes.serve();
  ASSERT_TRUE(a->up() && b->up()) << a->program().err() << b->program().err();
  create_sale(*a, R"({"id":"car","stock":20,"per_buyer":1})");
  for (int n = 0; n < 20; ++n) {
    const std::string buyer = fmt::format("b{}", n);
    const auto& first = n % 2 == 0 ? *a : *b;
    const auto& second = n % 2 == 0 ? *b : *a;
    const auto won = buy(first, "car", buyer, "k1");
    ASSERT_EQ(won.status, 201) << won.body;
    const auto again = buy(second, "car", buyer, "k1");
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(field(again.body, "id"), field(won.body, "id"));
    EXPECT_EQ(buy(second, "car", buyer, "k2").status, 409) << "one for each buyer";
  }
  EXPECT_EQ(buy(*b, "car", "late", "k1").status, 409);
  EXPECT_EQ(nodes.command({"consume", "--until-empty"}).code, 0);
  const Ran audit = nodes.command({"audit", "car"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
  EXPECT_EQ(nodes.command({"journal", "verify"}).code, 0);
  EXPECT_NE(nodes.command({"journal", "dump"}).out.find("\"SALE\""), std::string::npos);
  EXPECT_EQ(a->stop(), 0);
  EXPECT_EQ(b->stop(), 0);
}

// What an operator was told at one node is true at the other, at once: a sale is there, no ETag is
// from the future, and whoever pauses what was resumed elsewhere is not told that it is paused.
TEST(Nodes, AnyNodeAnswersAnyOperator) {
  const Nodes nodes(RealServers::shared());
  const auto a = nodes.serve(), b = nodes.serve();
  ASSERT_TRUE(a->up() && b->up()) << a->program().err() << b->program().err();
  const auto post = [](const Server& node, const std::string& path, const std::string& body = "",
                       const std::string& etag = "*") {
    return *node.client().ask(
        {.method = "POST", .path = path, .body = body, .headers = {{"If-Match", etag}}});
  };
  for (int n = 0; n < 20; ++n) {
    const auto made = [&](const std::string& name) {
      create_sale(*a, fmt::format(R"({{"id":"{}","stock":1,"per_buyer":1}})", name));
      return "/api/v1/sales/" + name;
    };
    const auto seen = b->client().ask({.path = made(fmt::format("seen{}", n))});
    EXPECT_EQ(seen->status, 200) << seen->body;
    const std::string path = made(fmt::format("changed{}", n));
    const auto paused = post(*b, path + "/pause");
    EXPECT_EQ(paused.status, 200) << paused.body;
    const auto more = post(*a, path + "/restock", R"({"units":1})", paused.header("etag"));
    EXPECT_EQ(more.status, 200) << more.body;
    EXPECT_EQ(post(*a, path + "/resume").status, 200);
    const auto again = post(*b, path + "/pause");
    EXPECT_EQ(field(again.body, "version"), "5") << again.body;
  }
  EXPECT_EQ(b->client().ask({.path = "/api/v1/sales/none"})->status, 404);
  EXPECT_EQ(post(*b, "/api/v1/sales/none/pause").status, 404);
  EXPECT_EQ(post(*b, "/api/v1/sales/seen0/restock", R"({"units":1})", "\"9\"").status, 412);
  EXPECT_EQ(a->stop(), 0);
  EXPECT_EQ(b->stop(), 0);
}

// N1, N3, N11, N13, N15, N17, N18, N30: two nodes, the same shoppers at both of them, a node, the
// consumer and the broker killed in mid-rush. Everybody asks again, and hears the one truth.
TEST(Nodes, ARushSurvivesTheDeathOfEachOfThem) {
  const RealServers servers("kafka");
  const Nodes nodes(servers);
  auto a = nodes.serve();
  const auto b = nodes.serve();
  ASSERT_TRUE(a->up() && b->up()) << a->program().err() << b->program().err();
  const std::uint16_t port = a->port();
  create_sale(*a, R"({"id":"car","stock":1000,"per_buyer":1})");
  auto consumer = nodes.consume();
  const auto other = nodes.consume();

  Program at_a = nodes.crowd(*a, 7, "a1"), at_b = nodes.crowd(*b, 7, "b1");
  std::this_thread::sleep_for(milliseconds(1'200));
  a->kill();
  consumer->signal(SIGKILL);
  a = nodes.serve(port);
  ASSERT_TRUE(a->up()) << a->program().err();
  consumer = nodes.consume();
  servers.act("kill", "kafka");
  servers.act("restart", "kafka");
  EXPECT_EQ(at_a.wait(), 0) << at_a.err();
  EXPECT_EQ(at_b.wait(), 0) << at_b.err();
  // Whoever had no final answer asks again, with the same key, at either node.
  EXPECT_EQ(nodes.crowd(*b, 7, "a2").wait(), 0);
  EXPECT_EQ(nodes.crowd(*a, 7, "b2").wait(), 0);

  const Ran audit = nodes.command(
      {"audit", "car", "--transcript", nodes.told({"a1", "b1", "a2", "b2"}), "--wait", "20s"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err << consumer->err() << other->err();
  EXPECT_NE(audit.out.find("(stock 1000, won 1000, stored 1000,"), std::string::npos) << audit.out;
  for (const auto& one : {consumer.get(), other.get()}) {
    one->signal(SIGTERM);
    EXPECT_EQ(one->wait(), 0) << one->err();
  }
  EXPECT_EQ(a->stop(), 0) << a->program().err();
  EXPECT_EQ(b->stop(), 0) << b->program().err();
}

// N13, I11, I10: two of three brokers are gone, and with them the replicas that a yes stands on.
// Nobody is told one, everybody is answered, and selling resumes by itself.
TEST(Nodes, WithTooFewReplicasNobodyIsToldAYes) {
  const RealServers servers("kafka", 3);
  const Nodes nodes(servers);
  const auto node = nodes.serve();
  ASSERT_TRUE(node->up()) << node->program().err();
  create_sale(*node, R"({"id":"car","stock":2,"per_buyer":1})");
  ASSERT_EQ(buy(*node, "car", "ann", "k").status, 201);
  const auto leaving = nodes.serve();
  ASSERT_TRUE(leaving->up()) << leaving->program().err();
  servers.act("kill", "kafka2 kafka3");
  for (int n = 0; n < 2; ++n) {
    const auto unsure = buy(*node, "car", "bob", "k");
    EXPECT_EQ(unsure.status, 503) << unsure.body;
    EXPECT_NE(unsure.header("Retry-After"), "");
  }
  const auto ready = [&](int status) {
    app::HttpReply said = *node->client().ask({.path = "/readyz"});
    for (int i = 0; i < 600 && said.status != status; ++i) {
      std::this_thread::sleep_for(milliseconds(100));
      said = *node->client().ask({.path = "/readyz"});
    }
    EXPECT_EQ(said.status, status) << said.body;
    return said.body;
  };
  EXPECT_EQ(buy(*leaving, "car", "bob", "k").status, 503);
  for (int i = 0; i < 300 && leaving->program().err().find("journal-unsure") == std::string::npos;)
    ++i, std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(leaving->stop(), 0) << leaving->program().err();
  EXPECT_EQ(leaving->program().err().find("drain-cut"), std::string::npos)
      << "nobody waits for what it tries: " << leaving->program().err();
  const auto metric = [&](const std::string& part) {
    const auto all = node->client().ask({.path = "/metrics"})->body;
    const std::string name = fmt::format("seckill_dependency_up{{dependency=\"{}\"}} ", part);
    const auto at = all.find(name);
    return at == std::string::npos ? std::string() : all.substr(at + name.size(), 1);
  };
  const std::string why = ready(503);
  EXPECT_EQ(metric("journal"), "0");
  EXPECT_EQ(metric("orders"), "") << "its rows are another process'";
  EXPECT_NE(why.find("takes no records"), std::string::npos) << why;
  EXPECT_NE(node->program().err().find("journal-unsure"), std::string::npos);
  servers.act("restart", "kafka2 kafka3");
  ready(200);  // though nobody has asked for anything since
  EXPECT_EQ(metric("journal"), "1");
  EXPECT_NE(node->program().err().find("journal-again"), std::string::npos);
  app::HttpReply won;
  for (int i = 0; i < 60 && won.status / 100 != 2; ++i) {
    won = buy(*node, "car", "bob", "k");
    if (won.status == 503) std::this_thread::sleep_for(milliseconds(500));
  }
  EXPECT_EQ(won.status / 100, 2) << won.body << node->program().err();
  EXPECT_EQ(buy(*node, "car", "ann", "k").status, 200) << "her order is there";
  EXPECT_EQ(buy(*node, "car", "cid", "k").status, 409) << "two are sold";
  EXPECT_EQ(nodes.command({"consume", "--until-empty"}).code, 0);
  const Ran audit = nodes.command({"audit", "car"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
  EXPECT_EQ(node->stop(), 0) << node->program().err();
}

// The demo's classic: a broker that answers, and tells its clients an address which this host
// cannot reach.
TEST(Nodes, TheDoctorNamesAnAddressThatCannotBeReached) {
  ::setenv("KAFKA_ADVERTISED", "seckill.invalid", 1);
  const RealServers servers("kafka");
  ::unsetenv("KAFKA_ADVERTISED");
  const std::string address = servers["KAFKA_ADDRESSES"];
  const TempDir dir;
  const Ran doctor = run(dir.path(), {"doctor", "--only", "kafka", "--allow-unsafe-kafka",
                                      "--journal", "kafka://" + address + "/cars"});
  EXPECT_EQ(doctor.code, 1) << doctor.out << doctor.err;
  const std::string advertised = "seckill.invalid" + address.substr(address.find(':'));
  EXPECT_NE(doctor.out.find(advertised), std::string::npos) << doctor.out;
  EXPECT_NE(doctor.out.find("set advertised.listeners"), std::string::npos) << doctor.out;
}

// Kafka is not there: wait with a line that says for what, then exit 3.
TEST(Nodes, WithoutKafkaTheyWaitAndSaySo) {
  const TempDir dir;
  for (const char* what : {"serve", "consume"}) {
    const Ran ran =
        run(dir.path(), {what, "--journal", "kafka://127.0.0.1:1/shop", "--data", "data"},
            {.environment = {{"SECKILL_JOURNAL_START_WAIT", "2s"},
                             {"SECKILL_SERVER_LISTEN", "127.0.0.1:0"}}});
    EXPECT_EQ(ran.code, 3) << ran.err;
    EXPECT_NE(ran.err.find("waiting for Kafka at 127.0.0.1:1"), std::string::npos) << ran.err;
  }
}

// Whoever pastes three lines starts all of them at once: the consumer waits for the topic that a
// node makes.
TEST(Nodes, AConsumerWaitsForItsTopic) {
  const Nodes nodes(RealServers::shared());
  const auto consumer = nodes.consume();
  for (int i = 0; i < 600 && consumer->err().find("waiting for topic") == std::string::npos; ++i)
    std::this_thread::sleep_for(milliseconds(50));
  const auto node = nodes.serve();
  ASSERT_TRUE(node->up()) << node->program().err();
  create_sale(*node, R"({"id":"car","stock":1,"per_buyer":1})");
  EXPECT_EQ(buy(*node, "car", "ann", "k").status, 201);
  const Ran audit = nodes.command({"audit", "car", "--wait", "20s"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err << consumer->err();
  consumer->signal(SIGTERM);
  EXPECT_EQ(consumer->wait(), 0) << consumer->err();
  EXPECT_EQ(node->stop(), 0);
}

// A single broker passes only where that is said.
TEST(Nodes, ASingleBrokerIsRefusedByName) {
  const Nodes nodes(RealServers::shared());
  std::vector<std::string> words = nodes.with({"serve", "--listen", "127.0.0.1:0"});
  std::erase(words, "--allow-unsafe-kafka");
  const Ran ran = run(nodes.dir.path(), words);
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_NE(ran.err.find("--allow-unsafe-kafka"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace seckill::testing
