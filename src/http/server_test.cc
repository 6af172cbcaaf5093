// The server as its clients meet it: real sockets, a real sale, a journal that can be held.
#include "http/server.h"

#include <gtest/gtest.h>
#include <set>

#include "http/test_front.h"

namespace seckill {
namespace {

std::vector<SaleTerms> car(std::uint32_t stock) { return {terms_of(1, "car", stock)}; }

// The demo's wire, byte for byte: [units left], then sold out!, each with its content type.
TEST(Server, SpeaksTheDemosWire) {
  Front front(car(3));
  Client client(front.port());
  for (const std::string body : {"[2]", "[1]", "[0]"}) {
    const Reply reply = client.ask(kDemoRequest);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("content-type"), "application/json; charset=utf-8");
    EXPECT_EQ(reply.body, body);
  }
  const Reply reply = client.ask(kDemoRequest);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.field("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(reply.body, "sold out!");
}

TEST(Server, TellsWhatTheDemosUrlIsFor) {
  Front front({terms_of(1, "car", 3, /*per_buyer=*/1)});
  Client client(front.port());
  const Reply wrong = client.ask(get("/seckill/seckill"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.field("allow"), "POST");
  EXPECT_NE(wrong.body.find("curl -X POST"), std::string::npos);
  const Reply limited = client.ask(kDemoRequest);
  EXPECT_EQ(limited.status, 404);
  EXPECT_EQ(member(limited.body, "code"), "not-anonymous");
}

// A sale that is not ready is never "sold out!".
TEST(Server, NeverSaysSoldOutOfADemoSaleThatIsNotReady) {
  SaleTerms later = terms_of(1, "car", 3);
  later.starts_at = machine_now().raw + milliseconds(3'600'000);
  {
    Front front({later});
    Client client(front.port());
    const Reply reply = client.ask(kDemoRequest);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(member(reply.body, "code"), "not-started");
    EXPECT_EQ(reply.field("retry-after"), "1");
  }
  Front front({});
  Client client(front.port());
  const Reply reply = client.ask(kDemoRequest);
  EXPECT_EQ(reply.status, 404);
  EXPECT_NE(reply.body.find("seckill sale create car"), std::string::npos);
}

// The verdict comes back in the very round of the loop in which the time of the one who waits is
// over: the loop is held up until both are due. He hears the verdict, once, and his connection
// ends once.
TEST(Server, AnswersOnceWhenVerdictAndDeadlineComeTogether) {
  HttpOptions options;
  options.limits.request = milliseconds(3'000);  // within which the loop is held up
  options.limits.sweep = milliseconds(20);
  Front front(car(3), options);
  front.hold_journal();
  Client client(front.port());
  client.send(
      "POST /seckill/seckill HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
      "Content-Length: 0\r\n\r\n");
  front.await_flying();
  front.on_loop([&] {
    std::this_thread::sleep_for(options.limits.request + options.limits.sweep);
    front.journal.let_go();
  });
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "[2]");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(Client(front.port()).ask(kDemoRequest).body, "[1]");
}

// T6: a hundred requests in one write are answered in their order, and a claim's reply is not
// overtaken by what came behind it.
TEST(Server, AnswersPipelinedRequestsInOrder) {
  Front front(car(30));
  Client client(front.port());
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += i % 3 == 2 ? get("/livez") : kDemoRequest;
  client.send(requests);
  int left = 30;
  for (int i = 0; i < 100; ++i) {
    const auto reply = client.read();
    ASSERT_TRUE(reply) << i;
    if (i % 3 == 2) {
      EXPECT_EQ(reply->body, "{\"status\":\"pass\"}") << i;
    } else {
      EXPECT_EQ(reply->body, left > 0 ? "[" + std::to_string(--left) + "]" : "sold out!") << i;
    }
  }
}

// Claims of one read wait for one turn, side by side, and no more of them than a round allows.
TEST(Server, GathersTheClaimsOfOneReadIntoOneTurn) {
  Front front(car(1000));
  front.hold_journal();
  Client first(front.port());
  first.send(kDemoRequest);
  front.await_waiting(1);  // in flight: what comes now is gathered
  Client client(front.port());
  std::string requests;
  for (int i = 0; i < 40; ++i) requests += kDemoRequest;
  client.send(requests);
  front.await_waiting(17);
  Client other(front.port());  // and others get their turn meanwhile
  EXPECT_EQ(other.ask(get("/livez")).status, 200);
  front.on_loop([&] { EXPECT_EQ(front.sale().waiting(), 17u); });
  front.let_journal_go();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(client.read()) << i;
  ASSERT_TRUE(first.read());
}

// Found by tests/fuzz/connection.cc: a claim that is refused as it is read overtook those of the
// same read that wait for the journal, so that a proxy would hand its reply to another buyer.
TEST(Server, AnswersInOrderWhatItRefusesAtOnce) {
  Front front({terms_of(1, "car", 100)});
  front.hold_journal();
  Client client(front.port());
  client.send(buy_request("car", "ann", "k1") + buy_request("car", "b'b", "k2") +
              buy_request("car", "cid", "k3") + buy_request("none", "dan", "k4"));
  front.await_waiting(2);
  front.let_journal_go();
  EXPECT_EQ(client.read()->status, 201);
  EXPECT_EQ(client.read()->status, 400);
  EXPECT_EQ(client.read()->status, 201);
  EXPECT_EQ(client.read()->status, 404);
  EXPECT_EQ(client.ask(kDemoRequest).body, "[97]");
}

// T15: the second of two equal claims waits for the first, and there is one order.
TEST(Server, GivesTwinsOneOrder) {
  Front front({terms_of(1, "phone", 10, 1, milliseconds(900'000))});
  front.hold_journal();
  Client one(front.port());
  Client two(front.port());
  one.send(buy_request("phone", "ann", "k1"));
  front.await_waiting(1);
  two.send(buy_request("phone", "ann", "k1"));
  const Reply health = Client(front.port()).ask(get("/livez"));
  EXPECT_EQ(health.status, 200);
  front.let_journal_go();
  const auto first = one.read();
  const auto second = two.read();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->status, 201);
  EXPECT_EQ(second->status, 200);
  EXPECT_EQ(second->field("idempotent-replayed"), "true");
  EXPECT_EQ(member(first->body, "id"), member(second->body, "id"));
}

// I11: before the deadline everybody has an answer, and it names the order that it would be.
TEST(Server, SaysOutcomeUnknownAtTheDeadline) {
  HttpOptions options;
  options.limits.request = milliseconds(60);
  options.limits.sweep = milliseconds(10);
  Front front({terms_of(1, "phone", 10, 1)}, options);
  front.hold_journal();
  Client client(front.port());
  const Reply unknown = client.ask(buy_request("phone", "ann", "k1"));
  EXPECT_EQ(unknown.status, 503);
  EXPECT_EQ(member(unknown.body, "code"), "outcome-unknown");
  EXPECT_EQ(unknown.field("retry-after"), "1");
  front.let_journal_go();  // its verdict finds nobody (A6)
  const Reply again = client.ask(buy_request("phone", "ann", "k1"));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.field("idempotent-replayed"), "true");
  EXPECT_EQ(unknown.field("location"), "/api/v1/orders/" + member(again.body, "id"));
}

TEST(Server, DrainsWhatIsInProgressAndTakesNobodyNew) {
  Front front(car(10));
  Client idle(front.port());
  EXPECT_EQ(idle.ask(get("/readyz")).status, 200);
  front.hold_journal();
  Client buyer(front.port());
  buyer.send(kDemoRequest);
  front.await_waiting(1);
  front.drain();
  EXPECT_TRUE(idle.ended());
  EXPECT_FALSE(Client(front.port()).connected());
  front.let_journal_go();
  const auto reply = buyer.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "[9]");
  EXPECT_TRUE(buyer.ended());
  front.await_end();
}

// A broken journal: those in flight hear "ask again", then the loop ends.
TEST(Server, TellsThoseInFlightWhenTheJournalBreaks) {
  Front front({terms_of(1, "phone", 10, 1)});
  front.hold_journal();
  Client client(front.port());
  client.send(buy_request("phone", "ann", "k1"));
  front.await_flying();
  front.on_loop([&] {
    front.journal.break_down();
    front.journal.wake();
  });
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(member(reply->body, "code"), "outcome-unknown");
  front.await_end();
}

TEST(Server, ShedsConnectionsBeyondItsMost) {
  HttpOptions options;
  options.limits.connections_max = 3;
  Front front(car(10), options);
  std::deque<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(front.port());
    EXPECT_EQ(clients.back().ask(get("/livez")).status, 200);
  }
  Client beyond(front.port());
  const auto reply = beyond.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_TRUE(beyond.ended());
  EXPECT_EQ(clients.front().ask(get("/livez")).status, 200);
}

TEST(Server, SaysBusyWhenAllSlotsAreTaken) {
  HttpOptions options;
  options.limits.calls_max = 256;
  options.limits.requests_per_round = 300;
  Front front(car(1000), options);
  front.hold_journal();
  std::string requests;
  for (int i = 0; i < 32; ++i) requests += kDemoRequest;
  std::deque<Client> crowd;
  for (int i = 0; i < 8; ++i) crowd.emplace_back(front.port()).send(requests);
  front.await_waiting(256);
  Client late(front.port());
  const Reply busy = late.ask(kDemoRequest);
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(member(busy.body, "code"), "busy");
  front.let_journal_go();
  std::set<std::string> told;
  for (int i = 0; i < 256; ++i) told.insert(crowd[static_cast<std::size_t>(i) / 32].read()->body);
  EXPECT_EQ(told.size(), 256u);
  EXPECT_EQ(late.ask(kDemoRequest).body, "[743]");
}

TEST(Server, NamesThePortThatIsTaken) {
  Front front(car(1));
  EventJournal journal;
  Sale sale(Ledger{}, kOurNode);
  Shell shell(sale, journal, machine_now, [](auto) {}, [](auto&) {});
  boost::asio::io_context context;
  HttpOptions options;
  options.port = front.port();
  const auto second = Server::open(context, shell, journal.wake_fd(), options, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Error::Code::kUnavailable);
  EXPECT_NE(second.error().message.find(std::to_string(front.port())), std::string::npos);
}

}  // namespace
}  // namespace seckill
