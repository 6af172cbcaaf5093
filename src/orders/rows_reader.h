// Reads rows beside their writer, one snapshot at a time: the same over SQLite and MySQL.
// A Source is a connection with one owner:
//   Source::Statement                     as sqlite.h and mysql.h have it
//   Result<Statement> prepare(sql)
//   Status begin()                        what is read from here on is of one moment
//   void end()                            nothing was written
//   std::string name()                    for errors: whose rows these are
#pragma once

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <string_view>
#include <utility>

#include "orders/row_fields.h"

namespace seckill {
namespace rows_sql {

// MySQL keeps a row without a journal there, for its lock.
inline constexpr std::string_view kBookmark =
    "SELECT journal_id, next_pos, last_hash, clock_ms, digest FROM bookmark"
    " WHERE journal_id IS NOT NULL";
// NULL stands for "any".
inline constexpr std::string_view kOrdersPage =
    "SELECT id, sale_id, buyer_id, idem_key, quantity, state, held_at, due_at, paid_at, ended_at,"
    " payment_id, pos, made_pos, units FROM orders WHERE (? IS NULL OR sale_id = ?) AND (? IS NULL"
    " OR buyer_id = ?) AND (? IS NULL OR state = ?) AND made_pos > ? ORDER BY made_pos LIMIT ?";
inline constexpr std::string_view kMade = "SELECT made_pos FROM orders WHERE id = ?";
inline constexpr std::string_view kOrders =
    "SELECT id, sale_id, buyer_id, idem_key, quantity, state, held_at, due_at, paid_at, ended_at,"
    " payment_id, pos, made_pos, units FROM orders";
inline constexpr std::string_view kPaymentsPage =
    "SELECT id, order_id, amount_minor, outcome, pos FROM payments"
    " WHERE (? IS NULL OR outcome = ?) AND id > ? ORDER BY id LIMIT ?";
inline constexpr std::string_view kPayments =
    "SELECT id, order_id, amount_minor, outcome, pos FROM payments";
inline constexpr std::string_view kSales =
    "SELECT id, uid, title, stock, withdrawn, per_buyer, price_minor, currency, state, starts_at,"
    " ends_at, hold_ms, orders_max, version, pos FROM sales";
inline constexpr std::string_view kQuarantine = "SELECT pos, error, bytes, at FROM quarantine";

}  // namespace rows_sql

template <class Base, class Source>
class RowsReader final : public Base {
 public:
  explicit RowsReader(Source source) : source_(std::move(source)) {}

  Result<Page<OrderRow>> orders(const OrdersQuery& query) override {
    return in_snapshot([&] { return orders_page(query); });
  }
  Result<Page<PaymentRow>> payments(const PaymentsQuery& query) override {
    return in_snapshot([&] { return payments_page(query); });
  }
  Status visit(RowsVisitor& visitor) override {
    return in_snapshot([&] { return visit_all(visitor); });
  }

 private:
  using Statement = typename Source::Statement;

  template <class Work>
  auto in_snapshot(Work work) -> decltype(work()) {
    if (auto begun = source_.begin(); !begun) return fail(std::move(begun.error()));
    auto done = work();
    source_.end();
    return done;
  }

  tl::unexpected<Error> corrupt(std::string_view what) {
    return fail(Error::Code::kCorrupt, fmt::format("{}: {}", source_.name(), what));
  }

  // Calls tell(row) for each row; `take` fills one from its fields.
  template <class Row, class Take, class Tell>
  Status each(Statement& query, const char* table, Take take, Tell tell) {
    Row row{};
    for (;;) {
      auto there = query.step();
      if (!there) return fail(std::move(there.error()));
      if (!*there) return {};
      Fields<Statement> fields(query);
      take(fields, row);
      if (!fields.good()) {
        query.reset();
        return corrupt(fmt::format("{} holds a value that seckill does not write", table));
      }
      tell(row);
    }
  }
  template <class Row, class Tell>
  Status each(Statement& query, const char* table, Tell tell) {
    return each<Row>(
        query, table, [](Fields<Statement>& from, Row& row) { read(from, row); }, tell);
  }
  template <class Row, class Tell>
  Status each(std::string_view sql, const char* table, Tell tell) {
    auto query = source_.prepare(sql);
    if (!query) return fail(std::move(query.error()));
    return each<Row>(*query, table, tell);
  }

