// A verdict that gives becomes an order; it is held, then paid, or it ends and its units return.
#pragma once

#include <cstdint>

#include "model/ids.h"
#include "model/sale_terms.h"

namespace seckill {

enum class OrderState : std::uint8_t { kHeld = 0, kPaid = 1, kCancelled = 2, kExpired = 3 };
const char* to_text(OrderState state);
constexpr bool is_live(OrderState state) {
  return state == OrderState::kHeld || state == OrderState::kPaid;
}

// What memory keeps of an order (decision 10: hashes; the texts are in the record and in the rows).
struct Order {
  OrderId id;
  BuyerHash buyer;
  std::uint64_t body = 0;
  PaymentHash payment;  // what paid it, when paid
  RawTime held_at;
  RawTime ended_at;           // when it was paid, cancelled or expired
  LogTime due;                // when the hold ends, in ledger time; only if held with a hold
  Position made{};            // of the RESERVE that made it: no other order has it
  Position position{};        // of the last record that changed it
  std::uint32_t hold_ms = 0;  // 0: a win is final at once, nothing is ever due
  std::uint32_t quantity = 0;
  std::uint32_t first_unit = 0;  // head of its units while live; 0 when they have returned
  OrderState state = OrderState::kHeld;
};

// A sale and its sums at one position. Conservation (I3, I6): available = terms.stock - held - paid
// - terms.withdrawn.
struct SaleView {
  SaleTerms terms;
  Position position{};              // of the last record that changed the terms
  std::uint32_t held = 0;           // units
  std::uint32_t paid = 0;           // units
  std::uint64_t returned = 0;       // units that ever came back
  std::uint32_t orders = 0;         // ever granted; at most terms.orders_max
  std::uint64_t units_granted = 0;  // ever: held + paid + returned
  RawTime first_win_at;             // 0: none yet
  RawTime sold_out_at;              // when available last became 0; meaningful while it is 0
  std::uint32_t available() const { return terms.stock - held - paid - terms.withdrawn; }
};

}  // namespace seckill
