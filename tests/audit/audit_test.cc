// The audit of a sale that went well proves it, and says so in words.
#include "doctored.h"

namespace seckill {
namespace {

using namespace testing;

TEST_F(Doctored, ProvesASaleThatWentWell) {
  const auto report = audited().value();
  EXPECT_TRUE(report.proven()) << to_text(report, only);
  EXPECT_EQ(report.sums.stock, 15u);
  EXPECT_EQ(report.sums.won, 6u);
  EXPECT_EQ(report.sums.stored, 6u);
  EXPECT_EQ(report.sums.paid, 1u);
  EXPECT_EQ(report.sums.returned, 2u);
  EXPECT_EQ(report.sums.refunds, 1u);
  EXPECT_EQ(report.sums.pending, 0u);
  EXPECT_EQ(report.rows_at, report.journal_end);
  EXPECT_EQ(report.checks.size(), 13u);
}

TEST_F(Doctored, AuditsOneSale) {
  only = text<SaleName>("car");
  run("DELETE FROM orders WHERE sale_id = 'phone'");
  const auto report = audited().value();
  EXPECT_TRUE(report.proven()) << to_text(report, only);
  EXPECT_EQ(report.sums.stock, 10u);
  EXPECT_EQ(report.sums.won, 2u);
  only = text<SaleName>("boat");
  EXPECT_EQ(audited().error().code, Error::Code::kInvalid);
}

// What is not stored yet is a number, not a violation; and not a proof.
TEST_F(Doctored, WaitsForRowsThatAreBehind) {
  told.story.buy(told.car, "late", "k1");
  const auto report = audited().value();
  EXPECT_FALSE(report.violated()) << to_text(report, only);
  EXPECT_FALSE(report.proven());
  EXPECT_EQ(report.sums.pending, 1u);
}

TEST_F(Doctored, ProvesAJournalWithoutRows) {
  const auto report = audit({.journal = &told.story}).value();
  EXPECT_TRUE(report.proven()) << to_text(report, only);
  EXPECT_EQ(report.sums.won, 6u);
}

// A record that the rows refused is counted; what it left undone is no violation.
TEST_F(Doctored, CountsWhatIsInQuarantine) {
  const auto unlucky = told.story.buy(told.phone, "hal", "k1");
  run("CREATE TRIGGER no BEFORE INSERT ON orders WHEN NEW.buyer_id = 'hal'"
      " BEGIN SELECT RAISE(ABORT, 'no'); END");
  consume();
  told.story.pay(unlucky, "p-7");
  told.story.buy(told.car, "ida", "k1");
  consume();
  const auto report = audited().value();
  EXPECT_TRUE(report.proven()) << to_text(report, only);
  EXPECT_EQ(report.sums.quarantined, 1u);
  run("DELETE FROM quarantine");
  EXPECT_TRUE(audited().value().violated());
}

TEST_F(Doctored, SaysWhatItFound) {
  only = text<SaleName>("car");
  EXPECT_NE(to_text(audited().value(), only)
                .find("✓ 13 of 13 checks hold for sale car (stock 10, won 2, stored 2, paid 0, "
                      "returned 0)"),
            std::string::npos);
  run("DELETE FROM orders WHERE id = " + hex(told.bob));
  const auto report = audited().value();
  EXPECT_NE(to_text(report, only).find("✗ rows-missing"), std::string::npos);
  EXPECT_NE(to_text(report, only).find("order " + to_text(told.bob)), std::string::npos);
  const auto json = to_json(report, only);
  EXPECT_EQ(json.substr(0, 32), R"({"result":"violated","sale":"car)") << json;
  EXPECT_NE(json.find(R"({"name":"rows-missing","holds":false,)"), std::string::npos) << json;
}

}  // namespace
}  // namespace seckill
