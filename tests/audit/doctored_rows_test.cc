// Rows that somebody changed with a database tool, one thing at a time: each is caught by the name
// of its check, and by no other.
#include <filesystem>
#include <functional>

#include "doctored.h"

namespace seckill {
namespace {

using namespace testing;

struct RowsCase {
  const char* what;
  std::function<std::string(const Told&)> sql;
  std::vector<std::string> caught;  // by all of these checks, and no other

  friend std::ostream& operator<<(std::ostream& to, const RowsCase& of) { return to << of.what; }
};

const std::vector<RowsCase>& rows_cases() {
  static const std::vector<RowsCase> cases{
      {"OrderLost",
       [](const Told& t) { return "DELETE FROM orders WHERE id = " + hex(t.bob); },
       {"rows-missing", "conservation"}},
      {"EndedOrderLost",
       [](const Told& t) { return "DELETE FROM orders WHERE id = " + hex(t.dan); },
       {"rows-missing"}},
      {"OrderInvented",
       [](const Told& t) {
         return "INSERT INTO orders SELECT 99, randomblob(16), sale_id, 'zoe', idem_key, 1, '[]',"
                " 'cancelled', held_at, due_at, paid_at, held_at, payment_id, pos FROM orders"
                " WHERE id = " +
                hex(t.bob);
       },
       {"rows-unknown"}},
      {"OrderTwice",
       [](const Told& t) {
         return "INSERT INTO orders SELECT 99, id, sale_id, buyer_id, idem_key, quantity, units,"
                " state, held_at, due_at, paid_at, ended_at, payment_id, pos FROM orders"
                " WHERE id = " +
                hex(t.bob);
       },
       {"double", "orders-differ", "conservation"}},
      {"OrderMadeElsewhere",
       [](const Told& t) { return "UPDATE orders SET made_pos = 99 WHERE id = " + hex(t.ann); },
       {"orders-differ"}},
      {"OrderOfAnUnknownSale",
       [](const Told& t) { return "UPDATE orders SET sale_id = 'boat' WHERE id = " + hex(t.dan); },
       {"orders-differ"}},
      {"StateChanged",
       [](const Told& t) { return "UPDATE orders SET state = 'paid' WHERE id = " + hex(t.fay); },
       {"orders-differ", "conservation"}},
      {"EndedOrderRevived",
       [](const Told& t) { return "UPDATE orders SET state = 'held' WHERE id = " + hex(t.eve); },
       {"double", "orders-differ", "conservation"}},
      {"BuyerChanged",
       [](const Told& t) { return "UPDATE orders SET buyer_id = 'zoe' WHERE id = " + hex(t.bob); },
       {"orders-differ"}},
      {"KeyChanged",
       [](const Told& t) { return "UPDATE orders SET idem_key = 'k9' WHERE id = " + hex(t.bob); },
       {"orders-differ"}},
      {"QuantityChanged",
       [](const Told& t) { return "UPDATE orders SET quantity = 3 WHERE id = " + hex(t.ann); },
       {"double", "orders-differ", "conservation"}},
      {"TimeChanged",
       [](const Told& t) {
         return "UPDATE orders SET held_at = held_at - 1 WHERE id = " + hex(t.ann);
       },
       {"orders-differ"}},
      {"DueTimeRemoved",
       [](const Told& t) { return "UPDATE orders SET due_at = NULL WHERE id = " + hex(t.fay); },
       {"orders-differ"}},
      {"PaymentOfOrderChanged",
       [](const Told& t) {
         return "UPDATE orders SET payment_id = 'p-9' WHERE id = " + hex(t.cid);
       },
       {"orders-differ"}},
      {"PositionChanged",
       [](const Told& t) { return "UPDATE orders SET pos = pos + 1 WHERE id = " + hex(t.ann); },
       {"orders-differ"}},
      {"LimitBroken",
       [](const Told& t) { return "UPDATE orders SET buyer_id = 'cid' WHERE id = " + hex(t.fay); },
       {"limit", "orders-differ"}},
      {"UnitTakenFromItsOrder",
       [](const Told& t) { return "UPDATE orders SET units = '[1]' WHERE id = " + hex(t.bob); },
       {"double", "units-differ"}},
      {"UnitGivenToAnEndedOrder",
       [](const Told& t) { return "UPDATE orders SET units = '[5]' WHERE id = " + hex(t.dan); },
       {"double", "units-differ", "conservation"}},
      {"UnitLost",
       [](const Told& t) { return "UPDATE orders SET units = '[]' WHERE id = " + hex(t.bob); },
       {"double", "units-differ", "conservation"}},
      {"UnitAboveTheStock",
       [](const Told& t) { return "UPDATE orders SET units = '[6]' WHERE id = " + hex(t.fay); },
       {"oversold", "units-differ"}},
      {"Oversold",
       [](const Told& t) {
         return "UPDATE orders SET quantity = 9, units = '[3,4,5,6,7,8,9,10,11]' WHERE id = " +
                hex(t.bob);
       },
       {"oversold", "orders-differ", "units-differ", "conservation"}},
      {"PaymentLost",
       [](const Told&) { return "DELETE FROM payments WHERE id = 'p-1'"; },
       {"payments-differ"}},
      {"RefundLost",
       [](const Told&) { return "DELETE FROM payments WHERE id = 'p-2'"; },
       {"payments-differ"}},
      {"RefundTwice",
       [](const Told& t) {
         return "INSERT INTO payments SELECT 'p-3', order_id, amount_minor, outcome, pos FROM"
                " payments WHERE id = 'p-2' AND order_id = " +
                hex(t.cid);
       },
       {"rows-unknown", "payments-differ"}},
      {"RefundForgotten",
       [](const Told&) { return "UPDATE payments SET outcome = 'applied' WHERE id = 'p-2'"; },
       {"payments-differ"}},
      {"AmountChanged",
       [](const Told&) { return "UPDATE payments SET amount_minor = 1 WHERE id = 'p-1'"; },
       {"payments-differ"}},
      {"SaleLost",
       [](const Told&) { return "DELETE FROM sales WHERE id = 'car'"; },
       {"rows-missing"}},
      {"SaleInvented",
       [](const Told&) {
         return "INSERT INTO sales SELECT 'boat', 99, title, stock, withdrawn, per_buyer,"
                " price_minor, currency, state, starts_at, ends_at, hold_ms, orders_max, version,"
                " pos FROM sales WHERE id = 'car'";
       },
       {"rows-unknown"}},
      {"StockRaised",
       [](const Told&) { return "UPDATE sales SET stock = 11 WHERE id = 'car'"; },
       {"sales-differ"}},
      {"SalePausedByHand",
       [](const Told&) { return "UPDATE sales SET state = 'paused' WHERE id = 'car'"; },
       {"sales-differ"}},
      {"BookmarkAhead",
       [](const Told&) { return "UPDATE bookmark SET next_pos = next_pos + 1"; },
       {"bookmark"}},
      {"BookmarkOfAnotherJournal",
       [](const Told&) { return "UPDATE bookmark SET journal_id = randomblob(16)"; },
       {"bookmark"}},
      {"BookmarkOfAnotherRecord",
       [](const Told&) { return "UPDATE bookmark SET last_hash = randomblob(16)"; },
       {"bookmark"}},
      {"BookmarkOfAnotherTime",
       [](const Told&) { return "UPDATE bookmark SET clock_ms = clock_ms + 1"; },
       {"bookmark"}},
      {"QuarantineOfNothing",
       [](const Told&) { return "INSERT INTO quarantine VALUES (3, 'why', x'00', 0)"; },
       {"quarantine"}},
  };
  return cases;
}

struct DoctoredRows : Doctored, ::testing::WithParamInterface<RowsCase> {};

TEST_P(DoctoredRows, IsCaughtByName) {
  run(GetParam().sql(told));
  const auto report = audited();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_TRUE(report->violated());
  EXPECT_EQ(broken(*report), GetParam().caught) << to_text(*report);
}

INSTANTIATE_TEST_SUITE_P(Kinds, DoctoredRows, ::testing::ValuesIn(rows_cases()),
                         [](const auto& of) { return of.param.what; });

// A bookmark that stands before its rows: they know what it says they do not.
TEST_F(Doctored, CatchesRowsAheadOfTheirBookmark) {
  std::filesystem::rename(file, dir.file("whole.db"));
  told.story.show(6);
  consume();
  const auto early = SqliteOrders::open(file).value()->bookmark().value().value();
  std::filesystem::rename(dir.file("whole.db"), file);
  told.story.show(SIZE_MAX);
  const auto whole = SqliteOrders::open(file).value();
  const auto late = whole->bookmark().value();
  ASSERT_EQ(whole->store(late, early, {}).value().what, Stored::What::kCommitted);
  const auto names = broken(audited().value());
  EXPECT_EQ(names, (std::vector<std::string>{"rows-unknown", "orders-differ", "payments-differ",
                                             "conservation"}))
      << to_text(audited().value());
}

}  // namespace
}  // namespace seckill
