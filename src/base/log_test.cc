#include "base/log.h"

#include <gtest/gtest.h>

namespace seckill {
namespace {

TEST(Log, TextIsWordsAndPairsAndQuotesWhatIsNoWord) {
  EXPECT_EQ(
      log_text(LogFormat::kText, "serving", {{"url", "http://127.0.0.1:3000"}, {"why", "a b"}}),
      "serving url=http://127.0.0.1:3000 why=\"a b\"");
}

// Promise (1): a value cannot begin a line of its own.
TEST(Log, ValuesCannotForgeALine) {
  EXPECT_EQ(log_text(LogFormat::kText, "bad", {{"name", "x\nerror forged"}}),
            R"(bad name="x\nerror forged")");
  EXPECT_EQ(log_text(LogFormat::kJson, "bad", {{"name", "x\"\n\x01"}}),
            R"("event":"bad","name":"x\"\n\u0001")");
}

}  // namespace
}  // namespace seckill
