// What an operator wants of a sale, and the terms that follow from it: no I/O, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "http/problem.h"
#include "http/route.h"
#include "model/order.h"
#include "model/sale_terms.h"

namespace seckill {

// Fields of POST /sales and PATCH /sales/{sale}; what is absent stays as it is.
struct SaleFields {
  std::optional<Title> title;
  std::optional<std::uint32_t> stock;
  std::optional<std::uint32_t> per_buyer;
  std::optional<std::uint32_t> orders_max;
  std::optional<std::int64_t> price_minor;
  std::optional<Currency> currency;
  std::optional<RawTime> starts_at;
  std::optional<RawTime> ends_at;
  std::optional<std::int64_t> hold_ms;
};

struct SaleWish {
  SaleVerb verb = SaleVerb::kPatch;
  SaleFields fields;                      // kCreate, kPatch
  std::uint32_t units = 0;                // kRestock, kWithdraw
  std::optional<std::uint32_t> if_match;  // the version that was seen
};

struct AlreadySo {};  // nothing to do: 200, unchanged
// The terms to ask for; or nothing to do; or why not.
using WishedTerms = std::variant<SaleTerms, AlreadySo, Refusal>;

WishedTerms terms_after(const SaleWish& wish, const SaleView& sale, RawTime now);

void apply_fields(const SaleFields& fields, SaleTerms& terms);

// The version in an If-Match; nothing when it is no tag of ours. "*" matches any.
struct IfMatch {
  bool any = false;
  std::uint32_t version = 0;
};
std::optional<IfMatch> if_match_from(std::string_view value);

}  // namespace seckill
