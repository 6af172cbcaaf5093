// The first minutes with the real binary: what README and the issue show.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "orders/sqlite.h"
#include "system/binary.h"

namespace seckill::testing {
namespace {

app::HttpReply demo_wire(const Server& server) {
  auto reply = server.client().ask({.method = "POST", .path = "/seckill/seckill"});
  EXPECT_TRUE(reply) << reply.error().message;
  return reply ? *reply : app::HttpReply{};
}

// What an operator types, who has said once which server he means.
Ran ask(const TempDir& dir, const Server& server, const std::vector<std::string>& words) {
  return run(dir.path(), words, {.environment = {{"SECKILL_SERVER", server.url()}}});
}

// Sends an ask and leaves without reading: the reply is lost on the way.
void ask_and_leave(const Server& server, const std::string& buyer, const std::string& key) {
  const Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server.port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const std::string body = fmt::format(R"({{"buyer":"{}","quantity":1}})", buyer);
  const std::string request = fmt::format(
      "POST /api/v1/sales/car/orders HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: "
      "application/json\r\nIdempotency-Key: {}\r\n"
      "Content-Length: {}\r\n\r\n{}",
      server.port(), key, body.size(), body);
  ASSERT_EQ(::send(socket.get(), request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  wait_for(server, "car", "held", "1");
}

// The issue's "Shown by": three cars, four asks, byte for byte.
TEST(FirstSale, SellsThreeCarsOnTheDemosWire) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  const Ran created =
      run(dir.path(), {"sale", "create", "car", "--stock", "3", "--server", server.url()});
  EXPECT_EQ(created.code, 0) << created.err;
  EXPECT_NE(created.out.find("✓ sale car is open"), std::string::npos) << created.out;

  for (const char* body : {"[2]", "[1]", "[0]"}) {
    const auto win = demo_wire(server);
    EXPECT_EQ(win.status, 200);
    EXPECT_EQ(win.body, body);
    EXPECT_EQ(win.header("Content-Type"), "application/json; charset=utf-8");
  }
  const auto none = demo_wire(server);
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.body, "sold out!");
  EXPECT_EQ(none.header("Content-Type"), "text/html; charset=utf-8");

  const Ran audit = run(dir.path(), {"audit", "car", "--journal", "file:data", "--wait", "10s"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
  EXPECT_NE(audit.out.find("hold for sale car (stock 3, won 3, stored 3, paid 0, returned 0)"),
            std::string::npos)
      << audit.out;
  EXPECT_EQ(server.stop(), 0) << server.program().err();
}

// I2, I5: he who did not hear that he won asks again, after all is sold, and after kill -9.
TEST(FirstSale, ALostWinIsTheSameOrderWhenAskedForAgain) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  create_sale(server, R"({"id":"car","stock":2})");
  ask_and_leave(server, "ann", "k-ann");
  EXPECT_EQ(buy(server, "car", "bob", "k-bob").status, 201);
  const auto late = buy(server, "car", "eve", "k-eve");
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(field(late.body, "code"), "sold-out");

  const auto again = buy(server, "car", "ann", "k-ann");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  const std::string order = field(again.body, "id");
  EXPECT_EQ(order.size(), 32u);

  server.kill();
  Server restarted(dir.path());
  ASSERT_TRUE(restarted.up()) << restarted.program().err();
  const auto after = buy(restarted, "car", "ann", "k-ann");
  EXPECT_EQ(after.status, 200) << after.body;
  EXPECT_EQ(field(after.body, "id"), order);
  EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data", "--wait", "10s"}).code, 0);
}

// I7: a refund is money. Whoever waits for the proof finds it in the list, however long the rows
// take; here somebody else holds their file.
TEST(FirstSale, AnAuditWaitsForARefundToBeListed) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  const auto cli = [&](const std::vector<std::string>& words) { return ask(dir, server, words); };
  const auto audit = [&](const char* wait) {
    return run(dir.path(), {"audit", "--journal", "file:data", "--wait", wait});
  };
  EXPECT_EQ(cli({"sale", "create", "phone", "--stock", "1", "--price", "9.90CNY"}).code, 0);
  const std::string order = field(buy(server, "phone", "ann", "k1").body, "id");
  EXPECT_EQ(cli({"orders", "cancel", order}).code, 0);
  EXPECT_EQ(audit("10s").code, 0);

  auto holder = sqlite::Db::open(dir.file("data/orders.db"), sqlite::Access::kReadWrite);
  ASSERT_TRUE(holder && holder->run_all("BEGIN IMMEDIATE"));
  EXPECT_EQ(cli({"orders", "pay", order, "--payment", "P-1", "--amount", "990"}).code, 0);
  const Ran behind = audit("100ms");
  EXPECT_EQ(behind.code, 1) << behind.out << behind.err;
  EXPECT_NE(behind.out.find("1 row behind the journal, 0 of them won"), std::string::npos)
      << behind.out;
  ASSERT_TRUE(holder->run_all("ROLLBACK"));

  EXPECT_EQ(audit("30s").code, 0);
  EXPECT_NE(cli({"payments", "list", "--refunds", "--format", "csv"}).out.find("P-1," + order),
            std::string::npos);
  EXPECT_EQ(server.stop(), 0) << server.program().err();
}

// The whole life of an order and of a sale, by commands alone.
TEST(FirstSale, CommandsDoWhatAnOperatorDoes) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  const auto cli = [&](const std::vector<std::string>& words) { return ask(dir, server, words); };
  EXPECT_EQ(cli({"sale", "create", "phone", "--stock", "2", "--per-buyer", "1", "--price",
                 "9.90CNY", "--hold", "15m"})
                .code,
            0);
  const std::string paid = field(buy(server, "phone", "ann", "k1").body, "id");
  const std::string cancelled = field(buy(server, "phone", "bob", "k2").body, "id");
  EXPECT_EQ(cli({"orders", "pay", paid, "--payment", "P-1", "--amount", "990"}).code, 0);
  EXPECT_EQ(cli({"orders", "cancel", cancelled}).code, 0);
  EXPECT_EQ(cli({"orders", "pay", cancelled, "--payment", "P-2", "--amount", "990"}).code,
            0);  // late money
  EXPECT_NE(cli({"orders", "show", paid}).out.find("paid"), std::string::npos);
  EXPECT_EQ(cli({"audit", "--journal", "file:data", "--wait", "10s"}).code, 0);

