#include "referee.h"

#include <algorithm>
#include <tuple>

namespace seckill::simulation {

namespace {

// By the audit's rules, in that state of the sale.
bool is_a_reason(const audit_replay::Sale& sale, const Refusal& no) {
  const SaleTerms& terms = sale.terms;
  const auto known = sale.buyers.find(no.buyer);
  const auto his = known == sale.buyers.end() ? audit_replay::BuyerSums{} : known->second;
  switch (no.outcome) {
    case Outcome::kSoldOut: return no.quantity > sale.available();
    case Outcome::kSaleFull: return sale.orders >= terms.orders_max;
    case Outcome::kLimitReached:
      return (terms.per_buyer != 0 && his.live + no.quantity > terms.per_buyer) ||
             his.orders >= kOrdersPerBuyerMax;
    case Outcome::kPaused: return terms.standing == Standing::kPaused;
    case Outcome::kClosed:
      return terms.standing == Standing::kClosed || no.asked_at >= terms.ends_at;
    case Outcome::kNotStarted: return no.asked_at < terms.starts_at;
    default: return true;
  }
}

}  // namespace

Referee::Referee(Stage& stage, std::vector<Figure> figures, std::vector<Refusal> refusals)
    : stage_(stage), figures_(std::move(figures)), refusals_(std::move(refusals)) {
  std::stable_sort(refusals_.begin(), refusals_.end(),
                   [](const Refusal& a, const Refusal& b) { return a.position < b.position; });
  std::stable_sort(figures_.begin(), figures_.end(), [](const Figure& a, const Figure& b) {
    return std::tie(a.position, a.after) < std::tie(b.position, b.after);
  });
}

void Referee::watch(const Entry& entry, const Verdict& verdict, const Changes& changes,
                    const Ledger& ledger) {
  compare_figures(/*after=*/false);
  look_for_reasons();
  compare_rules(entry, verdict, ledger);
  follow_units(changes);
  follow_orders(changes, ledger);
  follow_payments(changes);
  compare_figures(/*after=*/true);
  note_what_happened(entry, verdict, changes, ledger);
}

void Referee::end() {
  compare_figures(/*after=*/false);
  look_for_reasons();
  stage_.check(stage_.violation() || next_figure_ == figures_.size(), "I6",
               "a figure names a record that is not there");
}

// Written twice, by different hands: they must agree, record by record.
void Referee::compare_rules(const Entry& entry, const Verdict& verdict, const Ledger& ledger) {
  const Verdict other = rules_.apply(entry);
  stage_.check(
      other.outcome == verdict.outcome, "rules",
      fmt::format("record {}: the ledger says {}, the audit's rules {}", number(entry.position),
                  seckill::to_text(verdict.outcome), seckill::to_text(other.outcome)));
  stage_.check(rules_.clock().ms == ledger.clock().ms, "rules",
               fmt::format("record {}: the ledger's clock differs", number(entry.position)));
}

void Referee::follow_units(const Changes& changes) {
  for (const UnitChange& change : changes.units) {
    const Unit unit{change.sale, change.unit};
    const bool taken = owners_.contains(unit);
    if (change.order) {
      stage_.check(!taken, "I1", fmt::format("unit {} was given twice", change.unit));
      owners_[unit] = *change.order;
    } else {
      stage_.check(taken, "I7", fmt::format("unit {} came back twice", change.unit));
      owners_.erase(unit);
    }
  }
}

void Referee::follow_orders(const Changes& changes, const Ledger& ledger) {
  for (const auto& [id, made] : changes.orders) {
    const Order* order = ledger.find(id);
    if (order == nullptr) continue;  // the same record retired its sale
    const auto [was, fresh] = orders_.try_emplace(id, OrderState::kHeld);
    const bool begins = fresh && order->state == OrderState::kHeld;
    const bool ends =
        !fresh && was->second == OrderState::kHeld && order->state != OrderState::kHeld;
    stage_.check(begins || ends, "I7", "a hold did not end once: order " + to_text(id));
    was->second = order->state;
  }
}

void Referee::follow_payments(const Changes& changes) {
  for (const PaymentChange& payment : changes.payments) {
    stage_.check(payments_.insert(payment.id).second, "I7",
                 fmt::format("payment {} has two outcomes", payment.id.view()));
  }
}

// At this position, as the audit's rules count.
void Referee::compare_figures(bool after) {
  const Position at{number(rules_.position()) - (after ? 1 : 0)};
  for (; next_figure_ < figures_.size(); ++next_figure_) {
    const Figure& figure = figures_[next_figure_];
    if (figure.position != at || figure.after != after) return;
    const auto* sale = rules_.sale(figure.sale);
    if (sale == nullptr || sale->retired()) continue;
    stage_.check(sale->available() == figure.left, "I6",
                 fmt::format("somebody was shown {} left at record {}, there were {}", figure.left,
                             number(at), sale->available()));
  }
}

// A no is "for now", and never for nothing: else a unit, or a buyer's share, has leaked (I3).
void Referee::look_for_reasons() {
  for (; next_refusal_ < refusals_.size(); ++next_refusal_) {
    const Refusal& no = refusals_[next_refusal_];
    if (no.position != rules_.position()) return;
    const auto* sale = rules_.sale(no.sale);
    if (sale == nullptr || sale->retired()) continue;
    stage_.check(is_a_reason(*sale, no), "I3",
                 fmt::format("{} was told {} at record {}, for no reason", no.buyer.view(),
                             seckill::to_text(no.outcome), number(no.position)));
  }
}

// Rare things of the ledger, for the table.
void Referee::note_what_happened(const Entry& entry, const Verdict& verdict, const Changes& changes,
                                 const Ledger& ledger) {
  if (verdict.outcome == Outcome::kLate) stage_.reached("a recorded claim was late");
  if (verdict.outcome == Outcome::kReplayed) stage_.reached("a recorded claim was a replay");
  if (verdict.outcome == Outcome::kVersionConflict) stage_.reached("two operators at once");
  const auto* terms = std::get_if<SaleRecord>(&entry.record.body);
  if (terms == nullptr || verdict.outcome != Outcome::kSaleAccepted) return;
  const SaleUid uid = terms->terms.uid;
  switch (terms->terms.standing) {
    case Standing::kPaused: stage_.reached("a sale was paused"); break;
    case Standing::kClosed: stage_.reached("a sale was closed"); break;
    case Standing::kRetired: stage_.reached("a sale was retired"); break;
    case Standing::kActive: break;
  }
  const auto* view = ledger.sale(uid);
  if (view != nullptr && terms->terms.version > 1 && view->available() == 0) {
    stage_.reached("an operator took the last units");
  }
  const auto its = [&](const OrderChange& it) { return it.id.sale() == uid; };
  if (terms->terms.standing == Standing::kRetired &&
      std::any_of(changes.orders.begin(), changes.orders.end(), its)) {
    stage_.reached("a hold ended with the record that retired its sale");
  }
}

}  // namespace seckill::simulation
