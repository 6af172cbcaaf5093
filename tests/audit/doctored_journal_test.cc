// A journal that is not the one from which the rows were stored: caught by name.
#include <algorithm>
#include <functional>

#include "doctored.h"

namespace seckill {
namespace {

using namespace testing;

struct JournalCase {
  const char* what;
  std::function<void(Told&)> change;
  std::vector<std::string> among;  // at least these checks
  // A stranger who sees no secret and no bytes may catch it by other names.
  Agreement agreement = Agreement::kWhole;

  friend std::ostream& operator<<(std::ostream& to, const JournalCase& of) { return to << of.what; }
};

const std::vector<JournalCase>& journal_cases() {
  static const std::vector<JournalCase> cases{
      {"WinnerRemoved",
       [](Told& t) {
         t.story.entries().erase(t.story.entries().begin() + 4);
         t.story.reseal();
       },
       {"bookmark", "rows-unknown"}},
      {"TwoSwapped",
       [](Told& t) {
         std::swap(t.story.entries()[3].record, t.story.entries()[4].record);
         t.story.reseal();
       },
       {"orders-differ", "units-differ"}},
      {"QuantityChanged",
       [](Told& t) {
         std::get<Reserve>(t.story.entries()[3].record.body).quantity = 3;
         t.story.reseal();
       },
       {"orders-differ", "conservation"}},
      {"BuyerForged",  // his id is not that of his name: it gives nothing
       [](Told& t) {
         std::get<Reserve>(t.story.entries()[3].record.body).buyer = text<Buyer>("zoe");
         t.story.reseal();
       },
       {"rows-unknown"},
       Agreement::kExit},
      {"CancelInserted",
       [](Told& t) {
         auto cancel = t.story.entries()[10];
         cancel.record.body = Cancel{t.bob};
         t.story.entries()[10] = cancel;
         t.story.reseal();
       },
       {"orders-differ"}},
      {"StampChanged",
       [](Told& t) {
         t.story.entries()[3].stamp = t.story.entries()[3].stamp + milliseconds(1);
         t.story.reseal();
       },
       {"orders-differ"}},
      {"EndCutOff", [](Told& t) { t.story.show(t.story.size() - 1); }, {"bookmark"}},
      {"LastRecordReplaced",
       [](Told& t) {
         t.story.entries().back().record.body = Cancel{t.ann};
         t.story.reseal();
       },
       {"bookmark"}},
      {"BytesSaySomethingElse",  // whoever reads it back does not get what was written
       [](Told& t) { std::get<Reserve>(t.story.entries()[3].record.body).quantity = 3; },
       {"journal"},
       Agreement::kExit},
      {"OfAnotherDay",
       [](Told& t) {
         std::get<Tick>(t.story.entries()[0].record.body).nonce = 99;
         t.story.reseal();
       },
       {"bookmark"}},
  };
  return cases;
}

struct DoctoredJournal : Doctored, ::testing::WithParamInterface<JournalCase> {};

TEST_P(DoctoredJournal, IsCaughtByName) {
  GetParam().change(told);
  agreement = GetParam().agreement;
  const auto report = audited();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  const auto names = broken(*report);
  for (const auto& name : GetParam().among) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name << "\n" << to_text(*report);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DoctoredJournal, ::testing::ValuesIn(journal_cases()),
                         [](const auto& of) { return of.param.what; });

// I9: whoever wrote this had seen more, or knows more, than we have.
TEST_F(Doctored, StopsAtAJournalThatWasCutShortOrIsNewer) {
  told.story.add(Tick{.rules = kNewestRules, .position = Position{1'000}});
  EXPECT_EQ(audited().error().code, Error::Code::kCorrupt);
  told.story.entries().back().record.body = Tick{.rules = Rules{2}};
  told.story.reseal();
  EXPECT_EQ(audited().error().code, Error::Code::kCorrupt);
}

}  // namespace
}  // namespace seckill
