// The API as shops, tills and operators use it.
#include <gtest/gtest.h>

#include "http/test_front.h"

namespace seckill {
namespace {

const milliseconds kQuarterHour{900'000};

std::vector<SaleTerms> phone(std::uint32_t stock = 10, std::uint32_t per_buyer = 2) {
  return {terms_of(1, "phone", stock, per_buyer, kQuarterHour)};
}

std::string code_of(const Reply& reply) { return member(reply.body, "code"); }
std::string pay_request(const std::string& order, const std::string& payment,
                        std::string_view fields = "") {
  return post("/api/v1/orders/" + order + "/pay",
              "{\"payment_id\":\"" + payment + "\",\"amount_minor\":990}", fields);
}
std::string cancel_request(const std::string& order) {
  return post("/api/v1/orders/" + order + "/cancel", "");
}

// ---- Orders ----

TEST(Api, TellsAWinnerAllOfHisOrder) {
  Front front(phone());
  Client client(front.port());
  const Reply won = client.ask(buy_request("phone", "ann", "k1", ",\"quantity\":2"));
  EXPECT_EQ(won.status, 201);
  const std::string id = member(won.body, "id");
  EXPECT_EQ(won.field("location"), "/api/v1/orders/" + id);
  EXPECT_EQ(member(won.body, "sale"), "phone");
  EXPECT_EQ(member(won.body, "buyer"), "ann");
  EXPECT_EQ(member(won.body, "quantity"), "2");
  EXPECT_EQ(member(won.body, "units"), "[1,2]");
  EXPECT_EQ(member(won.body, "state"), "held");
  EXPECT_LT(member(won.body, "held_at"), member(won.body, "due_at"));
  const Reply seen = client.ask(get("/api/v1/orders/" + id));
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(member(seen.body, "units"), "[1,2]");
  EXPECT_EQ(member(seen.body, "buyer"), "");  // memory has only a hash of him
}

// I5, A1: the same key gets the same order, in its present state, also when all is sold.
TEST(Api, GivesTheSameKeyTheSameOrder) {
  Front front(phone(1));
  Client client(front.port());
  const Reply won = client.ask(buy_request("phone", "ann", "k1"));
  EXPECT_EQ(code_of(client.ask(buy_request("phone", "bob", "k1"))), "sold-out");
  const Reply again = client.ask(buy_request("phone", "ann", "k1"));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.field("idempotent-replayed"), "true");
  EXPECT_EQ(member(again.body, "id"), member(won.body, "id"));
}

// T14: another body under the same key; another buyer with the same key has an order of his own.
TEST(Api, RefusesAnotherBodyUnderAKey) {
  Front front(phone());
  Client client(front.port());
  const Reply ann = client.ask(buy_request("phone", "ann", "k1"));
  const Reply other = client.ask(buy_request("phone", "ann", "k1", ",\"quantity\":2"));
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(code_of(other), "idempotency-key-reused");
  const Reply bob = client.ask(buy_request("phone", "bob", "k1"));
  EXPECT_EQ(bob.status, 201);
  EXPECT_NE(member(bob.body, "id"), member(ann.body, "id"));
}

// T14: reserve and cancel is not for ever.
TEST(Api, LimitsOrdersThatABuyerEverGets) {
  Front front(phone());
  Client client(front.port());
  for (int i = 0; i < 32; ++i) {
    const Reply won = client.ask(buy_request("phone", "ann", "k" + std::to_string(i)));
    ASSERT_EQ(won.status, 201) << i;
    ASSERT_EQ(client.ask(cancel_request(member(won.body, "id"))).status, 200);
  }
  EXPECT_EQ(code_of(client.ask(buy_request("phone", "ann", "k32"))), "limit-reached");
}

TEST(Api, SaysWhyNot) {
  SaleTerms later = terms_of(2, "later", 5);
  later.starts_at = machine_now().raw + milliseconds(3'600'000);
  SaleTerms over = terms_of(3, "over", 5);
  over.ends_at = RawTime{1000};
  SaleTerms paused = terms_of(4, "paused", 5);
  paused.standing = Standing::kPaused;
  Front front({terms_of(1, "phone", 2, 1), later, over, paused});
  Client client(front.port());
  EXPECT_EQ(client.ask(buy_request("phone", "ann", "k1")).status, 201);
  const Reply limit = client.ask(buy_request("phone", "ann", "k2"));
  EXPECT_EQ(limit.status, 409);
  EXPECT_EQ(code_of(limit), "limit-reached");
  EXPECT_EQ(client.ask(buy_request("phone", "bob", "k1")).status, 201);
  for (int i = 0; i < 2; ++i) {  // made ready by the first, sent again to the second
    const Reply out = client.ask(buy_request("phone", "cid", "k1"));
    EXPECT_EQ(out.status, 409);
    EXPECT_EQ(code_of(out), "sold-out");
    EXPECT_NE(member(out.body, "detail").find("All 2 were sold by 20"), std::string::npos);
    EXPECT_EQ(member(out.body, "type"), "/docs/problems/sold-out");
    EXPECT_EQ(member(out.body, "sale"), "phone");
    EXPECT_EQ(member(out.body, "request_id").size(), 16u);
  }
  // T23: with the server's time, whatever the client says of his.
  const Reply early = client.ask(buy_request("later", "ann", "k1"));
  EXPECT_EQ(code_of(early), "not-started");
  EXPECT_LT(member(early.body, "server_time"), member(early.body, "starts_at"));
  EXPECT_EQ(code_of(client.ask(buy_request("over", "ann", "k1"))), "sale-closed");
  EXPECT_EQ(code_of(client.ask(buy_request("paused", "ann", "k1"))), "sale-paused");
  EXPECT_EQ(client.ask(buy_request("nothing", "ann", "k1")).status, 404);
}

// A refusal's text is made once, and made again when its numbers change.
TEST(Api, SpeaksOfTheStockAsItIs) {
  Front front(phone(1));
  Client client(front.port());
  const Reply won = client.ask(buy_request("phone", "ann", "k1"));
  EXPECT_NE(client.ask(buy_request("phone", "bob", "k1")).body.find("All 1 were"),
            std::string::npos);
  const std::string etag = client.ask(get("/api/v1/sales/phone")).field("etag");
  EXPECT_EQ(
      client.ask(post("/api/v1/sales/phone/restock", "{\"units\":1}", "If-Match: " + etag + "\r\n"))
          .status,
      200);
  EXPECT_EQ(client.ask(buy_request("phone", "bob", "k1")).status, 201);
  EXPECT_NE(client.ask(buy_request("phone", "cid", "k1")).body.find("All 2 were"),
            std::string::npos);
}

TEST(Api, TakesMoneyOnceAndReturnsTheRest) {
  Front front(phone());
  Client client(front.port());
  const std::string id = member(client.ask(buy_request("phone", "ann", "k1")).body, "id");
  for (int i = 0; i < 2; ++i) {  // I7: the same payment, the same reply
    const Reply paid = client.ask(pay_request(id, "p1"));
    EXPECT_EQ(paid.status, 200);
    EXPECT_EQ(member(paid.body, "outcome"), "applied");
    EXPECT_EQ(member(paid.body, "state"), "paid");
    EXPECT_NE(member(paid.body, "paid_at"), "");
  }
  EXPECT_EQ(member(client.ask(pay_request(id, "p2")).body, "outcome"), "refund");
  const Reply late = client.ask(cancel_request(id));
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(code_of(late), "order-state");
}

TEST(Api, ReturnsUnitsOfACancelledOrder) {
  Front front(phone(1));
  Client client(front.port());
  const std::string id = member(client.ask(buy_request("phone", "ann", "k1")).body, "id");
  const Reply gone = client.ask(cancel_request(id));
  EXPECT_EQ(member(gone.body, "state"), "cancelled");
  EXPECT_EQ(member(gone.body, "units"), "[]");
  EXPECT_EQ(client.ask(buy_request("phone", "bob", "k1")).status, 201);
  EXPECT_EQ(member(client.ask(pay_request(id, "p1")).body, "outcome"), "refund");
}

// T16: an order of somebody else, of nobody, and no order at all look the same.
TEST(Api, AnswersUnknownOrdersAlike) {
  Front front(phone());
  Client client(front.port());
  const std::string known = member(client.ask(buy_request("phone", "ann", "k1")).body, "id");
  std::string near = known;
  near.back() = near.back() == '0' ? '1' : '0';
  for (const std::string& id : {near, std::string(32, 'f'), std::string("x"), known + "0"}) {
    for (const std::string& request :
         {get("/api/v1/orders/" + id), cancel_request(id), pay_request(id, "p1")}) {
      const Reply reply = client.ask(request);
      EXPECT_EQ(reply.status, 404);
      EXPECT_EQ(code_of(reply), "unknown-order");
      EXPECT_EQ(member(reply.body, "detail"), "There is no such order.");
    }
  }
}

// ---- Sales ----

TEST(Api, CreatesASaleThatSells) {
  Front front({});
  Client client(front.port());
  const Reply made = client.ask(
      post("/api/v1/sales", R"({"id":"car","title":"Ein \"Käfer\"","stock":3,"price_minor":990,)"
                            R"("currency":"CNY","hold_s":60})"));
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.field("location"), "/api/v1/sales/car");
  EXPECT_EQ(member(made.body, "state"), "open");
  EXPECT_EQ(member(made.body, "available"), "3");
  EXPECT_EQ(member(made.body, "hold_s"), "60");
  EXPECT_NE(made.body.find(R"("title":"Ein \"Käfer\"")"), std::string::npos);
  EXPECT_EQ(client.ask(buy_request("car", "ann", "k1")).status, 201);
  const Reply twice = client.ask(post("/api/v1/sales", R"({"id":"car","stock":3})"));
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(code_of(twice), "sale-exists");
}

TEST(Api, SaysAllThatIsWrongWithASale) {
  Front front({});
  Client client(front.port());
  const Reply wrong = client.ask(
      post("/api/v1/sales", R"({"id":"car","stock":0,"currency":"yen","starts_at":"tomorrow",)"
                            R"("per_buyer":-1,"hold_s":604801})"));
  EXPECT_EQ(wrong.status, 422);
  for (const std::string name : {"stock", "currency", "starts_at", "per_buyer", "hold_s"})
    EXPECT_NE(wrong.body.find("\"pointer\":\"/" + name + "\""), std::string::npos) << name;
  const Reply backwards = client.ask(
      post("/api/v1/sales", R"({"id":"car","stock":1,"starts_at":"2026-01-01T00:00:00Z",)"
                            R"("ends_at":"2025-01-01T00:00:00Z"})"));
  EXPECT_EQ(backwards.status, 422);
}

TEST(Api, ShowsASaleWithATagThatChanges) {
  Front front(phone());
  Client client(front.port());
  const Reply sale = client.ask(get("/api/v1/sales/phone"));
  EXPECT_EQ(sale.field("cache-control"), "max-age=1");
  EXPECT_NE(member(sale.body, "server_time"), "");
  const std::string same = "If-None-Match: " + sale.field("etag") + "\r\n";
  const Reply unchanged = client.ask(get("/api/v1/sales/phone", same), true);
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.field("etag"), sale.field("etag"));
  const std::string list = client.ask(get("/api/v1/sales")).field("etag");
  EXPECT_EQ(client.ask(get("/api/v1/sales", "If-None-Match: " + list + "\r\n"), true).status, 304);
  client.ask(buy_request("phone", "ann", "k1"));
  EXPECT_EQ(client.ask(get("/api/v1/sales/phone", same)).status, 200);
  EXPECT_EQ(client.ask(get("/api/v1/sales", "If-None-Match: " + list + "\r\n")).status, 200);
}

