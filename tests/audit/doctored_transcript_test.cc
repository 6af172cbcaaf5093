// What shoppers say they were told, against what the journal knows: caught by name.
#include <fmt/format.h>
#include <functional>

#include "doctored.h"

namespace seckill {
namespace {

using namespace testing;

std::string line(std::string_view buyer, std::string_view outcome, std::string_view order = "",
                 int attempt = 1) {
  return fmt::format(
      R"({{"n":1,"attempt":{},"buyer":"{}","key":"k1","sent_at":"2026-11-22T16:08:{:02}.5Z",)"
      R"("answered_at":"2026-11-22T16:08:{:02}.5Z","status":200,)"
      R"("outcome":"{}","order_id":{}}})"
      "\n",
      attempt, buyer, attempt * 10, attempt * 10 + 5, outcome,
      order.empty() ? "null" : fmt::format("\"{}\"", order));
}

struct TranscriptCase {
  const char* what;
  std::function<std::string(const Told&)> lines;
  std::vector<std::string> caught;
  std::uint64_t unanswered = 0;

  friend std::ostream& operator<<(std::ostream& to, const TranscriptCase& of) {
    return to << of.what;
  }
};

const std::vector<TranscriptCase>& transcript_cases() {
  static const std::vector<TranscriptCase> cases{
      {"Honest",
       [](const Told& t) {
         return line("ann", "won", to_text(t.ann)) + line("ann", "won", to_text(t.ann), 2) +
                line("dan", "ended", to_text(t.dan)) + line("zoe", "sold-out") +
                line("yan", "error") + line("xia", "unknown");
       },
       {}},
      {"WonWithoutAnOrder",
       [](const Told& t) {
         auto id = t.ann;
         id.bits.lo ^= 1;
         return line("ann", "won", to_text(id));
       },
       {"told-won"}},
      {"WonWithoutAnId", [](const Told&) { return line("ann", "won"); }, {"told-won"}},
      {"WonTheOrderOfAnother",
       [](const Told& t) { return line("zoe", "won", to_text(t.ann)); },
       {"told-won"}},
      {"OneKeyTwoOrders",
       [](const Told& t) {
         return line("ann", "won", to_text(t.ann)) + line("ann", "won", to_text(t.bob), 2);
       },
       {"told-won", "told-twice"}},
      {"OneOrderTwoBuyers",
       [](const Told& t) {
         return line("ann", "won", to_text(t.ann)) + line("bob", "won", to_text(t.ann));
       },
       {"told-won", "told-twice"}},
      {"NoButHasAnOrder",
       [](const Told& t) { return line("ann", "won", to_text(t.ann)) + line("bob", "sold-out"); },
       {"told-no"}},
      {"BusyButHasAnOrder", [](const Told&) { return line("bob", "busy"); }, {"told-no"}},
      {"AskedAgainAndWasToldNo",
       [](const Told&) { return line("bob", "unknown") + line("bob", "limit", "", 2); },
       {"told-no"}},
      {"NeverAskedAgain", [](const Told&) { return line("bob", "error"); }, {}, 1},
      {"AskedAgainWithoutAnAnswer",
       [](const Told&) { return line("bob", "unknown") + line("bob", "busy", "", 2); },
       {},
       1},
      {"NoBeforeTheUnanswered",
       [](const Told&) { return line("bob", "sold-out") + line("bob", "error", "", 2); },
       {},
       1},
      {"NoBesideTheUnanswered",  // a double click: nobody knows which one was read first
       [](const Told&) {
         return std::string(
             R"({"buyer":"bob","key":"k1","sent_at":"T1","answered_at":"T6","outcome":"error"})"
             "\n"
             R"({"buyer":"bob","key":"k1","sent_at":"T2","answered_at":"T3","outcome":"sold-out"})");
       },
       {},
       1},
      {"MoreNamelessWinnersThanOrders",
       [](const Told&) {
         std::string lines;
         for (int n = 0; n < 7; ++n)
           lines += "{\"n\":1,\"buyer\":\"u1\",\"key\":\"\",\"outcome\":\"won\"}\n";
         return lines;
       },
       {"told-won"}},
      {"NamelessWinners",
       [](const Told&) {
         return std::string("{\"buyer\":\"\",\"key\":\"\",\"outcome\":\"won\"}\n");
       },
       {}},
      {"BadLines",
       [](const Told&) {
         return std::string(
             "{\"n\":1,\n[]\nnonsense\n\n{\"outcome\":7}\n{}\n{\"buyer\":\"\\u001b[2J\",\"key\":"
             "\"b\",\"outcome\":\"won\"}\n"
             "{\"buyer\":\"a\",\"key\":\"b\",\"outcome\":\"won\",\"order_id\":\"zz\"}\n"
             "{\"buyer\":\"a\",\"key\":\"b\",\"outcome\":\"sold-out\",\"attempt\":-1e300}\n");
       },
       {"transcript"}},
  };
  return cases;
}

struct DoctoredTranscript : Doctored, ::testing::WithParamInterface<TranscriptCase> {};

TEST_P(DoctoredTranscript, IsCaughtByName) {
  const auto report = audited(GetParam().lines(told));
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(broken(*report), GetParam().caught) << to_text(*report);
  EXPECT_EQ(report->sums.unanswered, GetParam().unanswered);
  EXPECT_EQ(report->checks.size(), 17u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, DoctoredTranscript, ::testing::ValuesIn(transcript_cases()),
                         [](const auto& of) { return of.param.what; });

// It may name several sales: each of them is judged, and none by the order of a hash table.
TEST_F(Doctored, JudgesEverySaleThatATranscriptNames) {
  const std::string both =
      line("ann", "won", to_text(told.ann)) + line("cid", "won", to_text(told.cid));
  const auto told_no = [&](const std::string& lines) {
    const auto report = audited(both + lines).value();
    for (const Check& check : report.checks) {
      if (check.name == "told-no") return check.examples.size();
    }
    return std::size_t{99};
  };
  EXPECT_EQ(told_no(""), 0u);
  EXPECT_EQ(told_no(line("bob", "sold-out")), 1u);
  EXPECT_EQ(told_no(line("eve", "sold-out")), 1u);
  EXPECT_EQ(told_no(line("bob", "sold-out") + line("eve", "sold-out")), 2u);
  // Perhaps it was the other sale that said no.
  EXPECT_EQ(told_no(line("bob", "unknown") + line("bob", "sold-out", "", 2)), 0u);
  only = text<SaleName>("car");
  EXPECT_EQ(told_no(line("bob", "unknown") + line("bob", "sold-out", "", 2)), 1u);
}

// A transcript that was cut off is a proof that is not whole, and no broken promise.
TEST_F(Doctored, TellsABadTranscriptFromABadSale) {
  const auto report = audited("{\"n\":1,").value();
  EXPECT_FALSE(report.violated());
  EXPECT_FALSE(report.proven());
}

}  // namespace
}  // namespace seckill
