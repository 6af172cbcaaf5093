// What a sale sells, to whom, when: the one thing an operator writes. Every change is a whole new
// version of it.
#pragma once

#include <cstdint>

#include "base/siphash.h"
#include "model/ids.h"
#include "model/text.h"

namespace seckill {

// What operators decide. Whether an active sale is scheduled, open or over is a question of the
// time: phase_at().
enum class Standing : std::uint8_t { kActive = 0, kPaused = 1, kClosed = 2, kRetired = 3 };

// What people see.
enum class Phase : std::uint8_t { kScheduled, kOpen, kPaused, kClosed, kRetired };
const char* to_text(Phase phase);

inline constexpr std::uint32_t kStockMax = 10'000'000;
inline constexpr std::uint32_t kQuantityMax = 32;  // units in one claim
inline constexpr std::uint32_t kOrdersPerBuyerMax =
    32;  // orders ever granted to one buyer of a sale (decision 10)
inline constexpr std::uint32_t kOrdersMaxMax = 20'000'000;
inline constexpr std::int64_t kHoldMaxMs = 7LL * 24 * 3600 * 1000;
inline constexpr RawTime kNoEnd{INT64_MAX};

struct SaleTerms {
  SaleUid uid{};
  std::uint32_t version = 1;  // 1 creates; n + 1 replaces n, or is refused (compare and set)
  SaleName name;
  Title title;
  HashKey secret;  // keys order ids and buyers; drawn when the sale is created, never shown
  std::uint32_t stock = 0;  // units ever put on sale, 1..kStockMax: grows by restock, never shrinks
  std::uint32_t withdrawn = 0;   // units taken off sale again; at most what is available
  std::uint32_t per_buyer = 0;   // most live units of one buyer; 0 = no limit
  std::uint32_t orders_max = 0;  // orders ever granted: the memory this sale may take (I12)
  std::int64_t price_minor = 0;  // per unit, in the currency's minor unit
  Currency currency;             // empty: no price
  RawTime starts_at;             // open when starts_at <= raw < ends_at
  RawTime ends_at = kNoEnd;
  std::int64_t hold_ms = 0;  // how long an order waits for its money; 0: a win is final at once.
                             // Whether it is 0 never changes
  Standing standing = Standing::kActive;

  bool operator==(const SaleTerms&) const = default;
};

constexpr Phase phase_at(const SaleTerms& terms, RawTime raw) {
  switch (terms.standing) {
    case Standing::kPaused: return Phase::kPaused;
    case Standing::kClosed: return Phase::kClosed;
    case Standing::kRetired: return Phase::kRetired;
    case Standing::kActive: break;
  }
  if (raw < terms.starts_at) return Phase::kScheduled;
  return raw < terms.ends_at ? Phase::kOpen : Phase::kClosed;
}

// Orders a sale may ever grant unless its terms say otherwise: enough for every unit to come back a
// few times.
constexpr std::uint32_t default_orders_max(std::uint32_t stock) {
  const std::uint64_t wanted = std::uint64_t{stock} * 4 + 1'000;
  return wanted < kOrdersMaxMax ? static_cast<std::uint32_t>(wanted) : kOrdersMaxMax;
}

}  // namespace seckill
