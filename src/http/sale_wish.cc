#include "http/sale_wish.h"

#include <charconv>

namespace seckill {
namespace {

Refusal state_says_no(std::string_view detail) { return {problems::kSaleState, detail}; }

WishedTerms stand(SaleTerms terms, Standing standing) {
  terms.standing = standing;
  return terms;
}

WishedTerms started(SaleTerms terms, Phase phase, RawTime now) {
  if (phase == Phase::kOpen) return AlreadySo{};
  if (phase == Phase::kPaused) return state_says_no("The sale is paused: resume it.");
  if (phase != Phase::kScheduled) return state_says_no("The sale is over.");
  terms.starts_at = now;
  return terms;
}

WishedTerms paused_or_resumed(const SaleTerms& terms, Standing wanted) {
  if (terms.standing == wanted) return AlreadySo{};
  if (terms.standing == Standing::kClosed || terms.standing == Standing::kRetired)
    return state_says_no("The sale is over.");
  return stand(terms, wanted);
}

WishedTerms ended(const SaleTerms& terms, Standing wanted) {
  if (terms.standing == wanted) return AlreadySo{};
  if (terms.standing == Standing::kRetired) return state_says_no("The sale is retired.");
  return stand(terms, wanted);
}

WishedTerms restocked(SaleTerms terms, std::uint32_t units) {
  if (units > kStockMax - terms.stock)
    return Refusal{problems::kInvalidField, "The stock would be larger than a sale may have."};
  terms.stock += units;
  return terms;
}

WishedTerms withdrawn(SaleTerms terms, const SaleView& sale, std::uint32_t units) {
  if (units > sale.available())
    return Refusal{problems::kSaleState, "More units than are available: sold ones stay sold."};
  terms.withdrawn += units;
  return terms;
}

WishedTerms patched(const SaleWish& wish, const SaleTerms& was) {
  SaleTerms terms = was;
  apply_fields(wish.fields, terms);
  if (terms == was) return AlreadySo{};
  if (terms.starts_at >= terms.ends_at)
    return Refusal{problems::kInvalidField, "ends_at must be after starts_at."};
  return terms;
}

WishedTerms wished(const SaleWish& wish, const SaleView& sale, RawTime now) {
  const SaleTerms& terms = sale.terms;
  switch (wish.verb) {
    case SaleVerb::kStart: return started(terms, phase_at(terms, now), now);
    case SaleVerb::kPause: return paused_or_resumed(terms, Standing::kPaused);
    case SaleVerb::kResume: return paused_or_resumed(terms, Standing::kActive);
    case SaleVerb::kClose: return ended(terms, Standing::kClosed);
    case SaleVerb::kRetire: return ended(terms, Standing::kRetired);
    case SaleVerb::kRestock: return restocked(terms, wish.units);
    case SaleVerb::kWithdraw: return withdrawn(terms, sale, wish.units);
    case SaleVerb::kCreate:
    case SaleVerb::kPatch: break;
  }
  return patched(wish, terms);
}

}  // namespace

void apply_fields(const SaleFields& fields, SaleTerms& terms) {
  if (fields.title) terms.title = *fields.title;
  if (fields.stock) terms.stock = *fields.stock;
  if (fields.per_buyer) terms.per_buyer = *fields.per_buyer;
  if (fields.orders_max) terms.orders_max = *fields.orders_max;
  if (fields.price_minor) terms.price_minor = *fields.price_minor;
  if (fields.currency) terms.currency = *fields.currency;
  if (fields.starts_at) terms.starts_at = *fields.starts_at;
  if (fields.ends_at) terms.ends_at = *fields.ends_at;
  if (fields.hold_ms) terms.hold_ms = *fields.hold_ms;
}

WishedTerms terms_after(const SaleWish& wish, const SaleView& sale, RawTime now) {
  if (wish.if_match && *wish.if_match != sale.terms.version)
    return Refusal{problems::kPrecondition, "The sale is not the version that If-Match names."};
  WishedTerms terms = wished(wish, sale, now);
  if (auto* wanted = std::get_if<SaleTerms>(&terms)) wanted->version = sale.terms.version + 1;
  return terms;
}

std::optional<IfMatch> if_match_from(std::string_view value) {
  if (value == "*") return IfMatch{.any = true};
  if (value.size() < 3 || value.front() != '"' || value.back() != '"') return std::nullopt;
  value = value.substr(1, value.size() - 2);
  IfMatch found;
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), found.version);
  const bool whole = end == value.data() + value.size() || *end == '.';
  if (error != std::errc{} || !whole) return std::nullopt;
  return found;
}

}  // namespace seckill
