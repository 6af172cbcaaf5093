#include "orders/batch.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <span>

#include "base/invariant.h"
#include "model/codec.h"

namespace seckill {
namespace {

void fill(OrderRow& row, const Ledger& ledger, const Order& order, const Entry& entry) {
  const SaleView* sale = ledger.sale(order.id.sale());
  invariant(sale != nullptr, "I6: an order has its sale");
  row.made = order.made;
  row.id = order.id;
  row.sale = sale->terms.name;
  row.quantity = order.quantity;
  row.state = order.state;
  row.held_at = order.held_at;
  row.position = order.position;
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

void look_around(Clockhand& hand, RawTime stamp, const std::vector<const SaleView*>& sales) {
  hand.calm_from = RawTime{INT64_MIN}, hand.calm_until = RawTime{INT64_MAX};
  for (const SaleView* sale : sales) {
    for (const RawTime edge : {sale->terms.starts_at, sale->terms.ends_at}) {
      if (edge <= stamp) hand.calm_from = std::max(hand.calm_from, edge);
      if (edge > stamp) hand.calm_until = std::min(hand.calm_until, edge);
    }
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

void clear(Rows& rows) {
  rows.sales.clear(), rows.orders.clear(), rows.payments.clear(), rows.quarantine.clear();
}

template <class Thing>
std::span<const Thing> part_of(const std::vector<Thing>& things, Step::Part part) {
  return std::span(things).subspan(part.from, part.end - part.from);
}

// The part ends earlier; what stands behind it stays where it is.
template <class Row, class Which>
void remove_if(std::vector<Row>& rows, Step::Part& part, Which which) {
  const auto begin = rows.begin();
  const auto end = std::remove_if(begin + static_cast<std::ptrdiff_t>(part.from),
                                  begin + static_cast<std::ptrdiff_t>(part.end), which);
  part.end = static_cast<std::size_t>(end - begin);
}

}  // namespace

void Batch::add(const Ledger& ledger, const Changes& changes, const Entry& entry, Clockhand& hand) {
  Step& step = steps_.emplace_back(Step{.after = {.journal = ledger.identity(),
                                                  .next = ledger.position(),
                                                  .clock = ledger.clock(),
                                                  .digest = ledger.digest()},
                                        .stamp = entry.stamp,
                                        .bytes = {bytes_.size()},
                                        .sales = {all_.sales.size()},
                                        .orders = {all_.orders.size()},
                                        .payments = {all_.payments.size()}});
  bytes_.insert(bytes_.end(), entry.bytes.begin(), entry.bytes.end());
  if (!changes.sales.empty() || !hand.is_calm(entry.stamp)) {
    add_sales(ledger, changes, entry.stamp, hand);
  }
  hand.last = entry.stamp;
  for (const OrderChange& changed : changes.orders) {
    OrderRow& row = all_.orders.emplace_back();
    if (const Order* order = ledger.find(changed.id)) {
      fill(row, ledger, *order, entry);
    } else {
      row = gone_row(ledger, changed, entry);
    }
  }
  for (const PaymentChange& paid : changes.payments) {
    all_.payments.push_back({.id = paid.id,
                             .order = paid.order,
                             .amount_minor = paid.amount_minor,
                             .refund = paid.outcome == PaymentOutcome::kRefund,
                             .position = paid.position});
  }
  step.bytes.end = bytes_.size();
  step.sales.end = all_.sales.size();
  step.orders.end = all_.orders.size();
  step.payments.end = all_.payments.size();
}

void Batch::add_sales(const Ledger& ledger, const Changes& changes, RawTime stamp,
                      Clockhand& hand) {
  const auto sales = ledger.sales();
  look_around(hand, stamp, sales);
  for (const SaleView* sale : sales) {
    const SaleUid uid = sale->terms.uid;
    const bool changed =
        std::find(changes.sales.begin(), changes.sales.end(), uid) != changes.sales.end();
    const bool went_on =
        hand.last && phase_at(sale->terms, *hand.last) != phase_at(sale->terms, stamp);
    if (changed || went_on) all_.sales.push_back(row_of(*sale, stamp));
  }
}

RecordHash Batch::hash_of(const Step& step) const {
  return seckill::hash_of(step.stamp, part_of(bytes_, step.bytes));
}

void Batch::put_aside(const Record& record, QuarantineRow line) {
  Step& step = steps_[first_];
  if (const auto* terms = std::get_if<SaleRecord>(&record.body)) {
    remove_if(all_.sales, step.sales,
              [&](const SaleRow& row) { return row.terms.name == terms->terms.name; });
  }
  remove_if(all_.orders, step.orders,
            [](const OrderRow& row) { return row.state != OrderState::kExpired; });
  step.payments = {};
  aside_ = std::move(line);
}

void Batch::put_all_aside() {
  Step& step = steps_[first_];
  step.sales = step.orders = step.payments = {};
}

void Batch::drop(std::size_t count) {
  aside_.reset();
  first_ += count;
  if (!empty()) return;
  steps_.clear(), bytes_.clear();
  clear(all_);
  first_ = 0;
}

// Is there nothing to fold: new orders alone, as in a rush?
bool Batch::is_folded(std::size_t count) const {
  return count == steps_.size() && !aside_ && all_.sales.size() <= 1 &&
         std::all_of(all_.orders.begin(), all_.orders.end(),
                     [](const OrderRow& row) { return row.created; });
}

const Rows& Batch::fold(std::size_t count) {
  if (is_folded(count)) return all_;
  clear(folded_);
  if (aside_) folded_.quarantine.push_back(*aside_);
  const auto steps = std::span(steps_).subspan(first_, count);
  Once<std::string_view, SaleRow> sales(folded_.sales, all_.sales.size());
  Once<OrderId, OrderRow, OrderIdHash> orders(folded_.orders, all_.orders.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Step& step = steps[i];
    for (const SaleRow& row : part_of(all_.sales, step.sales)) {
      if (auto* earlier = sales.add(row.terms.name.view(), row)) *earlier = row;
    }
    for (const OrderRow& row : part_of(all_.orders, step.orders)) {
      if (auto* earlier = orders.add(row.id, row)) merge(*earlier, row);
    }
    const auto payments = part_of(all_.payments, step.payments);
    folded_.payments.insert(folded_.payments.end(), payments.begin(), payments.end());
  }
  return folded_;
}

}  // namespace seckill
