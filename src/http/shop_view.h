// What one buyer sees of one sale: the shop page's state, derived from the ledger and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"

namespace seckill {

// The page numbers a buyer's keys: page-1, page-2, … The next one is the first without an order, so
// his orders are found without an index, from any tab, and whatever asks at the same time asks for
// the same thing (docs/decisions/0015).
std::optional<Key> page_key(std::uint32_t n);  // 1..kOrdersPerBuyerMax

struct ShopView {
  std::string_view view;         // scheduled open sold-out paused closed full limit held kept paid
  std::string_view note;         // what became of the last order: cancelled, expired, or nothing
  bool more = false;             // he has one, and may buy another now
  std::optional<Key> key;        // of his next order; none: he has had as many as there may be
  const Order* order = nullptr;  // the one to show: the first that waits for money, else the newest
  std::optional<Key> order_key;
  std::vector<std::uint32_t> units;  // all that are his
};

// Needs: `sale` is of `ledger`. Pointers live until the ledger's next apply. Nobody (no buyer) sees
// what a newcomer would.
ShopView shop_view_of(const Ledger& ledger, const SaleView& sale, const std::optional<Buyer>& buyer,
                      RawTime now);

// 990, "CNY" -> "¥9.90"; "" without a price.
std::string price_text(std::int64_t minor, std::string_view currency);

}  // namespace seckill
