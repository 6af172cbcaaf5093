// The audit of a sale that went well proves it, and says so in words.
#include <algorithm>

#include "doctored.h"

namespace seckill {
namespace {

using namespace testing;

TEST_F(Doctored, ProvesASaleThatWentWell) {
  const auto report = audited().value();
  EXPECT_TRUE(report.proven()) << to_text(report);
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
  EXPECT_TRUE(report.proven()) << to_text(report);
  EXPECT_EQ(report.sums.stock, 10u);
  EXPECT_EQ(report.sums.won, 2u);
  only = text<SaleName>("boat");
  EXPECT_EQ(audited().error().code, Error::Code::kInvalid);
}

// What is not stored yet is a number, not a violation; and not a proof.
TEST_F(Doctored, WaitsForRowsThatAreBehind) {
  told.story.buy(told.car, "late", "k1");
  const auto report = audited().value();
  EXPECT_FALSE(report.violated()) << to_text(report);
  EXPECT_FALSE(report.proven());
  EXPECT_EQ(report.sums.pending, 1u);
  EXPECT_EQ(report.sums.behind, 1u);
}

// Nothing was won, and all the same a list of payments would not have the last one: whoever asks
// for a proof before he reads the rows has to be told.
TEST_F(Doctored, ProvesNothingBeforeEveryChangeIsStored) {
  const auto behind = [&] {
    const auto report = audited().value();
    EXPECT_FALSE(report.violated()) << to_text(report);
    EXPECT_EQ(report.proven(), report.sums.behind == 0);
    EXPECT_EQ(report.sums.pending, 0u);
    return report.sums.behind;
  };
  told.story.tick();
  EXPECT_EQ(behind(), 0u) << "it changes no row";
  told.story.pay(told.dan, "late");
  EXPECT_EQ(behind(), 1u) << "a refund";
  told.story.cancel(told.fay);
  EXPECT_EQ(behind(), 2u) << "and an order";
  only = text<SaleName>("car");
  EXPECT_EQ(behind(), 0u) << "another sale's";
  ++told.car.version;
  told.story.sale(told.car);
  EXPECT_EQ(behind(), 1u) << "its terms";
  only.reset();
  EXPECT_EQ(behind(), 3u);
  consume();
  EXPECT_EQ(behind(), 0u);
  told.car.ends_at = told.story.entries().back().stamp + milliseconds(1'000);
  ++told.car.version;
  told.story.sale(told.car);
  consume();
  told.story.after(milliseconds(999)).tick();
  EXPECT_EQ(behind(), 0u);
  told.story.after(milliseconds(1)).tick();
  EXPECT_EQ(behind(), 1u) << "how it stands: it is over";
  consume();
  EXPECT_EQ(behind(), 0u);
}

// A live sale goes on while an audit waits: it is enough that the rows know what was asked about.
TEST_F(Doctored, IsNotKeptWaitingByWhatComesLater) {
  told.story.pay(told.dan, "late");
  const Position asked = next(told.story.entries().back().position);
  const auto proven = [&] {
    const auto rows = SqliteOrdersReader::open(file).value();
    const auto report = audit({.journal = &told.story, .rows = rows.get(), .asked = asked}).value();
    return report.proven();
  };
  EXPECT_FALSE(proven());
  consume();
  EXPECT_TRUE(proven());
  told.story.buy(told.car, "later", "k1");
  EXPECT_TRUE(proven());
  EXPECT_FALSE(audited()->proven()) << "now it is asked about";
}

TEST_F(Doctored, ProvesAJournalWithoutRows) {
  const auto report = audit({.journal = &told.story}).value();
  EXPECT_TRUE(report.proven()) << to_text(report);
  EXPECT_EQ(report.sums.won, 6u);
}

// I3, of a hint: a number that is not the ledger's, and a counter that cannot be read, are no proof
// and no violation; a sale that it does not know misleads nobody, and is said.
TEST_F(Doctored, AsksTheCounterAndTrustsItWithNothing) {
  using Lefts = Result<std::map<SaleUid, std::int64_t>>;
  const auto with = [&](const Lefts& lefts) {
    return audit({.journal = &told.story,
                  .counters = [&](RecordHash, const std::vector<SaleUid>&) { return lefts; }})
        .value();
  };
  const auto said = [](const AuditReport& report) { return report.checks.back().says; };
  std::map<SaleUid, std::int64_t> lefts{{told.car.uid, 7}, {told.phone.uid, 2}};
  const AuditReport equal = with(lefts);
  EXPECT_TRUE(equal.proven()) << to_text(equal);
  EXPECT_EQ(said(equal), "left = available of 2 of 2 sales, at rest");

  ++lefts[told.car.uid];
  const AuditReport other = with(lefts);
  EXPECT_EQ(broken(other), std::vector<std::string>{"counter"});
  EXPECT_FALSE(other.violated() || other.proven()) << to_text(other);

  lefts.erase(told.car.uid);
  const AuditReport unknown = with(lefts);
  EXPECT_TRUE(unknown.proven()) << to_text(unknown);
  EXPECT_NE(said(unknown).find("1 of 2 sales, at rest; it knows no more"), std::string::npos);

  const AuditReport away = with(fail(Error::Code::kUnavailable, "it does not answer"));
  EXPECT_FALSE(away.violated() || away.proven()) << to_text(away);
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
  EXPECT_TRUE(report.proven()) << to_text(report);
  EXPECT_EQ(report.sums.quarantined, 1u);
  // Every other payment is still counted.
  run("CREATE TABLE kept AS SELECT * FROM payments; DELETE FROM payments WHERE id = 'p-2'");
  EXPECT_EQ(broken(audited().value()), std::vector<std::string>{"payments-differ"});
  run("INSERT INTO payments SELECT * FROM kept WHERE id = 'p-2'; DROP TABLE kept");
  run("DELETE FROM quarantine");
  EXPECT_TRUE(audited().value().violated());
}

// I9: a stamp that nobody's clock has shown comes from a forged file. Sums with it must not wrap
// around: UBSan watches.
TEST_F(Doctored, BearsAStampFromTheEndOfTime) {
  told.story.after(RawTime{INT64_MAX - 1} - told.story.entries().back().stamp);
  told.story.buy(told.phone, "hal", "k1");
  ASSERT_EQ(told.story.entries().back().stamp, RawTime{INT64_MAX - 1});
  consume();
  const auto report = audited().value();
  EXPECT_TRUE(report.proven()) << to_text(report);
}

// A check says its numbers, and names what broke it: ten of them at the most.
TEST_F(Doctored, SaysWhatItFound) {
  for (int n = 0; n < 7; ++n) told.story.buy(told.car, "crowd", std::to_string(n));
  consume();
  const auto find = [](const AuditReport& report, std::string_view name) {
    const auto at = std::find_if(report.checks.begin(), report.checks.end(),
                                 [&](const Check& check) { return check.name == name; });
    return at == report.checks.end() ? Check{} : *at;
  };
  EXPECT_EQ(find(audited().value(), "oversold").says, "13 sold <= 15 in stock");
  run("DELETE FROM orders WHERE sale_id = 'car' AND buyer_id <> 'ann'");
  auto missing = find(audited().value(), "rows-missing");
  EXPECT_EQ(missing.says, "5 orders stored: broken, 8 found");
  EXPECT_EQ(std::count(missing.examples.begin(), missing.examples.end(),
                       "order " + seckill::to_text(told.bob)),
            1);
  run("DELETE FROM orders");
  missing = find(audited().value(), "rows-missing");
  EXPECT_EQ(missing.says, "0 orders stored: broken, 13 found");
  EXPECT_EQ(missing.examples.size(), 10u);
}

}  // namespace
}  // namespace seckill
