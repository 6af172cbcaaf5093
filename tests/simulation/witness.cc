#include "witness.h"

#include <algorithm>

namespace seckill::simulation {
namespace {

bool says_nothing(Outcome outcome) {
  return outcome == Outcome::kBusy || outcome == Outcome::kUnsure;
}

}  // namespace

// As people call it: the end of its id.
std::string name_of(OrderId order) { return "order " + seckill::to_text(order).substr(26); }

std::string to_text(const Ask& ask) {
  struct Text {
    std::string operator()(const Buy& buy) const {
      return fmt::format("{} buys {} x {} with key {}", buy.buyer.view(), buy.quantity,
                         buy.sale.view(), buy.key.view());
    }
    std::string operator()(const PayAsk& ask) const {
      return fmt::format("payment {} of {} for {}", ask.payment.view(), ask.amount_minor,
                         name_of(ask.order));
    }
    std::string operator()(const CancelAsk& ask) const { return "cancel " + name_of(ask.order); }
    std::string operator()(const LookAsk& ask) const { return "look at " + name_of(ask.order); }
    std::string operator()(const SaleLookAsk& ask) const {
      return fmt::format("look at sale {}", ask.sale.view());
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

void Witness::said(const Ask& ask, const Verdict& verdict, const Ledger& ledger,
                   const Known& known) {
  ++answers_;
  ++outcomes_[static_cast<std::size_t>(verdict.outcome)];
  check_view(ask, verdict, ledger, known);
  std::visit([&](const auto& what) { said_of(what, verdict, ledger, known); }, ask);
}

// A2: whatever anybody was told, wherever, before somebody else asked, is seen in his answer. A yes
// may be older than that: it does not go back.
void Witness::check_view(const Ask& ask, const Verdict& verdict, const Ledger& ledger,
                         const Known& known) {
  if (says_nothing(verdict.outcome)) return;
  const bool recorded = verdict.position < ledger.position();
  told_ = std::max(told_, recorded ? next(verdict.position) : verdict.position);
  const bool says_a_no = !verdict.gives() && verdict.outcome != Outcome::kLate;
  if (!says_a_no || verdict.position >= known.told) return;
  check(false, "A2", "an answer from an old view", to_text(ask));
}

// Nothing: nobody had been told of it then.
Witness::ToldOrder* Witness::told_of(OrderId order, const Known& known) {
  const auto found = orders_.find(order);
  return found == orders_.end() || found->second.first_told > known.answers ? nullptr
                                                                            : &found->second;
}

void Witness::note_outcomes() {
  for (std::size_t n = 0; n < kOutcomes; ++n) {
    const auto outcome = static_cast<Outcome>(n);
    if (outcomes_[n] > 0) {
      stage_.reached(std::string("told ") + seckill::to_text(outcome), outcomes_[n]);
    }
  }
}

// Of a record that came back, or of what was known before it.
void Witness::remember_figure(SaleUid sale, const Verdict& verdict, const Ledger& ledger) {
  switch (verdict.outcome) {
    case Outcome::kBusy:
    case Outcome::kUnsure:
    case Outcome::kKeyReused:
    case Outcome::kNotAnonymous:
    case Outcome::kUnknownSale: return;  // no figure is shown
    default: break;
  }
  figures_.push_back({verdict.position, verdict.position < ledger.position(), sale, verdict.left});
}

void Witness::refused(const Buy& buy, const Verdict& verdict, const Ledger& ledger,
                      const Known& known) {
  const BuyKey key{buy.sale, buy.buyer, buy.key};
  const std::string who = to_text(Ask(buy));
  const auto terms = terms_.find(buy.sale);
  switch (verdict.outcome) {
    case Outcome::kBusy:
    case Outcome::kLate: return;  // ask again
    case Outcome::kUnsure:
      if (ledger.sale(buy.sale) == nullptr && verdict.order == OrderId{}) return;  // no news yet
      check(
          terms != terms_.end() && verdict.order == order_id_of(terms->second, buy.buyer, buy.key),
          "I11", "unsure names another order", who);
      return;
    case Outcome::kKeyReused:
      check(bodies_[key].size() > 1, "I5", "key reused, though the body is the same", who);
      break;
    case Outcome::kNotAnonymous: check(buy.anonymous, "I11", "he has a name", who); return;
    case Outcome::kUnknownSale:
      if (let_go(buy.sale, ledger)) return;
      break;
    default: break;
  }
  const auto his = by_key_.find(key);
  const ToldOrder* told = his == by_key_.end() ? nullptr : told_of(his->second, known);
  if (told == nullptr) return;
  const bool same = told->quantity == buy.quantity;
  check(!same, "I5", "whoever has an order was told no", who);
  check(verdict.outcome == Outcome::kKeyReused, "I5", "another body under a used key, and no 422",
        who);
}

void Witness::said_of(const Buy& buy, const Verdict& verdict, const Ledger& ledger,
                      const Known& known) {
  const BuyKey key{buy.sale, buy.buyer, buy.key};
  const std::string who = to_text(Ask(buy));
  const auto terms = terms_.find(buy.sale);
  if (terms != terms_.end()) remember_figure(terms->second.uid, verdict, ledger);
  if (!verdict.gives()) return refused(buy, verdict, ledger, known);
  const OrderId should_be =
      terms == terms_.end() ? OrderId{} : order_id_of(terms->second, buy.buyer, buy.key);
  const bool won = verdict.outcome == Outcome::kWon;
  if (const auto his = by_key_.find(key); his != by_key_.end()) {
    ToldOrder& told = orders_.at(his->second);
    check(his->second == verdict.order, "I5", "one key, two orders", who);
    check(!won || !told.won, "I5", "won twice with one key", who);
    check(!won || told.first_told > known.answers, "I5", "won, and he had it already", who);
    check(told.quantity == buy.quantity, "I5", "another body, no 422", who);
    told.won |= won;
    return;
  }
  check(verdict.order == should_be, "I5", "the order is not that of this buyer and key", who);
  check(!buy.anonymous || terms->second.hold_ms == 0, "I7", "he could never pay (A8)", who);
  by_key_[key] = verdict.order;
  orders_[verdict.order] = {.key = key,
                            .quantity = buy.quantity,
                            .first_told = answers_,
                            .known = ledger.position(),
                            .won = won};
  auto& of_buyer = by_buyer_[{buy.sale, buy.buyer}];
  of_buyer.insert(verdict.order);
  check(of_buyer.size() <= kOrdersPerBuyerMax, "I12", "a buyer has more orders than he may", who);
  if (of_buyer.size() == kOrdersPerBuyerMax) stage_.reached("a buyer has all his orders");
  const bool recorded = verdict.position < ledger.position();
  const Position last = recorded ? verdict.position : Position{number(ledger.position()) - 1};
  last_ = std::max(last_.value_or(Position{}), last);
  check_limit(buy.sale, buy.buyer, ledger);
}

void Witness::said_of(const PayAsk& ask, const Verdict& verdict, const Ledger& ledger,
                      const Known& known) {
  const std::string who = to_text(Ask(ask));
  const auto order = orders_.find(ask.order);
  const bool known_order = order != orders_.end();
  if (verdict.outcome == Outcome::kUnknownOrder) {
    check(told_of(ask.order, known) == nullptr || let_go(std::get<0>(order->second.key), ledger),
          "I2", "an order that was told of is unknown", who);
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
      order->second.known = ledger.position();
    }
  } else {
    check(says_nothing(verdict.outcome), "I11", "no answer to a payment", who);
  }
}

void Witness::said_of(const CancelAsk& ask, const Verdict& verdict, const Ledger& ledger,
                      const Known& known) {
  const std::string who = to_text(Ask(ask));
  const auto order = orders_.find(ask.order);
  if (order == orders_.end()) return;
  check(verdict.outcome != Outcome::kUnknownOrder || told_of(ask.order, known) == nullptr ||
            let_go(std::get<0>(order->second.key), ledger),
        "I2", "an order that was told of is unknown", who);
  if (verdict.outcome != Outcome::kCancelled) return;
  check(!order->second.paid, "I7", "a paid order was cancelled", who);
  order->second.cancelled = true;
  order->second.known = ledger.position();
}

void Witness::said_of(const LookAsk& ask, const Verdict& verdict, const Ledger& ledger,
                      const Known& known) {
  const ToldOrder* told = told_of(ask.order, known);
  if (told == nullptr) return;
  check(verdict.outcome != Outcome::kUnknownOrder || let_go(std::get<0>(told->key), ledger), "I2",
        "an order that was told of is unknown", to_text(Ask(ask)));
  if (verdict.outcome == Outcome::kFound && told->known <= ledger.position()) {
    examine_order(ask.order, *told, ledger);
  }
}

void Witness::said_of(const SaleLookAsk& ask, const Verdict& verdict, const Ledger& ledger,
                      const Known&) {
  const bool there = ledger.sale(ask.sale) != nullptr;
  check(verdict.outcome != (there ? Outcome::kUnknownSale : Outcome::kFound), "I8",
        "a sale that is there is unknown, or the other way round", to_text(Ask(ask)));
}

void Witness::said_of(const SaleAsk& ask, const Verdict& verdict, const Ledger&, const Known&) {
  if (verdict.outcome != Outcome::kSaleAccepted) return;
  check(versions_[ask.terms.name].insert(ask.terms.version).second, "I6",
        "two changes were accepted as one version", to_text(Ask(ask)));
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
  for (const auto& [id, told] : orders_) examine_order(id, told, ledger);
  for (const auto& [pair, ids] : by_buyer_) check_limit(pair.first, pair.second, ledger);
  for (const auto& [name, versions] : versions_) {
    const SaleView* sale = ledger.sale(name);
    check(sale != nullptr && sale->terms.version >= *versions.rbegin(), "I8",
          "accepted terms are lost", std::string(name.view()));
  }
}

void Witness::examine_order(OrderId id, const ToldOrder& told, const Ledger& ledger) {
  const std::string who = fmt::format("{} of {}", name_of(id), std::get<1>(told.key).view());
  const Order* order = ledger.find(id);
  if (order == nullptr && let_go(std::get<0>(told.key), ledger)) return;
  if (!check(order != nullptr, "I2", "an order that was told of is lost", who)) return;
  check(order->quantity == told.quantity, "I5", "an order has another quantity", who);
  check(!told.paid || order->state == OrderState::kPaid, "I8", "paid is paid no more", who);
  check(!told.cancelled || !is_live(order->state), "I8", "cancelled lives again", who);
}

void Witness::refused_alone(const Buy& buy, const Verdict& verdict, RawTime at) {
  const auto terms = terms_.find(buy.sale);
  if (terms == terms_.end()) return;
  refusals_.push_back(
      {verdict.position, terms->second.uid, buy.buyer, buy.quantity, at, verdict.outcome});
}

void Witness::examine_payments(OrdersReader& rows, const PaymentId& refused) {
  PaymentsQuery query{.limit = 1'000'000};
  const auto page = rows.payments(query);
  if (!page) return;
  std::map<PaymentId, PaymentRow> by_id;
  for (const PaymentRow& row : page->rows) by_id.emplace(row.id, row);
  for (const auto& [id, told] : payments_) {
    if (id == refused) continue;
    const auto row = by_id.find(id);
    const std::string who(id.view());
    if (!check(row != by_id.end(), "I2", "money was told of that the till does not know", who)) {
      return;
    }
    check(row->second.order == told.order && row->second.amount_minor == told.amount_minor &&
              row->second.refund == (told.outcome == Outcome::kRefund),
          "I7", "the till knows this money otherwise", who);
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
