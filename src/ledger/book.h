// Decided: all that is known of one sale. The ledger finds the book; the book knows its orders,
// buyers and units.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ledger/catalog.h"
#include "ledger/changes.h"
#include "ledger/in_flight.h"
#include "ledger/units.h"
#include "model/order.h"
#include "model/verdict.h"

namespace seckill {

// When something was decided.
struct At {
  Position position{};
  RawTime stamp;
  LogTime clock;
};

// A claim as the book sees it.
struct Wanted {
  OrderId order;
  BuyerHash buyer;
  std::uint64_t body = 0;
  std::uint32_t quantity = 0;
};

// Promises: I1, I4, I5 and I7 hold after every call (invariant(), in every build); a refusal
// changes and allocates nothing; the tables are reserved when terms are set, so no grant rehashes.
class Book {
 public:
  Book(const SaleTerms& terms, const At& at);

  const SaleView& view() const { return view_; }
  bool retired() const { return view_.terms.standing == Standing::kRetired; }
  std::uint32_t holds() const { return holds_; }  // held orders that are due one day

  const Order* find(const OrderId& id) const {
    return tables_ ? tables_->orders.find(id) : nullptr;
  }

  // They will be looked for soon: in a table of a million each look misses the cache.
  // Needs: not retired.
  [[gnu::always_inline]] void expect(const OrderId& order) const { tables_->orders.expect(order); }
  [[gnu::always_inline]] void expect(const BuyerHash& buyer) const {
    tables_->buyers.expect(buyer);
  }

  // Why not, in the order of reasons; nothing: it would be granted. The claim's order is not here.
  std::optional<Outcome> refusal(const Wanted& wanted, RawTime now,
                                 const InFlight& in_flight) const;

  // The same for a buyer nobody knows: what refuses everybody.
  std::optional<Outcome> refusal_of_all(std::uint32_t quantity, RawTime now,
                                        const InFlight& in_flight) const;

  // Needs: refusal() said nothing.
  const Order& grant(const Wanted& wanted, const At& at, Changes& changes);
  // Needs: the order is held. Its money came, or it ends (kCancelled, kExpired) and its units
  // return.
  void pay(const OrderId& id, const PaymentHash& payment, const At& at, Changes& changes);
  void end(const OrderId& id, OrderState how, const At& at, Changes& changes);

  // Needs: check_terms() accepted them.
  void change(const SaleTerms& terms, const At& at);

  // Payments of this sale, applied or to be refunded: bounded, since a till may go mad (I12).
  bool takes_money() const { return payments_ < 2 * std::uint64_t{view_.terms.orders_max} + 1000; }
  void took_money() { ++payments_; }

  // The next unit of the same live order; 0: none.
  std::uint32_t unit_after(std::uint32_t unit) const { return tables_->units.next_of(unit); }

 private:
  struct BuyerSum {
    BuyerHash buyer;
    std::uint32_t live = 0;    // units
    std::uint32_t orders = 0;  // ever granted
  };
  struct Tables {
    explicit Tables(const SaleTerms& terms) : units(terms.stock) {}
    Catalog<Order, OrderId, &Order::id> orders;
    Catalog<BuyerSum, BuyerHash, &BuyerSum::buyer> buyers;
    Units units;
  };

  std::optional<Outcome> not_open(std::uint32_t quantity, RawTime now) const;
  std::optional<Outcome> used_up(std::uint32_t quantity, const InFlight& in_flight) const;
  Order& held(const OrderId& id);
  BuyerSum& buyer(const BuyerHash& hash);
  std::uint32_t take_units(std::uint32_t quantity, const OrderId& id, Changes& changes);
  void reserve();
  void check() const;

  SaleView view_;
  std::unique_ptr<Tables> tables_;  // null when retired
  std::uint64_t payments_ = 0;
  std::uint32_t holds_ = 0;
};

}  // namespace seckill
