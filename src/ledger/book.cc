#include "ledger/book.h"

#include "base/invariant.h"

namespace seckill {

Book::Book(const SaleTerms& terms, const At& at)
    : view_{.terms = terms, .position = at.position}, tables_(std::make_unique<Tables>(terms)) {
  reserve();
  check();
}

void Book::reserve() {
  tables_->orders.reserve(view_.terms.orders_max);
  tables_->buyers.reserve(view_.terms.orders_max);
}

std::optional<Outcome> Book::refusal(const Wanted& wanted, RawTime now,
                                     const InFlight& in_flight) const {
  if (const auto why = not_open(wanted.quantity, now)) return why;
  const SaleTerms& terms = view_.terms;
  const InFlight::Sum mine = in_flight.of(terms.uid, wanted.buyer);
  const BuyerSum* known = tables_->buyers.find(wanted.buyer);
  const std::uint64_t live = std::uint64_t{known ? known->live : 0} + mine.units;
  const std::uint64_t orders = std::uint64_t{known ? known->orders : 0} + mine.orders;
  if (terms.per_buyer != 0 && live + wanted.quantity > terms.per_buyer) {
    return Outcome::kLimitReached;
  }
  if (orders >= kOrdersPerBuyerMax) return Outcome::kLimitReached;
  return used_up(wanted.quantity, in_flight);
}

std::optional<Outcome> Book::refusal_of_all(std::uint32_t quantity, RawTime now,
                                            const InFlight& in_flight) const {
  const auto why = not_open(quantity, now);
  return why ? why : used_up(quantity, in_flight);
}

std::optional<Outcome> Book::not_open(std::uint32_t quantity, RawTime now) const {
  if (quantity < 1 || quantity > kQuantityMax) return Outcome::kNotAllowed;
  switch (phase_at(view_.terms, now)) {
    case Phase::kPaused: return Outcome::kPaused;
    case Phase::kScheduled: return Outcome::kNotStarted;
    case Phase::kClosed: return Outcome::kClosed;
    case Phase::kRetired: return Outcome::kUnknownSale;
    case Phase::kOpen: break;
  }
  return std::nullopt;
}

std::optional<Outcome> Book::used_up(std::uint32_t quantity, const InFlight& in_flight) const {
  const InFlight::Sum beside = in_flight.of(view_.terms.uid);
  const std::uint64_t orders = std::uint64_t{view_.orders} + beside.orders;
  if (orders >= view_.terms.orders_max) return Outcome::kSaleFull;
  if (std::uint64_t{beside.units} + quantity > view_.available()) return Outcome::kSoldOut;
  return std::nullopt;
}

const Order& Book::grant(const Wanted& wanted, const At& at, Changes& changes) {
  const SaleTerms& terms = view_.terms;
  invariant(find(wanted.order) == nullptr, "I5: a key gets one order");
  BuyerSum* sum = tables_->buyers.find(wanted.buyer);
  if (sum == nullptr) sum = &tables_->buyers.add({.buyer = wanted.buyer});
  sum->live += wanted.quantity;
  ++sum->orders;
  invariant(terms.per_buyer == 0 || sum->live <= terms.per_buyer, "I4: a buyer stays in his limit");

  if (view_.first_win_at == RawTime{}) view_.first_win_at = at.stamp;
  view_.held += wanted.quantity;
  view_.units_granted += wanted.quantity;
  ++view_.orders;
  if (view_.available() == 0) view_.sold_out_at = at.stamp;
  Order order{.id = wanted.order,
              .buyer = wanted.buyer,
              .body = wanted.body,
              .held_at = at.stamp,
              .made = at.position,
              .position = at.position,
              .hold_ms = static_cast<std::uint32_t>(terms.hold_ms),
              .quantity = wanted.quantity,
              .first_unit = take_units(wanted.quantity, wanted.order, changes)};
  if (order.hold_ms > 0) {
    order.due = at.clock + milliseconds(order.hold_ms);
    ++holds_;
  }
  changes.orders.push_back({order.id, order.made});
  check();
  return tables_->orders.add(order);
}

// The lowest free numbers, chained in the order in which they were given.
std::uint32_t Book::take_units(std::uint32_t quantity, const OrderId& id, Changes& changes) {
  std::uint32_t first = 0;
  for (std::uint32_t last = 0, n = 0; n < quantity; ++n) {
    const std::uint32_t unit = tables_->units.take();
    tables_->units.link(unit, 0);
    if (n == 0) {
      first = unit;
    } else {
      tables_->units.link(last, unit);
    }
    last = unit;
    changes.units.push_back({view_.terms.uid, unit, id});
  }
  return first;
}

Order& Book::held(const OrderId& id) {
  Order* order = tables_ ? tables_->orders.find(id) : nullptr;
  invariant(order != nullptr && order->state == OrderState::kHeld, "I7: a hold ends once");
  return *order;
}

Book::BuyerSum& Book::buyer(const BuyerHash& hash) {
  BuyerSum* sum = tables_->buyers.find(hash);
  invariant(sum != nullptr, "I4: who has an order is known");
  return *sum;
}

void Book::pay(const OrderId& id, const PaymentHash& payment, const At& at, Changes& changes) {
  Order& order = held(id);
  if (order.hold_ms > 0) --holds_;
  order.state = OrderState::kPaid;
  order.payment = payment;
  order.ended_at = at.stamp;
  order.position = at.position;
  view_.held -= order.quantity;
  view_.paid += order.quantity;
  changes.orders.push_back({id, order.made});
  check();
}

void Book::end(const OrderId& id, OrderState how, const At& at, Changes& changes) {
  Order& order = held(id);
  invariant(!is_live(how), "I7: a hold that ends returns its units");
  if (order.hold_ms > 0) --holds_;
  for (std::uint32_t unit = order.first_unit; unit != 0;) {
    const std::uint32_t next = tables_->units.next_of(unit);
    tables_->units.give_back(unit);
    changes.units.push_back({view_.terms.uid, unit, std::nullopt});
    unit = next;
  }
  BuyerSum& sum = buyer(order.buyer);
  invariant(sum.live >= order.quantity, "I4: a buyer's live units cover his live orders");
  sum.live -= order.quantity;
  order.state = how;
  order.first_unit = 0;
  order.ended_at = at.stamp;
  order.position = at.position;
  view_.held -= order.quantity;
  view_.returned += order.quantity;
  changes.orders.push_back({id, order.made});
  check();
}

void Book::change(const SaleTerms& terms, const At& at) {
  const std::uint32_t was_available = view_.available();
  view_.terms = terms;
  view_.position = at.position;
  if (was_available != 0 && view_.available() == 0) view_.sold_out_at = at.stamp;
  if (retired()) {
    tables_.reset();
    return;
  }
  tables_->units.grow(terms.stock);
  reserve();
  check();
}

void Book::check() const {
  const std::uint64_t live = std::uint64_t{view_.held} + view_.paid;
  invariant(live + view_.terms.withdrawn <= view_.terms.stock,
            "I1: held + paid + withdrawn <= stock");
  invariant(tables_->units.taken() == live, "I1: a live unit has one number");
  invariant(view_.units_granted == live + view_.returned, "I3: what was granted lives or returned");
}

}  // namespace seckill
