#include "http/json_plain.h"

#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include "http/intake.h"
#include "support/dice.h"

namespace seckill {
namespace {

using Fields = std::vector<JsonField>;

// Both readers of one body.
class Both {
 public:
  explicit Both(const std::string& body)
      : padded_(body + std::string(Intake::kPadding, '"')), body_(padded_.data(), body.size()) {}

  std::optional<Fields> plain() {
    Fields fields(JsonReader::kFieldsMax);
    const auto count = read_plain_json(body_, fields);
    if (!count) return std::nullopt;
    fields.resize(*count);
    return fields;
  }
  std::optional<Fields> any() {
    if (reader_.read_any(body_)) return std::nullopt;
    return Fields(reader_.fields().begin(), reader_.fields().end());
  }

 private:
  std::string padded_;
  std::string_view body_;
  JsonReader reader_{4096};
};

std::string many(std::size_t fields) {
  std::string body = "{";
  for (std::size_t i = 0; i < fields; ++i)
    body += (i == 0 ? "\"a" : ",\"a") + std::to_string(i) + "\":1";
  return body + "}";
}

const std::vector<std::string> kPlain{
    R"({"buyer":"ann","quantity":1})",
    R"({"id":"car","stock":100,"hold_s":900,"paused":true,"x":false,"none":null})",
    " {\t\"a\" :\r\n1 , \"b\": \"\" } \n",
    "{}",
    "{ }",
    R"({"":"~ !#[]{}:,/'"})",
    R"({"a":0,"b":999999999999999})",
    many(JsonReader::kFieldsMax),
};

// What it reads is what the reader of all JSON reads.
TEST(PlainJson, ReadsWhatTheReaderOfAllJsonReads) {
  for (const std::string& body : kPlain) {
    SCOPED_TRACE(body);
    Both both(body);
    ASSERT_TRUE(both.plain());
    ASSERT_TRUE(both.any());
    EXPECT_TRUE(*both.plain() == *both.any());
  }
}

TEST(PlainJson, FindsNamesAndValues) {
  Both both(kPlain[1]);
  const auto fields = both.plain();
  ASSERT_TRUE(fields && fields->size() == 6);
  EXPECT_EQ((*fields)[0].text, "car");
  EXPECT_EQ((*fields)[1].integer, 100);
  EXPECT_EQ((*fields)[3].kind, JsonField::Kind::kOther);
  EXPECT_EQ((*fields)[5].kind, JsonField::Kind::kNull);
  EXPECT_EQ((*fields)[5].name, "none");
}

// It leaves alone whatever needs a second thought, good JSON or not.
TEST(PlainJson, LeavesAllElseToTheReaderOfAllJson) {
  for (const std::string body : {
           "",
           " ",
           "[1]",
           "1",
           "\xef\xbb\xbf{}",
           R"({"b\u0075yer":"ann"})",
           R"({"buyer":"a\"b"})",
           "{\"buyer\":\"\xc3\xa9\"}",
           "{\"buyer\":\"a\x01\"}",
           "{\"buyer\":\"a\x7f\"}",
           R"({"a":-1})",
           R"({"a":-0})",
           R"({"a":1.0})",
           R"({"a":1e3})",
           R"({"a":01})",
           R"({"a":00})",
           R"({"a":1000000000000000})",
           R"({"a":1 2})",
           R"({"a":+1})",
           R"({"a":0x1})",
           R"({"a":NaN})",
           R"({"a":nul})",
           R"({"a":nullx})",
           R"({"a":True})",
           R"({"a":{}})",
           R"({"a":[]})",
           R"({"a":1,"a":1})",
           R"({"a":1,})",
           R"({,"a":1})",
           R"({"a":1}x)",
           R"({"a":1}{})",
           R"({"a"})",
           R"({"a":})",
           R"({a:1})",
           R"({'a':1})",
           R"({"a":1;"b":2})",
       }) {
    SCOPED_TRACE(body);
    EXPECT_FALSE(Both(body).plain());
  }
  EXPECT_FALSE(Both(many(JsonReader::kFieldsMax + 1)).plain());
  EXPECT_FALSE(Both("{\"a\":1" + std::string(1, '\0') + "}").plain());
}

// A body that was cut is not plain, however near its end, and what stands behind it does not count.
TEST(PlainJson, ReadsNothingThatIsCutShort) {
  for (const std::string& body : kPlain) {
    const std::size_t end = body.rfind('}');
    for (std::size_t size = 0; size <= end; ++size) {
      SCOPED_TRACE(body.substr(0, size));
      EXPECT_FALSE(Both(body.substr(0, size)).plain());
    }
  }
}

// Of bodies with a few bytes changed, whatever it reads the other reads alike. The trace shows the
// seed.
TEST(PlainJson, AgreesOnDamagedBodies) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const std::string bytes = "{}[]\":,\\ \n0123456789-.eEnulltrefas\x01\x7f\xc3\xa9";
  std::size_t read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string body = kPlain[random() % kPlain.size()];
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const auto at = static_cast<std::ptrdiff_t>(random() % body.size());
      const char byte = bytes[random() % bytes.size()];
      switch (random() % 3) {
        case 0: body[static_cast<std::size_t>(at)] = byte; break;
        case 1: body.insert(body.begin() + at, byte); break;
        default: body.erase(body.begin() + at);
      }
      if (body.empty()) body = "{";
    }
    Both both(body);
    const auto plain = both.plain();
    if (!plain) continue;
    ++read;
    const auto any = both.any();
    ASSERT_TRUE(any && *plain == *any) << body;
  }
  EXPECT_GT(read, 100U);  // else nothing was compared
}

}  // namespace
}  // namespace seckill