TEST(Api, ListsSalesInPages) {
  Front front({terms_of(1, "a", 1), terms_of(2, "b", 1), terms_of(3, "c", 1)});
  Client client(front.port());
  const Reply first = client.ask(get("/api/v1/sales?limit=2"));
  EXPECT_EQ(member(first.body, "has_more"), "true");
  EXPECT_NE(first.body.find("\"id\":\"b\""), std::string::npos);
  EXPECT_EQ(first.body.find("\"id\":\"c\""), std::string::npos);
  const Reply rest = client.ask(get("/api/v1/sales?limit=2&starting_after=b"));
  EXPECT_EQ(member(rest.body, "has_more"), "false");
  EXPECT_EQ(member(rest.body, "id"), "c");
  for (const std::string bad : {"limit=0", "limit=1001", "limit=x", "page=2", "limit"})
    EXPECT_EQ(client.ask(get("/api/v1/sales?" + bad)).status, 400) << bad;
}

// T26: the verbs of state may be said twice; the second says nothing new.
TEST(Api, LetsVerbsBeSaidTwice) {
  SaleTerms later = terms_of(1, "phone", 10);
  later.starts_at = machine_now().raw + milliseconds(3'600'000);
  Front front({later});
  Client client(front.port());
  const std::vector<std::pair<std::string, std::string>> acts{{"start", "open"},
                                                              {"pause", "paused"},
                                                              {"resume", "open"},
                                                              {"close", "closed"},
                                                              {"retire", "retired"}};
  for (const auto& [verb, state] : acts) {
    const Reply once = client.ask(post("/api/v1/sales/phone/" + verb, ""));
    EXPECT_EQ(once.status, 200) << verb << once.body;
    EXPECT_EQ(member(once.body, "state"), state);
    const Reply twice = client.ask(post("/api/v1/sales/phone/" + verb, "{}"));
    EXPECT_EQ(twice.status, 200) << verb << twice.body;
    EXPECT_EQ(member(twice.body, "version"), member(once.body, "version"));
  }
  const Reply dead = client.ask(post("/api/v1/sales/phone/start", ""));
  EXPECT_EQ(dead.status, 409);
  EXPECT_EQ(code_of(dead), "sale-state");
}

