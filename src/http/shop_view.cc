#include "http/shop_view.h"

#include <fmt/format.h>

#include "model/claim.h"

namespace seckill {
namespace {

struct Owned {
  std::vector<const Order*> orders;  // orders[n] has key n + 1
  std::uint32_t units = 0;           // of live ones
};

Owned owned_by(const Ledger& ledger, const SaleTerms& terms, const Buyer& buyer) {
  Owned owned;
  for (std::uint32_t n = 1; n <= kOrdersPerBuyerMax; ++n) {
    const Order* order = ledger.find(order_id_of(terms, buyer, *page_key(n)));
    if (order == nullptr) break;
    owned.orders.push_back(order);
    if (is_live(order->state)) owned.units += order->quantity;
  }
  return owned;
}

// The first that waits for money, else the newest that is his, else the newest.
std::size_t shown_of(const std::vector<const Order*>& orders) {
  std::size_t shown = orders.size() - 1;
  bool live = false;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const Order& order = *orders[i];
    if (order.state == OrderState::kHeld && order.hold_ms > 0) return i;
    if (is_live(order.state)) shown = i, live = true;
  }
  return live ? shown : orders.size() - 1;
}

std::string_view view_of_order(const Order& order) {
  if (order.state == OrderState::kPaid) return "paid";
  return order.hold_ms > 0 ? "held" : "kept";
}

std::string_view view_of_sale(const SaleView& sale, RawTime now, bool may_have_more) {
  switch (phase_at(sale.terms, now)) {
    case Phase::kScheduled: return "scheduled";
    case Phase::kPaused: return "paused";
    case Phase::kClosed:
    case Phase::kRetired: return "closed";
    case Phase::kOpen: break;
  }
  if (!may_have_more) return "limit";
  if (sale.available() == 0) return "sold-out";
  return sale.orders >= sale.terms.orders_max ? "full" : "open";
}

}  // namespace

std::optional<Key> page_key(std::uint32_t n) {
  if (n < 1 || n > kOrdersPerBuyerMax) return std::nullopt;
  return Key::from(fmt::format("page-{}", n));
}

ShopView shop_view_of(const Ledger& ledger, const SaleView& sale, const std::optional<Buyer>& buyer,
                      RawTime now) {
  const Owned owned = buyer ? owned_by(ledger, sale.terms, *buyer) : Owned{};
  ShopView view;
  view.key = page_key(static_cast<std::uint32_t>(owned.orders.size()) + 1);
  const bool within = sale.terms.per_buyer == 0 || owned.units < sale.terms.per_buyer;
  view.view = view_of_sale(sale, now, within && view.key.has_value());
  if (owned.orders.empty()) return view;
  const std::size_t shown = shown_of(owned.orders);
  const Order& order = *owned.orders[shown];
  if (is_live(order.state)) {
    view.more = view.view == "open";
    view.view = view_of_order(order);
    view.order = &order;
    view.order_key = page_key(static_cast<std::uint32_t>(shown) + 1);
  } else {
    view.note = to_text(order.state);
  }
  for (const Order* each : owned.orders) ledger.units_of(*each, view.units);
  return view;
}

std::string price_text(std::int64_t minor, std::string_view currency) {
  if (currency.empty()) return {};
  if (currency == "JPY" || currency == "KRW")
    return fmt::format("{}{}", currency == "JPY" ? "¥" : "₩", minor);
  const std::string digits = std::to_string(minor / 100);
  std::string whole;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) whole += ',';
    whole += digits[i];
  }
  const std::string amount = fmt::format("{}.{:02}", whole, minor % 100);
  for (const auto& [code, sign] :
       {std::pair{"CNY", "¥"}, {"USD", "$"}, {"EUR", "€"}, {"GBP", "£"}}) {
    if (currency == code) return fmt::format("{}{}", sign, amount);
  }
  return fmt::format("{} {}", currency, amount);
}

}  // namespace seckill
