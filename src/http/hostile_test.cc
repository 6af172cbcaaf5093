// Bad input and attacks, a line each, by their numbers in the list of known attacks: what is
// ambiguous is refused and the connection ends; what is only wrong is answered, and it goes on.
#include <algorithm>
#include <cctype>
#include <gtest/gtest.h>

#include "http/test_front.h"

namespace seckill {
namespace {

constexpr std::string_view kHost = "Host: localhost\r\n";

HttpOptions quick() {
  HttpOptions options;
  options.limits.head = options.limits.body = milliseconds(80);
  options.limits.linger = milliseconds(200);
  options.limits.sweep = milliseconds(10);
  return options;
}

std::string with(std::string_view fields, std::string_view body = "") {
  return "POST /seckill/seckill HTTP/1.1\r\n" + std::string(kHost) + std::string(fields) + "\r\n" +
         std::string(body);
}
std::string chunked(std::string_view body) { return with("Transfer-Encoding: chunked\r\n", body); }
std::string many(std::size_t size) { return std::string(size, 'a'); }

struct Attack {
  std::string name;
  std::string bytes;
  int status;
};

// So that a failure prints the name, not the bytes.
void PrintTo(const Attack& attack, std::ostream* to) { *to << attack.name; }

class Hostile : public testing::TestWithParam<Attack> {};

// Each of these ends the connection, after one problem reply; nothing behind it is served, and
// nothing is sold.
TEST_P(Hostile, IsRefusedAndTheConnectionEnds) {
  Front front({terms_of(1, "car", 100)}, quick());
  Client client(front.port());
  client.send(GetParam().bytes);
  client.send(kDemoRequest);  // smuggled, if anything still reads
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, GetParam().status) << reply->raw;
  EXPECT_EQ(reply->field("connection"), "close");
  EXPECT_EQ(reply->field("content-type"), "application/problem+json");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(Client(front.port()).ask(kDemoRequest).body, "[99]");
}

const std::vector<Attack> kAttacks{
    {"T1_length_and_encoding",
     with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"T1_encoding_and_length",
     with("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"), 400},
    {"T1_two_lengths", with("Content-Length: 0\r\nContent-Length: 0\r\n"), 400},
    {"T1_length_list", with("Content-Length: 0, 0\r\n"), 400},
    {"T1_length_plus", with("Content-Length: +0\r\n"), 400},
    {"T1_length_minus", with("Content-Length: -1\r\n"), 400},
    {"T1_length_hex", with("Content-Length: 0x0\r\n"), 400},
    {"T1_length_empty", with("Content-Length:\r\n"), 400},
    {"T1_length_overflow", with("Content-Length: 18446744073709551617\r\n"), 400},
    {"T1_encoding_gzip_chunked", with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400},
    {"T1_encoding_xchunked", with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400},
    {"T1_encoding_identity", with("Transfer-Encoding: identity\r\n"), 400},
    {"T1_encoding_twice",
     with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"T1_encoding_in_1_0",
     "POST /seckill/seckill HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"T2_bare_lf", "POST /seckill/seckill HTTP/1.1\nHost: localhost\n\n", 400},
    {"T2_bare_cr", with("X: a\rb\r\n"), 400},
    {"T2_nul", with(std::string("X: a\0b\r\n", 8)), 400},
    {"T2_bell", with("X: a\x07\r\n"), 400},
    {"T2_delete", with("X: a\x7f\r\n"), 400},
    {"T2_folded", with("X: a\r\n b\r\n"), 400},
    {"T2_blank_before_colon", with("Content-Length : 0\r\n"), 400},
    {"T2_underscore", with("Content_Length: 0\r\n"), 400},
    {"T2_no_colon", with("Content-Length\r\n"), 400},
    {"T2_empty_name", with(": 0\r\n"), 400},
    {"T2_first_line_empty", "\r\n", 400},
    {"T3_size_0x", chunked("0x0\r\n\r\n"), 400},
    {"T3_size_underscore", chunked("1_0\r\n"), 400},
    {"T3_size_plus", chunked("+0\r\n\r\n"), 400},
    {"T3_size_minus", chunked("-1\r\n\r\n"), 400},
    {"T3_size_blank", chunked(" 0\r\n\r\n"), 400},
    {"T3_size_empty", chunked("\r\n\r\n"), 400},
    {"T3_size_overflow", chunked("ffffffffffffffffff\r\n"), 400},
    {"T3_extension_too_long", chunked("0;" + many(300) + "\r\n\r\n"), 400},
    {"T3_bare_lf_in_size", chunked("0\n\r\n"), 400},
    {"T3_bare_lf_after_data", chunked("1\r\na\n0\r\n\r\n"), 400},
    {"T3_data_longer_than_said", chunked("1\r\nab\r\n0\r\n\r\n"), 400},
    {"T3_bare_lf_in_trailer", chunked("0\r\nX: a\n\r\n"), 400},
    {"T4_no_host", "GET /livez HTTP/1.1\r\n\r\n", 400},
    {"T4_two_hosts", with("Host: localhost\r\n"), 400},
    {"T4_bad_host", "GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"T4_bad_host_port", "GET /livez HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
    {"T4_bad_host_user", "GET /livez HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
    {"T4_empty_host", "GET /livez HTTP/1.1\r\nHost:\r\n\r\n", 400},
    {"T4_absolute_mismatch", "GET http://other/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"T4_http_0_9", "GET /livez\r\n", 400},
    {"T4_http_1_2", "GET /livez HTTP/1.2\r\nHost: localhost\r\n\r\n", 505},
    {"T4_http_lower", "GET /livez http/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"T4_http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"T4_tls", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
    {"T4_no_method", " /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"T4_two_blanks", "GET  /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"T4_blank_in_target", "GET /li vez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"T4_byte_above_ascii", "GET /liv\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"T5_other_expectation", with("Expect: 200-ok\r\nContent-Length: 2\r\n"), 417},
    {"T8_uri", "GET /" + many(9000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414},
    {"T8_uri_without_end", "GET /" + many(20000), 414},
    {"T8_method", many(9000) + " / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"T8_head", with("X: " + many(9000) + "\r\n"), 431},
    {"T8_head_of_many", with([] {
       std::string fields;
       for (int i = 0; i < 1000; ++i) fields += "X" + std::to_string(i) + ": a\r\n";
       return fields;
     }()),
     431},
    {"T8_head_without_end", "GET / HTTP/1.1\r\nX: " + many(20000), 431},
    {"T8_body", with("Content-Length: 4097\r\n", many(4097)), 413},
    {"T8_ten_gigabytes", with("Content-Length: 10737418240\r\n"), 413},
    {"T8_chunked_body", chunked("1001\r\n" + many(4097) + "\r\n0\r\n\r\n"), 413},
    {"T8_many_small_chunks", chunked([] {
       std::string chunks;
       for (int i = 0; i < 5000; ++i) chunks += "1\r\na\r\n";
       return chunks;
     }()),
     413},
};

INSTANTIATE_TEST_SUITE_P(Bytes, Hostile, testing::ValuesIn(kAttacks),
                         [](const auto& attack) { return attack.param.name; });

struct Question {
  std::string name;
  std::string bytes;
  int status;
  std::string code;
};
void PrintTo(const Question& question, std::ostream* to) { *to << question.name; }

std::string buy_json(std::string_view json) {
  return post("/api/v1/sales/car/orders", json, "Idempotency-Key: k1\r\n");
}
std::string buy_keyed(std::string_view key) {
  return post("/api/v1/sales/car/orders", "{\"buyer\":\"ann\"}",
              "Idempotency-Key: " + std::string(key) + "\r\n");
}

class Wrong : public testing::TestWithParam<Question> {};

// Each of these is answered, with nothing sold, and the connection goes on.
TEST_P(Wrong, IsAnsweredAndTheConnectionGoesOn) {
  Front front({terms_of(1, "car", 100)}, quick());
  Client client(front.port());
  const Reply reply = client.ask(GetParam().bytes);
  EXPECT_EQ(reply.status, GetParam().status) << reply.raw;
  EXPECT_EQ(member(reply.body, "code"), GetParam().code);
  EXPECT_EQ(reply.field("connection"), "");
  EXPECT_EQ(client.ask(kDemoRequest).body, "[99]");
}

std::string deep(int depth) {
  std::string json;
  for (int i = 0; i < depth; ++i) json += "{\"a\":";
  return json + "1" + std::string(static_cast<std::size_t>(depth), '}');
}

const std::vector<Question> kQuestions{
    {"T9_empty", buy_json(""), 400, "malformed"},
    {"T9_no_json", buy_json("buyer=ann"), 400, "malformed"},
    {"T9_array", buy_json("[1]"), 400, "malformed"},
    {"T9_number", buy_json("1"), 400, "malformed"},
    {"T9_deep", buy_json(deep(9)), 400, "malformed"},
    {"T9_very_deep", buy_json(many(0) + std::string(4000, '[')), 400, "malformed"},
    {"T9_name_twice", buy_json(R"({"buyer":"ann","buyer":"bob"})"), 400, "malformed"},
    {"T9_name_twice_escaped", buy_json(R"({"buyer":"ann","b\u0075yer":"bob"})"), 400, "malformed"},
    {"T9_1e999", buy_json(R"({"buyer":"ann","quantity":1e999})"), 400, "malformed"},
    {"T9_minus_zero", buy_json(R"({"buyer":"ann","quantity":-0})"), 422, "invalid-field"},
    {"T9_lone_surrogate", buy_json(R"({"buyer":"\ud800"})"), 400, "malformed"},
    {"T9_bom", buy_json("\xef\xbb\xbf{\"buyer\":\"ann\"}"), 400, "malformed"},
    {"T9_nan", buy_json(R"({"buyer":"ann","quantity":NaN})"), 400, "malformed"},
    {"T9_trailing_bytes", buy_json(R"({"buyer":"ann"}x)"), 400, "malformed"},
    {"T9_two_objects", buy_json(R"({"buyer":"ann"}{})"), 400, "malformed"},
    {"T9_single_quotes", buy_json("{'buyer':'ann'}"), 400, "malformed"},
    {"T9_bad_utf8", buy_json("{\"buyer\":\"\xff\"}"), 400, "malformed"},
    {"T10_zero", buy_json(R"({"buyer":"ann","quantity":0})"), 422, "invalid-field"},
    {"T10_negative", buy_json(R"({"buyer":"ann","quantity":-1})"), 422, "invalid-field"},
    {"T10_2_to_63", buy_json(R"({"buyer":"ann","quantity":9223372036854775808})"), 422,
     "invalid-field"},
    {"T10_2_to_32_and_1", buy_json(R"({"buyer":"ann","quantity":4294967297})"), 422,
     "invalid-field"},
    {"T10_float", buy_json(R"({"buyer":"ann","quantity":1.5})"), 422, "invalid-field"},
    {"T10_text", buy_json(R"({"buyer":"ann","quantity":"1"})"), 422, "invalid-field"},
    {"T10_null", buy_json(R"({"buyer":"ann","quantity":null})"), 422, "invalid-field"},
    {"T10_buyer_number", buy_json(R"({"buyer":1})"), 422, "invalid-field"},
    {"T10_buyer_missing", buy_json(R"({"quantity":1})"), 422, "invalid-field"},
    {"T11_buyer_quote", buy_json(R"({"buyer":"a'b"})"), 400, "invalid-identifier"},
    {"T11_buyer_crlf", buy_json(R"({"buyer":"a\r\nX: b"})"), 400, "invalid-identifier"},
    {"T11_buyer_nul", buy_json(R"({"buyer":"a\u0000b"})"), 400, "invalid-identifier"},
    {"T11_buyer_long", buy_json("{\"buyer\":\"" + many(65) + "\"}"), 400, "invalid-identifier"},
    {"T11_buyer_empty", buy_json(R"({"buyer":""})"), 400, "invalid-identifier"},
    {"T11_buyer_look_alike", buy_json("{\"buyer\":\"\xd0\xb0nn\"}"), 400, "invalid-identifier"},
    {"T11_key_missing", post("/api/v1/sales/car/orders", "{\"buyer\":\"ann\"}"), 400,
     "idempotency-key-missing"},
    {"T11_key_quoted", buy_keyed("\"k1\""), 400, "invalid-identifier"},
    {"T11_key_empty", buy_keyed(""), 400, "invalid-identifier"},
    {"T11_key_long", buy_keyed(many(65)), 400, "invalid-identifier"},
    {"T11_sale_percent", buy_request("c%61r", "ann", "k1"), 404, "unknown-sale"},
    {"T17_price", buy_json(R"({"buyer":"ann","price":1})"), 400, "unknown-field"},
    {"T17_state", buy_json(R"({"buyer":"ann","state":"paid"})"), 400, "unknown-field"},
    {"T17_limit", buy_json(R"({"buyer":"ann","limit":99})"), 400, "unknown-field"},
    {"T28_trace", "TRACE /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method-not-allowed"},
    {"T28_connect", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "not-found"},
    {"T28_options_star", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "not-found"},
    {"T28_options", "OPTIONS /api/v1/sales HTTP/1.1\r\nHost: localhost\r\n\r\n", 405,
     "method-not-allowed"},
    {"T28_override",
     "GET /seckill/seckill HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: POST\r\n\r\n",
     405, "method-not-allowed"},
    {"T28_unknown_verb", "BUY /seckill/seckill HTTP/1.1\r\nHost: localhost\r\n\r\n", 405,
     "method-not-allowed"},
    {"T28_lower_verb", "post /seckill/seckill HTTP/1.1\r\nHost: localhost\r\n\r\n", 405,
     "method-not-allowed"},
    {"T28_delete", "DELETE /api/v1/sales/car HTTP/1.1\r\nHost: localhost\r\n\r\n", 405,
     "method-not-allowed"},
    {"T28_dots", get("/api/v1/sales/..%2f..%2fmetrics"), 404, "unknown-sale"},
    {"T28_dot_dot", get("/api/v1/../../metrics"), 404, "not-found"},
    {"T28_double_slash", get("//livez"), 404, "not-found"},
    {"T28_slash_at_end", get("/livez/"), 404, "not-found"},
    {"T28_case", get("/LIVEZ"), 404, "not-found"},
    {"T29_cross_origin", with("Origin: https://evil.example\r\nContent-Length: 0\r\n"), 403,
     "cross-origin"},
    {"T29_null_origin", with("Origin: null\r\nContent-Length: 0\r\n"), 403, "cross-origin"},
};

INSTANTIATE_TEST_SUITE_P(Requests, Wrong, testing::ValuesIn(kQuestions),
                         [](const auto& question) { return question.param.name; });

// What is allowed, though rare: it is read as any other.
TEST(HostileInput, LeavesRareButRightRequestsAlone) {
  Front front({terms_of(1, "car", 100)}, quick());
  Client client(front.port());
  EXPECT_EQ(client.ask(chunked("0\r\n\r\n")).body, "[99]");
  EXPECT_EQ(client.ask(chunked("2;a=b\r\n{}\r\n0;c\r\nX-Trailer: dropped\r\n\r\n")).body, "[98]");
  EXPECT_EQ(client.ask(with("Origin: http://localhost\r\nContent-Length: 0\r\n")).body, "[97]");
  EXPECT_EQ(client.ask(with("Content-Length: 4096\r\n", many(4096))).body, "[96]");
  EXPECT_EQ(client.ask("GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n").status,
            200);
  EXPECT_EQ(client.ask(get("/livez?x=1")).status, 200);
  EXPECT_EQ(client.ask(get("/livez", "X-Long: " + many(7000) + "\r\n")).status, 200);
  EXPECT_EQ(client.ask("HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", true).body, "");
  const Reply chunked_json = client.ask(
      "POST /api/v1/sales/car/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\n"
      "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"buy\r\nA\r\ner\":\"ann\"}\r\n0\r\n\r\n");
  EXPECT_EQ(chunked_json.status, 201) << chunked_json.raw;
  const Reply old = client.ask("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(old.field("connection"), "keep-alive");
  const Reply last = client.ask("GET /livez HTTP/1.0\r\n\r\n");
  EXPECT_EQ(last.field("connection"), "close");
  EXPECT_TRUE(client.ended());
}

// However the bytes are cut, a request is the same request; so is what follows it.
TEST(HostileInput, MayComeByteByByte) {
  HttpOptions options = quick();
  options.limits.head = options.limits.body = milliseconds(20'000);
  Front front({terms_of(1, "car", 100)}, options);
  Client client(front.port());
  const std::string requests = buy_request("car", "ann", "k1") +
                               chunked("2;a=b\r\n{}\r\n0\r\nX: dropped\r\n\r\n") + get("/livez");
  for (const char byte : requests) client.send({&byte, 1});
  EXPECT_EQ(client.read()->status, 201);
  EXPECT_EQ(client.read()->body, "[98]");
  EXPECT_EQ(client.read()->status, 200);
}

// T5: "100 Continue" comes only when the head is accepted; the final reply follows the body.
TEST(HostileInput, ContinuesOnlyWhatIsAccepted) {
  HttpOptions options = quick();
  options.limits.body = milliseconds(20'000);
  Front front({terms_of(1, "car", 100)}, options);
  const std::string expect = "Expect: 100-continue\r\nContent-Length: 2\r\n";
  {
    Client client(front.port());
    EXPECT_EQ(client.ask(with(expect)).status, 100);
    EXPECT_EQ(client.ask("{}").body, "[99]");
    EXPECT_EQ(client.ask(kDemoRequest).body, "[98]");
  }
  Client client(front.port());
  const Reply refused =
      client.ask("POST /nowhere HTTP/1.1\r\nHost: localhost\r\n" + expect + "\r\n");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.field("connection"), "close");
  EXPECT_TRUE(client.ended());
}

// T6, T7: half a head, half a body, and silence.
TEST(HostileInput, IsTimedOut) {
  Front front({terms_of(1, "car", 100)}, quick());
  Client head(front.port());
  Client body(front.port());
  head.send("POST /seckill/seckill HTTP/1.1\r\nHost: loc");
  body.send(with("Content-Length: 5\r\n", "ab"));
  for (Client* client : {&head, &body}) {
    const auto reply = client->read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 408);
    EXPECT_TRUE(client->ended());
  }
}

TEST(HostileInput, ThatNeverComesIsLeftQuietly) {
  HttpOptions options = quick();
  options.limits.idle = milliseconds(3'000);  // within which `served` asks
  Front front({terms_of(1, "car", 100)}, options);
  Client silent(front.port());
  Client served(front.port());
  EXPECT_EQ(served.ask(get("/livez")).status, 200);
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(served.ended());
}

// T7: a peer that reads nothing is left when its time is over, whatever it still sends.
TEST(HostileInput, ThatReadsNothingIsLeft) {
  HttpOptions options = quick();
  options.limits.write = milliseconds(60);
  Front front({terms_of(1, "car", 100)}, options);
  Client client(front.port());
  const int small = 4096;
  ::setsockopt(client.file(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  std::string requests;
  for (int i = 0; i < 2000; ++i) requests += get("/openapi.yaml");
  client.send(requests);  // until the server closes
  std::uint32_t open = 1;
  while (open > 0) {
    const Reply metrics = Client(front.port()).ask(get("/metrics"));
    const auto at = metrics.body.find("\nhttp_server_open_connections ");
    open = static_cast<std::uint32_t>(std::stoul(metrics.body.substr(at + 30))) - 1;
  }
}

// T27: nothing of what a stranger sends comes back, and no secret ever does.
TEST(HostileInput, IsNotEchoed) {
  SaleTerms car = terms_of(1, "car", 100);
  std::memcpy(car.secret.bytes.data(), "planted-secret!!", 16);
  HttpOptions options = quick();
  options.admin_token = hash_of_token("planted-token");
  Front front({car}, options);
  Client client(front.port());
  std::string all;
  for (const Question& question : kQuestions) all += client.ask(question.bytes).raw;
  all += client.ask(get("/api/v1/sales/car")).raw + client.ask(get("/api/v1/sales")).raw;
  all += client.ask(get("/metrics")).raw + client.ask(get("/readyz")).raw;
  all += client.ask(get("/metrics", "Authorization: Bearer planted-wrong\r\n")).raw;
  EXPECT_EQ(all.find("planted"), std::string::npos);
  EXPECT_EQ(all.find("evil"), std::string::npos);
}

// T14: a key belongs to its buyer: the same word from another is another key.
TEST(HostileInput, CannotUseAnothersKey) {
  Front front({terms_of(1, "car", 100)}, quick());
  Client client(front.port());
  const Reply anns = client.ask(buy_request("car", "ann", "k1"));
  const Reply bobs = client.ask(buy_request("car", "bob", "k1"));
  EXPECT_EQ(anns.status, 201);
  EXPECT_EQ(bobs.status, 201);
  EXPECT_NE(member(anns.body, "id"), member(bobs.body, "id"));
  EXPECT_EQ(client.ask(buy_request("car", "ann", "k1")).status, 200);
}

// T16: an id that is nearly one, one of another sale, one that never was and one that is none get
// the same bytes, but for the request's own id and the time. (The work is the same, too: one look
// into one table, under a hash that nobody outside can compute.)
TEST(HostileInput, LearnsNothingFromUnknownOrders) {
  Front front({terms_of(1, "car", 100), terms_of(2, "phone", 100)}, quick());
  Client client(front.port());
  const std::string known = member(client.ask(buy_request("car", "ann", "k1")).body, "id");
  std::string near = known, other = known;
  near.back() = near.back() == '0' ? '1' : '0';
  other[7] = '2';
  const auto reply_to = [&](const std::string& id) {
    std::string raw = client.ask(get("/api/v1/orders/" + id)).raw;
    for (char& c : raw) {
      if (std::isxdigit(static_cast<unsigned char>(c))) c = '#';
    }
    return raw;
  };
  const std::string never = reply_to(std::string(32, 'f'));
  EXPECT_TRUE(never.starts_with("HTTP/#.# ### Not"));
  for (const std::string& id : {near, other, std::string("x"), known + "0"})
    EXPECT_EQ(reply_to(id), never) << id;
}

// T22: where a buyer's order lies in our tables follows from the sale's secret, so nobody can
// choose names that lie together. Names that are as alike as can be spread like dice.
TEST(HostileInput, CannotChooseItsPlaceInATable) {
  const SaleTerms one = terms_of(1, "car", 100);
  SaleTerms same = one;
  same.secret.bytes[0] ^= 1;
  constexpr std::size_t kPlaces = 4096;
  std::vector<int> low(kPlaces), high(kPlaces);
  for (int i = 0; i < static_cast<int>(kPlaces); ++i) {
    const Buy buy = buy_of("car", "buyer-" + std::to_string(i), "k");
    const OrderId id = claim_of(buy, one).order;
    EXPECT_NE(id, claim_of(buy, same).order) << "another secret, another id";
    ++low[id.bits.lo % kPlaces];
    ++high[(id.bits.lo >> 52) % kPlaces];
  }
  EXPECT_LT(*std::max_element(low.begin(), low.end()), 12);
  EXPECT_LT(*std::max_element(high.begin(), high.end()), 12);
}

}  // namespace
}  // namespace seckill