// What does not fit is told first, then that there is no such sale.
TEST(Api, RefusesToChangeASaleThatIsNotThere) {
  Front front(phone());
  Client client(front.port());
  const std::string none = "/api/v1/sales/none";
  EXPECT_EQ(code_of(client.ask(post(none + "/pause", ""))), "unknown-sale");
  EXPECT_EQ(code_of(client.ask(post(none, R"({"title":"A"})", "", "PATCH"))), "unknown-sale");
  const std::string more = R"({"units":1})";
  EXPECT_EQ(code_of(client.ask(post(none + "/restock", more, "If-Match: \"1\"\r\n"))),
            "unknown-sale");
  EXPECT_EQ(client.ask(post(none + "/restock", more)).status, 428);
  EXPECT_EQ(client.ask(post(none, "{", "", "PATCH")).status, 400);
}

// T26: what is sold stays sold.
TEST(Api, RefusesLessStockThanIsSold) {
  Front front(phone(10));
  Client client(front.port());
  client.ask(buy_request("phone", "ann", "k1", ",\"quantity\":2"));
  const Reply less = client.ask(post("/api/v1/sales/phone", R"({"stock":1})", "", "PATCH"));
  EXPECT_EQ(less.status, 409);
  EXPECT_EQ(code_of(less), "not-allowed");
  const std::string match =
      "If-Match: " + client.ask(get("/api/v1/sales/phone")).field("etag") + "\r\n";
  const Reply most = client.ask(post("/api/v1/sales/phone/withdraw", R"({"units":9})", match));
  EXPECT_EQ(most.status, 409);
  const Reply rest = client.ask(post("/api/v1/sales/phone/withdraw", R"({"units":8})", match));
  EXPECT_EQ(rest.status, 200);
  EXPECT_EQ(member(rest.body, "available"), "0");
}

