// The words that people and programs outside read: states, outcomes, ids.
#include <charconv>
#include <string>

#include "model/ids.h"
#include "model/order.h"
#include "model/sale_terms.h"
#include "model/verdict.h"

namespace seckill {
namespace {

std::string hex(Hash128 bits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (int i = 0; i < 16; ++i) {
    text[static_cast<std::size_t>(15 - i)] = kDigits[(bits.hi >> (4 * i)) & 15];
    text[static_cast<std::size_t>(31 - i)] = kDigits[(bits.lo >> (4 * i)) & 15];
  }
  return text;
}

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::uint64_t half(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

}  // namespace

std::string to_text(OrderId id) { return hex(id.bits); }
std::string to_text(RecordHash hash) { return hex(hash.bits); }

Result<OrderId> order_id_from(std::string_view text) {
  if (text.size() != 32 || !is_lower_hex(text))
    return fail(Error::Code::kInvalid, "an order id is 32 lowercase hex digits");
  return OrderId{{half(text.substr(0, 16)), half(text.substr(16))}};
}

const char* to_text(Phase phase) {
  switch (phase) {
    case Phase::kScheduled: return "scheduled";
    case Phase::kOpen: return "open";
    case Phase::kPaused: return "paused";
    case Phase::kClosed: return "closed";
    case Phase::kRetired: return "retired";
  }
  return "?";
}

const char* to_text(OrderState state) {
  switch (state) {
    case OrderState::kHeld: return "held";
    case OrderState::kPaid: return "paid";
    case OrderState::kCancelled: return "cancelled";
    case OrderState::kExpired: return "expired";
  }
  return "?";
}

const char* to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kWon: return "won";
    case Outcome::kReplayed: return "replayed";
    case Outcome::kSoldOut: return "sold-out";
    case Outcome::kLimitReached: return "limit-reached";
    case Outcome::kNotStarted: return "not-started";
    case Outcome::kPaused: return "sale-paused";
    case Outcome::kClosed: return "sale-closed";
    case Outcome::kSaleFull: return "sale-full";
    case Outcome::kUnknownSale: return "unknown-sale";
    case Outcome::kNotAnonymous: return "not-anonymous";
    case Outcome::kKeyReused: return "idempotency-key-reused";
    case Outcome::kLate: return "late";
    case Outcome::kPaid: return "paid";
    case Outcome::kRefund: return "refund";
    case Outcome::kPaymentReused: return "payment-id-reused";
    case Outcome::kCancelled: return "cancelled";
    case Outcome::kOrderState: return "order-state";
    case Outcome::kUnknownOrder: return "unknown-order";
    case Outcome::kSaleAccepted: return "accepted";
    case Outcome::kSaleExists: return "sale-exists";
    case Outcome::kVersionConflict: return "version-conflict";
    case Outcome::kNotAllowed: return "not-allowed";
    case Outcome::kSeasonFull: return "season-full";
    case Outcome::kTicked: return "ticked";
    case Outcome::kFound: return "found";
    case Outcome::kBusy: return "busy";
    case Outcome::kUnsure: return "outcome-unknown";
  }
  return "?";
}

}  // namespace seckill
