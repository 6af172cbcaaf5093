// A sale in which everything happened, its rows in a file, and an audit of both: what the tests
// beside this doctor.
#pragma once

#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

#include "audit/audit.h"
#include "orders/consumer.h"
#include "orders/sqlite.h"
#include "orders/sqlite_orders.h"
#include "outside.h"
#include "support/temp_dir.h"
#include "support/told_journal.h"

namespace seckill::testing {

// Two sales with everything in them: paid, held, cancelled, expired, refunds, a limit.
struct Told {
  Story story;
  SaleTerms car = terms_of("car", 3, 10);
  SaleTerms phone = terms_of("phone", 7, 5);
  OrderId ann, bob, cid, dan, eve, fay;

  Told() {
    phone.per_buyer = 2;
    phone.hold_ms = 60'000;
    story.sale(car);
    story.sale(phone);
    ann = story.buy(car, "ann", "k1", 2);
    bob = story.after(milliseconds(5)).buy(car, "bob", "k1");
    cid = story.buy(phone, "cid", "k1", 2);
    dan = story.buy(phone, "dan", "k1");
    eve = story.buy(phone, "eve", "k1");
    story.buy(phone, "gus", "k1", 2);  // sold out for him
    story.cancel(dan);
    story.pay(cid, "p-1");
    story.pay(cid, "p-2");  // a refund
    story.after(milliseconds(59'000)).tick();
    fay = story.buy(phone, "fay", "k1");
    story.after(milliseconds(2'000)).tick();  // eve's hold ends
  }
};

// For messages of tests.
inline std::string to_text(const AuditReport& report) {
  std::string text;
  for (const auto& check : report.checks) {
    text += (check.holds ? "yes " : "NO  ") + check.name + ": " + check.says + "\n";
    for (const auto& example : check.examples) text += "    " + example + "\n";
  }
  return text;
}

// An order's id in SQL.
inline std::string hex(OrderId order) { return "x'" + seckill::to_text(order) + "'"; }

// The rows of a Told, in a file of their own, and an audit of both.
struct Doctored : ::testing::Test {
  Told told;
  TempDir dir;
  std::string file = dir.file("orders.db");
  std::optional<SaleName> only;
  Agreement agreement = Agreement::kWhole;

  void SetUp() override { consume(); }

  void consume() {
    auto orders = SqliteOrders::open(file).value();
    Consumer consumer(told.story, *orders);
    while (consumer.turn({.raw = Story::kStart, .steady = {0}}).value()) {
    }
  }
  // What somebody does with a database tool.
  void run(const std::string& sql) {
    auto db = sqlite::Db::open(file, sqlite::Access::kReadWrite).value();
    const auto ran = db.run_all("PRAGMA ignore_check_constraints = ON;" + sql);
    ASSERT_TRUE(ran.has_value()) << ran.error().message;
  }
  // Ours; and a stranger's, who must say the same.
  Result<AuditReport> audited(const std::string& transcript = "") {
    auto ours = audited_inside(transcript);
    const std::size_t seen = told.story.read({}, SIZE_MAX)->size();
    const auto said = outside_audit(dir, {.entries = std::span(told.story.entries()).first(seen),
                                          .rows = file,
                                          .transcript = transcript,
                                          .sale = only ? std::string(only->view()) : ""});
    expect_agreement(said, ours, agreement);
    return ours;
  }
  Result<AuditReport> audited_inside(const std::string& transcript) {
    auto rows = SqliteOrdersReader::open(file).value();
    std::istringstream lines(transcript);
    return audit({.journal = &told.story,
                  .rows = rows.get(),
                  .transcript = transcript.empty() ? nullptr : &lines,
                  .sale = only});
  }
  static std::vector<std::string> broken(const AuditReport& report) {
    std::vector<std::string> names;
    for (const auto& check : report.checks) {
      if (!check.holds) names.push_back(check.name);
    }
    return names;
  }
};

}  // namespace seckill::testing