// Two operators at once: with If-Match the second one learns of the first.
TEST(Api, ComparesVersionsWhenAsked) {
  Front front(phone());
  Client client(front.port());
  const std::string seen = client.ask(get("/api/v1/sales/phone")).field("etag");
  client.ask(buy_request("phone", "ann", "k1"));  // a sale is not another version of the terms
  const std::string match = "If-Match: " + seen + "\r\n";
  EXPECT_EQ(client.ask(post("/api/v1/sales/phone", R"({"title":"A"})", match, "PATCH")).status,
            200);
  const Reply second = client.ask(post("/api/v1/sales/phone", R"({"title":"B"})", match, "PATCH"));
  EXPECT_EQ(second.status, 412);
  EXPECT_EQ(code_of(second), "version-conflict");
  EXPECT_EQ(client.ask(post("/api/v1/sales/phone", R"({"title":"B"})", "", "PATCH")).status, 200);
  const std::string restock = "/api/v1/sales/phone/restock";
  EXPECT_EQ(client.ask(post(restock, R"({"units":1})")).status, 428);
  EXPECT_EQ(client.ask(post(restock, R"({"units":1})", "If-Match: *\r\n")).status, 428);
  EXPECT_EQ(client.ask(post(restock, R"({"units":1})", match)).status, 412);
  EXPECT_EQ(client.ask(post(restock, R"({"units":1})", "If-Match: x\r\n")).status, 412);
}

