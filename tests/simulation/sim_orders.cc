#include "sim_orders.h"

#include <algorithm>
#include <utility>

namespace seckill::simulation {

Result<std::optional<Bookmark>> SimOrders::bookmark() {
  if (mood_.troubled && chance_.percent(10)) {
    return fail(Error::Code::kUnavailable, "orders: the simulated database does not answer");
  }
  return mark_;
}

Result<Stored> SimOrders::store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                                const Rows& rows) {
  if (mood_.troubled && chance_.percent(10)) {
    return fail(Error::Code::kUnavailable, "orders: the simulated database does not answer");
  }
  if (was != mark_) return Stored{Stored::What::kLostRace, "another bookmark"};
  if (refuses(rows)) return Stored{Stored::What::kRefused, "the shop says no"};
  const bool answer_lost = mood_.troubled && chance_.percent(10);
  if (answer_lost && chance_.percent(50)) return Stored{Stored::What::kUnknown, "lost before"};
  if (auto done = commit(becomes, rows); !done) return fail(std::move(done.error()));
  if (answer_lost) return Stored{Stored::What::kUnknown, "lost after"};
  return Stored{};
}

Status SimOrders::commit(const std::optional<Bookmark>& becomes, const Rows& rows) {
  Transaction transaction{becomes, rows};
  if (auto done = apply(transaction); !done) return done;
  history_.push_back(std::move(transaction));
  return {};
}

bool SimOrders::refuses(const Rows& rows) const {
  const auto order = [&](const OrderRow& row) {
    return row.created && row.buyer == mood_.refuses_buyer && row.key == mood_.refuses_key;
  };
  const auto payment = [&](const PaymentRow& row) { return row.id == mood_.refuses_payment; };
  return std::any_of(rows.orders.begin(), rows.orders.end(), order) ||
         std::any_of(rows.payments.begin(), rows.payments.end(), payment);
}

Status SimOrders::apply(const Transaction& transaction) {
  const Rows& rows = transaction.rows;
  for (const QuarantineRow& row : rows.quarantine) quarantine_[row.position] = row;
  for (const OrderRow& row : rows.orders) {
    if (!row.created && !orders_.contains(row.made) && !quarantine_.contains(row.made)) {
      return fail(Error::Code::kCorrupt, "orders: an order's row is missing: " + to_text(row.id));
    }
  }
  for (const SaleRow& row : rows.sales) {
    sales_[row.terms.name] = row;
    sales_[row.terms.name].terms.secret = {};
  }
  for (const OrderRow& row : rows.orders) {
    if (row.created) {
      orders_[row.made] = row;
      orders_[row.made].created = false;
      continue;
    }
    const auto known = orders_.find(row.made);
    if (known == orders_.end()) continue;  // its RESERVE is in quarantine
    OrderRow& is = known->second;
    is.units = row.units;
    is.state = row.state;
    is.paid_at = row.paid_at;
    is.ended_at = row.ended_at;
    if (!row.payment.empty()) is.payment = row.payment;
    is.position = row.position;
  }
  for (const PaymentRow& row : rows.payments) payments_[row.id] = row;
  if (transaction.becomes) mark_ = transaction.becomes;
  return {};
}

void SimOrders::mix_up(MixUp how) {
  real_mark_ = mark_;
  switch (how) {
    case MixUp::kOtherJournal: mark_->journal.bits.lo ^= 1; break;
    case MixUp::kAhead: mark_->next = Position{number(mark_->next) + 1'000'000}; break;
    case MixUp::kOtherRecord: mark_->last.bits.lo ^= 1; break;
    case MixUp::kOtherDigest:
      mark_->digest = Digest{static_cast<std::uint64_t>(mark_->digest) ^ 1};
      break;
  }
}

void SimOrders::go_back() {
  if (real_mark_) sort_out();
  if (!chance_.percent(50) || history_.empty()) return;
  auto kept = std::exchange(history_, {});
  kept.resize(kept.size() - chance_.below(kept.size() < 5 ? kept.size() + 1 : 5));
  mark_.reset();
  sales_.clear(), orders_.clear(), payments_.clear(), quarantine_.clear();
  for (Transaction& transaction : kept) {
    (void)apply(transaction);
    history_.push_back(std::move(transaction));
  }
}

Result<Page<OrderRow>> SimOrders::orders(const OrdersQuery& query) {
  Page<OrderRow> page;
  page.as_of = mark_ ? mark_->next : Position{};
  const auto after = [&](const auto& line) { return line.second.id == query.after; };
  auto from = query.after ? std::find_if(orders_.begin(), orders_.end(), after) : orders_.begin();
  if (query.after && from != orders_.end()) ++from;
  for (; from != orders_.end(); ++from) {
    const OrderRow& row = from->second;
    if (query.sale && row.sale != *query.sale) continue;
    if (query.buyer && row.buyer != *query.buyer) continue;
    if (query.state && row.state != *query.state) continue;
    if (page.has_more = page.rows.size() == query.limit; page.has_more) break;
    page.rows.push_back(row);
  }
  return page;
}

Result<Page<PaymentRow>> SimOrders::payments(const PaymentsQuery& query) {
  Page<PaymentRow> page;
  page.as_of = mark_ ? mark_->next : Position{};
  for (const auto& [id, row] : payments_) {
    if (query.after && id <= *query.after) continue;
    if (query.refunds_only && !row.refund) continue;
    if (page.has_more = page.rows.size() == query.limit; page.has_more) break;
    page.rows.push_back(row);
  }
  return page;
}

Status SimOrders::visit(RowsVisitor& visitor) {
  visitor.bookmark(mark_);
  for (const auto& [position, row] : quarantine_) visitor.quarantined(row);
  for (const auto& [name, row] : sales_) visitor.sale(row);
  for (const auto& [made, row] : orders_) visitor.order(row);
  for (const auto& [id, row] : payments_) visitor.payment(row);
  return {};
}

}  // namespace seckill::simulation
