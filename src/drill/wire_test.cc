#include "drill/wire.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

namespace seckill {
namespace {

Heard hear(const Wire& wire, std::uint16_t status, std::string_view body) {
  Reply reply;
  reply.status = status;
  reply.body = body;
  return wire.heard(reply);
}

const Wire kApi = Wire::api({.host = "127.0.0.1", .port = 3000}, "car");
const Wire kDemo = Wire::demo({.host = "::1", .port = 3000, .path = "/seckill/seckill"});

TEST(Wire, AsksTheApiByteForByte) {
  std::string bytes = "old";
  kApi.request("u1", "ab-1", bytes);
  EXPECT_EQ(bytes,
            "POST /api/v1/sales/car/orders HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n"
            "Content-Type: application/json\r\nIdempotency-Key: ab-1\r\nContent-Length: 27\r\n\r\n"
            R"({"buyer":"u1","quantity":1})");
}

TEST(Wire, AsksTheDemoByteForByte) {
  std::string bytes;
  kDemo.request("u1", "", bytes);
  EXPECT_EQ(bytes,
            "POST /seckill/seckill HTTP/1.1\r\nHost: [::1]:3000\r\nContent-Length: 0\r\n\r\n");
}

TEST(Wire, HearsTheApisVerdicts) {
  EXPECT_EQ(hear(kApi, 201, R"({"id":"0a","state":"held"})").told, Told::kWon);
  EXPECT_EQ(hear(kApi, 201, R"({"id":"0a","state":"held"})").order, "0a");
  EXPECT_EQ(hear(kApi, 200, R"({"id":"0a","state":"paid"})").told, Told::kWon);
  EXPECT_EQ(hear(kApi, 200, R"({"id":"0a","state":"expired"})").told, Told::kEnded);
  EXPECT_EQ(hear(kApi, 201, "{}").told, Told::kError) << "a win without an order is no win";
  const auto code = [](std::uint16_t status, std::string_view name) {
    return hear(kApi, status, fmt::format(R"({{"status":{},"code":"{}"}})", status, name)).told;
  };
  EXPECT_EQ(code(409, "sold-out"), Told::kSoldOut);
  EXPECT_EQ(code(409, "limit-reached"), Told::kLimit);
  EXPECT_EQ(code(409, "not-started"), Told::kNotStarted);
  EXPECT_EQ(code(409, "sale-paused"), Told::kPaused);
  EXPECT_EQ(code(409, "sale-closed"), Told::kClosed);
  EXPECT_EQ(code(409, "sale-full"), Told::kFull);
  EXPECT_EQ(code(503, "busy"), Told::kBusy);
  EXPECT_EQ(code(503, "outcome-unknown"), Told::kUnknown);
  EXPECT_EQ(code(503, "new-word"), Told::kUnknown);
  EXPECT_EQ(code(404, "unknown-sale"), Told::kRefused);
  EXPECT_EQ(hear(kApi, 404, R"({"code":"unknown-sale"})").reason, "404 unknown-sale");
  EXPECT_EQ(hear(kApi, 500, "").told, Told::kError);
}

TEST(Wire, HearsTheDemosTwoAnswersAndNothingElse) {
  EXPECT_EQ(hear(kDemo, 200, "[0]").told, Told::kWon);
  EXPECT_EQ(hear(kDemo, 200, "[99]").left, 99);
  EXPECT_EQ(hear(kDemo, 200, "sold out!").told, Told::kSoldOut);
  for (const std::string_view body :
       {"", "[]", "[1", "[ 1]", "[1]\n", "[x]", "Sold out!", "sold out!\n"}) {
    EXPECT_EQ(hear(kDemo, 200, body).told, Told::kError) << body;
  }
  EXPECT_EQ(hear(kDemo, 503, "later").told, Told::kUnknown);
  EXPECT_EQ(hear(kDemo, 404, "no\tsale").reason, "404 no sale");
}

TEST(Wire, AddressesAreReadAndWrongOnesExplained) {
  const Address address = address_from("http://localhost:3000/seckill/seckill?x=1#y").value();
  EXPECT_EQ(address.host, "localhost");
  EXPECT_EQ(address.port, 3000);
  EXPECT_EQ(address.path, "/seckill/seckill?x=1");
  EXPECT_EQ(address_from("http://[::1]:80")->host, "::1");
  EXPECT_EQ(address_from("http://[::1]")->authority(), "[::1]:80");
  EXPECT_EQ(address_from("http://a")->path, "/");
  for (const char* bad :
       {"https://a", "a:3000", "http://", "http://a:0", "http://a:x", "http://a:70000",
        "http://a b", "http://a/b c", "http://u@a", "http://a/\r\nX: y"}) {
    const auto wrong = address_from(bad);
    ASSERT_FALSE(wrong) << bad;
    EXPECT_EQ(wrong.error().code, Error::Code::kInvalid);
  }
}

TEST(Told, EachHasAWordOfItsOwn) {
  std::set<std::string> words;
  for (const Told told : kAllTold) words.insert(to_text(told));
  EXPECT_EQ(words.size(), kAllTold.size());
  EXPECT_FALSE(words.contains("?"));
}

}  // namespace
}  // namespace seckill