// Without If-Match, one who lost to another change is tried again, on what is true then.
TEST(Api, TriesAgainWhenAnotherChangeCameFirst) {
  Front front(phone());
  front.hold_journal();
  Client one(front.port());
  Client two(front.port());
  one.send(post("/api/v1/sales/phone", R"({"title":"A"})", "", "PATCH"));
  front.await_waiting(1);
  two.send(post("/api/v1/sales/phone", R"({"per_buyer":5})", "", "PATCH"));
  front.await_waiting(2);
  front.let_journal_go();
  EXPECT_EQ(one.read()->status, 200);
  const auto second = two.read();
  EXPECT_EQ(second->status, 200);
  EXPECT_EQ(member(second->body, "version"), "3");
  EXPECT_EQ(member(second->body, "title"), "A");
  EXPECT_EQ(member(second->body, "per_buyer"), "5");
}

// ---- Who may ----

// T25, T30: on loopback, called by its name, without a proxy: no token is needed.
TEST(Door, AsksNoTokenOfWhoeverIsBesideUs) {
  Front front(phone());
  Client client(front.port());
  EXPECT_EQ(client.ask(get("/metrics")).status, 200);
  const auto named = [](std::string_view host, std::string_view more = "") {
    return "GET /metrics HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(more) +
           "\r\n";
  };
  for (const std::string host : {"localhost:3000", "127.0.0.1", "127.0.0.1:80", "[::1]:3000"})
    EXPECT_EQ(client.ask(named(host)).status, 200) << host;
  for (const std::string host :
       {"shop.example", "127.0.0.1.evil.example", "localhost.evil", "1.2.3.4"})
    EXPECT_EQ(client.ask(named(host)).status, 401) << host;
  for (const std::string more : {"Forwarded: for=1.2.3.4\r\n", "X-Forwarded-For: 1.2.3.4\r\n",
                                 "X-Forwarded-Host: x\r\n", "X-Forwarded-Proto: https\r\n"})
    EXPECT_EQ(client.ask(named("localhost", more)).status, 401) << more;
}

TEST(Door, KnowsItsTokens) {
  HttpOptions options;
  options.admin_token = hash_of_token("admin-token");
  options.till_token = hash_of_token("till-token");
  std::vector<std::string> acts;
  Backstage backstage;
  backstage.acted = [&](std::string_view act, std::string_view on, int status) {
    acts.push_back(std::string(act) + " " + std::string(on) + " " + std::to_string(status));
  };
  Front front(phone(), options, backstage);
  Client client(front.port());
  const std::string id = member(client.ask(buy_request("phone", "ann", "k1")).body, "id");
  const auto as = [](std::string_view token) {
    return "Authorization: Bearer " + std::string(token) + "\r\n";
  };
  const auto pause = [](std::string_view fields) {
    return post("/api/v1/sales/phone/pause", "", fields);
  };
  EXPECT_EQ(client.ask(pause(as("till-token"))).status, 403);
  EXPECT_EQ(client.ask(pause(as("wrong"))).status, 401);
  EXPECT_EQ(client.ask(pause(as(""))).status, 401);
  EXPECT_EQ(client.ask(pause("Authorization: Basic YTpi\r\n")).status, 401);
  EXPECT_EQ(client.ask(pause(as("admin-token"))).status, 200);
  EXPECT_EQ(client.ask(pause(as("admin-token"))).status, 200) << "it is so already";
  EXPECT_EQ(client.ask(pay_request(id, "p1", as("wrong"))).status, 401);
  EXPECT_EQ(client.ask(pay_request(id, "p1", as("till-token"))).status, 200);
  EXPECT_EQ(client.ask(pay_request(id, "p1", as("admin-token"))).status, 200);
  front.on_loop([&] {
    EXPECT_EQ(acts, (std::vector<std::string>{
                        "pause phone 403", "pause phone 401", "pause phone 401", "pause phone 401",
                        "pause phone 200", "pause phone 200", "pay " + id + " 401",
                        "pay " + id + " 200", "pay " + id + " 200"}));
  });
}

