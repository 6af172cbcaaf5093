// The live stream: whole snapshots whose figures are the ledger's and the metrics', for as many
// readers as may be, none of whom can hold anything up.
#include "http/streams.h"

#include <gtest/gtest.h>
#include <memory>

#include "http/test_front.h"

namespace seckill {
namespace {

std::vector<SaleTerms> car(std::uint32_t stock = 10) { return {terms_of(1, "car", stock, 1)}; }
const std::string kEvents = get("/api/v1/sales/car/events");

// Reads events off a connection; every wait ends after 20 s.
class Reader {
 public:
  explicit Reader(std::uint16_t port, const std::string& fields = "") : client_(port) {
    head = client_.ask(get("/api/v1/sales/car/events", fields), true);
  }
  // What comes until `end` has come, its last line whole.
  std::string until(const std::string& end) {
    auto found = text_.find(end);
    while (found == std::string::npos) {
      if (!more()) return {};
      found = text_.find(end);
    }
    auto line = text_.find("\n\n", found);
    while (line == std::string::npos) {
      if (!more()) return {};
      line = text_.find("\n\n", found);
    }
    std::string taken = text_.substr(0, line + 2);
    text_.erase(0, line + 2);
    return taken;
  }
  std::string snapshot() { return until("\nid: "); }
  bool ended() {
    while (more()) {
    }
    return true;
  }
  Reply head;

