#include "ledger/terms_check.h"

#include "ledger/ledger.h"

namespace seckill {
namespace {

// What holds for any terms of any version.
bool are_sound(const SaleTerms& t) {
  return t.uid != SaleUid{0} && t.stock >= 1 && t.stock <= kStockMax && t.orders_max >= 1 &&
         t.orders_max <= kOrdersMaxMax && t.hold_ms >= 0 && t.hold_ms <= kHoldMaxMs &&
         t.price_minor >= 0 && t.starts_at < t.ends_at;
}

bool may_begin(const SaleTerms& t) {
  return are_sound(t) && t.withdrawn == 0 && t.standing != Standing::kRetired;
}

// Active and paused may become anything but retired; closed stays, or is retired once no hold is
// open; retired is the end.
bool may_stand(Standing now, Standing then, std::uint32_t holds) {
  switch (now) {
    case Standing::kActive:
    case Standing::kPaused: return then != Standing::kRetired;
    case Standing::kClosed:
      return then == Standing::kClosed || (then == Standing::kRetired && holds == 0);
    case Standing::kRetired: break;
  }
  return false;
}

// Whether a win is final is settled when the sale is created: a demo's shopper whom we told that he
// has won could never pay for a hold that was put on the sale meanwhile (A8).
bool same_finality(const SaleTerms& was, const SaleTerms& then) {
  return (was.hold_ms == 0) == (then.hold_ms == 0);
}

bool may_follow(const SaleView& now, const SaleTerms& then, std::uint32_t holds) {
  const SaleTerms& was = now.terms;
  const std::uint64_t taken = std::uint64_t{now.held} + now.paid + then.withdrawn;
  return are_sound(then) && then.name == was.name && then.secret == was.secret &&
         then.stock >= was.stock && then.withdrawn >= was.withdrawn && taken <= then.stock &&
         then.orders_max >= now.orders && same_finality(was, then) &&
         may_stand(was.standing, then.standing, holds);
}

Outcome check_first(const SaleTerms& terms, const TermsBeside& beside) {
  if (beside.same_uid != nullptr || beside.same_name != nullptr) return Outcome::kSaleExists;
  if (!may_begin(terms)) return Outcome::kNotAllowed;
  const bool full =
      beside.sales >= kSalesMax || beside.orders_total + terms.orders_max > kOrdersTotalMax;
  return full ? Outcome::kSeasonFull : Outcome::kSaleAccepted;
}

}  // namespace

Outcome check_terms(const SaleTerms& terms, const TermsBeside& beside) {
  if (terms.version == 1) return check_first(terms, beside);
  if (beside.same_uid == nullptr) return Outcome::kUnknownSale;
  const SaleView& now = *beside.same_uid;
  if (terms.version != std::uint64_t{now.terms.version} + 1) return Outcome::kVersionConflict;
  if (!may_follow(now, terms, beside.holds)) return Outcome::kNotAllowed;
  const bool grows = terms.orders_max > now.terms.orders_max;
  const std::uint64_t total = beside.orders_total - now.terms.orders_max + terms.orders_max;
  return grows && total > kOrdersTotalMax ? Outcome::kSeasonFull : Outcome::kSaleAccepted;
}

}  // namespace seckill
