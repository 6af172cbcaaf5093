#include "audit/replay.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/invariant.h"

namespace seckill::audit_replay {
namespace {

// The bounds of a journal, said a second time (design.md, decision 10).
constexpr std::size_t kSales = 10'000;
constexpr std::uint64_t kOrders = 40'000'000;

bool sound(const SaleTerms& terms) {
  if (terms.uid == SaleUid{0}) return false;
  if (terms.stock < 1 || terms.stock > kStockMax) return false;
  if (terms.orders_max < 1 || terms.orders_max > kOrdersMaxMax) return false;
  if (terms.hold_ms < 0 || terms.hold_ms > kHoldMaxMs) return false;
  if (terms.price_minor < 0) return false;
  return terms.starts_at < terms.ends_at;
}

// Active and paused go anywhere but to retired, closed may only retire, retired is the end.
bool may_stand(Standing from, Standing to) {
  if (from == Standing::kRetired) return false;
  if (from == Standing::kClosed) return to == Standing::kClosed || to == Standing::kRetired;
  return to != Standing::kRetired;
}

}  // namespace

Verdict Replay::apply(const Entry& entry) {
  invariant(entry.position == position_, "a replay applies every record once, in order");
  touched_.clear();
  touched_payment_.reset();
  touched_sale_.reset();
  move_clock(entry.stamp);
  return_due(entry.stamp);
  Verdict said =
      std::visit([&](const auto& body) { return decide(body, entry.stamp); }, entry.record.body);
  said.position = entry.position;
  position_ = next(position_);
  return said;
}

void Replay::put_aside() {
  for (Order* order : touched_) order->aside = order->sale->aside = true;
  if (touched_payment_) payments_.at(*touched_payment_).aside = true;
  if (touched_sale_) sales_.at(*touched_sale_).aside = true;
}

// A13: only steps forward count, and none for more than a minute.
void Replay::move_clock(RawTime stamp) {
  if (position_ != Position{0} && stamp > last_stamp_) {
    const auto step =
        static_cast<std::uint64_t>(stamp.ms) - static_cast<std::uint64_t>(last_stamp_.ms);
    clock_.ms += static_cast<std::int64_t>(std::min<std::uint64_t>(step, 60'000));
  }
  last_stamp_ = stamp;
}

// A12: any record returns what is due, up to kReturnsMax of it.
void Replay::return_due(RawTime stamp) {
  for (std::uint32_t n = 0;
       n < kReturnsMax && !due_.empty() && std::get<LogTime>(*due_.begin()) <= clock_; ++n) {
    end(orders_.at(std::get<OrderId>(*due_.begin())), OrderState::kExpired, stamp);
  }
}

void Replay::end(Order& order, OrderState how, RawTime stamp) {
  Sale& sale = *order.sale;
  if (order.hold_ms > 0) {
    due_.erase({order.due, order.granted, order.id});
    --sale.orders_held;
  }
  for (const std::uint32_t unit : order.units) {
    sale.units[unit - 1].reset();
    sale.free.insert(unit);
  }
  order.units.clear();
  order.buyer->live -= order.quantity;
  sale.held -= order.quantity;
  sale.returned += order.quantity;
  order.state = how;
  order.moved_at = stamp;
  order.position = position_;
  touched_.push_back(&order);
}

// --- RESERVE

Verdict Replay::decide(const Reserve& reserve, RawTime stamp) {
  const auto found = sales_.find(reserve.sale);
  if (found == sales_.end() || found->second.retired()) {
    return {.outcome = Outcome::kUnknownSale, .order = reserve.order};
  }
  Sale& sale = found->second;
  const Outcome outcome = answer(sale, reserve, stamp);
  if (outcome == Outcome::kWon) grant(sale, reserve, stamp);
  return {.outcome = outcome,
          .order = reserve.order,
          .left = static_cast<std::uint32_t>(sale.available())};
}

Outcome Replay::answer(Sale& sale, const Reserve& reserve, RawTime stamp) {
  const SaleTerms& terms = sale.terms;
  if (reserve.order != order_id_of(terms, reserve.buyer, reserve.key)) return Outcome::kNotAllowed;
  // I5: keys before state.
  if (const auto found = orders_.find(reserve.order); found != orders_.end()) {
    return found->second.body == reserve.body ? Outcome::kReplayed : Outcome::kKeyReused;
  }
  if (reserve.asked_at.ms < clock_.ms - 10'000) return Outcome::kLate;
  if (reserve.quantity < 1 || reserve.quantity > 32) return Outcome::kNotAllowed;
  if (terms.standing == Standing::kPaused) return Outcome::kPaused;
  if (terms.standing == Standing::kClosed) return Outcome::kClosed;
  if (stamp < terms.starts_at) return Outcome::kNotStarted;
  if (stamp >= terms.ends_at) return Outcome::kClosed;
  // I4: the limit holds whatever the number of keys.
  const auto known = sale.buyers.find(reserve.buyer);
  const BuyerSums sums = known == sale.buyers.end() ? BuyerSums{} : known->second;
  const std::uint64_t would_live = std::uint64_t{sums.live} + reserve.quantity;
  if (terms.per_buyer != 0 && would_live > terms.per_buyer) return Outcome::kLimitReached;
  if (sums.orders >= 32) return Outcome::kLimitReached;
  if (sale.orders >= terms.orders_max) return Outcome::kSaleFull;
  // I1: never oversold.
  if (sale.available() < reserve.quantity) return Outcome::kSoldOut;
  return Outcome::kWon;
}

void Replay::grant(Sale& sale, const Reserve& reserve, RawTime stamp) {
  Order& order = orders_[reserve.order];
  order.id = reserve.order;
  order.sale = &sale;
  order.buyer = &sale.buyers[reserve.buyer];
  order.body = reserve.body;
  order.quantity = reserve.quantity;
  order.held_at = stamp;
  order.granted = order.position = position_;
  // The lowest free numbers: one that came back is lower than any that was never given.
  for (std::uint32_t n = 0; n < reserve.quantity; ++n) {
    if (sale.free.empty()) {
      sale.units.push_back(order.id);
      order.units.push_back(static_cast<std::uint32_t>(sale.units.size()));
    } else {
      const std::uint32_t unit = *sale.free.begin();
      sale.free.erase(sale.free.begin());
      sale.units[unit - 1] = order.id;
      order.units.push_back(unit);
    }
  }
  if (sale.terms.hold_ms > 0) {
    order.hold_ms = sale.terms.hold_ms;
    order.due = clock_ + milliseconds(order.hold_ms);
    due_.insert({order.due, order.granted, order.id});
    ++sale.orders_held;
  }
  order.buyer->live += order.quantity;
  ++order.buyer->orders;
  sale.held += order.quantity;
  ++sale.orders;
  touched_.push_back(&order);
}

// --- PAY, CANCEL

// Memory of a sale ends when it is retired: its orders are not known any more.
Order* Replay::live_sale_order(OrderId id) {
  const auto found = orders_.find(id);
  if (found == orders_.end() || found->second.sale->retired()) return nullptr;
  return &found->second;
}

Verdict Replay::decide(const Pay& pay, RawTime stamp) {
  Order* order = live_sale_order(pay.order);
  if (order == nullptr) return {.outcome = Outcome::kUnknownOrder, .order = pay.order};
  const Outcome outcome = take(*order->sale, *order, pay, stamp);
  return {.outcome = outcome,
          .order = pay.order,
          .left = static_cast<std::uint32_t>(order->sale->available())};
}

// I7: a payment id is taken once; money for what is not held is given back.
Outcome Replay::take(Sale& sale, Order& order, const Pay& pay, RawTime stamp) {
  if (const auto found = payments_.find(pay.payment); found != payments_.end()) {
    const Payment& taken = found->second;
    if (taken.order != pay.order || taken.amount_minor != pay.amount_minor) {
      return Outcome::kPaymentReused;
    }
    return taken.refund ? Outcome::kRefund : Outcome::kPaid;
  }
  if (sale.payments >= 2 * std::uint64_t{sale.terms.orders_max} + 1'000) return Outcome::kSaleFull;
  ++sale.payments;
  const bool held = order.state == OrderState::kHeld;
  const auto made = payments_.emplace(pay.payment, Payment{.order = pay.order,
                                                           .amount_minor = pay.amount_minor,
                                                           .refund = !held,
                                                           .position = position_});
  touched_payment_ = pay.payment;
  if (!held) return Outcome::kRefund;
  if (order.hold_ms > 0) {
    due_.erase({order.due, order.granted, order.id});
    --sale.orders_held;
  }
  order.state = OrderState::kPaid;
  order.payment = &made.first->first;
  order.moved_at = stamp;
  order.position = position_;
  sale.held -= order.quantity;
  sale.paid += order.quantity;
  touched_.push_back(&order);
  return Outcome::kPaid;
}

Verdict Replay::decide(const Cancel& cancel, RawTime stamp) {
  Order* order = live_sale_order(cancel.order);
  if (order == nullptr) return {.outcome = Outcome::kUnknownOrder, .order = cancel.order};
  const bool paid = order->state == OrderState::kPaid;
  if (order->state == OrderState::kHeld) end(*order, OrderState::kCancelled, stamp);
  return {.outcome = paid ? Outcome::kOrderState : Outcome::kCancelled,
          .order = cancel.order,
          .left = static_cast<std::uint32_t>(order->sale->available())};
}

// --- SALE

Verdict Replay::decide(const SaleRecord& record, RawTime) {
  const SaleTerms& terms = record.terms;
  const auto found = sales_.find(terms.uid);
  const Outcome outcome = terms.version == 1
                              ? first_terms(terms)
                              : next_terms(found == sales_.end() ? nullptr : &found->second, terms);
  if (outcome == Outcome::kSaleAccepted) {
    Sale& sale = sales_[terms.uid];
    const auto counts = [](const SaleTerms& each) {
      return each.standing == Standing::kRetired ? 0 : each.orders_max;
    };
    if (terms.version > 1) orders_max_total_ -= counts(sale.terms);
    orders_max_total_ += counts(terms);
    sale.terms = terms;
    sale.position = position_;
    by_name_[terms.name] = &sale;
    touched_sale_ = terms.uid;
  }
  const Sale* now = this->sale(terms.uid);
  return {.outcome = outcome,
          .left = now == nullptr ? 0 : static_cast<std::uint32_t>(now->available())};
}

Outcome Replay::first_terms(const SaleTerms& terms) const {
  if (sales_.contains(terms.uid) || by_name_.contains(terms.name)) return Outcome::kSaleExists;
  if (!sound(terms) || terms.withdrawn != 0 || terms.standing == Standing::kRetired) {
    return Outcome::kNotAllowed;
  }
  if (sales_.size() >= kSales) return Outcome::kSeasonFull;
  if (orders_max_total_ + terms.orders_max > kOrders) return Outcome::kSeasonFull;
  return Outcome::kSaleAccepted;
}

Outcome Replay::next_terms(const Sale* sale, const SaleTerms& terms) const {
  if (sale == nullptr) return Outcome::kUnknownSale;
  const SaleTerms& was = sale->terms;
  if (terms.version != std::uint64_t{was.version} + 1) return Outcome::kVersionConflict;
  if (!sound(terms)) return Outcome::kNotAllowed;
  if (terms.name != was.name || terms.secret != was.secret) return Outcome::kNotAllowed;
  if (terms.stock < was.stock || terms.withdrawn < was.withdrawn) return Outcome::kNotAllowed;
  if (sale->held + sale->paid + terms.withdrawn > terms.stock) return Outcome::kNotAllowed;
  if (terms.orders_max < sale->orders) return Outcome::kNotAllowed;
  if ((terms.hold_ms == 0) != (was.hold_ms == 0)) return Outcome::kNotAllowed;
  if (!may_stand(was.standing, terms.standing)) return Outcome::kNotAllowed;
  if (terms.standing == Standing::kRetired && sale->orders_held > 0) return Outcome::kNotAllowed;
  if (terms.orders_max > was.orders_max &&
      orders_max_total_ - was.orders_max + terms.orders_max > kOrders) {
    return Outcome::kSeasonFull;
  }
  return Outcome::kSaleAccepted;
}

// --- TICK

Verdict Replay::decide(const Tick& tick, RawTime) {
  if (tick.rules > kNewestRules && !stopped_) {
    stopped_ = fmt::format("record {} was written by newer rules {}; this audit knows {}",
                           number(position_), static_cast<unsigned>(tick.rules),
                           static_cast<unsigned>(kNewestRules));
  }
  if (tick.position > position_ && !stopped_) {
    stopped_ = fmt::format("the writer of record {} had seen {} records: the journal was cut short",
                           number(position_), number(tick.position));
  }
  return {.outcome = Outcome::kTicked};
}

// --- what is known

const Sale* Replay::sale(SaleUid uid) const {
  const auto found = sales_.find(uid);
  return found == sales_.end() ? nullptr : &found->second;
}

const Sale* Replay::sale(const SaleName& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const Order* Replay::order(OrderId id) const {
  const auto found = orders_.find(id);
  return found == orders_.end() ? nullptr : &found->second;
}

const Payment* Replay::payment(const PaymentId& id) const {
  const auto found = payments_.find(id);
  return found == payments_.end() ? nullptr : &found->second;
}

}  // namespace seckill::audit_replay
