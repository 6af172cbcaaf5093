#include "http/problem.h"

namespace seckill {

Problem problem_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSoldOut: return {409, "sold-out", "Sold out"};
    case Outcome::kLimitReached: return {409, "limit-reached", "Limit reached"};
    case Outcome::kNotStarted: return {409, "not-started", "Not started"};
    case Outcome::kPaused: return {409, "sale-paused", "Paused"};
    case Outcome::kClosed: return {409, "sale-closed", "Closed"};
    case Outcome::kSaleFull: return {409, "sale-full", "No more orders"};
    case Outcome::kUnknownSale: return {404, "unknown-sale", "No such sale"};
    case Outcome::kNotAnonymous: return {404, "not-anonymous", "This sale needs a buyer"};
    case Outcome::kKeyReused: return {422, "idempotency-key-reused", "Idempotency-Key was used"};
    case Outcome::kPaymentReused: return {422, "payment-id-reused", "payment_id was used"};
    case Outcome::kOrderState: return {409, "order-state", "The order's state does not allow that"};
    case Outcome::kUnknownOrder: return {404, "unknown-order", "No such order"};
    case Outcome::kSaleExists: return {409, "sale-exists", "The sale exists"};
    case Outcome::kVersionConflict: return problems::kPrecondition;
    case Outcome::kNotAllowed: return {409, "not-allowed", "These terms may not follow"};
    case Outcome::kSeasonFull: return {409, "season-full", "The season is full"};
    case Outcome::kLate:
    case Outcome::kUnsure: return problems::kUnknownOutcome;
    case Outcome::kBusy: return problems::kBusy;
    case Outcome::kWon:
    case Outcome::kReplayed:
    case Outcome::kPaid:
    case Outcome::kRefund:
    case Outcome::kCancelled:
    case Outcome::kSaleAccepted:
    case Outcome::kTicked:
    case Outcome::kFound: break;  // these are no problems
  }
  return problems::kInternal;
}

}  // namespace seckill