  const Ran refunds = cli({"payments", "list", "--refunds", "--format", "csv"});
  EXPECT_EQ(refunds.out, "id,order,amount_minor,outcome\nP-2," + cancelled + ",990,refund\n")
      << refunds.err;
  const Ran orders =
      cli({"orders", "list", "--sale", "phone", "--state", "cancelled", "--format", "csv"});
  EXPECT_NE(orders.out.find(cancelled), std::string::npos) << orders.err;
  EXPECT_EQ(orders.out.find(paid), std::string::npos);

  EXPECT_EQ(cli({"sale", "restock", "phone", "3"}).code, 0);
  EXPECT_EQ(cli({"sale", "withdraw", "phone", "1", "--yes"}).code, 0);
  EXPECT_EQ(cli({"sale", "pause", "phone"}).code, 0);
  EXPECT_EQ(field(buy(server, "phone", "eve", "k3").body, "code"), "sale-paused");
  EXPECT_EQ(cli({"sale", "resume", "phone"}).code, 0);
  const auto third = buy(server, "phone", "eve", "k3");
  EXPECT_EQ(third.status, 201);
  EXPECT_EQ(cli({"orders", "cancel", field(third.body, "id")}).code,
            0);  // a retired sale has no open hold
  EXPECT_EQ(cli({"sale", "close", "phone"}).code, 0);
  const Ran shown = cli({"sale", "show", "phone", "--json"});
  EXPECT_EQ(field(shown.out, "state"), "closed");
  EXPECT_EQ(field(shown.out, "stock"), "5");
  EXPECT_EQ(cli({"sale", "retire", "phone"}).code, 2) << "needs --yes";
  const Ran retired = cli({"sale", "retire", "phone", "--yes"});
  EXPECT_EQ(retired.code, 0) << retired.err;
  EXPECT_EQ(cli({"audit", "--journal", "file:data", "--wait", "10s"}).code, 0);
}

}  // namespace
}  // namespace seckill::testing
