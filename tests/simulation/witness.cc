#include "witness.h"

#include <algorithm>

namespace seckill::simulation {
namespace {

bool says_nothing(Outcome outcome) {
  return outcome == Outcome::kBusy || outcome == Outcome::kUnsure;
}

}  // namespace

std::string to_text(const Ask& ask) {
  struct Text {
    std::string operator()(const Buy& buy) const {
      return fmt::format("{} buys {} x {} with key {}", buy.buyer.view(), buy.quantity,
                         buy.sale.view(), buy.key.view());
    }
    std::string operator()(const PayAsk& ask) const {
      return fmt::format("payment {} for {}", ask.payment.view(), seckill::to_text(ask.order));
    }
    std::string operator()(const CancelAsk& ask) const {
      return fmt::format("cancel {}", seckill::to_text(ask.order));
    }
    std::string operator()(const SaleAsk& ask) const {
      return fmt::format("operator wants {} v{}: stock {}, withdrawn {}, standing {}",
                         ask.terms.name.view(), ask.terms.version, ask.terms.stock,
                         ask.terms.withdrawn, static_cast<int>(ask.terms.standing));
    }
  };
  return std::visit(Text{}, ask);
}

bool Witness::check(bool holds, const char* promise, const char* what, const std::string& who) {
  if (!holds) stage_.blame(promise, fmt::format("{} ({})", what, who));
  return holds;
}

void Witness::asked(const Ask& ask) {
  if (const auto* buy = std::get_if<Buy>(&ask)) {
    bodies_[{buy->sale, buy->buyer, buy->key}].insert(buy->quantity);
  } else if (const auto* pay = std::get_if<PayAsk>(&ask)) {
    paid_for_[pay->payment].insert({pay->order, pay->amount_minor});
  } else if (const auto* sale = std::get_if<SaleAsk>(&ask)) {
    const SaleTerms& terms = sale->terms;
    const auto [most, first] = limits_.try_emplace(terms.name, terms.per_buyer);
    const bool none = most->second == 0 || terms.per_buyer == 0;
    most->second = none ? 0 : std::max(most->second, terms.per_buyer);
    if (terms.standing == Standing::kRetired) wanted_retired_.insert(terms.name);
  }
}

bool Witness::let_go(const SaleName& sale, const Ledger& ledger) const {
  const SaleView* view = ledger.sale(sale);
  return view != nullptr && view->terms.standing == Standing::kRetired &&
         wanted_retired_.contains(sale);
}

void Witness::said(const Ask& ask, const Verdict& verdict, const Ledger& ledger) {
  ++answers_;
  std::visit([&](const auto& what) { said_of(what, verdict, ledger); }, ask);
}

void Witness::said_of(const Buy& buy, const Verdict& verdict, const Ledger& ledger) {
  const BuyKey key{buy.sale, buy.buyer, buy.key};
  const std::string who = to_text(Ask(buy));
  const auto terms = terms_.find(buy.sale);
  const OrderId should_be =
      terms == terms_.end() ? OrderId{} : order_id_of(terms->second, buy.buyer, buy.key);
  const auto known = by_key_.find(key);
  if (!verdict.gives()) {
    if (verdict.outcome == Outcome::kUnsure) {
      check(verdict.order == should_be, "I11", "unsure names another order", who);
    } else if (verdict.outcome == Outcome::kKeyReused) {
      check(bodies_[key].size() > 1, "I5", "key reused, though the body is the same", who);
    } else if (verdict.outcome == Outcome::kNotAnonymous) {
      check(buy.anonymous, "I11", "he has a name", who);
    } else if (verdict.outcome == Outcome::kUnknownSale && let_go(buy.sale, ledger)) {
      return;
    } else if (known != by_key_.end() && !says_nothing(verdict.outcome) &&
               orders_.at(known->second).quantity == buy.quantity) {
      check(false, "I5", "whoever has an order was told no", who);
    }
    return;
  }
  if (known != by_key_.end()) {
    check(known->second == verdict.order, "I5", "one key, two orders", who);
    check(verdict.outcome == Outcome::kReplayed, "I5", "won twice with one key", who);
    check(orders_.at(known->second).quantity == buy.quantity, "I5", "another body, no 422", who);
    return;
  }
  check(verdict.order == should_be, "I5", "the order is not that of this buyer and key", who);
  check(!buy.anonymous || terms->second.hold_ms == 0, "I7", "he could never pay (A8)", who);
  by_key_[key] = verdict.order;
  orders_[verdict.order] = {key, buy.quantity};
  by_buyer_[{buy.sale, buy.buyer}].insert(verdict.order);
  last_ = std::max(last_.value_or(Position{}), Position{number(ledger.position()) - 1});
  check_limit(buy.sale, buy.buyer, ledger);
}

void Witness::said_of(const PayAsk& ask, const Verdict& verdict, const Ledger& ledger) {
  const std::string who = to_text(Ask(ask));
  const auto order = orders_.find(ask.order);
  const bool known_order = order != orders_.end();
  if (verdict.outcome == Outcome::kUnknownOrder) {
    check(!known_order || let_go(std::get<0>(order->second.key), ledger), "I2",
          "an order that was told of is unknown", who);
  } else if (verdict.outcome == Outcome::kPaymentReused) {
    check(paid_for_[ask.payment].size() > 1, "I7", "payment reused, though it is the same", who);
  } else if (verdict.outcome == Outcome::kPaid || verdict.outcome == Outcome::kRefund) {
    const auto [told, first] =
        payments_.try_emplace(ask.payment, ask.order, ask.amount_minor, verdict.outcome);
    check(first || (told->second.outcome == verdict.outcome && told->second.order == ask.order &&
                    told->second.amount_minor == ask.amount_minor),
          "I7", "one payment id, two outcomes", who);
    if (first && verdict.outcome == Outcome::kPaid && known_order) {
      check(!order->second.paid, "I7", "an order was paid twice, and no refund", who);
      check(!order->second.cancelled, "I7", "a cancelled order was paid", who);
      order->second.paid = true;
    }
  } else {
    check(says_nothing(verdict.outcome), "I11", "no answer to a payment", who);
  }
}

void Witness::said_of(const CancelAsk& ask, const Verdict& verdict, const Ledger& ledger) {
  const std::string who = to_text(Ask(ask));
  const auto order = orders_.find(ask.order);
  if (order == orders_.end()) return;
  check(verdict.outcome != Outcome::kUnknownOrder || let_go(std::get<0>(order->second.key), ledger),
        "I2", "an order that was told of is unknown", who);
  if (verdict.outcome != Outcome::kCancelled) return;
  check(!order->second.paid, "I7", "a paid order was cancelled", who);
  order->second.cancelled = true;
}

void Witness::said_of(const SaleAsk& ask, const Verdict& verdict, const Ledger&) {
  if (verdict.outcome != Outcome::kSaleAccepted) return;
  std::uint32_t& newest = versions_[ask.terms.name];
  check(newest < ask.terms.version, "I6", "two changes were accepted as one version",
        to_text(Ask(ask)));
  newest = std::max(newest, ask.terms.version);
  check((terms_.at(ask.terms.name).hold_ms == 0) == (ask.terms.hold_ms == 0), "I7",
        "whether a sale holds has changed (A8)", to_text(Ask(ask)));
}

// I4, by the limits that the operator wished for: what a higher one allowed stays.
void Witness::check_limit(const SaleName& sale, const Buyer& buyer, const Ledger& ledger) {
  const auto most = limits_.find(sale);
  if (most == limits_.end() || most->second == 0) return;
  std::uint32_t units = 0;
  for (const OrderId id : by_buyer_[{sale, buyer}]) {
    const Order* order = ledger.find(id);
    if (order != nullptr && is_live(order->state)) units += order->quantity;
  }
  check(units <= most->second, "I4", "a buyer is above the limit", std::string(buyer.view()));
}

void Witness::examine(const Ledger& ledger) {
  examine_sums(ledger);
  check(!last_ || *last_ < ledger.position(), "I2", "the journal has lost its end",
        fmt::format("{} records", number(ledger.position())));
  for (const auto& [id, told] : orders_) {
    const std::string who =
        fmt::format("order {} of {}", seckill::to_text(id), std::get<1>(told.key).view());
    const Order* order = ledger.find(id);
    if (order == nullptr && let_go(std::get<0>(told.key), ledger)) continue;
    if (!check(order != nullptr, "I2", "an order that was told of is lost", who)) return;
    check(order->quantity == told.quantity, "I5", "an order has another quantity", who);
    check(!told.paid || order->state == OrderState::kPaid, "I8", "paid is paid no more", who);
    check(!told.cancelled || !is_live(order->state), "I8", "cancelled lives again", who);
  }
  for (const auto& [pair, ids] : by_buyer_) check_limit(pair.first, pair.second, ledger);
  for (const auto& [name, version] : versions_) {
    const SaleView* sale = ledger.sale(name);
    check(sale != nullptr && sale->terms.version >= version, "I8", "accepted terms are lost",
          std::string(name.view()));
  }
}

void Witness::examine_sums(const Ledger& ledger) {
  for (const SaleView* sale : ledger.sales()) {
    const std::uint64_t taken = std::uint64_t{sale->held} + sale->paid + sale->terms.withdrawn;
    check(taken <= sale->terms.stock, "I1", "oversold", std::string(sale->terms.name.view()));
    check(sale->orders <= sale->terms.orders_max, "I12", "more orders than the sale may have",
          std::string(sale->terms.name.view()));
  }
}

}  // namespace seckill::simulation
