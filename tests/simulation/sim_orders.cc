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
  if (auto why = refusal(rows)) return Stored{Stored::What::kRefused, std::move(*why)};
  const bool answer_lost = mood_.troubled && chance_.percent(10);
  if (answer_lost) reached_("an answer to COMMIT is lost");
  if (answer_lost && chance_.percent(50)) return Stored{Stored::What::kUnknown, "lost before"};
  if (auto done = commit(becomes, rows); !done) return fail(std::move(done.error()));
  if (answer_lost) return Stored{Stored::What::kUnknown, "lost after"};
  return Stored{};
}

Status SimOrders::commit(const std::optional<Bookmark>& becomes, const Rows& rows) {
  if (auto sound = check(rows); !sound) return sound;
  Transaction transaction{becomes, rows};
  apply(transaction);
  history_.push_back(std::move(transaction));
  return {};
}

// Why one of them cannot be stored: a constraint of the table, or the shop's trigger.
std::optional<std::string> SimOrders::refusal(const Rows& rows) const {
  for (const OrderRow& row : rows.orders) {
    if (row.created && row.quantity == 0) return "an order's quantity is 0";
    const bool unwanted = row.created && row.buyer == mood_.refuses_buyer &&
                          (mood_.refuses_key.empty() || row.key == mood_.refuses_key);
    if (unwanted && mood_.refuses()) return "the shop refuses this buyer";
  }
  for (const PaymentRow& row : rows.payments) {
    if (mood_.refuses() && row.id == mood_.refuses_payment) return "the shop refuses this payment";
  }
  return std::nullopt;
}

Status SimOrders::check(const Rows& rows) const {
  const auto put_aside = [&](Position made) {
    const auto its = [made](const QuarantineRow& row) { return row.position == made; };
    return quarantine_.contains(made) ||
           std::any_of(rows.quarantine.begin(), rows.quarantine.end(), its);
  };
  for (const OrderRow& row : rows.orders) {
    if (!row.created && !orders_.contains(row.made) && !put_aside(row.made)) {
      return fail(Error::Code::kCorrupt, "orders: an order's row is missing: " + to_text(row.id));
    }
  }
  return {};
}

void SimOrders::apply(const Transaction& transaction) {
  const Rows& rows = transaction.rows;
  for (const QuarantineRow& row : rows.quarantine) quarantine_[row.position] = row;
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
  const auto gone = chance_.below(history_.size() < 5 ? history_.size() + 1 : 5);
  if (gone > 0) reached_("rows go back");
  go_back_to(history_.size() - gone);
}

void SimOrders::go_back_to(std::size_t transactions) {
  history_.resize(std::min(transactions, history_.size()));
  mark_.reset();
  sales_.clear(), orders_.clear(), payments_.clear(), quarantine_.clear();
  for (const Transaction& transaction : history_) apply(transaction);
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
