#include "orders/batch.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

#include "base/invariant.h"

namespace seckill {
namespace {

OrderRow row_of(const Ledger& ledger, const Order& order, const Entry& entry) {
  const SaleView* sale = ledger.sale(order.id.sale());
  invariant(sale != nullptr, "I6: an order has its sale");
  OrderRow row{.made = order.made,
               .id = order.id,
               .sale = sale->terms.name,
               .quantity = order.quantity,
               .state = order.state,
               .held_at = order.held_at,
               .position = order.position};
  ledger.units_of(order, row.units);
  if (order.hold_ms > 0) row.due_at = order.held_at + milliseconds(order.hold_ms);
  if (order.state == OrderState::kPaid) row.paid_at = order.ended_at;
  if (!is_live(order.state)) row.ended_at = order.ended_at;
  // The record may also have returned other orders, whose hold was due: those it does not name.
  if (const auto* reserve = std::get_if<Reserve>(&entry.record.body);
      reserve != nullptr && reserve->order == order.id && order.state == OrderState::kHeld) {
    row.created = true;
    row.buyer = reserve->buyer;
    row.key = reserve->key;
  }
  if (const auto* pay = std::get_if<Pay>(&entry.record.body);
      pay != nullptr && pay->order == order.id && order.state == OrderState::kPaid) {
    row.payment = pay->payment;
  }
  return row;
}

// An order that this very record ended by its time, before it retired the sale: the ledger has let
// it go, and all that is new of it is this.
OrderRow gone_row(const Ledger& ledger, const OrderChange& gone, const Entry& entry) {
  const SaleView* sale = ledger.sale(gone.id.sale());
  invariant(sale != nullptr && sale->terms.standing == Standing::kRetired,
            "I6: a changed order is in the ledger, or its sale was retired");
  return {.made = gone.made,
          .id = gone.id,
          .sale = sale->terms.name,
          .state = OrderState::kExpired,
          .ended_at = entry.stamp,
          .position = entry.position};
}

SaleRow row_of(const SaleView& sale, RawTime stamp) {
  return {.terms = sale.terms, .state = phase_at(sale.terms, stamp), .position = sale.position};
}

Calm calm_around(RawTime stamp, const std::vector<const SaleView*>& sales) {
  Calm calm{.from = RawTime{INT64_MIN}, .until = RawTime{INT64_MAX}};
  for (const SaleView* sale : sales) {
    for (const RawTime edge : {sale->terms.starts_at, sale->terms.ends_at}) {
      if (edge <= stamp) calm.from = std::max(calm.from, edge);
      if (edge > stamp) calm.until = std::min(calm.until, edge);
    }
  }
  return calm;
}

void add_sales(Step& step, const Ledger& ledger, const Changes& changes, const Entry& entry,
               std::optional<RawTime> before, Calm& calm) {
  const auto sales = ledger.sales();
  calm = calm_around(entry.stamp, sales);
  for (const SaleView* sale : sales) {
    const SaleUid uid = sale->terms.uid;
    const bool changed =
        std::find(changes.sales.begin(), changes.sales.end(), uid) != changes.sales.end();
    const bool went_on =
        before && phase_at(sale->terms, *before) != phase_at(sale->terms, entry.stamp);
    if (changed || went_on) step.sales.push_back(row_of(*sale, entry.stamp));
  }
}

void merge(OrderRow& into, const OrderRow& later) {
  into.units = later.units;
  into.state = later.state;
  into.paid_at = later.paid_at;
  into.ended_at = later.ended_at;
  into.position = later.position;
  if (!later.payment.empty()) into.payment = later.payment;
}

// Rows of one kind, found again by what names them.
template <class Key, class Row, class Hash = boost::hash<Key>>
class Once {
 public:
  Once(std::vector<Row>& rows, std::size_t most) : rows_(rows) {
    rows_.reserve(most);
    at_.reserve(most);
  }

  // The row that was there already, or null: then this one is there now.
  Row* add(const Key& key, const Row& row) {
    const auto [place, fresh] = at_.try_emplace(key, rows_.size());
    if (!fresh) return &rows_[place->second];
    rows_.push_back(row);
    return nullptr;
  }

 private:
  std::vector<Row>& rows_;
  boost::unordered_flat_map<Key, std::size_t, Hash> at_;
};

}  // namespace

Step step_of(const Ledger& ledger, const Changes& changes, const Entry& entry,
             std::optional<RawTime> before, Calm& calm) {
  Step step{.after = {.journal = ledger.identity(),
                      .next = ledger.position(),
                      .clock = ledger.clock(),
                      .digest = ledger.digest()},
            .stamp = entry.stamp,
            .bytes_size = entry.bytes.size()};
  if (!changes.sales.empty() || !calm.holds(entry.stamp)) {
    add_sales(step, ledger, changes, entry, before, calm);
  }
  for (const OrderChange& changed : changes.orders) {
    const Order* order = ledger.find(changed.id);
    step.orders.push_back(order != nullptr ? row_of(ledger, *order, entry)
                                           : gone_row(ledger, changed, entry));
  }
  for (const PaymentChange& paid : changes.payments) {
    step.payments.push_back({.id = paid.id,
                             .order = paid.order,
                             .amount_minor = paid.amount_minor,
                             .refund = paid.outcome == PaymentOutcome::kRefund,
                             .position = paid.position});
  }
  return step;
}

void put_aside(Step& step, const Record& record, QuarantineRow line) {
  if (const auto* terms = std::get_if<SaleRecord>(&record.body)) {
    std::erase_if(step.sales,
                  [&](const SaleRow& row) { return row.terms.name == terms->terms.name; });
  }
  std::erase_if(step.orders, [](const OrderRow& row) { return row.state != OrderState::kExpired; });
  step.payments.clear();
  step.quarantine = std::move(line);
}

void put_all_aside(Step& step) { step.sales.clear(), step.orders.clear(), step.payments.clear(); }

Rows fold(const std::deque<Step>& steps, std::size_t count) {
  Rows rows;
  std::size_t changed_sales = 0, changed_orders = 0;
  for (std::size_t i = 0; i < count; ++i) {
    changed_sales += steps[i].sales.size();
    changed_orders += steps[i].orders.size();
  }
  Once<std::string_view, SaleRow> sales(rows.sales, changed_sales);
  Once<OrderId, OrderRow, OrderIdHash> orders(rows.orders, changed_orders);
  for (std::size_t i = 0; i < count; ++i) {
    const Step& step = steps[i];
    if (step.quarantine) rows.quarantine.push_back(*step.quarantine);
    for (const SaleRow& row : step.sales) {
      if (auto* earlier = sales.add(row.terms.name.view(), row)) *earlier = row;
    }
    for (const OrderRow& row : step.orders) {
      if (auto* earlier = orders.add(row.id, row)) merge(*earlier, row);
    }
    rows.payments.insert(rows.payments.end(), step.payments.begin(), step.payments.end());
  }
  return rows;
}

}  // namespace seckill