// Beyond loopback everybody shows a token, by whatever name he calls us; buyers need none.
TEST(Door, AsksATokenWhenItListensToTheWorld) {
  HttpOptions options;
  options.address = "0.0.0.0";
  options.admin_token = hash_of_token("admin-token");
  Front front(phone(), options);
  Client client(front.port());
  EXPECT_EQ(client.ask(get("/metrics")).status, 401);
  EXPECT_EQ(client.ask(get("/metrics")).field("www-authenticate"), "Bearer realm=\"seckill\"");
  EXPECT_EQ(client.ask(get("/metrics", "Authorization: Bearer admin-token\r\n")).status, 200);
  for (const std::string& request :
       {post("/api/v1/sales", R"({"id":"a","stock":1})"), post("/api/v1/sales/phone/pause", ""),
        post("/api/v1/sales/phone", R"({"stock":99})", "", "PATCH"),
        get("/api/v1/sales/phone/orders"), get("/api/v1/payments"),
        pay_request(std::string(32, 'a'), "p1")})
    EXPECT_EQ(client.ask(request).status, 401) << request;
  EXPECT_EQ(client.ask(buy_request("phone", "ann", "k1")).status, 201);
  EXPECT_EQ(client.ask(get("/livez")).status, 200);
  EXPECT_EQ(client.ask(get("/api/v1/sales")).status, 200);
}

// ---- Lists, health ----

TEST(Api, ListsRowsThroughTheBackstage) {
  Backstage backstage;
  backstage.list_orders = [](const OrdersListQuery& query, const Listed& done) {
    done("{\"orders\":[],\"sale\":\"" + std::string(query.sale.view()) +
         "\",\"limit\":" + std::to_string(query.limit) +
         ",\"paid\":" + (query.state == OrderState::kPaid ? "true" : "false") + "}");
  };
  Listed later;
  backstage.list_payments = [&](const PaymentsListQuery& query, Listed done) {
    if (query.refunds_only) return done(fail(Error::Code::kUnavailable, "rows: away"));
    later = std::move(done);
  };
  Front front(phone(), {}, backstage);
  Client client(front.port());
  const Reply orders = client.ask(get("/api/v1/sales/phone/orders?limit=7&state=paid"));
  EXPECT_EQ(orders.status, 200);
  EXPECT_EQ(orders.body, R"({"orders":[],"sale":"phone","limit":7,"paid":true})");
  EXPECT_EQ(client.ask(get("/api/v1/sales/phone/orders?state=gone")).status, 400);
  EXPECT_EQ(client.ask(get("/api/v1/sales/none/orders")).status, 404);
  EXPECT_EQ(client.ask(get("/api/v1/payments?refunds=true")).status, 503);
  client.send(get("/api/v1/payments"));
  for (bool asked = false; !asked;) front.on_loop([&] { asked = later != nullptr; });
  front.on_loop([&] { later(std::string("{\"payments\":[]}")); });
  EXPECT_EQ(client.read()->body, "{\"payments\":[]}");
}

// A list that comes too late finds nobody, even if somebody else has the slot by then.
TEST(Api, DropsAListThatComesTooLate) {
  HttpOptions options;
  options.limits.request = milliseconds(50);
  options.limits.sweep = milliseconds(10);
  std::vector<Listed> later;
  Backstage backstage;
  backstage.list_payments = [&](const PaymentsListQuery&, Listed done) {
    later.push_back(std::move(done));
  };
  Front front(phone(), options, backstage);
  Client client(front.port());
  EXPECT_EQ(client.ask(get("/api/v1/payments")).status, 503);
  client.send(get("/api/v1/payments"));
  for (std::size_t asked = 0; asked < 2;) front.on_loop([&] { asked = later.size(); });
  front.on_loop([&] { later[0](std::string("{\"of\":\"the first\"}")); });
  front.on_loop([&] { later[1](std::string("{\"of\":\"the second\"}")); });
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body.find("the first"), std::string::npos);
}

TEST(Api, SaysWhetherItIsReady) {
  bool well = true;
  Backstage backstage;
  backstage.readiness = [&] {
    return Readiness{well, {{"journal", well, well ? "flushes" : "disk \"full\""}}};
  };
  Front front(phone(), {}, backstage);
  Client client(front.port());
  EXPECT_EQ(client.ask(get("/readyz")).status, 200);
  front.on_loop([&] { well = false; });
  for (const std::string path : {"/readyz", "/healthz"}) {
    const Reply reply = client.ask(get(path));
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.field("content-type"), "application/health+json");
    EXPECT_NE(reply.body.find(R"("journal":[{"status":"fail","output":"disk \"full\"")"),
              std::string::npos);
  }
  EXPECT_EQ(client.ask(get("/livez")).status, 200);
}

}  // namespace
}  // namespace seckill