 private:
  bool more() {
    const std::string bytes = client_.read_some();
    text_ += bytes;
    return !bytes.empty();
  }
  Client client_;
  std::string text_;
};

std::string event(const std::string& snapshot, const std::string& name) {
  const std::string mark = "event: " + name + "\ndata: ";
  const auto at = snapshot.find(mark);
  if (at == std::string::npos) return {};
  return snapshot.substr(at + mark.size(),
                         snapshot.find('\n', at + mark.size()) - at - mark.size());
}

// Five events of one moment, at one position; the next one soon behind, with a higher number.
TEST(Streams, GiveWholeSnapshots) {
  Front front(car());
  Reader reader(front.port());
  EXPECT_EQ(reader.head.status, 200);
  EXPECT_EQ(reader.head.field("content-type"), "text/event-stream");
  EXPECT_EQ(reader.head.field("cache-control"), "no-store");
  EXPECT_EQ(reader.head.field("x-accel-buffering"), "no");
  const std::string first = reader.snapshot();
  EXPECT_TRUE(first.starts_with("retry: 500\n\n")) << first;
  for (const char* name : {"state", "stock", "funnel", "latency", "health"}) {
    EXPECT_EQ(member(event(first, name), "as_of"), member(event(first, "state"), "as_of")) << name;
    EXPECT_EQ(member(event(first, name), "position"), "2") << name;
  }
  EXPECT_NE(first.find("\nid: 0000000000000abc-1\n\n"), std::string::npos) << first;
  EXPECT_NE(reader.snapshot().find("\nid: 0000000000000abc-2\n\n"), std::string::npos);
}

// I6: what it shows is what the sale and the metrics say.
TEST(Streams, ShowTheLedgersFigures) {
  Front front(car(3));
  Client client(front.port());
  for (int i = 0; i < 5; ++i) client.ask(buy_request("car", "b" + std::to_string(i), "k"));
  client.ask(buy_request("car", "b0", "other"));
  Reader reader(front.port());
  const std::string seen = reader.snapshot();
  const std::string stock = event(seen, "stock");
  EXPECT_EQ(member(stock, "available"), "0");
  EXPECT_EQ(member(stock, "held"), "3");
  const std::string funnel = event(seen, "funnel");
  EXPECT_EQ(member(funnel, "arrived"), "6");
  EXPECT_EQ(member(funnel, "admitted"), "3");
  EXPECT_EQ(member(funnel, "won"), "3");
  EXPECT_EQ(member(funnel, "sold-out"), "2");
  EXPECT_EQ(member(funnel, "limit-reached"), "1");
  EXPECT_EQ(member(funnel, "orders"), "3");
  const std::string sale = client.ask(get("/api/v1/sales/car")).body;
  const std::string state = event(seen, "state");
  for (const char* name : {"available", "held", "paid", "orders", "version", "sold_out_at"})
    EXPECT_EQ(member(state.substr(state.find("\"sale\":") + 7), name), member(sale, name)) << name;
  const std::string metrics = client.ask(get("/metrics")).body;
  EXPECT_NE(metrics.find("seckill_admitted_total{sale=\"car\"} 3\n"), std::string::npos);
}

// Where another process stores the rows, nothing is claimed of them.
TEST(Streams, ClaimNothingOfRowsThatAreElsewhere) {
  Backstage backstage;
  backstage.live = [](SaleUid) { return LiveFigures{.has_rows = false}; };
  Front front(car(), {}, backstage);
  Reader reader(front.port());
  const std::string seen = reader.snapshot();
  EXPECT_EQ(member(event(seen, "funnel"), "orders"), "0");
  EXPECT_EQ(member(event(seen, "funnel"), "orders_stored"), "");
  EXPECT_EQ(member(event(seen, "health"), "rows_at"), "");
}

// All counters begin anew with a process: who has seen another one is told so.
TEST(Streams, TellWhoComesBackAfterARestart) {
  Front front(car());
  Reader same(front.port(), "Last-Event-ID: 0000000000000abc-7\r\n");
  EXPECT_EQ(event(same.snapshot(), "restarted"), "");
  Reader other(front.port(), "Last-Event-ID: 00000000000000de-7\r\n");
  EXPECT_EQ(member(event(other.snapshot(), "restarted"), "process"), "0000000000000abc");
}

// Proxies and browsers hear that the line is alive: a comment each 15 s, here each 300 ms.
TEST(Streams, SayThatTheyAreAlive) {
  EXPECT_EQ(HttpLimits{}.comment, milliseconds(15'000));
  HttpOptions options;
  options.limits.comment = milliseconds(300);
  Front front(car(), options);
  Reader reader(front.port());
  const std::string first = reader.snapshot();
  EXPECT_EQ(first.find("\n: "), std::string::npos) << "not at once";
  for (int i = 0; i < 3; ++i) EXPECT_NE(reader.until(": still here"), "");
}

TEST(Streams, AreForOperators) {
  HttpOptions options;
  options.admin_token = hash_of_token("secret");
  Front front(car(), options);
  Reader stranger(front.port(), "X-Forwarded-For: 1.2.3.4\r\n");
  EXPECT_EQ(stranger.head.status, 401);
  Reader liar(front.port(), "Authorization: Bearer wrong\r\n");
  EXPECT_EQ(liar.head.status, 401);
  Reader admin(front.port(), "X-Forwarded-For: 1.2.3.4\r\nAuthorization: Bearer secret\r\n");
  EXPECT_EQ(admin.head.status, 200);
  Client client(front.port());
  EXPECT_EQ(client.ask(get("/api/v1/sales/none/events")).status, 404);
}

// 64 read, the next one hears 503; when one leaves there is room again.
TEST(Streams, AreBounded) {
  Front front(car());
  std::vector<std::unique_ptr<Reader>> readers;
  for (std::uint32_t i = 0; i < kReadersMax; ++i) {
    readers.push_back(std::make_unique<Reader>(front.port()));
    ASSERT_NE(readers.back()->snapshot(), "") << i;
  }
  Client client(front.port());
  const Reply refused = client.ask(kEvents);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(member(refused.body, "code"), "too-many-readers");
  EXPECT_EQ(refused.field("retry-after"), "1");
  readers.pop_back();
  Reply again = client.ask(kEvents);
  while (again.status == 503) again = client.ask(kEvents);  // until his leaving is noticed
  EXPECT_EQ(again.status, 200);
}

// A reader that takes nothing is dropped once its socket is full; the others and the sale go on.
TEST(Streams, DropWhoFallsBehind) {
  Front front(car());
  Reader quick(front.port());
  quick.snapshot();
  auto slow = std::make_unique<Client>(front.port());
  const int little = 1;  // the kernel makes it as small as it goes
  ::setsockopt(slow->file(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  slow->send(kEvents);
  const auto readers = [&] { return member(event(quick.snapshot(), "health"), "readers"); };
  while (readers() != "2") {
  }
  while (readers() != "1") {
  }
  Client buyer(front.port());
  EXPECT_EQ(buyer.ask(buy_request("car", "ann", "k")).status, 201);
}

TEST(Streams, EndWhenTheServerDrains) {
  Front front(car());
  Reader reader(front.port());
  reader.snapshot();
  front.drain();
  EXPECT_TRUE(reader.ended());
  front.await_end();
}

}  // namespace
}  // namespace seckill