  Result<std::optional<Bookmark>> bookmark() {
    std::optional<Bookmark> found;
    std::size_t count = 0;
    auto done = each<Bookmark>(rows_sql::kBookmark, "bookmark", [&](const Bookmark& row) {
      found = row;
      ++count;
    });
    if (!done) return fail(std::move(done.error()));
    if (count > 1) return corrupt("more than one bookmark");
    return found;
  }

  // Asks for one row more than is handed out: it says whether there are more.
  template <class Row>
  Result<Page<Row>> page_of(Statement& query, const char* table, std::uint32_t limit) {
    Page<Row> page;
    auto done = each<Row>(query, table, [&](const Row& row) { page.rows.push_back(row); });
    if (!done) return fail(std::move(done.error()));
    page.has_more = page.rows.size() > limit;
    if (page.has_more) page.rows.pop_back();
    auto mark = bookmark();
    if (!mark) return fail(std::move(mark.error()));
    if (*mark) page.as_of = (*mark)->next;
    return page;
  }

  // Behind which row a page begins; behind all of them for an order that has none.
  Result<std::int64_t> after_of(const OrdersQuery& query) {
    if (!query.after) return -1;
    if (query.after_made) return static_cast<std::int64_t>(number(*query.after_made));
    auto search = source_.prepare(rows_sql::kMade);
    if (!search) return fail(std::move(search.error()));
    auto found = search->bind(query.after->bits).step();
    if (!found) return fail(std::move(found.error()));
    const std::int64_t made = *found ? search->number(0) : INT64_MAX;
    search->reset();
    return made;
  }

  Result<Page<OrderRow>> orders_page(const OrdersQuery& query) {
    auto after = after_of(query);
    if (!after) return fail(std::move(after.error()));
    auto statement = source_.prepare(rows_sql::kOrdersPage);
    if (!statement) return fail(std::move(statement.error()));
    const auto limit = std::clamp(query.limit, 1u, 1'000u);
    const auto sale = query.sale ? std::optional(query.sale->view()) : std::nullopt;
    const auto buyer = query.buyer ? std::optional(query.buyer->view()) : std::nullopt;
    const auto state =
        query.state ? std::optional(std::string_view(to_text(*query.state))) : std::nullopt;
    for (const auto& asked : {sale, buyer, state}) statement->bind(asked).bind(asked);
    statement->bind(*after).bind(std::int64_t{limit} + 1);
    return page_of<OrderRow>(*statement, "orders", limit);
  }

  Result<Page<PaymentRow>> payments_page(const PaymentsQuery& query) {
    auto statement = source_.prepare(rows_sql::kPaymentsPage);
    if (!statement) return fail(std::move(statement.error()));
    const auto limit = std::clamp(query.limit, 1u, 1'000u);
    const auto outcome =
        query.refunds_only ? std::optional(std::string_view("refund")) : std::nullopt;
    const auto after = query.after ? query.after->view() : std::string_view("");
    statement->bind(outcome).bind(outcome).bind(after).bind(std::int64_t{limit} + 1);
    return page_of<PaymentRow>(*statement, "payments", limit);
  }

  Status visit_quarantine(RowsVisitor& visitor) {
    auto query = source_.prepare(rows_sql::kQuarantine);
    if (!query) return fail(std::move(query.error()));
    return each<QuarantineRow>(
        *query, "quarantine",
        [&](Fields<Statement>& from, QuarantineRow& row) {
          row.position = from.position(0);
          row.error = query->text(1);
          const auto bytes = query->bytes(2);
          row.bytes.assign(bytes.begin(), bytes.end());
          row.at = RawTime{from.number(3)};
        },
        [&](const QuarantineRow& row) { visitor.quarantined(row); });
  }

  Status visit_all(RowsVisitor& visitor) {
    auto mark = bookmark();
    if (!mark) return fail(std::move(mark.error()));
    visitor.bookmark(*mark);
    if (auto aside = visit_quarantine(visitor); !aside) return aside;
    auto sales =
        each<SaleRow>(rows_sql::kSales, "sales", [&](const SaleRow& row) { visitor.sale(row); });
    if (!sales) return sales;
    auto orders = each<OrderRow>(rows_sql::kOrders, "orders",
                                 [&](const OrderRow& row) { visitor.order(row); });
    if (!orders) return orders;
    return each<PaymentRow>(rows_sql::kPayments, "payments",
                            [&](const PaymentRow& row) { visitor.payment(row); });
  }

  Source source_;
};

}  // namespace seckill
