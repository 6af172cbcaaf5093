// Everything that the rows hold, in memory and in an order of its own, so that two of them compare.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "base/invariant.h"
#include "orders/orders.h"

namespace seckill::testing {

struct AllRows : RowsVisitor {
  std::optional<Bookmark> mark;
  Rows rows;

  void bookmark(const std::optional<Bookmark>& found) override { mark = found; }
  void sale(const SaleRow& row) override { rows.sales.push_back(row); }
  void order(const OrderRow& row) override { rows.orders.push_back(row); }
  void payment(const PaymentRow& row) override { rows.payments.push_back(row); }
  void quarantined(const QuarantineRow& row) override { rows.quarantine.push_back(row); }

  const OrderRow* find(OrderId id) const {
    const auto found = std::find_if(rows.orders.begin(), rows.orders.end(),
                                    [id](const OrderRow& row) { return row.id == id; });
    return found == rows.orders.end() ? nullptr : &*found;
  }
};

inline AllRows all_rows(OrdersReader& reader) {
  AllRows all;
  invariant(reader.visit(all).has_value(), "a test's rows can be read");
  const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
  std::sort(all.rows.sales.begin(), all.rows.sales.end(),
            [](auto& a, auto& b) { return a.terms.name < b.terms.name; });
  std::sort(all.rows.orders.begin(), all.rows.orders.end(), by_id);
  std::sort(all.rows.payments.begin(), all.rows.payments.end(), by_id);
  return all;
}

}  // namespace seckill::testing
