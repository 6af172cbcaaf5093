#include "audit/rows_check.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <string_view>
#include <utility>

#include "base/counted.h"
#include "base/invariant.h"

namespace seckill {
namespace {

using Replayed = audit_replay::Order;  // beside the ledger's words
using audit_replay::Payment;
using audit_replay::Sale;

// Names the first field that differs.
class Fields {
 public:
  template <class T>
  Fields& same(const char* name, const T& row, const T& replay) {
    if (different_ == nullptr && !(row == replay)) different_ = name;
    return *this;
  }
  const char* different() const { return different_; }

 private:
  const char* different_ = nullptr;
};

}  // namespace

RowsCheck::RowsCheck(const audit_replay::Replay& replay, const std::optional<SaleName>& sale,
                     ReplayTo replay_to)
    : replay_(replay), only_(sale), replay_to_(std::move(replay_to)) {}

void RowsCheck::bookmark(const std::optional<Bookmark>& bookmark) { mark_ = bookmark; }

void RowsCheck::quarantined(const QuarantineRow& row) {
  invariant(!begun_, "the quarantine is visited before the rows");
  ++aside_count_;
  aside_[row.position] = row.bytes;
}

// The replay comes to the bookmark before the first row is compared.
bool RowsCheck::begin() {
  if (!begun_) {
    begun_ = true;
    if (mark_) status_ = replay_to_(*mark_, aside_);
    for (const auto& [position, bytes] : aside_) {
      quarantine_.broken("record {} is in quarantine, but the journal has another one there",
                         number(position));
    }
  }
  return status_.has_value();
}

void RowsCheck::sale(const SaleRow& row) {
  if (!begin() || !is_judged(row.terms.name)) return;
  sales_[row.terms.name].row = true;
  const Sale* known = replay_.sale(row.terms.name);
  if (known == nullptr) {
    unknown_.broken("sale {}", row.terms.name.view());
  } else if (!known->aside) {
    compare(row, *known);
  }
}

void RowsCheck::compare(const SaleRow& row, const Sale& sale) {
  const SaleTerms &is = row.terms, &should = sale.terms;
  Fields fields;
  fields.same("uid", is.uid, should.uid)
      .same("title", is.title, should.title)
      .same("stock", is.stock, should.stock)
      .same("withdrawn", is.withdrawn, should.withdrawn)
      .same("per_buyer", is.per_buyer, should.per_buyer)
      .same("price_minor", is.price_minor, should.price_minor)
      .same("currency", is.currency, should.currency)
      .same("state", row.state, phase_at(should, replay_.last_stamp()))
      .same("starts_at", is.starts_at, should.starts_at)
      .same("ends_at", is.ends_at, should.ends_at)
      .same("hold_ms", is.hold_ms, should.hold_ms)
      .same("orders_max", is.orders_max, should.orders_max)
      .same("version", is.version, should.version)
      .same("pos", row.position, sale.position);
  if (fields.different() != nullptr) {
    sales_differ_.broken("sale {}: {} differs", is.name.view(), fields.different());
  }
}

void RowsCheck::order(const OrderRow& row) {
  if (!begin() || !is_judged(row.sale)) return;
  SaleFacts& facts = sales_[row.sale];
  OrderFacts& mine = orders_[row.id];
  mine.row = true;
  mine.quantity = row.quantity;
  mine.live = is_live(row.state);
  if (row.state == OrderState::kHeld) facts.held += row.quantity;
  if (row.state == OrderState::kPaid) facts.paid += row.quantity;
  if (mine.live) facts.live[row.buyer] += row.quantity;
  take(row, facts);
  const Replayed* known = replay_.order(row.id);
  if (known == nullptr) {
    unknown_.broken("order {} of {}", to_text(row.id), row.buyer.view());
    return;
  }
  ++stored_;
  if (!known->aside) compare(row, *known);
}

void RowsCheck::compare(const OrderRow& row, const Replayed& order) {
  const SaleTerms& terms = order.sale->terms;
  const bool paid = order.state == OrderState::kPaid;
  const bool ended = !is_live(order.state);
  const auto at = [](bool when, RawTime time) { return when ? std::optional(time) : std::nullopt; };
  Fields fields;
  fields
      .same("sale_id", row.sale, terms.name)
      // The id is the keyed hash of both.
      .same("buyer_id or idem_key", order_id_of(terms, row.buyer, row.key), row.id)
      .same("quantity", row.quantity, order.quantity)
      .same("state", row.state, order.state)
      .same("held_at", row.held_at, order.held_at)
      .same("due_at", row.due_at,
            at(order.hold_ms > 0, order.held_at + milliseconds(order.hold_ms)))
      .same("paid_at", row.paid_at, at(paid, order.moved_at))
      .same("ended_at", row.ended_at, at(ended, order.moved_at))
      .same("payment_id", row.payment, order.payment == nullptr ? PaymentId{} : *order.payment)
      .same("made_pos", row.made, order.granted)
      .same("pos", row.position, order.position);
  if (fields.different() != nullptr) {
    orders_differ_.broken("order {}: {} differs", to_text(row.id), fields.different());
  }
  if (!std::ranges::equal(row.units, order.units)) {
    units_differ_.broken("order {} has units {}, and should have {}", to_text(row.id),
                         fmt::join(row.units, ","), fmt::join(order.units, ","));
  }
}

// Each piece has one owner, and none is beyond the stock.
void RowsCheck::take(const OrderRow& row, SaleFacts& facts) {
  units_ += row.units.size();
  facts.units += row.units.size();
  orders_[row.id].units += row.units.size();
  const Sale* sale = replay_.sale(row.sale);
  if (sale == nullptr) return;  // its orders are unknown, or differ
  facts.taken.resize(sale->terms.stock);
  for (const std::uint32_t unit : row.units) {
    if (unit < 1 || unit > sale->terms.stock) {
      oversold_.broken("unit {} of sale {}, which has {}", unit, row.sale.view(),
                       sale->terms.stock);
      continue;
    }
    if (facts.taken[unit - 1]) {
      double_.broken("unit {} of sale {} is with {}, and with somebody else", unit, row.sale.view(),
                     to_text(row.id));
    }
    facts.taken[unit - 1] = true;
  }
}

void RowsCheck::payment(const PaymentRow& row) {
  if (!begin()) return;
  const Payment* known = replay_.payment(row.id);
  const Replayed* order = replay_.order(row.order);
  if (order != nullptr && !is_judged(order->sale->terms.name)) return;
  ++payments_;
  if (known != nullptr && known->aside) return;  // it may be wrong, and is not counted
  ++(row.refund ? refunds_ : applied_);
  if (known == nullptr) {
    unknown_.broken("payment {}", row.id.view());
  } else {
    compare(row, *known);
  }
}

void RowsCheck::compare(const PaymentRow& row, const Payment& payment) {
  Fields fields;
  fields.same("order_id", row.order, payment.order)
      .same("amount_minor", row.amount_minor, payment.amount_minor)
      .same("outcome", row.refund, payment.refund)
      .same("pos", row.position, payment.position);
  if (fields.different() != nullptr) {
    payments_differ_.broken("payment {}: {} differs", row.id.view(), fields.different());
  }
}

// --- after the last row

void RowsCheck::judge_missing() {
  for (const auto& [uid, sale] : replay_.sales()) {
    const auto& name = sale.terms.name;
    if (!is_judged(name) || sale.aside) continue;
    if (!sales_[name].row) missing_.broken("sale {}", name.view());
  }
  for (const auto& [id, order] : replay_.orders()) {
    if (!is_judged(order.sale->terms.name) || order.aside) continue;
    const auto found = orders_.find(id);
    if (found == orders_.end() || !found->second.row) missing_.broken("order {}", to_text(id));
  }
}

// Every payment of the journal is there: the rows that are known are compared already, so it is
// enough to count them.
void RowsCheck::judge_payments() {
  std::uint64_t applied = 0, refunds = 0;
  for (const auto& [id, payment] : replay_.payments()) {
    const Replayed* order = replay_.order(payment.order);
    if (payment.aside) continue;
    if (order != nullptr && is_judged(order->sale->terms.name)) {
      ++(payment.refund ? refunds : applied);
    }
  }
  if (applied != applied_ || refunds != refunds_) {
    payments_differ_.broken("{} applied and {} refunds in the rows, {} and {} in the journal",
                            applied_, refunds_, applied, refunds);
  }
}

// A live order has its units, and nobody else has one.
void RowsCheck::judge_units() {
  for (const auto& [id, facts] : orders_) {
    const Replayed* known = replay_.order(id);
    if (known != nullptr && known->sale->aside) continue;
    const std::uint32_t due = facts.row && facts.live ? facts.quantity : 0;
    if (facts.units != due) {
      double_.broken("order {} has {} units, and should have {}", to_text(id), facts.units, due);
    }
  }
}

void RowsCheck::judge_sale(const SaleName& name, const SaleFacts& facts) {
  const Sale* sale = replay_.sale(name);
  if (sale == nullptr) return;
  const SaleTerms& terms = sale->terms;
  const std::uint64_t live = facts.held + facts.paid;
  live_ += live;
  stock_ += terms.stock;
  if (live + terms.withdrawn > terms.stock) {
    oversold_.broken("sale {}: {} sold and {} withdrawn of {}", name.view(), live, terms.withdrawn,
                     terms.stock);
  }
  judge_limit(*sale, facts);
  if (sale->aside) return;
  available_ += sale->available();
  if (facts.held != sale->held || facts.paid != sale->paid || facts.units != live) {
    conservation_.broken(
        "sale {}: {} held + {} paid with {} units in the rows, {} held + {} paid in the journal",
        name.view(), facts.held, facts.paid, facts.units, sale->held, sale->paid);
  }
}

// A limit that was lowered afterwards takes nothing away: what the journal granted is allowed.
void RowsCheck::judge_limit(const Sale& sale, const SaleFacts& facts) {
  if (sale.terms.per_buyer == 0) return;
  for (const auto& [buyer, live] : facts.live) {
    const auto known = sale.buyers.find(buyer);
    const std::uint32_t granted = known == sale.buyers.end() ? 0 : known->second.live;
    if (live > std::max(sale.terms.per_buyer, granted)) {
      limit_.broken("{} has {} units of sale {}, which allows {}", buyer.view(), live,
                    sale.terms.name.view(), sale.terms.per_buyer);
    }
  }
}

Result<std::vector<Check>> RowsCheck::done(AuditSums& sums) {
  if (!begin()) return fail(status_.error());
  judge_missing();
  judge_units();
  judge_payments();
  for (const auto& [name, facts] : sales_) judge_sale(name, facts);
  sums.stored += stored_;
  sums.quarantined += aside_count_;
  const std::uint64_t at = mark_ ? number(mark_->next) : 0;
  std::vector<Check> checks;
  checks.push_back(
      bookmark_.done(fmt::format("rows know {} of this journal", counted(at, "record"))));
  checks.push_back(oversold_.done(fmt::format("{} sold <= {} in stock", live_, stock_)));
  checks.push_back(double_.done(counted(live_, "unit") + ", each with one order"));
  checks.push_back(limit_.done("no buyer has more than his sale allows"));
  checks.push_back(missing_.done(counted(stored_, "order") + " stored"));
  checks.push_back(unknown_.done("no row without a record"));
  checks.push_back(orders_differ_.done(counted(stored_, "order") + " as replayed"));
  checks.push_back(units_differ_.done(counted(units_, "unit") + " as replayed"));
  checks.push_back(payments_differ_.done(fmt::format(
      "{} and {}, each once", counted(applied_, "payment"), counted(refunds_, "refund"))));
  checks.push_back(sales_differ_.done(counted(sales_.size(), "sale") + " as replayed"));
  checks.push_back(conservation_.done(
      fmt::format("{} live + withdrawn + {} available = {} in stock", live_, available_, stock_)));
  checks.push_back(quarantine_.done(counted(aside_count_, "record") + " in quarantine"));
  return checks;
}

}  // namespace seckill
